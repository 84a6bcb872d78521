import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { generatePersistedQueryIdsFromManifest } from '@apollo/persisted-query-lists';
import { documentsCommand } from '../../src/command/documents';
import { schemaText } from '../../src/graph/build/schema';
import { ClientProject } from '../support/client';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/*
 * Clients that run registered documents only, each with the manifest that its own tool has made of its own files, and with the
 * requests that its own library sends.
 */

jest.setTimeout(120_000);

let gateway: TestGatewayServer;
let address: string;
const projects: ClientProject[] = [];

beforeAll(async () => {
  gateway = await testGateway();
  address = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  for (const project of projects) project.remove();
  await gateway.close();
});

/** A client whose manifest was imported by the command line, and that is restricted to it. */
async function partner(manifest: string): Promise<TestClient> {
  const client = await gateway.client();
  const env = { DATABASE_URL: gateway.database.url };
  const silent = { out: () => {}, err: () => {} };
  for (const args of [
    ['import', '--client', client.clientId, manifest],
    ['mode', '--client', client.clientId, 'RegisteredOnly'],
  ]) {
    expect(await documentsCommand(args, env, silent)).toBe(0);
  }
  return client;
}

function project(name: string, tool: string, command: string, ...args: string[]): ClientProject {
  const made = new ClientProject(name, schemaText());
  projects.push(made);
  mkdirSync(path.join(made.folder, 'generated'), { recursive: true });
  if (name === 'relay') made.write('operations.json', '{}');
  expect(made.run(tool, command, ...args)).toMatchObject({ ok: true });
  return made;
}

/** What a client sends, with the requests put on record. */
function recording(client: TestClient) {
  const requests: { method: string; url: string; body: string }[] = [];
  const send: typeof fetch = (url, options) => {
    requests.push({ method: options?.method ?? 'GET', url: String(url), body: String(options?.body ?? '') });
    const headers = { ...(options?.headers as object), authorization: `Bearer ${client.token}` };
    return fetch(url, { ...options, headers });
  };
  return { requests, send };
}

describe('Apollo Client', () => {
  const apollo = project(
    'apollo',
    '@apollo/generate-persisted-query-manifest',
    'generate-persisted-query-manifest',
    ...['--config', 'persisted-queries.json'],
  );
  const documents = Object.fromEntries(
    ['line', 'shipments', 'deliver'].map((name) => [
      name,
      gql(
        `${apollo.read(`src/${name}.graphql`)}\n${name === 'line' ? '' : apollo.read('src/shipment-fields.graphql')}`,
      ),
    ]),
  );

  test.each([
    ['POST', false],
    ['GET', true],
  ])(
    'sends ids alone, queries by %s and mutations by POST, and is answered',
    async (method, useGETForHashedQueries) => {
      const client = await partner(path.join(apollo.folder, 'manifest.json'));
      const { requests, send } = recording(client);
      const manifest = JSON.parse(apollo.read('manifest.json'));
      const link = new PersistedQueryLink({
        ...generatePersistedQueryIdsFromManifest({ loadManifest: async () => manifest }),
        useGETForHashedQueries,
      }).concat(new HttpLink({ uri: `${address}/graphql`, fetch: send }));
      const app = new ApolloClient({ link, cache: new InMemoryCache() });

      const { orderLineItems } = await orderFor(await client.work());
      const [{ id }] = orderLineItems;
      const line = await app.query<{ orderLineItem: object }>({ query: documents.line, variables: { id } });
      expect(line.data!.orderLineItem).toMatchObject({ id, quantityPendingFulfillment: '500' });
      const entry = { orderLineItemId: id, quantity: '2', fulfillmentDate: '2022-01-01', state: 'Booked' };
      const made = await app.mutate<{ createFulfillments: { fulfillments: object[] } }>({
        mutation: documents.deliver,
        variables: { entries: [entry] },
      });
      expect(made.data!.createFulfillments.fulfillments).toEqual([expect.objectContaining({ state: 'Booked' })]);
      const shipments = await app.query<{ fulfillments: { nodes: object[] } }>({
        query: documents.shipments,
        variables: { first: 1 },
      });
      expect(shipments.data!.fulfillments.nodes).toEqual([expect.objectContaining({ quantity: '2' })]);

      expect(requests.map((request) => request.method)).toEqual([method, 'POST', method]);
      for (const { url, body } of requests)
        expect(`${decodeURIComponent(url)}${body}`).not.toMatch(/query (Line|Shipments)|mutation Deliver/);
      app.stop();
    },
  );

  test('is told that what is not in its manifest is not run', async () => {
    const client = await partner(path.join(apollo.folder, 'manifest.json'));
    const link = new HttpLink({ uri: `${address}/graphql`, fetch: recording(client).send });
    const app = new ApolloClient({ link, cache: new InMemoryCache() });
    const { error } = await app.query({ query: gql`{ viewer { scopes } }`, errorPolicy: 'all' });
    expect(JSON.stringify(error)).toContain('PERSISTED_QUERY_REQUIRED');
    app.stop();
  });
});

describe('automatic persisted queries of Apollo Client', () => {
  test('are sent with their text once, and by their hash from then on', async () => {
    const client = await gateway.client();
    const { requests, send } = recording(client);
    const link = new PersistedQueryLink({
      sha256: (text: string) => createHash('sha256').update(text).digest('hex'),
    }).concat(new HttpLink({ uri: `${address}/graphql`, fetch: send }));
    const app = new ApolloClient({
      link,
      cache: new InMemoryCache(),
      defaultOptions: { query: { fetchPolicy: 'no-cache' } },
    });
    const query = gql`query Automatic { viewer { scopes } }`;
    for (let at = 0; at < 2; at++) {
      const { data } = await app.query<{ viewer: { scopes: string[] } }>({ query });
      expect(data!.viewer.scopes).toContain('read');
    }
    expect(requests.map(({ body }) => body.includes('query Automatic'))).toEqual([false, true, false]);
    app.stop();
  });
});

describe("Relay, by the ids in its compiler's artifacts", () => {
  test('runs each of its queries', async () => {
    const relay = project('relay', 'relay-compiler', 'relay-compiler');
    const client = await partner(path.join(relay.folder, 'operations.json'));
    await orderFor(await client.work());
    const artifacts = readdirSync(path.join(relay.folder, 'generated')).filter((file) =>
      /Query\.graphql\.ts$/.test(file),
    );
    expect(artifacts.length).toBeGreaterThan(1);
    for (const file of artifacts) {
      const [, documentId] = /"id": "([0-9a-f]{64})"/.exec(relay.read(`generated/${file}`))!;
      // As Relay's guide to the network layer has it.
      const payload = { documentId, variables: { count: 1, filter: null, id: 'none', key: 'none', ids: [] } };
      const { body } = await client.request({ method: 'POST', url: '/graphql', payload });
      expect([file, body.errors]).toEqual([file, undefined]);
    }
  });
});

describe('the client preset of the GraphQL Code Generator', () => {
  test('runs its queries by the hashes in its documents', async () => {
    const codegen = project('codegen', '@graphql-codegen/cli', 'graphql-codegen', '--config', 'codegen.json');
    const client = await partner(path.join(codegen.folder, 'generated/persisted-documents.json'));
    const { orderLineItems } = await orderFor(await client.work());
    const [, documentId] = /"hash":"([^"]+)"[^;]*?"LineItem"|LineItemDocument = \{"__meta__":\{"hash":"([^"]+)"/
      .exec(codegen.read('generated/graphql.ts'))!
      .filter(Boolean);
    const payload = { documentId, variables: { id: orderLineItems[0].id } };
    const { body } = await client.request({ method: 'POST', url: '/graphql', payload });
    expect(body.data.orderLineItem).toMatchObject({ id: orderLineItems[0].id, quantity: '500' });
  });
});
