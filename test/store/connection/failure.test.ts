import { createServer, type Server, type Socket } from 'node:net';
import { Client, Pool, type QueryConfig } from 'pg';
import { Connection } from '../../../src/store/connection/connection';
import { Database } from '../../../src/store/connection/database';
import { faultOf, outageOf } from '../../../src/store/connection/failure';
import { Listener } from '../../../src/store/connection/listener';
import { openPool } from '../../../src/store/connection/session';
import { type TestDatabase, testDatabase } from '../../support/database';

/* Every error here is one that PostgreSQL, the driver or the network has really raised. */

let database: TestDatabase;
const owners: Client[] = [];
beforeAll(async () => {
  database = await testDatabase();
  await database.owner('create table counter (id integer primary key, n integer)');
  await database.owner('insert into counter values (1, 0), (2, 0)');
}, 60_000);
afterEach(async () => {
  for (const client of owners.splice(0)) await client.end().catch(() => {});
});
afterAll(() => database.close());

async function owner(): Promise<Client> {
  const client = new Client(database.url);
  client.on('error', () => {});
  await client.connect();
  owners.push(client);
  return client;
}
const thrown = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error) => error,
  );
const sorted = async (work: Promise<unknown>) => {
  const error = await thrown(work);
  expect(error).toMatchObject({ message: expect.any(String) });
  return faultOf(error);
};

describe('a database that cannot be reached is unavailable', () => {
  test('when the backend is killed under a statement, and for whoever asks that connection again', async () => {
    const client = await database.db.reading.pool.connect();
    client.on('error', () => {});
    try {
      const connection = new Connection(client);
      const [{ pid }] = await connection.query<{ pid: number }>('select pg_backend_pid() as pid');
      const sleeping = thrown(connection.query('select pg_sleep(20)'));
      await database.owner('select pg_terminate_backend($1)', [pid]);
      expect(faultOf(await sleeping)).toBe('unavailable');
      expect(await sorted(connection.query('select 1'))).toBe('unavailable');
    } finally {
      client.release(true);
    }
    expect(await database.db.reads().query('select 1 as n')).toEqual([{ n: 1 }]);
  });

  test('when nobody listens, by address and by name', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as { port: number };
    await new Promise((done) => server.close(done));
    for (const host of ['127.0.0.1', 'localhost']) {
      const url = `postgres://nobody@${host}:${port}/nothing`;
      const pool = openPool({ url }, 1);
      expect(await sorted(pool.query('select 1'))).toBe('unavailable');
      await pool.end();
      expect(await sorted(Database.open({ url }))).toBe('unavailable');
    }
  });

  test('when no server of several listens, for whoever hears what other processes say too', async () => {
    const url = 'postgres://nobody@127.0.0.1:1,127.0.0.1:2/nothing?target_session_attrs=read-write';
    const listener = new Listener(
      { url },
      () => {},
      () => {},
    );
    expect(await sorted(listener.query('select 1'))).toBe('unavailable');
    await listener.close();
    // The socket of a client that was never connected says so a moment later.
    await new Promise((done) => setTimeout(done, 50));
  });

  test('when it hangs up, or never answers', async () => {
    const sockets: Socket[] = [];
    const listening = async (accept: (socket: Socket) => void): Promise<[Server, Pool]> => {
      const server = createServer((socket) => {
        sockets.push(socket.on('error', () => {}));
        accept(socket);
      });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const { port } = server.address() as { port: number };
      const connectionString = `postgres://nobody@127.0.0.1:${port}/nothing`;
      return [server, new Pool({ connectionString, connectionTimeoutMillis: 100 })];
    };
    for (const accept of [(socket: Socket) => socket.destroy(), () => {}]) {
      const [server, pool] = await listening(accept);
      expect(await sorted(pool.query('select 1'))).toBe('unavailable');
      await pool.end();
      // Without a pool the driver says it otherwise.
      const client = new Client(pool.options);
      client.on('error', () => {});
      expect(await sorted(client.connect())).toBe('unavailable');
      for (const socket of sockets.splice(0)) socket.destroy();
      await new Promise((done) => server.close(done));
    }
  });

  test('when a statement has no answer in the time that the driver gives it', async () => {
    const client = await owner();
    const error = await thrown(client.query({ text: 'select pg_sleep(20)', query_timeout: 50 } as QueryConfig));
    await database.owner(
      "select pg_terminate_backend(pid) from pg_stat_activity where query = 'select pg_sleep(20)' and datname = current_database()",
    );
    expect([faultOf(error), outageOf(error)]).toEqual(['unavailable', 'away']);
  });

  test('when every connection of the pool is taken for too long', async () => {
    const pool = new Pool({ connectionString: database.url, max: 1, connectionTimeoutMillis: 1_000 });
    const taken = await pool.connect();
    expect(await sorted(pool.query('select 1'))).toBe('unavailable');
    taken.release();
    await pool.end();
  });

  test('when the server takes no more connections', async () => {
    const name = new URL(database.url).pathname.slice(1);
    const guest = `test_guest_${process.pid}`;
    await database.owner(`alter database ${name} connection limit 0`);
    await database.owner(`create role ${guest} login password 'guest'`);
    try {
      const url = Object.assign(new URL(database.url), { username: guest, password: 'guest' }).href;
      const error = await thrown(new Client(url).connect());
      expect(error).toMatchObject({ code: '53300' });
      expect(faultOf(error)).toBe('unavailable');
    } finally {
      await database.owner(`drop role ${guest}`);
      await database.owner(`alter database ${name} connection limit -1`);
    }
  });

  test('when a transaction was left idle for too long', async () => {
    const client = await owner();
    await client.query("set idle_in_transaction_session_timeout = '50ms'");
    await client.query('begin');
    const ended = new Promise((done) => client.once('error', done));
    const error = await ended;
    // It says nothing of the database, or of anybody else.
    expect([faultOf(error), outageOf(error)]).toEqual(['unavailable', undefined]);
  });

  test('when a transaction has lasted too long', async () => {
    const client = await owner();
    await client.query("set transaction_timeout = '50ms'");
    const ended = new Promise((done) => client.once('error', done));
    await client.query('begin');
    const error = await ended;
    expect(error).toMatchObject({ code: '25P04' });
    expect([faultOf(error), outageOf(error)]).toEqual(['unavailable', undefined]);
  });

  test('when its server takes no writes', async () => {
    const client = await owner();
    await client.query('set default_transaction_read_only = on');
    const error = await thrown(client.query('delete from counter'));
    expect([faultOf(error), outageOf(error)]).toEqual(['unavailable', 'readOnly']);
  });

  test('when a statement needs more temporary files than it may have, which is no outage', async () => {
    const client = await owner();
    await client.query("set temp_file_limit = '64kB'; set work_mem = '64kB'");
    const error = await thrown(client.query('select n from generate_series(1, 100000) n order by random()'));
    expect(error).toMatchObject({ code: '53400' });
    expect([faultOf(error), outageOf(error)]).toEqual(['unavailable', undefined]);
  });

  test('when its storage fails', async () => {
    const client = await owner();
    const error = await thrown(client.query("do $$ begin raise exception using errcode = 'io_error'; end $$"));
    expect(error).toMatchObject({ code: '58030' });
    expect([faultOf(error), outageOf(error)]).toEqual(['unavailable', 'storageFails']);
  });
});

describe('what took too long is a time-out', () => {
  test('when the statement has had its time', async () => {
    const db = await Database.open({ url: database.url, statementTimeoutMs: 100, readStatementTimeoutMs: 100 });
    try {
      expect(await sorted(db.reads().query('select pg_sleep(20)'))).toBe('timeout');
      expect(await sorted(db.aside().query('select pg_sleep(20)'))).toBe('timeout');
    } finally {
      await db.close();
    }
  });
});

describe('what another request holds is contention', () => {
  test('when a lock is not granted in time', async () => {
    const [one, two] = [await owner(), await owner()];
    await one.query('begin; update counter set n = n + 1 where id = 1');
    await two.query("set lock_timeout = '50ms'");
    expect(await sorted(two.query('update counter set n = n + 1 where id = 1'))).toBe('contention');
  });

  test('when two wait for one another', async () => {
    const clients = [await owner(), await owner()];
    for (const [at, client] of clients.entries()) {
      await client.query("set deadlock_timeout = '20ms'");
      await client.query('begin');
      await client.query('update counter set n = n + 1 where id = $1', [at + 1]);
    }
    const crossed = clients.map((client, at) =>
      thrown(client.query('update counter set n = n + 1 where id = $1', [2 - at]).then(() => client.query('commit'))),
    );
    const errors = (await Promise.all(crossed)).filter((error) => error !== undefined);
    expect(errors.map((error) => (error as { code: string }).code)).toEqual(['40P01']);
    expect(faultOf(errors[0])).toBe('contention');
  });

  test('when a row has changed under a repeatable read', async () => {
    const [one, two] = [await owner(), await owner()];
    await one.query('begin isolation level repeatable read');
    await one.query('select n from counter where id = 1');
    await two.query('update counter set n = n + 1 where id = 1');
    expect(await sorted(one.query('update counter set n = n + 1 where id = 1'))).toBe('contention');
  });

  test('when another was the first to write what must be unique', async () => {
    const outcome = `insert into idempotency_outcome values
      (gen_random_uuid(), '00000000000040008000000000000001', 'key', '', 200, '{}', '', now())
      returning entity_id`;
    const [{ entity_id }] = await database.owner<{ entity_id: string }>(outcome);
    const again = outcome.replace('gen_random_uuid()', `'${entity_id}'`);
    expect(await sorted((await owner()).query(again))).toBe('contention');
  });

  test('but not what nobody else can have written: that is a fault of ours', async () => {
    expect(await sorted((await owner()).query('insert into counter values (1, 0)'))).toBeUndefined();
  });
});

describe('everything else is a fault of ours', () => {
  test.each([
    ['bad SQL', 'selec 1'],
    ['a table that does not exist', 'select from nothing'],
    ['a column that does not exist', 'select nothing from counter'],
    ['a value of the wrong form', "select 'x'::uuid"],
    ['a division by zero', 'select 1 / 0'],
    ['a missing right', 'truncate migrations'],
    ['a value that is too much for a check', 'insert into entity values (null, null)'],
  ])('%s', async (_what, text) => {
    expect(await sorted(database.db.reads().query(text))).toBeUndefined();
  });

  // Reported: 08P01 counts as an outage, since faultOf takes the whole class 08 for connection failures.
  test('a statement whose parameters do not fit its text', async () => {
    expect(await sorted(database.db.reads().query('select $1::text', ['a', 'b']))).toBeUndefined();
  });

  test('a failure of the program itself, and nothing at all', () => {
    for (const error of [new Error('a bug'), new TypeError('x is undefined'), 'text', null, undefined, {}]) {
      expect(faultOf(error)).toBeUndefined();
    }
  });
});
