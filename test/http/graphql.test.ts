import { gunzipSync, gzipSync } from 'node:zlib';
import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
}, 60_000);
afterAll(() => gateway.close());

const viewer = '{ viewer { client: __typename } }';
const codeOf = ({ body }: Answer) => body.errors?.[0].extensions.code;
const post = (payload: object | string, headers: Record<string, string> = {}) =>
  client.request({ method: 'POST', url: '/graphql', headers, payload });
const get = (query: string, headers: Record<string, string> = { 'apollo-require-preflight': 'true' }) =>
  client.request({ method: 'GET', url: `/graphql?query=${encodeURIComponent(query)}`, headers });

describe('a request to /graphql', () => {
  test('needs a bearer token, with POST and with GET', async () => {
    for (const method of ['POST', 'GET'] as const) {
      const answer = await client.request({ method, url: '/graphql', headers: { authorization: '' } });
      expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHENTICATED']);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
  });

  test('may be a query by GET', async () => {
    const answer = await get(viewer);
    expect([answer.status, answer.body]).toEqual([200, { data: { viewer: { client: 'Viewer' } } }]);
  });

  test('may not be a mutation by GET', async () => {
    const account = 'mutation { createAccount(input: {name: "A", currency: "USD"}) { account { id } } }';
    const answer = await get(account);
    expect([answer.status, codeOf(answer)]).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(answer.headers.allow).toBe('POST');
    expect(await gateway.database.owner("select 1 from account where name = 'A'")).toEqual([]);
  });

  test('is refused where another site could send it: a GET without a header that a form cannot set', async () => {
    const answer = await get(viewer, {});
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0].message).toContain('Cross-Site Request Forgery');
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'is refused where another site could send it: a POST of %s',
    async (type) => {
      const answer = await post(JSON.stringify({ query: viewer }), { 'content-type': type });
      expect([answer.status, codeOf(answer)]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    },
  );

  test('is one operation, not a batch of them', async () => {
    const answer = await post([{ query: viewer }, { query: viewer }]);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_REQUEST']);
  });

  test.each<[string, object | string, number, string]>([
    ['that is no GraphQL', { query: '{ viewer' }, 400, 'GRAPHQL_PARSE_FAILED'],
    ['with an unknown field', { query: '{ viewer { password } }' }, 400, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'with a value that does not fit',
      { query: '{ fulfillments(first: "x") { nodes { id } } }' },
      400,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'with a variable that does not fit',
      { query: 'query ($n: Int) { fulfillments(first: $n) { nodes { id } } }', variables: { n: 'x' } },
      400,
      'BAD_USER_INPUT',
    ],
    ['without its variable', { query: 'query ($k: ID!) { order(key: $k) { id } }' }, 400, 'BAD_USER_INPUT'],
    [
      'of an operation that is not there',
      { query: `query A ${viewer}`, operationName: 'B' },
      400,
      'OPERATION_RESOLUTION_FAILURE',
    ],
    ['without a query', { variables: {} }, 400, 'BAD_REQUEST'],
    ['whose variables are a list', { query: viewer, variables: [] }, 400, 'BAD_REQUEST'],
  ])('%s is refused with its code and without a stack', async (_name, payload, status, code) => {
    const answer = await post(payload);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(answer.text).not.toMatch(/stacktrace|node_modules|\bat \w+ \(/);
  });

  test('is malformed where its JSON is', async () => {
    const answer = await post('{"query":', { 'content-type': 'application/json' });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_REQUEST']);
  });
});

describe('every root field asks for its scope', () => {
  type Argument = {
    name: string;
    defaultValue: string | null;
    type: { kind: string; ofType: Argument['type'] | null; name: string | null };
  };
  type RootField = { name: string; description: string; args: Argument[]; type: Argument['type'] };

  async function fieldsOf(root: 'queryType' | 'mutationType'): Promise<RootField[]> {
    const type = 'kind name ofType { kind name ofType { kind name ofType { kind name } } }';
    const { body } = await client.graphql(
      `{ __schema { ${root} { fields { name description args { name defaultValue type { ${type} } } type { ${type} } } } } }`,
    );
    return body.data.__schema[root].fields;
  }

  const values: Record<string, string> = {
    CreateAccountInput: '{name: "A", currency: "USD"}',
    CreateOrderInput: '{existingAccountNumber: "A", orderDate: "2022-01-01", orderLineItems: []}',
    CreateFulfillmentsInput: '{fulfillments: []}',
    UpdateOrderLineItemsInput: '{orderLineItems: []}',
    CreateBillRunInput: '{targetDate: "2022-01-01"}',
    CreateFulfillmentItemInput: '{fulfillmentNumber: "F-1"}',
    ID: '"x"',
    FulfillmentGroupBy: 'state',
  };
  const innermost = (type: Argument['type']): string => (type.ofType ? innermost(type.ofType) : type.name!);
  const isList = (type: Argument['type']): boolean =>
    type.kind === 'LIST' || (type.ofType !== null && type.ofType !== undefined && isList(type.ofType));
  const written = ({ name, args, type }: RootField): string => {
    const needed = args.filter((arg) => arg.type.kind === 'NON_NULL' && arg.defaultValue === null);
    const given = needed.map((arg) => {
      const value = values[innermost(arg.type)] ?? '{}';
      return `${arg.name}: ${isList(arg.type) ? `[${value}]` : value}`;
    });
    return `${name}${given.length ? `(${given.join(', ')})` : ''}${innermost(type) ? ' { __typename }' : ''}`;
  };
  const refusals = async (by: TestClient, kind: string, fields: RootField[]) =>
    Promise.all(
      fields.map(async (field) => {
        const { body } = await by.graphql(`${kind} { ${written(field)} }`);
        return { field: field.name, code: body.errors?.[0]?.extensions.code, data: body.data };
      }),
    );

  test('a client that may only read cannot change anything', async () => {
    const reader = await gateway.client({ scopes: ['read'] });
    const fields = await fieldsOf('mutationType');
    expect(fields.length).toBeGreaterThan(8);
    const expected = fields.map(({ name }) => ({ field: name, code: 'FORBIDDEN', data: { [name]: null } }));
    expect(await refusals(reader, 'mutation', fields)).toEqual(expected);
  });

  test('a client that may only fulfill cannot read', async () => {
    const writer = await gateway.client({ scopes: ['fulfill'] });
    const fields = (await fieldsOf('queryType')).filter((field) => field.description.includes('Scope: read.'));
    expect(fields.length).toBeGreaterThan(12);
    const answers = await refusals(writer, 'query', fields);
    expect(answers.filter(({ code }) => code !== 'FORBIDDEN')).toEqual([]);
    expect(answers.flatMap(({ data }) => Object.values(data ?? {})).filter(Boolean)).toEqual([]);
  });

  test('what is refused does not keep the rest of a query back', async () => {
    const writer = await gateway.client({ scopes: ['fulfill'] });
    const { status, body } = await writer.graphql('{ __typename orders { nodes { id } } }');
    expect([status, body.data]).toEqual([200, { __typename: 'Query', orders: null }]);
    expect(body.errors[0]).toMatchObject({ path: ['orders'], extensions: { code: 'FORBIDDEN' } });
  });

  test('billing and paying are scopes of their own', async () => {
    const writer = await gateway.client({ scopes: ['read', 'fulfill'] });
    const { orderLineItems } = await orderFor(await client.work());
    const { body } = await writer.graphql(
      `mutation ($id: ID!) { createFulfillments(input: {
        fulfillments: [{orderLineItemId: $id, fulfillmentDate: "2022-01-01", quantity: 1}],
        processingOptions: {runBilling: true, collectPayment: true}}) { userErrors { code path } } }`,
      { id: orderLineItems[0].id },
    );
    const path = (last: string) => ['input', 'processingOptions', last];
    expect(body.data.createFulfillments.userErrors).toEqual([
      { code: 'PERMISSION_DENIED', path: path('runBilling') },
      { code: 'PERMISSION_DENIED', path: path('collectPayment') },
    ]);
  });
});

describe('headers', () => {
  test('every answer has a request id of its own, which a client cannot choose', async () => {
    const answers = [
      await post({ query: viewer }, { 'zuora-request-id': 'mine', 'request-id': 'mine' }),
      await get('{'),
    ];
    const ids = answers.map(({ headers }) => headers['zuora-request-id']);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(ids).size).toBe(2);
  });

  test('the track id comes back; without one there is none', async () => {
    expect((await post({ query: viewer }, { 'zuora-track-id': 'order 66/b' })).headers['zuora-track-id']).toBe(
      'order 66/b',
    );
    expect((await post({ query: '{' }, { 'zuora-track-id': 'a' })).headers['zuora-track-id']).toBe('a');
    expect((await post({ query: viewer })).headers).not.toHaveProperty('zuora-track-id');
    for (const wrong of ['a:b', 'a;b', 'a"b', "a'b", 'x'.repeat(65), 'caf\u00e9']) {
      const answer = await post({ query: viewer }, { 'zuora-track-id': wrong });
      expect([wrong, answer.status, codeOf(answer)]).toEqual([wrong, 400, 'BAD_REQUEST']);
    }
  });

  test('Zuora-Version takes a number or a date and changes nothing', async () => {
    const plain = await post({ query: viewer });
    for (const version of ['211.0', '1', '2025-08-12']) {
      expect((await post({ query: viewer }, { 'zuora-version': version })).text).toBe(plain.text);
    }
    for (const version of ['latest', '1.2.3', '2025-08']) {
      const answer = await post({ query: viewer }, { 'zuora-version': version });
      expect([version, answer.status, codeOf(answer)]).toEqual([version, 400, 'BAD_REQUEST']);
    }
  });

  test('gzip is taken, and given for what is longer than 1,000 bytes', async () => {
    const long = '{ __schema { types { name description } } }';
    const payload = gzipSync(JSON.stringify({ query: long }));
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const plain = await post(payload as unknown as string, headers);
    expect(plain.body.data.__schema.types.length).toBeGreaterThan(10);
    expect(plain.headers).not.toHaveProperty('content-encoding');

    const ask = (query: string) =>
      gateway.server.app.inject({
        method: 'POST',
        url: '/graphql',
        headers: { authorization: `Bearer ${client.token}`, 'accept-encoding': 'gzip' },
        payload: { query },
      });
    const zipped = await ask(long);
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(zipped.rawPayload).toString()).toBe(plain.text);
    expect((await ask(viewer)).headers).not.toHaveProperty('content-encoding');
  });

  test('a body that is not what its Content-Encoding says is refused', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const answer = await post(JSON.stringify({ query: viewer }), headers);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_REQUEST']);
    const other = await post(JSON.stringify({ query: viewer }), { ...headers, 'content-encoding': 'br' });
    expect([other.status, codeOf(other)]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });
});
