import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Client, Pool } from 'pg';
import { DataSource } from 'typeorm';
import { Connection } from '../../src/store/connection/connection';
import { Database, dataSourceOptions, emptyDatabase, migrate } from '../../src/store/connection/database';
import { appRole, readerRole, systemRole } from '../../src/store/connection/roles';
import { openPool } from '../../src/store/connection/session';
import { newId } from '../../src/store/id';
import { insertChain } from '../support/chain';
import { type TestDatabase, testDatabase } from '../support/database';
import { tenant } from '../support/rows';

jest.setTimeout(60_000);

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

const migrations = readdirSync(path.resolve(__dirname, '../../src/store/migrations')).filter((file) =>
  file.endsWith('.js'),
);

/** What happens to a database that has nothing in it. */
async function withEmptyDatabase<T>(use: (url: string) => Promise<T>): Promise<T> {
  const name = `test_empty_${process.pid}_${newId()}`;
  const admin = new Client(Object.assign(new URL(database.url), { pathname: '/postgres' }).href);
  await admin.connect();
  try {
    await admin.query(`create database ${name} template template0`);
    return await use(Object.assign(new URL(database.url), { pathname: `/${name}` }).href);
  } finally {
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.end();
  }
}

async function asOwner<T>(url: string, act: (db: Connection) => Promise<T>): Promise<T> {
  const pool = new Pool({ connectionString: url, max: 1, options: '-c timezone=UTC' });
  try {
    return await act(new Connection(pool));
  } finally {
    await pool.end();
  }
}
const chainIn = (url: string) => asOwner(url, async (db) => insertChain(db, await tenant(db, 'Acme')));

describe('the migrations', () => {
  test('leave no difference between the tables and the classes of rows', async () => {
    const dataSource = await new DataSource(dataSourceOptions({ url: database.url }, 'owner')).initialize();
    try {
      const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
      expect(upQueries.map(({ query }) => query)).toEqual([]);
    } finally {
      await dataSource.destroy();
    }
  });

  test('leave no difference in the conditions of checks either, of which TypeORM compares the names alone', async () => {
    const dataSource = await new DataSource(dataSourceOptions({ url: database.url }, 'owner')).initialize();
    const checks = dataSource.entityMetadatas.flatMap(({ tablePath, checks }) =>
      checks.map(({ name, expression }) => ({ table: tablePath, name, expression })),
    );
    await dataSource.destroy();
    const definitions = 'select pg_get_constraintdef(oid) as text from pg_constraint where conname = any($1)';
    await database.owner('begin');
    for (const { table, name, expression } of checks) {
      await database.owner(`alter table ${table} add constraint as_in_rows check (${expression})`);
      const found = await database.owner<{ text: string }>(definitions, [[name, 'as_in_rows']]);
      await database.owner(`alter table ${table} drop constraint as_in_rows`);
      expect([name, found.length, found[0].text]).toEqual([name, 2, found[1].text]);
    }
    await database.owner('rollback');
    const [{ count }] = await database.owner<{ count: number }>(
      "select count(*)::integer as count from pg_constraint where contype = 'c' and connamespace in ('public'::regnamespace, 'test_gateway'::regnamespace)",
    );
    expect(count).toBe(checks.length);
  });

  test('do nothing when they are run again', async () => {
    expect(await migrate({ url: database.url })).toBe(0);
  });

  test('run once where two migrators meet on an empty database, and both succeed', async () => {
    await withEmptyDatabase(async (url) => {
      const ran = await Promise.all([migrate({ url }), migrate({ url }), migrate({ url, poolSize: 1 })]);
      expect(ran.sort()).toEqual([0, 0, migrations.length].sort());
      const db = await Database.open({ url });
      try {
        expect(await db.state()).toBe('ready');
      } finally {
        await db.close();
      }
    });
  });

  test('are missed while they have not all been applied', async () => {
    expect(await database.db.state()).toBe('ready');
    const [last] = await database.owner<{ name: string }>('select name from migrations order by id desc limit 1');
    await database.owner('delete from migrations where name = $1', [last.name]);
    try {
      expect(await database.db.state()).toBe('migrations pending');
    } finally {
      await database.owner('insert into migrations (timestamp, name) values ($1, $2)', [
        last.name.slice(-13),
        last.name,
      ]);
    }
    expect(await database.db.state()).toBe('ready');
  });

  test('of removal can be taken back, which leaves a run that is being removed to be removed at once', async () => {
    await withEmptyDatabase(async (url) => {
      await migrate({ url });
      const dataSource = await new DataSource(dataSourceOptions({ url }, 'owner')).initialize();
      try {
        const { run, failure } = await chainIn(url);
        await dataSource.query("update bill_run set status = 'RemoveInProgress'");
        await dataSource.query("update bill_run_chunk set status = 'Parked'");
        await dataSource.query("update bill_run_account set during = 'RemoveInProgress'");
        const length = migrations.length - migrations.findIndex((file) => file.includes('-removal-values'));
        for (let at = 0; at < length; at++) await dataSource.undoLastMigration();
        const states = `select r.status::text as run, c.status::text as chunk, a.code, a.message from bill_run r
          join bill_run_chunk c on c.bill_run_id = r.id join bill_run_account a on a.chunk_id = c.id where r.id = $1`;
        expect(await dataSource.query(states, [run.id])).toEqual([
          { run: 'Canceled', chunk: 'Billed', code: null, message: null },
        ]);
        await dataSource.query("update bill_run_account set code = 'LIMIT_EXCEEDED', message = 'Too much.'");
        expect(await migrate({ url })).toBe(length);
        const reasons = 'select during::text from bill_run_account where id = $1';
        expect(await dataSource.query(reasons, [failure.id])).toEqual([{ during: 'Processing' }]);
        const open = "select from pg_indexes where indexname = 'bill_run_open' and indexdef like '%RemoveInProgress%'";
        expect(await dataSource.query(open)).toHaveLength(1);
      } finally {
        await dataSource.destroy();
      }
    });
  });

  test('of the whole history can be taken back and made again, with entries of each kind', async () => {
    await withEmptyDatabase(async (url) => {
      await migrate({ url });
      const dataSource = await new DataSource(dataSourceOptions({ url }, 'owner')).initialize();
      try {
        const { run, history } = await chainIn(url);
        await dataSource.query(
          `insert into history_entry (id, entity_id, org_ids, subject_type, subject_id, at, actor, action, changes, version, transaction_id)
           select gen_random_uuid(), entity_id, org_ids, 'BillRun', id, now(), created_by_id, 'Create', '[]'::jsonb, 1, 1 from bill_run
           union all select gen_random_uuid(), entity_id, '{}', 'BillingSettings', entity_id, now(), gen_random_uuid(), 'Update', '[]', 2, 1
           from billing_settings where entity_id = $1`,
          [run.entityId],
        );
        await dataSource.query('update billing_settings set version = 2, updated_date = now()');
        const length = migrations.length - migrations.findIndex((file) => file.includes('-whole-history'));
        for (let at = 0; at < length; at++) await dataSource.undoLastMigration();
        const entries = 'select id, org_id is not null as "ofOne" from history_entry';
        const id = (rows: { id: string }[]) => rows.map((row) => row.id.replaceAll('-', ''));
        expect(id(await dataSource.query(entries))).toEqual([history.id]);
        expect(await migrate({ url })).toBe(length);
        expect(await dataSource.query(entries)).toMatchObject([{ ofOne: true }]);
        const settings = 'select version, updated_date, updated_by_id from billing_settings where entity_id = $1';
        expect(await dataSource.query(settings, [run.entityId])).toEqual([
          { version: 1, updated_date: null, updated_by_id: null },
        ]);
      } finally {
        await dataSource.destroy();
      }
    });
  });

  test('can be emptied of all rows, after which the numbers of a new entity begin anew', async () => {
    await withEmptyDatabase(async (url) => {
      await migrate({ url });
      for (const round of [1, 2]) {
        const { account } = await chainIn(url);
        const number = "select business_number('F-', 'fulfillment', $1) as number";
        expect([round, await asOwner(url, (db) => db.query(number, [account.entityId]))]).toEqual([
          round,
          [{ number: 'F-00000001' }],
        ]);
        await emptyDatabase({ url });
        expect(await migrate({ url })).toBe(0);
      }
    });
  });
});

describe.each([appRole, readerRole, systemRole])('the role %s', (name) => {
  test('owns nothing and is nobody of rank', async () => {
    const owned = await database.owner(
      `select classid::regclass::text, objid from pg_shdepend
       where refclassid = 'pg_authid'::regclass and refobjid = $1::regrole and deptype = 'o'`,
      [name],
    );
    expect(owned).toEqual([]);
    const [role] = await database.owner(
      `select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin, rolbypassrls
       from pg_roles where rolname = $1`,
      [name],
    );
    // The one that reads is bound by no policy, where it may be so: each would let everything through.
    expect(Object.values(role as object)).toEqual([...Array(5).fill(false), name === readerRole]);
  });

  let pool: Pool;
  beforeAll(() => {
    pool = openPool({ url: database.url }, 1, {}, {}, name);
  });
  afterAll(() => pool.end());
  test.each([
    'create table mine (id integer)',
    'create table test_gateway.mine (id integer)',
    'create sequence number.mine',
    'create schema mine',
    "create type mine as enum ('a')",
    'create function mine() returns integer language sql as $$ select 1 $$',
    'create index on fulfillment (carrier)',
    'create trigger mine after insert on account for each row execute function create_number_sequences()',
    'alter table fulfillment add column mine text',
    'alter table billing_claim disable trigger all',
    'alter table billing_claim drop constraint "PK_b1f17d0bf9701a53e0ad4b1075e"',
    "alter type fulfillment_state add value 'Lost'",
    'drop table billing_claim',
    'drop function business_number',
    'truncate billing_claim',
    'truncate test_gateway.charge cascade',
    "insert into migrations (timestamp, name) values (1, 'mine')",
    'delete from migrations',
    'update pg_class set relname = relname',
    "copy account to program 'true'",
  ])('cannot %s', async (statement) => {
    await expect(pool.query(statement)).rejects.toMatchObject({ code: '42501' });
  });
});

describe('the role of the application', () => {
  test('may make a temporary table where not everybody may', async () => {
    await withEmptyDatabase(async (url) => {
      const owner = new Client(url);
      await owner.connect();
      await owner.query(`revoke temporary on database ${new URL(url).pathname.slice(1)} from public`);
      await owner.end();
      await migrate({ url });
      const pool = openPool({ url }, 1);
      try {
        await pool.query('create temporary table due_charge on commit drop as select 1');
      } finally {
        await pool.end();
      }
    });
  });

  test('may read and write the rows of every table but those of migrations and clients, and makes no tenant', async () => {
    const tables = await database.owner<{ name: string; rights: boolean[] }>(
      `select c.oid::regclass::text as name,
         array(select has_table_privilege($1, c.oid, r) from unnest(array['select', 'insert', 'update', 'delete']) r) as rights
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind = 'r' and n.nspname in ('public', 'test_gateway')`,
      [appRole],
    );
    expect(tables.length).toBeGreaterThanOrEqual(18);
    for (const { name, rights } of tables) {
      const isClient =
        name.startsWith('client') || ['unknown_document', 'gateway_process', 'provider_difference'].includes(name);
      // Which stay as they are once they are registered.
      const isDocument = name === 'registered_document';
      const writes = !isClient && !['migrations', 'entity', 'org'].includes(name);
      // Secrets sign, and only the workers read them.
      const reads = !isClient && name !== 'webhook_secret';
      expect([name, ...rights]).toEqual([name, reads, writes, ...Array(2).fill(writes && !isDocument)]);
    }
  });
});

/** The tables that no tenant has rows in, and why. Every other table has an entity_id. */
const ofNoTenant: Record<string, string> = {
  entity: 'the tenants themselves',
  client: 'a client may see several entities; its grants say which',
  client_secret: 'belongs to a client',
  registered_document: 'belongs to a client, and runs in whatever entity the client asks for',
  unknown_document: 'belongs to a client',
  migrations: 'the history of the schema',
  event_epoch: 'where the positions of the events of all tenants begin',
  gateway_process: 'a process serves all tenants',
  client_day: 'belongs to a client, in whatever entity it acts',
  client_document_use: 'belongs to a registered document',
  client_rate: "a limit is the client's, in whatever entity it acts",
  client_subscription: 'likewise',
  provider_difference: 'nobody knows whose a charge is that our books do not have',
  'test_gateway.charge': 'stands for a provider outside, who knows keys alone',
  'test_gateway.refund': 'stands for a provider outside, who knows keys alone',
};

describe('the keys', () => {
  interface Key {
    table: string;
    key: string | null;
    first: string | null;
    ofTenant: boolean;
  }
  /** Every unique index of every table, those of primary keys included; one row without a key for a table that has none. */
  const allKeys = () =>
    database.owner<Key>(
      `select c.oid::regclass::text as table, i.indexrelid::regclass::text as key, a.attname::text as first, e.attname is not null as "ofTenant"
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       left join pg_index i on i.indrelid = c.oid and i.indisunique
       left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
       left join pg_attribute e on e.attrelid = c.oid and e.attname = 'entity_id'
       where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema') and not c.relispartition order by 1, 2`,
    );

  test('of a table of tenants begin with the entity, the unique ones as well as the primary one', async () => {
    const keys = (await allKeys()).filter(({ ofTenant }) => ofTenant);
    expect(keys.length).toBeGreaterThan(35);
    expect(keys.filter(({ first }) => first !== 'entity_id')).toEqual([]);
    const primary = await database.owner<{ table: string }>(
      'select indrelid::regclass::text as table from pg_index where indisprimary',
    );
    const without = keys.filter((key) => !primary.some(({ table }) => table === key.table));
    expect(without).toEqual([]);
  });

  test('of other tables are those of a short list, each with its reason', async () => {
    const others = (await allKeys()).filter(({ ofTenant }) => !ofTenant);
    expect([...new Set(others.map(({ table }) => table))].sort()).toEqual(Object.keys(ofNoTenant).sort());
  });

  test('are what the foreign keys refer to, so that no table has a second key of the same columns', async () => {
    const twice = await database.owner<{ table: string }>(
      `select i.indrelid::regclass::text as table from pg_index i join pg_class c on c.oid = i.indrelid
       where i.indisunique and i.indpred is null and c.relnamespace = 'public'::regnamespace
       group by i.indrelid, array(select unnest(i.indkey) order by 1) having count(*) > 1`,
    );
    expect(twice).toEqual([]);
    const unchecked = await database.owner('select conname from pg_constraint where not convalidated');
    expect(unchecked).toEqual([]);
  });
});

interface ForeignKey {
  table: string;
  target: string;
  columns: string[];
  targets: string[];
}

describe('the foreign keys', () => {
  const tablesWithEntity = () =>
    database.owner<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class c
       join pg_attribute a on a.attrelid = c.oid and a.attname = 'entity_id'
       where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by 1`,
    );
  const foreignKeys = () =>
    database.owner<ForeignKey>(
      `select conrelid::regclass::text as table, confrelid::regclass::text as target,
         array(select attname::text from unnest(conkey) with ordinality k(n, i) join pg_attribute on attrelid = conrelid and attnum = n order by i) as columns,
         array(select attname::text from unnest(confkey) with ordinality k(n, i) join pg_attribute on attrelid = confrelid and attnum = n order by i) as targets
       from pg_constraint where contype = 'f'`,
    );

  test('bind every row of business data to rows of its own entity', async () => {
    const tables = (await tablesWithEntity()).map((row) => row.name);
    const keys = await foreignKeys();
    const business = tables.filter(
      (name) => !['idempotency_outcome', 'fulfillment_import', 'client_write'].includes(name),
    );
    expect(business).toEqual(expect.arrayContaining(['account', 'fulfillment', 'invoice_item', 'payment_attempt']));
    for (const table of business) {
      const scoped = keys.filter((key) => key.table === table && key.columns.includes('entity_id'));
      expect([table, scoped.length > 0]).toEqual([table, true]);
    }
    for (const { table, target, columns, targets } of keys) {
      if (!tables.includes(table) || !tables.includes(target)) continue;
      const at = columns.indexOf('entity_id');
      expect([table, target, targets[at]]).toEqual([table, target, 'entity_id']);
    }
  });

  test('exist for every column that names another row', async () => {
    const named = await database.owner<{ table: string; column: string }>(
      `select c.oid::regclass::text as table, a.attname as column from pg_class c
       join pg_attribute a on a.attrelid = c.oid and a.atttypid = 'uuid'::regtype and a.attnum > 0
       where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attname like '%\\_id'`,
    );
    const keys = await foreignKeys();
    const without = named
      .filter(({ table, column }) => !keys.some((key) => key.table === table && key.columns.includes(column)))
      .map(({ table, column }) => `${table}.${column}`);
    // The org is bound through the account; who wrote a row may be a client that is gone; an attempt is written elsewhere;
    // an entry of the history outlives its object; what clients use ends by time.
    const free =
      /\.(org_id|created_by_id|updated_by_id)$|^payment\.attempt_id$|^(history_entry|webhook_delivery)\.subject_id$|^webhook_endpoint\.position_id$|^(idempotency_outcome|fulfillment_import|client_write|client_rate|client_subscription)\./;
    expect(without.filter((name) => !free.test(name))).toEqual([]);
  });

  test('refuse a row that points into another entity', async () => {
    const [one, two] = [await tenant(database.raw, 'One'), await tenant(database.raw, 'Two')];
    const { order } = await insertChain(database.raw, one);
    const { account: foreign } = await insertChain(database.raw, two);
    const move = database.owner('update orders set account_id = $1 where id = $2', [foreign.id, order.id]);
    await expect(move).rejects.toMatchObject({ code: '23503' });
  });
});

describe('the last line of defence refuses', () => {
  let entityId: string;
  beforeAll(async () => {
    const scope = await tenant(database.raw, 'Defended');
    for (const _ of [1, 2]) await insertChain(database.raw, scope);
    entityId = scope.entityId;
  });

  test.each<[string, string, string]>([
    ['a second claim on a fulfillment', 'insert into billing_claim select * from billing_claim', '23505'],
    ['more fulfilled than there is', 'update order_line_item set fulfilled_quantity = quantity + 1', '23514'],
    ['more sent than fulfilled', 'update order_line_item set sent_quantity = fulfilled_quantity + 1', '23514'],
    ['less than nothing fulfilled', 'update order_line_item set fulfilled_quantity = -1, sent_quantity = -2', '23514'],
    ['a line item of nothing', 'update order_line_item set quantity = 0', '23514'],
    ['a fulfillment of nothing', 'update fulfillment set quantity = 0', '23514'],
    ['101 fulfillments of a line item', 'update order_line_item set fulfillment_count = 101', '23514'],
    ['more open fulfillments than there are', 'update order_line_item set open_fulfillment_count = 1', '23514'],
    ['sending without a date', "update fulfillment set state = 'SentToBilling', bill_target_date = null", '23514'],
    ['a state that does not exist', "update fulfillment set state = 'Cancelled'", '22P02'],
    ['an invoice that does not add up', 'update invoice set amount = amount + 1', '23514'],
    ['more returned than sent', 'update order_line_item set returned_quantity = sent_quantity + 1', '23514'],
    ['less than nothing returned', 'update order_line_item set returned_quantity = -1', '23514'],
    [
      'a return of what was never sent',
      "update order_line_item set billing_rule = 'TriggerWithoutFulfillment', returned_quantity = 1",
      '23514',
    ],
    ['a return without an original', "update order_line_item set item_category = 'Return'", '23514'],
    ['a sale with an original', 'update order_line_item set original_order_line_item_id = id', '23514'],
    [
      'a claim of two items',
      'update billing_claim set credit_memo_item_id = (select max(id::text)::uuid from credit_memo_item)',
      '23514',
    ],
    ['a claim of no item', 'update billing_claim set invoice_item_id = null', '23514'],
    ['a credit memo that does not add up', 'update credit_memo set amount = amount + 1', '23514'],
    ['a credit memo applied beyond its amount', 'update credit_memo set applied_amount = amount + 1', '23514'],
    ['one used beyond it in two ways', 'update credit_memo set applied_amount = amount, refund_amount = 1', '23514'],
    ['a credit memo refunded less than nothing', 'update credit_memo set refund_amount = -1', '23514'],
    ['a credit memo number twice in an entity', "update credit_memo set credit_memo_number = 'CM-1'", '23505'],
    ['a payment of nothing', 'update payment set amount = 0', '23514'],
    ['two payments of one attempt', 'update payment set attempt_id = entity_id', '23505'],
    ['a fulfillment number twice in an entity', "update fulfillment set fulfillment_number = 'F-1'", '23505'],
    ['an item number twice in an order', 'update order_line_item set order_id = $2, item_number = 1', '23505'],
  ])('%s', async (_what, statement, code) => {
    const values = [entityId];
    if (statement.includes('$2')) {
      const [order] = await database.owner<{ id: string }>('select id from orders where entity_id = $1', [entityId]);
      values.push(order.id);
    }
    const attempt = database.owner(`${statement} where entity_id = $1`, values);
    await expect(attempt).rejects.toMatchObject({ code });
  });
});

test('docs/scale.md says of each table where Citus would keep it, once', async () => {
  const page = readFileSync(path.resolve(__dirname, '../../../docs/scale.md'), 'utf8');
  const citus = page.slice(page.indexOf('## Citus'), page.indexOf('## Failovers'));
  const tables = await database.owner<{ name: string }>(
    "select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
  );
  const times = tables.map(({ name }) => [name, citus.match(new RegExp(`['\`]${name}['\`]`, 'g'))?.length]);
  // Named by the others, too.
  const often = { org: 2, entity: 3 } as Record<string, number>;
  expect(times.filter(([name, count]) => count !== (often[name!] ?? 1))).toEqual([]);
});
