import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** What a process writes that does this with its log. */
function written(act: string, level = 'info'): Record<string, unknown>[] {
  const log = JSON.stringify(path.resolve(__dirname, '../src/log.js'));
  const { stdout } = spawnSync(process.execPath, ['-e', `const { log } = require(${log}).openLog('${level}'); ${act}`]);
  return String(stdout)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

test('an error of PostgreSQL is logged without the rows that it quotes, and all that is logged is written at the end', () => {
  const error = `Object.assign(new Error('violates check constraint'), {
    code: '23514', table: 'account', detail: 'Failing row contains (tok_ok).', where: 'COPY account, line 1: tok_ok' })`;
  const [{ err }] = written(`log.error({ err: ${error} }, 'request failed')`);
  expect(err).toMatchObject({ message: 'violates check constraint', code: '23514', table: 'account' });
  expect((err as { stack: string }).stack).toContain('Error: violates');
  expect(JSON.stringify(err)).not.toContain('tok_ok');
});
