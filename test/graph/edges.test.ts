import { schema } from '../../src/graph/build/schema';
import { GraphContext } from '../../src/graph/context';
import { edges, type ManyEdge, manyEdges, type OneEdge, oneEdges } from '../../src/graph/model/edges';
import { run, type Way } from '../../src/graph/read/execution';
import { updateBillingSettings } from '../../src/service/billing-settings';
import { createFulfillments } from '../../src/service/fulfillment';
import { Work } from '../../src/service/run/work';
import { AccountRow } from '../../src/store/account';
import { BillRunRow } from '../../src/store/bill-run';
import { Scoped } from '../../src/store/connection/connection';
import { HistoryEntryRow } from '../../src/store/history';
import { InvoiceOffsetRow, InvoiceRow } from '../../src/store/invoice';
import { insertRows, rowsBy } from '../../src/store/query/write';
import { insertFailures } from '../support/chain';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';
import { operationOf } from '../support/operation';
import { insertReturns, type Return, returnOf } from '../support/returns';
import { billRunRow, failureRow, historyRow, offsetRow } from '../support/rows';

let gateway: TestGatewayServer;
let work: Work;
/** As many parents of every kind as a page can hold, each with children; and one that stands for them. */
const many = 100;

beforeAll(async () => {
  gateway = await testGateway();
  work = await (await gateway.client()).work();
  const lines: string[] = [];
  const returns: Return[] = [];
  // Ten accounts with ten line items of their own invoice group: a hundred invoices, ten payments. Each has a return.
  for (let account = 0; account < 10; account++) {
    const group = (_: unknown, at: number) => ({ invoiceGroupNumber: `${at}` });
    const made = await orderFor(work, Array.from({ length: 10 }, group), { name: `Customer ${account}` });
    lines.push(...made.orderLineItems.map(({ id }) => id));
    returns.push(...made.orderLineItems.map((line) => returnOf(made.account, line)));
  }
  await createFulfillments(work, {
    fulfillments: lines.flatMap((orderLineItemId) =>
      [
        { state: 'SentToBilling' as const, fulfillmentItems: [{ itemIdentifier: 'A' }, { itemIdentifier: 'B' }] },
        { state: 'Executing' as const },
      ].map((more) => ({
        orderLineItemId,
        fulfillmentDate: '2022-01-01',
        quantity: '5',
        billTargetDate: '2022-01-01',
        ...more,
      })),
    ),
    processingOptions: { runBilling: true, collectPayment: true },
  });
  await work.finish();
  const scoped = new Scoped(gateway.database.raw, work.caller);
  await insertReturns(scoped, returns);
  const invoices = await rowsBy<InvoiceRow>(scoped, InvoiceRow, 'status', ['Posted']);
  const offsets = invoices.map((invoice, at) => offsetRow(invoice, invoices[(at + 1) % invoices.length]));
  await insertRows(scoped, InvoiceOffsetRow, offsets);
  // Each credit memo against an invoice of its own, which it is the sister of and takes back.
  const numbered = (table: string) => `(select *, row_number() over (order by id) as n from ${table})`;
  const paired = `${numbered('credit_memo')} m join ${numbered('invoice')} i using (n)`;
  await gateway.database.owner(
    `update credit_memo set reversed_invoice_id = p.invoice, sister_invoice_id = p.invoice
     from (select m.id as memo, i.id as invoice from ${paired}) p where id = p.memo`,
  );
  await gateway.database.owner(
    `insert into credit_memo_application select gen_random_uuid(), m.entity_id, m.org_id, m.id, i.id, 'USD', 1, now()
     from ${paired}`,
  );
  await insertRuns(scoped);
  await insertOrderHistory();
  for (const carriers of [['UPS'], null]) await updateBillingSettings(work, { carriers });
});
afterAll(() => gateway.close());

/** The orders of the returns are written beside the services, without an entry. */
async function insertOrderHistory(): Promise<void> {
  await gateway.database.owner(
    `insert into history_entry (id, entity_id, org_id, subject_type, subject_id, at, actor, action, changes, version, transaction_id)
     select gen_random_uuid(), o.entity_id, o.org_id, 'Order', o.id, now(), o.created_by_id, 'Create', '[]', 1, 1 from orders o
     where not exists (select from history_entry h where h.subject_id = o.id)`,
  );
}

/** Ten bill runs with ten invoices and ten credit memos each, which could not bill any of the accounts. */
async function insertRuns(scoped: Scoped): Promise<void> {
  const runs = Array.from({ length: 10 }, () => billRunRow(scoped.scope));
  await insertRows(scoped, BillRunRow, runs);
  const entries = runs.flatMap((run) => [historyRow(run), historyRow(run)]);
  await insertRows(scoped, HistoryEntryRow, entries);
  const accounts = await rowsBy<AccountRow>(scoped, AccountRow, 'entityId', [scoped.scope.entityId]);
  const items = new Map(
    (
      await gateway.database.owner<{ accountId: string; orderLineItemId: string; fulfillmentId: string }>(
        `select distinct on (account_id) replace(account_id::text, '-', '') as "accountId", order_line_item_id as "orderLineItemId",
           id as "fulfillmentId" from fulfillment order by account_id, id`,
      )
    ).map(({ accountId, ...item }) => [accountId, item]),
  );
  for (const run of runs) {
    const failures = accounts.map((account) => failureRow(run, account, items.get(account.id)));
    await insertFailures(
      scoped.connection,
      run,
      failures.map((row) => ({ ...row, message: row.id })),
    );
  }
  for (const table of ['invoice', 'credit_memo']) {
    await gateway.database.owner(
      `update ${table} t set bill_run_id = ($1::uuid[])[1 + n % 10]
       from (select id, row_number() over (order by id) as n from ${table}) as numbered where numbered.id = t.id`,
      [runs.map(({ id }) => id)],
    );
  }
}

/**
 * Runs an operation as one request, and tells how many statements its resolvers took: the first time and the second
 * alike. By its plan it is one statement, or `planned`, and answers the same.
 */
// biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
async function asked(source: string, planned = 1): Promise<{ data: any; statements: number }> {
  const operation = operationOf(source);
  const once = async (way: Way) => {
    const counter = { statements: 0 };
    const context = new GraphContext(new Work(gateway.services, work.caller, counter));
    const { data, errors } = await run(operation, context, way);
    expect(errors).toBeUndefined();
    return { data: JSON.parse(JSON.stringify(data)), statements: counter.statements };
  };
  const first = await once('loaders');
  expect(await once('loaders')).toEqual(first);
  expect(await once('planned')).toEqual({ data: first.data, statements: planned });
  expect(gateway.failures).toEqual([]);
  return first;
}

/** What the rows of a table say: id, and the id in another column. */
const pairs = (table: string, column: string): Promise<{ id: string; other: string | null }[]> =>
  gateway.database.owner(`select id, ${column} as other from ${table} order by id`);

/** How the parents of an edge are reached: the operation's head with a size, its tail, and what it costs by itself. */
const parents: Record<string, { from: (size: number) => [string, string]; statements: number }> = {
  Account: { from: (n) => [`parents: accounts(first: ${n}) { nodes {`, '} }'], statements: 1 },
  Order: { from: (n) => [`parents: orders(first: ${n}) { nodes {`, '} }'], statements: 1 },
  OrderLineItem: {
    from: (n) => [`parents: orderLineItems(first: ${n}, filter: { itemCategory: Sales }) { nodes {`, '} }'],
    statements: 1,
  },
  Fulfillment: {
    from: (n) => [
      `parents: fulfillments(first: ${n}, filter: { billed: true, fulfillmentType: Delivery }) { nodes {`,
      '} }',
    ],
    statements: 1,
  },
  FulfillmentItem: {
    from: (n) => [
      `parents: fulfillments(first: ${n}, filter: { billed: true }) { nodes { fulfillmentItems { nodes {`,
      '} } } }',
    ],
    statements: 2,
  },
  Invoice: { from: (n) => [`parents: invoices(first: ${n}) { nodes {`, '} }'], statements: 1 },
  Payment: { from: (n) => [`parents: payments(first: ${n}) { nodes {`, '} }'], statements: 1 },
  InvoiceItem: {
    from: (n) => [`parents: invoices(first: ${n}) { nodes { invoiceItems { nodes {`, '} } } }'],
    statements: 2,
  },
  CreditMemo: { from: (n) => [`parents: creditMemos(first: ${n}) { nodes {`, '} }'], statements: 1 },
  CreditMemoItem: {
    from: (n) => [`parents: creditMemos(first: ${n}) { nodes { creditMemoItems { nodes {`, '} } } }'],
    statements: 2,
  },
  CreditMemoApplication: {
    from: (n) => [`parents: invoices(first: ${n}) { nodes { creditMemoApplications {`, '} } }'],
    statements: 2,
  },
  InvoiceOffset: {
    from: (n) => [`parents: invoices(first: ${n}) { nodes { offsets {`, '} } }'],
    statements: 2,
  },
  PaymentApplication: {
    from: (n) => [`parents: invoices(first: ${n}) { nodes { paymentApplications {`, '} } }'],
    statements: 2,
  },
  BillRun: { from: (n) => [`parents: billRuns(first: ${n}) { nodes {`, '} }'], statements: 1 },
  BillRunFailure: {
    from: (n) => [`parents: billRuns(first: ${n}) { nodes { failures(first: 100) { nodes {`, '} } } }'],
    statements: 2,
  },
  BillingSettings: { from: () => ['parents: billingSettings {', '}'], statements: 1 },
};

/** An entity has one of its settings, and many of everything else. */
const fewestOf = (edge: string): number => (edge.startsWith('BillingSettings') ? 1 : 10);

/** Edges that only returns have. */
const returned: typeof parents.Order = {
  from: (n) => [`parents: orderLineItems(first: ${n}, filter: { itemCategory: Return }) { nodes {`, '} }'],
  statements: 1,
};
const received: typeof parents.Order = {
  from: (n) => [`parents: fulfillments(first: ${n}, filter: { fulfillmentType: Return }) { nodes {`, '} }'],
  statements: 1,
};
const parentsOf: Record<string, typeof parents.Order> = {
  'OrderLineItem.originalOrderLineItem': returned,
  'OrderLineItem.creditMemoItems': returned,
  'Fulfillment.creditMemoItems': received,
};

/** A failure shows no id; those of this test have it for their message. */
const idOf = (what: string) => (what === 'BillRunFailure' || what === 'BillRun.failures' ? 'id: message' : 'id');

interface Related {
  id: string;
  edge: { id: string } | { id: string }[] | { nodes: { id: string }[] } | null;
}

/** The parents with what an edge of them leads to, whatever lies between them and the root. */
function related(found: object): Related[] {
  if ('edge' in found) return [found as Related];
  return Object.values(found).flatMap((value) =>
    typeof value === 'object' && value !== null ? related(value as object) : [],
  );
}

async function followed(edge: string, selection: string, size: number) {
  const [parent, field] = edge.split('.');
  const { from, statements: own } = parentsOf[edge] ?? parents[parent];
  const [head, tail] = from(size);
  const { data, statements } = await asked(`{ ${head} ${idOf(parent)} edge: ${field} ${selection} ${tail} }`);
  return { rows: related(data), statements: statements - own };
}

/** table.column on which each edge stands, read beside the gateway. */
const oneColumns: Record<OneEdge, [table: string, column: string]> = {
  'Order.account': ['orders', 'account_id'],
  'OrderLineItem.order': ['order_line_item', 'order_id'],
  'OrderLineItem.account': ['order_line_item', 'account_id'],
  'Fulfillment.orderLineItem': ['fulfillment', 'order_line_item_id'],
  'FulfillmentItem.fulfillment': ['fulfillment_item', 'fulfillment_id'],
  'InvoiceItem.invoice': ['invoice_item', 'invoice_id'],
  'InvoiceItem.orderLineItem': ['invoice_item', 'order_line_item_id'],
  'InvoiceItem.fulfillment': ['invoice_item', 'fulfillment_id'],
  'Invoice.account': ['invoice', 'account_id'],
  'Invoice.billRun': ['invoice', 'bill_run_id'],
  'OrderLineItem.originalOrderLineItem': ['order_line_item', 'original_order_line_item_id'],
  'CreditMemo.account': ['credit_memo', 'account_id'],
  'CreditMemo.billRun': ['credit_memo', 'bill_run_id'],
  'CreditMemo.reversedInvoice': ['credit_memo', 'reversed_invoice_id'],
  'CreditMemoApplication.creditMemo': ['credit_memo_application', 'credit_memo_id'],
  'CreditMemoApplication.invoice': ['credit_memo_application', 'invoice_id'],
  'CreditMemoItem.creditMemo': ['credit_memo_item', 'credit_memo_id'],
  'CreditMemoItem.orderLineItem': ['credit_memo_item', 'order_line_item_id'],
  'CreditMemoItem.fulfillment': ['credit_memo_item', 'fulfillment_id'],
  'InvoiceOffset.invoice': ['invoice_offset', 'invoice_id'],
  'InvoiceOffset.negativeInvoice': ['invoice_offset', 'negative_invoice_id'],
  'Payment.account': ['payment', 'account_id'],
  'PaymentApplication.payment': ['payment_application', 'payment_id'],
  'PaymentApplication.invoice': ['payment_application', 'invoice_id'],
  'BillRunFailure.account': ['bill_run_account', 'account_id'],
  'BillRunFailure.orderLineItem': ['bill_run_account', 'order_line_item_id'],
  'BillRunFailure.fulfillment': ['bill_run_account', 'fulfillment_id'],
};
const manyColumns: Record<ManyEdge, [table: string, column: string]> = {
  'Account.orders': ['orders', 'account_id'],
  'Account.invoices': ['invoice', 'account_id'],
  'Account.creditMemos': ['credit_memo', 'account_id'],
  'Account.payments': ['payment', 'account_id'],
  'Order.orderLineItems': ['order_line_item', 'order_id'],
  'OrderLineItem.fulfillments': ['fulfillment', 'order_line_item_id'],
  'OrderLineItem.invoiceItems': ['invoice_item', 'order_line_item_id'],
  'OrderLineItem.creditMemoItems': ['credit_memo_item', 'order_line_item_id'],
  'OrderLineItem.returnOrderLineItems': ['order_line_item', 'original_order_line_item_id'],
  'Fulfillment.creditMemoItems': ['credit_memo_item', 'fulfillment_id'],
  'CreditMemo.creditMemoItems': ['credit_memo_item', 'credit_memo_id'],
  'Fulfillment.fulfillmentItems': ['fulfillment_item', 'fulfillment_id'],
  'Fulfillment.invoiceItems': ['invoice_item', 'fulfillment_id'],
  'Invoice.invoiceItems': ['invoice_item', 'invoice_id'],
  'Invoice.paymentApplications': ['payment_application', 'invoice_id'],
  'Invoice.creditMemoApplications': ['credit_memo_application', 'invoice_id'],
  'CreditMemo.applications': ['credit_memo_application', 'credit_memo_id'],
  'Invoice.offsets': [
    '(select id, unnest(array[invoice_id, negative_invoice_id]) as either from invoice_offset) as sides',
    'either',
  ],
  'Payment.applications': ['payment_application', 'payment_id'],
  'BillRun.invoices': ['invoice', 'bill_run_id'],
  'BillRun.creditMemos': ['credit_memo', 'bill_run_id'],
  'BillRun.failures': ['bill_run_account', 'bill_run_id'],
  'Account.history': ['history_entry', 'subject_id'],
  'Order.history': ['history_entry', 'subject_id'],
  'OrderLineItem.history': ['history_entry', 'subject_id'],
  'Fulfillment.history': ['history_entry', 'subject_id'],
  'Invoice.history': ['history_entry', 'subject_id'],
  'CreditMemo.history': ['history_entry', 'subject_id'],
  'Payment.history': ['history_entry', 'subject_id'],
  'BillRun.history': ['history_entry', 'subject_id'],
  'BillingSettings.history': ['history_entry', 'subject_id'],
};

test('every edge of the graph has a case here', () => {
  expect(Object.keys(oneColumns).sort()).toEqual([...oneEdges].sort());
  expect(Object.keys(manyColumns).sort()).toEqual([...manyEdges].sort());
});

describe.each(Object.entries(oneColumns))('the edge %s', (edge, [table, column]) => {
  test('leads from each object to the one whose id it holds', async () => {
    const { rows } = await followed(edge, '{ id }', many);
    const expected = new Map((await pairs(table, column)).map(({ id, other }) => [id, other]));
    expect(rows.length).toBeGreaterThanOrEqual(10);
    expect(rows.map(({ id, edge: target }) => [id, (target as { id: string }).id])).toEqual(
      rows.map(({ id }) => [id, expected.get(id)]),
    );
  });

  test('is one statement, for one object as for a page of them', async () => {
    expect((await followed(edge, '{ id }', 1)).statements).toBe(1);
    expect((await followed(edge, '{ id }', many)).statements).toBe(1);
  });
});

describe.each(Object.entries(manyColumns) as [ManyEdge, [string, string]][])('the edge %s', (edge, [table, column]) => {
  const shape = edges[edge].form;
  const ids = ({ edge: targets }: Related) =>
    (shape === 'list' ? (targets as { id: string }[]) : (targets as { nodes: { id: string }[] }).nodes).map(
      ({ id }) => id,
    );
  const selection = shape === 'list' ? '{ id }' : `(first: 100) { nodes { ${idOf(edge)} } }`;

  test('leads from each object to those that hold its id, each once', async () => {
    const { rows } = await followed(edge, selection, many);
    const all = await pairs(table, column);
    expect(rows.length).toBeGreaterThanOrEqual(fewestOf(edge));
    for (const row of rows) {
      const expected = all.filter(({ other }) => other === row.id).map(({ id }) => id);
      expect(expected.length).toBeGreaterThan(0);
      expect(ids(row).sort()).toEqual(expected.sort());
    }
  });

  test('is one statement, for one object as for a page of them', async () => {
    expect((await followed(edge, selection, 1)).statements).toBe(1);
    expect((await followed(edge, selection, many)).statements).toBe(1);
  });

  test('limits its rows per parent, and counts them in one more statement', async () => {
    if (shape === 'list') return expect((await followed(edge, '{ id }', 3)).statements).toBe(1);
    const { rows, statements } = await followed(edge, `(first: 1) { totalCount nodes { ${idOf(edge)} } }`, many);
    const all = await pairs(table, column);
    expect(statements).toBe(2);
    for (const row of rows) {
      expect(ids(row)).toHaveLength(1);
      const { totalCount } = row.edge as unknown as { totalCount: number };
      expect(totalCount).toBe(all.filter(({ other }) => other === row.id).length);
    }
  });
});

const lists = Object.values(schema().getQueryType()!.getFields())
  // Events go by the loaders (events.test.ts).
  .filter(({ name, type }) => String(type).endsWith('Connection') && name !== 'events')
  .map(({ name }) => name);

describe.each(lists)('the list %s', (list) => {
  test('is one statement whatever its page, and one more where it is counted', async () => {
    const page = (first: number, selection: string) => asked(`{ ${list}(first: ${first}) { ${selection} } }`);
    const { data, statements } = await page(100, 'nodes { id } edges { cursor node { id } } pageInfo { hasNextPage }');
    expect(data[list].nodes.length).toBeGreaterThanOrEqual(10);
    expect(statements).toBe(1);
    expect((await page(1, 'nodes { id } totalCount')).statements).toBe(2);
    expect((await page(1, 'totalCount')).statements).toBe(1);
  });
});

test('equal lists below the same objects share a statement, by whatever names they go; others have their own', async () => {
  const some = (filter: string) => `fulfillments(first: 3, filter: { ${filter} }) { totalCount nodes { id state } }`;
  const [booked, sent] = ['Executing', 'SentToBilling'].map((state) => some(`state: { eq: ${state} }`));
  const lines = (selection: string) => asked(`{ orderLineItems(first: 50) { nodes { ${selection} } } }`);
  expect((await lines(`a: ${booked}`)).statements).toBe(3);
  const { data, statements } = await lines(`a: ${booked} b: ${booked} ... on OrderLineItem { c: ${booked} }`);
  expect(statements).toBe(3);
  expect(data.orderLineItems.nodes[0].b).toEqual(data.orderLineItems.nodes[0].a);
  expect((await lines(`a: ${booked} b: ${sent}`)).statements).toBe(5);
});

test('a field of a fragment is read with what is selected beside it, differently in each place', async () => {
  const { data, statements } = await asked(`{
    a: orderLineItems(first: 2) { nodes { ...shared order { orderNumber } fulfillments(first: 2) { nodes { state } } } }
    b: orderLineItems(first: 2) { nodes { ...shared order { state } fulfillments(first: 2) { nodes { quantity } } } }
    c: orderLineItems(first: 2) { nodes { ...shared } }
  } fragment shared on OrderLineItem { order { id } fulfillments(first: 2) { nodes { id } } }`);
  for (const [list, order, fulfillment] of [
    ['a', 'orderNumber', 'state'],
    ['b', 'state', 'quantity'],
  ]) {
    for (const line of data[list].nodes) {
      expect(Object.keys(line.order).sort()).toEqual(['id', order].sort());
      expect(line.order[order]).toBeTruthy();
      expect(line.fulfillments.nodes).toHaveLength(2);
      for (const each of line.fulfillments.nodes) expect(each[fulfillment]).toBeTruthy();
    }
  }
  expect(data.c.nodes.map(({ order }: { order: { id: string } }) => order.id)).toEqual(
    data.a.nodes.map(({ order }: { order: { id: string } }) => order.id),
  );
  expect(statements).toBe(9);
});

describe('a screen', () => {
  test('one line item is one statement (Q1 of docs/speed.md)', async () => {
    const [{ id }] = await pairs('order_line_item', 'id');
    const scalars = 'id itemName itemState quantity quantityFulfilled quantityPendingFulfillment amount amountPerUnit';
    expect((await asked(`{ orderLineItem(id: "${id}") { ${scalars} updatedDate } }`)).statements).toBe(1);
  });

  test('fulfillments by state and date, with line item and order, are three statements (Q2)', async () => {
    const { data, statements } = await asked(`{ fulfillments(first: 50, filter: { state: { eq: SentToBilling } },
      orderBy: { field: billTargetDate }) { nodes { id state quantity amount carrier billTargetDate
      orderLineItem { itemName order { orderNumber } } } pageInfo { hasNextPage endCursor } } }`);
    expect([data.fulfillments.nodes.length, statements]).toEqual([50, 3]);
  });

  test('an order down to its invoices is one statement for each of its five levels (Q3)', async () => {
    const [{ id }] = await pairs('orders', 'id');
    const { data, statements } = await asked(`{ order(key: "${id}") { orderNumber orderLineItems { nodes { itemName
      fulfillments { nodes { state invoiceItems { chargeAmount invoice { invoiceNumber balance } } } } } } } }`);
    expect(data.order.orderLineItems.nodes).toHaveLength(10);
    expect(statements).toBe(5);
  });

  test('a hundred line items with fulfillments and totalCount are three statements (Q4)', async () => {
    const { data, statements } = await asked(`{ orderLineItems(first: 100) { nodes { id itemName
      fulfillments(first: 10) { totalCount nodes { id state quantity } } } } }`);
    expect([data.orderLineItems.nodes.length, statements]).toEqual([100, 3]);
  });

  test('the computed edges of a hundred fulfillments are one statement each', async () => {
    const page = (n: number, field: string) => asked(`{ fulfillments(first: ${n}) { nodes { id ${field} } } }`);
    const cost = { billed: 1, 'billingDocuments { id documentNumber }': 3, allowedTransitions: 2, editableFields: 0 };
    for (const [field, statements] of Object.entries(cost)) {
      const selected = field === 'allowedTransitions' ? 'allowedTransitions { to allowed }' : field;
      expect([field, (await page(100, selected)).statements - 1]).toEqual([field, statements]);
    }
    expect((await asked('{ accounts(first: 10) { nodes { org { name } paymentMethod { label } } } }')).statements).toBe(
      2,
    );
  });

  test('what may be done to a hundred documents takes as many statements as for one', async () => {
    const page = async (field: string, n: number) =>
      (await asked(`{ ${field}(first: ${n}) { nodes { allowedActions { action allowed blockedBy { code } } } } }`))
        .statements - 1;
    // Of invoices: sisters, accounts, bill runs, settings. Of credit memos: invoices made along with them, their memos,
    // bill runs, settings.
    for (const field of ['invoices', 'creditMemos'])
      expect([await page(field, 1), await page(field, 100)]).toEqual([4, 4]);
  });

  test('ten bill runs with failures, invoices and what may be done take as many statements as one', async () => {
    const page = async (n: number) =>
      asked(
        `{ billRuns(first: ${n}) { nodes { status total done failed allowedActions { action allowed }
        failures(first: 10) { totalCount nodes { code account { name } } }
        invoices(first: 10) { nodes { balance billRun { billRunNumber } } } } } }`,
      );
    // Runs, posted ones, failures, their number, accounts, invoices, the runs of the invoices.
    expect([(await page(1)).statements, (await page(10)).statements]).toEqual([7, 7]);
  });

  test('nodes are one statement to tell them apart, and one for each kind, whatever their number', async () => {
    const ids = async (table: string) => (await pairs(table, 'id')).map(({ id }) => id);
    const [accounts, lines] = [await ids('account'), await ids('order_line_item')];
    const nodes = (keys: string[]) => asked(`{ nodes(ids: ${JSON.stringify(keys)}) { id __typename } }`);
    expect((await nodes([accounts[0], lines[0]])).statements).toBe(3);
    const { data, statements } = await nodes([...accounts, ...lines.slice(0, 90)]);
    expect([data.nodes.filter(Boolean).length, statements]).toEqual([100, 3]);
  });

  test('a fulfillment tells the documents it stands on, and none before it is billed', async () => {
    const { data } = await asked(`{ fulfillments(first: 100) { nodes { id billed
      invoiceItems { invoice { id } } billingDocuments { id __typename documentNumber account { id } } } } }`);
    for (const { billed, invoiceItems, billingDocuments } of data.fulfillments.nodes) {
      expect(billingDocuments.map(({ id }: { id: string }) => id)).toEqual(
        invoiceItems.map(({ invoice }: { invoice: { id: string } }) => invoice.id),
      );
      expect(billed).toBe(billingDocuments.length > 0);
    }
    const [billed, not] = [true, false].map((is) =>
      data.fulfillments.nodes.some((f: { billed: boolean }) => f.billed === is),
    );
    expect([billed, not]).toEqual([true, true]);
  });
});
