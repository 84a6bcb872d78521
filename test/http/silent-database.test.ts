import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { Database } from '../../src/store/connection/database';
import { testDatabase } from '../support/database';
import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { killAll, start } from '../support/process';
import { proxyTo, type TestProxy } from '../support/proxy';

/*
 * What does not die cleanly: a database whose connections fall silent, and a process that is frozen. Both take some
 * seconds, so both begin at once.
 */

const allowed = 2_000;
let gateway: TestGatewayServer;
let proxy: TestProxy;
let client: TestClient;

interface Outcome {
  status: number;
  code?: string;
  /** Milliseconds from the beginning of the scenario. */
  at: number;
}
let silent: Promise<{ during: Outcome[]; lasted: number; after: Outcome[] }>;
let frozen: Promise<{ first: Answer; last: Answer; lasted: number }>;

const accounts = '{ accounts { totalCount } }';
const create = 'mutation { createAccount(input: {name: "A", currency: "USD"}) { account { id } } }';
const ship = `mutation ($line: ID!) { createFulfillments(input: { fulfillments: [
  { orderLineItemId: $line, fulfillmentDate: "2022-01-01", quantity: 1 }] }) { fulfillments { id } userErrors { code } } }`;

beforeAll(async () => {
  const database = await testDatabase();
  proxy = await proxyTo(Number(new URL(database.url).port));
  // The tests look directly, the gateway goes through the proxy.
  const url = proxy.url(database.url);
  const db = await Database.open({ url, poolSize: 4, requestTimeoutMs: allowed });
  const close = async () => {
    await db.close();
    // A connection that fell silent before its password came waits a minute for it, and so would the end of the database.
    proxy.cut();
    await database.close();
  };
  gateway = await testGateway({ database: { ...database, db, url, close }, server: { limits: { time: allowed } } });
  client = await gateway.client();
  const { orderLineItems } = await orderFor(await client.work());
  silent = silence();
  frozen = freeze(database.url, orderLineItems[0].id);
  for (const each of [silent, frozen]) each.catch(() => {});
}, 60_000);
afterAll(async () => {
  killAll();
  await gateway?.close();
  await proxy?.close();
});

async function silence() {
  let began = 0;
  let key = 0;
  const said = async (asked: Promise<Answer>): Promise<Outcome> => {
    const { status, body } = await asked;
    return { status, code: body?.errors?.[0].extensions.code, at: performance.now() - began };
  };
  const { clientId, secret } = client;
  const token = () =>
    gateway.server.app
      .inject({
        method: 'POST',
        url: '/oauth/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: `grant_type=client_credentials&client_id=${clientId}&client_secret=${secret}`,
      })
      .then(({ statusCode: status }) => ({ status }) as Answer);
  const every = () => [
    said(client.graphql(accounts)),
    said(client.graphql(create)),
    said(client.graphql(create, {}, { 'idempotency-key': `${key++}` })),
    said(client.request({ method: 'GET', url: '/v1/fulfillments/F-1' })),
    said(token()),
    said(client.request({ method: 'GET', url: '/readyz' })),
  ];
  // More than the pools have connections.
  const many = () => Promise.all(Array.from({ length: 4 }, every).flat());
  await many();
  proxy.silence();
  began = performance.now();
  const during = await many();
  let lasted = 0;
  for (let all: Outcome[] = during; all.some(({ status }) => status >= 500); lasted = performance.now() - began) {
    await delay(100);
    all = await Promise.all(every());
  }
  return { during, lasted, after: await many() };
}

async function freeze(url: string, line: string) {
  const env = { DATABASE_URL: url, REQUEST_TIMEOUT_MS: '1500', LOG_LEVEL: 'silent' };
  const process = start(env);
  const origin = await process.origin;
  const { clientId, secret } = client;
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: secret });
  const { access_token } = (await (await fetch(`${origin}/oauth/token`, { method: 'POST', body: form })).json()) as {
    access_token: string;
  };
  const holder = new Client(url);
  await holder.connect();
  await holder.query(`begin; select from order_line_item where id = '${line}' for update`);
  const sent = fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${access_token}`,
      'content-type': 'application/json',
      'idempotency-key': 'frozen',
    },
    body: JSON.stringify({ query: ship, variables: { line } }),
  });
  sent.catch(() => {});
  await gateway.database.blocked();
  process.child.kill('SIGSTOP');
  const began = performance.now();
  await holder.query('rollback');
  await holder.end();
  // Another process, with a database of its own that does not fall silent.
  const other = await testGateway({
    database: { ...gateway.database, db: await Database.open({ url }), url, close: () => other.services.db.close() },
  });
  const again = await other.server.identity.issue(clientId, secret);
  const send = async (): Promise<Answer> => {
    const { statusCode, headers, body } = await other.server.app.inject({
      method: 'POST',
      url: '/graphql',
      headers: { authorization: `Bearer ${again.access_token}`, 'idempotency-key': 'frozen' },
      payload: { query: ship, variables: { line } },
    });
    return { status: statusCode, headers, text: body, body: JSON.parse(body) };
  };
  const first = await send();
  let last = first;
  while (last.status === 409) {
    await delay(100);
    last = await send();
  }
  const lasted = performance.now() - began;
  await other.close();
  return { first, last, lasted };
}

test('a database that falls silent fills no pool for longer than the time limit and some seconds', async () => {
  const { during, lasted, after } = await silent;
  // What looks up its client has no time limit yet, and is answered once the connection is found to be lost.
  expect(during.filter(({ status, at }) => status < 500 || at > 8_000)).toEqual([]);
  expect(lasted).toBeLessThan(allowed + 8_000);
  expect(after.map(({ status }) => status)).toEqual(after.map(() => 200));
  // What runs in the background uses a connection now and then, and gives it back.
  let busy = gateway.services.db.pools;
  for (let looks = 0; busy.length && looks < 500; looks++) {
    busy = busy.filter(([, pool]) => pool.totalCount !== pool.idleCount);
    await delay(20);
  }
  expect(busy.map(([name]) => name)).toEqual([]);
}, 30_000);

test('a key of a request in a process that is frozen is free again within the time limit and some seconds', async () => {
  const { first, last, lasted } = await frozen;
  expect([first.status, first.body.errors[0].extensions.code]).toEqual([409, 'IDEMPOTENCY_IN_PROGRESS']);
  expect([last.status, last.headers['idempotency-replayed'], last.body.data.createFulfillments.userErrors]).toEqual([
    200,
    undefined,
    [],
  ]);
  expect(lasted).toBeLessThan(1_500 + 5_000 + 1_000);
  // What the frozen process was at is carried out once.
  expect(await gateway.database.owner('select from fulfillment')).toHaveLength(1);
}, 30_000);
