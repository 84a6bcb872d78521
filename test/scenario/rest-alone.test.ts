import { carryOn } from '../../src/service/bill-run-worker';
import { drift } from '../support/books';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/*
 * The published stories of programs that know REST alone, with their bodies as published: the tutorial "order_fulfillment", and
 * "Integrate your ERP system with Zuora Billing ERP Fulfillment pattern".
 */

let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
}, 60_000);
afterEach(async () => {
  await gateway.server.settled();
  expect(gateway.failures).toEqual([]);
  expect(await drift(gateway.database.owner)).toEqual({});
});
afterAll(() => gateway.close());

async function call(method: 'GET' | 'POST' | 'PUT', url: string, payload?: object) {
  const headers = payload ? { 'content-type': 'application/json' } : {};
  const { status, body } = await client.request({ method, url, headers, ...(payload && { payload }) });
  expect([status, body]).toEqual([200, expect.not.objectContaining({ success: false })]);
  return body;
}

const newAccount = {
  additionalEmailAddresses: ['contact1@example.com', 'contact2@example.com'],
  autoPay: false,
  billCycleDay: 0,
  billToContact: {
    ...{ address1: '1051 E Hillsdale Blvd', city: 'Foster City', country: 'United States', firstName: 'John' },
    ...{ lastName: 'Smith', state: 'CA', workEmail: 'smith@example.com', zipCode: '94404' },
  },
  currency: 'USD',
  name: 'Zuora Fulfillment Account',
  notes: 'This account is for demo purposes.',
};
const id = expect.stringMatching(/^[0-9a-f]{32}$/);

test('N25: the tutorial "order_fulfillment": 10 at 30 are sold and billed, 2 come back and are credited', async () => {
  const account = await call('POST', '/v1/accounts', newAccount);
  const { accountNumber } = account;
  expect(account).toMatchObject({ success: true, accountId: id, accountNumber: expect.stringMatching(/^A\d+$/) });

  const sold = await call('POST', '/v1/orders?returnIds=true', {
    ...{ orderDate: '2021-01-01', existingAccountNumber: accountNumber },
    orderLineItems: [
      {
        ...{ itemName: 'physical good _fbff79b9', itemType: 'Product', description: 'physical good to sell' },
        ...{ purchaseOrderNumber: 'PO-12345678', productCode: 'P-0000001', quantity: 10, amountPerUnit: 30 },
        ...{ listPricePerUnit: 30, UOM: 'Each', transactionDate: '2021-01-01', billTargetDate: '2021-01-01' },
        itemState: 'SentToBilling',
      },
    ],
    processingOptions: {
      runBilling: true,
      billingOptions: { targetDate: '2021-01-01', documentDate: '2021-01-01' },
    },
  });
  expect(sold).toMatchObject({
    ...{ success: true, accountNumber, accountId: account.accountId, orderId: id },
    ...{ orderLineItems: [{ itemNumber: '1', id }], invoiceNumbers: ['INV00000001'], invoiceIds: [id] },
  });
  expect(await call('GET', `/v1/invoices/${sold.invoiceIds[0]}`)).toMatchObject({ amount: 300, balance: 300 });

  const back = await call('POST', '/v1/orders?returnIds=true', {
    ...{ orderDate: '2021-02-01', category: 'Return', reasonCode: 'No Longer Needed' },
    ...{ existingAccountNumber: accountNumber, description: 'return device', processingOptions: { runBilling: false } },
    orderLineItems: [
      {
        ...{ itemName: 'return device detail', itemState: 'Booked', itemNumber: '1', itemCategory: 'Return' },
        ...{ originalOrderNumber: sold.orderNumber, originalOrderLineItemNumber: sold.orderLineItems[0].itemNumber },
        ...{ description: 'With Dual Stereo Microphones.', quantity: 2, billTargetDate: '2021-02-01' },
        ...{ transactionDate: '2021-02-01', transactionStartDate: '2021-02-01', transactionEndDate: '2021-02-01' },
        billingRule: 'TriggerAsFulfillmentOccurs',
      },
    ],
  });

  const received = await call('POST', '/v1/fulfillments', {
    fulfillments: [
      {
        ...{ fulfillmentDate: '2021-02-01', quantity: 2, state: 'SentToBilling', billTargetDate: '2021-02-01' },
        ...{ orderLineItemId: back.orderLineItems[0].id, fulfillmentType: 'Return' },
      },
    ],
    processingOptions: {
      runBilling: true,
      billingOptions: { documentDate: '2021-02-01', targetDate: '2021-02-01' },
    },
  });
  expect(received).toEqual({
    ...{ success: true, fulfillments: [{ id, fulfillmentNumber: 'F-00000001', fulfillmentItems: [] }] },
    ...{ invoiceNumbers: null, creditMemoNumbers: ['CM00000001'], paymentNumber: null, paidAmount: null },
  });

  const { creditmemos, ...rest } = await call('GET', `/v1/creditmemos?accountNumber=${accountNumber}`);
  expect(rest).toEqual({ success: true });
  expect(creditmemos).toMatchObject([
    {
      ...{ number: 'CM00000001', accountId: account.accountId, accountNumber, currency: 'USD', status: 'Posted' },
      ...{ creditMemoDate: '2021-02-01', targetDate: '2021-02-01', amount: 60, taxAmount: 0, unappliedAmount: 60 },
      ...{ refundAmount: 0, appliedAmount: 0, source: 'API', sourceId: null, referredInvoiceId: null },
      ...{ reasonCode: 'Return Order', sourceType: 'Order', autoApplyUponPosting: false },
    },
  ]);

  expect(await call('GET', `/v1/accounts/${accountNumber}`)).toMatchObject({
    basicInfo: { id: account.accountId, name: newAccount.name, notes: newAccount.notes, status: 'Active' },
    billToContact: newAccount.billToContact,
    billingAndPayment: { billCycleDay: 0, additionalEmailAddresses: newAccount.additionalEmailAddresses },
  });
});

describe('"Integrate your ERP system with Zuora Billing ERP Fulfillment pattern"', () => {
  const line = { itemName: 'Router', itemType: 'Product', quantity: 20, amountPerUnit: 30 };
  const booked = { ...line, itemState: 'Booked' };
  const asked = 'orderLineItem.fields[]=orderId,id,itemNumber,itemName,itemState,quantity,billingRule,updatedDate';
  const since = '2025-03-13T14:30:46-07:00';
  let lines: { id: string; itemState: string; quantity: number }[];

  /** What is Booked and has changed since the last look, and the high-water mark for the next look. */
  async function poll(after: string) {
    const filters = `filter[]=itemState.EQ:Booked&filter[]=updatedDate.GT:${encodeURIComponent(after)}`;
    const found: (typeof lines)[number][] = [];
    let cursor = '';
    let mark = after;
    do {
      const { data, nextPage = '' } = await call(
        'GET',
        `/object-query/order-line-items?${asked}&${filters}&sort[]=updateddate.ASC&pageSize=2${cursor}`,
      );
      found.push(...data);
      mark = data.at(-1)?.updatedDate ?? mark;
      cursor = nextPage && `&cursor=${nextPage}`;
    } while (cursor);
    return { found, mark };
  }

  test('step A polls for what is new, from the mark of the last look on', async () => {
    const { accountNumber } = await call('POST', '/v1/accounts', newAccount);
    await call('POST', '/v1/orders', {
      ...{ orderDate: '2025-03-14', existingAccountNumber: accountNumber },
      orderLineItems: [
        ...[booked, { ...booked, itemState: 'Executing' }, booked],
        { ...booked, billingRule: 'TriggerAsFulfillmentOccurs' },
      ],
    });
    const { found, mark } = await poll(since);
    expect(found).toHaveLength(3);
    expect(found[0]).toEqual({
      ...{ id, orderId: id, itemNumber: '1', itemName: 'Router', itemState: 'Booked', quantity: 20 },
      ...{ billingRule: 'TriggerWithoutFulfillment', updatedDate: expect.stringMatching(/Z$/) },
    });
    lines = found;
    expect((await poll(mark)).found).toEqual([]);
  });

  test('step C1 sends a line item to billing as a whole', async () => {
    const [{ id }] = lines;
    await call('PUT', `/v1/order-line-items/${id}`, { billTargetDate: '2025-03-16', itemState: 'SentToBilling' });
    const { orderLineItem } = await call('GET', `/v1/order-line-items/${id}`);
    expect(orderLineItem).toMatchObject({ itemState: 'SentToBilling', billTargetDate: '2025-03-16' });
  });

  test('step C2 completes a line item without a bill', async () => {
    const { id } = lines[1];
    await call('PUT', `/v1/order-line-items/${id}`, { itemState: 'Complete' });
    expect((await call('GET', `/v1/order-line-items/${id}`)).orderLineItem.itemState).toBe('Complete');
  });

  test('step C3 tells of a shipment with its carrier, and a bill run bills what was sent', async () => {
    const line = lines[2];
    const reply = await call('POST', '/v1/fulfillments', {
      fulfillments: [
        {
          ...{ fulfillmentDate: '2025-03-16', quantity: 11, description: 'Example call for an ERP fulfillment' },
          ...{ state: 'SentToBilling', billTargetDate: '2025-03-16', orderLineItemId: line.id },
          ...{ fulfillmentType: 'Delivery', trackingNumber: 'T-0009872', carrier: 'UPS', fulfillmentSystem: 'ERP' },
          ...{ fulfillmentLocation: 'Travis', externalId: 'ERP-0987123' },
        },
      ],
    });
    expect(reply).toMatchObject({ success: true, invoiceNumbers: null, paidAmount: null });
    const { data } = await call('GET', '/object-query/fulfillments?filter[]=externalid.EQ:ERP-0987123');
    expect(data).toMatchObject([{ carrier: 'UPS', quantity: 11, orderLineItemId: line.id, state: 'SentToBilling' }]);

    const run = await call('POST', '/v1/bill-runs', { targetDate: '2025-03-31', autoPost: true });
    await carryOn(gateway.services);
    expect(await call('GET', `/v1/bill-runs/${run.id}`)).toMatchObject({ status: 'Posted' });
    const page = await call('GET', `/object-query/order-line-items/${line.id}?expand[]=invoiceitems`);
    expect(page).toMatchObject({ quantityFulfilled: 11, quantityPendingFulfillment: 9 });
    expect(page.invoiceItems).toMatchObject([{ chargeAmount: 330, quantity: 11, fulfillmentId: data[0].id }]);
    const { invoiceItems } = await call('GET', `/v1/invoices/${page.invoiceItems[0].invoiceId}/items`);
    expect(invoiceItems.map(({ chargeAmount }: { chargeAmount: number }) => chargeAmount).sort()).toEqual([330, 600]);
  });
});
