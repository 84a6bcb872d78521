import { AccountRow } from '../../src/store/account';
import { analyzeDocuments } from '../../src/store/bill-run';
import { Connection, Scoped } from '../../src/store/connection/connection';
import { InvoiceRow } from '../../src/store/invoice';
import { insertRows } from '../../src/store/query/write';
import { type TestDatabase, testDatabase } from '../support/database';
import { accountRow, invoiceRow, tenant } from '../support/rows';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  // Its own doings would answer for ours.
  await database.owner('alter table invoice set (autovacuum_enabled = off)');
});
afterAll(() => database.close());

const known = async () =>
  (await database.owner<{ rows: number }>("select reltuples as rows from pg_class where oid = 'invoice'::regclass"))[0]
    .rows;

/** The columns of the index that an invoice is looked up by, as the check of a foreign key does. */
const checkedBy = async ({ id, entityId }: InvoiceRow): Promise<string> => {
  const plan = await database.owner<{ 'QUERY PLAN': string }>(
    `explain (costs off) select 1 from only invoice x where entity_id = '${entityId}' and id = '${id}' for key share`,
  );
  const index = plan.map((row) => /using "?(\w+)"? on invoice/.exec(row['QUERY PLAN'])?.[1]).find(Boolean);
  const [{ definition }] = await database.owner<{ definition: string }>(
    `select indexdef as definition from pg_indexes where indexname = $1`,
    [index],
  );
  return /\((.+)\)$/.exec(definition)![1];
};

test('the planner is told of a table of documents once it has doubled, and not again before', async () => {
  const scope = await tenant(database.raw, 'Acme');
  const scoped = new Scoped(database.raw, scope);
  const account = accountRow(scope);
  await insertRows(scoped, AccountRow, [account]);
  const add = async (count: number) => {
    const rows = Array.from({ length: count }, () => invoiceRow(account));
    await insertRows(scoped, InvoiceRow, rows);
    return rows[0];
  };
  const invoice = await add(300);
  expect(await known()).not.toBe(300);
  await analyzeDocuments(new Connection(database.db.working));
  expect(await known()).toBe(300);
  expect(await checkedBy(invoice)).toBe('entity_id, id');

  await add(100);
  await analyzeDocuments(new Connection(database.db.working));
  expect(await known()).toBe(300);
  await add(300);
  await analyzeDocuments(new Connection(database.db.working));
  expect(await known()).toBe(700);
});
