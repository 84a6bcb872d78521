import { createFulfillments } from '../../src/service/fulfillment';
import { sweepAttempts } from '../../src/service/payment-attempt';
import { sweepRefunds } from '../../src/service/payment-refund';
import type { InvoiceRow } from '../../src/store/invoice';
import type { PaymentRow } from '../../src/store/payment';
import { unsettled } from '../support/books';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
let owner: TestGatewayServer['database']['owner'];
/** Where a test has made the gateway's ledger tell something of its own. */
let apart = false;

beforeEach(async () => {
  gateway = await testGateway({ gatewayTimeoutMs: 500, poolSize: 15 });
  client = await gateway.client();
  owner = gateway.database.owner;
  apart = false;
}, 60_000);

afterEach(async () => {
  await gateway.server.settled();
  const found = await unsettled(owner);
  expect(apart ? Object.keys(found) : found).toEqual(apart ? ['money that was taken otherwise than we say'] : {});
  await gateway.close();
});

/** A payment of 10, 20 and 30 on three invoices of an account, taken by the gateway. */
async function paid(): Promise<{ payment: PaymentRow; invoices: InvoiceRow[] }> {
  const work = await client.work();
  const { orderLineItems } = await orderFor(
    work,
    ['1', '2', '3'].map((invoiceGroupNumber) => ({ invoiceGroupNumber })),
  );
  const { payments, invoices } = await createFulfillments(work, {
    fulfillments: orderLineItems.map(({ id }, at) => ({
      ...{ orderLineItemId: id, fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01' },
      ...{ state: 'SentToBilling' as const, quantity: String(at + 1) },
    })),
    processingOptions: { runBilling: true, collectPayment: true },
  });
  await work.finish();
  return { payment: payments[0], invoices };
}

const fields = `payment { status amount appliedAmount unappliedAmount refundAmount version applications { amount invoice { id } } }
  invoices { id balance } userErrors { code message path }`;
const ask = async (key: string, amount: string | null = null) =>
  (
    await client.graphql(
      `mutation ($key: ID!, $amount: Decimal) { refundPayment(key: $key, amount: $amount) { ${fields} } }`,
      { key, amount },
    )
  ).body.data.refundPayment;
const told = ({ userErrors }: { userErrors: { code: string; path: string[] }[] }) =>
  userErrors.map(({ code, path }) => [code, ...path].join(' '));
const refund = async (key: string, amount: string | null = null) => {
  const answer = await ask(key, amount);
  await gateway.server.settled();
  return answer;
};
const refunds = () => owner('select amount, status::text from refund order by created_date, id');
const balances = async (invoices: readonly InvoiceRow[]) => {
  const rows = await owner<{ id: string; balance: string }>('select id, balance from invoice');
  return invoices.map(({ id }) => rows.find((row) => row.id === id)!.balance);
};
const paidBack = async () =>
  (await owner<{ amount: string }>('select amount from test_gateway.refund order by amount')).map(
    ({ amount }) => amount,
  );
const sweep = () => sweepRefunds(gateway.services);

describe('refundPayment', () => {
  test('pays back a part, and the last invoice is owed again', async () => {
    const { payment, invoices } = await paid();
    const answer = await refund(payment.paymentNumber, '35');
    expect(answer).toEqual({
      payment: {
        ...{ status: 'Processed', amount: '60.00', appliedAmount: '25.00', unappliedAmount: '0.00' },
        ...{ refundAmount: '35.00', version: 3 },
        applications: [
          { amount: '10.00', invoice: { id: invoices[0].id } },
          { amount: '15.00', invoice: { id: invoices[1].id } },
        ],
      },
      invoices: expect.arrayContaining([
        { id: invoices[1].id, balance: '5.00' },
        { id: invoices[2].id, balance: '30.00' },
      ]),
      userErrors: [],
    });
    expect(answer.invoices).toHaveLength(2);
    expect(await refunds()).toEqual([{ amount: '35', status: 'Processed' }]);
    expect(await paidBack()).toEqual(['35']);
  });

  test('pays back all that is left where no amount is given, and then nothing more', async () => {
    const { payment, invoices } = await paid();
    await refund(payment.id, '0.01');
    expect((await refund(payment.id)).payment).toMatchObject({
      ...{ status: 'Refunded', appliedAmount: '0.00', refundAmount: '60.00', applications: [] },
    });
    expect(await balances(invoices)).toEqual(['10', '20', '30']);
    expect(await paidBack()).toEqual(['0.01', '59.99']);
    expect(told(await refund(payment.id))).toEqual(['DOCUMENT_STATUS key']);
  });

  test('is refused before the money was taken, beyond what is left, and of what nobody sees', async () => {
    const { payment } = await paid();
    expect(told(await refund(payment.id, '60.01'))).toEqual(['BALANCE_EXCEEDED amount']);
    expect(told(await refund(payment.id, '0'))).toEqual(['INVALID_VALUE amount']);
    expect(told(await refund('P-9'))).toEqual(['NOT_FOUND key']);
    await owner("update payment set status = 'Processing'");
    expect(told(await refund(payment.id))).toEqual(['PAYMENT_PENDING key']);
    await owner("update payment set status = 'Processed'");
    expect(await refunds()).toEqual([]);
  });

  test('N20: before its money was taken is pending, which is not kept under the key: the same request succeeds later', async () => {
    const { payment } = await paid();
    await owner("update payment set status = 'Processing'");
    const query = `mutation ($key: ID!) { refundPayment(key: $key) { payment { status } userErrors { code retryable } } }`;
    const again = () => client.graphql(query, { key: payment.id }, { 'idempotency-key': 'refund-1' });
    for (let at = 0; at < 2; at++) {
      const { body } = await again();
      expect(body.data.refundPayment).toEqual({
        payment: null,
        userErrors: [{ code: 'PAYMENT_PENDING', retryable: true }],
      });
    }
    await owner("update payment set status = 'Processed'");
    for (let at = 0; at < 2; at++) {
      expect((await again()).body.data.refundPayment).toEqual({ payment: { status: 'Refunded' }, userErrors: [] });
    }
    await gateway.server.settled();
    expect(await paidBack()).toEqual(['60']);
  });

  test('lets the invoices be collected again, by a payment of its own', async () => {
    const { payment, invoices } = await paid();
    await refund(payment.id);
    const keys = JSON.stringify(invoices.map(({ id }) => id));
    const { body } = await client.graphql(`mutation { collectPayment(invoiceKeys: ${keys}) { paidAmount } }`);
    expect(body.data.collectPayment.paidAmount).toBe('60.00');
    await gateway.server.settled();
  });

  test('leaves its entries in the history of the payment and of the invoices', async () => {
    const { payment, invoices } = await paid();
    await refund(payment.id, '30');
    const entries = await owner(
      `select subject_type, action, from_state, to_state, changes, version from history_entry where action = 'Refund' order by 1`,
    );
    const change = (field: string, before: string, after: string) => ({ field, before, after });
    expect(entries).toMatchObject([
      { subject_type: 'Invoice', changes: [change('balance', '0', '30')], version: 3 },
      {
        ...{ subject_type: 'Payment', from_state: 'Processed', to_state: 'Processed', version: 3 },
        changes: [change('appliedAmount', '60', '30'), change('refundAmount', '0', '30')],
      },
    ]);
    expect(await balances(invoices)).toEqual(['0', '0', '30']);
  });

  test('ten times at once pays back no more than there is', async () => {
    const { payment } = await paid();
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(payment.id, '25')));
    await gateway.server.settled();
    expect(answers.flatMap(told).sort()).toEqual(Array(8).fill('BALANCE_EXCEEDED amount'));
    expect(await paidBack()).toEqual(['25', '25']);
  });

  test('of all that is left, ten times at once, pays it back once', async () => {
    const { payment } = await paid();
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(payment.id)));
    await gateway.server.settled();
    expect(answers.flatMap(told)).toEqual(Array(9).fill('DOCUMENT_STATUS key'));
    expect(await paidBack()).toEqual(['60']);
  });

  test('beside collections of the same invoices keeps every book', async () => {
    const { payment, invoices } = await paid();
    const keys = JSON.stringify([invoices[2].id]);
    await Promise.all(
      Array.from({ length: 12 }, (_, at) =>
        at % 2
          ? client.graphql(`mutation { collectPayment(invoiceKeys: ${keys}) { paidAmount } }`)
          : ask(payment.id, '7'),
      ),
    );
    await gateway.server.settled();
    await sweepAttempts(gateway.services);
  });
});

describe('a refund', () => {
  /** Committed, and not told to the gateway: as a process leaves it that ends right after its commit. */
  async function committed(amount: string | null): Promise<{ payment: PaymentRow; invoices: InvoiceRow[] }> {
    const { payment, invoices } = await paid();
    await owner('alter table test_gateway.refund rename to away');
    await refund(payment.id, amount);
    await owner('alter table test_gateway.away rename to refund');
    expect(gateway.failures).toMatchObject([{ what: 'settling a payment' }]);
    expect(await refunds()).toMatchObject([{ status: 'Processing' }]);
    return { payment, invoices };
  }

  test('that the gateway was not reached for is asked for again by any number of sweeps, and paid once', async () => {
    await committed('25');
    await Promise.all([sweep(), sweep(), sweep()]);
    expect(await paidBack()).toEqual(['25']);
    await sweep();
    expect(await refunds()).toEqual([{ amount: '25', status: 'Processed' }]);
  });

  test.each(['25', '60'])(
    'of %s that is not answered in time, and is carried out later, is asked for again under its key and paid once',
    async (amount) => {
      const { payment } = await paid();
      await owner('begin');
      await owner('select from test_gateway.charge for update');
      await refund(payment.id, amount);
      expect(await refunds()).toMatchObject([{ status: 'Processing' }]);
      // The first request still waits at the gateway when the second one comes.
      const again = sweep();
      await gateway.database.blocked(2);
      await owner('commit');
      await again;
      await sweep();
      expect(await paidBack()).toEqual([amount]);
      expect(await refunds()).toEqual([{ amount, status: 'Processed' }]);
    },
  );

  /** Somebody has paid it back at the gateway: ours is refused for good. */
  const spent = async () => {
    apart = true;
    await owner("update test_gateway.charge set refunded = amount, status = 'Refunded'");
  };

  test('that is refused for good leaves everything as it was, with its history', async () => {
    const { invoices } = await committed(null);
    expect(await balances(invoices)).toEqual(['10', '20', '30']);
    await spent();
    await Promise.all([sweep(), sweep()]);
    expect(await refunds()).toEqual([{ amount: '60', status: 'Error' }]);
    expect(await balances(invoices)).toEqual(['0', '0', '0']);
    const [row] = await owner('select status::text, applied_amount, refund_amount, version from payment');
    expect(row).toEqual({ status: 'Processed', applied_amount: '60', refund_amount: '0', version: 4 });
    const entries = await owner<{ subject_type: string; actor: string; changes: object[] }>(
      "select subject_type, actor, changes, from_state, to_state from history_entry where action = 'FailRefund' order by 1, 3",
    );
    const subjects = ['Invoice', 'Invoice', 'Invoice', 'Payment', 'Refund'];
    expect(entries.map(({ subject_type }) => subject_type)).toEqual(subjects);
    expect(new Set(entries.map(({ actor }) => actor))).toEqual(new Set([client.clientId.replaceAll('-', '')]));
    expect(entries[3]).toMatchObject({ from_state: 'Refunded', to_state: 'Processed' });
    expect(entries[4]).toMatchObject({ from_state: 'Processing', to_state: 'Error' });
  });

  test('that is refused for good raises the application that it had lowered', async () => {
    const { invoices } = await committed('35');
    await spent();
    await sweep();
    expect(await balances(invoices)).toEqual(['0', '0', '0']);
    expect(await owner('select amount from payment_application order by amount')).toEqual([
      { amount: '10' },
      { amount: '20' },
      { amount: '30' },
    ]);
  });

  test('that is refused for good stays unapplied where its invoice was paid by other money meanwhile', async () => {
    const { payment, invoices } = await committed('35');
    const keys = JSON.stringify([invoices[2].id]);
    await client.graphql(`mutation { collectPayment(invoiceKeys: ${keys}) { paidAmount } }`);
    await gateway.server.settled();
    await owner("update test_gateway.charge set refunded = amount, status = 'Refunded' where amount = 60");
    apart = true;
    await sweep();
    expect(await balances(invoices)).toEqual(['0', '0', '0']);
    const { body } = await client.graphql(
      `{ payment(key: "${payment.id}") { appliedAmount unappliedAmount refundAmount } }`,
    );
    expect(body.data.payment).toEqual({ appliedAmount: '30.00', unappliedAmount: '30.00', refundAmount: '0.00' });
  });

  test('of what is unapplied takes nothing from any invoice', async () => {
    const { payment, invoices } = await committed('35');
    const keys = JSON.stringify([invoices[2].id]);
    await client.graphql(`mutation { collectPayment(invoiceKeys: ${keys}) { paidAmount } }`);
    await gateway.server.settled();
    await owner('update test_gateway.charge set refunded = 35 where amount = 60');
    // What is left at the gateway is 25, too little for 35: that one fails, and 25 can be paid back.
    apart = true;
    await sweep();
    expect((await refund(payment.id, '25')).invoices).toEqual([]);
    expect(await balances(invoices)).toEqual(['0', '0', '0']);
    expect(await paidBack()).toEqual(['25']);
  });
});
