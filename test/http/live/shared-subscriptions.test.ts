import { setTimeout as delay } from 'node:timers/promises';
import { standardLimits } from '../../../src/domain/limits';
import { HeldSubscriptions } from '../../../src/http/live/held-subscriptions';
import { ClientUse } from '../../../src/service/client-use';
import { newId } from '../../../src/store/id';
import { type TestDatabase, testDatabase } from '../../support/database';
import { type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { eventSource, type SocketClient, socketClient } from '../../support/live';
import { killAll, start } from '../../support/process';

/* How many subscriptions a client may have through several processes of one database. */

jest.setTimeout(30_000);

const subscription = 'subscription { fulfillmentCounts { state count } }';
let database: TestDatabase;
let first: TestGatewayServer;
let second: TestGatewayServer;
let addresses: string[];
let client: TestClient;
const sockets: SocketClient[] = [];

beforeAll(async () => {
  database = await testDatabase();
  first = await testGateway({ database });
  second = await testGateway({ database });
  addresses = [];
  for (const { server } of [first, second]) addresses.push(await server.app.listen({ host: '127.0.0.1', port: 0 }));
}, 60_000);
afterAll(async () => {
  killAll();
  await second.server.app.close();
  await first.close();
});
beforeEach(async () => {
  client = await first.client();
});
afterEach(async () => {
  for (const { client: each } of sockets.splice(0)) await each.dispose();
});

const socketTo = (address: string) => {
  const socket = socketClient(address, { authorization: `Bearer ${client.token}` });
  sockets.push(socket);
  return socket;
};
/** Begins so many, and resolves when each has its first answer. */
async function begun(socket: SocketClient, count: number) {
  const all = Array.from({ length: count }, () => socket.subscribe({ query: subscription }));
  for (const each of all) await each.next();
  return all;
}
/** What the processes have told of the client. */
const told = async () => {
  const [{ sum }] = await database.owner<{ sum: number }>(
    'select coalesce(sum(count), 0)::integer as sum from client_subscription where client_id = $1',
    [client.clientId],
  );
  return sum;
};
async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await met())) {
    if (performance.now() > deadline) throw new Error('it did not come to that');
    await delay(20);
  }
}
const refusal = (allowed: number) => ({
  message: `The client has ${allowed} subscriptions already. A WebSocket without any counts as one. End some of them.`,
  extensions: { code: 'RATE_LIMITED', limit: 'subscriptions', allowed, requested: allowed + 1, retryable: true },
});

test('the 1,001st is refused by either process, and one that ends makes room in both', async () => {
  const [a, b] = addresses.map(socketTo);
  await begun(a, 500);
  const [one] = await begun(b, 500);
  await until(async () => (await told()) === 1_000);
  // Each looks up a client with many once a second.
  await delay(1_200);
  for (const socket of [a, b]) {
    expect(await socket.subscribe({ query: subscription }).ending()).toEqual([refusal(1_000)]);
  }
  const events = await eventSource(`${addresses[0]}/graphql`, {
    method: 'POST',
    headers: {
      ...{ authorization: `Bearer ${client.token}`, accept: 'text/event-stream', 'content-type': 'application/json' },
    },
    body: JSON.stringify({ query: subscription }),
  });
  expect(events.response.status).toBe(429);
  one.stop();
  await until(async () => (await told()) === 999);
  await delay(1_200);
  await begun(a, 1);
});

test('a process that is killed gives its subscriptions back within seconds, and one that stops at once', async () => {
  const limit = { MAX_SUBSCRIPTIONS: '20' };
  const small = await testGateway({ database, server: { limits: { subscriptions: 20 } } });
  const address = await small.server.app.listen({ host: '127.0.0.1', port: 0 });
  const env = { DATABASE_URL: database.url, JWT_SIGNING_KEY: 'a key of thirty-two characters or more', ...limit };
  const other = start(env);
  const there = socketTo(await other.origin);
  await begun(there, 19);
  const [own] = await begun(socketTo(address), 1);
  await until(async () => (await told()) === 20);
  const refused = async () => {
    const received = socketTo(address).subscribe({ query: subscription });
    await Promise.race([received.next().catch(() => {}), received.ending()]);
    const { ended } = received;
    received.stop();
    return ended !== undefined;
  };
  await until(refused);
  other.child.kill('SIGKILL');
  const killed = performance.now();
  await other.ended;
  await until(async () => !(await refused()));
  expect(performance.now() - killed).toBeLessThan(8_000);
  own.stop();
  await small.server.app.close();
  expect(await told()).toBe(19);
});

describe('a count of subscriptions', () => {
  const uses: ClientUse[] = [];
  const held = () => {
    const use = new ClientUse({ db: database.db, onFailure: () => {} });
    uses.push(use);
    return new HeldSubscriptions({ ...standardLimits, subscriptions: 10, allSubscriptions: 100_000 }, use);
  };
  afterEach(async () => {
    for (const use of uses.splice(0)) await use.close();
  });

  test('is told again when the database has lost it', async () => {
    const counts = held();
    for (let n = 0; n < 3; n++) counts.admit(client.clientId);
    await until(async () => (await told()) === 3);
    await database.owner('truncate gateway_process, client_subscription');
    await until(async () => (await told()) === 3);
    for (let n = 0; n < 3; n++) counts.leave(client.clientId);
    await until(async () => (await told()) === 0);
  });

  test('of five thousand clients is told within seconds, and forgotten when they have left', async () => {
    const counts = held();
    const ids = Array.from({ length: 5_000 }, newId);
    const [{ before }] = await database.owner<{ before: number }>(
      'select count(*)::integer as before from client_subscription',
    );
    const rows = async () =>
      (await database.owner<{ rows: number }>('select count(*)::integer as rows from client_subscription'))[0].rows;
    for (const id of ids) counts.admit(id);
    await until(async () => (await rows()) === before + 5_000);
    for (const id of ids) counts.leave(id);
    await uses[0].close();
    expect(await rows()).toBe(before);
  });
});
