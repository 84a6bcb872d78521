import { StripeGateway } from '../../src/gateway/stripe';
import { createFulfillments } from '../../src/service/fulfillment';
import { sweepAttempts } from '../../src/service/payment-attempt';
import { sweepRefunds } from '../../src/service/payment-refund';
import { StripeLedger } from '../../src/store/stripe';
import { drift } from '../support/books';
import { metricsOf, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { StripeStandIn, standInKey } from '../support/stripe-stand-in';

/* What a client sees of payments that go to Stripe. What Stripe itself does is in test/gateway. */

let standIn: StripeStandIn;
let stripe: StripeGateway;
let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  standIn = await StripeStandIn.start();
  gateway = await testGateway({
    gatewayTimeoutMs: 5_000,
    payments: (pool) => {
      const options = { key: standInKey, url: standIn.url, timeoutMs: 5_000, version: 'test' };
      stripe = new StripeGateway(new StripeLedger(pool), options);
      return stripe;
    },
  });
  client = await gateway.client();
}, 60_000);
afterEach(async () => {
  await gateway.server.settled();
  standIn.later = 0;
  expect(await drift(gateway.database.owner)).toEqual({});
});
afterAll(async () => {
  await gateway.close();
  stripe.close();
  await standIn.close();
});

const visa = () => standIn.account.method('tok_visa');

/** Delivers one at a price on an account of its own, and collects it. */
const input = (orderLineItemId: string) => ({
  fulfillments: [
    {
      ...{ orderLineItemId, quantity: '1', state: 'SentToBilling' as const },
      ...{ fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01' },
    },
  ],
  processingOptions: { runBilling: true, collectPayment: true },
});
const line = async (paymentMethodToken: string, currency = 'USD', amountPerUnit = '10') => {
  const { orderLineItems } = await orderFor(await client.work(), [{ amountPerUnit }], { paymentMethodToken, currency });
  return orderLineItems[0].id;
};
async function pay(token: string, currency?: string, price?: string) {
  const { body } = await client.graphql(
    `mutation ($input: CreateFulfillmentsInput!) { createFulfillments(input: $input) {
      payments { id amount account { accountNumber paymentMethod { type label } } } userErrors { code path message retryable } } }`,
    { input: input(await line(token, currency, price)) },
  );
  await gateway.server.settled();
  return body.data.createFulfillments;
}
const payment = async (id: string) =>
  (await client.graphql('query ($id: ID!) { payment(key: $id) { status refundAmount unappliedAmount } }', { id })).body
    .data.payment;
const refund = async (key: string, amount?: string) => {
  const { body } = await client.graphql(
    `mutation ($key: ID!, $amount: Decimal) { refundPayment(key: $key, amount: $amount) { userErrors { code path message } } }`,
    { key, amount },
  );
  await gateway.server.settled();
  return body.data.refundPayment.userErrors;
};

test('a payment is taken, and paid back in parts', async () => {
  const token = visa();
  const { payments, userErrors } = await pay(token);
  expect(userErrors).toEqual([]);
  const [{ id, account }] = payments;
  expect(account.paymentMethod).toEqual({ type: 'Card', label: `Card at Stripe ...${token.slice(-4)}` });
  expect(await payment(id)).toMatchObject({ status: 'Processed' });
  expect(standIn.account.money).toEqual({ held: 0, kept: 1000 });
  for (const amount of ['4', '5']) expect(await refund(id, amount)).toEqual([]);
  expect(standIn.account.money.kept).toBe(100);
  expect(await refund(id, '2')).toMatchObject([{ code: 'BALANCE_EXCEEDED' }]);
  expect(await refund(id)).toEqual([]);
  expect(await payment(id)).toMatchObject({ status: 'Refunded', refundAmount: '10.00' });
  expect(standIn.account.money.kept).toBe(0);
});

test.each([
  ['tok_visa_chargeDeclinedInsufficientFunds', 'Your card has insufficient funds (insufficient_funds)'],
  [
    'tok_threeDSecure2Required',
    'Your card was declined. This transaction requires authentication (authentication_required)',
  ],
])('a decline says why: %s', async (token, reason) => {
  const method = standIn.account.method(token);
  const { payments, userErrors } = await pay(method);
  const message = expect.stringMatching(/^The payment of account A\d+ was refused: /);
  expect([payments, userErrors]).toEqual([
    [],
    [{ code: 'PAYMENT_DECLINED', path: expect.any(Array), message, retryable: false }],
  ]);
  expect(userErrors[0].message).toContain(`${reason}.`);
  expect(await gateway.database.owner('select message from payment_attempt where message is not null')).toContainEqual({
    message: reason,
  });
});

test.each([
  ['three decimals of which the last is not 0', 'KWD', '5.124', 'INVALID_VALUE', 'the third must be 0'],
  ['a currency that Stripe does not know', 'CLF', '5', 'INVALID_VALUE', 'does not know the currency CLF'],
  ['less than Stripe takes', 'USD', '0.2', 'INVALID_VALUE', 'must be at least $0.50 usd'],
  ['more than Stripe takes', 'USD', '1000000', 'LIMIT_EXCEEDED', 'no more than $999,999.99'],
])('an amount of %s is refused under its own code', async (_what, currency, price, code, text) => {
  const { userErrors } = await pay(visa(), currency, price);
  expect(userErrors).toEqual([
    { code, path: expect.arrayContaining(['input']), message: expect.stringContaining(text), retryable: false },
  ]);
});

test('a refund is judged in the minor units of Stripe before anything is written', async () => {
  const { payments } = await pay(visa(), 'KWD', '5.12');
  expect(await refund(payments[0].id, '1.234')).toMatchObject([{ code: 'INVALID_VALUE', path: ['amount'] }]);
  expect(await refund(payments[0].id, '1.23')).toEqual([]);
  expect(standIn.account.refunds[0].amount).toBe(1230);
});

test('a payment method must have the form of one of Stripe', async () => {
  const { body } = await client.graphql(
    `mutation { createAccount(input: { name: "A", currency: "USD", paymentMethodToken: "tok_ok" }) { userErrors { code path } } }`,
  );
  expect(body.data.createAccount.userErrors).toEqual([
    { code: 'INVALID_VALUE', path: ['input', 'paymentMethodToken'] },
  ]);
});

test('an authorization that has expired makes the invoice owed again', async () => {
  const work = await client.work();
  // Committed, and the process ends before it captures.
  const { payments, invoices } = await createFulfillments(work, input(await line(visa())));
  standIn.later = 8 * 86_400_000;
  await sweepAttempts(gateway.services);
  expect(await payment(payments[0].id)).toMatchObject({ status: 'Error' });
  const { body } = await client.graphql('query ($id: ID!) { invoice(key: $id) { balance } }', { id: invoices[0].id });
  expect(body.data.invoice.balance).toBe('10.00');
});

test('a refund that Stripe will never pay is taken back', async () => {
  const { payments } = await pay(visa());
  standIn.account.disputed.add([...standIn.account.intents.keys()].at(-1)!);
  expect(await refund(payments[0].id, '4')).toEqual([]);
  await sweepRefunds(gateway.services);
  expect(await payment(payments[0].id)).toMatchObject({ status: 'Processed', refundAmount: '0.00' });
});

test('a key that is refused is not the fault of who pays, and nothing stays open', async () => {
  const account = standIn.account;
  standIn.accounts.delete(standInKey);
  const { userErrors } = await pay(account.method('tok_visa'));
  standIn.accounts.set(standInKey, account);
  expect(userErrors).toMatchObject([{ code: 'PAYMENT_FAILED', retryable: true }]);
  expect(JSON.stringify(userErrors)).not.toMatch(/key|Stripe|401/);
  await sweepAttempts(gateway.services);
  expect(await gateway.database.owner("select from payment_attempt where status = 'Open'")).toEqual([]);
  expect(JSON.stringify(gateway.failures.splice(0).map(({ error }) => String(error)))).not.toContain('sk_test');
});

test('metrics name the provider, and neither keys nor payment methods', async () => {
  const body = await metricsOf(gateway.server);
  expect(body).toMatch(/call_duration_seconds_count\{provider="stripe",call="authorize",outcome="declined"\} [1-9]/);
  expect(body).toContain('gateway_payment_breakers_open{provider="stripe"} 0');
  expect(body).not.toMatch(/sk_test|pm_\d/);
});
