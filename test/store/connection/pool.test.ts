import { createServer, type Socket } from 'node:net';
import { LimitError } from '../../../src/domain/limits';
import { Connection, type StatementCounter } from '../../../src/store/connection/connection';
import { faultOf } from '../../../src/store/connection/failure';
import { Lease } from '../../../src/store/connection/lease';
import { SharedPool, type Taken } from '../../../src/store/connection/pool';
import { openPool } from '../../../src/store/connection/session';
import { TimeLimit } from '../../../src/store/connection/time-limit';
import { type TestDatabase, testDatabase } from '../../support/database';

let database: TestDatabase;
let shared: SharedPool;
const taken: Taken[] = [];

beforeAll(async () => {
  database = await testDatabase();
}, 60_000);
beforeEach(() => {
  shared = new SharedPool(openPool({ url: database.url }, 4));
});
afterEach(async () => {
  for (const { release } of taken.splice(0)) release();
  await shared.pool.end();
});
afterAll(() => database.close());

const by = (clientId: string, more: Partial<StatementCounter> = {}): StatementCounter => ({
  statements: 0,
  clientId,
  ...more,
});
const take = async (clientId: string) => {
  taken.push(await shared.take(by(clientId)));
};
const outcomes = async (asked: readonly Promise<unknown>[]) => {
  const settled = await Promise.allSettled(asked);
  return settled.map((each) => (each.status === 'fulfilled' ? 'done' : faultOf(each.reason)));
};

test('a client alone has half of the connections, and another finds some at once', async () => {
  const greedy = Array.from({ length: 20 }, () => take('greedy'));
  await Promise.all(greedy.slice(0, 2));
  expect([shared.turns.heldBy('greedy'), shared.turns.waitingOf('greedy')]).toEqual([2, 18]);
  expect(await new Connection(shared, by('other')).query('select 1 as n')).toEqual([{ n: 1 }]);
  while (taken.length || shared.turns.waiting) {
    taken.shift()?.release();
    await new Promise(setImmediate);
  }
  await Promise.all(greedy);
});

test('statements take turns one by one, and give their connections back, failed ones too', async () => {
  const connection = new Connection(shared, by('one'));
  const asked = Array.from({ length: 30 }, (_, at) => connection.query(at % 3 ? 'select 1 as n' : 'select 1 / 0'));
  const settled = await Promise.allSettled(asked);
  expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(10);
  expect([shared.turns.inUse, shared.turns.waiting]).toEqual([0, 0]);
});

test('a pool that is busy is no outage: whoever waits for a turn gets it in the end', async () => {
  await take('a');
  await take('a');
  // The driver gives up after this time, where it is the one who waits.
  Object.assign(shared.pool.options, { connectionTimeoutMillis: 200 });
  const waiting = [1, 2, 3].map(() => new Connection(shared, by('a')).query('select 1 as n'));
  const lease = Lease.take(shared, by('a'));
  await new Promise((done) => setTimeout(done, 600));
  for (const { release } of taken.splice(0)) release();
  expect(await outcomes(waiting)).toEqual(['done', 'done', 'done']);
  await (await lease).release();
  expect(shared.turns.inUse).toBe(0);
});

test('whoever runs out of time gives up his place, and takes no connection', async () => {
  await take('a');
  await take('a');
  const limit = new TimeLimit(60_000);
  const waiting = [1, 2, 3].map(() => new Connection(shared, by('a', { limit })).query('select 1 as n'));
  const leased = Lease.take(shared, by('a', { limit }));
  await new Promise(setImmediate);
  expect(shared.turns.waiting).toBe(4);
  limit.pass();
  expect(await outcomes([...waiting, leased])).toEqual(Array(4).fill('timeout'));
  expect(shared.turns.waiting).toBe(0);
  await expect(shared.take(by('a', { limit }))).rejects.toMatchObject({ code: '57014' });
});

test('whoever runs out of time while a connection is opened for him gives it back', async () => {
  const limit = new TimeLimit(60_000);
  const asked = shared.take(by('a', { limit }));
  await Promise.resolve();
  limit.pass();
  await expect(asked).rejects.toMatchObject({ code: '57014' });
  while (shared.turns.inUse) await new Promise(setImmediate);
  expect(await new Connection(shared, by('a')).query('select 1 as n')).toEqual([{ n: 1 }]);
  expect(shared.pool.totalCount).toBe(1);
});

test('a client that has as many waiting as it may is refused at once, and all that the request still asks', async () => {
  await take('a');
  await take('a');
  const requests = [1, 2, 3].map(() => by('a', { mostWaiting: 3 }));
  const waiting = requests.map((counter) => new Connection(shared, counter).query('select 1 as n'));
  await new Promise(setImmediate);
  const refused = by('a', { mostWaiting: 3 });
  const error = await shared.take(refused).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(LimitError);
  expect(error).toMatchObject({
    code: 'RATE_LIMITED',
    retryAfter: 1,
    details: { limit: 'waiting', allowed: 3, requested: 4 },
  });
  // Others are not, and a request that was let in goes on to the end: it may have changed something.
  expect(await new Connection(shared, by('b', { mostWaiting: 3 })).query('select 1 as n')).toEqual([{ n: 1 }]);
  const more = new Connection(shared, requests[0]).query('select 2 as n');
  for (const { release } of taken.splice(0)) release();
  expect(await outcomes([...waiting, more])).toEqual(Array(4).fill('done'));
  // What was refused stays refused, though there is room by now.
  await expect(new Connection(shared, refused).query('select 1')).rejects.toBe(error);
});

test('a server that lets nobody in is unavailable to all that wait, not to one after another', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket.on('error', () => {})));
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  const { port } = silent.address() as { port: number };
  const url = `postgres://nobody@127.0.0.1:${port}/nothing`;
  const away = new SharedPool(openPool({ url }, 4, {}, { connectionTimeoutMillis: 300 }));
  try {
    const asked = Array.from({ length: 40 }, () => new Connection(away, by('a')).query('select 1'));
    expect(await outcomes(asked)).toEqual(Array(40).fill('unavailable'));
    // It was asked by as many as may have a connection, and by no one again.
    expect(sockets.length).toBeLessThanOrEqual(4);
    expect([away.turns.inUse, away.turns.waiting]).toEqual([0, 0]);
  } finally {
    await away.pool.end();
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => silent.close(done));
  }
});

test('a server that takes no further connections keeps those waiting who can have one that is open', async () => {
  await take('a');
  await take('a');
  const waiting = Array.from({ length: 3 }, () => new Connection(shared, by('a')).query('select 1 as n'));
  await new Promise(setImmediate);
  const nowhere = Object.assign(new URL(database.url), { pathname: '/there_is_none' }).href;
  Object.assign(shared.pool.options, { connectionString: nowhere });
  await expect(new Connection(shared, by('b')).query('select 1')).rejects.toMatchObject({ code: '3D000' });
  expect(shared.turns.waitingOf('a')).toBe(3);
  for (const { release } of taken.splice(0)) release();
  expect(await outcomes(waiting)).toEqual(['done', 'done', 'done']);
});
