import { setTimeout as delay } from 'node:timers/promises';
import { createSigner } from 'fast-jwt';
import { revokeClient, updateClient } from '../../../src/service/client-change';
import { behindPooler } from '../../support/database';
import {
  type Answer,
  metricsOf,
  orderFor,
  type TestClient,
  type TestGatewayServer,
  testGateway,
} from '../../support/gateway';
import { eventSource, type Received, type SocketClient, socketClient } from '../../support/live';
import { killAll, start } from '../../support/process';

/* What subscribers share, what they may see, and what they live through. */

let gateway: TestGatewayServer;
let address: string;
let client: TestClient;
let entity: string;
let entities = 0;
const sockets: SocketClient[] = [];

beforeAll(async () => {
  gateway = await testGateway();
  address = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
}, 60_000);
afterAll(async () => {
  killAll();
  await gateway.close();
});
beforeEach(async () => {
  entity = `Entity ${++entities}`;
  client = await gateway.client({ grants: [{ entity, orgs: ['North'] }] });
});
afterEach(async () => {
  for (const { client: each } of sockets.splice(0)) await each.dispose();
  expect(gateway.failures.splice(0)).toEqual([]);
});

const socketOf = (of: TestClient, params: Record<string, unknown> = {}, more: object = {}) => {
  const socket = socketClient(address, { authorization: `Bearer ${of.token}`, ...params }, more);
  sockets.push(socket);
  return socket;
};
const account = async (name: string, of = client, by = of.graphql) =>
  (
    await by(
      'mutation ($name: String!) { createAccount(input: { name: $name, currency: "USD" }) { account { id } userErrors { code } } }',
      { name },
    )
  ).body.data.createAccount.account.id as string;
const rename = (id: string, name: string) =>
  client.graphql(
    'mutation ($id: ID!, $name: String!) { updateAccount(key: $id, input: { name: $name }) { userErrors { code } } }',
    { id, name },
  );
const accounts = 'subscription ($filter: AccountFilter) { accounts(first: 100, filter: $filter) { nodes { name } } }';
const names = ({ data }: { data: { accounts: { nodes: { name: string }[] } } }) =>
  data.accounts.nodes.map(({ name }) => name);
async function runs(kind: 'live' | 'events'): Promise<number> {
  const text = await metricsOf(gateway.server);
  const line = new RegExp(`^gateway_live_run_duration_seconds_count\\{kind="${kind}",outcome="ok"\\} (\\d+)$`, 'm');
  return Number(line.exec(text)?.[1] ?? 0);
}
const events =
  'subscription ($after: String, $filter: EventFilter) { events(after: $after, filter: $filter) { cursor node { type subjectId } } }';

describe('equal live reads', () => {
  test('of any number of subscribers run once, whoever they are', async () => {
    const second = await gateway.client({ grants: [{ entity, orgs: ['North'] }] });
    const before = await runs('live');
    const received: Received[] = [];
    for (const of of [client, second]) {
      const socket = socketOf(of);
      for (let each = 0; each < 10; each++) received.push(socket.subscribe({ query: accounts }));
    }
    for (const each of received) expect(names(await each.next())).toEqual([]);
    await delay(300);
    const begun = await runs('live');
    // Those that came during a run have had one of their own.
    expect(begun - before).toBeLessThanOrEqual(3);
    await account('A');
    for (const each of received) expect(names(await each.next())).toEqual(['A']);
    expect((await runs('live')) - begun).toBe(1);
  });

  test('do not run for changes of another entity or of another kind', async () => {
    const stranger = await gateway.client({ grants: [{ entity: `${entity} else`, orgs: ['North'] }] });
    const orders = 'subscription { orders { totalCount } }';
    const received = socketOf(client).subscribe({ query: orders });
    expect((await received.next()).data.orders.totalCount).toBe(0);
    await delay(300);
    const before = await runs('live');
    await account('A');
    await account('B', stranger);
    await orderFor(await stranger.work());
    await delay(600);
    expect((await runs('live')) - before).toBe(0);
    await orderFor(await client.work());
    expect((await received.next()).data.orders.totalCount).toBe(1);
  });

  test('run at once, and then at most four times a second', async () => {
    const id = await account('0');
    const received = socketOf(client).subscribe({ query: accounts });
    await received.next();
    await delay(300);
    const before = await runs('live');
    const began = performance.now();
    await rename(id, '1');
    expect(names(await received.next())).toEqual(['1']);
    const first = performance.now() - began;
    expect(first).toBeLessThan(240);
    while (performance.now() - began < 1_000) await rename(id, String(performance.now()));
    await rename(id, 'last');
    let last: string[];
    do last = names(await received.next());
    while (last[0] !== 'last');
    const seconds = (performance.now() - began) / 1_000;
    expect((await runs('live')) - before).toBeLessThanOrEqual(Math.ceil(seconds * 4) + 1);
  });
});

describe('what another process commits', () => {
  test('is told at once', async () => {
    const env = { DATABASE_URL: gateway.database.url, JWT_SIGNING_KEY: 'a key of thirty-two characters or more' };
    const process = start(env);
    const origin = await process.origin;
    const by: TestClient['graphql'] = async (query, variables) => {
      const headers = { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ query, variables });
      const response = await fetch(`${origin}/graphql`, { method: 'POST', headers, body });
      return { body: await response.json() } as Answer;
    };
    const received = socketOf(client).subscribe({ query: accounts });
    expect(names(await received.next())).toEqual([]);
    const lags: number[] = [];
    for (let each = 1; each <= 5; each++) {
      await account(`Elsewhere ${each}`, client, by);
      const began = performance.now();
      expect(names(await received.next())).toHaveLength(each);
      lags.push(performance.now() - began);
      await delay(200 * Math.random());
    }
    // The look of each second would take half of one in the middle. Behind a pooler there is no other.
    expect(lags.sort((a, b) => a - b)[2]).toBeLessThan(behindPooler ? 1_500 : 300);
    process.child.kill('SIGTERM');
    await process.ended;
  });

  test('is found within a second behind a pooler, where nobody can listen', async () => {
    const pooled = start({
      ...{ DATABASE_URL: gateway.database.url, JWT_SIGNING_KEY: 'a key of thirty-two characters or more' },
      DATABASE_PREPARE: 'off',
    });
    const socket = socketClient(await pooled.origin, { authorization: `Bearer ${client.token}` });
    sockets.push(socket);
    const received = socket.subscribe({ query: accounts });
    expect(names(await received.next())).toEqual([]);
    await account('Elsewhere');
    expect(names(await received.next())).toEqual(['Elsewhere']);
    pooled.child.kill('SIGTERM');
    await pooled.ended;
  });

  test('is found within a second if nobody tells', async () => {
    const received = socketOf(client).subscribe({ query: accounts });
    expect(names(await received.next())).toEqual([]);
    const { entityId } = (await client.work()).caller;
    // As a program would that knows nothing of us.
    const [{ id: org }] = await gateway.database.owner<{ id: string }>('select id from org where entity_id = $1', [
      entityId,
    ]);
    await gateway.database.owner(
      `with made as (insert into account select (jsonb_populate_record(null::account, to_jsonb(a) || jsonb_build_object(
           'id', gen_random_uuid(), 'entity_id', $1::uuid, 'org_id', $2::uuid, 'account_number', 'A-X', 'name', 'Silent'))).*
         from account a limit 1 returning *)
       insert into history_entry (id, entity_id, org_id, subject_type, subject_id, at, actor, action, changes, version, transaction_id)
       select gen_random_uuid(), entity_id, org_id, 'Account', id, now(), created_by_id, 'Create', '[]', 1, event_position() from made`,
      [entityId, org],
    );
    expect(names(await received.next())).toEqual(['Silent']);
  });
});

describe('subscribers see', () => {
  test('their own entity and orgs, which they name as in a request', async () => {
    const wide = await gateway.client({
      grants: [
        { entity, orgs: ['North', 'South'] },
        { entity: `${entity} two`, orgs: ['West'] },
      ],
    });
    const { body } = await wide.graphql('{ viewer { entities { id name } } }');
    const [one, two] = [entity, `${entity} two`].map(
      (name) => body.data.viewer.entities.find((each: { name: string }) => each.name === name).id,
    );
    const undecided = socketOf(wide).subscribe({ query: accounts });
    expect((await undecided.ending())[0].extensions.code).toBe('BAD_REQUEST');
    const first = socketOf(wide, { 'Zuora-Entity-Ids': one }).subscribe({ query: accounts });
    const second = socketOf(wide, { 'zuora-entity-ids': two }).subscribe({ query: accounts });
    expect(names(await first.next())).toEqual([]);
    expect(names(await second.next())).toEqual([]);
    const south = await gateway.client({ grants: [{ entity, orgs: ['South'] }] });
    const narrow = socketOf(client).subscribe({ query: accounts });
    expect(names(await narrow.next())).toEqual([]);
    const narrowEvents = socketOf(client).subscribe({ query: events });
    await delay(200);
    await account('In the south', south);
    expect(names(await first.next())).toEqual(['In the south']);
    const own = await account('In the north');
    expect(names(await narrow.next())).toEqual(['In the north']);
    expect((await narrowEvents.next()).data.events.node).toEqual({ type: 'Account.Create', subjectId: own });
    await delay(300);
    expect([second.count, narrow.count, narrowEvents.count]).toEqual([0, 0, 0]);
  });
});

describe('a session ends', () => {
  test('when its client is revoked', async () => {
    const socket = socketOf(client);
    await socket.subscribe({ query: accounts }).next();
    const { received } = await eventSource(`${address}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${client.token}`,
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
      body: JSON.stringify({ query: accounts }),
    });
    await received.next();
    await revokeClient(gateway.database.db, client.clientId);
    expect((await received.next()).errors[0].extensions.code).toBe('UNAUTHENTICATED');
    expect(await received.ending()).toBe('complete');
    await delay(200);
    expect(socket.closes.map(({ code }) => code)).toEqual([4403]);
  });

  test('when its grants have changed, so that its client connects again', async () => {
    const socket = socketOf(client, {}, { retryAttempts: 5, retryWait: async () => {} });
    const received = socket.subscribe({ query: accounts });
    expect(names(await received.next())).toEqual([]);
    const south = await gateway.client({ grants: [{ entity, orgs: ['South'] }] });
    await account('In the south', south);
    await updateClient(gateway.database.db, client.clientId, { grant: { entity, orgs: ['South'] } });
    expect(names(await received.next())).toEqual(['In the south']);
    expect(socket.closes.map(({ code }) => code)).toEqual([4205]);
  });

  test('when its token has ended', async () => {
    const claims = JSON.parse(Buffer.from(client.token.split('.')[1], 'base64url').toString());
    const sign = createSigner({ key: 'a key of thirty-two characters or more', algorithm: 'HS256' });
    const brief = sign({ ...claims, exp: Math.floor(Date.now() / 1_000) + 2 });
    const socket = socketOf({ ...client, token: brief });
    await socket.subscribe({ query: accounts }).next();
    for (let looks = 0; socket.closes.length === 0 && looks < 100; looks++) await delay(50);
    expect(socket.closes.map(({ code, reason }) => [code, reason])).toEqual([
      [4403, expect.stringMatching(/^The bearer token has expired/)],
    ]);
  });
});

describe('a subscription goes on', () => {
  test('when all connections to the database are lost', async () => {
    const received = socketOf(client).subscribe({ query: accounts });
    const followed = socketOf(client).subscribe({ query: events });
    expect(names(await received.next())).toEqual([]);
    await delay(200);
    await gateway.database.owner(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    );
    await delay(50);
    let id: string | undefined;
    for (let tries = 0; !id; tries++) {
      id = await account('After').catch(() => undefined);
      if (tries > 50) throw new Error('the database did not come back');
    }
    expect(names(await received.next())).toEqual(['After']);
    expect((await followed.next()).data.events.node).toEqual({ type: 'Account.Create', subjectId: id });
    const lost = gateway.failures.splice(0).map(({ what }) => what);
    // A pooler keeps the connection that listens, and takes another session for it.
    const said = lost.includes('following what is committed: this is tried again each second');
    expect(said).toBe(!behindPooler);
  });

  test('over a budget that is spent, and comes late', async () => {
    const poor = await testGateway({
      database: { ...gateway.database, close: async () => {} },
      // A count costs three million.
      server: { limits: { costPerMinute: 7_000_000 } },
    });
    try {
      const url = await poor.server.app.listen({ host: '127.0.0.1', port: 0 });
      const socket = socketClient(url, { authorization: `Bearer ${client.token}` });
      sockets.push(socket);
      const received = socket.subscribe({ query: 'subscription { accounts { totalCount } }' });
      expect((await received.next()).data.accounts.totalCount).toBe(0);
      await account('A');
      expect((await received.next()).data.accounts.totalCount).toBe(1);
      await account('B');
      await delay(500);
      const refused = socket.subscribe({ query: 'subscription { all: accounts { totalCount } }' });
      expect((await refused.ending())[0].extensions).toMatchObject({ code: 'RATE_LIMITED', limit: 'costPerMinute' });
      expect(received.count).toBe(0);
      expect(received.ended).toBeUndefined();
    } finally {
      await poor.close();
    }
  });
});

test('a server that stops ends subscriptions so that their clients connect again', async () => {
  const stopping = await testGateway({ database: { ...gateway.database, close: async () => {} } });
  const url = await stopping.server.app.listen({ host: '127.0.0.1', port: 0 });
  const socket = socketClient(url, { authorization: `Bearer ${client.token}` });
  sockets.push(socket);
  await socket.subscribe({ query: accounts }).next();
  const { received } = await eventSource(`${url}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${client.token}`,
      'content-type': 'application/json',
      accept: 'text/event-stream',
    },
    body: JSON.stringify({ query: accounts }),
  });
  await received.next();
  const began = performance.now();
  await stopping.server.moment();
  await stopping.close();
  expect(performance.now() - began).toBeLessThan(3_000);
  expect(await received.ending()).toBe('cut off');
  await delay(100);
  expect(socket.closes.map(({ code }) => code)).toEqual([1001]);
});
