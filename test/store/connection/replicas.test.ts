import { setTimeout as delay } from 'node:timers/promises';
import { Lease } from '../../../src/store/connection/lease';
import { Replicas } from '../../../src/store/connection/replicas';
import { newId } from '../../../src/store/id';
import { type TestDatabase, testDatabase } from '../../support/database';
import { type Replicated, replicated, type TestServer } from '../../support/replica';

/* A primary and a replica, each a PostgreSQL of its own. What requests see of them: test/http/replica. */
jest.setTimeout(60_000);

let servers: Replicated;
let replica: TestServer;
let database: TestDatabase;
let replicas: Replicas;
let changes: (string | undefined)[];

async function until(come: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await come())) await delay(20);
}
async function open(mostBehindMs?: number, url = replica.url()): Promise<void> {
  await database.db.replicas?.close();
  changes = [];
  replicas = await Replicas.open(database.db, {
    urls: [url],
    onChange: (_name, reason) => changes.push(reason),
    mostBehindMs,
  });
  database.db.replicas = replicas;
}

beforeAll(async () => {
  servers = await replicated(1);
  [replica] = servers.replicas;
  database = await servers.open();
  await database.owner('create table note (n integer)');
  await database.owner('grant select, insert on note to order_gateway_app');
});
/** What has to catch up first may be left out for a moment. */
async function use(mostBehindMs?: number): Promise<void> {
  await open(mostBehindMs);
  await until(() => changes.at(-1) === undefined);
  changes = [undefined];
}
beforeEach(async () => {
  await servers.caughtUp();
  await use();
});
afterAll(async () => {
  await database?.close();
  await servers?.close();
});

const anyone = () => ({ clientId: newId(), entityId: newId() });
const readsOf = (reader: { clientId: string; entityId: string }) =>
  replicas.readsFor(reader, { statements: 0 }, () => {});
/** Whether the reader is sent to the replica. */
const isServed = async (reader = anyone()) => (await readsOf(reader)) !== undefined;

async function write(writer: { clientId: string; entityId: string }): Promise<void> {
  const lease = await Lease.take(database.db.writing);
  lease.begin({ entityId: writer.entityId, orgIds: [] });
  await lease.query('insert into note values (1)');
  await database.db.commit(lease, writer);
  await lease.release();
}

const looks = () => replica.looks();

test('a writer reads where all of its writes are; what it wrote in one entity is of no concern to another', async () => {
  const writer = anyone();
  await servers.pause(replica);
  try {
    await write(writer);
    const before = looks();
    expect(await isServed(writer)).toBe(false);
    // It was looked for, in vain.
    expect(looks()).toBeGreaterThan(before + 2);
    const after = looks();
    for (let at = 0; at < 50; at++) expect(await isServed(writer)).toBe(false);
    // Nobody waits in vain again; the looks once a second go on.
    expect(looks()).toBeLessThan(after + 3);
    expect(await isServed({ ...writer, entityId: newId() })).toBe(true);
    expect(await isServed()).toBe(true);
  } finally {
    await servers.resume(replica);
  }
  await servers.caughtUp();
  await until(() => isServed(writer));
  const connection = await readsOf(writer);
  expect(await connection!.query('select pg_is_in_recovery() as replica, count(*)::integer as n from note')).toEqual([
    { replica: true, n: 1 },
  ]);
});

test('a position that the replica is known to have passed is asked no more', async () => {
  const writer = anyone();
  await write(writer);
  await servers.caughtUp();
  expect(await isServed(writer)).toBe(true);
  const before = looks();
  for (let at = 0; at < 50; at++) expect(await isServed(writer)).toBe(true);
  expect(looks()).toBeLessThan(before + 3);
});

test('a replica that has cut a connection, as one does that restarts, is asked anew how far it is', async () => {
  const before = looks();
  for (let at = 1; at <= 5; at++) {
    const theirs = "usename = 'postgres' and pid <> pg_backend_pid()";
    await replica.ask(`select pg_terminate_backend(pid) from pg_stat_activity where ${theirs}`);
    // The driver notices, as it does long before a server is up again.
    await delay(50);
    expect(await isServed()).toBe(true);
  }
  // Looked at once a second it is besides.
  expect(looks()).toBeGreaterThanOrEqual(before + 5);
});

test('what a crash of the primary has emptied counts as written by all, up to the moment when that is noticed', async () => {
  const writer = anyone();
  await servers.pause(replica);
  try {
    await write(writer);
    await database.owner('truncate client_write');
    for (const reader of [writer, anyone()]) expect(await isServed(reader)).toBe(false);
    // The new beginning is noted. Nobody is known to have all that was written before it.
    await delay(100);
    for (const reader of [writer, anyone()]) expect(await isServed(reader)).toBe(false);
  } finally {
    await servers.resume(replica);
  }
  await until(() => isServed(writer));
});

test('what was noted in the database that a dump comes from says nothing here', async () => {
  const writer = anyone();
  await write(writer);
  const far = (BigInt(1) << BigInt(60)).toString();
  await database.owner("update client_write set database = 'another', position = $1::bigint", [far]);
  await until(() => isServed(writer));
  expect(await isServed()).toBe(true);
});

test('a writer of whom nobody knows whether it was committed reads from the primary, until that is noted', async () => {
  const writer = anyone();
  const lease = await Lease.take(database.db.writing);
  try {
    lease.begin({ entityId: writer.entityId, orgIds: [] });
    const [{ pid }] = await lease.query<{ pid: number }>('select pg_backend_pid() as pid');
    await database.owner('select pg_terminate_backend($1)', [pid]);
    // Told by the server, or by the driver where that has noticed before.
    await expect(database.db.commit(lease, writer)).rejects.toThrow(/terminating connection|not queryable/);
    expect(await isServed(writer)).toBe(false);
  } finally {
    await lease.release();
  }
  await until(() => isServed(writer));
});

test('a commit that turns out to be a rollback is told as one', async () => {
  const writer = anyone();
  const lease = await Lease.take(database.db.writing);
  lease.begin({ entityId: writer.entityId, orgIds: [] });
  await expect(lease.query('select nonsense')).rejects.toThrow();
  await expect(database.db.commit(lease, writer)).rejects.toThrow('the transaction had failed, and was rolled back');
  await lease.release();
  await until(() => isServed(writer));
});

test('a replica that is further behind than it may be is left out, and used again once it has caught up', async () => {
  await use(1_500);
  await servers.pause(replica);
  try {
    // On a primary that writes nothing it is not behind, however long ago its last transaction was.
    await delay(3_000);
    expect(changes).toEqual([undefined]);
    await write(anyone());
    await until(() => changes.length > 1);
    expect(changes[1]).toBe('the replica is too far behind the primary');
    expect(await isServed()).toBe(false);
  } finally {
    await servers.resume(replica);
  }
  await until(() => changes.length > 2);
  expect([changes[2], await isServed()]).toEqual([undefined, true]);
});

test('the header of a page that the log has just begun is nothing to be behind of', async () => {
  await use(1_500);
  await database.owner('select pg_switch_wal()');
  await delay(3_500);
  expect(changes).toEqual([undefined]);
  expect(await isServed()).toBe(true);
});

test('clients take turns for its connections, and one that is refused is no reason to leave the replica out', async () => {
  const [{ pool }] = replicas.states;
  const reads = async (clientId: string, mostWaiting?: number) =>
    (await replicas.readsFor({ clientId, entityId: newId() }, { statements: 0, clientId, mostWaiting }, () => {
      throw new Error('it is not lost');
    }))!;
  const slow = await reads(newId());
  const greedy = slow.counter.clientId!;
  const asked = Array.from({ length: 12 }, () => slow.query('select pg_sleep(1)'));
  while (pool.turns.waiting < 7) await delay(1);
  expect(pool.turns.heldBy(greedy)).toBe(5);
  expect(await (await reads(newId())).query('select 1 as n')).toEqual([{ n: 1 }]);
  expect(pool.turns.waiting).toBeGreaterThan(0);
  await expect((await reads(greedy, 5)).query('select 1')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  await Promise.all(asked);
  expect([pool.turns.inUse, changes, await isServed()]).toEqual([0, [undefined], true]);
});

test('a server that is no replica of this database is not used', async () => {
  const other = await testDatabase();
  try {
    for (const [url, reason] of [
      [other.url, 'the server is not a replica'],
      [servers.primary.url(), 'the server is not a replica'],
      [replica.url('postgres'), 'the server is not a replica of this primary'],
    ]) {
      await open(undefined, url);
      expect(changes.map((change) => change ?? 'used')).toEqual([expect.stringContaining(reason)]);
      expect(await isServed()).toBe(false);
    }
  } finally {
    await other.close();
  }
});

// Last in this file: there is no way back.
test('a replica that is promoted is left out', async () => {
  await replica.ask('select pg_promote()');
  await until(() => changes.length > 1);
  expect(changes[1]).toBe('the server is not a replica');
  expect(await isServed()).toBe(false);
});
