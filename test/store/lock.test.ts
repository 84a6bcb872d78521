import { setTimeout as delay } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { AccountRow } from '../../src/store/account';
import { Connection, Scoped } from '../../src/store/connection/connection';
import { FulfillmentRow } from '../../src/store/fulfillment';
import { OrderRow } from '../../src/store/order';
import { OrderLineItemRow } from '../../src/store/order-line-item';
import { insertRows, lockRows, updateRows } from '../../src/store/query/write';
import { type Chain, insertChain } from '../support/chain';
import { type TestDatabase, testDatabase } from '../support/database';
import { fulfillmentRow, lineRow, orderRow, tenant } from '../support/rows';

let database: TestDatabase;
let chain: Chain;
/** In the order of their ids; on disk they lie the other way round. */
let lines: OrderLineItemRow[];
const scope = () => ({ entityId: chain.account.entityId, orgIds: [chain.account.orgId] });
const clients: PoolClient[] = [];

beforeAll(async () => {
  database = await testDatabase();
  chain = await insertChain(database.raw, await tenant(database.raw, 'Acme'));
  lines = Array.from({ length: 20 }, () => lineRow(chain.order));
  const scoped = new Scoped(database.raw, scope());
  for (const line of [...lines].reverse()) await insertRows(scoped, OrderLineItemRow, [line]);
  // Told that the table is small, PostgreSQL reads it from one end to the other and not by its index.
  await database.owner('analyze order_line_item');
}, 60_000);
afterAll(() => database.close());
afterEach(() => {
  for (const client of clients.splice(0)) client.release(true);
});

/** A connection of its own, in a transaction. */
async function begun(): Promise<Scoped> {
  const client = await database.pool.connect();
  clients.push(client);
  const connection = new Connection(client);
  await connection.control('begin');
  return new Scoped(connection, scope());
}
const lock = (scoped: Scoped, ids: readonly string[]) => lockRows<OrderLineItemRow>(scoped, OrderLineItemRow, ids);
const ids = () => lines.map((line) => line.id);

/** Those of the rows that nobody holds. */
async function free(): Promise<string[]> {
  const rows = await database.owner<{ id: string }>(
    'select id from order_line_item where id = any($1) order by id for no key update skip locked',
    [ids()],
  );
  return rows.map((row) => row.id);
}
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 500; n++) {
    if (await holds()) return;
    await delay(10);
  }
  throw new Error('it never came to hold');
}
const waiting = async () =>
  (await database.owner("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"))
    .length > 0;

test('rows come back in the order of their ids, whatever the order asked for', async () => {
  const one = await begun();
  expect((await lock(one, ids().reverse())).map((row) => row.id)).toEqual(ids());
  expect(await free()).toEqual([]);
});

test('rows are locked in the order of their ids: those before one that is held, and none behind it', async () => {
  const [one, two] = [await begun(), await begun()];
  await lock(one, [ids()[10]]);
  const waits = lock(two, ids().reverse());
  await until(waiting);
  expect(await free()).toEqual(ids().slice(11));
  await one.connection.control('commit');
  expect((await waits).map((row) => row.id)).toEqual(ids());
});

test('a row is returned as it stands once the lock is granted, not as it stood when it was asked for', async () => {
  const [one, two] = [await begun(), await begun()];
  const [row] = await lock(one, [ids()[0]]);
  const waits = lock(two, [ids()[0]]);
  await until(waiting);
  await updateRows(
    one,
    OrderLineItemRow,
    [{ ...row, quantity: '77', version: row.version + 1 }],
    ['quantity', 'version'],
  );
  await one.connection.control('commit');
  expect(await waits).toEqual([{ ...row, quantity: '77', version: row.version + 1 }]);
});

test('many that lock the same rows in opposite orders never meet a deadlock', async () => {
  const worker = async (order: string[]) => {
    const scoped = await begun();
    for (let round = 0; round < 40; round++) {
      if (round) await scoped.connection.control('begin');
      const rows = await lock(scoped, order);
      await updateRows(
        scoped,
        OrderLineItemRow,
        rows.map((row) => ({ ...row, version: row.version + 1 })),
        ['version'],
      );
      await scoped.connection.control('commit');
    }
  };
  const before = await lock(new Scoped(database.raw, scope()), ids());
  await Promise.all([worker(ids()), worker(ids().reverse()), worker(ids()), worker(ids().reverse())]);
  const after = await lock(new Scoped(database.raw, scope()), ids());
  expect(after.map((row) => row.version)).toEqual(before.map((row) => row.version + 160));
});

test('rows out of scope are neither returned nor locked', async () => {
  const foreign = await insertChain(database.raw, await tenant(database.raw, 'Globex'));
  const one = await begun();
  expect(await lock(one, [foreign.line.id])).toEqual([]);
  const held = await database.owner('select from order_line_item where id = $1 for update nowait', [foreign.line.id]);
  expect(held).toHaveLength(1);
});

test('a locked row does not hold up the rows that are inserted below it', async () => {
  const one = await begun();
  await lock(one, ids());
  await lockRows<AccountRow>(one, AccountRow, [chain.account.id]);
  const two = await begun();
  await two.connection.control("set local lock_timeout = '500ms'");
  await insertRows(two, FulfillmentRow, [fulfillmentRow(lines[0])]);
  await insertRows(two, OrderRow, [orderRow(chain.account)]);
  await two.connection.control('commit');
});
