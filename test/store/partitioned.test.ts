import { GraphContext } from '../../src/graph/context';
import { manyEdges } from '../../src/graph/model/edges';
import { createBillRun, deleteBillRun, moveBillRun } from '../../src/service/bill-run';
import { step } from '../../src/service/bill-run-worker';
import { createFulfillments } from '../../src/service/fulfillment';
import { settleAttempt } from '../../src/service/payment-attempt';
import { refundPayment } from '../../src/service/payment-refund';
import type { Work } from '../../src/service/run/work';
import { BillRunRow } from '../../src/store/bill-run';
import { rowsBy } from '../../src/store/query/write';
import { type TestDatabase, testDatabase } from '../support/database';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { partitions } from '../support/partitioned';
import { type Estate, estate, mutation, mutations, queries, withoutDryRun } from '../support/tenant-data';

/*
 * The tables of tenants as PARTITION BY HASH (entity_id), which PostgreSQL takes only while every key begins with the entity. A
 * statement that names the entity looks at one partition of a table, and at all of them if it does not: PostgreSQL counts that.
 */

jest.setTimeout(60_000);

let database: TestDatabase;
let gateway: TestGatewayServer;
let client: TestClient;
let work: Work;
let own: Estate;

beforeAll(async () => {
  database = await testDatabase({ partitioned: true });
  // Row security names the entity too. The statements have to do so by themselves.
  const secured = await database.owner<{ name: string }>(
    "select oid::regclass::text as name from pg_class where relrowsecurity and relkind = 'p'",
  );
  for (const { name } of secured) await database.owner(`alter table ${name} disable row level security`);
  await database.owner('select pg_stat_reset()');
  gateway = await testGateway({ database });
  client = await gateway.client();
  work = await client.work();
  own = await estate(gateway, work, 'Own');
});
afterAll(() => gateway.close());

const run = async (key: string) => (await rowsBy<BillRunRow>(work.reads(), BillRunRow, 'id', [key]))[0];
/** Carries one run on, and asks for no others: which runs are open is asked over all entities. */
async function carriedOn(id: string): Promise<string | undefined> {
  for (let found = await run(id); found && !found.finishedDate; found = await run(id))
    await step(gateway.services, found);
  return (await run(id))?.status;
}

test('take everything that can be read and changed in an entity', async () => {
  for (const [field, texts] of Object.entries(queries)) {
    for (const query of texts(own)) {
      const { body } = await client.graphql(query);
      expect([field, body.errors, body.data?.result]).toEqual([field, undefined, expect.anything()]);
    }
  }
  for (const [field, texts] of Object.entries(mutations)) {
    // Runs are set going for real below.
    if (field in withoutDryRun) continue;
    for (const text of texts(own)) {
      const { body } = await client.graphql(mutation(field, text, true));
      expect([field, body.errors, body.data.payload.userErrors]).toEqual([field, undefined, []]);
    }
  }
});

test('take every edge of the graph', async () => {
  const { loaders } = new GraphContext(work);
  const { account, fulfillment, billRun } = own.ids;
  for (const edge of manyEdges) {
    const parent = own.parents[edge] ?? account;
    await loaders.pages(edge, { properties: ['id'], limit: 10, backward: false }).load(parent);
    await loaders.totals(edge, null).load(parent);
  }
  for (const noun of Object.keys(own.ids) as (keyof typeof own.ids)[]) {
    expect(await loaders.row(noun, ['id'], own.ids[noun])).toMatchObject({ id: own.ids[noun] });
  }
  expect(await loaders.org(own.orgId)).toMatchObject({ name: 'North' });
  expect([await loaders.billed(own.sent), await loaders.billed(fulfillment)]).toEqual([true, false]);
  expect([await loaders.posted(own.sent), await loaders.runPosted(billRun)]).toEqual([true, true]);
});

test('take payments that are captured, refunded and given up, and bill runs to their end', async () => {
  const { orderLineItems, account } = await orderFor(work);
  const sent = { orderLineItemId: orderLineItems[0].id, fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01' };
  const deliver = (processingOptions: object) =>
    createFulfillments(work, { fulfillments: [{ ...sent, quantity: '5', state: 'SentToBilling' }], processingOptions });
  const paid = await deliver({ runBilling: true, collectPayment: true });
  await work.finish();
  await refundPayment(work, paid.payments[0].id);
  await work.finish();
  const lost = await deliver({ runBilling: true, collectPayment: true });
  // The gateway has given the money up: the payment comes to nothing.
  await gateway.services.gateway.void({ ...lost.payments[0], id: lost.payments[0].attemptId });
  await work.finish();
  await settleAttempt(gateway.services, { ...lost.payments[0], id: lost.payments[0].attemptId });
  const statuses =
    'select status::text, count(*)::integer from payment where entity_id = $1 and account_id = $2 group by 1 order by 1';
  expect(await database.owner(statuses, [account.entityId, account.id])).toEqual([
    { status: 'Error', count: 1 },
    { status: 'Refunded', count: 1 },
  ]);

  const runs: string[] = [];
  for (const act of ['Post', 'Cancel'] as const) {
    await deliver({});
    const { billRun } = await createBillRun(work, { targetDate: '2022-01-01', accountKeys: [account.id] });
    runs.push(billRun.id);
    expect(await carriedOn(billRun.id)).toBe('Completed');
    await moveBillRun(work, billRun.id, act);
    expect(await carriedOn(billRun.id)).toBe(act === 'Post' ? 'Posted' : 'Canceled');
  }
  await deleteBillRun(work, runs[1]);
  expect(await carriedOn(runs[1])).toBeUndefined();
  expect(gateway.failures).toEqual([]);
});

test('are looked at in the partition of the entity alone', async () => {
  // A session tells what it has looked at when it ends.
  await database.owner(
    'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  const looked = await database.owner<{ table: string; own: boolean }>(
    `select inhparent::regclass::text as table, satisfies_hash_partition(inhparent, ${partitions}, right(relname, 1)::integer, $1::uuid) as own
     from pg_stat_user_tables join pg_inherits on inhrelid = relid where seq_scan + idx_scan > 0 order by 1`,
    [own.entityId],
  );
  expect(looked.filter(({ own }) => own).length).toBeGreaterThan(22);
  // Which entities a client may see is what its grants tell, so that they are asked for over all.
  const foreign = looked.filter(({ own, table }) => !own && !['client_grant', 'org'].includes(table));
  expect([...new Set(foreign.map(({ table }) => table))]).toEqual([]);
});
