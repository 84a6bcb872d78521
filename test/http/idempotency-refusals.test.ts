import { gunzipSync } from 'node:zlib';
import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/* What an Idempotency-Key must not keep, what it does not apply to, and what a repetition gets. */
let gateway: TestGatewayServer;
let client: TestClient;
let owner: TestGatewayServer['database']['owner'];
let lineId: string;
let made = 0;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  owner = gateway.database.owner;
}, 60_000);
afterAll(() => gateway.close());
beforeEach(async () => {
  const { orderLineItems } = await orderFor(await client.work());
  lineId = orderLineItems[0].id;
});
afterEach(() => owner('delete from idempotency_outcome'));

type Headers = Record<string, string>;
const newKey = () => `key-${++made}`;
const field = 'createFulfillments(input: $input) { fulfillments { id fulfillmentNumber } userErrors { code } }';
const mutation = `mutation ($input: CreateFulfillmentsInput!) { ${field} }`;
const inputOf = (more: object = {}) => ({
  fulfillments: [{ orderLineItemId: lineId, fulfillmentDate: '2022-01-01', quantity: '5', ...more }],
});
const post = (url: string, headers: Headers, payload: object | string, by: TestClient = client) =>
  by.request({ method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, payload });
const effects = async () => (await owner('select from fulfillment where order_line_item_id = $1', [lineId])).length;
const stored = async () => (await owner('select from idempotency_outcome')).length;
const codeOf = ({ body }: Answer) => body.errors?.[0].extensions.code;

const doors: Record<string, (input: object) => object> = {
  '/v1/fulfillments': (input) => input,
  '/graphql': (input) => ({ query: mutation, variables: { input } }),
};

describe.each(Object.entries(doors))('a refusal before anything has run, on %s', (url, bodyOf) => {
  const ask = (key: string, more: { headers?: Headers; payload?: object | string; by?: TestClient } = {}) =>
    post(url, { 'idempotency-key': key, ...more.headers }, more.payload ?? bodyOf(inputOf()), more.by);

  test.each<[number, string, () => Promise<Answer>, key: string]>([
    [400, 'for malformed JSON', () => ask('a', { payload: '{' }), 'a'],
    [400, 'for a body that is none', () => ask('b', { payload: '[1]' }), 'b'],
    [400, 'for a header', () => ask('c', { headers: { 'zuora-track-id': 'a;b' } }), 'c'],
    [401, 'without a token', () => ask('d', { headers: { authorization: '' } }), 'd'],
    [401, 'for another token', () => ask('e', { headers: { authorization: 'Bearer a.b.c' } }), 'e'],
    [403, 'for an org', () => ask('f', { headers: { 'zuora-org-ids': 'f'.repeat(32) } }), 'f'],
    [413, 'for its length', () => ask('g', { payload: ' '.repeat(2_097_153) }), 'g'],
    [415, 'for its type', () => ask('h', { headers: { 'content-type': 'text/plain' } }), 'h'],
    [415, 'for its encoding', () => ask('i', { headers: { 'content-encoding': 'br' } }), 'i'],
  ])('%i %s is not kept: the key is free for the right request', async (status, _why, refused, key) => {
    const answer = await refused();
    // A body without a list is, to REST, one that misses it.
    if (url !== '/graphql' && key === 'b') expect([answer.status, answer.body.success]).toEqual([200, false]);
    else expect(answer.status).toBe(status);
    expect([await effects(), await stored()]).toEqual([0, 0]);
    const right = await ask(key);
    expect([right.status, right.headers['idempotency-replayed']]).toEqual([200, undefined]);
    expect([await effects(), await stored()]).toEqual([1, 1]);
  });

  test('for a scope is not kept: the key is free once the client has it', async () => {
    const poor = await gateway.client({ scopes: ['read'] });
    const refused = await ask('scope', { by: poor });
    expect(refused.text).toMatch(/needs the scope/);
    expect([await effects(), await stored()]).toEqual([0, 0]);
    await owner("update client set scopes = '{read,fulfill}' where id = $1", [poor.clientId]);
    expect((await ask('scope', { by: poor })).status).toBe(200);
    expect([await effects(), await stored()]).toEqual([1, 1]);
  });

  test('429 is not kept', async () => {
    const limited = await testGateway({ database: gateway.database, server: { limits: { requests: 1 } } });
    const { token } = client;
    const hurry = () =>
      limited.server.app.inject({
        method: 'POST',
        url,
        headers: { authorization: `Bearer ${token}`, 'idempotency-key': 'hurry' },
        payload: bodyOf(inputOf()),
      });
    await limited.server.app.inject({ url: '/v1/fulfillments/F-1', headers: { authorization: `Bearer ${token}` } });
    expect((await hurry()).statusCode).toBe(429);
    await limited.server.app.close();
    expect([await effects(), await stored()]).toEqual([0, 0]);
    expect((await ask('hurry')).headers['idempotency-replayed']).toBeUndefined();
    expect(await effects()).toBe(1);
  });

  test('422 for another body keeps the first outcome as it is', async () => {
    const key = newKey();
    const first = await ask(key);
    for (let again = 0; again < 2; again++) {
      expect((await ask(key, { payload: bodyOf(inputOf({ quantity: '6' })) })).status).toBe(422);
    }
    expect((await ask(key)).text).toBe(first.text);
    expect([await effects(), await stored()]).toEqual([1, 1]);
  });

  test('409 while it runs says when to ask again', async () => {
    await owner('begin');
    await owner('select from order_line_item where id = $1 for update', [lineId]);
    const first = ask('running');
    await gateway.database.blocked();
    const second = await ask('running');
    await owner('rollback');
    expect([second.status, second.headers['retry-after']]).toEqual([409, '1']);
    expect((await first).headers).not.toHaveProperty('retry-after');
    expect((await ask('running')).headers['idempotency-replayed']).toBe('true');
  });

  test('400 for a key that is none', async () => {
    for (const key of ['', 'k'.repeat(256), 'a\tb', 'caf\u00e9', 'a\x7f']) {
      const answer = await ask(key);
      expect([key, answer.status]).toEqual([key, 400]);
      expect(answer.text).toContain('Idempotency-Key must have 1 to 255 printable ASCII characters.');
    }
    expect(await effects()).toBe(0);
    // A space is one of them, and so is a comma.
    for (const key of ['k'.repeat(255), 'shipment 4711', 'a, b', '"quoted"']) {
      const first = await ask(key);
      expect([first.status, (await ask(key)).text]).toEqual([200, first.text]);
    }
    expect(await effects()).toBe(4);
  });
});

describe.each(Object.entries(doors))('a repetition on %s', (url, bodyOf) => {
  const raw = (key: string, headers: Headers, input: object) =>
    gateway.server.app.inject({
      method: 'POST',
      url,
      headers: { authorization: `Bearer ${client.token}`, 'idempotency-key': key, ...headers },
      payload: bodyOf(input),
    });

  test('has the bytes, status and type of the first, zipped or not', async () => {
    const key = newKey();
    const entry = inputOf().fulfillments[0];
    const input = { fulfillments: Array(30).fill(entry) };
    const first = await raw(key, {}, input);
    expect(first.rawPayload.length).toBeGreaterThan(1_000);
    const zipped = await raw(key, { 'accept-encoding': 'gzip' }, input);
    const plain = await raw(key, { 'accept-encoding': 'identity' }, input);
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(zipped.headers['content-length']).toBe(String(zipped.rawPayload.length));
    expect(gunzipSync(zipped.rawPayload)).toEqual(first.rawPayload);
    expect(plain.rawPayload).toEqual(first.rawPayload);
    for (const again of [zipped, plain]) {
      expect(again.statusCode).toBe(first.statusCode);
      expect(again.headers['content-type']).toBe(first.headers['content-type']);
      expect(again.headers['idempotency-replayed']).toBe('true');
    }
    expect(plain.headers['content-length']).toBe(first.headers['content-length']);
    expect(await effects()).toBe(30);
  });

  test('has its own request id and track id', async () => {
    const key = newKey();
    const first = await raw(key, { 'zuora-track-id': 'first' }, inputOf());
    const second = await raw(key, { 'zuora-track-id': 'second' }, inputOf());
    expect(second.headers['zuora-track-id']).toBe('second');
    expect(second.headers['zuora-request-id']).not.toBe(first.headers['zuora-request-id']);
    expect((await raw(key, {}, inputOf())).headers).not.toHaveProperty('zuora-track-id');
  });
});

describe('a key on a document', () => {
  const graphql = (key: string, body: object, method: 'POST' | 'GET' = 'POST') => {
    if (method === 'POST') return post('/graphql', { 'idempotency-key': key }, body);
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(body)) {
      search.set(name, typeof value === 'string' ? value : JSON.stringify(value));
    }
    const headers = { 'idempotency-key': key };
    return client.request({ method, url: `/graphql?${search}`, headers });
  };
  const input = (more: object = {}) => ({ variables: { input: inputOf(more) } });
  const two = `mutation A($input: CreateFulfillmentsInput!) { ${field} }
    mutation B($input: CreateFulfillmentsInput!) { ${field} ${field.replace('createFulfillments', 'b: createFulfillments')} }
    query Q { viewer { clientId } }`;

  test('of several operations counts for the one that is named', async () => {
    const first = await graphql('several', { query: two, operationName: 'A', ...input() });
    expect(first.body.data.createFulfillments.userErrors).toEqual([]);
    const again = await graphql('several', { query: two, operationName: 'A', ...input() });
    expect([again.text, again.headers['idempotency-replayed']]).toEqual([first.text, 'true']);
    // The query beside it is none of the key's business.
    const query = await graphql('several', { query: two, operationName: 'Q' });
    expect([query.status, query.headers['idempotency-replayed']]).toEqual([200, undefined]);
    const both = await graphql('other', { query: two, operationName: 'B', ...input() });
    expect([both.status, codeOf(both)]).toEqual([400, 'ONE_MUTATION_PER_KEY']);
    expect([await effects(), await stored()]).toEqual([1, 1]);
  });

  test('of several operations, of which another is named, is another request', async () => {
    const query = `mutation A($input: CreateFulfillmentsInput!) { ${field} } mutation C($input: CreateFulfillmentsInput!) { ${field} }`;
    await graphql('named', { query, operationName: 'A', ...input() });
    const other = await graphql('named', { query, operationName: 'C', ...input() });
    expect([other.status, codeOf(other)]).toEqual([422, 'IDEMPOTENCY_MISMATCH']);
    expect(await effects()).toBe(1);
  });

  test.each([
    ['none is named', {}],
    ['none has that name', { operationName: 'Z' }],
    ['the name is none', { operationName: 5 }],
  ])('of several operations does nothing where %s', async (_what, named) => {
    const answer = await graphql(newKey(), { query: two, ...named, ...input() });
    expect(answer.status).toBe(400);
    expect([await effects(), await stored()]).toEqual([0, 0]);
  });

  test('is refused on a subscription whose client takes JSON', async () => {
    const headers = { 'idempotency-key': newKey(), accept: 'application/json' };
    const answer = await post('/graphql', headers, { query: 'subscription { fulfillments { totalCount } }' });
    expect([answer.status, answer.body.errors[0].extensions.code]).toEqual([406, 'NOT_ACCEPTABLE']);
    expect(await stored()).toBe(0);
  });

  test('does not make a mutation of a GET', async () => {
    for (const query of [mutation, two]) {
      const named = query === two ? { operationName: 'A' } : {};
      const answer = await graphql('get', { query, ...named, ...input() }, 'GET');
      expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
    }
    expect([await effects(), await stored()]).toEqual([0, 0]);
    const answer = await graphql('get', { query: mutation, ...input() });
    expect([answer.status, await effects()]).toEqual([200, 1]);
  });

  test('is not looked at where a query is asked by GET or POST, whatever it is', async () => {
    const query = '{ viewer { clientId } }';
    for (const method of ['GET', 'POST'] as const) {
      const answer = await graphql('query', { query }, method);
      expect([answer.status, answer.headers['idempotency-replayed']]).toEqual([200, undefined]);
    }
    expect((await graphql('k'.repeat(256), { query }, 'GET')).status).toBe(200);
    expect(await stored()).toBe(0);
  });
});
