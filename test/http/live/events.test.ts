import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import { Lease } from '../../../src/store/connection/lease';
import { type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { eventSource, type Received, type SocketClient, socketClient } from '../../support/live';
import { settled } from '../../support/settled';

/* The order of events for those who follow them live: without a gap and without a repeat, whatever happens. */

jest.setTimeout(60_000);

let gateway: TestGatewayServer;
let address: string;
let client: TestClient;
let entities = 0;
const sockets: SocketClient[] = [];

beforeAll(async () => {
  gateway = await testGateway({ server: { sendTimeoutMs: 2_000 } });
  address = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
}, 60_000);
afterAll(() => gateway.close());
beforeEach(async () => {
  client = await gateway.client({ grants: [{ entity: `Entity ${++entities}`, orgs: ['North'] }] });
});
afterEach(async () => {
  for (const { client: each } of sockets.splice(0)) await each.dispose();
});

const subscribe = (asked: Parameters<SocketClient['subscribe']>[0]) => {
  const socket = socketClient(address, { authorization: `Bearer ${client.token}` });
  sockets.push(socket);
  return socket.subscribe(asked);
};
const text =
  'subscription ($after: String, $filter: EventFilter) { events(after: $after, filter: $filter) { cursor node { id type } } }';
const create = `mutation ($name: String!) { createAccount(input: { name: $name, currency: "USD" }) { account { id } userErrors { code } } }`;
const account = async (name: string) => {
  const { body } = await client.graphql(create, { name });
  return body.data.createAccount.account.id as string;
};
/** The ids of all events as the query pages them. */
async function all(): Promise<string[]> {
  await settled(gateway.database);
  const ids: string[] = [];
  for (let after: string | null = null; ; ) {
    const { body } = await client.graphql(
      'query ($after: String) { events(first: 100, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }',
      { after },
    );
    ids.push(...body.data.events.nodes.map(({ id }: { id: string }) => id));
    after = body.data.events.pageInfo.endCursor;
    if (!body.data.events.pageInfo.hasNextPage) return ids;
  }
}
async function take(received: Received, count: number): Promise<{ id: string; cursor: string }[]> {
  const taken = [];
  for (let each = 0; each < count; each++) {
    const { data } = await received.next();
    taken.push({ id: data.events.node.id, cursor: data.events.cursor });
  }
  return taken;
}
const ids = (taken: { id: string }[]) => taken.map(({ id }) => id);

test('fifty writers at once are told to each subscriber as the query tells them, wherever it begins', async () => {
  await account('First');
  await settled(gateway.database);
  const [, cursor] = await client
    .graphql('{ events(first: 1) { edges { cursor node { id } } } }')
    .then(({ body }) => [body.data.events.edges[0].node.id, body.data.events.edges[0].cursor]);
  const live = [subscribe({ query: text }), subscribe({ query: text, variables: { after: cursor } })];
  await delay(300);
  await Promise.all(Array.from({ length: 50 }, (_, at) => Promise.all([account(`A${at}`), account(`B${at}`)])));
  const late = subscribe({ query: text, variables: { after: cursor } });
  const expected = (await all()).slice(1);
  expect(expected).toHaveLength(100);
  for (const received of [...live, late]) expect(ids(await take(received, 100))).toEqual(expected);
  await delay(300);
  expect([...live, late].map(({ count }) => count)).toEqual([0, 0, 0]);
});

test('an event waits for an older transaction that is open, and then comes behind it', async () => {
  const received = subscribe({ query: text });
  await delay(300);
  const { caller } = await client.work();
  const lease = await Lease.take(gateway.database.db.writing);
  lease.begin(caller);
  await lease.query('select event_position()');
  await account('Behind');
  await delay(600);
  expect(received.count).toBe(0);
  await lease.query(
    `insert into history_entry (id, entity_id, org_id, subject_type, subject_id, at, actor, action, changes, version, transaction_id)
     values (gen_random_uuid(), $1, $2, 'Order', gen_random_uuid(), now(), gen_random_uuid(), 'Delete', '[]', 2, event_position())`,
    [caller.entityId, caller.orgIds[0]],
  );
  await lease.commit();
  await lease.release();
  expect((await received.next()).data.events.node.type).toBe('Order.Delete');
  expect((await received.next()).data.events.node.type).toBe('Account.Create');
});

test.each([false, true])(
  'what was committed before a subscription, behind an open transaction, is not lost to it (others follow: %s)',
  async (others) => {
    if (others) {
      const stranger = await gateway.client({ grants: [{ entity: 'Others', orgs: ['North'] }] });
      const socket = socketClient(address, { authorization: `Bearer ${stranger.token}` });
      sockets.push(socket);
      await socket.subscribe({ query: 'subscription { accounts { totalCount } }' }).next();
    }
    const { caller } = await client.work();
    const lease = await Lease.take(gateway.database.db.writing);
    lease.begin(caller);
    await lease.query('select event_position()');
    await account('Before');
    // The look of each second has come by, on behalf of the others.
    if (others) await delay(1_500);
    const received = subscribe({ query: text });
    await delay(500);
    expect(received.count).toBe(0);
    await lease.release();
    expect((await received.next()).data.events.node.type).toBe('Account.Create');
  },
);

test('a long past is read page by page, and what happens meanwhile comes behind it', async () => {
  for (let each = 0; each < 8; each++)
    await Promise.all(Array.from({ length: 30 }, (_, at) => account(`${each} ${at}`)));
  const first = (await all())[0];
  const { body } = await client.graphql('{ events(first: 1) { edges { cursor } } }');
  const received = subscribe({ query: text, variables: { after: body.data.events.edges[0].cursor } });
  const meanwhile = account('Meanwhile');
  const taken = ids(await take(received, 240));
  await meanwhile;
  expect([first, ...taken]).toEqual(await all());
});

test('an alias, merged fields and a fragment give what they give in a query', async () => {
  const query = `subscription { e: events { ...Edge } e: events { node { ... on HistoryEntry { subjectType } } } }
    fragment Edge on HistoryEntryEdge { at: cursor node { what: type subject { ... on Account { name } } } }`;
  const received = subscribe({ query });
  await delay(300);
  await account('A');
  expect(await received.next()).toEqual({
    data: {
      e: { at: expect.any(String), node: { what: 'Account.Create', subjectType: 'Account', subject: { name: 'A' } } },
    },
  });
});

test('a filter leaves out the rest, and another subscriber with the same cursor shares nothing wrong', async () => {
  const kept = await account('Kept');
  // An event that an open transaction keeps incomplete would still be told.
  await settled(gateway.database);
  const one = subscribe({ query: text, variables: { filter: { subjectId: { eq: kept } } } });
  const none = subscribe({ query: text, variables: { filter: { type: { eq: 'Invoice.Post' } } } });
  await delay(300);
  await account('Other');
  await client.graphql(
    'mutation ($id: ID!) { updateAccount(key: $id, input: { name: "X" }) { userErrors { code } } }',
    { id: kept },
  );
  expect((await one.next()).data.events.node.type).toBe('Account.Update');
  await delay(300);
  expect([one.count, none.count]).toEqual([0, 0]);
});

test('a subscriber that does not read is cut off, resumes from its cursor, and holds up nobody', async () => {
  const name = 'n'.repeat(200);
  const deep = `subscription ($after: String) { events(after: $after) { cursor node { id type subject { ... on Account {
    ${Array.from({ length: 150 }, (_, at) => `a${at}: name`).join(' ')} } } } } }`;
  const raw = new WebSocket(`${address.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const ended = once(raw, 'close');
  await once(raw, 'open');
  raw.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${client.token}` } }));
  await once(raw, 'message');
  raw.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: deep } }));
  const other = subscribe({ query: deep });
  await delay(300);
  await account(name);
  const [message] = await once(raw, 'message');
  const { cursor } = JSON.parse(String(message)).payload.data.events;
  raw.pause();
  // Some 30 KB for each event, beyond what the kernel takes.
  for (let each = 0; each < 15; each++)
    await Promise.all(Array.from({ length: 20 }, (_, at) => account(`${name}${each}-${at}`)));
  const expected = await all();
  expect(ids(await take(other, 301))).toEqual(expected);
  await delay(3_500);
  raw.resume();
  await ended;
  const { body } = await client.graphql('{ viewer { clientId } }');
  expect(body.data.viewer.clientId).toBe(client.clientId);
  const again = subscribe({ query: text, variables: { after: cursor } });
  expect(ids(await take(again, 300))).toEqual(expected.slice(1));
});

test('a selection that costs too much for a page of many comes in shorter ones', async () => {
  const wide = Array.from({ length: 80 }, (_, at) => `o${at}: orders(first: 100) { nodes { orderNumber } }`).join(' ');
  const query = `subscription { events { node { id subject { ... on Account { ${wide} } } } } }`;
  const received = subscribe({ query });
  await delay(500);
  const id = await account('A');
  const { data } = await received.next();
  expect([data.events.node.subject.o79, id]).toEqual([{ nodes: [] }, expect.any(String)]);
});

test('server-sent events hand on the same cursors', async () => {
  const headers = {
    authorization: `Bearer ${client.token}`,
    'content-type': 'application/json',
    accept: 'text/event-stream',
  };
  const open = (after?: string) =>
    eventSource(`${address}/graphql`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ query: text, variables: { after } }),
    });
  const first = await open();
  await delay(300);
  await account('A');
  await account('B');
  const [{ cursor }] = await take(first.received, 1);
  first.stop();
  const second = await open(cursor);
  expect(ids(await take(second.received, 1))).toEqual((await all()).slice(1));
  second.stop();
});

test('a filter that the list of events refuses is refused before anything is read, and harms nobody', async () => {
  for (const filter of ['{ subjectId: null }', '{ type: { eq: null } }']) {
    const refused = subscribe({ query: `subscription { events(filter: ${filter}) { cursor } }` });
    const [error] = await refused.ending();
    expect([error.message, error.extensions.code]).toEqual([
      expect.stringContaining('must not be null'),
      'BAD_USER_INPUT',
    ]);
  }
  const unknown = subscribe({ query: 'subscription { events(filter: { type: { eq: "Acount.Create" } }) { cursor } }' });
  expect((await unknown.ending())[0]).toMatchObject({
    message: expect.stringContaining('filter.type.eq. "Acount.Create" is no type of event.'),
    extensions: { code: 'BAD_USER_INPUT' },
  });
  const received = subscribe({ query: text });
  await delay(100);
  await account('After');
  expect((await received.next()).data.events.node.type).toBe('Account.Create');
});
