import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';

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
const get = (query: string, headers: Record<string, string> = {}) =>
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

  test('without a document is refused with what it must have, by POST and by GET', async () => {
    const bodies = [{}, { variables: {} }, { extensions: {} }].map((body) => post(body));
    const answers = await Promise.all([...bodies, client.request({ method: 'GET', url: '/graphql' })]);
    expect(answers.map(({ status, body }) => [status, body.errors[0].message])).toEqual(
      Array(4).fill([400, expect.stringMatching(/^The request has no document: it must have query, documentId or/)]),
    );
  });

  test('may not be a mutation by GET', async () => {
    const account = 'mutation { createAccount(input: {name: "A", currency: "USD"}) { account { id } } }';
    const answer = await get(account);
    expect([answer.status, codeOf(answer)]).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(answer.headers.allow).toBe('POST');
    expect(await gateway.database.owner("select 1 from account where name = 'A'")).toEqual([]);
  });

  test.each<[string, Record<string, string>, number]>([
    ['none', {}, 200],
    ['the content type of JSON', { 'content-type': 'application/json' }, 200],
    ['the content type of text', { 'content-type': 'text/plain' }, 415],
    ['the content type of a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ])('by GET needs no header but the token: with %s', async (_what, headers, status) => {
    expect((await get(viewer, headers)).status).toBe(status);
    const anonymous = { ...headers, authorization: '' };
    expect((await get(viewer, anonymous)).status).toBe(401);
  });

  test('tells a client its name', async () => {
    const named = await gateway.client({ name: 'ERP of “Acme”' });
    expect((await named.graphql('{ viewer { name clientId } }')).body.data.viewer).toEqual({
      name: 'ERP of “Acme”',
      clientId: named.clientId,
    });
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
    RegisterDocumentsInput: '{clientId: "x", manifest: "{}"}',
    CreateFulfillmentItemInput: '{fulfillmentNumber: "F-1"}',
    CreateWebhookEndpointInput: '{url: "x"}',
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
    // To replace its own secret needs no scope.
    const fields = (await fieldsOf('mutationType')).filter(({ name }) => name !== 'rotateClientSecret');
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
