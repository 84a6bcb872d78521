import { setTimeout as delay } from 'node:timers/promises';
import { Database } from '../../src/store/connection/database';
import { openDatabase } from '../../src/store/connection/open-database';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { proxyTo, type TestProxy } from '../support/proxy';
import { type Replicated, replicated, type TestServer } from '../support/replica';

/*
 * The URL of the database names a primary and its standby, each behind a proxy. The tests follow each other: the primary goes
 * silent and is replaced, speaks again, and its successor dies.
 */
jest.setTimeout(60_000);

let servers: Replicated;
let primary: TestServer;
let standby: TestServer;
let toPrimary: TestProxy;
let toStandby: TestProxy;
let url: string;
let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  servers = await replicated(1);
  ({ primary } = servers);
  [standby] = servers.replicas;
  [toPrimary, toStandby] = [await proxyTo(primary.port), await proxyTo(standby.port)];
  const direct = await servers.open();
  const [first, second] = [toStandby, toPrimary].map((proxy) => new URL(proxy.url(direct.url)).host);
  url = direct.url.replace(new URL(direct.url).host, `${first},${second}`).concat('?target_session_attrs=read-write');
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
  await gateway?.close();
  for (const proxy of [toPrimary, toStandby]) await proxy?.close();
  await servers?.close();
});

const write = () =>
  client.graphql('mutation { createAccount(input: {name: "A", currency: "USD"}) { account { id } } }');
const accountsOf = async (server: TestServer) =>
  (await server.ask<{ n: number }>('select count(*)::integer as n from account'))[0].n;

/** Milliseconds until a write succeeds. Whatever fails before is an outage. */
async function recovery(): Promise<number> {
  const began = performance.now();
  for (;;) {
    const { status, body } = await write();
    if (status === 200) return performance.now() - began;
    expect([status, body.errors[0].extensions.code]).toEqual([503, 'UNAVAILABLE']);
    await delay(50);
  }
}

test('the server that takes writes is found, wherever it stands in the list', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, write));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(await accountsOf(primary)).toBe(20);
  // A start finds it too, with all its pools and migrations.
  const database = await openDatabase({ databaseUrl: url, dataDir: '' });
  expect(await database.db.state()).toBe('ready');
  await database.close();
});

test('a primary that says nothing any more is left within seconds, once another server takes writes', async () => {
  await Promise.all([write(), write(), write()]);
  await servers.caughtUp();
  toPrimary.silence();
  toPrimary.deaf = true;
  await standby.ask('select pg_promote()');
  expect(await recovery()).toBeLessThan(9_000);
  expect((await client.request({ method: 'GET', url: '/readyz' })).status).toBe(200);
  expect([await accountsOf(primary), await accountsOf(standby)]).toEqual([23, 24]);
});

test('a primary that was replaced gets no writes, though it takes them: not beside its successor, and not without it', async () => {
  toPrimary.deaf = false;
  toStandby.cut();
  await recovery();
  expect([await accountsOf(primary), await accountsOf(standby)]).toEqual([23, 25]);
  await standby.kill();
  for (let time = 0; time < 3; time++) {
    const { status, headers, body } = await write();
    expect([status, headers['retry-after'], body.errors[0].extensions.code]).toEqual([503, '2', 'UNAVAILABLE']);
    await delay(200);
  }
  await standby.start();
  expect(await recovery()).toBeLessThan(5_000);
  expect([await accountsOf(primary), await accountsOf(standby)]).toEqual([23, 26]);
});
