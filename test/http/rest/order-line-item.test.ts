import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { missingOf, publishedShapes } from '../../support/published-shapes';

let gateway: TestGatewayServer;
let client: TestClient;
let sale: Awaited<ReturnType<typeof orderFor>>;
let lineId: string;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
}, 60_000);
afterAll(() => gateway.close());
beforeEach(async () => {
  sale = await orderFor(await client.work(), [{ quantity: '10', amountPerUnit: '12.5' }]);
  lineId = sale.orderLineItems[0].id;
});

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
const call = (method: Method, url: string, payload?: object, headers = {}, by = client) =>
  by.request({
    method,
    url,
    headers: { ...(payload && { 'content-type': 'application/json' }), ...headers },
    ...(payload && { payload }),
  });
const path = (id = lineId) => `/v1/order-line-items/${id}`;
const shown = async (query = '') => (await call('GET', path() + query)).body.orderLineItem;
const codes = ({ body }: { body: { reasons: { code: number }[] } }) => body.reasons.map((reason) => reason.code);
/** A line item that is Executing and billed as a whole, in an order of its own. */
const whole = async (more: object = {}) =>
  (
    await orderFor(await client.work(), [
      { billingRule: 'TriggerWithoutFulfillment', itemState: 'Executing', quantity: '2', amountPerUnit: '10', ...more },
    ])
  ).orderLineItems[0].id;

describe('GET /v1/order-line-items/{id}', () => {
  test('N1: shows the published fields in the object `orderLineItem`', async () => {
    const { body } = await call('GET', path());
    expect(missingOf(publishedShapes.orderLineItem, body)).toEqual([]);
    expect(body).toEqual({
      success: true,
      orderLineItem: {
        ...{ id: lineId, itemNumber: '1', itemName: expect.any(String), itemType: 'Product', itemCategory: 'Sales' },
        ...{ itemState: 'Booked', billingRule: 'TriggerAsFulfillmentOccurs', requiresFulfillment: true, quantity: 10 },
        ...{ quantityFulfilled: 0, quantityPendingFulfillment: 10, quantityAvailableForReturn: 0, UOM: null },
        ...{ listPricePerUnit: 12.5, listPrice: 125, amountPerUnit: 12.5, amount: 125, amountWithoutTax: 125 },
        ...{ discount: 0, inlineDiscountType: 'None', inlineDiscountPerUnit: null, taxMode: null, taxCode: null },
        ...{ billTargetDate: null, transactionStartDate: expect.any(String), transactionEndDate: expect.any(String) },
        ...{ paymentTerm: null, invoiceGroupNumber: null, productCode: null, purchaseOrderNumber: null },
        ...{ description: null, customFields: {}, orderId: sale.order.id, currency: 'USD' },
        ...{ invoiceOwnerAccountId: sale.account.id, invoiceOwnerAccountName: 'Customer' },
        ...{ invoiceOwnerAccountNumber: sale.account.accountNumber, originalOrderDate: null },
        ...{ originalOrderId: null, originalOrderNumber: null, ownerAccountNumber: sale.account.accountNumber },
        ...{ soldTo: null, shipTo: null, relatedSubscriptionNumber: null, productRatePlanChargeId: null },
        communicationProfileId: null,
        ...{ originalOrderLineItemId: null, originalOrderLineItemNumber: null },
      },
    });
  });

  test('N2: shows its fulfillments where they are asked for, in the order of their numbers', async () => {
    const fulfillments = [1, 2].map((quantity) => ({
      ...{ orderLineItemId: lineId, fulfillmentDate: '2022-01-01', quantity, customFields: { Lot__c: `${quantity}` } },
    }));
    const { body } = await call('POST', '/v1/fulfillments', { fulfillments });
    expect(await shown()).not.toHaveProperty('fulfillments');
    const found = (await shown('?fulfillment=true')).fulfillments;
    expect(found.map(({ id }: { id: string }) => id)).toEqual(body.fulfillments.map(({ id }: { id: string }) => id));
    // As they are shown alone.
    const alone = await call('GET', `/v1/fulfillments/${found[1].id}`);
    expect(found[1]).toEqual(alone.body.fulfillment);
  });

  test('N4: spells a canceled line item with two l', async () => {
    lineId = await whole();
    expect((await call('PUT', path(), { itemState: 'Cancelled' })).body).toEqual({ success: true, id: lineId });
    expect((await shown()).itemState).toBe('Cancelled');
  });

  test('shows a large decimal to its last digit', async () => {
    const { orderLineItems } = await orderFor(await client.work(), [{ quantity: '9999999999999', amountPerUnit: '1' }]);
    const { text } = await call('GET', path(orderLineItems[0].id));
    expect(text).toContain('"amount":9999999999999,');
  });

  test('says of a return what it takes back', async () => {
    const { owner } = gateway.database;
    const [{ id }] = await owner<{ id: string }>(
      `insert into order_line_item select (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'item_category', 'Return',
         'item_number', '2', 'original_order_line_item_id', l.id))).* from order_line_item l where id = $1 returning id`,
      [lineId],
    );
    expect((await call('GET', path(id))).body.orderLineItem).toMatchObject({
      ...{ itemCategory: 'Return', originalOrderId: sale.order.id, originalOrderNumber: sale.order.orderNumber },
      ...{ originalOrderLineItemId: lineId, originalOrderLineItemNumber: '1' },
    });
  });

  test.each(['nonsense', '00000000000040008000000000000000', '1'])('of an unknown id %s is a refusal', async (id) => {
    const { status, body } = await call('GET', path(id));
    expect([status, body.success, codes({ body })]).toEqual([200, false, [50000040]]);
  });

  test('of another entity is a refusal like that of an unknown one', async () => {
    const stranger = await gateway.client({ grants: [{ entity: 'Another', orgs: ['North'] }] });
    expect(codes(await call('GET', path(), undefined, {}, stranger))).toEqual([50000040]);
  });
});

describe('PUT /v1/order-line-items/{id}', () => {
  test('N24: changes fields under their published names, and takes custom fields beside the others', async () => {
    lineId = await whole();
    const change = {
      UOM: 'Each',
      transactionDate: '2022-03-01',
      transactionEndDate: '2022-03-31',
      quantity: 3,
      Synced__c: 'yes',
    };
    expect((await call('PUT', path(), change)).body).toEqual({ success: true, id: lineId });
    expect(await shown()).toMatchObject({
      ...{
        UOM: 'Each',
        transactionStartDate: '2022-03-01',
        quantity: 3,
        amount: 30,
        customFields: { Synced__c: 'yes' },
      },
    });
  });

  test('custom fields that a change does not name stay, alone and in bulk', async () => {
    lineId = await whole();
    const custom = async () => (await shown()).customFields;
    await call('PUT', path(), { Synced__c: 'no', Colour__c: 'red' });
    await call('PUT', path(), { Synced__c: 'yes' });
    expect(await custom()).toEqual({ Synced__c: 'yes', Colour__c: 'red' });
    const entry = { id: lineId, customFields: { Synced__c: 'again', Size__c: 2 } };
    await call('POST', '/v1/order-line-items/bulk', { orderLineItems: [entry] });
    expect(await custom()).toEqual({ Synced__c: 'again', Colour__c: 'red', Size__c: 2 });
    const many = Object.fromEntries(Array.from({ length: 98 }, (_, at) => [`f${at}__c`, at]));
    expect((await call('PUT', path(), many)).body.reasons[0].message).toMatch(
      'customFields has 101 fields; at most 100',
    );
  });

  test.each<[string, object, number, string]>([
    ['an unknown field', { colour: 'red' }, 58000021, 'colour: This field is not accepted here.'],
    [
      'a field under both of its names',
      { UOM: 'Each', unitOfMeasure: 'Box' },
      58000021,
      'UOM: This field is not accepted here.',
    ],
    ['a decimal that is none', { quantity: 'five' }, 58000020, 'quantity'],
    ['a state that does not follow', { itemState: 'Executing' }, 58000030, 'itemState'],
    ['null where a value is needed', { quantity: null }, 58000022, 'quantity'],
  ])('refuses %s with its reason', async (_name, change, code, where) => {
    lineId = await whole();
    const before = await shown();
    const answer = await call('PUT', path(), change);
    expect([answer.status, codes(answer)]).toEqual([200, [code]]);
    expect(answer.body.reasons[0].message).toMatch(where);
    expect(await shown()).toEqual(before);
  });

  test('refuses a body that is no object, and a line item that is locked', async () => {
    for (const body of [[], { quantity: 4 }]) expect((await call('PUT', path(), body)).body.success).toBe(false);
    expect(codes(await call('PUT', path(), { itemName: 'Other' }))).toEqual([58000030]);
  });
});

describe('POST /v1/order-line-items/bulk', () => {
  const sent = { itemState: 'SentToBilling', billTargetDate: '2022-01-01' };

  test('changes several line items and bills them in one call', async () => {
    const ids = [await whole({ itemState: 'Booked' }), await whole({ itemState: 'Booked' })];
    const body = { orderLineItems: ids.map((id) => ({ id, ...sent })), processingOptions: { runBilling: true } };
    const answer = await call('POST', path('bulk'), body);
    expect(answer.body).toEqual({
      success: true,
      invoiceNumbers: [expect.stringMatching(/^INV/), expect.stringMatching(/^INV/)],
      ...{ creditMemoNumbers: null, paidAmount: null, paymentNumber: null },
    });
  });

  test('happens once for an Idempotency-Key', async () => {
    const id = await whole({ itemState: 'Booked' });
    const body = { orderLineItems: [{ id, ...sent }], processingOptions: { runBilling: true } };
    const [first, again] = [
      await call('POST', path('bulk'), body, { 'idempotency-key': `bulk ${id}` }),
      await call('POST', path('bulk'), body, { 'idempotency-key': `bulk ${id}` }),
    ];
    expect(first.body.success).toBe(true);
    expect([again.body, again.headers['idempotency-replayed']]).toEqual([first.body, 'true']);
  });

  test.each<[string, object[] | null, number, string]>([
    ['no entry', [], 58000022, 'orderLineItems'],
    ['an unknown line item', [{ id: 'nonsense', quantity: 1 }], 58000040, 'orderLineItems[0].id'],
    ['an entry without an id', [{ quantity: 1 }], 58000022, 'orderLineItems[0]'],
    ['no list', null, 58000022, 'orderLineItems'],
    ['101 entries', Array(101).fill({ id: 'x' }), 58000030, 'orderLineItems'],
  ])('refuses %s with its reason', async (_name, orderLineItems, code, where) => {
    const answer = await call('POST', path('bulk'), { orderLineItems });
    expect([answer.status, codes(answer).slice(0, 1)]).toEqual([200, [code]]);
    expect(answer.body.reasons[0].message).toContain(where);
  });

  test('changes nothing where one entry is refused', async () => {
    const id = await whole();
    const body = {
      orderLineItems: [
        { id, quantity: 5 },
        { id: lineId, quantity: 5 },
      ],
    };
    expect((await call('POST', path('bulk'), body)).body.success).toBe(false);
    lineId = id;
    expect((await shown()).quantity).toBe(2);
  });
});

test('each operation needs its scope', async () => {
  const reader = await gateway.client({ scopes: ['read'] });
  expect((await call('PUT', path(), {}, {}, reader)).status).toBe(403);
  expect((await call('POST', path('bulk'), {}, {}, reader)).status).toBe(403);
  const biller = await gateway.client({ scopes: ['bill'] });
  expect((await call('GET', path(), undefined, {}, biller)).status).toBe(403);
});
