import { setTimeout as delay } from 'node:timers/promises';
import { ApolloClient, gql, HttpLink, InMemoryCache, split } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition } from '@apollo/client/utilities';
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import WebSocket from 'ws';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { Received } from '../support/live';
import { freePort } from '../support/own-process';
import { settled } from '../support/settled';

/* Real clients subscribe, each as its own documentation says. */

let gateway: TestGatewayServer;
let address: string;
let client: TestClient;
let authorization: string;
let accounts = 0;

beforeAll(async () => {
  gateway = await testGateway();
  address = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  client = await gateway.client();
  authorization = `Bearer ${client.token}`;
}, 60_000);
afterAll(() => gateway.close());

const text = 'subscription { accounts { totalCount } }';
const wsUrl = () => `${address.replace('http', 'ws')}/graphql`;
const socket = (more: object = {}) =>
  createWsClient({
    url: wsUrl(),
    webSocketImpl: WebSocket,
    connectionParams: async () => ({ authorization }),
    ...more,
  });
async function account(): Promise<void> {
  const { body } = await client.graphql(
    'mutation { createAccount(input: { name: "A", currency: "USD" }) { userErrors { code } } }',
  );
  expect(body.data.createAccount.userErrors).toEqual([]);
  accounts++;
}
async function follows(received: Received, countIn: (value: never) => number): Promise<void> {
  expect(countIn((await received.next()) as never)).toBe(accounts);
  await account();
  expect(countIn((await received.next()) as never)).toBe(accounts);
}

test('graphql-ws iterates over a subscription, and ends it', async () => {
  const ws = socket();
  const all = ws.iterate<{ accounts: { totalCount: number } }>({ query: text });
  expect((await all.next()).value?.data).toEqual({ accounts: { totalCount: accounts } });
  await account();
  expect((await all.next()).value?.data).toEqual({ accounts: { totalCount: accounts } });
  await all.return?.();
  await ws.dispose();
});

test('graphql-sse subscribes with distinct connections', async () => {
  const sse = createSseClient({ url: `${address}/graphql`, headers: { authorization }, retryAttempts: 0 });
  const received = new Received();
  const stop = sse.subscribe<{ accounts: { totalCount: number } }>(
    { query: text },
    {
      next: (value) => received.push(value),
      error: (error) => received.end(error),
      complete: () => received.end('complete'),
    },
  );
  await follows(received, ({ data }: { data: { accounts: { totalCount: number } } }) => data.accounts.totalCount);
  stop();
  expect(await received.ending()).toBe('complete');
  sse.dispose();
});

test('graphql-sse connects again when the server stops, and goes on', async () => {
  const first = await testGateway({ database: { ...gateway.database, close: async () => {} } });
  const port = await freePort();
  const url = await first.server.app.listen({ host: '127.0.0.1', port });
  const sse = createSseClient({
    ...{ url: `${url}/graphql`, headers: { authorization }, retryAttempts: 50 },
    retry: () => new Promise((resolve) => setTimeout(resolve, 50)),
  });
  const received = new Received();
  sse.subscribe(
    { query: text },
    {
      next: (value) => received.push(value),
      error: (error) => received.end(error),
      complete: () => received.end('complete'),
    },
  );
  expect(await received.next()).toEqual({ data: { accounts: { totalCount: accounts } } });
  await first.server.moment();
  await first.close();
  const second = await testGateway({ database: { ...gateway.database, close: async () => {} } });
  await second.server.app.listen({ host: '127.0.0.1', port });
  expect(await received.next()).toEqual({ data: { accounts: { totalCount: accounts } } });
  sse.dispose();
  await second.close();
});

test('graphql-ws goes on behind the last event that arrived, whatever happened while it was away', async () => {
  const open = () => testGateway({ database: { ...gateway.database, close: async () => {} } });
  const first = await open();
  const port = await freePort();
  const url = await first.server.app.listen({ host: '127.0.0.1', port });
  const ws = socket({
    url: `${url.replace('http', 'ws')}/graphql`,
    retryAttempts: 100,
    shouldRetry: () => true,
    retryWait: () => delay(50),
    on: {
      // As docs/events.md has it.
      message: ({ type, payload }: { type: string; payload: { data: { events: { cursor: string } } } }) => {
        if (type !== 'next') return;
        variables.after = payload.data.events.cursor;
        arrived++;
      },
    },
  });
  const query = 'subscription ($after: String) { events(after: $after) { cursor node { type subjectId } } }';
  const { body } = await client.graphql('{ events(first: 0) { pageInfo { endCursor } } }');
  const variables = { after: body.data.events.pageInfo.endCursor };
  const handled: string[] = [];
  let arrived = 0;
  let free = Promise.resolve();
  let release = () => {};
  const following = (async () => {
    for await (const { data } of ws.iterate<{ events: { cursor: string; node: { subjectId: string } } }>({
      query,
      variables,
    })) {
      handled.push(data!.events.node.subjectId);
      await free;
    }
  })();
  const known = async () => {
    await settled(gateway.database);
    const all = await client.graphql('{ events(first: 100) { nodes { subjectId } } }');
    return all.body.data.events.nodes.map(({ subjectId }: { subjectId: string }) => subjectId);
  };
  const allArrived = async () => {
    const { length } = await known();
    for (let looks = 0; looks < 250 && arrived < length; looks++) await delay(20);
    expect(arrived).toBe(length);
  };
  const caughtUp = async () => {
    for (let looks = 0; looks < 100 && handled.length < (await known()).length; looks++) await delay(50);
    expect(handled).toEqual(await known());
  };
  await account();
  await caughtUp();
  // The handler is slow, so an event waits in the client while the server stops.
  free = new Promise((resolve) => {
    release = resolve;
  });
  for (let more = 0; more < 2; more++) await account();
  await allArrived();
  await first.server.moment();
  await first.close();
  await account();
  const second = await open();
  await second.server.app.listen({ host: '127.0.0.1', port });
  await account();
  await allArrived();
  release();
  await caughtUp();
  await ws.dispose();
  await following.catch(() => {});
  await second.close();
});

test('Apollo Client subscribes by GraphQLWsLink, beside queries by HTTP', async () => {
  const ws = socket();
  const link = split(
    ({ query }) => {
      const definition = getMainDefinition(query);
      return definition.kind === 'OperationDefinition' && definition.operation === 'subscription';
    },
    new GraphQLWsLink(ws),
    new HttpLink({ uri: `${address}/graphql`, headers: { authorization } }),
  );
  const apollo = new ApolloClient({ link, cache: new InMemoryCache() });
  const { data } = await apollo.query<{ viewer: { clientId: string } }>({ query: gql`{ viewer { clientId } }` });
  expect(data?.viewer.clientId).toBe(client.clientId);
  const received = new Received();
  const subscription = apollo.subscribe({ query: gql(text) }).subscribe((value) => received.push(value));
  await follows(received, (value: { data: { accounts: { totalCount: number } } }) => value.data.accounts.totalCount);
  subscription.unsubscribe();
  apollo.stop();
  await ws.dispose();
});

test('urql subscribes by its subscriptionExchange', async () => {
  const ws = socket();
  const urql = new Client({
    url: `${address}/graphql`,
    fetchOptions: { headers: { authorization } },
    exchanges: [
      cacheExchange,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({
            unsubscribe: ws.subscribe({ ...request, query: request.query ?? '' }, sink as never),
          }),
        }),
      }),
    ],
    preferGetMethod: false,
  });
  const received = new Received();
  const { unsubscribe } = urql.subscription(text, {}).subscribe((value) => received.push(value));
  await follows(received, (value: { data: { accounts: { totalCount: number } } }) => value.data.accounts.totalCount);
  unsubscribe();
  await ws.dispose();
});

test('urql subscribes by server-sent events too, and is told when the stream breaks', async () => {
  const urql = new Client({
    url: `${address}/graphql`,
    fetchOptions: { headers: { authorization } },
    exchanges: [cacheExchange, fetchExchange],
    fetchSubscriptions: true,
    preferGetMethod: false,
  });
  const received = new Received();
  const { unsubscribe } = urql.subscription(text, {}).subscribe((value) => received.push(value));
  await follows(received, (value: { data: { accounts: { totalCount: number } } }) => value.data.accounts.totalCount);
  // It does not connect again: its reader is told, and has to.
  gateway.server.app.server.closeAllConnections();
  expect(await received.next()).toMatchObject({ hasNext: false, error: { networkError: expect.anything() } });
  unsubscribe();
});
