import { add, compare } from '../../../src/domain/decimal';
import { quantitiesOf, requiresFulfillment } from '../../../src/domain/order-line-item';
import { carryOn } from '../../../src/service/bill-run-worker';
import { sweepAttempts } from '../../../src/service/payment-attempt';
import { sweepRefunds } from '../../../src/service/payment-refund';
import type { Work } from '../../../src/service/run/work';
import type { OrderLineItemRow } from '../../../src/store/order-line-item';
import { unfound, unsettled } from '../books';
import type { TestGatewayServer } from '../gateway';
import { ourFailures } from './commands';
import { look } from './world';

/** Settles what waits for the payment gateway, and says what is wrong then, by what it is: empty where all is well. */
export async function faults(gateway: TestGatewayServer, work: Work): Promise<object> {
  const { owner, db } = gateway.database;
  await sweepAttempts(gateway.services);
  await sweepRefunds(gateway.services);
  const left = {
    'open transactions': `select query from pg_stat_activity
      where datname = current_database() and state like 'idle in transaction%'`,
    'advisory locks': `select objid from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`,
  };
  const found: Record<string, unknown[]> = {
    'quantities that do not add up': (await look(work)).lines.filter(isOff),
    failures: ourFailures(gateway),
  };
  // A settling whose payment gateway answers too late goes on by itself for a moment.
  for (const end = Date.now() + 5_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    for (const [what, text] of Object.entries(left)) found[what] = await owner(text);
    if (Date.now() > end || Object.keys(left).every((what) => found[what].length === 0)) break;
  }
  const faulty = Object.entries(found).filter(([, rows]) => rows.length);
  return { ...(await unsettled(owner)), ...(await unfound(owner, db, '2022-01-02')), ...Object.fromEntries(faulty) };
}

/** The same as things stand, and once the bill runs have come to their end too. */
export async function faultsAtTheEnd(gateway: TestGatewayServer, work: Work): Promise<object> {
  const before = await faults(gateway, work);
  if (Object.keys(before).length) return before;
  await carryOn(gateway.services);
  return faults(gateway, work);
}

function isOff(line: OrderLineItemRow): boolean {
  const { quantityFulfilled: fulfilled, quantityPendingFulfillment: pending, ...rest } = quantitiesOf(line);
  // N8: a canceled line has nothing pending; without fulfillments one that is Executing has nothing either.
  const summed = line.itemState !== 'Canceled' && (requiresFulfillment(line) || line.itemState !== 'Executing');
  return (
    (summed && compare(add(fulfilled, pending), line.quantity) !== 0) ||
    [fulfilled, pending, rest.quantityAvailableForReturn].some((value) => compare(value, '0') < 0)
  );
}
