import type { PoolClient } from 'pg';
import { Connection, Scoped } from '../../../src/store/connection/connection';
import { Database } from '../../../src/store/connection/database';
import { Lease } from '../../../src/store/connection/lease';
import { preparedStatements } from '../../../src/store/connection/prepared';
import { newId } from '../../../src/store/id';
import { type TestDatabase, testDatabase } from '../../support/database';

let database: TestDatabase;
let client: PoolClient;
let connection: Connection;
beforeAll(async () => {
  database = await testDatabase();
}, 60_000);
afterAll(() => database.close());
beforeEach(async () => {
  client = await database.db.reading.pool.connect();
  connection = new Connection(client);
});
// Each test has a session of its own, with nothing prepared.
afterEach(() => client.release(true));

const prepared = async (like = '%') =>
  (await client.query('select name, statement from pg_prepared_statements where statement like $1', [like])).rows as {
    name: string;
    statement: string;
  }[];

describe('a scoped statement', () => {
  const entityId = newId();
  const orgIds = [newId(), newId()];
  const scoped = () => new Scoped(connection, { entityId, orgIds });

  test('gets the entity as $1, the orgs as $2 and its own values from $3 on', async () => {
    const rows = await scoped().query('select $1::uuid as entity, $2::uuid[]::text[] as orgs, $3::text as own', ['x']);
    const dashed = (id: string) => id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    expect(rows).toEqual([{ entity: entityId, orgs: orgIds.map(dashed), own: 'x' }]);
  });

  test.each([
    ['neither', 'select id from account'],
    ['the entity alone', 'select id from account where entity_id = $1'],
    ['the orgs alone', 'select id from account where org_id = any($2)'],
    ['neither but values of its own', 'select id from account where id = $3::uuid'],
    ['the entity and values of its own', 'select id from account where entity_id = $1 and id = $3::uuid'],
  ])('is refused by PostgreSQL where its text uses %s', async (_what, text) => {
    const values = text.includes('$3') ? [newId()] : [];
    await expect(scoped().query(text, values)).rejects.toMatchObject({ severity: 'ERROR' });
    // The same with both goes through: it is the missing parameter that is refused.
    const whole = `${text} ${text.includes('where') ? 'and' : 'where'} entity_id = $1 and org_id = any($2)`;
    expect(await scoped().query(whole, values)).toEqual([]);
  });

  test('is refused unprepared as well', async () => {
    preparedStatements(false);
    try {
      await expect(scoped().query('select id from account where entity_id = $1')).rejects.toMatchObject({
        severity: 'ERROR',
      });
    } finally {
      preparedStatements(true);
    }
  });
});

describe('prepared statements', () => {
  test('are made of a text that comes again, so that what comes once takes no room', async () => {
    const text = 'select $1::integer + 2 as n';
    await connection.query(text, [1]);
    expect(await prepared('select $1::integer + 2%')).toEqual([]);
    await connection.query(text, [1]);
    expect(await prepared('select $1::integer + 2%')).toHaveLength(1);
  });

  test('are prepared once per session, under a short name that is the same in every session', async () => {
    const text = 'select $1::integer + 1 as n';
    for (const n of [1, 2, 3]) expect(await connection.query(text, [n])).toEqual([{ n: n + 1 }]);
    const [one, ...more] = await prepared('select $1::integer +%');
    expect(more).toEqual([]);
    expect(Buffer.byteLength(one.name)).toBeLessThanOrEqual(63);

    const another = await database.db.reading.pool.connect();
    try {
      await new Connection(another).query(text, [1]);
      const { rows } = await another.query('select name from pg_prepared_statements where statement = $1', [text]);
      expect(rows).toEqual([{ name: one.name }]);
    } finally {
      another.release(true);
    }
  });

  test('have names of their own for texts that begin with the same 63 bytes', async () => {
    const text = (end: string) => `select ${'1 + '.repeat(30)}${end} as n`;
    for (let time = 0; time < 2; time++) {
      expect(await connection.query(text('1'))).toEqual([{ n: 31 }]);
      expect(await connection.query(text('2'))).toEqual([{ n: 32 }]);
    }
    expect(new Set((await prepared('select 1 + 1%')).map((row) => row.name)).size).toBe(2);
  });

  test('are switched off for poolers that cannot prepare, and on again', async () => {
    preparedStatements(false);
    try {
      expect(await connection.query('select $1::integer * 2 as n', [2])).toEqual([{ n: 4 }]);
      expect(await prepared('select $1::integer *%')).toEqual([]);
    } finally {
      preparedStatements(true);
    }
    for (let time = 0; time < 2; time++) {
      expect(await connection.query('select $1::integer * 2 as n', [3])).toEqual([{ n: 6 }]);
    }
    expect(await prepared('select $1::integer *%')).toHaveLength(1);
  });

  test('have one name where they are read and another in transactions, which are of another role', async () => {
    const text = 'select id from account where id = $1';
    for (let n = 0; n < 2; n++) await connection.query(text, [newId()]);
    const lease = await Lease.take(database.db.writing);
    try {
      lease.begin({ entityId: newId(), orgIds: [] });
      for (let n = 0; n < 2; n++) expect(await lease.query(text, [newId()])).toEqual([]);
      const rows = await lease.query<{ name: string }>('select name from pg_prepared_statements where statement = $1', [
        text,
      ]);
      const [own] = await prepared(text);
      expect(rows.map(({ name }) => name)).toEqual([`t${own.name}`]);
    } finally {
      // Ended, so that the next test has a session in which nothing is prepared.
      const [{ pid }] = await lease.query<{ pid: number }>('select pg_backend_pid() as pid');
      await database.owner('select pg_terminate_backend($1)', [pid]);
      await lease.query('select 1').catch(() => {});
      await lease.release();
    }
  });

  test('are not made of begin, commit and savepoints, which are not counted either', async () => {
    await connection.control('begin');
    for (let time = 0; time < 2; time++) await connection.query('select 1 as counted');
    await connection.control('savepoint effect');
    await connection.control('rollback to savepoint effect');
    await connection.control('commit');
    expect(connection.counter.statements).toBe(2);
    expect(await prepared()).toHaveLength(1);
  });

  test('are bounded: a session forgets what was used longest ago, in a transaction that has failed as well', async () => {
    const early = 'select $1::integer - 1 as n';
    const twice = async (text: string, values: unknown[] = []) => {
      await connection.query(text, values);
      return connection.query(text, values);
    };
    expect(await twice(early, [1])).toEqual([{ n: 0 }]);
    for (let n = 0; n < 300; n++) expect(await twice(`select ${n} as n`)).toEqual([{ n }]);
    expect(await prepared()).toHaveLength(200);
    expect(await prepared('select $1::integer - 1%')).toEqual([]);
    expect(await connection.query(early, [5])).toEqual([{ n: 4 }]);
    expect(await prepared('select $1::integer - 1%')).toHaveLength(1);

    await connection.control('begin');
    await connection.query('select 1 / 0 as n').catch(() => {});
    const texts = Array.from({ length: 3 }, (_, n) => `select ${n} + 1000 as n`);
    for (const text of texts) await expect(twice(text)).rejects.toMatchObject({ code: '25P02' });
    await connection.control('rollback');
    for (const text of texts) expect(await twice(text)).toHaveLength(1);
    expect(await twice('select 150 as n')).toEqual([{ n: 150 }]);
    expect(await prepared()).toHaveLength(200);
  }, 20_000);
});

describe('what comes out of the database', () => {
  test('has the one form it has everywhere: days, instants, ids without dashes, decimals without needless zeros', async () => {
    const [row] = await connection.query(
      `select date '2022-01-02' as day, timestamptz '2022-01-02 03:04:05.6+02' as instant,
         timestamptz '2022-06-30 23:59:59.999Z' as end, '4028828c-8281-9b74-0182-86e02e041bd6'::uuid as id,
         10.500 as a, 100.000 as b, 100::numeric as c, 0.000 as d, -0.50 as e, 9999999999999.999999999 as f, 1e-9::numeric as g,
         null::numeric as nothing, 7::integer as whole`,
    );
    expect(row).toEqual({
      day: '2022-01-02',
      instant: '2022-01-02T01:04:05.600Z',
      end: '2022-06-30T23:59:59.999Z',
      id: '4028828c82819b74018286e02e041bd6',
      a: '10.5',
      b: '100',
      c: '100',
      d: '0',
      e: '-0.5',
      f: '9999999999999.999999999',
      g: '0.000000001',
      nothing: null,
      whole: 7,
    });
  });

  test('does so whatever time zone the server prefers', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.owner(`alter database ${name} set timezone to 'Asia/Tokyo'`);
    const session = await database.db.reading.pool.connect();
    try {
      const [row] = await new Connection(session).query(
        "select current_setting('timezone') as zone, '2022-01-02 00:00Z'::timestamptz as t",
      );
      expect(row).toEqual({ zone: 'UTC', t: '2022-01-02T00:00:00.000Z' });
    } finally {
      session.release(true);
    }
  });

  test('comes under the roles of what is read, written and no tenant’s, with limits on time', async () => {
    const settings = `select current_user as role, current_setting('statement_timeout') as statement,
      current_setting('lock_timeout') as lock, current_setting('idle_in_transaction_session_timeout') as idle`;
    expect(await database.db.reads().query(settings)).toEqual([
      { role: 'order_gateway_reader', statement: '10s', lock: '10s', idle: '35s' },
    ]);
    const { writing, paying } = database.db;
    for (const pool of [writing, paying]) {
      expect(await new Connection(pool).query(settings)).toEqual([
        { role: 'order_gateway_app', statement: '20s', lock: '10s', idle: '35s' },
      ]);
    }
    expect(await database.db.aside().query(settings)).toEqual([
      expect.objectContaining({ role: 'order_gateway_system', statement: '20s' }),
    ]);
  });

  test('ends on the server by itself in every pool, whatever becomes of the process', async () => {
    const settings = `select current_setting('idle_in_transaction_session_timeout') as idle,
      current_setting('transaction_timeout', true) as whole,
      current_setting('tcp_user_timeout') as unacknowledged, current_setting('tcp_keepalives_idle') as probed`;
    const limits = { requestTimeoutMs: 7_000, gatewayTimeoutMs: 20_000 };
    const db = await Database.open({ url: database.url, ...limits });
    try {
      const found = await Promise.all(
        db.pools.map(async ([name, pool]) => {
          const [{ whole, ...rest }] = await new Connection(pool).query<Record<string, string>>(settings);
          // Before PostgreSQL 17 there is none.
          const age = whole ?? (['writing', 'paying'].includes(name) ? '12s' : '0');
          return [name, rest.idle, age, rest.unacknowledged, rest.probed];
        }),
      );
      expect(found).toEqual([
        ['reading', '12s', '0', '20000', '10'],
        ['writing', '12s', '12s', '20000', '10'],
        ['paying', '12s', '12s', '20000', '10'],
        // Waits for the client of an export.
        ['exporting', '30s', '0', '20000', '10'],
        // Waits for the payment gateway.
        ['settling', '30s', '0', '20000', '10'],
        ['side', '10s', '0', '20000', '10'],
        ['working', '10s', '0', '20000', '10'],
        ['delivering', '12s', '0', '20000', '10'],
        ['counting', '10s', '0', '20000', '10'],
      ]);
    } finally {
      await db.close();
    }
  });
});
