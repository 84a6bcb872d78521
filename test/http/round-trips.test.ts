import { Client } from 'pg';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/*
 * How often a mutation waits for PostgreSQL: what belongs together goes out in one message (store/connection/lease.ts). The
 * messages of transactions are counted, for one object and for many.
 */
let gateway: TestGatewayServer;
let client: TestClient;
let messages = 0;
const { query } = Client.prototype;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  Client.prototype.query = function (this: Client, ...given: unknown[]) {
    const { application_name: name } = (this as unknown as { connectionParameters: { application_name: string } })
      .connectionParameters;
    if (/ (writing|paying)$/.test(name)) messages++;
    return (query as unknown as (...given: unknown[]) => unknown).apply(this, given);
  } as typeof query;
});
afterAll(async () => {
  Client.prototype.query = query;
  await gateway.close();
});

const create = `mutation ($input: CreateFulfillmentsInput!, $dryRun: Boolean! = false) {
  createFulfillments(input: $input, dryRun: $dryRun) {
    fulfillments { fulfillmentNumber } invoices { invoiceNumber } payments { paymentNumber } userErrors { code message } } }`;
/** The messages of a request for so many fulfillments, each on a line item of its own. */
async function created(
  count: number,
  more: { options?: object; dryRun?: boolean; key?: string } = {},
): Promise<number> {
  const lines = (await orderFor(await client.work(), Array(count).fill({ quantity: '5' }))).orderLineItems;
  const fulfillments = lines.map(({ id }) => ({
    ...{ orderLineItemId: id, fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01', quantity: '1' },
    state: 'SentToBilling',
  }));
  const input = { fulfillments, processingOptions: more.options };
  const before = messages;
  const { body } = await client.graphql(
    create,
    { input, dryRun: more.dryRun },
    more.key ? { 'idempotency-key': more.key } : {},
  );
  const sent = messages - before;
  expect(body.errors).toBeUndefined();
  const payload = body.data.createFulfillments;
  expect(payload.userErrors).toEqual([]);
  const numbers = [
    ...payload.fulfillments.map(({ fulfillmentNumber }: { fulfillmentNumber: string }) => fulfillmentNumber),
    ...payload.invoices.map(({ invoiceNumber }: { invoiceNumber: string }) => invoiceNumber),
    ...payload.payments.map(({ paymentNumber }: { paymentNumber: string }) => paymentNumber),
  ];
  expect(numbers.length).toBeGreaterThanOrEqual(count);
  for (const number of numbers) expect(number).toMatch(more.dryRun ? /^DRYRUN-\d+$/ : /^[A-Z]+-?\d{8}$/);
  return sent;
}

test.each([1, 50])(
  '%i created fulfillments take two messages: what is read and locked, and what is written',
  async (count) => {
    expect(await created(count)).toBe(2);
  },
);

test.each([1, 50])(
  'with a key %i take four: the key, what is locked, what is written, and the outcome',
  async (count) => {
    expect(await created(count, { key: `four-${count}` })).toBe(4);
  },
);

test('a repeated key takes one, and a rollback', async () => {
  const lines = (await orderFor(await client.work())).orderLineItems;
  const input = { fulfillments: [{ orderLineItemId: lines[0].id, fulfillmentDate: '2022-01-01', quantity: '1' }] };
  const send = () => client.graphql(create, { input }, { 'idempotency-key': 'again' });
  const first = await send();
  const before = messages;
  const second = await send();
  expect(messages - before).toBe(2);
  expect(second.headers['idempotency-replayed']).toBe('true');
  expect(second.body).toEqual(first.body);
});

test('a dry run takes three: what is locked, what is written, and the rollback', async () => {
  expect(await created(2, { dryRun: true })).toBe(3);
});

test('billing takes one more, for the lock of the account and what is read behind it', async () => {
  expect(await created(3, { options: { runBilling: true } })).toBe(3);
});

test.each([1, 50])(
  'a move of %i fulfillments takes three: where they are, what is locked, what is written',
  async (count) => {
    const lines = (await orderFor(await client.work(), Array(count).fill({ quantity: '5' }))).orderLineItems;
    const fulfillments = lines.map(({ id }) => ({ orderLineItemId: id, fulfillmentDate: '2022-01-01', quantity: '1' }));
    const { body } = await client.graphql(create, { input: { fulfillments } });
    const keys = body.data.createFulfillments.fulfillments.map(
      (each: { fulfillmentNumber: string }) => each.fulfillmentNumber,
    );
    const before = messages;
    const moved = await client.graphql(
      'mutation ($keys: [ID!]!) { bookFulfillments(keys: $keys) { fulfillments { state } userErrors { code } } }',
      { keys },
    );
    expect(moved.body.data.bookFulfillments.userErrors).toEqual([]);
    expect(messages - before).toBe(3);
  },
);

test('a payment takes as many for three fulfillments as for one', async () => {
  const paid = { options: { runBilling: true, collectPayment: true } };
  expect(await created(3, paid)).toBe(await created(1, paid));
});
