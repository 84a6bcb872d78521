import { realpathSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import { schemaText } from '../../src/graph/build/schema';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { PageApp } from '../support/page-app';
import { clients, type Row, type Screen } from '../support/page-clients';
import { proxyTo, type TestProxy } from '../support/proxy';
import { settled } from '../support/settled';

/* The app of docs/frontend.md, as its reader would copy it: generated, compiled, and run against a gateway. */

/** For the files after this one. */
const before = { WebSocket: Reflect.get(globalThis, 'WebSocket'), signIn: undefined };
afterAll(() => Object.assign(globalThis, before));

let gateway: TestGatewayServer;
let client: TestClient;
let app: PageApp;
let compiled: string;
let ids: string[];
/** The network between the app and the gateway. */
let proxy: TestProxy;
/** Who is signed in. A test may let the first token be refused. */
let signIn: (fresh: boolean) => string;
const arrived: { method: string; key?: string; accept?: string }[] = [];
/** What clients say on the console of a developer: nothing, if the page is right. */
const said: string[] = [];

beforeAll(async () => {
  for (const level of ['warn', 'error'] as const)
    jest.spyOn(console, level).mockImplementation((...words) => void said.push(words.join(' ')));
  gateway = await testGateway();
  client = await gateway.client();
  const gatewayAddress = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  proxy = await proxyTo(Number(new URL(gatewayAddress).port));
  gateway.server.app.server.on('request', ({ method, headers }) =>
    arrived.push({ method: method!, key: headers['idempotency-key'] as string, accept: headers.accept }),
  );
  // Node 20 has no WebSocket, which browsers have.
  Object.assign(globalThis, { WebSocket, signIn: (fresh: boolean) => signIn(fresh) });
  app = new PageApp('docs/frontend.md', schemaText(), undefined, {
    'token.ts': `declare const signIn: (fresh: boolean) => string;
export const token = async (fresh = false): Promise<string> => signIn(fresh);`,
    'relay/settings.ts': `import { graphql } from 'relay-runtime';
export const settingsQuery = graphql\`query settingsQuery { viewer { entity { id name } } billingSettings { id version } }\`;`,
  });
  // The gateway of the test, and tenths of seconds where the page waits for seconds.
  for (const [file, ...changes] of [
    ['src/send.ts', ['http://localhost:4000/graphql', proxy.url(`${gatewayAddress}/graphql`)], ['40_000', '1_500']],
    ['src/socket.ts', ['keepAlive: 10_000', 'keepAlive: 500'], ['5_000', '500']],
  ] as [string, ...[string, string][]][]) {
    const text = app.project.read(file);
    for (const [was] of changes) expect(text).toContain(was);
    app.project.write(
      file,
      changes.reduce((now, [was, is]) => now.replace(was, is), text),
    );
  }
  app.generate();
  compiled = app.compiled();
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
  await proxy.close();
  await gateway.close();
  app.remove();
});

const names = Object.keys(clients) as (keyof typeof clients)[];

const until = async (holds: () => boolean) => {
  for (let looks = 0; looks < 300 && !holds(); looks++) await delay(30);
};

/** Asks by the `send` of the page. */
const ask = (query: string, more: object = {}, url: string = app.load('send').url) =>
  app.load('send').send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    ...more,
  }) as Promise<Response>;
const viewer = '{ viewer { name } }';

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
  let screen: Screen;
  const row = (id: string) => screen.rows().find((each) => each.id === id);

  beforeAll(async () => {
    signIn = () => client.token;
    screen = clients[name](app);
    await screen.open();
  });

  test('reads a list page by page, each object once, in the order of creation', async () => {
    expect(screen.rows()).toHaveLength(20);
    await screen.more();
    await until(() => screen.rows().length === 25);
    expect(
      screen
        .rows()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...ids].sort());
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
    // Refused as a whole, with status 401.
    signIn = () => 'ended';
    const unknown = await book(row(ids[9])!, 'no token').catch((error: unknown) => error);
    expect(codeOf(unknown)).toBe('UNAUTHENTICATED');
    signIn = () => {
      throw new TypeError('There is no network.');
    };
    const unanswered = await book(row(ids[9])!, 'no network').catch((error: unknown) => error);
    expect(codeOf(unanswered)).toBe('UNREACHABLE');
  });
});

test('a deleted object leaves the screen', async () => {
  const rows = () => clients.apollo(app).rows();
  const id = ids[24];
  const watched = app.load('apollo/watch').watch(id);
  await delay(50);
  expect(rows()).toHaveLength(25);
  await client.graphql('mutation ($id: ID!) { deleteFulfillment(key: $id) { userErrors { code } } }', { id });
  await until(() => rows().length === 24);
  expect(rows().map((row) => row.id)).toEqual(expect.not.arrayContaining([id]));
  watched.unsubscribe();
});

test('a refusal is shown at the argument that it is about', async () => {
  const { messagesAt } = app.load('refusals');
  const { body } = await client.graphql(
    `mutation ($id: ID!) { updateFulfillment(key: $id, input: { quantity: 600 }) { userErrors { code message path } } }`,
    { id: ids[23] },
  );
  const { userErrors } = body.data.updateFulfillment;
  expect(messagesAt(userErrors, 'quantity')).toEqual([expect.stringMatching(/^The quantity 600 /)]);
  expect(messagesAt(userErrors, 'carrier')).toEqual([]);
});

describe('a rehearsal', () => {
  const version = async (id: string) => {
    const { body } = await client.graphql('query ($id: ID!) { fulfillment(key: $id) { version } }', { id });
    return body.data.fulfillment.version as number;
  };

  test.each(['apollo', 'urql'] as const)('of %s is past its cache, which would take it for a fact', async (name) => {
    const [id] = ids.slice(10 + names.indexOf(name));
    const row = () =>
      clients[name](app)
        .rows()
        .find((each) => each.id === id);
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

test('a token ends, a stream breaks, the database is lost, server and network fall silent: each goes on by itself', async () => {
  const { owner, blocked } = gateway.database;
  const [byOthers, first, second, mine] = ids.slice(13);
  const book = (id: string) =>
    client.graphql('mutation ($id: ID!) { bookFulfillments(keys: [$id]) { userErrors { code } } }', { id });
  const ending = (fresh: boolean) => (fresh ? client.token : 'ended');
  signIn = ending;

  // A server takes the connection and says nothing.
  const silent = await proxyTo((gateway.server.app.server.address() as AddressInfo).port);
  silent.deaf = true;
  const answer = ask(viewer, {}, silent.url(app.load('send').url));
  while (silent.connections === 0) await delay(10);
  silent.deaf = false;

  // The socket begins while no token can be had, and then comes with one that has ended.
  let asked = 0;
  signIn = () => {
    asked++;
    throw new TypeError('There is no network.');
  };
  const watched = app.load('apollo/watch').watch(byOthers);
  await until(() => asked > 0);
  signIn = ending;

  await settled(gateway.database);
  const ofBookings = '{ type: { eq: "Fulfillment.Book" } }';
  const { body } = await client.graphql(`{ events(first: 100, filter: ${ofBookings}) { pageInfo { endCursor } } }`);
  const handled: string[] = [];
  let goOn = () => {};
  const connectedAgain = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const following = (async () => {
    for await (const { node } of app.load('follow').follow(body.data.events.pageInfo.endCursor)) {
      if (node.type === 'Fulfillment.Book') handled.push(node.subjectId);
      // What arrives meanwhile waits in the client, over the end of the stream.
      if (handled.length === 1) await connectedAgain;
      if (handled.length === 2) return;
    }
  })();
  await book(first);
  await until(() => handled.length === 1);
  arrived.splice(0);
  proxy.cut();
  await book(second);
  // Once with the token that has ended, once with the other.
  await until(() => arrived.filter(({ accept }) => accept === 'text/event-stream').length === 2);
  await delay(100);
  goOn();

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

  expect((await answer).status).toBe(200);
  await silent.close();
  await following;
  expect(handled).toEqual([first, second]);
  await expect(app.load('follow').follow('no cursor').next()).rejects.toThrow(/cursor/);
  const row = () =>
    clients
      .apollo(app)
      .rows()
      .find(({ id }) => id === byOthers);
  expect(row()!.state).toBe('Executing');
  // The network falls silent: no connection ends, and nothing arrives.
  proxy.silence();
  await book(byOthers);
  await until(() => row()!.state === 'Booked');
  expect(row()!.state).toBe('Booked');
  watched.unsubscribe();
  proxy.cut();
});

test('no file of the page is left out', () => {
  const folder = path.join(realpathSync(app.project.folder), 'out');
  const loaded = Object.keys(require.cache).map((file) => path.relative(folder, file).replace(/\.js$/, '.ts'));
  expect(app.files.filter((file) => !loaded.includes(file))).toEqual([]);
});
