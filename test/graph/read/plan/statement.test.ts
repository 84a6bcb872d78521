import { randomBytes } from 'node:crypto';
import { GraphContext } from '../../../../src/graph/context';
import { run } from '../../../../src/graph/read/execution';
import { Work } from '../../../../src/service/run/work';
import { type TestGatewayServer, testGateway } from '../../../support/gateway';
import { operationOf } from '../../../support/operation';
import { type Estate, estate } from '../../../support/tenant-data';

let gateway: TestGatewayServer;
let work: Work;
let own: Estate;

beforeAll(async () => {
  // One connection, which prepares all that is asked.
  gateway = await testGateway({ poolSize: 1 });
  work = await (await gateway.client()).work();
  own = await estate(gateway, work, 'Own');
}, 60_000);
afterEach(() => expect(gateway.failures).toEqual([]));
afterAll(() => gateway.close());

const asked = (query: string, variables: Record<string, unknown>) =>
  run(operationOf(query, variables), new GraphContext(new Work(gateway.services, work.caller)));

const plans = async (called: string) =>
  (
    await gateway.database.db.reading.pool.query(
      'select generic_plans::integer as generic, custom_plans::integer as custom from pg_prepared_statements where statement like $1',
      [`/* ${called} */%`],
    )
  ).rows;

// A text that the process has met before is prepared at once. By their alias these are new, also if the file runs again.
const alias = `own_${randomBytes(8).toString('hex')}`;
test.each([
  ['orderLineItem', 'query ($id: ID!) { orderLineItem(id: $id) { own: id itemName amount order { orderNumber } } }'],
  [
    'order',
    `query ($order: ID!) { order(key: $order) { own: id orderLineItems { nodes { fulfillments { nodes { state
      invoiceItems { invoice { balance } } } } } } } }`,
  ],
  [
    'fulfillments',
    `query ($first: Int) { fulfillments(first: $first, filter: { state: { eq: SentToBilling } }, orderBy: { field: billTargetDate }) {
      nodes { own: id orderLineItem { itemName } } pageInfo { hasNextPage endCursor } } }`,
  ],
  [
    'orderLineItems',
    `query ($account: ID!) { orderLineItems(first: 100, filter: { accountId: { eq: $account } }) {
      nodes { own: id fulfillments(first: 10) { totalCount nodes { id amount } } } } }`,
  ],
])('the statement of %s is planned once, and no more from its sixth execution on', async (called, query) => {
  const variables = { id: own.ids.orderLineItem, order: own.ids.order, account: own.ids.account, first: 5 };
  const operationVariables = Object.fromEntries(
    Object.entries(variables).filter(([name]) => query.includes(`$${name}`)),
  );
  for (let time = 0; time < 12; time++) {
    expect((await asked(query.replace('own:', `${alias}:`), operationVariables)).errors).toBeUndefined();
  }
  // The first of the twelve was not prepared. The next five were planned for their values.
  expect(await plans(called)).toEqual([{ generic: 6, custom: 5 }]);
});

test('a statement is the same for other values, another page and another client of the same shape', async () => {
  const query = `query ($key: ID!, $first: Int, $state: FulfillmentState) { account(key: $key) { orders(first: $first) { totalCount } }
    fulfillments(first: $first, filter: { state: { eq: $state } }) { nodes { id } } }`;
  for (const [first, state] of [
    [1, 'Booked'],
    [2, 'Executing'],
    [100, 'Complete'],
  ]) {
    await asked(query, { key: own.ids.account, first, state });
    await asked(query, { key: own.numbers.account, first, state });
  }
  // One text finds the account by its id, one by its number.
  expect(await plans('account, fulfillments')).toHaveLength(2);
});
