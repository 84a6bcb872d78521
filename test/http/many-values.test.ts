import { gzipSync } from 'node:zlib';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

// A few hundred bytes can be half a million values once they are inflated.

let gateway: TestGatewayServer;
let client: TestClient;
let line: string;
beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  line = (await orderFor(await client.work(), [{ quantity: '1000' }])).orderLineItems[0].id;
});
afterAll(() => gateway.close());

const post = (url: string, body: string) =>
  client.request({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    payload: gzipSync(body),
  });
const book =
  'mutation($k: [ID!]!) {bookFulfillments(dryRun: true, keys: $k) {fulfillments {id} userErrors {code path}}}';
const booking = (entry: string, count: number) =>
  post('/graphql', `{"query":"${book}","variables":{"k":[${Array(count).fill(entry).join()}]}}`);

test.each([
  ['null', 400, 'BAD_USER_INPUT'],
  ['[]', 400, 'BAD_USER_INPUT'],
])('of 400,000 entries that are %s the first is refused, and no other is looked at', async (entry, status, code) => {
  const answer = await booking(entry, 400_000);
  expect([answer.status, answer.body.errors.length, answer.body.errors[0].extensions.code]).toEqual([status, 1, code]);
  expect(answer.body.errors[0].message).toContain('"k[0]"');
});

test('200,000 entries that fit are too many for the rules, and the reply lists none of them', async () => {
  const { status, body, text } = await booking('1', 200_000);
  expect([status, body.data.bookFulfillments]).toEqual([
    200,
    { fulfillments: [], userErrors: [{ code: 'LIMIT_EXCEEDED', path: ['keys'] }] },
  ]);
  expect(text.length).toBeLessThan(500);
});

test('a body of more values than MAX_VALUES is refused on every door before it is looked at', async () => {
  const { status, body } = await booking('1', 610_000);
  expect([status, body.errors[0].extensions]).toEqual([
    400,
    { code: 'QUERY_TOO_COMPLEX', limit: 'values', allowed: 600_000 },
  ]);
  const rest = await post('/v1/fulfillments', `{"fulfillments":[${Array(610_000).fill('{}').join()}]}`);
  expect([rest.status, rest.body.success]).toEqual([400, false]);
  expect(rest.body.reasons[0].message).toContain('at most 600000 are allowed');
});

test.each([
  ['of a wrong type', '5'],
  ['without what is required', '{}'],
  ['with a field that there is not', '{"":1}'],
])('of 250,000 entries %s REST tells 50 problems', async (_what, entry) => {
  const { status, body } = await post('/v1/fulfillments', `{"fulfillments":[${Array(250_000).fill(entry).join()}]}`);
  expect([status, body.success, body.reasons.length]).toEqual([200, false, 50]);
});

test('a create of 500 fulfillments of 20 items, with custom fields, is admitted', async () => {
  const items = Array.from({ length: 20 }, (_, at) => ({
    itemIdentifier: `S-${at}`,
    description: 'x',
    customFields: { a__c: at, b__c: 'x' },
  }));
  const entry = {
    orderLineItemId: line,
    fulfillmentDate: '2022-01-01',
    quantity: '100',
    state: 'Booked',
    carrier: 'DHL',
    trackingNumber: '1',
    customFields: { a__c: 1 },
    fulfillmentItems: items,
  };
  const query =
    'mutation ($input: CreateFulfillmentsInput!) { createFulfillments(dryRun: true, input: $input) { userErrors { code } } }';
  const { body } = await client.graphql(query, { input: { fulfillments: Array(500).fill(entry) } });
  // By the limits; the rules, which were asked, know that there is not as much to deliver.
  const codes = new Set(body.data.createFulfillments.userErrors.map(({ code }: { code: string }) => code));
  expect([...codes].sort()).toEqual(['QUANTITY_EXCEEDED']);
});

test('a dry run with an Idempotency-Key keeps nothing, and the real run may have the same key', async () => {
  const query = (dry: boolean) =>
    `mutation { createAccount(dryRun: ${dry}, input: { name: "A", currency: "USD" }) { account { accountNumber } } }`;
  const headers = { 'idempotency-key': 'rehearsed' };
  for (let time = 0; time < 2; time++) {
    const { body, headers: shown } = await client.graphql(query(true), {}, headers);
    expect([body.data.createAccount.account.accountNumber, shown['idempotency-replayed']]).toEqual([
      'DRYRUN-1',
      undefined,
    ]);
  }
  expect(await gateway.database.owner("select 1 from idempotency_outcome where key = 'rehearsed'")).toEqual([]);
  const first = await client.graphql(query(false), {}, headers);
  expect(first.body.data.createAccount.account.accountNumber).toMatch(/^A0/);
  expect((await client.graphql(query(false), {}, headers)).text).toBe(first.text);
});

test('a reply that is too long to be kept under its key is refused, and nothing was done', async () => {
  const small = await testGateway({ database: gateway.database, server: { limits: { keptReply: 10_000 } } });
  const own = await small.client();
  const { orderLineItems } = await orderFor(await own.work(), [{ quantity: '1000' }]);
  const fulfillments = Array(100).fill({
    orderLineItemId: orderLineItems[0].id,
    fulfillmentDate: '2022-01-01',
    quantity: 1,
    state: 'Booked',
  });
  const query = `mutation ($input: CreateFulfillmentsInput!) { createFulfillments(input: $input) {
    fulfillments { id fulfillmentNumber createdDate orderLineItem { id itemName } } userErrors { code } } }`;
  const count = async () =>
    (await gateway.database.owner<{ n: number }>('select count(*)::integer as n from fulfillment'))[0].n;
  const before = await count();
  const long = await own.graphql(query, { input: { fulfillments } }, { 'idempotency-key': 'long' });
  expect([long.status, long.body.errors[0].extensions]).toEqual([
    400,
    { code: 'QUERY_TOO_COMPLEX', limit: 'keptReply', allowed: 10_000, requested: expect.any(Number) },
  ]);
  const rest = await own.request({
    ...{ method: 'POST', url: '/v1/fulfillments', headers: { 'idempotency-key': 'long' } },
    payload: { fulfillments: fulfillments.map((entry) => ({ ...entry, fulfillmentItems: [{ itemIdentifier: 'S' }] })) },
  });
  expect([rest.status, rest.body.success]).toEqual([400, false]);
  expect(await count()).toBe(before);
  // The key is free: a request that asks for less is carried out.
  const shorter = query.replace('id fulfillmentNumber createdDate orderLineItem { id itemName }', 'id');
  const { body } = await own.graphql(shorter, { input: { fulfillments } }, { 'idempotency-key': 'long' });
  expect(body.data.createFulfillments.userErrors).toEqual([]);
  expect(await count()).toBe(before + 100);
  await small.server.app.close();
});

test.each([
  ['an alias', (name: string) => `{ ${name}: viewer { clientId } }`],
  ['an operation', (name: string) => `query ${name} { viewer { clientId } }`],
  ['a fragment', (name: string) => `{ viewer { ...${name} } } fragment ${name} on Viewer { clientId }`],
  ['a variable', (name: string) => `query ($${name}: Int) { orders(first: $${name}) { totalCount } }`],
])('the name of %s is no longer than 255 characters: a reply says it once for each row', async (_what, query) => {
  const { status, body } = await client.graphql(query('A'.repeat(256)));
  expect([status, body.errors[0].extensions]).toEqual([
    400,
    { code: 'QUERY_TOO_COMPLEX', limit: 'nameLength', allowed: 255, requested: 256 },
  ]);
  expect((await client.graphql(query('A'.repeat(255)))).status).toBe(200);
});

test('comments count as tokens do', async () => {
  const { status, body } = await client.graphql(`${'#\n'.repeat(100_001)}{ __typename }`);
  expect([status, body.errors[0].extensions.limit]).toEqual([400, 'tokens']);
  expect((await client.graphql(`${'# why\n'.repeat(1_000)}{ __typename }`)).body.data).toEqual({ __typename: 'Query' });
});
