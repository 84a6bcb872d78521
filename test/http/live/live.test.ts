import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { eventSource, type SocketClient, socketClient } from '../../support/live';

/* Subscriptions as clients see them: the client of graphql-ws, and server-sent events by fetch. */

let gateway: TestGatewayServer;
let address: string;
let client: TestClient;
let socket: SocketClient;
let line: string;
let entities = 0;

beforeAll(async () => {
  gateway = await testGateway();
  address = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
}, 60_000);
afterAll(() => gateway.close());
beforeEach(async () => {
  client = await gateway.client({ grants: [{ entity: `Entity ${++entities}`, orgs: ['North'] }] });
  socket = socketClient(address, { Authorization: `Bearer ${client.token}` });
  const { orderLineItems } = await orderFor(await client.work());
  line = orderLineItems[0].id;
});
afterEach(async () => {
  await socket.client.dispose();
  expect(gateway.failures.splice(0)).toEqual([]);
});

const create = async (quantity = '1', of = client) =>
  (
    await of.graphql(
      `mutation ($line: ID!, $quantity: Decimal!) { createFulfillments(input: { fulfillments: [
        { orderLineItemId: $line, fulfillmentDate: "2022-01-01", quantity: $quantity } ] }) { fulfillments { id } } }`,
      { line, quantity },
    )
  ).body.data.createFulfillments.fulfillments[0].id as string;
const book = (id: string) =>
  client.graphql('mutation ($id: ID!) { bookFulfillments(keys: [$id]) { fulfillments { id } } }', { id });

const byKey = 'subscription ($key: ID!) { fulfillment(key: $key) { id state } }';
const list = 'subscription { fulfillments(first: 2) { totalCount nodes { id state } } }';
const events = `subscription ($after: String, $filter: EventFilter) {
  events(after: $after, filter: $filter) { cursor node { type subjectId } } }`;

describe('a live read', () => {
  test('sends the present answer at once, and again when it differs', async () => {
    const id = await create();
    const received = socket.subscribe({ query: byKey, variables: { key: id } });
    expect(await received.next()).toEqual({ data: { fulfillment: { id, state: 'Executing' } } });
    await book(id);
    expect(await received.next()).toEqual({ data: { fulfillment: { id, state: 'Booked' } } });
    // A change that does not show.
    await create();
    await client.graphql('mutation ($id: ID!) { deleteFulfillment(key: $id) { deletedId } }', { id });
    await client.graphql('mutation ($id: ID!) { cancelFulfillments(keys: [$id]) { fulfillments { id } } }', { id });
    received.stop();
  });

  test('of a list, of an alias and through a fragment on the root is answered as the query', async () => {
    const received = socket.subscribe({ query: list });
    expect(await received.next()).toEqual({ data: { fulfillments: { totalCount: 0, nodes: [] } } });
    const other = socket.subscribe({
      query: 'subscription S { ...Root } fragment Root on Subscription { all: fulfillmentCounts { state count } }',
    });
    expect((await other.next()).data.all[0]).toEqual({ state: 'Executing', count: 0 });
    const id = await create();
    expect(await received.next()).toEqual({
      data: { fulfillments: { totalCount: 1, nodes: [{ id, state: 'Executing' }] } },
    });
    expect((await other.next()).data.all[0]).toEqual({ state: 'Executing', count: 1 });
  });

  test('comes by server-sent events too', async () => {
    const id = await create();
    const { response, received, stop } = await eventSource(`${address}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${client.token}`,
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
      body: JSON.stringify({ query: byKey, variables: { key: id } }),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await received.next()).toEqual({ data: { fulfillment: { id, state: 'Executing' } } });
    await book(id);
    expect(await received.next()).toEqual({ data: { fulfillment: { id, state: 'Booked' } } });
    stop();
  });
});

describe('a subscription of events', () => {
  test('sends what happens from now on, one by one with its cursor', async () => {
    const received = socket.subscribe({
      query: events,
      variables: { filter: { type: { startsWith: 'Fulfillment.' } } },
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const id = await create();
    const first = await received.next();
    expect(first.data.events).toEqual({
      cursor: expect.any(String),
      node: { type: 'Fulfillment.Create', subjectId: id },
    });
    await book(id);
    expect((await received.next()).data.events.node.type).toBe('Fulfillment.Book');
    received.stop();
    // Resumes without a gap and without a repeat.
    const again = socket.subscribe({
      query: events,
      variables: { after: first.data.events.cursor, filter: { type: { startsWith: 'Fulfillment.' } } },
    });
    expect((await again.next()).data.events.node).toEqual({ type: 'Fulfillment.Book', subjectId: id });
    expect(again.count).toBe(0);
  });
});
