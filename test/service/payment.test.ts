import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AttemptKey } from '../../src/gateway/port';
import { updateBillingSettings } from '../../src/service/billing-settings';
import { applyCreditMemo, unapplyCreditMemo } from '../../src/service/credit-memo';
import { createFulfillments } from '../../src/service/fulfillment';
import { createOrder } from '../../src/service/order';
import { updateOrderLineItems } from '../../src/service/order-line-item-change';
import { sweepAttempts } from '../../src/service/payment-attempt';
import { collectPayment } from '../../src/service/payment-collect';
import { newId } from '../../src/store/id';
import { credited, invoiced } from '../support/billed';
import { unsettled } from '../support/books';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;

beforeEach(async () => {
  gateway = await testGateway({ gatewayTimeoutMs: 500 });
  client = await gateway.client();
}, 60_000);

/** After every story: what we say was paid is what the gateway took, to the cent, and nothing else is left reserved. */
afterEach(async () => {
  await gateway.server.settled();
  await sweepAttempts(gateway.services);
  expect(await unsettled(gateway.database.owner)).toEqual({});
  await gateway.close();
});

/** One line for each token, each on an account of its own. */
async function lines(...tokens: (string | null)[]): Promise<string[]> {
  const work = await client.work();
  const ids: string[] = [];
  for (const paymentMethodToken of tokens) {
    const { orderLineItems } = await orderFor(work, [{}], { paymentMethodToken });
    ids.push(orderLineItems[0].id);
  }
  return ids;
}

const inputFor = (ids: string[]) => ({
  fulfillments: ids.map((orderLineItemId, at) => ({
    ...{ orderLineItemId, fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01' },
    ...{ quantity: String(at + 1), state: 'SentToBilling' as const },
  })),
  processingOptions: { runBilling: true, collectPayment: true },
});
const pay = async (ids: string[]) =>
  (
    await client.graphql(
      `mutation ($input: CreateFulfillmentsInput!) { createFulfillments(input: $input) {
        payments { paymentNumber status amount account { id } } paidAmount userErrors { code path retryable message } } }`,
      { input: inputFor(ids) },
    )
  ).body.data.createFulfillments;

const attempts = () =>
  gateway.database.owner<{ status: string }>(
    `select e.status::text, e.amount, e.message, c.status::text as charge, p.status::text as payment
     from payment_attempt e left join test_gateway.charge c on c.key = e.id left join payment p on p.attempt_id = e.id
     order by e.amount`,
  );
const nothingWritten = async () => {
  const [counts] = await gateway.database.owner(
    `select (select count(*)::int from fulfillment) as fulfillments, (select count(*)::int from invoice) as invoices,
       (select count(*)::int from payment) as payments, (select sum(fulfilled_quantity) from order_line_item) as fulfilled`,
  );
  expect(counts).toEqual({ fulfillments: 0, invoices: 0, payments: 0, fulfilled: '0' });
};
/** Everything is committed, and the process ends before it captures. */
const payAndCrash = async (ids: string[]) => createFulfillments(await client.work(), inputFor(ids));

describe('collectPayment', () => {
  test('takes the money of a card that pays, after the reply', async () => {
    const { payments, paidAmount } = await pay(await lines('tok_ok'));
    expect(payments).toMatchObject([{ status: 'Processing', amount: '10.00', paymentNumber: 'P-00000001' }]);
    expect(paidAmount).toBe('10.00');
    await gateway.server.settled();
    expect(await attempts()).toEqual([
      { status: 'Captured', amount: '10', message: null, charge: 'Captured', payment: 'Processed' },
    ]);
  });

  test('makes one payment for each of several accounts', async () => {
    const ids = await lines('tok_ok', 'tok_ok', 'tok_ok');
    const { payments, paidAmount } = await pay([...ids, ids[0]]);
    expect(payments.map((one: { amount: string }) => one.amount).sort()).toEqual(['20.00', '30.00', '50.00']);
    expect(paidAmount).toBe('100.00');
  });

  test('gives back every invoice in the order of billing, those for 0 and below 0 too', async () => {
    const work = await client.work();
    await updateBillingSettings(work, { invoiceSettlement: false });
    const billTargetDate = '2022-01-01';
    const sent = { billingRule: 'TriggerWithoutFulfillment', itemState: 'SentToBilling', billTargetDate } as const;
    const sale = await orderFor(work, [
      { ...sent, quantity: '1', amountPerUnit: '0', invoiceGroupNumber: 'A' },
      { ...sent, quantity: '2', amountPerUnit: '10', invoiceGroupNumber: 'B' },
      { ...sent, quantity: '1', amountPerUnit: '3', invoiceGroupNumber: 'C' },
    ]);
    const returned = await createOrder(work, {
      existingAccountNumber: sale.account.accountNumber,
      orderDate: '2022-01-05',
      category: 'Return',
      orderLineItems: [
        {
          ...{ itemName: 'Device, returned', itemCategory: 'Return', quantity: '1', billTargetDate },
          ...{ originalOrderNumber: sale.order.orderNumber, originalOrderLineItemNumber: '2', invoiceGroupNumber: 'D' },
        },
      ],
    });
    const { invoices, payments } = await updateOrderLineItems(work, {
      orderLineItems: [
        ...sale.orderLineItems.map(({ id }) => ({ id, paymentTerm: 'Net 15' })),
        ...returned.orderLineItems.map(({ id }) => ({ id, itemState: 'SentToBilling' as const })),
      ],
      processingOptions: { runBilling: true, collectPayment: true },
    });
    expect(invoices.map(({ invoiceGroupNumber, amount, balance }) => [invoiceGroupNumber, amount, balance])).toEqual([
      ['A', '0', '0'],
      ['B', '20', '0'],
      ['C', '3', '0'],
      ['D', '-10', '0'],
    ]);
    // What it is to the account's credit is taken off first.
    expect(payments).toMatchObject([{ amount: '13' }]);
    await work.finish();
  });

  test('of a card that is declined leaves nothing behind but its attempt', async () => {
    const { userErrors } = await pay(await lines('tok_declined'));
    expect(userErrors).toEqual([
      {
        code: 'PAYMENT_DECLINED',
        path: ['input', 'processingOptions', 'collectPayment'],
        retryable: false,
        message: 'The payment of account A00000001 was refused: card declined.',
      },
    ]);
    await nothingWritten();
    await gateway.server.settled();
    expect(await attempts()).toEqual([
      { status: 'Declined', amount: '10', message: 'card declined', charge: 'Declined', payment: null },
    ]);
  });

  test.each(['tok_error', 'tok_timeout'])(
    'of %s, whose outcome is unknown, gives up what was reserved',
    async (token) => {
      const { userErrors } = await pay(await lines(token));
      expect(userErrors).toMatchObject([{ code: 'PAYMENT_FAILED', retryable: true }]);
      expect(userErrors[0].message).not.toContain('gateway failed');
      await nothingWritten();
      await gateway.server.settled();
      expect(await attempts()).toEqual([
        { status: 'Voided', amount: '10', message: null, charge: 'Voided', payment: null },
      ]);
      expect(gateway.failures).toHaveLength(1);
    },
  );

  test('where the second of three accounts declines gives the first up', async () => {
    const { userErrors } = await pay(await lines('tok_ok', 'tok_declined', 'tok_ok'));
    expect(userErrors).toMatchObject([{ code: 'PAYMENT_DECLINED' }]);
    await nothingWritten();
    await gateway.server.settled();
    const [first, second, third] = await attempts();
    expect([first, second]).toMatchObject([
      { status: 'Voided', charge: 'Voided' },
      { status: 'Declined', charge: 'Declined' },
    ]);
    expect(third).toMatchObject({ status: 'Voided' });
  });

  test('without a payment method asks no gateway', async () => {
    const { userErrors } = await pay(await lines('tok_ok', null));
    expect(userErrors).toMatchObject([{ code: 'PAYMENT_METHOD_MISSING' }]);
    expect(await attempts()).toEqual([]);
    await nothingWritten();
  });

  test('of nothing owed asks no gateway', async () => {
    const { orderLineItems } = await orderFor(await client.work(), [{ amountPerUnit: '0' }]);
    expect(await pay([orderLineItems[0].id])).toEqual({ payments: [], paidAmount: null, userErrors: [] });
    expect(await attempts()).toEqual([]);
  });

  test('in two currencies has no total', async () => {
    const work = await client.work();
    const dollars = await orderFor(work);
    const yen = await orderFor(work, [{}], { currency: 'JPY' });
    const { payments, paidAmount } = await pay([dollars.orderLineItems[0].id, yen.orderLineItems[0].id]);
    expect(payments.map((one: { amount: string }) => one.amount)).toEqual(['10.00', '20']);
    expect(paidAmount).toBeNull();
  });

  test('with sendFulfillmentsToBilling names its own argument where it is refused', async () => {
    const [id] = await lines('tok_declined');
    const { fulfillments } = await createFulfillments(await client.work(), {
      fulfillments: [{ orderLineItemId: id, fulfillmentDate: '2022-01-01', quantity: '1' }],
    });
    const { body } = await client.graphql(
      `mutation ($keys: [ID!]!) { sendFulfillmentsToBilling(keys: $keys, billTargetDate: "2022-01-01",
        processingOptions: { runBilling: true, collectPayment: true }) { userErrors { code path } } }`,
      { keys: [fulfillments[0]!.id] },
    );
    expect(body.data.sendFulfillmentsToBilling.userErrors).toEqual([
      { code: 'PAYMENT_DECLINED', path: ['processingOptions', 'collectPayment'] },
    ]);
  });

  test('captures also for a client that went away before it was answered', async () => {
    const [id] = await lines('tok_ok');
    await gateway.server.app.listen({ port: 0 });
    const { port } = gateway.server.app.server.address() as AddressInfo;
    const { owner } = gateway.database;
    await owner('begin');
    await owner('select 1 from order_line_item where id = $1 for update', [id]);
    const headers = { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' };
    const asked = httpRequest({ port, method: 'POST', path: '/v1/fulfillments', headers });
    asked.on('error', () => {});
    asked.end(JSON.stringify(inputFor([id])));
    await gateway.database.blocked();
    const closed = new Promise((resolve) => gateway.server.app.server.getConnections((_, n) => resolve(n)));
    asked.destroy();
    expect(await closed).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await owner('rollback');
    await gateway.server.settled();
    expect(await attempts()).toMatchObject([{ status: 'Captured', charge: 'Captured', payment: 'Processed' }]);
  });
});

describe('the sweep', () => {
  const open = async () => {
    const [id] = await lines('tok_ok');
    const [{ account_id, org_id, entity_id }] = await gateway.database.owner<Record<string, string>>(
      'select account_id, org_id, entity_id from order_line_item where id = $1',
      [id],
    );
    const key = newId();
    await gateway.database.owner(
      `insert into payment_attempt (id, entity_id, org_id, account_id, amount, currency, status, created_by_id, created_date, updated_date)
       values ($1, $2, $3, $4, 12.34, 'USD', 'Open', $1, now(), now())`,
      [key, entity_id, org_id, account_id],
    );
    return { entityId: entity_id, id: key };
  };
  const authorize = (attempt: AttemptKey) =>
    gateway.services.gateway.authorize({
      ...{ ...attempt, accountId: newId() },
      ...{ token: 'tok_ok', amount: '12.34', currency: 'USD' },
    });
  const sweep = () => sweepAttempts(gateway.services);

  test('captures what a process committed and did not live to capture', async () => {
    await payAndCrash(await lines('tok_ok', 'tok_ok'));
    expect(await attempts()).toMatchObject([
      { status: 'Open', charge: 'Authorized', payment: 'Processing' },
      { status: 'Open', charge: 'Authorized', payment: 'Processing' },
    ]);
    await Promise.all([sweep(), sweep(), sweep()]);
    expect(await attempts()).toMatchObject([
      { status: 'Captured', charge: 'Captured', payment: 'Processed' },
      { status: 'Captured', charge: 'Captured', payment: 'Processed' },
    ]);
    expect(await gateway.database.owner('select distinct version from payment')).toEqual([{ version: 2 }]);
  });

  test('gives up what was authorized and never committed', async () => {
    const key = await open();
    await authorize(key);
    await sweep();
    expect(await attempts()).toMatchObject([{ status: 'Voided', charge: 'Voided', payment: null }]);
  });

  test('gives up what never reached the gateway, so that it cannot be authorized any more', async () => {
    const key = await open();
    await sweep();
    expect(await attempts()).toMatchObject([{ status: 'Voided', charge: 'Voided' }]);
    expect(await authorize(key)).toEqual({ approved: false, reason: 'payment voided before' });
  });

  test('pays back what the gateway took unasked', async () => {
    const key = await open();
    await authorize(key);
    await gateway.services.gateway.capture(key);
    await Promise.all([sweep(), sweep()]);
    expect(await attempts()).toMatchObject([
      { status: 'Voided', charge: 'Refunded', message: 'captured without a request and refunded' },
    ]);
    expect(await gateway.database.owner('select amount from test_gateway.refund')).toEqual([{ amount: '12.34' }]);
  });

  test('leaves alone what a running request holds', async () => {
    const answer = pay(await lines('tok_timeout'));
    while ((await attempts()).length === 0);
    await sweep();
    expect(await attempts()).toMatchObject([{ status: 'Open' }]);
    expect((await answer).userErrors).toMatchObject([{ code: 'PAYMENT_FAILED' }]);
    await gateway.server.settled();
    expect(await attempts()).toMatchObject([{ status: 'Voided' }]);
  });

  test('tries again where the gateway could not be reached', async () => {
    await payAndCrash(await lines('tok_ok'));
    await gateway.database.owner('alter table test_gateway.charge rename to away');
    await sweep();
    await gateway.database.owner('alter table test_gateway.away rename to charge');
    expect(gateway.failures).toMatchObject([
      { what: expect.stringMatching(/^settling payment attempt [0-9a-f]{32}$/) },
    ]);
    expect(await attempts()).toMatchObject([{ status: 'Open', payment: 'Processing' }]);
    await sweep();
    expect(await attempts()).toMatchObject([{ status: 'Captured', payment: 'Processed' }]);
  });

  test('makes an invoice owed again where the gateway will never capture', async () => {
    const { payments } = await payAndCrash(await lines('tok_ok'));
    await gateway.services.gateway.void({ ...payments[0], id: payments[0].attemptId });
    await sweep();
    expect(await attempts()).toMatchObject([{ status: 'Failed', charge: 'Voided', payment: 'Error' }]);
    const { body } = await client.graphql(
      `{ payments { nodes { status amount appliedAmount unappliedAmount applications { amount } } }
         invoices { nodes { status amount balance version } } fulfillments { nodes { state billed } } }`,
    );
    expect(body.data).toEqual({
      payments: {
        nodes: [{ status: 'Error', amount: '10.00', appliedAmount: '0.00', unappliedAmount: '0.00', applications: [] }],
      },
      invoices: { nodes: [{ status: 'Posted', amount: '10.00', balance: '10.00', version: 3 }] },
      fulfillments: { nodes: [{ state: 'SentToBilling', billed: true }] },
    });
  });

  test('names who paid as who has it owed again, though another client has changed the invoice since', async () => {
    const work = await client.work();
    const sale = await invoiced(work);
    const { memo } = await credited(work, sale, '2');
    await applyCreditMemo(work, memo.id, sale.invoice.id);
    const { payments } = await collectPayment(work, [sale.invoice.id]);
    await unapplyCreditMemo(await (await gateway.client()).work(), memo.id, sale.invoice.id);
    await gateway.services.gateway.void({ ...payments[0], id: payments[0].attemptId });
    await sweep();
    const { body } = await client.graphql(
      `{ invoice(key: "${sale.invoice.id}") { balance updatedById history(last: 1) { nodes { action actor } } } }`,
    );
    const actor = client.clientId;
    expect(body.data.invoice).toEqual({
      ...{ balance: '50.00', updatedById: actor },
      history: { nodes: [{ action: 'FailCapture', actor }] },
    });
  });
});
