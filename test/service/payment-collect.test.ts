import { createFulfillments } from '../../src/service/fulfillment';
import { createOrder } from '../../src/service/order';
import { sweepAttempts } from '../../src/service/payment-attempt';
import { refundPayment } from '../../src/service/payment-refund';
import type { InvoiceRow } from '../../src/store/invoice';
import { unsettled } from '../support/books';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;

beforeEach(async () => {
  gateway = await testGateway({ gatewayTimeoutMs: 500, poolSize: 15 });
  client = await gateway.client();
}, 60_000);

afterEach(async () => {
  await gateway.server.settled();
  await sweepAttempts(gateway.services);
  expect(await unsettled(gateway.database.owner)).toEqual({});
  await gateway.close();
});

const due = { fulfillmentDate: '2022-01-01', billTargetDate: '2022-01-01', state: 'SentToBilling' as const };
type Sale = Awaited<ReturnType<typeof orderFor>>;

const saleOf = async (account: object = {}): Promise<Sale> => orderFor(await client.work(), [{}], account);

/** Posted invoices of an account, of these quantities at 10.00. */
async function invoicesOn(sale: Sale, ...quantities: string[]): Promise<InvoiceRow[]> {
  const all: InvoiceRow[] = [];
  for (const quantity of quantities) {
    const { invoices } = await createFulfillments(await client.work(), {
      fulfillments: [{ ...due, orderLineItemId: sale.orderLineItems[0].id, quantity }],
      processingOptions: { runBilling: true },
    });
    all.push(...invoices);
  }
  return all;
}

test('N14: what would be a payment of more than 13 digits is refused; one invoice after the other is collected, and refunded', async () => {
  const sale = await saleOf();
  const invoices = await invoicesOn(sale, '5', '5');
  const most = '9999999999999.00';
  for (const { id } of invoices) {
    await gateway.database.owner('update invoice_item set charge_amount = $2 where invoice_id = $1', [id, most]);
    const amounts = 'amount = $2, amount_without_tax = $2, balance = $2';
    await gateway.database.owner(`update invoice set ${amounts} where id = $1`, [id, most]);
  }
  const keys = invoices.map(({ id }) => id);
  const refused = await collect(keys);
  expect(told(refused)).toEqual(['LIMIT_EXCEEDED invoiceKeys 0']);
  expect(refused.userErrors[0].message).toContain('19999999999998 USD');
  expect(await gateway.database.owner('select from payment_attempt')).toEqual([]);
  for (const key of keys) expect(await collect([key])).toMatchObject({ paidAmount: most, userErrors: [] });
  await gateway.server.settled();
  const work = await client.work();
  const { payment } = await refundPayment(work, 'P-00000001', '9999999999999');
  await work.finish();
  expect(payment).toMatchObject({ status: 'Refunded', refundAmount: '9999999999999' });
});

/** A negative invoice: a return where invoice settlement is off, on the day given. */
async function negativeOn(sale: Sale, quantity: string, documentDate = '2022-01-05'): Promise<InvoiceRow> {
  const { invoices } = await createOrder(await client.work(), {
    ...{ existingAccountNumber: sale.account.accountNumber, orderDate: '2022-01-05', category: 'Return' },
    orderLineItems: [
      {
        ...{
          itemName: 'Back',
          itemCategory: 'Return',
          quantity,
          itemState: 'SentToBilling',
          billTargetDate: '2022-01-01',
        },
        ...{ originalOrderNumber: sale.order.orderNumber, originalOrderLineItemNumber: '1' },
      },
    ],
    processingOptions: { runBilling: true, billingOptions: { documentDate } },
  });
  return invoices[0];
}

const settlementOff = () =>
  client.graphql('mutation { updateBillingSettings(input: { invoiceSettlement: false }) { userErrors { code } } }');

const fields = `payments { paymentNumber status amount applications { amount invoice { invoiceNumber } } }
  invoices { invoiceNumber balance version offsets { amount negativeInvoice { invoiceNumber } invoice { invoiceNumber } } }
  paidAmount userErrors { code message path }`;
const collect = async (invoiceKeys: readonly string[], by = client, headers: Record<string, string> = {}) =>
  (
    await by.graphql(
      `mutation ($invoiceKeys: [ID!]!) { collectPayment(invoiceKeys: $invoiceKeys) { ${fields} } }`,
      { invoiceKeys },
      headers,
    )
  ).body.data.collectPayment;
const told = ({ userErrors }: { userErrors: { code: string; path: string[] }[] }) =>
  userErrors.map(({ code, path }) => [code, ...path].join(' '));
/** What `allowedActions` tells against collecting each of these invoices. */
const againstCollecting = (...invoices: InvoiceRow[]) =>
  Promise.all(
    invoices.map(async ({ id }) => {
      const asked = `{ invoice(key: "${id}") { allowedActions { action blockedBy { code } } } }`;
      const { allowedActions } = (await client.graphql(asked)).body.data.invoice;
      const { blockedBy } = allowedActions.find(({ action }: { action: string }) => action === 'CollectPayment');
      return blockedBy.map(({ code }: { code: string }) => code);
    }),
  );
const nothingOwed = ['BALANCE_EXCEEDED', 'PAYMENT_METHOD_MISSING'];
const charges = () => gateway.database.owner('select status::text, amount from test_gateway.charge order by amount');

describe('collectPayment of invoices', () => {
  test('makes one payment for each account, and none of them owes anything any more', async () => {
    const [one, other] = [await saleOf(), await saleOf()];
    const [a, b] = await invoicesOn(one, '1', '2');
    const [c] = await invoicesOn(other, '4');
    const { payments, invoices, paidAmount } = await collect([c.id, a.invoiceNumber, b.id]);
    expect(payments.map((payment: { amount: string }) => payment.amount)).toEqual(['40.00', '30.00']);
    expect(paidAmount).toBe('70.00');
    expect(invoices).toMatchObject(
      [c, a, b].map(({ invoiceNumber }) => ({ invoiceNumber, balance: '0.00', version: 2 })),
    );
    await gateway.server.settled();
    expect(await charges()).toEqual([
      { status: 'Captured', amount: '30' },
      { status: 'Captured', amount: '40' },
    ]);
  });

  test('tells each key that it refuses, and charges nothing', async () => {
    const sale = await saleOf();
    const [draft, paid, owed] = await invoicesOn(sale, '1', '2', '3');
    await gateway.database.owner("update invoice set status = 'Draft' where id = $1", [draft.id]);
    await collect([paid.id]);
    const refused = await collect([owed.id, 'INV9', draft.id, paid.id, owed.invoiceNumber, '\0']);
    expect(told(refused)).toEqual([
      'NOT_FOUND invoiceKeys 1',
      'DOCUMENT_STATUS invoiceKeys 2',
      'BALANCE_EXCEEDED invoiceKeys 3',
      'INVALID_VALUE invoiceKeys 4',
      'NOT_FOUND invoiceKeys 5',
    ]);
    expect(refused).toMatchObject({ payments: [], invoices: [], paidAmount: null });
    expect(await charges()).toHaveLength(1);
    await gateway.database.owner("update invoice set status = 'Posted' where id = $1", [draft.id]);
  });

  test('takes 1 to 1,000 keys', async () => {
    expect(told(await collect([]))).toEqual(['REQUIRED invoiceKeys']);
    expect(told(await collect(Array(1001).fill('INV1')))).toEqual(['LIMIT_EXCEEDED invoiceKeys']);
  });

  test('names the first invoice of the account that has no payment method, or whose card is declined', async () => {
    const [fine, none, declined] = [
      await saleOf(),
      await saleOf({ paymentMethodToken: null }),
      await saleOf({ paymentMethodToken: 'tok_declined' }),
    ];
    const [a] = await invoicesOn(fine, '1');
    const [b, c] = await invoicesOn(none, '1', '2');
    const [d] = await invoicesOn(declined, '1');
    expect(told(await collect([a.id, b.id, c.id]))).toEqual(['PAYMENT_METHOD_MISSING invoiceKeys 1']);
    expect(await charges()).toEqual([]);
    expect(told(await collect([a.id, d.id]))).toEqual(['PAYMENT_DECLINED invoiceKeys 1']);
    expect((await collect([a.id])).paidAmount).toBe('10.00');
  });

  test('under a key is charged once, and replayed', async () => {
    const [a] = await invoicesOn(await saleOf(), '1');
    const first = await collect([a.id], client, { 'idempotency-key': 'once' });
    expect(await collect([a.id], client, { 'idempotency-key': 'once' })).toEqual(first);
    expect(await charges()).toHaveLength(1);
  });

  test('of one invoice ten times at once charges once', async () => {
    const [a, b] = await invoicesOn(await saleOf(), '1', '2');
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) => collect(at % 2 ? [a.id, b.id] : [b.id, a.id])),
    );
    const done = answers.filter(({ userErrors }) => userErrors.length === 0);
    expect(done).toHaveLength(1);
    for (const answer of answers.filter((each) => each !== done[0])) {
      expect(told(answer)).toEqual(['BALANCE_EXCEEDED invoiceKeys 0', 'BALANCE_EXCEEDED invoiceKeys 1']);
    }
    expect(await charges()).toMatchObject([{ amount: '30' }]);
  });

  test('of invoices that overlap at once charges each invoice once', async () => {
    const [a, b, c] = await invoicesOn(await saleOf(), '1', '2', '4');
    await Promise.all([collect([a.id, b.id]), collect([b.id, c.id]), collect([c.id, a.id])]);
    await collect([a.id]);
    await collect([b.id]);
    await collect([c.id]);
    await gateway.server.settled();
    const [{ sum }] = await gateway.database.owner<{ sum: string }>('select sum(amount) from test_gateway.charge');
    expect(sum).toBe('70');
  });

  test('judges an invoice that is being canceled once that is done', async () => {
    const [a] = await invoicesOn(await saleOf(), '1');
    const { owner } = gateway.database;
    await owner('begin');
    await owner("update invoice set status = 'Canceled', posted_date = null, balance = 0 where id = $1", [a.id]);
    await owner(
      'delete from billing_claim where invoice_item_id in (select id from invoice_item where invoice_id = $1)',
      [a.id],
    );
    const answer = collect([a.id]);
    await gateway.database.blocked();
    await owner('commit');
    expect(told(await answer)).toEqual(['DOCUMENT_STATUS invoiceKeys 0']);
    expect(await charges()).toEqual([]);
  });
});

describe('negative invoices, where invoice settlement is off,', () => {
  beforeEach(() => settlementOff());

  test('are taken off before anything is charged, the oldest first', async () => {
    const sale = await saleOf();
    const [a, b] = await invoicesOn(sale, '3', '5');
    const newer = await negativeOn(sale, '4', '2022-03-01');
    const older = await negativeOn(sale, '2', '2022-02-01');
    const { payments, invoices, paidAmount } = await collect([a.id, b.id]);
    expect(paidAmount).toBe('20.00');
    expect(payments[0].applications).toEqual([{ amount: '20.00', invoice: { invoiceNumber: b.invoiceNumber } }]);
    const part = (negative: InvoiceRow, invoice: InvoiceRow, amount: string) => ({
      amount,
      negativeInvoice: { invoiceNumber: negative.invoiceNumber },
      invoice: { invoiceNumber: invoice.invoiceNumber },
    });
    expect(invoices).toMatchObject([
      { balance: '0.00', version: 2, offsets: [part(older, a, '20.00'), part(newer, a, '10.00')] },
      { balance: '0.00', version: 3, offsets: [part(newer, b, '30.00')] },
    ]);
    const { body } = await client.graphql(
      `{ invoice(key: "${newer.id}") { amount balance offsets { amount invoice { invoiceNumber } }
        history { nodes { action changes { field before after } version } } } }`,
    );
    expect(body.data.invoice).toMatchObject({
      ...{ amount: '-40.00', balance: '0.00' },
      offsets: [
        { amount: '10.00', invoice: { invoiceNumber: a.invoiceNumber } },
        { amount: '30.00', invoice: { invoiceNumber: b.invoiceNumber } },
      ],
      history: {
        nodes: [
          { action: 'Create', version: 1 },
          { action: 'Offset', changes: [{ field: 'balance', before: '-40', after: '0' }], version: 2 },
        ],
      },
    });
  });

  test('that cover all that is owed ask no gateway and need no payment method; the rest waits for the next time', async () => {
    const sale = await saleOf({ paymentMethodToken: null });
    const [a] = await invoicesOn(sale, '3');
    const negative = await negativeOn(sale, '2');
    const [b] = await invoicesOn(sale, '1');
    expect(await againstCollecting(a, b, negative)).toEqual([['PAYMENT_METHOD_MISSING'], [], nothingOwed]);
    expect(await collect([b.id])).toMatchObject({ payments: [], paidAmount: null, invoices: [{ balance: '0.00' }] });
    expect(told(await collect([a.id]))).toEqual(['PAYMENT_METHOD_MISSING invoiceKeys 0']);
    const [{ balance }] = await gateway.database.owner<{ balance: string }>(
      'select balance from invoice where id = $1',
      [negative.id],
    );
    expect(balance).toBe('-10');
    expect(await againstCollecting(a, b)).toEqual([['PAYMENT_METHOD_MISSING'], nothingOwed]);
    expect(await gateway.database.owner('select from payment_attempt')).toEqual([]);
  });

  test('of another account are left alone', async () => {
    const [one, other] = [await saleOf(), await saleOf()];
    await invoicesOn(other, '5');
    await negativeOn(other, '5');
    const [a] = await invoicesOn(one, '3');
    expect((await collect([a.id])).paidAmount).toBe('30.00');
  });

  test('are given back where the card is declined', async () => {
    const sale = await saleOf({ paymentMethodToken: 'tok_declined' });
    const [a] = await invoicesOn(sale, '3');
    await negativeOn(sale, '1');
    expect(told(await collect([a.id]))).toEqual(['PAYMENT_DECLINED invoiceKeys 0']);
    expect(await gateway.database.owner('select from invoice_offset')).toEqual([]);
  });

  test('of the same act count too, and what owes nothing stays in the reply', async () => {
    const sale = await saleOf();
    const [line] = sale.orderLineItems;
    await invoicesOn(sale, '5');
    const { orderLineItems } = await createOrder(await client.work(), {
      ...{ existingAccountNumber: sale.account.accountNumber, orderDate: '2022-01-05', category: 'Return' },
      orderLineItems: [
        {
          ...{ itemName: 'Back', itemCategory: 'Return', quantity: '4', itemState: 'Booked' },
          ...{ billingRule: 'TriggerAsFulfillmentOccurs', invoiceGroupNumber: 'returns' },
          ...{ originalOrderNumber: sale.order.orderNumber, originalOrderLineItemNumber: '1' },
        },
      ],
    });
    const { invoices, payments, paidAmount } = await createFulfillments(await client.work(), {
      fulfillments: [
        { ...due, orderLineItemId: line.id, quantity: '7' },
        { ...due, orderLineItemId: orderLineItems[0].id, fulfillmentType: 'Return', quantity: '4' },
      ],
      processingOptions: { runBilling: true, collectPayment: true },
    });
    expect(invoices.map(({ amount, balance }) => [amount, balance]).sort()).toEqual([
      ['-40', '0'],
      ['70', '0'],
    ]);
    expect([payments.length, paidAmount]).toEqual([1, '30']);
  });

  test('are used once by two collections at once', async () => {
    const sale = await saleOf();
    const [a, b] = await invoicesOn(sale, '3', '3');
    await negativeOn(sale, '4');
    await Promise.all([collect([a.id]), collect([b.id])]);
    const [{ sum }] = await gateway.database.owner<{ sum: string }>('select sum(amount) from test_gateway.charge');
    expect(sum).toBe('20');
  });
});
