import { type ExecutionResult, type GraphQLEnumType, type GraphQLObjectType, graphql } from 'graphql';
import { schema } from '../../../src/graph/build/schema';
import { GraphContext } from '../../../src/graph/context';
import { createFulfillments } from '../../../src/service/fulfillment';
import { Work } from '../../../src/service/run/work';
import { BillRunRow } from '../../../src/store/bill-run';
import { Scoped } from '../../../src/store/connection/connection';
import { CreditMemoRow } from '../../../src/store/credit-memo';
import { insertRows } from '../../../src/store/query/write';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { billRunRow, creditMemoRow } from '../../support/rows';

let gateway: TestGatewayServer;
let client: TestClient;
let work: Work;
let orderId: string;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  work = await client.work();
  // Accounts and orders of equal names and dates; a dozen line items; all that one act writes has one instant.
  for (const [at, name] of ['Beta', 'alpha', 'Beta', 'Ärger', 'Beta', 'a_b'].entries()) {
    const group = (_: unknown, n: number) => ({ invoiceGroupNumber: `${n % 4}` });
    const made = await orderFor(work, Array.from({ length: at ? 2 : 12 }, group), { name });
    const dates = ['2022-01-01', '2022-01-01', undefined];
    await createFulfillments(work, {
      fulfillments: made.orderLineItems.flatMap(({ id }) =>
        dates.map((billTargetDate) => ({
          orderLineItemId: id,
          fulfillmentDate: '2022-01-01',
          quantity: '1',
          billTargetDate,
          state: billTargetDate ? ('SentToBilling' as const) : ('Executing' as const),
        })),
      ),
      processingOptions: { runBilling: true, collectPayment: true },
    });
    const memos = ['2022-01-01', '2022-01-02'].map((creditMemoDate) => creditMemoRow(made.account, { creditMemoDate }));
    await insertRows(new Scoped(gateway.database.raw, work.caller), CreditMemoRow, memos);
    const runs = [billRunRow(work.caller), billRunRow(work.caller)];
    await insertRows(new Scoped(gateway.database.raw, work.caller), BillRunRow, runs);
    if (at === 0) orderId = made.order.id;
  }
  await work.finish();
});
afterAll(() => gateway.close());

interface Page {
  nodes: { id: string }[];
  edges: { cursor: string; node: { id: string } }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}
const selection =
  'nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

async function page(list: string, args: string): Promise<Page> {
  const { body } = await client.graphql(`{ page: ${list}(${args}) { ${selection} } }`);
  expect(body.errors).toBeUndefined();
  return body.data.page;
}

async function refusal(query: string): Promise<[status: number, code: string, data: unknown]> {
  const { status, body } = await client.graphql(query);
  return [status, body.errors[0].extensions.code, body.data];
}

const idsOf = ({ nodes }: Page) => nodes.map(({ id }) => id);

/** The whole list, page by page; from its end where backward. */
async function walk(list: string, args: string, size: number, backward = false): Promise<string[]> {
  const all: string[] = [];
  const [count, from] = backward ? ['last', 'before'] : ['first', 'after'];
  for (let cursor = ''; ; ) {
    const found = await page(list, `${count}: ${size}, ${args} ${cursor && `, ${from}: "${cursor}"`}`);
    expect(found.edges.map(({ node }) => node)).toEqual(found.nodes);
    const { hasNextPage, hasPreviousPage, startCursor, endCursor } = found.pageInfo;
    expect([startCursor, endCursor]).toEqual([found.edges.at(0)?.cursor ?? null, found.edges.at(-1)?.cursor ?? null]);
    expect(backward ? hasNextPage : hasPreviousPage).toBe(cursor !== '');
    if (backward) all.unshift(...idsOf(found));
    else all.push(...idsOf(found));
    if (!(backward ? hasPreviousPage : hasNextPage)) return all;
    expect(found.nodes).toHaveLength(size);
    cursor = (backward ? startCursor : endCursor)!;
  }
}

/** Each list of the root with its table, and what each of its sort fields stands for there. */
const audit = { updatedDate: 'updated_date', createdDate: 'created_date' };
const lists: Record<string, { table: string; orderField: string; sorts: Record<string, string> }> = {
  accounts: {
    table: 'account',
    orderField: 'AccountOrderField',
    sorts: { ...audit, name: 'name', accountNumber: 'account_number' },
  },
  orders: {
    table: 'orders',
    orderField: 'OrderOrderField',
    sorts: { ...audit, orderDate: 'order_date', orderNumber: 'order_number' },
  },
  orderLineItems: {
    table: 'order_line_item',
    orderField: 'OrderLineItemOrderField',
    sorts: { ...audit, itemNumber: 'item_number::integer', itemName: 'item_name' },
  },
  fulfillments: {
    table: 'fulfillment',
    orderField: 'FulfillmentOrderField',
    sorts: {
      ...audit,
      fulfillmentDate: 'fulfillment_date',
      billTargetDate: "coalesce(bill_target_date, '9999-12-31')",
      fulfillmentNumber: 'fulfillment_number',
    },
  },
  invoices: {
    table: 'invoice',
    orderField: 'InvoiceOrderField',
    sorts: {
      ...{ ...audit, invoiceDate: 'invoice_date', dueDate: 'due_date', invoiceNumber: 'invoice_number' },
      ...{ amount: 'amount', balance: 'balance' },
    },
  },
  creditMemos: {
    table: 'credit_memo',
    orderField: 'CreditMemoOrderField',
    sorts: { ...audit, creditMemoDate: 'credit_memo_date', creditMemoNumber: 'credit_memo_number' },
  },
  billRuns: {
    table: 'bill_run',
    orderField: 'BillRunOrderField',
    sorts: { ...audit, billRunNumber: 'bill_run_number' },
  },
  payments: {
    table: 'payment',
    orderField: 'PaymentOrderField',
    sorts: { ...audit, effectiveDate: 'effective_date', paymentNumber: 'payment_number' },
  },
};
const sorted = async (table: string, sql: string, direction: string) =>
  (
    await gateway.database.owner<{ id: string }>(
      `select id from ${table} order by ${sql} ${direction}, id ${direction}`,
    )
  ).map(({ id }) => id);

describe('a list of the root', () => {
  test('has a case here, with each of its orders', () => {
    const fields = Object.values((schema().getQueryType() as GraphQLObjectType).getFields());
    const found = fields.filter(({ type }) => String(type).endsWith('Connection')).map(({ name }) => name);
    // Events have an order of their own (events.test.ts).
    expect(found.sort()).toEqual([...Object.keys(lists), 'events'].sort());
    for (const { orderField, sorts } of Object.values(lists)) {
      const values = (schema().getType(orderField) as GraphQLEnumType).getValues().map(({ name }) => name);
      expect(Object.keys(sorts).sort()).toEqual(values.sort());
    }
  });

  const orders = Object.entries(lists).flatMap(([list, { table, sorts }]) =>
    Object.entries(sorts).flatMap(([field, sql]) =>
      ['ASC', 'DESC'].map((direction) => [list, field, direction, table, sql] as const),
    ),
  );
  test.each(orders)('%s by %s %s is walked in that order, each row once, from both ends', async (...order) => {
    const [list, field, direction, table, sql] = order;
    const expected = await sorted(table, sql, direction);
    const args = `orderBy: { field: ${field}, direction: ${direction} }`;
    expect(expected.length).toBeGreaterThan(5);
    expect(await walk(list, args, 7)).toEqual(expected);
    expect(await walk(list, args, 7, true)).toEqual(expected);
  });

  test.each(Object.entries(lists))('%s shows the last changed first, twenty of them', async (list, { table }) => {
    const expected = await sorted(table, 'updated_date', 'desc');
    expect(idsOf(await page(list, 'first: null, filter: null'))).toEqual(expected.slice(0, 20));
    expect(idsOf(await page(list, 'orderBy: { field: updatedDate }'))).toEqual(expected.slice(0, 20));
    expect(await walk(list, 'orderBy: null', 1)).toEqual(expected);
  });

  test('knows at its very end that nothing follows', async () => {
    const all = await walk('fulfillments', '', 100);
    const whole = await page('accounts', 'first: 6');
    expect([whole.nodes.length, whole.pageInfo.hasNextPage, whole.pageInfo.hasPreviousPage]).toEqual([6, false, false]);
    const { hasNextPage } = (await page('accounts', 'first: 5')).pageInfo;
    expect(hasNextPage).toBe(true);
    const behind = await page('accounts', `first: 5, after: "${whole.pageInfo.endCursor}"`);
    expect(behind).toEqual({
      nodes: [],
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
    });
    expect(idsOf(await page('fulfillments', 'last: 3'))).toEqual(all.slice(-3));
    const before = (await page('fulfillments', 'last: 3')).pageInfo.startCursor;
    expect(idsOf(await page('fulfillments', `before: "${before}"`))).toEqual(all.slice(-23, -3));
  });
});

describe('the size of a page', () => {
  test.each(['first', 'last'])('is 0 to 100 by %s', async (argument) => {
    const total = (await sorted('fulfillment', 'id', 'asc')).length;
    const none = await page('fulfillments', `${argument}: 0`);
    expect([none.nodes, none.pageInfo.startCursor]).toEqual([[], null]);
    expect(argument === 'first' ? none.pageInfo.hasNextPage : none.pageInfo.hasPreviousPage).toBe(true);
    expect((await page('fulfillments', `${argument}: 100`)).nodes).toHaveLength(Math.min(100, total));
    for (const size of [101, 2147483647, -1, -2147483648]) {
      const code = await refusal(`{ viewer { clientId } fulfillments(${argument}: ${size}) { totalCount } }`);
      expect(code).toEqual([200, 'PAGE_SIZE', { viewer: { clientId: client.clientId }, fulfillments: null }]);
    }
    expect(await refusal(`{ fulfillments(${argument}: 2147483648) { totalCount } }`)).toEqual([
      400,
      'GRAPHQL_VALIDATION_FAILED',
      undefined,
    ]);
  });

  test('is given from one end only', async () => {
    const { startCursor: cursor } = (await page('orders', 'first: 1')).pageInfo;
    const code = async (args: string) => (await refusal(`{ orders(${args}) { totalCount } }`))[1];
    expect(await code('first: 1, last: 1')).toBe('PAGE_SIZE');
    expect(await code(`first: 1, before: "${cursor}"`)).toBe('BAD_REQUEST');
    expect(await code(`last: 1, after: "${cursor}"`)).toBe('BAD_REQUEST');
    expect(await code(`after: "${cursor}", before: "${cursor}"`)).toBe('BAD_REQUEST');
  });

  test('is judged on nested lists too, which take their parent with them', async () => {
    const [status, code, data] = await refusal(
      `{ viewer { clientId } order(key: "${orderId}") { orderLineItems(first: 101) { totalCount } } }`,
    );
    expect([status, code, data]).toEqual([200, 'PAGE_SIZE', { viewer: { clientId: client.clientId }, order: null }]);
  });
});

describe('what a list costs', () => {
  const statements = async (source: string): Promise<number> => {
    const counter = { statements: 0 };
    const contextValue = new GraphContext(new Work(gateway.services, work.caller, counter));
    const { errors } = (await graphql({ schema: schema(), source, contextValue })) as ExecutionResult;
    expect(errors).toBeUndefined();
    return counter.statements;
  };

  test.each([
    ['nodes, edges and pageInfo: one', `{ orders(first: 2) { ${selection} } }`, 1],
    ['totalCount alone: one, and no page', '{ orders { totalCount } }', 1],
    ['a page and totalCount: two', '{ orders { totalCount nodes { id } pageInfo { hasNextPage } } }', 2],
    ['nothing of it: none', '{ orders { __typename } }', 0],
    ['totalCount left out by a directive: one', '{ orders { totalCount @skip(if: true) nodes { id } } }', 1],
    [
      'two pages under two names: two',
      '{ a: orders(first: 1) { nodes { id } } b: orders(first: 2) { nodes { id } } }',
      2,
    ],
    ['totals of all children: one', '{ orders { nodes { orderLineItems { totalCount } } } }', 2],
    ['children and totals: two', '{ orders { nodes { orderLineItems(last: 2) { totalCount nodes { id } } } } }', 3],
  ])('%s', async (_what, source, count) => {
    expect(await statements(source)).toBe(count);
  });
});

describe('a nested list', () => {
  test('pages like the one of the root, for every parent at once', async () => {
    // Where none is asked for, line items of an order come in another order than those of the root.
    const latest = 'orderBy: { field: updatedDate, direction: DESC }';
    const byNumber = 'orderBy: { field: itemNumber, direction: ASC }';
    for (const args of [`first: 1, ${latest}`, `last: 1, ${latest}`, `first: 2, ${byNumber}`]) {
      const filter = 'filter: { itemState: { eq: Booked } }';
      const nested = `{ orders(first: 100) { nodes { id orderLineItems(${args}, ${filter}) { totalCount ${selection.replaceAll('cursor ', '')} } } } }`;
      const { nodes } = (await client.graphql(nested)).body.data.orders;
      expect(nodes).toHaveLength(6);
      for (const { id, orderLineItems } of nodes) {
        const found = await page(
          'orderLineItems',
          `${args}, filter: { itemState: { eq: Booked }, orderId: { eq: "${id}" } }`,
        );
        expect(orderLineItems.nodes).toEqual(found.nodes);
        expect(orderLineItems.totalCount).toBe(id === orderId ? 12 : 2);
        expect(orderLineItems.pageInfo.hasNextPage).toBe(found.pageInfo.hasNextPage);
        expect(orderLineItems.pageInfo.hasPreviousPage).toBe(found.pageInfo.hasPreviousPage);
      }
    }
  });

  test('goes on behind its own cursors', async () => {
    const all: string[] = [];
    for (let after = ''; ; ) {
      const text = `{ order(key: "${orderId}") { orderLineItems(first: 5 ${after}
        orderBy: { field: itemNumber, direction: ASC }) { nodes { itemNumber } pageInfo { endCursor hasNextPage } } } }`;
      const { nodes, pageInfo } = (await client.graphql(text)).body.data.order.orderLineItems;
      all.push(...nodes.map(({ itemNumber }: { itemNumber: string }) => itemNumber));
      if (!pageInfo.hasNextPage) break;
      after = `after: "${pageInfo.endCursor}"`;
    }
    expect(all).toEqual(Array.from({ length: 12 }, (_, at) => `${at + 1}`));
  });
});

test.each(['ASC', 'DESC'])('rows that are inserted while a client pages %s move no other row', async (direction) => {
  const before = await sorted('account', 'created_date', direction);
  const seen: string[] = [];
  for (let after = ''; ; ) {
    const found = await page('accounts', `first: 2 ${after} orderBy: { field: createdDate, direction: ${direction} }`);
    seen.push(...idsOf(found));
    if (!found.pageInfo.hasNextPage || seen.length > 30) break;
    after = `after: "${found.pageInfo.endCursor}"`;
    if (seen.length < 8) await orderFor(work, [{}], { name: 'Newcomer' });
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.filter((id) => before.includes(id))).toEqual(before);
});
