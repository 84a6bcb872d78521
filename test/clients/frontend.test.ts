import { setTimeout as delay } from 'node:timers/promises';
import type { ApolloClient, TypePolicies } from '@apollo/client';
import { Client, fetchExchange, gql } from '@urql/core';
import { cacheExchange, type KeyingConfig } from '@urql/exchange-graphcache';
import WebSocket from 'ws';
import { schemaText } from '../../src/graph/build/schema';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { PageApp } from '../support/page-app';
import { settled } from '../support/settled';

/* The app of docs/frontend.md, as its reader would copy it: generated, compiled, and run against a gateway. */

// Apollo Client warns in its build for developers alone, so it is loaded after this.
Object.assign(globalThis, { __DEV__: true });
const apolloClient = require('@apollo/client') as typeof import('@apollo/client');

let gateway: TestGatewayServer;
let client: TestClient;
let app: PageApp;
let compiled: string;
let ids: string[];
/** Who is signed in. A test may let the first token be refused. */
let signIn: (fresh: boolean) => string;
const arrived: { method: string; key?: string; accept?: string }[] = [];
/** What clients say on the console of a developer: nothing, if the page is right. */
const said: string[] = [];

interface Row {
  id: string;
  version: number;
  state: string;
  allowedTransitions: { action: string }[];
}

beforeAll(async () => {
  for (const level of ['warn', 'error'] as const)
    jest.spyOn(console, level).mockImplementation((...words) => void said.push(words.join(' ')));
  gateway = await testGateway();
  client = await gateway.client();
  const address = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  gateway.server.app.server.on('request', ({ method, headers }) =>
    arrived.push({ method: method!, key: headers['idempotency-key'] as string, accept: headers.accept }),
  );
  // Node 20 has no WebSocket, which browsers have.
  Object.assign(globalThis, { WebSocket, signIn: (fresh: boolean) => signIn(fresh) });
  app = new PageApp('docs/frontend.md', schemaText(), {
    'token.ts': `declare const signIn: (fresh: boolean) => string;
export const token = async (fresh = false): Promise<string> => signIn(fresh);`,
    'relay/settings.ts': `import { graphql } from 'relay-runtime';
export const settingsQuery = graphql\`query settingsQuery { viewer { entity { id name } } billingSettings { id version } }\`;`,
  });
  app.project.write('src/send.ts', app.project.read('src/send.ts').replace('http://localhost:4000', address));
  compiled = app.compile();
  const { orderLineItems } = await orderFor(await client.work());
  const entry = { orderLineItemId: orderLineItems[0].id, quantity: '2', fulfillmentDate: '2022-01-01' };
  const made = await client.graphql(
    `mutation ($entries: [CreateFulfillmentInput!]!) {
      createFulfillments(input: { fulfillments: $entries }) { fulfillments { id } userErrors { code } } }`,
    { entries: Array(25).fill(entry) },
  );
  ids = made.body.data.createFulfillments.fulfillments.map(({ id }: Row) => id);
}, 60_000);
beforeEach(() => {
  signIn = () => client.token;
  arrived.splice(0);
});
afterEach(() => expect(said.splice(0)).toEqual([]));
afterAll(async () => {
  await app.load('socket').socket.dispose();
  await gateway.close();
  app.remove();
});

/** Each client, as its files have it, and what its cache shows of the list. */
const clients = {
  apollo: () => {
    const { list, more } = app.load('apollo/pages');
    const rows = (): Row[] =>
      list.getCurrentResult().data.fulfillments.edges.map(({ node }: { node: Row }) => node);
    const open = () =>
      new Promise<void>((resolve) => list.subscribe(({ data }: { data: unknown }) => data && resolve()));
    return { open, more, rows };
  },
  urql: () => {
    const { urql } = app.load('urql/client');
    const { upTo } = app.load('urql/pages');
    const { Fulfillments } = app.load('documents');
    let after: string | undefined;
    const list = () => urql.readQuery(Fulfillments, { after }).data.fulfillments;
    const rows = (): Row[] => list().edges.map(({ node }: { node: Row }) => node);
    const more = async () => {
      after = list().pageInfo.endCursor;
      await upTo(after);
    };
    return { open: () => upTo(after), more, rows };
  },
  relay: () => {
    const { environment } = app.load('relay/environment');
    const { listFragment, listQuery, rowFragment } = app.load('relay/list');
    const relay = require('relay-runtime') as typeof import('relay-runtime');
    const operation = relay.createOperationDescriptor(relay.getRequest(listQuery), {});
    environment.retain(operation);
    // biome-ignore lint/suspicious/noExplicitAny: what hooks of React read
    const read = (fragment: any, parent: any): any =>
      environment.lookup(relay.getSingularSelector(fragment, parent)).data;
    const list = () => read(listFragment, environment.lookup(operation.fragment).data).fulfillments;
    const rows = (): Row[] => list().edges.map(({ node }: { node: unknown }) => read(rowFragment, node));
    const fetched = (query: never, variables: object) => relay.fetchQuery(environment, query, variables).toPromise();
    const more = () =>
      fetched(app.load('relay/generated/listPageQuery.graphql').default as never, {
        cursor: list().pageInfo.endCursor,
      });
    return { open: () => fetched(listQuery as never, {}), more, rows };
  },
};
const names = Object.keys(clients) as (keyof typeof clients)[];

const until = async (holds: () => boolean) => {
  for (let looks = 0; looks < 100 && !holds(); looks++) await delay(30);
};

test('the files of docs/frontend.md compile as strict TypeScript, with the code that their tools generate', () => {
  expect(compiled).toBe('');
  expect(app.files.length).toBeGreaterThan(20);
});

test('money is shown digit by digit', () => {
  const { shown } = app.load('money');
  expect(shown('1234567890123.123456789', 'USD')).toBe('$1,234,567,890,123.123456789');
  expect([shown('10.00', 'USD'), shown('500', 'JPY'), shown('-0.10', 'EUR')]).toEqual(['$10.00', '¥500', '-€0.10']);
});

describe.each(names)('%s', (name) => {
  const shown = () => clients[name]();
  let screen: ReturnType<typeof shown>;
  const row = (id: string) => screen.rows().find((each) => each.id === id);

  beforeAll(async () => {
    signIn = () => client.token;
    screen = shown();
    await screen.open();
  });

  test('reads a list page by page, each object once, in the order of creation', async () => {
    expect(screen.rows()).toHaveLength(20);
    await screen.more();
    await until(() => screen.rows().length === 25);
    expect(screen.rows().map(({ id }) => id).sort()).toEqual([...ids].sort());
  });

  test('shows what a mutation changed wherever it is shown, and carries a wish out once', async () => {
    const id = ids[names.indexOf(name)];
    const { book } = app.load(`${name}/book`);
    expect(row(id)).toMatchObject({ state: 'Executing', allowedTransitions: [{}, {}, {}] });
    const wish = { id, version: row(id)!.version };
    const first = await book(wish, `wish of ${name}`);
    expect(row(id)).toMatchObject({ state: 'Booked', version: wish.version + 1, allowedTransitions: [{}] });
    // The reply was lost, say: the same wish again.
    expect(await book(wish, `wish of ${name}`)).toEqual(first);
    expect(arrived.filter(({ method }) => method === 'POST').map(({ key }) => key)).toEqual(
      Array(2).fill(`wish of ${name}`),
    );
  });

  test('shows both sides of a conflict', async () => {
    const id = ids[3 + names.indexOf(name)];
    const { book } = app.load(`${name}/book`);
    const { version } = row(id)!;
    await client.graphql('mutation ($id: ID!) { bookFulfillments(keys: [$id]) { userErrors { code } } }', { id });
    expect(row(id)!.state).toBe('Executing');
    const answer = await book({ id, version }, `late wish of ${name}`);
    const refusals = answer.refusals ?? answer.bookFulfillments.userErrors;
    expect(refusals).toMatchObject([{ code: 'VERSION_CONFLICT', path: ['expectedVersions', '0'] }]);
    if (name !== 'relay') expect(answer.theirs).toMatchObject({ id, state: 'Booked', version: version + 1 });
    expect(row(id)).toMatchObject({ state: 'Booked', version: version + 1 });
  });

  test('shows what others change, as it happens', async () => {
    const id = ids[6 + names.indexOf(name)];
    const stop = app.load(`${name}/watch`).watch(id);
    await delay(50);
    await client.graphql('mutation ($id: ID!) { bookFulfillments(keys: [$id]) { userErrors { code } } }', { id });
    await until(() => row(id)?.state === 'Booked');
    expect(row(id)).toMatchObject({ state: 'Booked', allowedTransitions: [{}] });
    (stop.unsubscribe ?? stop.dispose).call(stop);
  });

  test('tells the code of what never reached the rules, and that there was no reply', async () => {
    const reader = await gateway.client({ scopes: ['read'] });
    signIn = () => reader.token;
    const { codeOf } = app.load(`${name}/code-of`);
    const { book } = app.load(`${name}/book`);
    const refused = await book(row(ids[9])!, 'no right').catch((error: unknown) => error);
    expect(codeOf(refused)).toBe('FORBIDDEN');
  });
});

describe('a rehearsal', () => {
  const version = async (id: string) => {
    const { body } = await client.graphql('query ($id: ID!) { fulfillment(key: $id) { version } }', { id });
    return body.data.fulfillment.version as number;
  };

  test.each(['apollo', 'urql'] as const)('of %s is past its cache, which would take it for a fact', async (name) => {
    const [id] = ids.slice(10 + names.indexOf(name));
    const row = () => clients[name]().rows().find((each) => each.id === id);
    const { data } = await app.load(`${name}/rehearse`).rehearse({ id, version: 1 });
    expect(data.bookFulfillments).toMatchObject({ fulfillments: [{ id, state: 'Booked' }], userErrors: [] });
    expect(row()!.state).toBe('Executing');
    const { Book } = app.load('documents');
    const variables = { id, version: 1, dryRun: true };
    if (name === 'apollo') await app.load('apollo/client').apollo.mutate({ mutation: Book, variables });
    else await app.load('urql/client').urql.mutation(Book, variables).toPromise();
    expect([row()!.state, await version(id)]).toEqual(['Booked', 1]);
  });
});

describe('send', () => {
  const ask = (query: string, more: object = {}) =>
    app.load('send').send(app.load('send').url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
      ...more,
    }) as Promise<Response>;
  const viewer = '{ viewer { name } }';

  test('gets another token once, when the first is refused', async () => {
    const asked: boolean[] = [];
    signIn = (fresh) => {
      asked.push(fresh);
      return fresh ? client.token : 'ended';
    };
    expect((await ask(viewer)).status).toBe(200);
    expect(asked).toEqual([false, true]);
    signIn = () => 'ended';
    arrived.splice(0);
    expect((await ask(viewer)).status).toBe(401);
    expect(arrived).toHaveLength(2);
  });

  test('asks again when the connection breaks, and not when its caller has given up', async () => {
    let broken = 0;
    const { server } = gateway.server.app;
    const breaking = (request: { socket: { destroy(): void } }) => {
      if (broken++ < 1) request.socket.destroy();
    };
    server.prependListener('request', breaking);
    expect((await ask(viewer)).status).toBe(200);
    broken = 0;
    const caller = new AbortController();
    const answer = ask(viewer, { signal: caller.signal });
    caller.abort();
    await expect(answer).rejects.toThrow(/abort/i);
    server.removeListener('request', breaking);
  });
});

test('a token ends, a stream breaks and the database is lost under a mutation: each goes on by itself', async () => {
  const { owner, blocked } = gateway.database;
  const [byOthers, first, second, mine] = ids.slice(13);
  const book = (id: string) =>
    client.graphql('mutation ($id: ID!) { bookFulfillments(keys: [$id]) { userErrors { code } } }', { id });
  signIn = (fresh) => (fresh ? client.token : 'ended');

  // The socket comes with a token that has ended.
  const watched = app.load('apollo/watch').watch(byOthers);

  await settled(gateway.database);
  const { body } = await client.graphql('{ events(first: 100, filter: { type: { eq: "Fulfillment.Book" } }) { pageInfo { endCursor } } }');
  const handled: string[] = [];
  const following = (async () => {
    for await (const { node } of app.load('follow').follow(body.data.events.pageInfo.endCursor)) {
      if (node.type === 'Fulfillment.Book') handled.push(node.subjectId);
      if (handled.length === 2) return;
    }
  })();
  await book(first);
  await until(() => handled.length === 1);
  gateway.server.app.server.closeAllConnections();
  await book(second);

  await owner('begin');
  await owner('select 1 from fulfillment where id = $1 for update', [mine]);
  arrived.splice(0);
  const began = Date.now();
  const booked = app.load('urql/book').book({ id: mine, version: 1 }, 'mine');
  await blocked();
  await owner(
    "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
  );
  await owner('rollback');
  expect(await booked).toMatchObject({ refusals: [] });
  expect(arrived.filter(({ key }) => key === 'mine').length).toBeGreaterThan(1);
  // The reply was 503 with Retry-After: 2.
  expect(Date.now() - began).toBeGreaterThan(1900);

  await following;
  expect(handled).toEqual([first, second]);
  const row = () => clients.apollo().rows().find(({ id }) => id === byOthers);
  expect(row()!.state).toBe('Executing');
  await book(byOthers);
  await until(() => row()!.state === 'Booked');
  expect(row()!.state).toBe('Booked');
  watched.unsubscribe();
});

describe('objects without an id', () => {
  const parts = gql`
    query Parts {
      viewer { name orgs { id } entities { id } }
      fulfillmentCounts { state count }
      fulfillmentSummary(groupBy: state) { key currency count amount }
      billingSettings { id taxCodes { code rate } units { name decimals } }
      previewBillRun(input: { targetDate: "2030-01-01" }) {
        invoiceCount
        totals { currency itemCount account { id paymentMethod { label } } }
        failures { code message }
      }
      invoices { nodes { id allowedActions { action allowed blockedBy { code message } } } pageInfo { endCursor } }
      orderLineItems { nodes { id allowedTransitions { to allowed blockedBy { code } } } }
      accounts { nodes { id paymentMethod { label } } }
      events(first: 100) { nodes { id changes { field before after } } }
    }
  `;
  /** Asks of the same objects what the other query does not. */
  const others = gql`
    query Others {
      viewer { clientId }
      previewBillRun(input: { targetDate: "2030-01-01" }) { creditMemoCount }
      invoices { totalCount pageInfo { hasNextPage } }
      accounts { nodes { id paymentMethod { type } } }
    }
  `;
  /** Makes lists shorter: of tax codes, of units, of the actions of the invoice. */
  const change = (count: number) =>
    client.graphql(
      `mutation ($settings: BillingSettingsInput!, $due: ID!, $billed: ID!, $day: Date!) {
        updateBillingSettings(input: $settings) { userErrors { code } }
        due: sendFulfillmentsToBilling(keys: [$due], billTargetDate: $day) { userErrors { code } }
        sendFulfillmentsToBilling(keys: [$billed], billTargetDate: $day, processingOptions: { runBilling: true }) {
          userErrors { code } } }`,
      {
        ...{ due: ids[18 + count], billed: ids[20 + count], day: '2022-01-01' },
        settings: {
          taxCodes: ['A', 'B'].slice(count).map((code) => ({ code, rate: '0.1' })),
          units: ['Each', 'Box'].slice(count).map((name) => ({ name, decimals: 0 })),
        },
      },
    );

  test('are read by parts, and again when they have changed: no part is lost, and no cache complains', async () => {
    const { possibleTypes } = app.load('possible-types');
    const { typePolicies } = app.load('apollo/policies');
    const { keys } = app.load('urql/keys');
    const { send, url } = app.load('send');
    const run = async (apollo: ApolloClient, urql: Client) => {
      for (const query of [parts, others]) {
        await apollo.query({ query, fetchPolicy: 'network-only' });
        const { error } = await urql.query(query, {}, { requestPolicy: 'network-only' }).toPromise();
        expect(error).toBeUndefined();
      }
      return [apollo.readQuery({ query: parts }), urql.readQuery(parts, {})?.data];
    };
    const clientsWith = (policies: TypePolicies, keying: KeyingConfig) =>
      [
        new apolloClient.ApolloClient({
          cache: new apolloClient.InMemoryCache({ possibleTypes, typePolicies: policies }),
          link: new apolloClient.HttpLink({ uri: url, fetch: send }),
        }),
        new Client({ url, fetch: send, exchanges: [cacheExchange({ possibleTypes, keys: keying }), fetchExchange] }),
      ] as const;
    const right = clientsWith(typePolicies, keys);
    const plain = clientsWith({}, {});
    for (const count of [0, 1]) {
      expect((await change(count)).body.errors).toBeUndefined();
      expect(await run(...right)).toEqual([expect.any(Object), expect.any(Object)]);
      expect(said).toEqual([]);
    }
    const [seen] = await run(...right);
    const named = new Set([...JSON.stringify(seen).matchAll(/"__typename":"(\w+)"/g)].map(([, type]) => type));
    // Of these the test has none to show.
    const rest = ['BillRunActionState', 'BillRunFailure', 'FulfillmentTransition', 'RegisteredDocument'];
    expect(Object.keys(keys).filter((type) => !named.has(type))).toEqual(rest);

    const [apollo] = await run(...plain);
    expect(apollo).toBeNull();
    const complaints = said.splice(0).join();
    expect(complaints).toContain('Invalid key');
    // Apollo's warnings are numbers behind this address: 127 is of lost data.
    expect(decodeURIComponent(complaints)).toMatch(/go\.apollo\.dev\S*"message":127\b/);
  });
});

test('Relay keeps an entity and its settings apart, which have one id', async () => {
  const relay = require('relay-runtime') as typeof import('relay-runtime');
  const { environment } = app.load('relay/environment');
  const { settingsQuery } = app.load('relay/settings');
  const ask = (where: typeof environment) => relay.fetchQuery(where, settingsQuery, {}).toPromise();
  const answer = (await ask(environment)) as { viewer: { entity: object }; billingSettings: { id: string } };
  expect(answer).toEqual({
    viewer: { entity: { id: answer.billingSettings.id, name: 'Acme' } },
    billingSettings: { id: expect.any(String), version: expect.any(Number) },
  });
  expect(said).toEqual([]);
  const network = environment.getNetwork();
  await ask(new relay.Environment({ network, store: new relay.Store(new relay.RecordSource()) }));
  expect(said.splice(0).join()).toMatch(/__typename/);
});
