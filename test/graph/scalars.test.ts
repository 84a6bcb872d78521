import { createFulfillments } from '../../src/service/fulfillment';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
let lineId: string;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  const { orderLineItems } = await orderFor(await client.work(), [
    { quantity: '9999999999999', amountPerUnit: '0.01' },
  ]);
  lineId = orderLineItems[0].id;
});
afterAll(() => gateway.close());

type Sent = { value: unknown } | { error: string; code: string };

/** What a field of a rehearsed fulfillment shows after a value was given as a variable, or written in the document. */
async function sent(field: string, value: unknown, how: 'variable' | 'literal'): Promise<Sent> {
  const base = { orderLineItemId: lineId, fulfillmentDate: '2022-01-01', quantity: '1' };
  const show = `fulfillments { ${field} } userErrors { code }`;
  const variable = how === 'variable';
  const given = { ...base, [field]: variable ? value : undefined };
  const written = Object.entries(base).map(([name, text]) => (name === field ? '' : `${name}: "${text}"`));
  const query = variable
    ? `mutation ($input: CreateFulfillmentsInput!) { made: createFulfillments(input: $input, dryRun: true) { ${show} } }`
    : `mutation { made: createFulfillments(dryRun: true, input: { fulfillments: [{ ${written.join(' ')} ${field}: ${value} }] }) { ${show} } }`;
  const { body } = await client.graphql(query, variable ? { input: { fulfillments: [given] } } : {});
  if (body.errors) return { error: body.errors[0].message, code: body.errors[0].extensions.code };
  if (body.data.made.userErrors.length)
    return { error: 'refused by the rules', code: body.data.made.userErrors[0].code };
  return { value: body.data.made.fulfillments[0][field] };
}

const refused = async (field: string, value: unknown, how: 'variable' | 'literal' = 'variable') => {
  const answer = await sent(field, value, how);
  expect([value, answer]).toEqual([
    value,
    { error: expect.stringMatching(/expected|represent/), code: expect.any(String) },
  ]);
  expect([value, (answer as { code: string }).code]).toEqual([
    value,
    expect.stringMatching(/BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED/),
  ]);
};

describe('a Decimal', () => {
  test.each([
    ['5', '5'],
    ['5.0', '5'],
    ['0005.500', '5.5'],
    ['0.000000001', '0.000000001'],
    ['9999999999999', '9999999999999'],
    ['1234567890123.123456789', '1234567890123.123456789'],
    [5, '5'],
    [0.1, '0.1'],
    [1e3, '1000'],
    [1e-9, '0.000000001'],
    [123456789012.345, '123456789012.345'],
    [1000000000000, '1000000000000'],
  ])('%p is read exactly and shown as %p', async (value, shown) => {
    expect(await sent('quantity', value, 'variable')).toEqual({ value: shown });
  });

  test.each([
    ['5', '5'],
    ['5.50', '5.5'],
    ['"5.50"', '5.5'],
    ['1e2', '100'],
    ['1.5E-3', '0.0015'],
    ['1234567890123.123456789', '1234567890123.123456789'],
    ['0.000000001', '0.000000001'],
  ])('%s in the document is read exactly and shown as %p', async (value, shown) => {
    expect(await sent('quantity', value, 'literal')).toEqual({ value: shown });
  });

  test('is refused with more digits than it holds, or than a JSON number tells exactly', async () => {
    const texts = [
      '12345678901234',
      '0.1234567891',
      '1e3',
      '1,5',
      ' 5',
      '5 ',
      '',
      '.5',
      '5.',
      '+5',
      'NaN',
      'Infinity',
      '0x10',
      '٥',
    ];
    const numbers = [Number('1234567890123.1234'), 0.1 + 0.2, 1e13, 1e-10, 1.234567890123456];
    for (const value of [...texts, ...numbers, true, [], {}, ['5', '6'], { value: 5 }])
      await refused('quantity', value);
    for (const value of ['12345678901234', '0.1234567891', '1e13', 'true', '"1e3"', 'FIVE', '{ a: 1 }']) {
      await refused('quantity', value, 'literal');
    }
  });

  test('below 0 is read, and left to the rules', async () => {
    for (const value of ['-1', -1, '0', -0, '-0.000000001']) {
      expect(await sent('quantity', value, 'variable')).toEqual({
        error: 'refused by the rules',
        code: 'INVALID_VALUE',
      });
    }
  });

  test.each([
    ['USD', '10', '1.005', '5.03', '1.005', '10.00'],
    ['JPY', '10', '1.5', '8', '1.5', '10'],
    ['KWD', '10', '1', '5.000', '1.000', '10.000'],
  ])('that is money in %s has at least its decimals', async (currency, list, price, amount, perUnit, listPrice) => {
    const work = await client.work();
    const line = { quantity: '5.50', listPricePerUnit: list, amountPerUnit: price };
    const { order, account } = await orderFor(work, [line], { currency });
    const query = `{ order(key: "${order.id}") { orderLineItems { nodes { quantity quantityPendingFulfillment
      listPricePerUnit amountPerUnit } } } }`;
    const [shown] = (await client.graphql(query)).body.data.order.orderLineItems.nodes;
    expect(shown).toEqual({
      ...{ quantity: '5.5', quantityPendingFulfillment: '5.5', listPricePerUnit: listPrice, amountPerUnit: perUnit },
    });
    const id = (
      await client.graphql(`{ account(key: "${account.id}") { orders { nodes { orderLineItems { nodes { id } } } } } }`)
    ).body.data.account.orders.nodes[0].orderLineItems.nodes[0].id;
    const { fulfillments } = await createFulfillments(work, {
      fulfillments: [
        {
          orderLineItemId: id,
          fulfillmentDate: '2022-01-01',
          quantity: '5',
          state: 'SentToBilling',
          billTargetDate: '2022-01-01',
        },
      ],
      processingOptions: { runBilling: true, collectPayment: true },
    });
    const money = `{ fulfillment(key: "${fulfillments[0]!.id}") { amount quantity invoiceItems { chargeAmount taxAmount
      unitPrice quantity invoice { amount balance taxAmount paymentApplications { amount payment { amount unappliedAmount } } } } } }`;
    const zero = amount.replace(/\d/g, '0').replace(/^0+(?=0)/, '');
    expect((await client.graphql(money)).body.data.fulfillment).toEqual({
      amount,
      quantity: '5',
      invoiceItems: [
        {
          ...{ chargeAmount: amount, taxAmount: zero, unitPrice: perUnit, quantity: '5' },
          invoice: {
            ...{ amount, balance: zero, taxAmount: zero },
            paymentApplications: [{ amount, payment: { amount, unappliedAmount: zero } }],
          },
        },
      ],
    });
  });

  test('is shown by a mutation as it is by a query, and padded in paidAmount', async () => {
    const { orderLineItems } = await orderFor(await client.work(), [{ amountPerUnit: '2.5' }]);
    const query = `mutation ($id: ID!) { createFulfillments(input: { fulfillments: [{ orderLineItemId: $id, quantity: 3,
      fulfillmentDate: "2022-01-01", state: SentToBilling, billTargetDate: "2022-01-01" }]
      processingOptions: { runBilling: true, collectPayment: true } }) { paidAmount payments { amount appliedAmount }
      invoices { amount balance } fulfillments { amount quantity } } }`;
    expect((await client.graphql(query, { id: orderLineItems[0].id })).body.data.createFulfillments).toEqual({
      paidAmount: '7.50',
      payments: [{ amount: '7.50', appliedAmount: '7.50' }],
      invoices: [{ amount: '7.50', balance: '0.00' }],
      fulfillments: [{ amount: '7.50', quantity: '3' }],
    });
  });
});

describe('a Date', () => {
  test.each(['2022-01-02', '1900-01-01', '2999-12-31', '2024-02-29'])('%s comes back as it went', async (day) => {
    expect(await sent('billTargetDate', day, 'variable')).toEqual({ value: day });
    expect(await sent('billTargetDate', `"${day}"`, 'literal')).toEqual({ value: day });
  });

  test('is refused where there is no such day', async () => {
    const none = [
      '2023-02-29',
      '2022-13-01',
      '2022-1-2',
      '1899-12-31',
      '3000-01-01',
      '2022-01-02T00:00:00Z',
      '',
      'today',
      'infinity',
    ];
    for (const value of [...none, 20220102, true, {}, ['2022-01-02', '2022-01-03']])
      await refused('billTargetDate', value);
    for (const value of ['"2023-02-29"', '20220102', 'TODAY', '{ a: 1 }'])
      await refused('billTargetDate', value, 'literal');
  });
});

describe('a DateTime', () => {
  const counted = async (literal: string) =>
    (await client.graphql(`{ accounts(filter: { updatedDate: { gte: ${literal} } }) { totalCount } }`)).body;

  test('is shown in UTC with milliseconds, and taken in with any offset', async () => {
    const [{ updatedDate }] = (await client.graphql('{ accounts { nodes { updatedDate } } }')).body.data.accounts.nodes;
    expect(updatedDate).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const local = new Date(Date.parse(updatedDate) + 5.5 * 3_600_000).toISOString().replace('Z', '+05:30');
    expect((await counted(`"${local}"`)).data.accounts.totalCount).toBeGreaterThan(0);
    for (const text of [
      ...['2022-01-02T10:00Z', '2022-01-02T10:00:00Z', '2022-01-02T10:00:00.123456789-12:00'],
      ...['2022-01-02T00:00:00Z', '2022-01-02T23:59:59.999Z', '2022-01-02T10:00:00+23:59', '2022-01-02T10:00:00-00:00'],
    ]) {
      expect((await counted(`"${text}"`)).data.accounts.totalCount).toBeGreaterThan(0);
    }
  });

  test('is refused without an offset, or where there is no such instant', async () => {
    for (const text of [
      '2022-01-02',
      '2022-01-02T10:00:00',
      '2022-02-30T10:00:00Z',
      '2022-01-02T25:00:00Z',
      '2022-01-02T24:00:00Z',
      '2022-01-02T24:00Z',
      '2022-01-02T23:60:00Z',
      '2016-12-31T23:59:60Z',
      '2022-01-02T10:00:00+24:00',
      '2022-01-02T10:00:00+25:00',
      '2022-01-02T10:00:00-10:60',
      '2022-01-02T10:00:00+1:00',
      '2022-01-02T10:00:00.1234567890Z',
      '2022-01-02 10:00:00Z',
      'now',
      '',
    ]) {
      const { errors } = await counted(`"${text}"`);
      expect([text, errors?.[0].extensions.code]).toEqual([text, 'GRAPHQL_VALIDATION_FAILED']);
    }
    expect((await counted('5')).errors).toHaveLength(1);
  });
});

describe('a JSONObject', () => {
  test('comes back as it went, by variable and in the document', async () => {
    const fields = { text__c: 'ä"\\\n', number__c: 1.5, true__c: true, null__c: null };
    expect(await sent('customFields', fields, 'variable')).toEqual({ value: fields });
    expect(await sent('customFields', '{ text__c: "x", number__c: 2 }', 'literal')).toEqual({
      value: { text__c: 'x', number__c: 2 },
    });
    expect(await sent('customFields', {}, 'variable')).toEqual({ value: {} });
    expect(await sent('customFields', null, 'variable')).toEqual({ value: null });
  });

  test('takes variables inside a literal', async () => {
    const query = `mutation ($id: ID!, $text: String!) { createFulfillments(dryRun: true, input: { fulfillments: [{
      orderLineItemId: $id, quantity: 1, fulfillmentDate: "2022-01-01", customFields: { a__c: $text } }] }) {
      fulfillments { customFields } } }`;
    const { data } = (await client.graphql(query, { id: lineId, text: 'given' })).body;
    expect(data.createFulfillments.fulfillments).toEqual([{ customFields: { a__c: 'given' } }]);
  });

  test('is refused where it is no object, and by the rules where a name is none of a custom field', async () => {
    for (const value of ['text', 5, true, [], [{ a__c: 1 }]]) await refused('customFields', value);
    for (const value of ['"text"', '5', '[1]', 'NAME']) await refused('customFields', value, 'literal');
    expect(await sent('customFields', { carrier: 'x' }, 'variable')).toMatchObject({ code: 'INVALID_VALUE' });
    expect(await sent('customFields', { a__c: { b: 1 } }, 'variable')).toMatchObject({ code: 'INVALID_VALUE' });
  });
});
