import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
let orderLineItemId: string;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  orderLineItemId = (await orderFor(await client.work())).orderLineItems[0].id;
}, 60_000);
afterAll(() => gateway.close());

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
const call = (method: Method, url: string, payload?: object | string, headers = {}, by = client) =>
  by.request({
    method,
    url,
    headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(payload !== undefined && { payload }),
  });
const codes = ({ body }: { body: { reasons: { code: number }[] } }) => body.reasons.map((reason) => reason.code);
const messages = ({ body }: { body: { reasons: { message: string }[] } }) => body.reasons.map(({ message }) => message);
const hexId = expect.stringMatching(/^[0-9a-f]{32}$/);

interface Made {
  id: string;
  fulfillmentNumber: string;
  fulfillmentItems: { id: string }[];
}
const post = (more: object = {}) =>
  call('POST', '/v1/fulfillments', {
    fulfillments: [{ orderLineItemId, fulfillmentDate: '2022-01-01', quantity: 5, state: 'Booked', ...more }],
  });
const fulfillment = async (more: object = {}): Promise<Made> => (await post(more)).body.fulfillments[0];
const url = '/v1/fulfillment-items';
const add = (fulfillmentItems: object[], headers = {}) => call('POST', url, { fulfillmentItems }, headers);
const shown = async ({ id }: { id: string }) =>
  (await call('GET', `/v1/fulfillments/${id}?fulfillment-items=true`)).body.fulfillment.fulfillmentItems;

describe('/v1/fulfillments', () => {
  test('takes items in each entry, custom fields beside the others, and answers with their ids', async () => {
    const answer = await post({
      color__c: 'red',
      fulfillmentItems: [
        { itemIdentifier: 'SN-1', description: 'first', size__c: 4.5, customFields: { a__c: true } },
        { itemIdentifier: 'SN-2' },
      ],
    });
    const [{ id, fulfillmentNumber, fulfillmentItems }] = answer.body.fulfillments;
    expect(fulfillmentItems).toEqual([{ id: hexId }, { id: hexId }]);
    const { body } = await call('GET', `/v1/fulfillments/${fulfillmentNumber}?fulfillment-items=true`);
    expect(body.fulfillment).toMatchObject({ id, customFields: { color__c: 'red' } });
    expect(body.fulfillment.fulfillmentItems).toEqual([
      {
        ...{ id: fulfillmentItems[0].id, fulfillmentId: id, itemIdentifier: 'SN-1', description: 'first' },
        customFields: { size__c: 4.5, a__c: true },
      },
      {
        ...{ id: fulfillmentItems[1].id, fulfillmentId: id, itemIdentifier: 'SN-2', description: null },
        customFields: {},
      },
    ]);
  });

  test('N9: answers with the items of each fulfillment in the order of the request', async () => {
    const entry = { orderLineItemId, fulfillmentDate: '2022-01-01', quantity: 5, state: 'Booked' };
    const items = (...identifiers: string[]) => identifiers.map((itemIdentifier) => ({ itemIdentifier }));
    const { body } = await call('POST', '/v1/fulfillments', {
      fulfillments: [
        { ...entry, fulfillmentItems: items('C', 'A') },
        entry,
        { ...entry, fulfillmentItems: items('B') },
      ],
    });
    expect(body.fulfillments.map((one: Made) => one.fulfillmentItems.length)).toEqual([2, 0, 1]);
    expect(await shown(body.fulfillments[0])).toMatchObject(
      items('C', 'A').map((item, at) => ({ ...item, id: body.fulfillments[0].fulfillmentItems[at].id })),
    );
  });

  test('T10: refuses items on an Executing one, and 3 on quantity 2', async () => {
    const executing = await post({ state: 'Executing', fulfillmentItems: [{}] });
    expect([executing.status, executing.body.success, codes(executing)]).toEqual([200, false, [58000030]]);
    expect(messages(executing)[0]).toMatch(/^fulfillments\[0\]\.fulfillmentItems: /);
    expect(codes(await post({ quantity: 2, fulfillmentItems: [{}, {}, {}] }))).toEqual([58000030]);
  });

  test.each<[string, unknown, number, string]>([
    ['an unknown field', [{ serial: '1' }], 58000021, 'fulfillments[0].fulfillmentItems[0].serial: '],
    [
      'a number of a fulfillment',
      [{ fulfillmentNumber: 'F-1' }],
      58000021,
      'fulfillments[0].fulfillmentItems[0].fulfillmentNumber: ',
    ],
    ['a number as text', [{ itemIdentifier: 5 }], 58000020, 'fulfillments[0].fulfillmentItems[0].itemIdentifier: '],
    ['null', [null], 58000022, 'fulfillments[0].fulfillmentItems[0]: '],
    ['a custom field that is no value', [{}, { a__c: [1] }], 58000020, 'fulfillments[0].fulfillmentItems[1]'],
  ])('refuses %s in an item', async (_name, fulfillmentItems, code, where) => {
    const answer = await post({ fulfillmentItems });
    expect([answer.status, codes(answer)]).toEqual([200, [code]]);
    expect(messages(answer)[0].slice(0, where.length)).toBe(where);
  });

  test('refuses a quantity below the number of items', async () => {
    const { id } = await fulfillment({ fulfillmentItems: [{}, {}, {}] });
    const answer = await call('PUT', `/v1/fulfillments/${id}`, { quantity: 2 });
    expect([codes(answer), messages(answer)[0].startsWith('quantity: ')]).toEqual([[58000030], true]);
    expect((await call('PUT', `/v1/fulfillments/${id}`, { quantity: 3 })).body.success).toBe(true);
  });
});

describe('POST /v1/fulfillment-items', () => {
  test('N9: adds items to any mix of fulfillments and answers with their ids in the order of the request', async () => {
    const [one, two] = [await fulfillment(), await fulfillment()];
    const answer = await add([
      { fulfillmentNumber: one.fulfillmentNumber, itemIdentifier: 'A', color__c: 'red' },
      { fulfillmentNumber: two.fulfillmentNumber, itemIdentifier: 'B', description: 'b' },
      { fulfillmentNumber: one.fulfillmentNumber, itemIdentifier: 'C' },
    ]);
    expect([answer.status, answer.body]).toEqual([
      200,
      { success: true, fulfillmentItems: [{ id: hexId }, { id: hexId }, { id: hexId }] },
    ]);
    const [a, b, c] = answer.body.fulfillmentItems.map((item: { id: string }) => item.id);
    expect(await shown(one)).toMatchObject([
      { id: a, itemIdentifier: 'A', customFields: { color__c: 'red' } },
      { id: c, itemIdentifier: 'C' },
    ]);
    expect(await shown(two)).toMatchObject([{ id: b, itemIdentifier: 'B', description: 'b' }]);
  });

  test('answers a repeated Idempotency-Key with the same reply, and adds nothing again', async () => {
    const made = await fulfillment();
    const items = [{ fulfillmentNumber: made.fulfillmentNumber, itemIdentifier: 'A', color__c: 'red' }];
    const key = { 'idempotency-key': `items of ${made.id}` };
    const [first, again] = [await add(items, key), await add(items, key)];
    expect(first.body.success).toBe(true);
    expect([again.text, again.headers['idempotency-replayed']]).toEqual([first.text, 'true']);
    expect(await shown(made)).toHaveLength(1);
    expect((await add([{ ...items[0], color__c: 'blue' }], key)).status).toBe(422);
    const elsewhere = { fulfillments: [{ orderLineItemId, fulfillmentDate: '2022-01-01', quantity: 1 }] };
    expect((await call('POST', '/v1/fulfillments', elsewhere, key)).status).toBe(422);
  });

  test('refuses everything on any error, and says where', async () => {
    const made = await fulfillment({ quantity: 1 });
    const { fulfillmentNumber } = made;
    const answer = await add([
      { fulfillmentNumber, itemIdentifier: 'A' },
      { fulfillmentNumber: 'F-99999999' },
      { fulfillmentNumber, description: 'x'.repeat(501) },
    ]);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      success: false,
      processId: expect.stringMatching(/^[0-9a-f]{16}$/),
      requestId: answer.headers['zuora-request-id'],
      reasons: [
        { code: 58000040, message: expect.stringMatching(/^fulfillmentItems\[1\]\.fulfillmentNumber: /) },
        { code: 58000030, message: expect.stringMatching(/^fulfillmentItems\[2\]\.fulfillmentNumber: /) },
        { code: 58000020, message: expect.stringMatching(/^fulfillmentItems\[2\]\.description: /) },
      ],
    });
    expect(await shown(made)).toEqual([]);
  });

  test('T10: refuses an item on an Executing fulfillment', async () => {
    const { fulfillmentNumber } = await fulfillment({ state: 'Executing' });
    expect(codes(await add([{ fulfillmentNumber }]))).toEqual([58000030]);
  });

  test.each<[string, object, number, string]>([
    ['no list', {}, 58000022, 'fulfillmentItems: A value is required.'],
    ['an empty list', { fulfillmentItems: [] }, 58000022, 'fulfillmentItems: '],
    [
      'an unknown field',
      { fulfillmentItems: [{ fulfillmentNumber: 'F-1', state: 'X' }] },
      58000021,
      'fulfillmentItems[0].state: ',
    ],
    [
      'a field beside the list',
      { fulfillmentItems: [], onError: 'SkipFailed' },
      58000021,
      'onError: This field is not accepted here.',
    ],
    [
      'no fulfillment',
      { fulfillmentItems: [{ itemIdentifier: 'A' }] },
      58000022,
      'fulfillmentItems[0].fulfillmentNumber: ',
    ],
    ['an entry that is null', { fulfillmentItems: [null] }, 58000022, 'fulfillmentItems[0]: '],
    ['a body that is a list', [], 58000020, ''],
  ])('refuses %s', async (_name, body, code, where) => {
    const answer = await call('POST', url, body);
    expect([answer.status, answer.body.success, codes(answer)]).toEqual([200, false, [code]]);
    expect(messages(answer)[0].slice(0, where.length)).toBe(where);
  });
});

describe('/v1/fulfillment-items/{id}', () => {
  const one = async (more: object = {}) => {
    const made = await fulfillment({ fulfillmentItems: [{ itemIdentifier: 'A', color__c: 'red', ...more }] });
    return { fulfillment: made, id: made.fulfillmentItems[0].id };
  };

  test('N1, N3: GET shows the item in the object `fulfillmentItem`, custom fields in one of their own', async () => {
    const { id, fulfillment: made } = await one({ note__c: null });
    for (const key of [id, id.toUpperCase()]) {
      expect((await call('GET', `${url}/${key}`)).body).toEqual({
        success: true,
        fulfillmentItem: {
          ...{ id, fulfillmentId: made.id, itemIdentifier: 'A', description: null },
          customFields: { color__c: 'red', note__c: null },
        },
      });
    }
  });

  test('PUT changes what is named and answers with the id', async () => {
    const { id } = await one();
    const answer = await call('PUT', `${url}/${id}`, { description: 'new', size__c: 2 });
    expect([answer.status, answer.body]).toEqual([200, { success: true, id }]);
    const item = async () => (await call('GET', `${url}/${id}`)).body.fulfillmentItem;
    expect(await item()).toMatchObject({
      itemIdentifier: 'A',
      description: 'new',
      customFields: { size__c: 2, color__c: 'red' },
    });
    await call('PUT', `${url}/${id}`, { customFields: { color__c: null } });
    expect((await item()).customFields).toEqual({ size__c: 2, color__c: null });
    await call('PUT', `${url}/${id}`, { customFields: null });
    expect((await item()).customFields).toEqual({});
    expect((await call('PUT', `${url}/${id}`, { itemIdentifier: null })).body.success).toBe(true);
    expect((await item()).itemIdentifier).toBeNull();
  });

  test('PUT refuses what cannot be updated and what is empty', async () => {
    const { id } = await one();
    expect(codes(await call('PUT', `${url}/${id}`, {}))).toEqual([58000022]);
    expect(codes(await call('PUT', `${url}/${id}`, { fulfillmentNumber: 'F-1' }))).toEqual([58000021]);
    const long = await call('PUT', `${url}/${id}`, { itemIdentifier: 'x'.repeat(256) });
    expect([codes(long), messages(long)[0].startsWith('itemIdentifier: ')]).toEqual([[58000020], true]);
  });

  test('DELETE deletes it, once', async () => {
    const { id, fulfillment: made } = await one();
    expect((await call('DELETE', `${url}/${id}`)).body).toEqual({ success: true });
    expect(codes(await call('DELETE', `${url}/${id}`))).toEqual([50000040]);
    expect(codes(await call('GET', `${url}/${id}`))).toEqual([50000040]);
    expect(await shown(made)).toEqual([]);
  });

  test.each(['f'.repeat(32), 'F-00000001', '%00', '%F0%9F%93%A6'])('answers %s with category 40', async (id) => {
    expect(codes(await call('GET', `${url}/${id}`))).toEqual([50000040]);
    expect(codes(await call('PUT', `${url}/${id}`, { description: 'x' }))).toEqual([58000040]);
    const deleted = await call('DELETE', `${url}/${id}`);
    expect([codes(deleted), messages(deleted)]).toEqual([[50000040], ['No fulfillment item has this id.']]);
  });
});

describe('a request that never reaches the rules', () => {
  test.each<[Method, string, string]>([
    ['GET', url, 'POST'],
    ['PUT', url, 'POST'],
    ['DELETE', url, 'POST'],
    ['POST', `${url}/1`, 'GET, PUT, DELETE'],
    ['PATCH', `${url}/1`, 'GET, PUT, DELETE'],
  ])('%s %s is 405 with the methods that there are', async (method, path, allowed) => {
    const answer = await call(method, path);
    expect([answer.status, answer.headers.allow, answer.body.success]).toEqual([405, allowed, false]);
  });

  test('is 403 without the scope, whatever its body', async () => {
    const { fulfillmentNumber, fulfillmentItems } = await fulfillment({ fulfillmentItems: [{}] });
    const path = `${url}/${fulfillmentItems[0].id}`;
    const reader = await gateway.client({ scopes: ['read'] });
    const writer = await gateway.client({ scopes: ['fulfill'] });
    expect((await call('GET', path, undefined, {}, reader)).status).toBe(200);
    const refused = [
      await call('POST', url, { fulfillmentItems: [{ fulfillmentNumber }] }, {}, reader),
      await call('PUT', path, {}, {}, reader),
      await call('DELETE', path, undefined, {}, reader),
      await call('GET', path, undefined, {}, writer),
    ];
    expect(refused.map((answer) => answer.status)).toEqual([403, 403, 403, 403]);
  });

  test('is blind to what belongs to another entity', async () => {
    const { fulfillmentNumber, fulfillmentItems } = await fulfillment({ fulfillmentItems: [{}] });
    const path = `${url}/${fulfillmentItems[0].id}`;
    const other = await gateway.client({ grants: [{ entity: 'Globex', orgs: ['North'] }] });
    expect(codes(await call('GET', path, undefined, {}, other))).toEqual([50000040]);
    expect(codes(await call('PUT', path, { description: 'x' }, {}, other))).toEqual([58000040]);
    expect(codes(await call('DELETE', path, undefined, {}, other))).toEqual([50000040]);
    const added = await call('POST', url, { fulfillmentItems: [{ fulfillmentNumber }] }, {}, other);
    expect(codes(added)).toEqual([58000040]);
  });
});
