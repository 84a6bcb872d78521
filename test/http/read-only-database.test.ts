import { setTimeout as delay } from 'node:timers/promises';
import { Database } from '../../src/store/connection/database';
import { openDatabase } from '../../src/store/connection/open-database';
import { type Answer, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { killAll, start } from '../support/process';
import { proxyTo, type TestProxy } from '../support/proxy';
import { type Replicated, replicated, type TestServer } from '../support/replica';

/* The address of the database leads to a server that takes no writes: a real standby, or a primary made read-only. */
jest.setTimeout(60_000);

let servers: Replicated;
let primary: TestServer;
let standby: TestServer;
let proxy: TestProxy;
let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  servers = await replicated(1);
  ({ primary } = servers);
  [standby] = servers.replicas;
  proxy = await proxyTo(primary.port);
  const direct = await servers.open();
  const url = proxy.url(direct.url);
  const db = await Database.open({ url });
  const close = async () => {
    await db.close();
    await direct.close();
  };
  gateway = await testGateway({ database: { ...direct, db, url, close } });
  client = await gateway.client();
  await servers.caughtUp();
});
afterAll(async () => {
  killAll();
  await gateway?.close();
  await proxy?.close();
  await servers?.close();
});

const create = 'mutation { createAccount(input: {name: "A", currency: "USD"}) { account { id } } }';
const write = (key?: string) => client.graphql(create, {}, key ? { 'idempotency-key': key } : {});
const read = () => client.graphql('{ accounts { totalCount } }');
const ready = () => client.request({ method: 'GET', url: '/readyz' });
const told = ({ status, headers, body }: Answer) => [
  status,
  headers['retry-after'],
  body.errors?.[0].extensions.code ?? body.reason,
];
const away = [503, '2', 'UNAVAILABLE'];
const notReady = [503, '2', 'database read-only'];

/** Milliseconds until a write, a read and /readyz succeed. */
async function recovery(): Promise<number> {
  const began = performance.now();
  const all = async () => [await write(), await read(), await ready()].every(({ status }) => status === 200);
  while (!(await all())) await delay(50);
  return performance.now() - began;
}

async function setReadOnly(setting: 'on' | 'off'): Promise<void> {
  await primary.ask(`alter system set default_transaction_read_only = ${setting}`);
  await primary.ask('select pg_reload_conf()');
}

test('a standby behind the address is an outage that says why, and is over once the address leads to the primary', async () => {
  expect([await write(), await read(), await ready()].map(({ status }) => status)).toEqual([200, 200, 200]);
  proxy.lead(standby.port);
  proxy.cut();
  for (const answer of [await write(), await write('key'), await read()]) expect(told(answer)).toEqual(away);
  expect(told(await ready())).toEqual(notReady);
  // A standby answers reads, so a connection to it would last.
  expect(gateway.services.db.pools.map(([, pool]) => pool.totalCount)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
  proxy.lead(primary.port);
  expect(await recovery()).toBeLessThan(2_000);
  expect(await write('key')).toMatchObject({
    status: 200,
    headers: expect.not.objectContaining({ 'idempotency-replayed': 'true' }),
  });
});

test('connections to a primary that is made read-only are given up, those that only read too', async () => {
  await Promise.all([write(), write(), read(), read()]);
  await setReadOnly('on');
  try {
    // The address leads to nothing better yet.
    await delay(100);
    const answers = [await write(), await write('another'), await write()];
    expect(answers.map(told)).toEqual([away, away, away]);
    // At once, and not only when PostgreSQL says of itself that it is read-only: a pooler may not pass that on.
    const { reading, writing } = gateway.services.db;
    expect([reading, writing].map(({ pool }) => pool.totalCount)).toEqual([0, 0]);
    expect(told(await ready())).toEqual(notReady);
    expect(told(await read())).toEqual(away);
  } finally {
    await setReadOnly('off');
  }
  expect(await recovery()).toBeLessThan(2_000);
});

test('a read alone gives up the connection to a primary that was made read-only', async () => {
  await read();
  await setReadOnly('on');
  try {
    await delay(100);
    // PostgreSQL says so with its next answer, and within a second the connection is ended.
    const began = performance.now();
    while ((await read()).status === 200) await delay(50);
    expect(performance.now() - began).toBeLessThan(2_000);
  } finally {
    await setReadOnly('off');
  }
  await recovery();
});

test('a process that starts on a standby says so, waits for the primary, and serves then', async () => {
  proxy.lead(standby.port);
  const process = start({ DATABASE_URL: proxy.url(primary.url()) });
  const { host } = new URL(proxy.url(primary.url()));
  const message = `The server at ${host} is a standby or read-only: waiting for a primary`;
  while (!process.out().includes(message)) await delay(20);
  const seen = proxy.connections;
  while (proxy.connections < seen + 1) await delay(20);
  proxy.lead(primary.port);
  const origin = await process.origin;
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
  expect(process.out().split(message)).toHaveLength(2);
  process.child.kill('SIGTERM');
  expect([await process.ended, process.err()]).toEqual([0, '']);
});

test('whoever does not wait is told that the server is a standby', async () => {
  const { host } = new URL(standby.url());
  await expect(openDatabase({ databaseUrl: standby.url(), dataDir: '' })).rejects.toThrow(
    `The server at ${host} is a standby or read-only; a primary is needed.`,
  );
  // To look, a standby is good enough.
  const { close } = await openDatabase({ databaseUrl: standby.url(), dataDir: '', asItIs: true });
  await close();
});
