import { createFulfillments } from '../../src/service/fulfillment';
import * as store from '../../src/store/fulfillment';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
let accounts: string[];

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  const work = await client.work();
  const dollars = await orderFor(work);
  const yen = await orderFor(work, [{ amountPerUnit: '3.5' }], { currency: 'JPY' });
  accounts = [dollars.account.accountNumber, yen.account.accountNumber];
  const entry = { fulfillmentDate: '2022-01-01', billTargetDate: '2022-02-01', quantity: '2.5' };
  await createFulfillments(work, {
    fulfillments: [
      { ...entry, orderLineItemId: dollars.orderLineItems[0].id, carrier: 'CarrierA' },
      { ...entry, orderLineItemId: dollars.orderLineItems[0].id, state: 'Booked', billTargetDate: null },
      { ...entry, orderLineItemId: dollars.orderLineItems[0].id, state: 'Booked', fulfillmentDate: '2022-01-02' },
      { ...entry, orderLineItemId: yen.orderLineItems[0].id, state: 'Booked', carrier: 'CarrierA' },
    ],
  });
});
afterAll(() => gateway.close());

async function summary(groupBy: string, filter: object | null = null) {
  const { body } = await client.graphql(
    `query ($filter: FulfillmentFilter, $groupBy: FulfillmentGroupBy!) {
      fulfillmentSummary(filter: $filter, groupBy: $groupBy) { key currency count quantity amount } }`,
    { groupBy, filter },
  );
  expect(body.errors).toBeUndefined();
  return body.data.fulfillmentSummary.map((row: Record<string, unknown>) => Object.values(row));
}

describe('a summary of fulfillments', () => {
  test('has one row for each group and currency, with exact sums and money as the currency writes it', async () => {
    expect(await summary('state')).toEqual([
      ['Booked', 'JPY', 1, '2.5', '9'],
      ['Booked', 'USD', 2, '5', '50.00'],
      ['Executing', 'USD', 1, '2.5', '25.00'],
    ]);
  });

  test.each([
    [
      'fulfillmentType',
      [
        ['Delivery', 'JPY', 1],
        ['Delivery', 'USD', 3],
      ],
    ],
    [
      'carrier',
      [
        ['', 'USD', 2],
        ['CarrierA', 'JPY', 1],
        ['CarrierA', 'USD', 1],
      ],
    ],
    [
      'fulfillmentDate',
      [
        ['2022-01-01', 'JPY', 1],
        ['2022-01-01', 'USD', 2],
        ['2022-01-02', 'USD', 1],
      ],
    ],
    [
      'billTargetDate',
      [
        ['', 'USD', 1],
        ['2022-02-01', 'JPY', 1],
        ['2022-02-01', 'USD', 2],
      ],
    ],
  ])('groups by %s', async (groupBy, expected) => {
    expect((await summary(groupBy)).map((row: unknown[]) => row.slice(0, 3))).toEqual(expected);
  });

  test('groups by account, under the account number', async () => {
    expect((await summary('account')).map((row: unknown[]) => row.slice(0, 3))).toEqual([
      [accounts[0], 'USD', 3],
      [accounts[1], 'JPY', 1],
    ]);
  });

  test('is filtered as the list is', async () => {
    const filter = { carrier: { isNull: true }, state: { eq: 'Booked' } };
    expect(await summary('state', filter)).toEqual([['Booked', 'USD', 2, '5', '50.00']]);
    expect(await summary('state', { state: { in: [] } })).toEqual([]);
  });
});

describe('counts of fulfillments', () => {
  const counts = async (filter: object | null) => {
    const text = 'query ($filter: FulfillmentFilter) { fulfillmentCounts(filter: $filter) { state count } }';
    const { body } = await client.graphql(text, { filter });
    expect(body.errors).toBeUndefined();
    return body.data.fulfillmentCounts;
  };

  test('name every state in the order of a life, whatever the currency, also where there are none', async () => {
    expect(await counts(null)).toEqual([
      { state: 'Executing', count: 1 },
      { state: 'Booked', count: 3 },
      { state: 'SentToBilling', count: 0 },
      { state: 'Complete', count: 0 },
      { state: 'Canceled', count: 0 },
    ]);
  });

  test('hold what the filter leaves', async () => {
    const some = await counts({ carrier: { eq: 'CarrierA' }, state: { in: ['Booked'] } });
    expect(some.map(({ count }: { count: number }) => count)).toEqual([0, 1, 0, 0, 0]);
  });
});

test('a summary by the resolvers reads no more groups than a reply has room for', async () => {
  const database = { ...gateway.database, close: async () => {} };
  // Read by the resolvers, since its price is beyond half of the longest reply.
  const small = await testGateway({ database, server: { limits: { reply: 10_000 } } });
  const own = await small.client({ grants: [{ entity: 'Many carriers', orgs: ['North'] }] });
  const work = await own.work();
  const { orderLineItems } = await orderFor(work, Array(4).fill({ quantity: '100' }));
  const fulfillments = Array.from({ length: 400 }, (_, at) => ({
    ...{ orderLineItemId: orderLineItems[at % 4].id, fulfillmentDate: '2022-01-01', quantity: '1', carrier: `C${at}` },
  }));
  await createFulfillments(work, { fulfillments });
  const read = jest.spyOn(store, 'summarize');
  const { body } = await own.graphql('{ fulfillmentSummary(groupBy: carrier) { key currency count quantity amount } }');
  expect(body.errors[0].extensions).toMatchObject({ code: 'QUERY_TOO_COMPLEX', limit: 'reply' });
  // The shortest object with five fields has 32 bytes.
  expect(await read.mock.results[0].value).toHaveLength(Math.floor(10_000 / 32) + 1);
  const few = await own.graphql('{ fulfillmentSummary(groupBy: state) { key count } }');
  expect(few.body.data.fulfillmentSummary).toEqual([{ key: 'Executing', count: 400 }]);
  await small.close();
});
