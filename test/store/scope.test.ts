import { readdirSync } from 'node:fs';
import path from 'node:path';
import { lockAccountsForBilling } from '../../src/store/account';
import { BillRunRow, billRuns, postedRuns } from '../../src/store/bill-run';
import { claimed, freeClaims, posted } from '../../src/store/billing-claim';
import { billRunStatuses, reopenBillRun, sisterMemos } from '../../src/store/billing-document';
import { Connection, Scoped, type TenantScope } from '../../src/store/connection/connection';
import { appRole } from '../../src/store/connection/roles';
import { lockNegativeInvoices } from '../../src/store/invoice';
import { nounsOfIds } from '../../src/store/node';
import { itemStatesByOrder } from '../../src/store/order-line-item';
import { count, countsBy, type List, page, pagesBy } from '../../src/store/query/list';
import { lockRows, rowsBy } from '../../src/store/query/write';
import { orgsById } from '../../src/store/tenant';
import { type Chain, classes, insertChain } from '../support/chain';
import { type TestDatabase, testDatabase } from '../support/database';
import { tenant } from '../support/rows';

let database: TestDatabase;
/** Two entities with two orgs each, and in each org one row of every kind. */
const places: { name: string; scope: TenantScope; rows: Chain }[] = [];
/** A caller that sees one org; one that sees an entity; one whose orgs are another entity's. */
let callers: { name: string; scope: TenantScope; sees: string[] }[];

beforeAll(async () => {
  database = await testDatabase();
  const reads = database.raw;
  for (const entity of ['Acme', 'Globex']) {
    const { entityId, orgIds } = await tenant(reads, entity, ['North', 'South']);
    for (const [at, org] of ['North', 'South'].entries()) {
      const scope = { entityId, orgIds: [orgIds[at]] };
      places.push({ name: `${entity} ${org}`, scope, rows: await insertChain(reads, scope) });
    }
  }
  const [north, south, foreign] = places.map((place) => place.scope);
  const entity = { entityId: north.entityId, orgIds: [...north.orgIds, ...south.orgIds] };
  callers = [
    { name: 'one org', scope: north, sees: ['Acme North'] },
    { name: 'an entity', scope: entity, sees: ['Acme North', 'Acme South'] },
    { name: 'orgs of another entity', scope: { ...north, orgIds: foreign.orgIds }, sees: [] },
    { name: 'no org', scope: { ...north, orgIds: [] }, sees: [] },
  ];
}, 60_000);
afterAll(() => database.close());

type AnyList = List<{ id: string }, Record<string, unknown>>;

/** Every list that the store exports, found by its form, so that none is left out. */
const lists: [string, AnyList][] = [];
const store = path.resolve(__dirname, '../../src/store');
for (const file of readdirSync(store, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.js') || file.startsWith('migrations')) continue;
  for (const [name, value] of Object.entries(require(path.join(store, file)) as object)) {
    if (value && typeof value === 'object' && 'sorts' in value && 'rowClass' in value) lists.push([name, value]);
  }
}

/** The rows of a class in every place, by the place. */
const rowsOf = (row: unknown) => {
  const kind = (Object.keys(classes) as (keyof Chain)[]).find((key) => classes[key] === row)!;
  return places.map((place) => ({ place: place.name, row: place.rows[kind] as unknown as Record<string, string> }));
};
const placesOf = (found: readonly { id: string }[]) =>
  places
    .filter((place) => Object.values(place.rows).some((row) => found.some(({ id }) => id === row.id)))
    .map((p) => p.name);
const query = { properties: ['id'], limit: 100, backward: false };
const everyId = () => places.flatMap((place) => Object.values(place.rows).map((row) => row.id));

/** Each caller's view, held against what it may see. */
async function eachCaller(look: (scoped: Scoped) => Promise<readonly { id: string }[]>): Promise<void> {
  for (const { name, scope, sees } of callers) {
    const found = await look(new Scoped(database.raw, scope));
    expect([name, ...placesOf(found)]).toEqual([name, ...sees]);
    expect(new Set(found.map((row) => row.id)).size).toBe(sees.length);
  }
}

test('every list of the store is here', () => {
  expect(lists.map(([name]) => name).sort()).toEqual(expect.arrayContaining(['accounts', 'fulfillments', 'payments']));
  expect(new Set(lists.map(([, list]) => list.rowClass)).size).toBe(Object.keys(classes).length - 2); // claims and refunds have none
});

describe.each(lists)('the list %s', (_name, list) => {
  test('holds the rows of the caller and no other, whatever the order and the place it goes on from', async () => {
    await eachCaller((scoped) => page(scoped, list, query));
    for (const field of Object.keys(list.sorts)) {
      for (const direction of ['ASC', 'DESC'] as const) {
        await eachCaller((scoped) => page(scoped, list, { ...query, order: { field, direction } }));
      }
    }
    const order = { field: Object.keys(list.sorts)[0], direction: 'DESC' } as const;
    const value = list.sorts[order.field].type === 'uuid' ? 'f'.repeat(32) : '2999-12-31T00:00:00Z';
    await eachCaller((scoped) => page(scoped, list, { ...query, order, from: { value, id: 'f'.repeat(32) } }));
  });

  test('counts the rows of the caller and no other', async () => {
    for (const { name, scope, sees } of callers) {
      expect([name, await count(new Scoped(database.raw, scope), list)]).toEqual([name, sees.length]);
    }
  });

  test('holds them under parents of the caller only, though it is asked with every parent there is', async () => {
    const properties = Object.keys(list.table.columns).filter(
      (name) => list.table.columns[name].type === 'uuid' && !/^(entityId|orgId|createdById|updatedById)$/.test(name),
    );
    expect(properties).toContain('id');
    for (const property of properties) {
      const keys = rowsOf(list.rowClass).map(({ row }) => row[property]);
      if (keys.every((key) => key === null)) continue; // a sale has no original
      await eachCaller((scoped) => pagesBy(scoped, list, property, keys, query));
      for (const { name, scope, sees } of callers) {
        const counts = await countsBy(new Scoped(database.raw, scope), list, property, keys);
        expect([name, counts.length]).toEqual([name, sees.length]);
      }
    }
  });

  test('holds them under a filter that names every row there is', async () => {
    const rows = rowsOf(list.rowClass).map(({ row }) => row);
    for (const field of Object.keys(list.filters).filter((name) => list.table.columns[name]?.type === 'uuid')) {
      if (rows.every((row) => row[field] === null)) continue;
      const filter = { [field]: { in: rows.map((row) => row[field]) } };
      await eachCaller((scoped) => page(scoped, list, { ...query, filter }));
      for (const { scope } of callers) {
        expect(await count(new Scoped(database.raw, scope), list, filter)).toBe(
          callers.find((caller) => caller.scope === scope)!.sees.length,
        );
      }
    }
  });
});

describe('apart from the lists', () => {
  test.each(Object.entries(classes))('%s rows are found and locked in scope only', async (_kind, row) => {
    const ids = rowsOf(row).map((entry) => entry.row.id);
    await eachCaller((scoped) => rowsBy<{ id: string }>(scoped, row as never, 'id', ids));
    await eachCaller((scoped) => lockRows<{ id: string }>(scoped, row as never, ids));
  });

  test('nodes are told in scope only, and all of their kinds', async () => {
    const kinds = ({ rows }: (typeof places)[0]) => ({
      [rows.account.id]: 'account',
      [rows.order.id]: 'order',
      [rows.line.id]: 'orderLineItem',
      [rows.fulfillment.id]: 'fulfillment',
      [rows.asset.id]: 'fulfillmentItem',
      [rows.run.id]: 'billRun',
      [rows.invoice.id]: 'invoice',
      [rows.item.id]: 'invoiceItem',
      [rows.memo.id]: 'creditMemo',
      [rows.memoItem.id]: 'creditMemoItem',
      [rows.credit.id]: 'creditMemoApplication',
      [rows.payment.id]: 'payment',
      [rows.application.id]: 'paymentApplication',
      [rows.offset.id]: 'invoiceOffset',
      [rows.history.id]: 'historyEntry',
    });
    for (const { scope, sees } of callers) {
      const nouns = await nounsOfIds(new Scoped(database.raw, scope), everyId());
      const seen = places.filter(({ name }) => sees.includes(name)).map(kinds);
      expect(Object.fromEntries(nouns)).toEqual(Object.assign({}, ...seen));
    }
  });

  test('claims, posted documents and the states of orders are told in scope only', async () => {
    const fulfillmentIds = places.map((place) => place.rows.fulfillment.id);
    const named = (ids: string[]) => ids.map((id) => ({ id }));
    await eachCaller(async (scoped) => named(await claimed(scoped, fulfillmentIds)));
    await eachCaller(async (scoped) => named(await posted(scoped, fulfillmentIds)));
    await eachCaller(async (scoped) => {
      const orderIds = places.map((place) => place.rows.order.id);
      return named((await itemStatesByOrder(scoped, orderIds)).map((row) => row.orderId));
    });
  });

  test('sisters are told, and claims freed, in scope only', async () => {
    const client = await database.pool.connect();
    const connection = new Connection(client);
    const invoiceIds = places.map((place) => place.rows.invoice.id);
    const claims = async () => (await connection.query<{ id: string }>('select id from billing_claim')).length;
    try {
      await client.query('begin');
      for (const { rows } of places) {
        await connection.query('update credit_memo set sister_invoice_id = $1 where id = $2', [
          ...[rows.invoice.id, rows.memo.id],
        ]);
      }
      for (const { name, scope, sees } of callers) {
        const memos = await sisterMemos(new Scoped(connection, scope), invoiceIds);
        expect([name, ...placesOf(memos)]).toEqual([name, ...sees]);
        await client.query('savepoint free');
        await freeClaims(new Scoped(connection, scope), invoiceIds, []);
        expect([name, await claims()]).toEqual([name, places.length - sees.length]);
        await client.query('rollback to savepoint free');
      }
    } finally {
      await client.query('rollback');
      client.release();
    }
  });

  test('the bill runs of documents are told and reopened for those who see a document of them', async () => {
    const client = await database.pool.connect();
    const connection = new Connection(client);
    const runs = places.map((place) => place.rows.run.id);
    try {
      await client.query('begin');
      await connection.query("update bill_run_chunk set status = 'Posted'");
      for (const { name, scope, sees } of callers) {
        const scoped = new Scoped(connection, scope);
        // They are functions of the database, which hold what they are asked against the scope of the transaction.
        const orgIds = `{${scope.orgIds}}`;
        await client.query(
          `set local role ${appRole}; set local gateway.entity = '${scope.entityId}'; set local gateway.orgs = '${orgIds}'`,
        );
        for (const lock of [false, true]) {
          expect([name, ...placesOf(await billRunStatuses(scoped, runs, lock))]).toEqual([name, ...sees]);
        }
        await client.query('savepoint reopen');
        for (const { run, account } of places.map((place) => place.rows)) {
          await reopenBillRun(scoped, run.id, account.id, { updatedDate: '2022-01-01', updatedById: run.id }, null);
        }
        await client.query('set local role none');
        const reopened = await connection.query<{ id: string }>("select id from bill_run where status = 'Completed'");
        expect([name, ...placesOf(reopened)]).toEqual([name, ...sees]);
        const chunks = await connection.query<{ id: string }>(
          "select bill_run_id as id from bill_run_chunk where status = 'Billed'",
        );
        expect([name, ...placesOf(chunks)]).toEqual([name, ...sees]);
        await client.query('rollback to savepoint reopen');
      }
    } finally {
      await client.query('rollback');
      client.release();
    }
  });

  test('a bill run of several orgs is seen by those who see them all', async () => {
    const client = await database.pool.connect();
    const connection = new Connection(client);
    try {
      await client.query('begin');
      const [{ scope, rows }] = places;
      const { orgIds } = callers[1].scope;
      await connection.query('update bill_run set org_ids = $1 where id = $2', [orgIds, rows.run.id]);
      for (const caller of callers) {
        const scoped = new Scoped(connection, caller.scope);
        const sees = caller.scope.entityId === scope.entityId && orgIds.every((id) => caller.scope.orgIds.includes(id));
        const found = sees ? [rows.run.id] : [];
        expect(await rowsBy<BillRunRow>(scoped, BillRunRow, 'id', [rows.run.id], ['id'])).toHaveLength(found.length);
        expect((await page(scoped, billRuns, query)).filter(({ id }) => id === rows.run.id)).toHaveLength(found.length);
        expect(await postedRuns(scoped, [rows.run.id])).toEqual(found);
      }
    } finally {
      await client.query('rollback');
      client.release();
    }
  });

  test('negative invoices are those of accounts in scope', async () => {
    await database.owner('update invoice set balance = -1');
    const accountIds = places.map((place) => place.rows.account.id);
    await eachCaller((scoped) => lockNegativeInvoices(scoped, accountIds));
  });

  test('orgs are those of the caller', async () => {
    const all = places.flatMap((place) => place.scope.orgIds);
    for (const { scope, sees } of callers) {
      const orgs = await orgsById(new Scoped(database.raw, scope), all);
      expect(orgs.map(({ name }) => `Acme ${name}`).sort()).toEqual(sees);
    }
  });

  test('the lock of billing is taken on accounts in scope only', async () => {
    const accountIds = places.map((place) => place.rows.account.id);
    for (const { name, scope, sees } of callers) {
      const client = await database.pool.connect();
      try {
        await client.query('begin');
        await lockAccountsForBilling(new Scoped(new Connection(client), scope), accountIds);
        const { rows } = await client.query(
          "select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
        );
        expect([name, rows.length]).toEqual([name, sees.length]);
        await client.query('rollback');
      } finally {
        client.release();
      }
    }
  });
});
