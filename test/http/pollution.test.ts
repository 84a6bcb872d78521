import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/* Names that JavaScript knows, and shapes that walk off its stack: refused or harmless, at both doors. */

let gateway: TestGatewayServer;
let client: TestClient;
let line: string;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  line = (await orderFor(await client.work())).orderLineItems[0].id;
}, 60_000);
afterAll(() => gateway.close());

const names = Object.getOwnPropertyNames(Object.prototype).sort();
afterEach(() => {
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(names);
});

const send = (url: string, payload: string) =>
  client.request({ method: 'POST', url, headers: { 'content-type': 'application/json' }, payload });
const create =
  'mutation ($input: CreateFulfillmentsInput!) { createFulfillments(input: $input) { fulfillments { id } userErrors { code path } } }';
const said = ({ status, body }: Answer) => [status, body.errors?.[0].extensions.code ?? body.reasons?.[0].code];
const told = (answer: Answer) => {
  expect(answer.text).not.toMatch(/node_modules|\bat \w+ \(|call stack/);
  return said(answer);
};

describe('a body', () => {
  const entry = () => `"orderLineItemId":"${line}","fulfillmentDate":"2022-01-01","quantity":1`;
  test.each([
    ['"__proto__":{"polluted":1}'],
    ['"__pro\\u0074o__":{"polluted":1}'],
    ['"constructor":{"prototype":{"polluted":1}}'],
    ['"customFields":{"__proto__":{"polluted":1}}'],
    ['"customFields":{"a__c":{"__proto__":{"polluted":1}}}'],
    ['"fulfillmentItems":[{"constructor":{"prototype":{"polluted":1}}}]'],
  ])('with %s is refused as a whole', async (part) => {
    const input = `{"fulfillments":[{${entry()},${part}}]}`;
    expect(told(await send('/v1/fulfillments', input))).toEqual([400, 58000090]);
    const variables = `{"query":${JSON.stringify(create)},"variables":{"input":${input}}}`;
    expect(told(await send('/graphql', variables))).toEqual([400, 'BAD_REQUEST']);
    expect(told(await send('/graphql', `{"query":"{ __typename }",${part}}`))).toEqual([400, 'BAD_REQUEST']);
    expect(await gateway.database.owner('select 1 from fulfillment')).toEqual([]);
  });

  test.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'])(
    'with a field %s has an unknown field',
    async (name) => {
      const input = `{"fulfillments":[{${entry()},"${name}":{"polluted":1}}]}`;
      expect(told(await send('/v1/fulfillments', input))).toEqual([200, 58000021]);
      const variables = `{"query":${JSON.stringify(create)},"variables":{"input":${input}}}`;
      expect(told(await send('/graphql', variables))).toEqual([400, 'BAD_USER_INPUT']);
    },
  );

  test.each(['null', '"text"', '5', 'true', '[]', '[null]', '{}', '[{"query":"{ __typename }"}]', '""'])(
    'that is %s is refused',
    async (payload) => {
      const [status, code] = told(await send('/graphql', payload));
      expect([status, code]).toEqual([400, 'BAD_REQUEST']);
      const key = { 'idempotency-key': `body ${payload}` };
      const keyed = await client.request({
        method: 'POST',
        url: '/graphql',
        headers: { 'content-type': 'application/json', ...key },
        payload,
      });
      expect(told(keyed)).toEqual([400, 'BAD_REQUEST']);
      for (const path of ['/v1/fulfillments', '/v1/fulfillment-items']) {
        const answer = await send(path, payload);
        expect([answer.status, answer.body.success, [20, 22].includes(answer.body.reasons[0].code % 100)]).toEqual([
          200,
          false,
          true,
        ]);
      }
    },
  );
});

describe('in a document or an address', () => {
  test.each([
    '__proto__: {polluted: 1}',
    'constructor: {prototype: {polluted: 1}}',
    'a__c: {__proto__: {polluted: 1}}',
  ])('custom fields of %s are refused by the rules', async (part) => {
    const { status, body } = await client.graphql(`mutation { createFulfillments(input: {fulfillments: [
        {orderLineItemId: "${line}", fulfillmentDate: "2022-01-01", quantity: 1, customFields: {${part}}}]}) { userErrors { code } } }`);
    expect([status, body.data.createFulfillments.userErrors]).toEqual([200, [{ code: 'INVALID_VALUE' }]]);
  });

  test('variables of a GET have no way into objects', async () => {
    const query =
      'query ($key: ID!, $filter: FulfillmentFilter) { fulfillment(key: $key) { id } fulfillments(filter: $filter) { totalCount } }';
    const get = (variables: string) =>
      client.request({
        method: 'GET',
        url: `/graphql?${new URLSearchParams({ query, variables })}`,
      });
    expect(told(await get('{"key":"x","__proto__":{"polluted":1},"filter":{}}'))).toEqual([200, undefined]);
    expect(told(await get('{"__proto__":{"key":"x"}}'))).toEqual([400, 'BAD_USER_INPUT']);
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(told(await get(`{"key":"x","filter":{"${name}":{"eq":"x"}}}`))).toEqual([400, 'BAD_USER_INPUT']);
    }
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'the name %s is a name like others',
    async (name) => {
      const query = `query ${name} ($${name}: ID!) { ${name}: order(key: $${name}) { ${name}: id } }`;
      const variables = JSON.parse(`{"${name === '__proto__' ? 'x' : name}":"O-1"}`);
      const answer = await client.graphql(query, variables);
      if (name === '__proto__') expect(told(answer)).toEqual([400, 'BAD_USER_INPUT']);
      else expect([answer.status, answer.body]).toEqual([200, { data: { [name]: null } }]);
      // Twice, since what comes again is compiled.
      expect((await client.graphql(query, variables)).status).toBe(answer.status);
      const asked = { query: '{ __typename }', operationName: name };
      const unknown = await client.request({ method: 'POST', url: '/graphql', payload: asked });
      expect(told(unknown)).toEqual([400, 'OPERATION_RESOLUTION_FAILURE']);
      for (const wrong of [
        `{ ${name} }`,
        `{ orders(orderBy: {field: ${name}}) { totalCount } }`,
        `{ ...${name} }`,
        `{ viewer { ${name} } }`,
      ]) {
        expect(told(await client.graphql(wrong))).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
      }
    },
  );
});

describe('a document that is nested deeply is refused or answered, and never a failure', () => {
  const nested = (open: string, middle: string, close: string) => (depth: number) =>
    `${open.repeat(depth)}${middle}${close.repeat(depth)}`;
  const shapes: Record<string, (depth: number) => string> = {
    'in inline fragments': (depth) => `{ ${nested('... { ', '__typename', ' }')(depth)} }`,
    'in fields': (depth) =>
      `{ orders { nodes { ${nested('account { orders { nodes { ', 'id', ' } } }')(depth / 3)} } } }`,
    'in unknown fields': nested('{ a ', '{ b }', ' }'),
    'in lists': (depth) => `{ nodes(ids: ${nested('[', '', ']')(depth)}) { id } }`,
    'in objects': (depth) =>
      `mutation { createFulfillments(input: {fulfillments: [{customFields: ${nested('{a__c: ', '1', '}')(depth)}}]}) { userErrors { code } } }`,
    'in the types of variables': (depth) => `query ($a: ${nested('[', 'ID', ']')(depth)}) { __typename }`,
    'in spreads': (depth) =>
      `{ ...f0 } ${Array.from({ length: depth / 4 }, (_, at) => `fragment f${at} on Query { ...f${at + 1} }`).join(' ')} fragment f${Math.ceil(depth / 4)} on Query { __typename }`,
    'in a circle': () => '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }',
  };
  test.each(Object.keys(shapes))('%s', async (name) => {
    for (const depth of [30, 300, 3_000, 12_000]) {
      for (const headers of [{}, { 'idempotency-key': `${name} ${depth}` }] as Record<string, string>[]) {
        const answer = await client.graphql(shapes[name](depth), {}, headers);
        const code = answer.body.errors?.[0].extensions.code;
        expect([200, 400]).toContain(answer.status);
        expect([
          undefined,
          'BAD_REQUEST',
          'BAD_USER_INPUT',
          'QUERY_TOO_COMPLEX',
          'GRAPHQL_PARSE_FAILED',
          'GRAPHQL_VALIDATION_FAILED',
        ]).toContain(code);
        expect(answer.text).not.toMatch(/node_modules|\bat \w+ \(|call stack/);
      }
    }
  });
});
