import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '../../../src/store/connection/connection';
import { Database } from '../../../src/store/connection/database';
import { faultOf } from '../../../src/store/connection/failure';
import { Lease } from '../../../src/store/connection/lease';
import { SharedPool } from '../../../src/store/connection/pool';
import { openPool } from '../../../src/store/connection/session';
import { TimeLimit } from '../../../src/store/connection/time-limit';
import { type TestDatabase, testDatabase } from '../../support/database';
import { proxyTo, type TestProxy } from '../../support/proxy';

/*
 * A real PostgreSQL behind an address whose connections fall silent: neither answer nor reset. Each scenario takes some
 * seconds, so all of them begin at once.
 */

let database: TestDatabase;
const proxies: TestProxy[] = [];
const opened: { close(): Promise<void> }[] = [];

interface Behind {
  proxy: TestProxy;
  db: Database;
  url: string;
}
async function behindProxy(): Promise<Behind> {
  const proxy = await proxyTo(Number(new URL(database.url).port));
  proxies.push(proxy);
  const url = proxy.url(database.url);
  const db = await Database.open({ url, poolSize: 2 });
  opened.push(db);
  return { proxy, db, url };
}
/** How a statement has ended, and after how many milliseconds. */
async function ended(work: Promise<unknown>): Promise<{ fault: unknown; after: number }> {
  const began = performance.now();
  const fault = await work.then(
    () => 'none',
    (error) => faultOf(error) ?? error,
  );
  return { fault, after: performance.now() - began };
}
/** Statements outside of requests, on a connection of each pool. */
const onEach = (db: Database, text: string) =>
  db.pools.map(([name, pool]) => ({ name, run: () => new Connection(pool).query(text) }));

type Found = Awaited<ReturnType<typeof ended>>;
const scenarios: Record<string, Promise<unknown>> = {};
const found = async <T>(name: string): Promise<T> => (await scenarios[name]) as T;

beforeAll(async () => {
  database = await testDatabase();
  const [everywhere, busy, request, deaf] = await Promise.all([
    behindProxy(),
    behindProxy(),
    behindProxy(),
    behindProxy(),
  ]);
  const all = {
    async everywhere() {
      const { proxy, db, url } = everywhere;
      const heard: unknown[] = [];
      const listener = db.listener(
        () => {},
        (error) => heard.push(error),
      );
      const ledger = openPool({ url }, 4);
      const statements = [
        ...onEach(db, 'select 1'),
        { name: 'ledger', run: () => new Connection(ledger).query('select 1') },
        { name: 'listening', run: () => listener.query('select 1') },
      ];
      // Two connections of each are open, and none of them is in use.
      await Promise.all(statements.flatMap(({ run }) => [run(), run()]));
      proxy.silence();
      const during = await Promise.all(statements.map(async ({ name, run }) => ({ name, ...(await ended(run())) })));
      const after = await Promise.all(statements.map(async ({ name, run }) => ({ name, ...(await ended(run())) })));
      await listener.close();
      await ledger.end();
      return { during, after, inUse: db.pools.map(([, pool]) => pool.totalCount - pool.idleCount) };
    },
    // The server is asked after 3 seconds.
    busy: () => ended(new Connection(busy.db.working).query('select pg_sleep(6)')),
    async transaction() {
      const lease = await Lease.take(busy.db.working);
      lease.begin();
      await lease.query('select 1');
      await delay(6_500);
      const kept = await ended(lease.query('select 1'));
      await lease.release();
      return kept;
    },
    // Neither a cancel request nor a question reaches the server.
    async request() {
      const { proxy, db } = request;
      await new Connection(db.reading).query('select 1');
      const limit = new TimeLimit(500);
      const sleeping = ended(db.reading.run({ limit }, (client) => client.query('select pg_sleep(30)')));
      await delay(100);
      proxy.silence();
      proxy.deaf = true;
      const first = await sleeping;
      return { ...first, inUse: db.reading.pool.totalCount };
    },
    async deaf() {
      const { proxy, url } = deaf;
      const pool = openPool({ url, statementTimeoutMs: 1_000 }, 1);
      await pool.query('select 1');
      proxy.silence();
      proxy.deaf = true;
      const answered = await ended(pool.query('select 1'));
      return { ...answered, left: pool.totalCount, end: await ended(pool.end()) };
    },
    async stop() {
      // An idle connection is ended in an orderly way, which the server does not answer.
      const { proxy, url } = await behindProxy();
      const shared = new SharedPool(openPool({ url }, 1));
      const client = await shared.pool.connect();
      client.release();
      proxy.silence();
      const closed = new Promise((resolve) => client.once('end', resolve));
      await shared.pool.end();
      return ended(closed);
    },
  };
  for (const [name, act] of Object.entries(all)) {
    scenarios[name] = act();
    scenarios[name].catch(() => {});
  }
}, 60_000);
afterAll(async () => {
  for (const each of opened) await each.close();
  for (const proxy of proxies) await proxy.close();
  await database.close();
});

describe('a server that falls silent', () => {
  test('loses its connections in every pool within 8 seconds, and the next statements find it again at once', async () => {
    type Named = Found & { name: string };
    const { during, after, inUse } = await found<{ during: Named[]; after: Named[]; inUse: number[] }>('everywhere');
    expect(during.map(({ name }) => name)).toEqual(
      'reading writing paying exporting settling side working delivering counting ledger listening'.split(' '),
    );
    expect(during.filter(({ fault, name }) => fault !== 'unavailable' && name !== 'listening')).toEqual([]);
    expect(during.filter(({ after: ms }) => ms > 8_000)).toEqual([]);
    expect(after.filter(({ fault, after: ms }) => fault !== 'none' || ms > 1_000)).toEqual([]);
    expect(inUse).toEqual(inUse.map(() => 0));
  }, 20_000);

  test('does not lose a statement that it still runs, nor a transaction between two statements', async () => {
    expect((await found<Found>('busy')).fault).toBe('none');
    expect((await found<Found>('transaction')).fault).toBe('none');
  }, 20_000);

  test('does not keep the connection of a request whose time is up, though no cancel gets an answer', async () => {
    const { fault, after, inUse } = await found<Found & { inUse: number }>('request');
    expect([fault, inUse]).toEqual(['unavailable', 0]);
    // The limit, 3 seconds for the cancel, and 2 for the connection of the cancel.
    expect(after).toBeGreaterThan(3_000);
    expect(after).toBeLessThan(6_500);
  }, 20_000);

  test('does not keep a statement outside of requests for longer than its timeout and some seconds', async () => {
    const { fault, after, left, end } = await found<Found & { left: number; end: Found }>('deaf');
    expect([fault, left]).toEqual(['unavailable', 0]);
    expect(after).toBeGreaterThan(1_000);
    expect(after).toBeLessThan(9_000);
    expect(end.after).toBeLessThan(1_000);
  }, 20_000);

  test('does not keep a connection that is ended', async () => {
    expect((await found<Found>('stop')).after).toBeLessThan(3_000);
  }, 20_000);
});
