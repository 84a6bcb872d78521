import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { type Document, type OpenAPIClient, OpenAPIClientAxios } from 'openapi-client-axios';
import { carryOn } from '../../src/service/bill-run-worker';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/*
 * A client that openapi-client-axios makes of the published operations (zuora/published.json), sent to the gateway by its address alone.
 * The file has the names and types of replies in the published reference, of March 2024. Each reply has the published types; the published API,
 * like the gateway, writes null for what is not there. The reference calls the code of a reason a text; its examples are numbers.
 */

const definition: Document = JSON.parse(readFileSync('test/clients/zuora/published.json', 'utf8'));

let gateway: TestGatewayServer;
let client: TestClient;
let zuora: OpenAPIClient;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  const url = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  const api = new OpenAPIClientAxios({ definition, withServer: { url } });
  zuora = await api.init();
  zuora.interceptors.response.use((reply) => {
    const { operation } = reply.config as unknown as { operation: string };
    expect([operation, typesAgainst(operation, reply.data)]).toEqual([operation, []]);
    return reply;
  });
  const form = { client_id: client.clientId, client_secret: client.secret, grant_type: 'client_credentials' };
  const { data } = await ask('createToken', undefined, new URLSearchParams(form));
  zuora.defaults.headers.common.authorization = `Bearer ${data.access_token}`;
}, 60_000);
afterAll(() => gateway.close());

type Operations = Record<
  string,
  { responses: { 200: { content: { 'application/json': { schema: object } } } }; operationId: string }
>;
const operations = Object.values(definition.paths!).flatMap((path) => Object.values(path as unknown as Operations));

/** Published types also admit null. */
function withNull(schema: unknown): unknown {
  if (Array.isArray(schema) || typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, withNull(value)]));
  const { type } = schema as { type?: unknown };
  return typeof type === 'string' ? { ...inner, type: [type, 'null'] } : inner;
}
const ajv = addFormats(new Ajv({ allErrors: true, strict: false }));
ajv.addSchema(withNull(definition) as object, 'published');

/** What a reply has of another type than the published one. */
function typesAgainst(operation: string, body: unknown): string[] {
  const { responses } = operations.find(({ operationId }) => operationId === operation)!;
  const { $ref } = responses[200].content['application/json'].schema as { $ref: string };
  const validate = ajv.getSchema(`published${$ref}`)!;
  return validate(body) ? [] : validate.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const ask = (operation: string, parameters?: string | object, body?: object) =>
  zuora[operation](parameters as never, body, { operation } as never);
const done = async (operation: string, parameters?: string | object, body?: object) => {
  const { data } = await ask(operation, parameters, body);
  expect([operation, data.reasons]).toEqual([operation, undefined]);
  return data;
};

test('an account orders, and the order is fulfilled, billed and read', async () => {
  const named = { name: 'Shop', currency: 'USD', autoPay: false, crmId: 'C-1' };
  const account = await done('createAccount', undefined, { ...named, billToContact: { firstName: 'Ada' } });
  await done('updateAccount', account.accountNumber, { notes: 'Delivers on weekdays' });
  expect((await done('getAccount', account.accountId)).basicInfo).toMatchObject({ name: 'Shop', crmId: 'C-1' });
  const line = {
    ...{ itemName: 'Widget', itemType: 'Product', itemState: 'Booked', quantity: 10, amountPerUnit: 12.5 },
    ...{ billingRule: 'TriggerAsFulfillmentOccurs', UOM: 'Each', Colour__c: 'red' },
  };
  const order = await done('createOrder', undefined, {
    ...{ existingAccountNumber: account.accountNumber, orderDate: '2022-01-01', subscriptions: [] },
    orderLineItems: [line, { ...line, itemState: 'Executing', billingRule: 'TriggerWithoutFulfillment' }],
  });
  const [{ id: itemId }, { id: feeId }] = order.orderLineItems;
  expect((await done('getOrder', order.orderNumber)).order).toMatchObject({ status: 'Executing', currency: 'USD' });
  await done('updateOrderLineItem', feeId, { description: 'For the shelf' });
  await done('updateOrderLineItems', undefined, { orderLineItems: [{ id: feeId, description: 'For the counter' }] });

  const entry = {
    orderLineItemId: itemId,
    fulfillmentDate: '2022-01-02',
    quantity: 4,
    customFields: { Lot__c: 'A-1' },
  };
  const body = { fulfillments: [entry, { ...entry, quantity: 1 }] };
  const key = { 'Idempotency-Key': itemId };
  const { fulfillments } = await done('createFulfillments', key, body);
  expect((await done('createFulfillments', key, body)).fulfillments).toEqual(fulfillments);
  const [{ id, fulfillmentNumber }, other] = fulfillments;
  await done('deleteFulfillment', other.fulfillmentNumber);
  await done('updateFulfillment', id, { state: 'Booked', trackingNumber: '1Z' });

  const [item] = (
    await done('createFulfillmentItems', undefined, {
      fulfillmentItems: [{ fulfillmentNumber, itemIdentifier: 'SN-1' }],
    })
  ).fulfillmentItems;
  await done('updateFulfillmentItem', item.id, { description: 'Blue' });
  expect((await done('getFulfillmentItem', item.id)).fulfillmentItem).toMatchObject({ itemIdentifier: 'SN-1' });
  const { fulfillment } = await done('getFulfillment', { key: id, 'fulfillment-items': true });
  expect(fulfillment).toMatchObject({ quantity: 4, state: 'Booked', fulfillmentItems: [{ description: 'Blue' }] });
  await done('deleteFulfillmentItem', item.id);

  await done('updateFulfillment', fulfillmentNumber, { state: 'SentToBilling', billTargetDate: '2022-01-10' });
  const run = await done('createBillRun', undefined, {
    ...{ targetDate: '2022-01-31', autoPost: true },
    billRunFilters: [{ filterType: 'Account', accountId: account.accountId }],
  });
  await carryOn(gateway.services);
  expect(await done('getBillRun', run.id)).toMatchObject({ status: 'Posted', billRunNumber: run.billRunNumber });
  const [{ invoice_number }] = await gateway.database.owner<{ invoice_number: string }>(
    'select invoice_number from invoice',
  );
  expect(await done('getInvoice', invoice_number)).toMatchObject({ amount: 50, sourceId: run.billRunNumber });
  const { invoiceItems } = await done('getInvoiceItems', invoice_number);
  expect(invoiceItems).toMatchObject([{ quantity: 4, unitPrice: 12.5, chargeAmount: 50 }]);
  const { orderLineItem } = await done('getOrderLineItem', { itemId, fulfillment: true });
  expect(orderLineItem).toMatchObject({ UOM: 'Each', quantity: 10, fulfillments: [{ id, state: 'SentToBilling' }] });
  expect((await done('getOrderLineItem', feeId)).orderLineItem).toMatchObject({ description: 'For the counter' });
});

test('bill runs are posted, canceled and deleted', async () => {
  const of = { targetDate: '2022-01-31', batches: ['AllBatches'] };
  const [posted, canceled] = [await done('createBillRun', undefined, of), await done('createBillRun', undefined, of)];
  await carryOn(gateway.services);
  await done('postBillRun', posted.id);
  await done('cancelBillRun', canceled.id);
  await carryOn(gateway.services);
  await done('deleteBillRun', canceled.id);
  const { data } = await ask('getCreditMemo', 'CM-99999999');
  expect(data).toMatchObject({ success: false, reasons: [{ code: 50000040, message: expect.any(String) }] });
});

test('a reply of another type would be found', () => {
  expect(typesAgainst('getInvoice', { amount: null, invoiceDate: '2022-01-01' })).toEqual([]);
  expect(typesAgainst('getInvoice', { amount: '50', invoiceDate: 'today' })).toHaveLength(2);
});
