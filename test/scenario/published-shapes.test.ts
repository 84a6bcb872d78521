import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { missingOf, publishedUpdate, publishedShapes as shapes } from '../support/published-shapes';

let gateway: TestGatewayServer;
let client: TestClient;
let orderLineItemId: string;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  orderLineItemId = (await orderFor(await client.work())).orderLineItems[0].id;
}, 60_000);
afterAll(() => gateway.close());

const rest = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, payload?: object) =>
  (
    await client.request({
      method,
      url: `/v1/${path}`,
      ...(payload && { payload, headers: { 'content-type': 'application/json' } }),
    })
  ).body;

async function made(more: object = {}) {
  const entry = {
    ...{ orderLineItemId, fulfillmentDate: '2022-01-01', quantity: 5, billTargetDate: '2022-01-01' },
    ...more,
  };
  const { fulfillments } = await rest('POST', 'fulfillments', { fulfillments: [entry] });
  return fulfillments[0] as { id: string; fulfillmentNumber: string; fulfillmentItems: { id: string }[] };
}

describe('a reply has every field of the published one, in its place and of its type', () => {
  test('N1, N3: GET /v1/fulfillments/{key}', async () => {
    const { fulfillmentNumber } = await made({ customFields: { Lot__c: 'A-1' } });
    expect(missingOf(shapes.fulfillment, await rest('GET', `fulfillments/${fulfillmentNumber}`))).toEqual([]);
  });

  test('N2: GET /v1/fulfillments/{key}?fulfillment-items=true', async () => {
    const { id } = await made({ state: 'Booked', fulfillmentItems: [{ itemIdentifier: 'SN-1' }] });
    const reply = await rest('GET', `fulfillments/${id}?fulfillment-items=true`);
    expect(missingOf(shapes.fulfillmentWithItems, reply)).toEqual([]);
    // All the fields of the fulfillment itself are there too.
    const { customFields: _, ...fulfillment } = shapes.fulfillment.fulfillment;
    expect(missingOf({ success: true, fulfillment }, reply)).toEqual([]);
  });

  test('N1, N3: GET /v1/fulfillment-items/{id}', async () => {
    const { fulfillmentItems } = await made({ state: 'Booked', fulfillmentItems: [{ itemIdentifier: 'SN-1' }] });
    const reply = await rest('GET', `fulfillment-items/${fulfillmentItems[0].id}`);
    expect(missingOf(shapes.fulfillmentItem, reply)).toEqual([]);
  });

  test('N6: every error, whatever refuses it', async () => {
    const { id } = await made({ state: 'Booked' });
    const refused = [
      await rest('GET', 'fulfillments/F-99999999'),
      await rest('GET', 'fulfillment-items/F-99999999'),
      await rest('DELETE', `fulfillments/${id}`),
      await rest('PUT', `fulfillments/${id}`, { state: 'Executing' }),
      await rest('PUT', `fulfillments/${id}`, { colour: 'red' }),
      await rest('POST', 'fulfillments', { fulfillments: [] }),
      await rest('POST', 'fulfillments', []),
      await rest('PUT', 'fulfillments', {}),
      await rest('GET', 'nothing'),
    ];
    expect(refused.flatMap((reply) => missingOf(shapes.error, reply))).toEqual([]);
  });
});

test('N4, N5: the published bodies of updates are taken, and a canceled fulfillment reads Cancelled', async () => {
  const { id } = await made();
  expect(await rest('PUT', `fulfillments/${id}`, publishedUpdate)).toEqual({ success: true, id });
  const { id: another } = await made();
  expect(await rest('PUT', `fulfillments/${another}`, { state: 'Cancelled' })).toEqual({ success: true, id: another });
  const { fulfillment } = await rest('GET', `fulfillments/${another}`);
  expect(fulfillment.state).toBe('Cancelled');
});

test('a field that is missing, renamed, elsewhere or of another type is found', () => {
  const { fulfillment } = shapes.fulfillment;
  const { fulfillmentNumber, ...without } = fulfillment;
  const lacking = (changed: object) => missingOf(shapes.fulfillment, { success: true, fulfillment: changed });
  expect(lacking({ ...fulfillment, more: 1, carrier: 'UPS' })).toEqual([]);
  expect(lacking({ ...without, number: fulfillmentNumber })).toEqual(['fulfillment.fulfillmentNumber is missing']);
  expect(lacking({ ...fulfillment, quantity: '5' })).toEqual(['fulfillment.quantity is text, not number']);
  expect(lacking({ ...fulfillment, carrier: undefined })).toEqual(['fulfillment.carrier is missing']);
  expect(missingOf(shapes.fulfillment, { success: true, ...fulfillment })).toEqual(['fulfillment is missing']);
  expect(missingOf(shapes.error, { ...shapes.error, requestId: 'a'.repeat(32) })).toEqual([
    'requestId is id, not UUID',
  ]);
});
