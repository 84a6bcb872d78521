import { createBillRun } from '../../src/service/bill-run';
import { carryOn } from '../../src/service/bill-run-worker';
import { Connection, Scoped } from '../../src/store/connection/connection';
import { type Lease, transaction } from '../../src/store/connection/lease';
import { creditFacts } from '../../src/store/credit';
import { dueSums, gatherDue } from '../../src/store/due';
import { dueLines } from '../support/due-lines';
import { type TestGatewayServer, testGateway } from '../support/gateway';
import { nodesOf, type Plan } from '../support/plan';

/*
 * Statements over many items while PostgreSQL knows nothing of the tables, or knows them as they were when they were small.
 * What is counted are the rows that all parts of a plan have looked at: the square of the items where each meets each other.
 */

let gateway: TestGatewayServer;

beforeAll(async () => {
  gateway = await testGateway();
  // Autovacuum would analyze them in the middle of a test.
  for (const table of [
    'order_line_item',
    'invoice',
    'invoice_item',
    'credit_memo',
    'credit_memo_item',
    'billing_claim',
  ])
    await gateway.database.owner(`alter table ${table} set (autovacuum_enabled = off)`);
}, 60_000);
afterAll(() => gateway.close());

const day = '2022-01-01';
const count = 1_500;

/** Rows that an act's statements look at, index entries included. */
async function looked(
  lease: Lease,
  scope: Scoped['scope'],
  act: (scoped: Scoped) => Promise<unknown>,
): Promise<number> {
  let rows = 0;
  class Explaining extends Connection {
    override control(text: string): Promise<void> {
      return lease.control(text);
    }
    override async query<T>(text: string, values?: unknown[], prepared?: boolean): Promise<T[]> {
      const explain = `explain (analyze, timing off, format json) ${text}`;
      const [row] = await lease.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(explain, values, prepared);
      for (const node of nodesOf(row['QUERY PLAN'][0].Plan)) {
        const removed = ['Filter', 'Join Filter', 'Index Recheck'] as const;
        const each = removed.reduce((sum, by) => sum + (node[`Rows Removed by ${by}`] ?? 0), node['Actual Rows'] ?? 0);
        rows += each * (node['Actual Loops'] ?? 0);
      }
      return [];
    }
  }
  await act(new Scoped(new Explaining(undefined as never), scope));
  return rows;
}

test('what was billed of many sales is found in a time that grows with their number, though no table was ever analyzed', async () => {
  const client = await gateway.client();
  const work = await client.work();
  await dueLines(gateway, work, [{ count, price: '-2' }]);
  await createBillRun(work, { targetDate: day });
  await carryOn(gateway.services);
  await dueLines(gateway, work, [{ count, price: '-2', salesDue: false }]);
  const sales = await gateway.database.owner<{ id: string; isBilled: boolean }>(
    `select l.id, c.id is not null as "isBilled" from order_line_item l left join billing_claim c using (id)
     where l.item_category = 'Sales'`,
  );
  expect(sales.filter(({ isBilled }) => isBilled)).toHaveLength(count);
  const ids = sales.map(({ id }) => id);

  await transaction(gateway.database.db.writing, work.caller, async (lease) => {
    const facts = await creditFacts(new Scoped(lease, work.caller), ids);
    expect(facts.size).toBe(ids.length);
    expect(
      [...facts.values()].filter(({ billedNet, creditedNet }) => billedNet === '2' && creditedNet === '2'),
    ).toHaveLength(count);
    expect(await looked(lease, work.caller, (scoped) => creditFacts(scoped, ids))).toBeLessThan(40 * ids.length);
  });
});

test('what is due is found in a time that grows with its number, though line items were few when they were analyzed', async () => {
  const { owner } = gateway.database;
  const client = await gateway.client({ grants: [{ entity: 'Beacon', orgs: ['Main'] }] });
  const work = await client.work();
  await dueLines(gateway, work, [{ count: 10, price: '2' }]);
  await owner('analyze order_line_item, account, fulfillment');
  const accountId = await dueLines(gateway, work, [{ count, price: '2' }]);
  await owner("update order_line_item set billing_rule = 'TriggerAsFulfillmentOccurs' where account_id = $1", [
    accountId,
  ]);
  await owner(
    `insert into fulfillment (id, entity_id, org_id, version, created_date, created_by_id, updated_date, updated_by_id,
       order_line_item_id, order_id, account_id, fulfillment_number, fulfillment_type, state, fulfillment_date, quantity, amount,
       currency, bill_target_date, sent_to_billing_date, exclude_item_billing_from_revenue_accounting,
       exclude_item_booking_from_revenue_accounting)
     select gen_random_uuid(), entity_id, org_id, 1, now(), created_by_id, now(), created_by_id,
       id, order_id, account_id, 'C' || item_number, 'Delivery', 'SentToBilling', bill_target_date, quantity, amount_per_unit,
       currency, bill_target_date, now(), false, false
     from order_line_item where account_id = $1 and bill_target_date = $2 and sent_to_billing_date is not null`,
    [accountId, day],
  );

  await transaction(gateway.database.db.writing, work.caller, async (lease) => {
    const [sum] = await dueSums(new Scoped(lease, work.caller), [accountId], day);
    expect(sum).toMatchObject({ count, amount: String(2 * count) });
    for (const act of [
      (scoped: Scoped) => dueSums(scoped, [accountId], day),
      (scoped: Scoped) => gatherDue(scoped, [accountId], day, null),
    ]) {
      expect(await looked(lease, work.caller, act)).toBeLessThan(40 * count);
    }
  });
});
