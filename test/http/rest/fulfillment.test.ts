import { gzipSync } from 'node:zlib';
import { scopes } from '../../../src/domain/caller';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { publishedUpdate } from '../../support/published-shapes';

let gateway: TestGatewayServer;
let client: TestClient;
let lineId: string;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
}, 60_000);
afterAll(() => gateway.close());
beforeEach(async () => {
  const { orderLineItems } = await orderFor(await client.work(), [{ quantity: '9999999999999', amountPerUnit: '1' }]);
  lineId = orderLineItems[0].id;
});

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
const call = (method: Method, url: string, payload?: object | string, headers = {}, by = client) =>
  by.request({
    method,
    url,
    headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(payload !== undefined && { payload }),
  });
const entry = (more: object = {}): Record<string, unknown> => ({
  orderLineItemId: lineId,
  fulfillmentDate: '2022-01-01',
  quantity: 5,
  ...more,
});
const post = (more: object = {}) => call('POST', '/v1/fulfillments', { fulfillments: [entry(more)] });
const created = async (more: object = {}): Promise<{ id: string; fulfillmentNumber: string }> =>
  (await post(more)).body.fulfillments[0];
/** A fulfillment as GET shows it. */
const shown = async (key: string, query = '') =>
  (await call('GET', `/v1/fulfillments/${key}${query}`)).body.fulfillment;
const codes = ({ body }: { body: { reasons: { code: number }[] } }) => body.reasons.map((reason) => reason.code);

describe('POST /v1/fulfillments', () => {
  test('answers with ids and numbers, and null where nothing was billed', async () => {
    const answer = await post();
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.body).toEqual({
      success: true,
      fulfillments: [
        {
          id: expect.stringMatching(/^[0-9a-f]{32}$/),
          fulfillmentNumber: expect.stringMatching(/^F-\d{8}$/),
          fulfillmentItems: [],
        },
      ],
      invoiceNumbers: null,
      creditMemoNumbers: null,
      paidAmount: null,
      paymentNumber: null,
    });
  });

  test('N9: names the fulfillments in the order of the request', async () => {
    const fulfillments = Array.from({ length: 30 }, (_, at) => entry({ externalId: `E-${at}` }));
    const { body } = await call('POST', '/v1/fulfillments', { fulfillments });
    const numbers = body.fulfillments.map((one: { fulfillmentNumber: string }) => one.fulfillmentNumber);
    expect(numbers).toEqual([...numbers].sort());
    const found = await Promise.all(numbers.map((number: string) => shown(number)));
    expect(found.map(({ externalId }) => externalId)).toEqual(fulfillments.map((one) => one.externalId));
  });

  test('takes a gzipped body', async () => {
    const payload = gzipSync(JSON.stringify({ fulfillments: [entry()] }));
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const answer = await client.request({ method: 'POST', url: '/v1/fulfillments', headers, payload });
    expect(answer.body.success).toBe(true);
  });

  test('reads Cancelled as Canceled, which nothing can be created in', async () => {
    const [british, american] = [await post({ state: 'Cancelled' }), await post({ state: 'Canceled' })];
    expect([codes(british), codes(american)]).toEqual([[58000030], [58000030]]);
    expect(british.body.reasons[0].message).toBe(american.body.reasons[0].message);
  });

  test.each<[string, object, number, string]>([
    ['an unknown field', { colour: 'red' }, 58000021, 'fulfillments[0].colour: This field is not accepted here.'],
    ['a missing field', { quantity: undefined }, 58000022, 'fulfillments[0].quantity: A value is required.'],
    ['a null', { quantity: null }, 58000020, 'fulfillments[0].quantity: The value must not be null.'],
    [
      'an unknown enum',
      { state: 'Shipped' },
      58000020,
      'fulfillments[0].state: "Shipped" is not allowed; Executing, Booked, SentToBilling,',
    ],
    ['a date that does not exist', { fulfillmentDate: '2022-02-30' }, 58000020, 'fulfillments[0].fulfillmentDate'],
    ['a decimal that is none', { quantity: 'five' }, 58000020, 'fulfillments[0].quantity'],
    ['an unknown line item', { orderLineItemId: 'abc' }, 58000040, 'fulfillments[0].orderLineItemId'],
  ])('answers %s with 200, success false and its reason', async (_name, more, code, where) => {
    const answer = await post(more);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      success: false,
      processId: expect.stringMatching(/^[0-9a-f]{16}$/),
      requestId: answer.headers['zuora-request-id'],
      reasons: [{ code, message: expect.stringMatching(new RegExp(`^${where.replace(/[[\]]/g, '\\$&')}`)) }],
    });
  });
});

describe('GET /v1/fulfillments/{key}', () => {
  test('N1, N3: shows the published fields in the object `fulfillment`, null where empty', async () => {
    const { id, fulfillmentNumber } = await created();
    expect((await call('GET', `/v1/fulfillments/${id}`)).body).toEqual({
      success: true,
      fulfillment: {
        id,
        fulfillmentNumber,
        orderLineItemId: lineId,
        fulfillmentDate: '2022-01-01',
        fulfillmentType: 'Delivery',
        quantity: 5,
        state: 'Executing',
        billTargetDate: null,
        description: null,
        carrier: null,
        trackingNumber: null,
        fulfillmentSystem: null,
        fulfillmentLocation: null,
        externalId: null,
        excludeItemBillingFromRevenueAccounting: false,
        excludeItemBookingFromRevenueAccounting: false,
        customFields: {},
      },
    });
  });

  test('finds it by id in any writing and by number', async () => {
    const { id, fulfillmentNumber } = await created();
    const dashed = id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    for (const key of [id, id.toUpperCase(), dashed, fulfillmentNumber]) {
      expect(await shown(key)).toMatchObject({ id });
    }
  });

  test('N2: lists items only where they are asked for, by the published parameter or by ours', async () => {
    const { id } = await created();
    for (const query of [
      '?fulfillment-items=true',
      '?fulfillmentItems=true',
      '?fulfillment-items=true&fulfillmentItems=false',
      // As clients in Python write it.
      '?fulfillment-items=True',
    ]) {
      expect((await shown(id, query)).fulfillmentItems).toEqual([]);
    }
    for (const query of ['', '?fulfillment-items=false', '?fulfillmentItems=False']) {
      expect(await shown(id, query)).not.toHaveProperty('fulfillmentItems');
    }
  });

  test('N2: refuses a flag that is neither true nor false', async () => {
    const { id } = await created();
    for (const [query, message] of [
      ['?fulfillment-items=1', 'fulfillment-items: True or false is expected.'],
      ['?fulfillmentItems=yes', 'fulfillmentItems: True or false is expected.'],
      ['?fulfillment-items', 'fulfillment-items: True or false is expected.'],
      ['?fulfillment-items=true&fulfillment-items=true', 'fulfillment-items: Give it once.'],
    ]) {
      const { status, body } = await call('GET', `/v1/fulfillments/${id}${query}`);
      expect([query, status, body.reasons]).toEqual([query, 400, [{ code: 50000027, message }]]);
    }
  });

  test.each(['F-99999999', 'f'.repeat(32), '%00', '%F0%9F%93%A6'])('answers %s with category 40', async (key) => {
    const answer = await call('GET', `/v1/fulfillments/${key}`);
    expect([answer.status, answer.body.success, codes(answer)]).toEqual([200, false, [50000040]]);
  });

  test.each(['0.123456789', '1234567890123.123456789', '9999999999999', '0.000000001', '100'])(
    'writes the decimal %s as a JSON number with all its digits',
    async (quantity) => {
      const { id } = await created({ quantity });
      expect((await call('GET', `/v1/fulfillments/${id}`)).text).toContain(`"quantity":${quantity},`);
    },
  );

  test('leaves texts that look like numbers as they are', async () => {
    const { id } = await created({ description: 'number:5', externalId: '\\u0000number:5', carrier: '5' });
    expect(await shown(id)).toMatchObject({
      description: 'number:5',
      externalId: '\\u0000number:5',
      carrier: '5',
    });
  });

  test('N3: shows custom fields in an object, as they were given', async () => {
    const inline = { color__c: 'red', size__c: 4.5, fragile__c: true, note__c: null };
    const { id } = await created({ customFields: inline });
    expect((await shown(id)).customFields).toEqual(inline);
    expect(await shown(id)).not.toHaveProperty('color__c');
    const { body } = await client.graphql('query ($key: ID!) { fulfillment(key: $key) { customFields } }', { key: id });
    expect(body.data.fulfillment.customFields).toEqual(inline);
  });

  test('takes custom fields beside an object of them, but not beside something else', async () => {
    const { id } = await created({ customFields: { a__c: 1 }, b__c: 2 });
    expect((await shown(id)).customFields).toEqual({ a__c: 1, b__c: 2 });
    expect(codes(await post({ customFields: 'red', b__c: 2 }))).toEqual([58000020]);
    expect(codes(await post({ b__c: { c: 1 } }))).toEqual([58000020]);
  });
});

describe('PUT /v1/fulfillments/{key}', () => {
  const put = (key: string, payload: object, by = client) => call('PUT', `/v1/fulfillments/${key}`, payload, {}, by);

  test('changes fields and state in one step and answers with the id', async () => {
    const { id, fulfillmentNumber } = await created();
    const answer = await put(fulfillmentNumber, { state: 'Booked', quantity: 2, carrier: 'DHL', color__c: 'blue' });
    expect([answer.status, answer.body]).toEqual([200, { success: true, id }]);
    const now = { state: 'Booked', quantity: 2, carrier: 'DHL', fulfillmentDate: '2022-01-01' };
    expect(await shown(id)).toMatchObject({ ...now, customFields: { color__c: 'blue' } });
  });

  test('empties a field with null', async () => {
    const { id } = await created({ carrier: 'DHL' });
    await put(id, { carrier: null });
    expect((await shown(id)).carrier).toBeNull();
    expect(codes(await put(id, { quantity: null }))).toEqual([58000022]);
  });

  test.each(['Cancelled', 'Canceled'])(
    'N4: cancels by the state %s, once, and shows it as Cancelled',
    async (state) => {
      const { id } = await created();
      expect((await put(id, { state })).body).toEqual({ success: true, id });
      expect((await shown(id)).state).toBe('Cancelled');
      expect(codes(await put(id, { state }))).toEqual([58000030]);
      const { body } = await client.graphql('query ($key: ID!) { fulfillment(key: $key) { state } }', { key: id });
      expect(body.data.fulfillment.state).toBe('Canceled');
    },
  );

  test('N5: takes the published body, which repeats what cannot change', async () => {
    const { id } = await created();
    expect((await put(id, publishedUpdate)).body).toEqual({ success: true, id });
    expect(await shown(id)).toMatchObject(publishedUpdate);
  });

  test('N5: what cannot change may be repeated in every state, ids in any writing, and nothing else of it is looked at', async () => {
    const { id } = await created({ state: 'SentToBilling', billTargetDate: '2022-01-01' });
    const repeated = {
      orderLineItemId: lineId.toUpperCase(),
      fulfillmentType: 'Delivery',
      excludeItemBillingFromRevenueAccounting: false,
      excludeItemBookingFromRevenueAccounting: false,
    };
    expect((await put(id, repeated)).body).toEqual({ success: true, id });
    const text =
      'query ($key: ID!) { fulfillment(key: $key) { version createdDate sentToBillingDate history { totalCount } } }';
    const { data } = (await client.graphql(text, { key: id })).body;
    const { createdDate } = data.fulfillment;
    expect(data.fulfillment).toEqual({
      ...{ version: 1, createdDate, sentToBillingDate: createdDate, history: { totalCount: 1 } },
    });
    expect(codes(await put(id, { ...repeated, state: 'Complete' }))).toEqual([58000030]);
    expect(await shown(id)).toMatchObject({ state: 'SentToBilling', orderLineItemId: lineId });
  });

  test('custom fields that a PUT does not name stay', async () => {
    const { id } = await created({ customFields: { a__c: 1, b__c: 2 } });
    await put(id, { b__c: 3 });
    await put(id, { customFields: { c__c: 4 } });
    expect((await shown(id)).customFields).toEqual({ a__c: 1, b__c: 3, c__c: 4 });
  });

  test('N19: a PUT of all that is there already changes nothing: no version and no history', async () => {
    const { id } = await created({ carrier: 'DHL', customFields: { bb__c: null, a__c: 1 } });
    const same = {
      quantity: '5.00',
      bb__c: null,
      fulfillmentDate: '2022-01-01',
      carrier: 'DHL',
      a__c: 1,
      fulfillmentType: 'Delivery',
    };
    expect((await put(id, same)).body).toEqual({ success: true, id });
    const version = async () =>
      (await client.graphql('query ($key: ID!) { fulfillment(key: $key) { version } }', { key: id })).body.data;
    expect(await version()).toEqual({ fulfillment: { version: 1 } });
    expect((await put(id, { ...same, carrier: 'UPS' })).body.success).toBe(true);
    expect(await version()).toEqual({ fulfillment: { version: 2 } });
  });

  test.each<[string, unknown]>([
    ['orderLineItemId', 'f'.repeat(32)],
    ['orderLineItemId', 'no id'],
    ['orderLineItemId', null],
    ['fulfillmentType', 'Return'],
    ['fulfillmentType', null],
    ['excludeItemBillingFromRevenueAccounting', true],
    ['excludeItemBookingFromRevenueAccounting', true],
  ])('N5: %s with the other value %j is locked, and nothing changes', async (field, value) => {
    const { id } = await created();
    const { status, body } = await put(id, { ...publishedUpdate, [field]: value });
    const message = `${field}: ${field} of a fulfillment cannot be changed.`;
    expect([status, body.success, body.reasons]).toEqual([200, false, [{ code: 58000030, message }]]);
    expect(await shown(id)).toMatchObject({ state: 'Executing', fulfillmentDate: '2022-01-01' });
  });

  test('refuses what cannot be updated, what is empty and what is not there', async () => {
    const { id } = await created();
    expect(codes(await put(id, { fulfillmentNumber: 'F-1' }))).toEqual([58000021]);
    expect(codes(await put(id, { fulfillmentType: 'Shipment' }))).toEqual([58000020]);
    expect(codes(await put(id, {}))).toEqual([58000022]);
    expect(codes(await put(id, { state: 'Complete' }))).toEqual([58000030]);
    expect(codes(await put('F-99999999', { quantity: 1 }))).toEqual([58000040]);
  });

  test('T4: in Booked a quantity needs the scope edit-booked', async () => {
    const { id } = await created({ state: 'Booked' });
    const without = await gateway.client({ scopes: scopes.filter((scope) => scope !== 'edit-booked') });
    expect(codes(await put(id, { quantity: 4 }, without))).toEqual([58000010]);
    expect((await put(id, { quantity: 4 })).body.success).toBe(true);
    const [line] = await gateway.database.owner('select fulfilled_quantity from order_line_item where id = $1', [
      lineId,
    ]);
    expect(line).toEqual({ fulfilled_quantity: '4' });
  });

  test('T5: in SentToBilling nothing can be edited', async () => {
    const { id } = await created({ state: 'SentToBilling', billTargetDate: '2022-01-01' });
    expect(codes(await put(id, { trackingNumber: 'T-1' }))).toEqual([58000030]);
  });
});

describe('DELETE /v1/fulfillments/{key}', () => {
  const remove = (key: string) => call('DELETE', `/v1/fulfillments/${key}`);

  test('deletes what is Executing, once', async () => {
    const { id, fulfillmentNumber } = await created();
    expect((await remove(fulfillmentNumber)).body).toEqual({ success: true });
    expect(codes(await remove(id))).toEqual([50000040]);
    expect(codes(await call('GET', `/v1/fulfillments/${id}`))).toEqual([50000040]);
  });

  test('refuses a body that says something', async () => {
    const { id } = await created();
    const answer = await call('DELETE', `/v1/fulfillments/${id}`, { state: 'Canceled' });
    expect(codes(answer)).toEqual([50000021]);
    expect((await call('DELETE', `/v1/fulfillments/${id}`, {})).body).toEqual({ success: true });
  });

  test('T7: refuses what is Booked', async () => {
    const { id } = await created({ state: 'Booked' });
    const answer = await remove(id);
    expect([answer.status, answer.body.success, codes(answer)]).toEqual([200, false, [50000030]]);
    expect((await shown(id)).state).toBe('Booked');
  });
});

describe('a request that never reaches the rules', () => {
  const url = '/v1/fulfillments';
  const token = (authorization: string) => ({ authorization });

  test.each<[string, () => ReturnType<typeof call>, number, number]>([
    ['malformed JSON', () => call('POST', url, '{"fulfillments": ['), 400, 58000090],
    ['no JSON at all', () => call('POST', url, ''), 400, 58000090],
    ['no token', () => call('POST', url, {}, token('')), 401, 58000011],
    ['a wrong token', () => call('GET', `${url}/F-1`, undefined, token('Bearer x')), 401, 50000011],
    ['no such route', () => call('GET', '/v1/nothing'), 404, 50000040],
    ['no such method', () => call('PUT', url, {}), 405, 58000045],
    ['a body that is too large', () => call('POST', url, `{"a":"${'x'.repeat(2_100_000)}"}`), 413, 58000020],
    ['another media type', () => call('POST', url, '<a/>', { 'content-type': 'text/xml' }), 415, 58000020],
    ['a wrong version', () => call('GET', `${url}/F-1`, undefined, { 'zuora-version': 'new' }), 400, 50000090],
    ['a wrong track id', () => call('GET', `${url}/F-1`, undefined, { 'zuora-track-id': 'a:b' }), 400, 50000090],
  ])('%s has its status and the envelope', async (_name, act, status, code) => {
    const answer = await act();
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toContain('application/json');
    expect(answer.body).toEqual({
      success: false,
      processId: expect.stringMatching(/^[0-9a-f]{16}$/),
      requestId: answer.headers['zuora-request-id'],
      reasons: [{ code, message: expect.any(String) }],
    });
    if (status === 401) expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  test('is 403 without the scope, whatever its body', async () => {
    const { id } = await created();
    const reader = await gateway.client({ scopes: ['read'] });
    const writer = await gateway.client({ scopes: ['fulfill'] });
    expect((await call('GET', `${url}/${id}`, undefined, {}, reader)).status).toBe(200);
    const refused = [
      await call('POST', url, { fulfillments: [entry()] }, {}, reader),
      await call('PUT', `${url}/${id}`, { quantity: 1 }, {}, reader),
      await call('DELETE', `${url}/${id}`, undefined, {}, reader),
      await call('GET', `${url}/${id}`, undefined, {}, writer),
    ];
    expect(refused.map((answer) => answer.status)).toEqual([403, 403, 403, 403]);
    expect(refused.flatMap(codes)).toEqual([58000010, 58000010, 50000010, 50000010]);
  });

  test('is blind to what belongs to another entity', async () => {
    const { id, fulfillmentNumber } = await created();
    const other = await gateway.client({ grants: [{ entity: 'Globex', orgs: ['North'] }] });
    for (const key of [id, fulfillmentNumber]) {
      expect(codes(await call('GET', `${url}/${key}`, undefined, {}, other))).toEqual([50000040]);
      expect(codes(await call('PUT', `${url}/${key}`, { quantity: 1 }, {}, other))).toEqual([58000040]);
      expect(codes(await call('DELETE', `${url}/${key}`, undefined, {}, other))).toEqual([50000040]);
    }
    expect(codes(await call('POST', url, { fulfillments: [entry()] }, {}, other))).toEqual([58000040]);
  });
});
