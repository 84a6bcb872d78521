import { createFulfillments } from '../../src/service/fulfillment';
import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
/** Line items by what is wrong with them. */
const lines: Record<string, string> = {};

beforeAll(async () => {
  gateway = await testGateway({ gatewayTimeoutMs: 300 });
  client = await gateway.client();
  const work = await client.work();
  const [good, full, executing, without, ten] = (
    await orderFor(work, [
      {},
      {},
      { itemState: 'Executing' },
      { billingRule: 'TriggerWithoutFulfillment' },
      { quantity: '10' },
    ])
  ).orderLineItems.map((line) => line.id);
  Object.assign(lines, { good, full, executing, without, ten });
  for (const token of ['tok_declined', 'tok_error', 'tok_timeout', null]) {
    const { orderLineItems } = await orderFor(work, [{}], { paymentMethodToken: token });
    lines[String(token)] = orderLineItems[0].id;
  }
  const entry = { orderLineItemId: full, fulfillmentDate: '2022-01-01', quantity: '1' };
  await createFulfillments(work, { fulfillments: Array(100).fill(entry) });
}, 60_000);
afterAll(() => gateway.close());

const entry = (more: object = {}) => ({
  orderLineItemId: lines.good,
  fulfillmentDate: '2022-01-01',
  quantity: '5',
  ...more,
});
const one = (more: object) => () => ({ fulfillments: [entry(more)] });
const on = (line: string, more: object = {}) => one({ ...more, orderLineItemId: lines[line] })();
const paid = (line: string) => () => ({
  ...on(line, { state: 'SentToBilling', billTargetDate: '2022-01-01' }),
  processingOptions: { runBilling: true, collectPayment: true },
});

const mutation = `mutation ($input: CreateFulfillmentsInput!) { createFulfillments(input: $input) {
  fulfillments { id } invoices { id } payments { id } paidAmount userErrors { code path message retryable } } }`;

/** The number of rows of every table, but for the attempts at payment, which outlive a refusal. */
async function rows(): Promise<unknown> {
  const { owner } = gateway.database;
  const tables = [
    'account',
    'orders',
    'order_line_item',
    'fulfillment',
    'fulfillment_item',
    'invoice',
    'invoice_item',
    'billing_claim',
  ];
  const all = [...tables, 'payment', 'payment_application', 'idempotency_outcome'];
  return owner(`select ${all.map((table) => `(select count(*)::int from ${table}) as ${table}`)},
    (select sum(version)::int from order_line_item) as versions`);
}

async function writesNothing(act: () => Promise<Answer>): Promise<Answer> {
  const before = await rows();
  const answer = await act();
  expect(answer.status).toBeLessThan(500);
  expect(answer.text).not.toMatch(/node_modules|\.[jt]s:\d|\bat \w+ \(|select |insert |call stack/);
  expect(answer.headers['zuora-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(await rows()).toEqual(before);
  return answer;
}

const rest = (payload: object | string, headers = {}) =>
  client.request({
    method: 'POST',
    url: '/v1/fulfillments',
    headers: { 'content-type': 'application/json', ...headers },
    payload,
  });

type Case = [name: string, input: () => object, code: string, path: string, category: number];

describe('what the rules refuse is a user error on the graph and a reason in REST, and writes nothing', () => {
  const wrongText = (field: string, text: string, what: string): Case => [
    `${what} in ${field}`,
    one({ [field]: text }),
    'INVALID_VALUE',
    `fulfillments.0.${field}`,
    20,
  ];
  const texts = ['description', 'carrier', 'trackingNumber', 'fulfillmentSystem', 'fulfillmentLocation', 'externalId'];
  const custom = (customFields: object, at: string): Case => [
    `customFields ${JSON.stringify(customFields).slice(0, 40)}`,
    one({ customFields }),
    'INVALID_VALUE',
    `fulfillments.0.customFields.${at}`,
    20,
  ];
  const cases: Case[] = [
    [
      'an unknown line item',
      one({ orderLineItemId: 'f'.repeat(32) }),
      'NOT_FOUND',
      'fulfillments.0.orderLineItemId',
      40,
    ],
    ['an id that is too short', one({ orderLineItemId: 'abc' }), 'NOT_FOUND', 'fulfillments.0.orderLineItemId', 40],
    ['an id with a nul', one({ orderLineItemId: 'a\0' }), 'NOT_FOUND', 'fulfillments.0.orderLineItemId', 40],
    ['an empty id', one({ orderLineItemId: '' }), 'NOT_FOUND', 'fulfillments.0.orderLineItemId', 40],
    [
      'T8: a line without fulfillments',
      () => on('without'),
      'BILLING_RULE_MISMATCH',
      'fulfillments.0.orderLineItemId',
      30,
    ],
    [
      'T8: a line that is Executing',
      () => on('executing'),
      'ORDER_LINE_ITEM_NOT_BOOKED',
      'fulfillments.0.orderLineItemId',
      30,
    ],
    ['T11: the 101st fulfillment', () => on('full'), 'LIMIT_EXCEEDED', 'fulfillments.0.orderLineItemId', 30],
    ['quantity 0', one({ quantity: '0' }), 'INVALID_VALUE', 'fulfillments.0.quantity', 20],
    ['quantity -0.00', one({ quantity: '-0.00' }), 'INVALID_VALUE', 'fulfillments.0.quantity', 20],
    ['quantity -1', one({ quantity: -1 }), 'INVALID_VALUE', 'fulfillments.0.quantity', 20],
    ['more than is pending', one({ quantity: '500.000000001' }), 'QUANTITY_EXCEEDED', 'fulfillments.0.quantity', 30],
    [
      'Q15: 6 and 6 of 10 in one request',
      () => ({
        fulfillments: [on('ten', { quantity: '6' }), on('ten', { quantity: '6' })].flatMap((i) => i.fulfillments),
      }),
      'QUANTITY_EXCEEDED',
      'fulfillments.1.quantity',
      30,
    ],
    [
      'type Return on a sale',
      one({ fulfillmentType: 'Return' }),
      'TYPE_MISMATCH',
      'fulfillments.0.fulfillmentType',
      20,
    ],
    ['T3: state Complete', one({ state: 'Complete' }), 'STATE_NOT_CREATABLE', 'fulfillments.0.state', 30],
    ['T3: state Canceled', one({ state: 'Canceled' }), 'STATE_NOT_CREATABLE', 'fulfillments.0.state', 30],
    [
      'SentToBilling without a date',
      one({ state: 'SentToBilling' }),
      'BILL_TARGET_DATE_REQUIRED',
      'fulfillments.0.billTargetDate',
      22,
    ],
    [
      'T10: an item on one that is Executing',
      one({ fulfillmentItems: [{}] }),
      'ITEMS_NOT_ALLOWED',
      'fulfillments.0.fulfillmentItems',
      30,
    ],
    [
      'T10: 3 items on quantity 2',
      one({ quantity: 2, state: 'Booked', fulfillmentItems: [{}, {}, {}] }),
      'QUANTITY_EXCEEDED',
      'fulfillments.0.fulfillmentItems',
      30,
    ],
    [
      '101 items',
      one({ quantity: 200, state: 'Booked', fulfillmentItems: Array(101).fill({}) }),
      'LIMIT_EXCEEDED',
      'fulfillments.0.fulfillmentItems',
      30,
    ],
    [
      'an emoji in an item',
      one({ state: 'Booked', fulfillmentItems: [{}, { itemIdentifier: '\u{1f4e6}' }] }),
      'INVALID_VALUE',
      'fulfillments.0.fulfillmentItems.1.itemIdentifier',
      20,
    ],
    ['no entry', () => ({ fulfillments: [] }), 'REQUIRED', 'fulfillments', 22],
    ['1,001 entries', () => ({ fulfillments: Array(1001).fill(entry()) }), 'LIMIT_EXCEEDED', 'fulfillments', 30],
    [
      'one bad entry among good ones',
      () => ({ fulfillments: [entry(), entry({ quantity: '0' }), entry()] }),
      'INVALID_VALUE',
      'fulfillments.1.quantity',
      20,
    ],
    [
      'collectPayment without runBilling',
      () => ({ fulfillments: [entry()], processingOptions: { collectPayment: true } }),
      'INVALID_VALUE',
      'processingOptions.collectPayment',
      20,
    ],
    ['a declined payment', paid('tok_declined'), 'PAYMENT_DECLINED', 'processingOptions.collectPayment', 30],
    ['a gateway that fails', paid('tok_error'), 'PAYMENT_FAILED', 'processingOptions.collectPayment', 99],
    ['a gateway that does not answer', paid('tok_timeout'), 'PAYMENT_FAILED', 'processingOptions.collectPayment', 99],
    ['no payment method', paid('null'), 'PAYMENT_METHOD_MISSING', 'processingOptions.collectPayment', 30],
    ...texts.map((field) => wrongText(field, 'a\0b', 'a nul byte')),
    ...texts.map((field) => wrongText(field, 'a box \u{1f4e6}', 'an emoji')),
    ...texts.map((field) => wrongText(field, 'x'.repeat(501), '501 characters')),
    custom({ color: 'red' }, 'color'),
    custom({ a__c: 'a\0b' }, 'a__c'),
    custom({ a__c: '\u{1f4e6}' }, 'a__c'),
    custom({ 'a\0__c': 1 }, 'a\0__c'),
    custom({ a__c: { b: { c: [1] } } }, 'a__c'),
    custom({ a__c: [1] }, 'a__c'),
  ];

  test.each(cases)('%s', async (_name, input, code, path, category) => {
    const { status, body } = await writesNothing(() => client.graphql(mutation, { input: input() }));
    expect(status).toBe(200);
    expect(body.errors).toBeUndefined();
    const { userErrors, fulfillments, ...rest_ } = body.data.createFulfillments;
    expect(userErrors).toEqual([
      { code, path: ['input', ...path.split('.')], message: expect.any(String), retryable: code === 'PAYMENT_FAILED' },
    ]);
    expect(fulfillments.filter(Boolean)).toEqual([]);
    expect(rest_).toEqual({ invoices: [], payments: [], paidAmount: null });

    const answer = await writesNothing(() => rest(input()));
    expect(answer.status).toBe(200);
    const where = path.replace(/\.(\d+)/g, '[$1]');
    expect(answer.body).toEqual({
      success: false,
      processId: expect.stringMatching(/^[0-9a-f]{16}$/),
      requestId: answer.headers['zuora-request-id'],
      reasons: [{ code: 58000000 + category, message: expect.stringContaining(`${where}: `) }],
    });
  });

  test('every reason is told at once', async () => {
    const bad = { quantity: '0', state: 'Complete', carrier: 'x'.repeat(256) };
    const input = { fulfillments: [entry(bad), entry({ orderLineItemId: 'none' })] };
    const { body } = await writesNothing(() => rest(input));
    expect(body.reasons.map((reason: { code: number }) => reason.code)).toEqual([
      58000020, 58000020, 58000030, 58000040,
    ]);
  });
});

describe('what does not fit the schema never reaches the rules', () => {
  const cases: [name: string, input: () => object, told: string, category: number][] = [
    ['14 digits', one({ quantity: '12345678901234' }), 'quantity', 20],
    ['10 decimals', one({ quantity: '0.1234567891' }), 'quantity', 20],
    ['a JSON number of 16 digits', one({ quantity: 1234567.123456789 }), 'quantity', 20],
    ['quantity NaN', one({ quantity: 'NaN' }), 'quantity', 20],
    ['quantity 1e2 as text', one({ quantity: '1e2' }), 'quantity', 20],
    ['quantity true', one({ quantity: true }), 'quantity', 20],
    ['quantity null', one({ quantity: null }), 'quantity', 22],
    ['quantity [5]', one({ quantity: ['5'] }), 'quantity', 20],
    ['February 30th', one({ fulfillmentDate: '2022-02-30' }), 'fulfillmentDate', 20],
    ['the year 10000', one({ billTargetDate: '10000-01-01' }), 'billTargetDate', 20],
    ['the year 0001', one({ billTargetDate: '0001-01-01' }), 'billTargetDate', 20],
    ['a date with a time', one({ fulfillmentDate: '2022-01-01T00:00:00Z' }), 'fulfillmentDate', 20],
    ['a date as a number', one({ fulfillmentDate: 20220101 }), 'fulfillmentDate', 20],
    ['an unknown state', one({ state: 'Shipped' }), 'state', 20],
    ['an unknown type', one({ fulfillmentType: 'Pickup' }), 'fulfillmentType', 20],
    ['a state in lower case', one({ state: 'booked' }), 'state', 20],
    ['a number as text', one({ carrier: 5 }), 'carrier', 20],
    ['customFields that are text', one({ customFields: 'red' }), 'customFields', 20],
    ['an unknown field', one({ trackingNo: 'T-1' }), 'trackingNo', 21],
    ['an unknown field of an item', one({ fulfillmentItems: [{ serial: '1' }] }), 'serial', 21],
    ['items that are none', one({ fulfillmentItems: 'A' }), 'fulfillmentItems', 20],
    ['an unknown option', () => ({ ...one({})(), processingOptions: { applyCredit: true } }), 'applyCredit', 21],
    [
      'no line item',
      () => ({ fulfillments: [{ fulfillmentDate: '2022-01-01', quantity: '1' }] }),
      'orderLineItemId',
      22,
    ],
    ['no fulfillments', () => ({}), 'fulfillments', 22],
    ['an entry that is null', () => ({ fulfillments: [null] }), 'fulfillments', 22],
    [
      'a target date that is none',
      () => ({ ...one({})(), processingOptions: { runBilling: true, billingOptions: { targetDate: 'today' } } }),
      'targetDate',
      20,
    ],
  ];

  test.each(cases)('%s', async (_name, input, told, category) => {
    const { status, body } = await writesNothing(() => client.graphql(mutation, { input: input() }));
    expect([status, body.data]).toEqual([400, undefined]);
    expect(body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    expect(body.errors[0].message).toContain(told);

    const answer = await writesNothing(() => rest(input()));
    expect([answer.status, answer.body.success]).toEqual([200, false]);
    expect(answer.body.reasons).toEqual([{ code: 58000000 + category, message: expect.stringContaining(told) }]);
  });

  test.each([
    ['1e400', 200, 58000020],
    ['NaN', 400, 58000090],
    ['Infinity', 400, 58000090],
    ['05', 400, 58000090],
  ])('a quantity that JSON writes as %s', async (written, status, code) => {
    const payload = JSON.stringify({ fulfillments: [entry()] }).replace('"5"', written);
    const answer = await writesNothing(() => rest(payload));
    expect([answer.status, answer.body.reasons[0].code]).toEqual([status, code]);
  });

  test.each([
    ['', false],
    ['with a key', true],
  ])('a body that is nested 50,000 deep %s', async (_name, keyed) => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const input = JSON.stringify({ fulfillments: [entry({ customFields: { a__c: 'deep' } })] }).replace('"deep"', deep);
    const headers: Record<string, string> = keyed ? { 'idempotency-key': 'deep' } : {};
    const answer = await writesNothing(() => rest(input, headers));
    expect([answer.status, answer.body.reasons[0].code]).toEqual([400, 58000090]);
    const payload = `{"query":${JSON.stringify(mutation)},"variables":{"input":${input}}}`;
    const asked = {
      method: 'POST',
      url: '/graphql',
      headers: { ...headers, 'content-type': 'application/json' },
    } as const;
    const refused = await writesNothing(() => client.request({ ...asked, payload }));
    expect([refused.status, refused.body.errors[0].extensions.code]).toEqual([400, 'BAD_REQUEST']);
  });

  test('a document that is nested 50,000 deep', async () => {
    const answer = await client.graphql(`${'{ viewer '.repeat(50_000)}${'}'.repeat(50_000)}`);
    expect([answer.status, answer.body.errors[0].extensions.code]).toEqual([400, 'QUERY_TOO_COMPLEX']);
  });
});

describe('what cannot be read is told, and what is nowhere is not found', () => {
  const list = (field: string, args: string, variables?: object, given = '') =>
    client.graphql(
      `${given && `query (${given}) `}{ list: ${field}(${args}) { totalCount nodes { id } pageInfo { endCursor } } }`,
      variables,
    );
  const empty = { totalCount: 0, nodes: [], pageInfo: { endCursor: null } };

  test.each([
    ['a sort key that does not exist', 'orders', 'orderBy: { field: reasonCode }'],
    ['the sort key of another list', 'accounts', 'orderBy: { field: orderDate }'],
    ['a direction that does not exist', 'orders', 'orderBy: { field: orderDate, direction: UP }'],
    ['an order without a field', 'orders', 'orderBy: { direction: ASC }'],
    ['two orders', 'orders', 'orderBy: [{ field: orderDate }, { field: orderNumber }]'],
    ['a filter field that does not exist', 'fulfillments', 'filter: { description: { eq: "x" } }'],
    ['an operator that does not exist', 'fulfillments', 'filter: { carrier: { ne: "x" } }'],
    ['an operator of another type', 'fulfillments', 'filter: { quantity: { gt: 1 } }'],
    ['an or', 'fulfillments', 'filter: { or: [{ billed: true }, { billed: false }] }'],
    ['a state that does not exist', 'fulfillments', 'filter: { state: { in: [Lost] } }'],
    ['null among the values of a list', 'fulfillments', 'filter: { carrier: { in: [null] } }'],
    ['a number in place of a text', 'fulfillments', 'filter: { carrier: { eq: 5 } }'],
    ['a day that does not exist', 'invoices', 'filter: { dueDate: { gte: "2022-02-30" } }'],
    ['an amount of 14 digits', 'invoices', 'filter: { amount: { gte: "12345678901234" } }'],
    ['an amount that is no number', 'invoices', 'filter: { balance: { lt: "NaN" } }'],
    ['first as a text', 'orders', 'first: "5"'],
    ['first beyond 32 bits', 'orders', 'first: 2147483648'],
  ])('%s', async (_what, field, args) => {
    const { status, body } = await writesNothing(() => list(field, args));
    expect([status, body.data]).toEqual([400, undefined]);
    expect(['GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT']).toContain(body.errors[0].extensions.code);
  });

  test('the same is told where it comes as a variable', async () => {
    for (const [given, args, variables] of [
      ['$order: OrderOrder', 'orderBy: $order', { order: { field: 'reasonCode' } }],
      ['$filter: OrderFilter', 'filter: $filter', { filter: { reasonCode: { eq: 'x' } } }],
      ['$filter: OrderFilter', 'filter: $filter', { filter: { orderNumber: { ne: 'x' } } }],
      ['$first: Int', 'first: $first', { first: 1.5 }],
    ] as const) {
      const { status, body } = await writesNothing(() => list('orders', args, variables, given));
      expect([status, body.data, body.errors[0].extensions.code]).toEqual([400, undefined, 'BAD_USER_INPUT']);
    }
  });

  test.each([
    ['first: 2147483647', 'PAGE_SIZE'],
    ['last: 101', 'PAGE_SIZE'],
    ['first: -1', 'PAGE_SIZE'],
    ['first: 1, last: 1', 'PAGE_SIZE'],
    ['first: 1, after: "W10"', 'BAD_CURSOR'],
    ['last: 1, before: ""', 'BAD_CURSOR'],
    ['first: 1, before: "W10"', 'BAD_REQUEST'],
  ])('a page of (%s) is refused with %s, and the rest of the request is answered', async (args, code) => {
    const { status, body } = await writesNothing(() =>
      client.graphql(`{ viewer { clientId } list: fulfillments(${args}) { nodes { id } } }`),
    );
    expect([status, body.data]).toEqual([200, { viewer: { clientId: client.clientId }, list: null }]);
    expect(body.errors[0]).toMatchObject({ path: ['list'], extensions: { code }, message: expect.any(String) });
  });

  const long = 'x'.repeat(1_000_000);
  test.each<[what: string, field: string, filter: object]>([
    ['an empty list of values', 'fulfillments', { id: { in: [] } }],
    ['an empty list beside one that is not', 'fulfillments', { state: { in: [] }, billed: false }],
    ['two values at once', 'fulfillments', { state: { eq: 'Booked', in: ['Executing'] } }],
    ['no value and a value', 'fulfillments', { carrier: { isNull: true, startsWith: 'U' } }],
    ['no day and a day', 'fulfillments', { billTargetDate: { isNull: true, gte: '2022-01-01' } }],
    ['a span that ends before it begins', 'orders', { orderDate: { gte: '2022-01-02', lte: '2022-01-01' } }],
    ['an instant outside of itself', 'orders', { updatedDate: { gte: '2022-01-01T00:00Z', lt: '2022-01-01T00:00Z' } }],
    ['more than and less than', 'invoices', { balance: { gt: '1', lt: '1' } }],
    ['numbers that nothing has', 'invoices', { invoiceNumber: { in: ['INV99999999', '', 'F-00000001'] } }],
    ['an order number that no order has', 'orderLineItems', { orderNumber: { eq: 'O-99999999' } }],
    ['ids that are none', 'orderLineItems', { orderId: { in: ['x', '', '0'.repeat(33)] } }],
    ['an id of another kind of object', 'orderLineItems', { orderId: { eq: '0'.repeat(32) } }],
    ['a text of a million characters', 'fulfillments', { trackingNumber: { eq: long } }],
    ['a beginning of a million characters', 'fulfillments', { externalId: { startsWith: long } }],
    ['a beginning with the last character there is', 'fulfillments', { carrier: { startsWith: '\u{10ffff}' } }],
    ['a beginning that is half a character', 'accounts', { name: { startsWith: '\ud800' } }],
    ['a beginning just below the halves', 'accounts', { name: { startsWith: '\ud7ff' } }],
    ['a beginning with a nul byte', 'accounts', { name: { startsWith: '\0' } }],
    ['wildcards of SQL', 'accounts', { name: { startsWith: '%' } }],
  ])('%s: an empty list', async (_what, field, filter) => {
    const type = `${field[0].toUpperCase()}${field.slice(1, -1)}Filter`;
    const { status, body } = await writesNothing(() => list(field, 'filter: $filter', { filter }, `$filter: ${type}`));
    expect([status, body]).toEqual([200, { data: { list: empty } }]);
  });

  test.each([
    '{ fulfillments(filter: { state: { eq: null } }) { nodes { id } } }',
    '{ orders { nodes { id orderLineItems(filter: { itemState: null }) { nodes { id } } } } }',
    '{ events(filter: { type: null }) { nodes { id } } }',
  ])('a filter with a null is BAD_USER_INPUT for a query, and for its export too: %s', async (query) => {
    const asked = await client.graphql(query);
    const exported = await client.graphql(query, {}, { accept: 'application/jsonl' });
    const [{ message, extensions }] = asked.body.errors;
    expect([message, extensions.code]).toEqual([expect.stringContaining('must not be null'), 'BAD_USER_INPUT']);
    expect([exported.status, exported.body.errors]).toEqual([
      400,
      [expect.objectContaining({ message, extensions: { code: 'BAD_USER_INPUT' } })],
    ]);
  });

  test('keys that nothing has are null', async () => {
    const fields = ['account', 'order', 'fulfillment', 'invoice', 'creditMemo', 'payment', 'billRun'];
    for (const key of ['F-99999999', 'f'.repeat(32), '', ' ', 'a\\u0000b', '%', long.slice(0, 100_000), '\ud800']) {
      const query = `query ($key: ID!) { ${fields.map((field) => `${field}(key: $key) { id }`).join(' ')}
        orderLineItem(id: $key) { id } node(id: $key) { id } }`;
      const { status, body } = await writesNothing(() => client.graphql(query, { key }));
      const found = Object.fromEntries([...fields, 'orderLineItem', 'node'].map((field) => [field, null]));
      expect([status, body]).toEqual([200, { data: found }]);
    }
  });
});
