import { createOrder } from '../../src/service/order';
import { collectPayment } from '../../src/service/payment-collect';
import { unsettled } from '../support/books';
import {
  type Answer,
  metricsOf,
  orderFor,
  type TestClient,
  type TestGatewayServer,
  testGateway,
} from '../support/gateway';

/* Payments whose provider does not answer. DATABASE_POOL is 10: of the connections that wait for it, 5 may be of one client. */
let gateway: TestGatewayServer;
let greedy: TestClient;
let other: TestClient;
let now = 0;

beforeEach(async () => {
  gateway = await testGateway({ poolSize: 10, gatewayTimeoutMs: 1_500, now: () => now });
  greedy = await gateway.client();
  other = await gateway.client({ grants: [{ entity: 'Globex', orgs: ['South'] }] });
}, 60_000);
afterEach(async () => {
  await gateway.server.settled();
  expect(await unsettled(gateway.database.owner)).toEqual({});
  const { pools } = gateway.database.db;
  expect(pools.map(([, , turns]) => [turns?.inUse ?? 0, turns?.waiting ?? 0])).toEqual(pools.map(() => [0, 0]));
  await gateway.close();
});

/** Lines on accounts of their own, so that none of them waits for another. */
async function linesOf(client: TestClient, paymentMethodToken: string, count = 1): Promise<string[]> {
  const work = await client.work();
  const orders = [];
  for (let at = 0; at < count; at++) orders.push(await orderFor(work, [{}], { paymentMethodToken }));
  return orders.map(({ orderLineItems }) => orderLineItems[0].id);
}
const entry = { fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01', quantity: 1, state: 'SentToBilling' };
const pay = (client: TestClient, line: string, headers?: Record<string, string>) =>
  client.graphql(
    `mutation ($input: CreateFulfillmentsInput!) { made: createFulfillments(input: $input) {
      fulfillments { id } payments { paymentNumber } userErrors { code path retryable } } }`,
    {
      input: {
        fulfillments: [{ ...entry, orderLineItemId: line }],
        processingOptions: { runBilling: true, collectPayment: true },
      },
    },
    headers,
  );
const payByRest = (client: TestClient, line: string, headers?: Record<string, string>) =>
  client.request({
    method: 'POST',
    url: '/v1/fulfillments',
    headers,
    payload: {
      fulfillments: [{ ...entry, orderLineItemId: line }],
      processingOptions: { runBilling: true, collectPayment: true },
    },
  });
const write = (client: TestClient, line: string) =>
  client.graphql(
    `mutation ($line: ID!) { made: createFulfillments(input: { fulfillments: [
      { orderLineItemId: $line, fulfillmentDate: "2022-01-01", quantity: 1 }] }) { userErrors { code } } }`,
    { line },
  );
const codeOf = ({ status, body }: Answer): string =>
  body.errors?.[0].extensions.code ?? body.data?.made.userErrors[0]?.code ?? body.reasons?.[0].code ?? String(status);
const tally = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[codeOf(answer)] = (counts[codeOf(answer)] ?? 0) + 1;
  return counts;
};
const attempts = (account = '%') =>
  gateway.database.owner<{ status: string }>(
    `select t.status::text from payment_attempt t join account a on a.id = t.account_id
     where a.payment_method_token like $1 order by t.id`,
    [account],
  );
const restFailed = 58000099;

/** Five without an answer. */
async function openBreaker(client: TestClient): Promise<void> {
  const lines = await linesOf(client, 'tok_timeout', 5);
  expect(tally(await Promise.all(lines.map((line) => pay(client, line))))).toEqual({ PAYMENT_FAILED: 5 });
  expect(gateway.services.breakers.open).toBe(1);
  await gateway.server.settled();
}

describe.each([
  [13, 'each by itself', () => undefined],
  [50, 'under keys', (at: number) => ({ 'idempotency-key': `silent ${at}` })],
])('%i payments of one client that get no answer, %s', (count, _how, headers) => {
  test('leave the payments of others and all other writes and reads untouched', async () => {
    const silent = await linesOf(greedy, 'tok_timeout', count);
    const [own] = await linesOf(greedy, 'tok_ok');
    const theirs = await linesOf(other, 'tok_ok', 6);
    const stuck = silent.map((line, at) => (at % 5 ? pay : payByRest)(greedy, line, headers(at)));
    const { paying } = gateway.database.db;
    while (paying.turns.inUse < 5) await new Promise(setImmediate);
    expect(codeOf(await pay(other, theirs[0]))).toBe('200');
    // The others wait still: it has not come behind them.
    expect([paying.turns.inUse, paying.turns.waiting]).toEqual([5, count - 5]);
    for (const line of theirs.slice(1)) {
      expect(codeOf(await pay(other, line))).toBe('200');
      expect(codeOf(await write(other, line))).toBe('200');
      expect(codeOf(await write(greedy, own))).toBe('200');
      expect(paying.turns.inUse).toBeLessThanOrEqual(5 + 1);
    }
    expect(codeOf(await greedy.graphql('{ made: accounts(first: 1) { userErrors: nodes { code: id } } }'))).toMatch(
      /^\w{32}$/,
    );
    const answers = await Promise.all(stuck);
    const byRest = Math.ceil(count / 5);
    expect(tally(answers)).toEqual({ PAYMENT_FAILED: count - byRest, [restFailed]: byRest });
    await gateway.server.settled();
    expect(await gateway.database.owner('select from payment')).toHaveLength(theirs.length);
    const ok = await attempts('tok_ok');
    expect(ok).toEqual(Array(theirs.length).fill({ status: 'Captured' }));
    // The breaker has kept all others from being asked, but for those that were under way: a client has 5 connections.
    const asked = await attempts('tok_timeout');
    expect(asked.length).toBeLessThanOrEqual(5 + 5);
    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set(['Voided']));
    expect(await gateway.database.owner("select from fulfillment where state = 'SentToBilling'")).toHaveLength(
      theirs.length,
    );
  });
});

describe('an account at the gateway that does not answer', () => {
  test('is not asked: its payments are refused at once, without an attempt, and those of other entities are made', async () => {
    await openBreaker(greedy);
    const before = (await attempts()).length;
    const [line] = await linesOf(greedy, 'tok_ok');
    const refused = await pay(greedy, line);
    expect(refused.body.data.made).toEqual({
      ...{ fulfillments: [null], payments: [] },
      userErrors: [{ code: 'PAYMENT_FAILED', path: ['input', 'processingOptions', 'collectPayment'], retryable: true }],
    });
    expect(await attempts()).toHaveLength(before);
    expect(codeOf(await write(greedy, line))).toBe('200');
    const [theirs] = await linesOf(other, 'tok_ok');
    expect(codeOf(await pay(other, theirs))).toBe('200');
    expect(await metricsOf(gateway.server)).toContain('gateway_payment_breakers_open{provider="test"} 1');
  });

  test('is asked again after a pause, by one; and by all once that has an answer, be it a decline', async () => {
    await openBreaker(greedy);
    const [silent] = await linesOf(greedy, 'tok_timeout');
    const [declined] = await linesOf(greedy, 'tok_declined');
    const lines = await linesOf(greedy, 'tok_ok', 2);
    now += 10_000;
    const probe = pay(greedy, silent);
    while ((await attempts()).length < 6) await new Promise(setImmediate);
    expect(codeOf(await pay(greedy, lines[0]))).toBe('PAYMENT_FAILED');
    expect([codeOf(await probe), gateway.services.breakers.open]).toEqual(['PAYMENT_FAILED', 1]);
    now += 10_000;
    expect(codeOf(await pay(greedy, declined))).toBe('PAYMENT_DECLINED');
    expect(gateway.services.breakers.open).toBe(0);
    for (const line of lines) expect(codeOf(await pay(greedy, line))).toBe('200');
  });

  test('refuses a payment under a key without keeping that: the same key pays later on', async () => {
    await openBreaker(greedy);
    const [line] = await linesOf(greedy, 'tok_ok');
    const key = { 'idempotency-key': 'later' };
    expect(codeOf(await pay(greedy, line, key))).toBe('PAYMENT_FAILED');
    now += 10_000;
    const paid = await pay(greedy, line, key);
    expect([codeOf(paid), paid.headers['idempotency-replayed']]).toEqual(['200', undefined]);
    expect((await pay(greedy, line, key)).headers['idempotency-replayed']).toBe('true');
  });

  test('is told all the same what becomes of what it has authorized before', async () => {
    const [line] = await linesOf(greedy, 'tok_ok');
    const work = await greedy.work();
    const { invoices } = await createOrder(work, {
      ...{ existingAccountNumber: await accountOf(line), orderDate: '2022-01-01' },
      orderLineItems: [
        {
          ...{ itemName: 'At once', itemType: 'Fee', quantity: '1', amountPerUnit: '5' },
          ...{ itemState: 'SentToBilling', billTargetDate: '2022-01-01' },
        },
      ],
      processingOptions: { runBilling: true },
    });
    const { payments } = await collectPayment(work, [invoices[0].id]);
    await openBreaker(greedy);
    // Behind the reply of what was paid before the breaker opened.
    await work.finish();
    expect(await gateway.database.owner('select status::text from payment where id = $1', [payments[0].id])).toEqual([
      { status: 'Processed' },
    ]);
    expect(gateway.services.breakers.open).toBe(1);
  });
});

const accountOf = async (line: string): Promise<string> =>
  (
    await gateway.database.owner<{ account_number: string }>(
      'select account_number from account a join order_line_item l on l.account_id = a.id where l.id = $1',
      [line],
    )
  )[0].account_number;
