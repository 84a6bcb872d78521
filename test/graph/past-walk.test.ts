import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { testGateway } from '../support/gateway';
import { Memory } from '../support/past';
import { beginWorld, carryOut, commandsBy } from '../support/sequences/commands';

/* Random commands over the whole domain. What asOf shows is held against what the graph has shown after each of them. */

const seeds = process.env.SEQUENCE_SEEDS?.split(',').map(Number) ?? [randomInt(2 ** 31)];

test.each(seeds)(
  'asOf shows each object as it stood after each of random commands (seed %i)',
  async (seed) => {
    const [commands] = fc.sample(commandsBy(4), { seed, numRuns: 1 });
    const gateway = await testGateway({ gatewayTimeoutMs: 100 });
    try {
      const work = await beginWorld(gateway, true);
      const memory = new Memory(work);
      await memory.keep();
      for (const command of commands) {
        await carryOut(gateway, work, [command], 1, {});
        await memory.keep();
      }
      const { asked, wrong } = await memory.wrong();
      expect(wrong).toEqual([]);
      expect(asked).toBeGreaterThan(100);
    } finally {
      await gateway.close();
    }
  },
);
