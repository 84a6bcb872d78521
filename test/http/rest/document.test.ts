import { reverseInvoice } from '../../../src/service/reversal';
import { credited, deliver, invoiced, returning } from '../../support/billed';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';

/* Orders, invoices and credit memos, as the published operations show them. */

let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
}, 60_000);
afterAll(() => gateway.close());

const get = (path: string, by = client) => by.request({ method: 'GET', url: `/v1/${path}` });

describe('POST /v1/orders', () => {
  const post = (payload: object, headers = {}) =>
    client.request({
      method: 'POST',
      url: '/v1/orders',
      headers: { 'content-type': 'application/json', ...headers },
      payload,
    });
  const line = { itemName: 'Device', itemType: 'Product', quantity: 2, amountPerUnit: 10.5 };
  let accountNumber: string;
  beforeEach(async () => {
    accountNumber = (await orderFor(await client.work())).account.accountNumber;
  });
  const order = (...orderLineItems: object[]) => ({
    ...{ existingAccountNumber: accountNumber, orderDate: '2022-01-01', orderLineItems },
  });

  test('N24: makes an order of line items, under their published names', async () => {
    const items = [{ ...line, UOM: 'Each', transactionDate: '2022-02-01', Colour__c: 'red' }, line];
    const { body } = await post({ ...order(...items), subscriptions: [] });
    expect(body).toEqual({
      ...{ success: true, orderNumber: expect.stringMatching(/^O-/), accountNumber, status: 'Executing' },
      orderLineItems: ['1', '2'].map((itemNumber) => ({ id: expect.stringMatching(/^[0-9a-f]{32}$/), itemNumber })),
      ...{ subscriptionNumbers: [], invoiceNumbers: null, creditMemoNumbers: null, paidAmount: null },
      paymentNumber: null,
    });
    const { orderLineItems } = (await get(`orders/${body.orderNumber}`)).body.order;
    expect(orderLineItems[0]).toMatchObject({
      ...{ UOM: 'Each', transactionStartDate: '2022-02-01', customFields: { Colour__c: 'red' }, amount: 21 },
    });
  });

  test('makes no order where returnIds is neither true nor false', async () => {
    const asked = (value: string) =>
      client.request({ method: 'POST', url: `/v1/orders?returnIds=${value}`, payload: order(line) });
    const orders = async () => (await gateway.database.owner('select from orders')).length;
    const before = await orders();
    const { status, body } = await asked('1');
    expect([status, body.reasons]).toEqual([
      400,
      [{ code: 58000027, message: 'returnIds: True or false is expected.' }],
    ]);
    expect(await orders()).toBe(before);
    expect((await asked('True')).body).toHaveProperty('orderId');
  });

  const kept = {
    ...{ ownerAccountNumber: 'A-OTHER', soldTo: '8ad093788fa4fba0018faaaa88d418ae', shipTo: 'contact-2' },
    ...{ relatedSubscriptionNumber: 'A-S00000159', productRatePlanChargeId: 'charge-1' },
    communicationProfileId: 'profile-1',
  };

  test('keeps what it does not use, and gives it back', async () => {
    const { body } = await post(
      order({ ...line, ...kept, billTo: null, sequenceSetId: null, invoiceTemplateId: null }),
    );
    const [{ id }] = body.orderLineItems;
    expect((await get(`order-line-items/${id}`)).body.orderLineItem).toMatchObject(kept);
    const shown = await client.graphql(`{ orderLineItem(id: "${id}") { ${Object.keys(kept).join(' ')} } }`);
    expect(shown.body.data.orderLineItem).toEqual(kept);
  });

  test('refuses what would change how a line item is billed, and names it', async () => {
    for (const field of ['billTo', 'sequenceSetId', 'invoiceTemplateId']) {
      const { body } = await post(order(line, { ...line, [field]: '8ad093788fa4fba0018faaaa88d418ae' }));
      expect(body).toMatchObject({
        success: false,
        reasons: [{ message: expect.stringMatching(`^orderLineItems\\[1\\]: Field "${field}"`) }],
      });
    }
  });

  test('bills and collects in the same call, once for a key', async () => {
    const due = { ...line, itemState: 'SentToBilling', billTargetDate: '2022-01-01' };
    const asked = { ...order(due), processingOptions: { runBilling: true, collectPayment: true } };
    const headers = { 'idempotency-key': `order of ${accountNumber}` };
    const { body } = await post(asked, headers);
    expect(body).toMatchObject({
      ...{ success: true, paidAmount: 21, invoiceNumbers: [expect.stringMatching(/^INV/)] },
      paymentNumber: expect.stringMatching(/^P/),
    });
    const again = await post(asked, headers);
    expect([again.body, again.headers['idempotency-replayed']]).toEqual([body, 'true']);
  });

  test.each<[string, (valid: object) => object, number, string]>([
    ['subscriptions', (valid) => ({ ...valid, subscriptions: [{}] }), 58000021, 'Field "subscriptions"'],
    ['no line item', (valid) => ({ ...valid, orderLineItems: [] }), 58000022, 'orderLineItems'],
    ['an unknown account', (valid) => ({ ...valid, existingAccountNumber: 'A-0' }), 58000040, 'existingAccountNumber'],
    [
      'a line item without a name',
      (valid) => ({ ...valid, orderLineItems: [{ quantity: 1 }] }),
      58000022,
      'orderLineItems[0]',
    ],
    ['a list', () => [], 58000020, ''],
  ])('refuses %s with its reason', async (_name, change, code, where) => {
    const { status, body } = await post(change(order(line)));
    expect([status, body.success, body.reasons[0].code]).toEqual([200, false, code]);
    expect(body.reasons[0].message).toContain(where);
  });
});

test('N25: an order comes with its line items in the order of their numbers', async () => {
  const sale = await invoiced(await client.work());
  const { orderNumber, id } = sale.order;
  const { body } = await get(`orders/${orderNumber}`);
  expect(body).toEqual({
    success: true,
    order: {
      ...{ orderNumber, orderDate: '2022-01-01', category: 'NewSales', status: 'Executing', description: null },
      ...{ reasonCode: null, existingAccountNumber: sale.account.accountNumber, currency: 'USD', customFields: {} },
      ...{ subscriptions: [], createdBy: expect.any(String), updatedBy: expect.any(String) },
      ...{ createdDate: expect.any(String), updatedDate: expect.any(String) },
      orderLineItems: [(await get(`order-line-items/${sale.orderLineItems[0].id}`)).body.orderLineItem],
    },
  });
  expect((await get(`orders/${id}`)).body).toEqual(body);
  const returned = await returning(await client.work(), sale, '2');
  const line = (await get(`order-line-items/${returned}`)).body.orderLineItem;
  expect((await get(`orders/${line.orderId}`)).body.order).toMatchObject({
    category: 'Return',
    orderLineItems: [
      { originalOrderNumber: orderNumber, originalOrderLineItemNumber: '1', originalOrderDate: '2022-01-01' },
    ],
  });
});

test.each([
  ['12', Array.from({ length: 12 }, (_, at) => String(at + 1))],
  ['100', Array.from({ length: 100 }, (_, at) => String(at + 1))],
])('an order of %s line items shows all of them', async (_count, numbers) => {
  const { order } = await orderFor(
    await client.work(),
    numbers.map(() => ({ quantity: '1' })),
  );
  const { orderLineItems } = (await get(`orders/${order.orderNumber}`)).body.order;
  expect(orderLineItems.map(({ itemNumber }: { itemNumber: string }) => itemNumber)).toEqual(numbers);
});

test('an invoice comes with its amounts as exact numbers', async () => {
  const { invoice, account } = await invoiced(await client.work(), ['5'], { amountPerUnit: '0.333' });
  const { body, text } = await get(`invoices/${invoice.invoiceNumber}`);
  expect(body).toEqual({
    ...{ success: true, id: invoice.id, invoiceNumber: invoice.invoiceNumber, accountId: account.id },
    ...{ accountNumber: account.accountNumber, status: 'Posted', currency: 'USD', reversed: false, source: 'API' },
    ...{ amount: 1.67, amountWithoutTax: 1.67, taxAmount: 0, balance: 1.67, sourceId: null },
    ...{ invoiceDate: expect.any(String), dueDate: expect.any(String), postedDate: expect.any(String) },
    ...{ targetDate: expect.any(String), createdById: expect.any(String), createdDate: expect.any(String) },
    ...{ updatedById: expect.any(String), updatedDate: expect.any(String) },
  });
  expect(text).toContain('"amount":1.67,');
  expect((await get(`invoices/${invoice.id}`)).body).toEqual(body);
});

test('a credit memo comes under its published names', async () => {
  const sale = await invoiced(await client.work());
  const { memo } = await credited(await client.work(), sale, '2');
  const { body } = await get(`creditmemos/${memo.creditMemoNumber}`);
  expect(body).toMatchObject({
    ...{ success: true, id: memo.id, number: memo.creditMemoNumber, status: 'Posted', amount: 20, appliedAmount: 0 },
    ...{ unappliedAmount: 20, refundAmount: 0, taxAmount: 0, referredInvoiceId: null, reasonCode: 'Return Order' },
    ...{ creditMemoDate: expect.any(String), postedOn: expect.any(String), accountNumber: sale.account.accountNumber },
    ...{ sourceType: 'Order', autoApplyUponPosting: false },
  });
  expect(body).not.toHaveProperty('creditMemoNumber');
});

test('a credit memo that reverses an invoice has the source type Invoice', async () => {
  const { invoice } = await invoiced(await client.work());
  const { creditMemos } = await reverseInvoice(await client.work(), invoice.id);
  expect((await get(`creditmemos/${creditMemos[0].id}`)).body).toMatchObject({
    ...{ sourceType: 'Invoice', referredInvoiceId: invoice.id, appliedAmount: 50 },
  });
});

test.each(['orders', 'invoices', 'creditmemos'])('of %s an unknown key is a refusal', async (path) => {
  for (const key of ['nonsense', '00000000000040008000000000000000', 'a'.repeat(2_000)]) {
    const { status, body } = await get(`${path}/${key}`);
    expect([status, body.success, body.reasons[0].code]).toEqual([200, false, 50000040]);
  }
});

test('a page that is shorter than an order does not cut it off', async () => {
  const short = await testGateway({ server: { limits: { pageSize: 5 } } });
  try {
    const own = await short.client();
    const { order } = await orderFor(await own.work(), Array(8).fill({ quantity: '1' }));
    expect((await get(`orders/${order.orderNumber}`, own)).body.order.orderLineItems).toHaveLength(8);
  } finally {
    await short.close();
  }
});

describe('lists of documents', () => {
  let sale: Awaited<ReturnType<typeof invoiced>>;
  const numbers = (documents: { invoiceNumber?: string; number?: string }[]) =>
    documents.map(({ invoiceNumber, number }) => invoiceNumber ?? number);

  beforeAll(async () => {
    const work = await client.work();
    sale = await invoiced(work, ['1', '2', '3']);
    for (const quantity of ['1', '1', '1']) await credited(work, sale, quantity);
    await deliver(work, sale.orderLineItems[0].id, ['1']);
  });

  test('N25: are narrowed to an account, by its number or its id, and to a status', async () => {
    const { accountNumber, id } = sale.account;
    const { body } = await get(`creditmemos?accountNumber=${accountNumber}`);
    expect(Object.keys(body)).toEqual(['success', 'creditmemos']);
    expect([body.creditmemos.length, body.creditmemos[0].accountId]).toEqual([3, id]);
    expect((await get(`creditmemos?accountId=${id}&status=Posted`)).body).toEqual(body);
    expect((await get(`creditmemos?accountId=${id}&status=Draft`)).body).toEqual({ success: true, creditmemos: [] });
    expect((await get(`invoices?accountNumber=${accountNumber}`)).body.invoices).toHaveLength(2);
    // Each is what it is alone.
    const [memo] = body.creditmemos;
    expect((await get(`creditmemos/${memo.id}`)).body).toEqual({ success: true, ...memo });
  });

  test('are counted by pages, and nextPage leads on', async () => {
    const all: unknown[] = [];
    for (let path: string | undefined = '/v1/creditmemos?pageSize=2'; path; ) {
      const { status, body } = await client.request({ method: 'GET', url: path });
      expect(status).toBe(200);
      all.push(...numbers(body.creditmemos));
      path = body.nextPage;
    }
    expect(all).toEqual(numbers((await get('creditmemos?pageSize=40')).body.creditmemos));
    expect(new Set(all).size).toBe(all.length);
    expect(numbers((await get('creditmemos?pageSize=1&page=2')).body.creditmemos)).toEqual([all[1]]);
    expect((await get('creditmemos?pageSize=40&page=3')).body).toEqual({ success: true, creditmemos: [] });
  });

  test('the items of an invoice come page by page', async () => {
    const path = `invoices/${sale.invoice.invoiceNumber}/items`;
    const { invoiceItems } = (await get(path)).body;
    expect(invoiceItems).toMatchObject([{ quantity: 1, chargeAmount: 10 }, { quantity: 2 }, { quantity: 3 }]);
    const first = (await get(`${path}?pageSize=2`)).body;
    expect([first.invoiceItems, first.nextPage]).toEqual([invoiceItems.slice(0, 2), `/v1/${path}?pageSize=2&page=2`]);
    expect((await get(`${path}?pageSize=2&page=2`)).body).toEqual({ success: true, invoiceItems: [invoiceItems[2]] });
  });

  test.each([
    ['creditmemos?accountNumber=A-nowhere', 200, 40, 'No account has this id or number.'],
    ['invoices/INV-nowhere/items', 200, 40, 'No invoice has this id or number.'],
    ['creditmemos?accountNumber=A&accountId=B', 400, 27, 'accountNumber: Give accountId or accountNumber'],
    ['creditmemos?status=posted', 400, 27, 'status: The value is posted; Draft, Posted, Canceled are allowed.'],
    ['invoices?page=0', 400, 27, 'page: The value is 0; 1 to 501 is allowed.'],
    ['invoices?page=502', 400, 27, 'page: The value is 502; 1 to 501 is allowed'],
    ['invoices?pageSize=41', 400, 27, 'pageSize: The value is 41; 1 to 40 is allowed.'],
    ['invoices?amount=5', 400, 27, 'amount: No parameter has this name. accountId, accountNumber'],
    ['invoices?page=1&page=2', 400, 27, 'page: Give it once.'],
    ['invoices/INV-1/items?status=Draft', 400, 27, 'status: No parameter has this name. page, pageSize'],
  ])('%s is refused', async (path, status, category, message) => {
    const answer = await get(path);
    expect([answer.status, answer.body.reasons[0].code % 100]).toEqual([status, category]);
    expect(answer.body.reasons[0].message).toContain(message);
  });
});
