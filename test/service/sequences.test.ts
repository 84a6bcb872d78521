import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { add, compare } from '../../src/domain/decimal';
import { quantitiesOf, requiresFulfillment } from '../../src/domain/order-line-item';
import type { OrderLineItemRow } from '../../src/store/order-line-item';
import { drift } from '../support/books';
import { type TestGatewayServer, testGateway } from '../support/gateway';
import { actNames, beginWorld, carryOut, hundredCommands, linesOf, type Tally } from '../support/sequences';

/*
 * Random sequences of a hundred mutations, which end in whatever state they end: the books must be right in each. The
 * seeds are fixed but for one, drawn anew on every run; a failure tells the seed, and of commands that came one after the
 * other the few that it takes.
 */
const seeds = [1, 2, 3, randomInt(2 ** 31)];
const tally: Tally = {};

/** What is wrong after a sequence, by what it is: empty where all is well. */
async function faults({ database, failures }: TestGatewayServer, lines: OrderLineItemRow[]): Promise<object> {
  const wrong = lines.filter((line) => {
    const { quantityFulfilled: fulfilled, quantityPendingFulfillment: pending, ...rest } = quantitiesOf(line);
    const summed = requiresFulfillment(line) || !['Executing', 'Canceled'].includes(line.itemState);
    return (
      (summed && compare(add(fulfilled, pending), line.quantity) !== 0) ||
      [fulfilled, pending, rest.quantityAvailableForReturn].some((value) => compare(value, '0') < 0)
    );
  });
  const left = {
    'open transactions': `select query from pg_stat_activity
      where datname = current_database() and state like 'idle in transaction%'`,
    'advisory locks': `select objid from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`,
    'open attempts': `select id from payment_attempt where status = 'Open'`,
  };
  const found: Record<string, unknown[]> = { 'quantities that do not add up': wrong, failures };
  for (const [what, text] of Object.entries(left)) found[what] = await database.owner(text);
  const faulty = Object.entries(found).filter(([, rows]) => rows.length);
  return { ...(await drift(database.owner)), ...Object.fromEntries(faulty) };
}

describe.each([1, 4, 8])('a hundred mutations over %i connections', (connections) => {
  test.each(seeds)(
    'keep the books, whatever they are (seed %i)',
    async (seed) => {
      const property = fc.asyncProperty(hundredCommands, async (commands) => {
        const gateway = await testGateway({ poolSize: connections + 1, gatewayTimeoutMs: 10_000 });
        try {
          const work = await beginWorld(gateway);
          await carryOut(gateway, work, commands, connections, tally);
          expect(await faults(gateway, await linesOf(work))).toEqual({});
        } finally {
          await gateway.close();
        }
      });
      await fc.assert(property, {
        ...{ seed, numRuns: 2, unbiased: true, interruptAfterTimeLimit: 60_000 },
        // What depends on timing does not become shorter by trying again.
        endOnFailure: connections > 1,
      });
    },
    90_000,
  );
});

test('every kind of mutation was carried out in some sequence', () => {
  for (const name of actNames) expect({ [name]: tally[name] }).toMatchObject({ [name]: { done: expect.any(Number) } });
});
