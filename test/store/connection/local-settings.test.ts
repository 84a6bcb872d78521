import { Database } from '../../../src/store/connection/database';
import { transaction } from '../../../src/store/connection/lease';
import { preparedStatements } from '../../../src/store/connection/prepared';
import { type TestDatabase, testDatabase } from '../../support/database';
import { poolerWithoutOptions } from '../../support/pooler';

/* Behind a pooler that takes no options of connections, and gives each transaction another session. */

let database: TestDatabase;
let pooler: Awaited<ReturnType<typeof poolerWithoutOptions>>;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  pooler = await poolerWithoutOptions(new URL(database.url));
  preparedStatements(false);
  db = await Database.open({ url: pooler.url, readStatementTimeoutMs: 4_000, statementTimeoutMs: 5_000 });
}, 60_000);
afterAll(async () => {
  preparedStatements(true);
  await db?.close();
  await pooler?.close();
  await database?.close();
});

const settings = `select current_user as role, current_setting('statement_timeout') as timeout,
  current_setting('timezone') as zone, current_setting('lock_timeout') as lock`;

test('a statement alone runs under the role and with the limits of its pool', async () => {
  expect(await db.reads().query(settings)).toEqual([
    { role: 'order_gateway_reader', timeout: '4s', zone: 'UTC', lock: '10s' },
  ]);
  expect(await db.aside().query(settings)).toEqual([
    { role: 'order_gateway_system', timeout: '5s', zone: 'UTC', lock: '0' },
  ]);
  expect(await db.keepsOptions()).toBe(true);
});

test('a transaction does from its first statement on, and leaves nothing behind in the session', async () => {
  const scope = { entityId: '00000000-0000-4000-8000-000000000009', orgIds: [] };
  const rows = await transaction(db.writing, scope, (lease) => lease.query(settings));
  expect(rows).toEqual([{ role: 'order_gateway_app', timeout: '5s', zone: 'UTC', lock: '10s' }]);
  // Whoever gets the session next is another client of the pooler.
  const client = await db.writing.pool.connect();
  const { rows: after } = await client.query(settings);
  client.release();
  expect(after).toMatchObject([{ role: 'postgres', timeout: '0', lock: '0' }]);
});

test('a statement that fails leaves a connection that works', async () => {
  for (let times = 0; times < 20; times++) {
    await expect(db.reads().query('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
  }
  expect(await db.reads().query('select 1 as one')).toEqual([{ one: 1 }]);
  await expect(db.reads().query('delete from client')).rejects.toMatchObject({ code: '42501' });
});

test('the time limit of a pool ends its statement', async () => {
  const quick = await Database.open({ url: pooler.url, readStatementTimeoutMs: 100 });
  try {
    await expect(quick.reads().query('select pg_sleep(10)')).rejects.toMatchObject({ code: '57014' });
  } finally {
    await quick.close();
  }
});
