import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { testGateway } from '../support/gateway';
import { askedFor } from '../support/sequences/asks';
import { actNames, beginWorld, carryOut, commandsBy, type Tally } from '../support/sequences/commands';
import { faultsAtTheEnd } from '../support/sequences/faults';
import { mutations } from '../support/sequences/remote';

/*
 * Random sequences of two hundred commands, which end in whatever state they end: the books must be right in each. The
 * seeds are fixed but for one, drawn anew on every run; a failure tells the seed, and of commands that came one after the
 * other the few that it takes.
 */
const seeds = process.env.SEQUENCE_SEEDS?.split(',').map(Number) ?? [1, 2, 3, randomInt(2 ** 31)];
const tally: Tally = {};
const settlement = fc.noShrink(fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)));

describe.each([1, 4, 8])('two hundred commands over %i connections', (connections) => {
  test.each(seeds)(
    'keep the books, whatever they are (seed %i)',
    async (seed) => {
      const property = fc.asyncProperty(commandsBy(20), settlement, async (commands, invoiceSettlement) => {
        const gateway = await testGateway({ poolSize: connections + 1, gatewayTimeoutMs: 300 });
        try {
          const work = await beginWorld(gateway, invoiceSettlement);
          await carryOut(gateway, work, commands, connections, tally);
          expect(await faultsAtTheEnd(gateway, work)).toEqual({});
        } finally {
          await gateway.close();
        }
      });
      await fc.assert(property, {
        ...{ seed, numRuns: 1, unbiased: true, interruptAfterTimeLimit: 60_000 },
        // What depends on timing does not become shorter by trying again.
        endOnFailure: connections > 1,
      });
    },
    90_000,
  );
});

test('every mutation is asked for but those of accounts and of documents, which nothing else changes', () => {
  expect([...askedFor, 'createAccount', 'updateAccount', 'registerDocuments'].sort()).toEqual(
    // Webhooks and secrets change nothing of the books.
    [...mutations].filter((name) => !/Webhook|ClientSecret/.test(name)).sort(),
  );
});

test('every kind of command was carried out in some sequence', () => {
  for (const name of actNames) expect({ [name]: tally[name] }).toMatchObject({ [name]: { done: expect.any(Number) } });
});
