import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';

// What an operation means does not depend on how often it has come, nor on how its variables and its name are given.

let gateway: TestGatewayServer;
let client: TestClient;
let line: string;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
});
beforeEach(async () => {
  const made = await orderFor(await client.work(), [{}]);
  line = made.orderLineItems[0].id;
});
afterAll(() => gateway.close());

const count = async (table: string) =>
  (await gateway.database.owner<{ n: number }>(`select count(*)::integer as n from ${table}`))[0].n;
const refused = ({ status, body }: Answer) => [status, body.errors?.map((e: Coded) => e.extensions.code), body.data];
type Coded = { extensions: { code: string } };

async function fulfillment(more: object = {}): Promise<string> {
  const { body } = await client.graphql(
    'mutation ($input: CreateFulfillmentsInput!) { createFulfillments(input: $input) { fulfillments { id } userErrors { message } } }',
    { input: { fulfillments: [{ orderLineItemId: line, fulfillmentDate: '2022-01-01', quantity: '1', ...more }] } },
  );
  expect(body.data.createFulfillments.userErrors).toEqual([]);
  return body.data.createFulfillments.fulfillments[0].id;
}

describe('a variable that is absent is absent, however often its operation comes:', () => {
  test('an update of a fulfillment leaves the field', async () => {
    const key = await fulfillment({ description: 'Fragile', carrier: 'DHL' });
    const query = `mutation ($k: ID!, $d: String, $t: String) {
      updateFulfillment(key: $k, input: { description: $d, trackingNumber: $t }) {
        fulfillment { description trackingNumber carrier } userErrors { code } } }`;
    for (const t of ['1', '2', '3']) {
      const { body } = await client.graphql(query, { k: key, t });
      expect(body.data.updateFulfillment.fulfillment).toEqual({
        description: 'Fragile',
        trackingNumber: t,
        carrier: 'DHL',
      });
    }
    const { body } = await client.graphql(query, { k: key, t: '4', d: null });
    expect(body.data.updateFulfillment.fulfillment).toMatchObject({ description: null, trackingNumber: '4' });
  });

  test('so does one of the settings', async () => {
    const set =
      'mutation ($input: BillingSettingsInput!) { updateBillingSettings(input: $input) { userErrors { code } } }';
    await client.graphql(set, { input: { carriers: ['DHL'], fulfillmentSystems: ['WMS'] } });
    const query = `mutation ($c: [String!], $s: [String!]) {
      updateBillingSettings(input: { carriers: $c, fulfillmentSystems: $s }) {
        billingSettings { carriers fulfillmentSystems } userErrors { code } } }`;
    for (const system of ['A', 'B', 'C']) {
      const { body } = await client.graphql(query, { s: [system] });
      expect(body.data.updateBillingSettings.billingSettings).toEqual({
        carriers: ['DHL'],
        fulfillmentSystems: [system],
      });
    }
    await client.graphql(set, { input: { carriers: null, fulfillmentSystems: null } });
  });

  test('an order keeps its default direction, and a filter its cursor', async () => {
    for (let at = 0; at < 3; at++) await fulfillment();
    const query = `query ($after: String, $d: OrderDirection, $c: StringFilter) {
      fulfillments(first: 1, after: $after, orderBy: { field: fulfillmentNumber, direction: $d }, filter: { carrier: $c }) {
        nodes { fulfillmentNumber } pageInfo { endCursor } } }`;
    const descending = await client.graphql(
      'query { fulfillments(first: 2, orderBy: { field: fulfillmentNumber, direction: DESC }) { nodes { fulfillmentNumber } } }',
    );
    const [last, before] = descending.body.data.fulfillments.nodes;
    for (let time = 0; time < 3; time++) {
      const one = (await client.graphql(query)).body.data.fulfillments;
      const two = await client.graphql(query, { after: one.pageInfo.endCursor });
      expect(two.body.errors).toBeUndefined();
      expect([one.nodes[0], two.body.data.fulfillments.nodes[0]]).toEqual([last, before]);
    }
  });

  test('in a literal of custom fields its key is left out, and what is given is kept', async () => {
    const query = `mutation ($line: ID!, $d: String, $l: String) { createFulfillments(dryRun: true, input: { fulfillments: [
      { orderLineItemId: $line, fulfillmentDate: "2022-01-01", quantity: 1, customFields: { a__c: $d, b__c: "x", c__c: $l } }] }) {
        fulfillments { customFields } userErrors { code message } } }`;
    for (let time = 0; time < 3; time++) {
      const { body } = await client.graphql(query, { line, l: 'y' });
      expect(body.data.createFulfillments).toEqual({
        fulfillments: [{ customFields: { b__c: 'x', c__c: 'y' } }],
        userErrors: [],
      });
      const given = await client.graphql(query, { line, d: null, l: 'z' });
      const { customFields } = given.body.data.createFulfillments.fulfillments[0];
      expect(customFields).toEqual({ a__c: null, b__c: 'x', c__c: 'z' });
    }
  });
});

describe('an operationName', () => {
  const query = 'mutation M { createAccount(input: { name: "A", currency: "USD" }) { account { id } } }';
  const ask = (operationName: unknown, headers: Record<string, string> = {}) =>
    client.request({ method: 'POST', url: '/graphql', headers, payload: { query, operationName } });

  test.each([{}, { 'idempotency-key': 'wrong name' }])('that is wrong runs nothing, with %j', async (headers) => {
    await ask('M');
    await ask('M');
    const before = await count('account');
    for (let time = 0; time < 3; time++) {
      expect(refused(await ask('X', headers as Record<string, string>))).toEqual([
        400,
        ['OPERATION_RESOLUTION_FAILURE'],
        undefined,
      ]);
    }
    expect(await count('account')).toBe(before);
  });

  test('that is wrong, empty or right runs no mutation by GET', async () => {
    const before = await count('account');
    for (const name of ['X', '', 'M']) {
      for (let time = 0; time < 3; time++) {
        const search = new URLSearchParams({ query, operationName: name });
        const answer = await client.request({
          method: 'GET',
          url: `/graphql?${search}`,
          headers: { 'apollo-require-preflight': 'x' },
        });
        expect([answer.status, answer.headers.allow]).toEqual(name === 'X' ? [400, undefined] : [405, 'POST']);
      }
    }
    expect(await count('account')).toBe(before);
  });

  test('that is empty counts as absent, by POST and by GET', async () => {
    const before = await count('account');
    expect((await ask('')).body.data.createAccount.account.id).toHaveLength(32);
    expect(await count('account')).toBe(before + 1);
    const search = new URLSearchParams({ query: 'query Q { __typename }', operationName: '' });
    const headers = { 'apollo-require-preflight': 'x' };
    const { body } = await client.request({ method: 'GET', url: `/graphql?${search}`, headers });
    expect(body).toEqual({ data: { __typename: 'Query' } });
  });
});

describe('a mutation with a key', () => {
  const query = `mutation ($input: CreateFulfillmentsInput!) { createFulfillments(input: $input) {
    fulfillments { id } userErrors { code } } }`;
  const literal = `mutation ($line: ID!, $bill: BillingOptionsInput) { createFulfillments(input: {
    fulfillments: [{ orderLineItemId: $line, fulfillmentDate: "2022-01-01", quantity: 1, state: SentToBilling, billTargetDate: "2022-01-01" }]
    processingOptions: { runBilling: true, collectPayment: true, billingOptions: $bill } }) { fulfillments { id } userErrors { code } } }`;

  test.each([
    ['[] for an input object', literal, () => ({ line, bill: [] })],
    [
      '[] for an input object deep inside',
      query,
      () => ({
        input: { fulfillments: [], processingOptions: { runBilling: true, billingOptions: [] } },
      }),
    ],
    ['an absent variable', query, () => ({})],
    ['null', query, () => ({ input: null })],
    ['a field that there is not', query, () => ({ input: { fulfillments: [], color: 'red' } })],
  ])('is refused each time, and never run without its key, with %s', async (_what, text, variables) => {
    const before = [await count('fulfillment'), await count('payment')];
    for (let time = 0; time < 4; time++) {
      const answer = await client.graphql(text, variables(), { 'idempotency-key': 'odd' });
      expect(refused(answer)).toEqual([400, ['BAD_USER_INPUT'], undefined]);
      expect(answer.body.errors[0].locations).toHaveLength(1);
    }
    expect([await count('fulfillment'), await count('payment')]).toEqual(before);
    expect(await gateway.database.owner("select 1 from idempotency_outcome where key = 'odd'")).toEqual([]);
  });

  test('has one effect where its variables fit', async () => {
    const before = await count('payment');
    for (let time = 0; time < 4; time++)
      await client.graphql(literal, { line, bill: {} }, { 'idempotency-key': 'fits' });
    expect(await count('payment')).toBe(before + 1);
  });
});

describe('null for what may not be null but has a default is BAD_USER_INPUT before anything runs:', () => {
  const first = 'a: createAccount(input: { name: "First", currency: "USD" }) { account { id } }';
  test.each<[string, string, object]>([
    [
      'dryRun',
      `mutation ($x: Boolean) { ${first} b: createAccount(dryRun: $x, input: { name: "B", currency: "USD" }) { account { id } } }`,
      { x: null },
    ],
    [
      'dryRun, of a variable with a default',
      `mutation ($x: Boolean = true) { ${first} b: createAccount(dryRun: $x, input: { name: "B", currency: "USD" }) { account { id } } }`,
      { x: null },
    ],
    [
      'onError',
      `mutation ($x: OnError) { ${first} b: bookFulfillments(onError: $x, keys: ["F-1"]) { userErrors { code } } }`,
      { x: null },
    ],
    [
      'rebill',
      `mutation ($x: Boolean) { ${first} b: reverseInvoice(key: "INV-1", rebill: $x) { userErrors { code } } }`,
      { x: null },
    ],
    [
      'a direction, below a list',
      `mutation ($x: OrderDirection) { ${first} b: updateAccount(key: "A-1", input: { name: "X" }) { account { orders(orderBy: { field: orderDate, direction: $x }) { totalCount } } } }`,
      { x: null },
    ],
    [
      'a condition',
      `mutation ($x: Boolean = true) { ${first} b: createAccount(input: { name: "B", currency: "USD" }) @include(if: $x) { account { id } } }`,
      { x: null },
    ],
    [
      'an entry of a list',
      `mutation ($x: ID = "F-1") { ${first} b: bookFulfillments(keys: ["F-2", $x]) { userErrors { code } } }`,
      { x: null },
    ],
  ])('%s', async (_what, query, variables) => {
    const before = await count('account');
    for (let time = 0; time < 3; time++) {
      expect(refused(await client.graphql(query, variables))).toEqual([400, ['BAD_USER_INPUT'], undefined]);
    }
    expect(await count('account')).toBe(before);
    expect(await gateway.server.settled()).toBeUndefined();
  });

  test('where the field is left out, null is nobody’s', async () => {
    const query = `query ($x: OrderDirection, $more: Boolean!) { viewer { clientId }
      orders(orderBy: { field: orderDate, direction: $x }) @include(if: $more) { totalCount } }`;
    expect((await client.graphql(query, { x: null, more: false })).body.data).toEqual({
      viewer: { clientId: client.clientId },
    });
    expect(refused(await client.graphql(query, { x: null, more: true }))[0]).toBe(400);
  });

  test('in a query as well', async () => {
    const query =
      'query ($x: OrderDirection) { a: viewer { clientId } orders(orderBy: { field: orderDate, direction: $x }) { totalCount } }';
    for (let time = 0; time < 3; time++) {
      expect(refused(await client.graphql(query, { x: null }))).toEqual([400, ['BAD_USER_INPUT'], undefined]);
    }
  });
});

test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
  'an absent variable of the name %s, which every object has, is absent',
  async (name) => {
    const query = `mutation ($line: ID!, $${name}: String) { createFulfillments(dryRun: true, input: { fulfillments: [
      { orderLineItemId: $line, fulfillmentDate: "2022-01-01", quantity: 1, customFields: { a__c: $${name}, b__c: "x" } }] }) {
        fulfillments { customFields } userErrors { message } } }`;
    const { body } = await client.graphql(query, { line });
    expect(body.data.createFulfillments).toEqual({ fulfillments: [{ customFields: { b__c: 'x' } }], userErrors: [] });
  },
);

test('the schema shows no type that schema.graphql lacks', async () => {
  const { body } = await client.graphql('{ a: __type(name: "Coerced") { name } b: __schema { types { name } } }');
  expect(body.data.a).toBeNull();
  expect(body.data.b.types.filter(({ name }: { name: string }) => name.startsWith('Coerced'))).toEqual([]);
});

describe('__proto__', () => {
  test('is an alias like any other', async () => {
    for (let time = 0; time < 3; time++) {
      const { text } = await client.graphql('{ __proto__: viewer { clientId } }');
      expect(text.trim()).toBe(`{"data":{"__proto__":{"clientId":"${client.clientId}"}}}`);
    }
  });

  test('is no custom field', async () => {
    const query = `mutation ($line: ID!) { createFulfillments(dryRun: true, input: { fulfillments: [
      { orderLineItemId: $line, fulfillmentDate: "2022-01-01", quantity: 1, customFields: { __proto__: "x" } }] }) { userErrors { code path } } }`;
    for (let time = 0; time < 3; time++) {
      const { body } = await client.graphql(query, { line });
      expect(body.data.createFulfillments.userErrors).toEqual([
        { code: 'INVALID_VALUE', path: ['input', 'fulfillments', '0', 'customFields', '__proto__'] },
      ]);
    }
  });
});

test('a value that fills the whole body comes back cut short in the message that refuses it', async () => {
  const { text, status } = await client.graphql('query ($n: Int) { orders(first: $n) { totalCount } }', {
    n: 'x'.repeat(1_500_000),
  });
  expect(status).toBe(400);
  expect(text.length).toBeLessThan(3_000);
});
