import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/* npm run test:model -- --minutes 30 --seed 1: the same test, for longer or from another walk on. */
const { minutes, seed } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' } },
}).values;
if (!(Number(minutes) > 0 && Number.isInteger(Number(seed))))
  throw new Error('Give --minutes above 0 and a whole --seed.');
const { status } = spawnSync('npx', ['jest', '--ci', 'dist/test/model/model.test.js'], {
  stdio: 'inherit',
  env: { ...process.env, MODEL_MINUTES: minutes, MODEL_SEED: seed },
});
process.exitCode = status ?? 1;
