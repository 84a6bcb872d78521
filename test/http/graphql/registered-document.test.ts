import { type GraphQLObjectType, parse } from 'graphql';
import { scopes } from '../../../src/domain/caller';
import { standardLimits } from '../../../src/domain/limits';
import { schema } from '../../../src/graph/build/schema';
import { checkDocument } from '../../../src/graph/guard/document-check';
import { DocumentLimits } from '../../../src/graph/guard/limits';
import {
  changeMode,
  documentReport,
  hashOf,
  registerDocuments,
  retire,
} from '../../../src/service/registered-document';
import { Lease } from '../../../src/store/connection/lease';
import {
  type Answer,
  metricsOf,
  orderFor,
  type TestClient,
  type TestGatewayServer,
  testGateway,
} from '../../support/gateway';
import { type Asked, eventSource, type SocketClient, socketClient } from '../../support/live';
import { manifestOf } from '../../support/manifest';

let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway();
});
beforeEach(async () => {
  client = await gateway.client();
});
afterAll(() => gateway.close());

const limits = new DocumentLimits(standardLimits, true);
const viewer = 'query Viewer { viewer { clientId entity { name } } }';
const lines = 'query Lines($first: Int!) { orderLineItems(first: $first) { totalCount nodes { itemName } } }';
const create = `mutation Create($line: ID!) { createFulfillments(input: { fulfillments: [
  { orderLineItemId: $line, quantity: "1", fulfillmentDate: "2022-01-01" }] }) { fulfillments { id } userErrors { code } } }`;

async function register(of: TestClient, ...texts: string[]): Promise<void> {
  const manifest = manifestOf(...texts);
  const lease = await Lease.take(gateway.services.db.side);
  try {
    lease.begin();
    await registerDocuments(lease, of.clientId, manifest, (text) => checkDocument(schema(), text, limits));
    await lease.commit();
  } finally {
    await lease.release();
  }
}
const setMode = (mode: string) => changeMode(gateway.services.db.aside(), client.clientId, mode);

const persistedQuery = (text: string) => ({ persistedQuery: { version: 1, sha256Hash: hashOf(text) } });
const post = (payload: object, url = '/graphql', headers = {}) =>
  client.request({ method: 'POST', url, payload, headers });
const get = (search: Record<string, string>, url = '/graphql', headers: object = {}) =>
  client.request({ method: 'GET', url: `${url}?${new URLSearchParams(search)}`, headers: { ...headers } });
const codeOf = ({ status, body }: Answer) => [status, body.errors?.[0]?.extensions.code];

/** Every way to name a document. */
const ways: [string, (text: string, variables?: object) => Promise<Answer>][] = [
  ['documentId', (text, variables) => post({ documentId: hashOf(text), variables })],
  ['documentId with its algorithm', (text, variables) => post({ documentId: `sha256:${hashOf(text)}`, variables })],
  ['extensions.persistedQuery', (text, variables) => post({ extensions: persistedQuery(text), variables })],
  ['the path', (text, variables) => post({ variables: variables ?? {} }, `/graphql/${hashOf(text)}`)],
  [
    'documentId by GET',
    (text, variables) => get({ documentId: hashOf(text), variables: JSON.stringify(variables ?? {}) }),
  ],
  [
    'extensions.persistedQuery by GET',
    (text, variables) =>
      get({ extensions: JSON.stringify(persistedQuery(text)), variables: JSON.stringify(variables ?? {}) }),
  ],
  [
    'the path by GET',
    (text, variables) => get({ variables: JSON.stringify(variables ?? {}) }, `/graphql/${hashOf(text)}`, {}),
  ],
];

describe.each(ways)('a document named by %s', (_name, ask) => {
  test('runs, with its variables', async () => {
    await register(client, viewer, lines);
    expect((await ask(viewer)).body).toEqual({
      data: { viewer: { clientId: client.clientId, entity: { name: 'Acme' } } },
    });
    expect(codeOf(await ask(lines, { first: 1_000 }))).toEqual([expect.any(Number), 'PAGE_SIZE']);
    expect((await ask(lines, { first: 1 })).body.data.orderLineItems.nodes.length).toBeLessThan(2);
  });

  test('is not found where it is not registered, is of another client, or is retired', async () => {
    await register(await gateway.client(), viewer);
    expect(codeOf(await ask(viewer))).toEqual([404, 'PERSISTED_QUERY_NOT_FOUND']);
    await register(client, viewer);
    await retire(gateway.services.db.aside(), client.clientId, [hashOf(viewer)], '2020-01-01');
    const retired = await ask(viewer);
    expect(codeOf(retired)).toEqual([404, 'PERSISTED_QUERY_NOT_FOUND']);
    expect(retired.body.errors[0].message).toContain('retired on 2020-01-01');
    await retire(gateway.services.db.aside(), client.clientId, [hashOf(viewer)], '2999-01-01');
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await ask(viewer)).status).toBe(200);
  });
});

describe('an id', () => {
  test.each([
    ['that is no text', { documentId: 7 }],
    ['of several words', { documentId: 'a b' }],
    ['of another version', { extensions: { persistedQuery: { version: 2, sha256Hash: hashOf(viewer) } } }],
    ['that is no hash', { extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }],
    ['that is nothing', { extensions: { persistedQuery: 7 } }],
    ['of another text', { query: lines, extensions: persistedQuery(viewer) }],
  ])('%s is refused', async (_name, body) => {
    expect(codeOf(await post(body))).toEqual([400, 'BAD_REQUEST']);
  });

  test('beside a body that is no object is refused', async () => {
    await register(client, viewer);
    for (const payload of ['"abc"', '7', '[]']) {
      const headers = { 'content-type': 'application/json' };
      const answer = await client.request({ method: 'POST', url: `/graphql/${hashOf(viewer)}`, headers, payload });
      expect([payload, ...codeOf(answer)]).toEqual([payload, 400, 'BAD_REQUEST']);
    }
  });

  test('in the path and another one in the body are refused', async () => {
    expect(codeOf(await post({ documentId: 'a' }, '/graphql/b'))).toEqual([400, 'BAD_REQUEST']);
  });

  test('lets a mutation run by POST, once for its Idempotency-Key, whichever way it comes; by GET not at all', async () => {
    await register(client, create);
    const { orderLineItems } = await orderFor(await client.work());
    const variables = { line: orderLineItems[0].id };
    const key = { 'idempotency-key': 'one' };
    const first = await post({ documentId: hashOf(create), variables }, '/graphql', key);
    const again = await post({ query: create, variables }, '/graphql', key);
    expect(first.body.data.createFulfillments.userErrors).toEqual([]);
    expect([again.text, again.headers['idempotency-replayed']]).toEqual([first.text, 'true']);
    const byGet = await get({ documentId: hashOf(create), variables: JSON.stringify(variables) });
    expect(byGet.status).toBe(405);
  });

  test('of a document that has become invalid is refused as the document is', async () => {
    await register(client, viewer);
    await gateway.database.owner(
      "update registered_document set text = 'query Viewer { nobody }' where client_id = $1",
      [client.clientId],
    );
    const { status, body } = await post({ documentId: hashOf(viewer) });
    expect([status, body.errors[0].message]).toEqual([
      400,
      expect.stringContaining('Cannot query field "nobody" on type "Query".'),
    ]);
  });
});

describe('an automatic persisted query', () => {
  test('is remembered from when it comes with its text, for its client', async () => {
    const text = `query Automatic { viewer { clientId } } # ${client.clientId}`;
    expect(codeOf(await post({ extensions: persistedQuery(text) }))).toEqual([404, 'PERSISTED_QUERY_NOT_FOUND']);
    expect((await post({ query: text, extensions: persistedQuery(text) })).status).toBe(200);
    expect((await post({ extensions: persistedQuery(text) })).status).toBe(200);
    const other = await gateway.client();
    const asked = { method: 'POST', url: '/graphql', payload: { extensions: persistedQuery(text) } } as const;
    expect(codeOf(await other.request(asked))).toEqual([404, 'PERSISTED_QUERY_NOT_FOUND']);
  });
});

describe('a client that runs registered documents only', () => {
  beforeEach(async () => {
    await register(client, viewer);
    await setMode('RegisteredOnly');
  });

  test('runs them by id and word for word', async () => {
    expect((await post({ documentId: hashOf(viewer) })).status).toBe(200);
    expect((await post({ query: viewer })).status).toBe(200);
  });

  test.each([
    ['another document', { query: '{ viewer { clientId } }' }],
    ['introspection', { query: '{ __schema { queryType { name } } }' }],
    ['another one with its hash', { query: lines, extensions: persistedQuery(lines) }],
  ])('is refused %s', async (_name, body) => {
    expect(codeOf(await post(body))).toEqual([403, 'PERSISTED_QUERY_REQUIRED']);
  });

  test('is refused another document by GET', async () => {
    expect(codeOf(await get({ query: '{ viewer { clientId } }' }))).toEqual([403, 'PERSISTED_QUERY_REQUIRED']);
  });

  test('runs nothing that it has run before it was restricted', async () => {
    await setMode('Open');
    await post({ query: lines, extensions: persistedQuery(lines), variables: { first: 1 } });
    await setMode('RegisteredOnly');
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { status } = await post({ extensions: persistedQuery(lines), variables: { first: 1 } });
    expect(status).toBe(404);
  });
});

describe('a subscription', () => {
  const counts = 'subscription Counts { fulfillmentCounts { state count } }';
  const other = 'subscription { accounts { totalCount } }';
  let address: string;
  const sockets: SocketClient[] = [];
  beforeAll(async () => {
    address = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) await socket.client.dispose();
  });
  const open = (more: object = {}) => {
    const socket = socketClient(address, { authorization: `Bearer ${client.token}` }, more);
    sockets.push(socket);
    return socket;
  };
  const refusal = async (asked: Asked) => (await open().subscribe(asked).ending())[0].extensions.code;

  test('is registered, and called over a WebSocket by its id, its hash or word for word', async () => {
    await register(client, counts);
    await setMode('RegisteredOnly');
    for (const asked of [
      { query: '', documentId: hashOf(counts) },
      { query: '', documentId: `sha256:${hashOf(counts)}` },
      { query: '', extensions: persistedQuery(counts) },
      { query: counts },
    ])
      expect((await open().subscribe(asked).next()).data.fulfillmentCounts).toHaveLength(5);
    expect(await refusal({ query: other })).toBe('PERSISTED_QUERY_REQUIRED');
    expect(await refusal({ query: other, extensions: persistedQuery(other) })).toBe('PERSISTED_QUERY_REQUIRED');
    expect(await refusal({ query: '', extensions: persistedQuery(other) })).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect(await refusal({ query: other, extensions: persistedQuery(counts) })).toBe('BAD_REQUEST');
  });

  test('comes as server-sent events by the id of its document too', async () => {
    await register(client, counts);
    await setMode('RegisteredOnly');
    const headers = { authorization: `Bearer ${client.token}`, accept: 'text/event-stream' };
    const { received, stop } = await eventSource(`${address}/graphql/${hashOf(counts)}`, { headers });
    expect((await received.next()).data.fulfillmentCounts).toHaveLength(5);
    stop();
  });

  test('of an open client by its hash is remembered from its first text on', async () => {
    expect(await refusal({ query: '', extensions: persistedQuery(other) })).toBe('PERSISTED_QUERY_NOT_FOUND');
    const first = open().subscribe({ query: other, extensions: persistedQuery(other) });
    expect((await first.next()).data.accounts).toBeDefined();
    const second = open().subscribe({ query: '', extensions: persistedQuery(other) });
    expect((await second.next()).data.accounts).toBeDefined();
  });

  test('that is not registered ends when its client may only run registered ones', async () => {
    const socket = open();
    await socket.subscribe({ query: other }).next();
    await setMode('RegisteredOnly');
    for (let looks = 0; socket.closes.length === 0 && looks < 200; looks++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(socket.closes.map(({ code }) => code)).toEqual([4205]);
  });
});

describe('a client of which unknown documents are logged', () => {
  test('runs them, and each is on record with how often it came', async () => {
    await register(client, viewer);
    await setMode('LogUnknown');
    const unknown = '{ viewer { clientId } }';
    for (const query of [viewer, unknown, unknown, lines])
      expect((await post({ query, variables: { first: 1 } })).status).toBe(200);
    await gateway.server.documents.record();
    const { unknown: found } = await documentReport(gateway.services.db.aside(), client.clientId.replaceAll('-', ''));
    expect(found.map(({ hash, operationName, count }) => ({ hash, operationName, count }))).toEqual(
      expect.arrayContaining([
        { hash: hashOf(unknown), operationName: null, count: '2' },
        { hash: hashOf(lines), operationName: 'Lines', count: '1' },
      ]),
    );
    expect(found).toHaveLength(2);
  });

  test('leaves out what is no document, and keeps the beginning of a long one', async () => {
    await setMode('LogUnknown');
    const long = `{ viewer { clientId } } # ${'x'.repeat(1_973)}${'\u{1F600}'.repeat(50)}`;
    for (const query of ['{', '\0', '{ nobody }', '{ \ud800 }']) expect((await post({ query })).status).toBe(400);
    expect((await post({ query: long })).status).toBe(200);
    await gateway.server.documents.record();
    const { unknown: found } = await documentReport(gateway.services.db.aside(), client.clientId.replaceAll('-', ''));
    expect(found.map(({ hash, text }) => [hash, text])).toEqual([[hashOf(long), long.slice(0, 1_999)]]);
  });
});

test('a refusal is not to be kept by a cache: the document may be registered a moment later', async () => {
  const id = hashOf('{ viewer { orgs { name } } }');
  const unknown = [
    await get({ documentId: id }),
    await get({}, `/graphql/${id}`),
    await get({ extensions: JSON.stringify(persistedQuery('{ viewer { orgs { name } } }')) }),
  ];
  for (const answer of unknown) {
    expect([...codeOf(answer), answer.headers['cache-control']]).toEqual([
      404,
      'PERSISTED_QUERY_NOT_FOUND',
      'no-store',
    ]);
  }
  const mutation = 'mutation { createAccount(input: {name: "A", currency: "USD"}) { account { id } } }';
  const others = [
    await client.request({ method: 'GET', url: '/v1/nothing' }),
    await client.request({ method: 'PATCH', url: '/graphql' }),
    await client.request({ method: 'GET', url: `/graphql?${new URLSearchParams({ query: mutation })}` }),
    await client.request({ method: 'GET', url: '/graphql?query=%7B', headers: { authorization: '' } }),
  ];
  expect(others.map(({ status, headers }) => [status, headers['cache-control']])).toEqual(
    [404, 405, 405, 401].map((status) => [status, 'no-store']),
  );
});

describe('a reply to GET by an id', () => {
  const ask = (headers: object = {}) => get({ variables: '{"first":100}' }, `/graphql/${hashOf(lines)}`, headers);

  test('has a tag by which it is not sent again as long as it is the same', async () => {
    await register(client, lines);
    const first = await ask();
    expect(first.headers).toMatchObject({ 'cache-control': 'private, no-cache', etag: expect.stringMatching(/^W\/"/) });
    const known = { 'if-none-match': first.headers.etag as string };
    const same = await ask(known);
    expect([same.status, same.text, same.headers.etag]).toEqual([304, '', first.headers.etag]);
    await orderFor(await client.work());
    const changed = await ask(known);
    expect(changed.status).toBe(200);
    expect(changed.headers.etag).not.toBe(first.headers.etag);
  });

  test('varies with the token and, where pages of others may ask, with their origin', async () => {
    const origin = 'https://app.example.com';
    const open = await testGateway({
      server: { corsOrigins: [origin, 'https://other.example.com'] },
      database: gateway.database,
    });
    try {
      await register(client, lines);
      const url = `/graphql/${hashOf(lines)}?variables=${encodeURIComponent('{"first":1}')}`;
      const headers = { authorization: `Bearer ${client.token}`, origin };
      const { statusCode, headers: told } = await open.server.app.inject({ method: 'GET', url, headers });
      expect([statusCode, told['access-control-allow-origin']]).toEqual([200, origin]);
      const vary = String(told.vary).toLowerCase().split(', ');
      expect(vary).toEqual(expect.arrayContaining(['origin', 'authorization', 'zuora-entity-ids', 'accept-encoding']));
    } finally {
      await open.server.app.close();
    }
  });

  test('has none where it is an error', async () => {
    await register(client, lines);
    const { headers, body } = await get({ variables: '{"first":1000}' }, `/graphql/${hashOf(lines)}`, {});
    expect(body.errors).toHaveLength(1);
    expect(headers.etag).toBeUndefined();
  });
});

describe('what is registered', () => {
  test('is parsed and validated ahead of its first call; what is not valid is told, and the rest served', async () => {
    const broken = 'query Broken { viewer { clientId } }';
    await register(client, viewer, broken, lines);
    await gateway.database.owner(
      "update registered_document set text = replace(text, 'clientId', 'nothing') where client_id = $1 and operation_name = 'Broken'",
      [client.clientId],
    );
    const { documents } = gateway.server;
    await documents.prepare();
    expect([hashOf(viewer), hashOf(lines), hashOf(broken)].map((hash) => documents.valid.has(hash))).toEqual([
      true,
      true,
      false,
    ]);
    expect(documents.invalid.has(hashOf(broken))).toBe(true);
    const text = await metricsOf(gateway.server);
    expect(text).toMatch(/gateway_registered_documents\{state="invalid"\} [1-9]/);
  });
});

test('a request for what was prepared neither parses nor validates its text', async () => {
  const text = 'query Parsed { viewer { clientId } }';
  await register(client, text);
  const { documents } = gateway.server;
  await documents.prepare();
  // Another document in its place: what is answered tells which of them was used.
  documents.parsed.keep(text, { document: parse('{ viewer { scopes } }'), hash: hashOf(text) });
  expect(Object.keys((await post({ documentId: hashOf(text) })).body.data.viewer)).toEqual(['scopes']);
});

describe('what is to go', () => {
  const field = (schema().getType('Viewer') as GraphQLObjectType).getFields().clientId;
  beforeAll(() => {
    field.deprecationReason = 'Deprecated since 2026-01-31: use id. Removal not before 2027-01-31.';
  });
  afterAll(() => {
    field.deprecationReason = undefined;
  });

  test('is told by the reply to who uses it, counted by client, and named when it is registered', async () => {
    const old = 'query Old { viewer { clientId } }';
    const { headers } = await post({ query: old });
    expect(headers).toMatchObject({ deprecation: '@1769817600', sunset: 'Sun, 31 Jan 2027 00:00:00 GMT' });
    expect((await post({ query: '{ viewer { scopes } }' })).headers).not.toHaveProperty('deprecation');
    const text = await metricsOf(gateway.server);
    const id = client.clientId.replaceAll('-', '');
    expect(text).toContain(`gateway_deprecated_uses_total{client="${id}",coordinate="Viewer.clientId"} 1`);
    const input = { clientId: client.clientId, manifest: manifestOf(old) };
    const { body } = await client.graphql(
      'mutation ($input: RegisterDocumentsInput!) { registerDocuments(input: $input) { documents { deprecated } } }',
      { input },
    );
    expect(body.data.registerDocuments.documents).toEqual([
      { deprecated: ['Viewer.clientId: Deprecated since 2026-01-31: use id. Removal not before 2027-01-31.'] },
    ]);
  });
});

describe('the mutation registerDocuments', () => {
  const text = `mutation Register($input: RegisterDocumentsInput!, $dryRun: Boolean! = false) { registerDocuments(input: $input, dryRun: $dryRun) {
    added documents { documentId operationName retiredDate deprecated } userErrors { code path message } } }`;
  const manifest = manifestOf(viewer);
  const ask = async (input: object, dryRun = false) =>
    (await client.graphql(text, { input, dryRun })).body.data.registerDocuments;

  test('registers a manifest for a client, which may be the caller', async () => {
    const documents = [{ documentId: hashOf(viewer), operationName: 'Viewer', retiredDate: null, deprecated: [] }];
    const input = { clientId: client.clientId, manifest };
    expect(await ask(input, true)).toEqual({ added: 1, documents, userErrors: [] });
    expect(await ask(input)).toEqual({ added: 1, documents, userErrors: [] });
    expect(await ask(input)).toEqual({ added: 0, documents, userErrors: [] });
  });

  test.each([
    ['that does not exist', async () => '00000000-0000-4000-8000-00000000dead'],
    [
      'that sees another entity',
      async () => (await gateway.client({ grants: [{ entity: 'Other', orgs: ['X'] }] })).clientId,
    ],
    [
      'that sees nothing yet',
      async () => {
        const { clientId } = await gateway.client();
        await gateway.database.owner('delete from client_grant where client_id = $1', [clientId]);
        return clientId;
      },
    ],
    [
      'that sees another entity too',
      async () =>
        (await gateway.client({ grants: ['Acme', 'Other'].map((entity) => ({ entity, orgs: ['North'] })) })).clientId,
    ],
    [
      'that sees an org which the request leaves out',
      async () => (await gateway.client({ grants: [{ entity: 'Acme', orgs: ['North', 'South'] }] })).clientId,
    ],
  ])('refuses a client %s', async (_name, other) => {
    const { userErrors } = await ask({ clientId: await other(), manifest });
    expect(userErrors).toEqual([expect.objectContaining({ code: 'NOT_FOUND', path: ['input', 'clientId'] })]);
  });

  test('goes by what the request sees: Zuora-Org-Ids and Zuora-Entity-Ids narrow it', async () => {
    const wide = await gateway.client({
      grants: [
        { entity: 'Acme', orgs: ['North', 'South'] },
        { entity: 'Globex', orgs: ['North'] },
      ],
    });
    const [acme] = (await wide.graphql('{ viewer { entities { id name } } }')).body.data.viewer.entities;
    const inAcme = { 'zuora-entity-ids': acme.id };
    const { orgs } = (await wide.graphql('{ viewer { orgs { id name } } }', {}, inAcme)).body.data.viewer;
    const south = orgs.find(({ name }: { name: string }) => name === 'South').id;
    const inGlobex = await gateway.client({ grants: [{ entity: 'Globex', orgs: ['North'] }] });
    const asked = async (of: TestClient, headers: Record<string, string>) => {
      const input = { clientId: of.clientId, manifest };
      return (await wide.graphql(text, { input, dryRun: true }, headers)).body.data.registerDocuments.userErrors.length;
    };
    expect(await asked(client, inAcme)).toBe(0);
    expect(await asked(client, { ...inAcme, 'zuora-org-ids': south })).toBe(1);
    expect(await asked(inGlobex, inAcme)).toBe(1);
    // A client of several entities is not seen whole by any request.
    expect(await asked(wide, inAcme)).toBe(1);
  });

  test('refuses a manifest with the id of each document that is wrong', async () => {
    const wrong = 'query W { colour }';
    const input = { clientId: client.clientId, manifest: manifestOf(wrong) };
    expect((await ask(input)).userErrors).toEqual([
      expect.objectContaining({ code: 'INVALID_VALUE', path: ['input', 'manifest', hashOf(wrong)] }),
    ]);
  });

  test('needs the scope admin', async () => {
    const other = await gateway.client({ scopes: scopes.filter((scope) => scope !== 'admin') });
    const { body } = await other.graphql(text, { input: { clientId: other.clientId, manifest } });
    expect(body.errors[0].extensions.code).toBe('FORBIDDEN');
  });
});
