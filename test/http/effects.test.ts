import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

// What a reply says of an effect is true: nothing is done behind a refusal, and nothing that was done reads as if not.

let gateway: TestGatewayServer;
let client: TestClient;
beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
});
afterAll(() => gateway.close());

const rows = async (table: string) =>
  (await gateway.database.owner<{ n: number }>(`select count(*)::integer as n from ${table}`))[0].n;
const account = 'mutation { createAccount(input: { name: "A", currency: "USD" }) { account { id } } }';
const create = `mutation ($input: CreateFulfillmentsInput!) { createFulfillments(input: $input) {
  fulfillments { id invoiceItems { invoice { paymentApplications { id } } } } userErrors { code path retryable } } }`;

async function delivery(token = 'tok_ok', more: object = {}) {
  const { orderLineItems, account } = await orderFor(await client.work(), [{}], { paymentMethodToken: token });
  const entry = { orderLineItemId: orderLineItems[0].id, fulfillmentDate: '2022-01-01', quantity: '5' };
  const sent = { ...entry, state: 'SentToBilling', billTargetDate: '2022-01-01', ...more };
  return { account, input: { fulfillments: [sent], processingOptions: { runBilling: true, collectPayment: true } } };
}

describe('a mutation that is refused has not been carried out', () => {
  test.each(['text/html', 'image/*', 'text/plain;q=0.9, application/xml'])(
    'for the header Accept: %s',
    async (accept) => {
      const before = await rows('account');
      const asked: Record<string, string>[] = [{ accept }, { accept, 'idempotency-key': accept }];
      for (const headers of asked) {
        expect((await client.graphql(account, {}, headers)).status).toBe(406);
      }
      expect(await rows('account')).toBe(before);
      expect(await gateway.database.owner('select 1 from idempotency_outcome where key = $1', [accept])).toEqual([]);
    },
  );

  test('for a document that is longer than what can be read, and it does not run without its key', async () => {
    const lines = Array.from(
      { length: 100 },
      (_, at) => `{ itemName: "${at}" itemType: Product quantity: 1 amountPerUnit: 1 }`,
    );
    const { account: own } = await delivery();
    const order = `mutation { createOrder(input: { existingAccountNumber: "${own.accountNumber}" orderDate: "2022-01-01"
      orderLineItems: [${lines.join(' ')}] }) { order { id } } }${' query X { a }'.repeat(30_000)}`;
    const before = await rows('orders');
    const { status, body } = await client.graphql(order, {}, { 'idempotency-key': 'long' });
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'QUERY_TOO_COMPLEX']);
    expect(await rows('orders')).toBe(before);
  });

  test('for fragments that double at every level, and it is refused at once', async () => {
    const levels = Array.from({ length: 60 }, (_, at) => `fragment f${at} on Mutation { ...f${at + 1} ...f${at + 1} }`);
    const text = `mutation { ...f0 } ${levels.join('\n')} fragment f60 on Mutation { createAccount(input: { name: "A", currency: "USD" }) { account { id } } }`;
    const before = await rows('account');
    const { status, body } = await client.graphql(text, {}, { 'idempotency-key': 'doubling' });
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'QUERY_TOO_COMPLEX']);
    expect(await rows('account')).toBe(before);
  });

  test('for a directive without its argument', async () => {
    const text = account.replace(') {', ', dryRun: true) @include {');
    const { status, body } = await client.graphql(text);
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
  });
});

describe('a mutation that was carried out', () => {
  test('says so where a part of its result cannot be read, and does not ask to be repeated', async () => {
    const { input } = await delivery();
    const before = await rows('fulfillment');
    await gateway.database.owner('revoke select on payment_application from order_gateway_reader');
    const { body } = await client.graphql(create, { input });
    await gateway.database.owner('grant select on payment_application to order_gateway_reader');
    expect(await rows('fulfillment')).toBe(before + 1);
    expect(body.errors[0].message).toContain('The mutation was carried out');
    expect(body.errors[0].extensions).toEqual({ code: 'INTERNAL' });
  });

  test('is taken back whole where it has a key, so that the same request can be sent again', async () => {
    const { input } = await delivery();
    const before = [await rows('fulfillment'), await rows('invoice')];
    await gateway.database.owner('revoke select on payment_application from order_gateway_app');
    const failed = await client.graphql(create, { input }, { 'idempotency-key': 'unread' });
    await gateway.database.owner('grant select on payment_application to order_gateway_app');
    await gateway.server.settled();
    expect([failed.status, failed.body.data]).toEqual([500, undefined]);
    expect([await rows('fulfillment'), await rows('invoice')]).toEqual(before);
    const { body } = await client.graphql(create, { input }, { 'idempotency-key': 'unread' });
    expect(body.data.createFulfillments.userErrors).toEqual([]);
  });
});

describe('a key', () => {
  test('keeps no failure of the payment gateway: the same request is carried out once the card works', async () => {
    const { input, account: own } = await delivery('tok_error');
    const headers = { 'idempotency-key': 'card' };
    const failed = await client.graphql(create, { input }, headers);
    expect(failed.body.data.createFulfillments.userErrors).toMatchObject([{ code: 'PAYMENT_FAILED', retryable: true }]);
    const card =
      'mutation ($key: ID!) { updateAccount(key: $key, input: { paymentMethodToken: "tok_ok" }) { userErrors { code } } }';
    await client.graphql(card, { key: own.id });
    const { body, headers: answered } = await client.graphql(create, { input }, headers);
    expect(answered['idempotency-replayed']).toBeUndefined();
    expect(body.data.createFulfillments.userErrors).toEqual([]);
  });
});

describe('what looks like a value and is none', () => {
  test.each(['constructor', '__proto__', 'toString', ''])(
    'the payment token "%s" is refused',
    async (paymentMethodToken) => {
      const { body } = await client.graphql(
        'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } userErrors { code path } } }',
        { input: { name: 'A', currency: 'USD', paymentMethodToken } },
      );
      expect(body.data.createAccount).toEqual({
        account: null,
        userErrors: [{ code: 'INVALID_VALUE', path: ['input', 'paymentMethodToken'] }],
      });
    },
  );

  test('an update of an account that names no field is refused', async () => {
    const { account: own } = await delivery();
    const { body } = await client.graphql(
      'mutation ($key: ID!) { updateAccount(key: $key, input: {}) { account { version } userErrors { code } } }',
      { key: own.id },
    );
    expect(body.data.updateAccount).toEqual({ account: null, userErrors: [{ code: 'REQUIRED' }] });
  });

  test('a DELETE that names a content type and has no body is carried out', async () => {
    const { input } = await delivery('tok_ok', { state: 'Executing' });
    const made = await client.graphql(create, { input });
    const answer = await client.request({
      method: 'DELETE',
      url: `/v1/fulfillments/${made.body.data.createFulfillments.fulfillments[0].id}`,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.body).toEqual({ success: true });
  });
});

test.each([
  ['PATCH', '/v1/fulfillments/F-00000001', 'GET, PUT, DELETE'],
  ['GET', '/v1/fulfillments', 'POST'],
] as const)(
  '%s %s is a method that is not supported, and the reply names those that are',
  async (method, url, allow) => {
    const answer = await client.request({ method, url });
    expect([answer.status, answer.headers.allow]).toEqual([405, allow]);
    expect(answer.body.reasons[0].code % 100).toBe(45);
  },
);

test('of a batch that lacks dates each fulfillment is named', async () => {
  const keys: string[] = [];
  for (let at = 0; at < 2; at++) {
    const { input } = await delivery('tok_ok', { state: 'Booked', billTargetDate: null });
    keys.push((await client.graphql(create, { input })).body.data.createFulfillments.fulfillments[0].id);
  }
  const { body } = await client.graphql(
    'mutation ($keys: [ID!]!) { sendFulfillmentsToBilling(keys: $keys) { userErrors { code path } } }',
    { keys },
  );
  expect(body.data.sendFulfillmentsToBilling.userErrors).toEqual([
    { code: 'BILL_TARGET_DATE_REQUIRED', path: ['keys', '0'] },
    { code: 'BILL_TARGET_DATE_REQUIRED', path: ['keys', '1'] },
  ]);
});
