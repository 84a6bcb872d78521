import {
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isObjectType,
} from 'graphql';
import { eventTypes } from '../../src/domain/history';
import { schema } from '../../src/graph/build/schema';
import { createFulfillments } from '../../src/service/fulfillment';
import { transitionFulfillments } from '../../src/service/fulfillment-change';
import type { Work } from '../../src/service/run/work';
import { BillRunRow } from '../../src/store/bill-run';
import { Scoped } from '../../src/store/connection/connection';
import { CreditMemoRow } from '../../src/store/credit-memo';
import { insertRows } from '../../src/store/query/write';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { billRunRow, creditMemoRow } from '../support/rows';
import { settled } from '../support/settled';

type Value = string | boolean | null;
type Row = Record<string, Value>;

/** Each list of the root: what it is read from beside the gateway, and what each filter field looks at there. */
const audit = { updatedDate: 'updated_date' };
const lists: Record<string, { sql: string; fields: Record<string, string> }> = {
  events: {
    sql: "select *, subject_type || '.' || action as type from history_entry",
    fields: { type: 'type', subjectId: 'subject_id' },
  },
  accounts: {
    sql: 'select * from account',
    fields: { id: 'id', accountNumber: 'account_number', name: 'name', currency: 'currency', ...audit },
  },
  orders: {
    sql: 'select * from orders',
    fields: {
      ...{ id: 'id', orderNumber: 'order_number', accountId: 'account_id', orderDate: 'order_date' },
      ...{ category: 'category', state: 'state', ...audit },
    },
  },
  orderLineItems: {
    sql: `select l.*, o.order_number, sale.order_id as original_order_id, sold.order_number as original_order_number,
      l.billing_rule = 'TriggerAsFulfillmentOccurs' and l.item_state <> 'Canceled' and l.quantity > (select coalesce(sum(f.quantity), 0) from fulfillment f
        where f.order_line_item_id = l.id and f.state in ('Booked', 'SentToBilling', 'Complete')) as pending
      from order_line_item l join orders o on o.id = l.order_id
      left join order_line_item sale on sale.id = l.original_order_line_item_id left join orders sold on sold.id = sale.order_id`,
    fields: {
      ...{
        id: 'id',
        orderId: 'order_id',
        orderNumber: 'order_number',
        itemNumber: 'item_number',
        itemName: 'item_name',
      },
      ...{ itemState: 'item_state', itemCategory: 'item_category', itemType: 'item_type', billingRule: 'billing_rule' },
      ...{ productCode: 'product_code', accountId: 'account_id', hasPendingQuantity: 'pending' },
      ...{ originalOrderLineItemId: 'original_order_line_item_id', originalOrderId: 'original_order_id' },
      ...{ originalOrderNumber: 'original_order_number', unitOfMeasure: 'unit_of_measure', ...audit },
      ...{ inlineDiscountType: 'inline_discount_type', soldTo: 'sold_to' },
      ...{ productRatePlanChargeId: 'product_rate_plan_charge_id' },
      ...{ relatedSubscriptionNumber: 'related_subscription_number' },
    },
  },
  fulfillments: {
    sql: `select f.*, exists (select from invoice_item i join invoice on invoice.id = i.invoice_id
      where i.fulfillment_id = f.id) as billed from fulfillment f`,
    fields: {
      ...{ id: 'id', fulfillmentNumber: 'fulfillment_number', externalId: 'external_id', carrier: 'carrier' },
      ...{ trackingNumber: 'tracking_number', state: 'state', fulfillmentType: 'fulfillment_type', billed: 'billed' },
      ...{ fulfillmentDate: 'fulfillment_date', billTargetDate: 'bill_target_date', createdDate: 'created_date' },
      ...{ orderLineItemId: 'order_line_item_id', orderId: 'order_id', accountId: 'account_id', ...audit },
    },
  },
  invoices: {
    sql: 'select *, balance <> 0 as owed from invoice',
    fields: {
      ...{ id: 'id', invoiceNumber: 'invoice_number', accountId: 'account_id', status: 'status', hasBalance: 'owed' },
      ...{ invoiceDate: 'invoice_date', dueDate: 'due_date', billRunId: 'bill_run_id', ...audit },
      ...{ amount: 'amount', balance: 'balance', source: 'source', reversed: 'reversed' },
    },
  },
  creditMemos: {
    sql: "select *, amount - applied_amount - refund_amount > 0 and status <> 'Canceled' as unapplied from credit_memo",
    fields: {
      ...{ id: 'id', creditMemoNumber: 'credit_memo_number', accountId: 'account_id', status: 'status' },
      ...{ creditMemoDate: 'credit_memo_date', hasUnapplied: 'unapplied', billRunId: 'bill_run_id', ...audit },
    },
  },
  billRuns: {
    sql: 'select * from bill_run',
    fields: { status: 'status', targetDate: 'target_date', ...audit },
  },
  payments: {
    sql: 'select * from payment',
    fields: {
      ...{ id: 'id', paymentNumber: 'payment_number', accountId: 'account_id', status: 'status' },
      ...{ effectiveDate: 'effective_date', disputeStatus: 'dispute_status', ...audit },
    },
  },
};

let gateway: TestGatewayServer;
let client: TestClient;
const rows: Record<string, Row[]> = {};

/** Rows that differ in whatever can be filtered by; states that no mutation leads to yet are written beside it. */
async function fill(work: Work): Promise<void> {
  const names = ['a_b', 'a%b', 'aXb', 'A_B', 'a\\b', 'Ärger', ''.padEnd(255, 'x')];
  for (const [at, name] of names.entries()) {
    const currency = ['USD', 'EUR', 'JPY'][at % 3];
    const { account, orderLineItems } = await orderFor(
      work,
      [
        {
          ...{ itemName: name, productCode: at % 2 ? 'P-1' : null, itemType: 'Product', quantity: '10' },
          ...{ soldTo: name, relatedSubscriptionNumber: at % 2 ? 'S-1' : 'S-2', productRatePlanChargeId: name },
        },
        { itemName: 'Fee', productCode: 'P', itemType: 'Fee', billingRule: 'TriggerWithoutFulfillment' },
        { itemState: (['Executing', 'Canceled', 'Booked'] as const)[at % 3], itemType: 'Services' },
      ],
      { name, currency },
    );
    const memo = {
      ...{ creditMemoNumber: `CM${name}`, creditMemoDate: `2022-01-0${1 + at}`, currency },
      ...{ status: (['Draft', 'Posted', 'Canceled'] as const)[at % 3], appliedAmount: at % 2 ? '10' : '9' },
    };
    await insertRows(new Scoped(gateway.database.raw, work.caller), CreditMemoRow, [creditMemoRow(account, memo)]);
    const status = (['Pending', 'Completed', 'Posted'] as const)[at % 3];
    const run = billRunRow(work.caller, { status, targetDate: `2022-01-0${1 + at}` });
    await insertRows(new Scoped(gateway.database.raw, work.caller), BillRunRow, [run]);
    const targetDate = `2022-03-0${1 + at}`;
    const base = { orderLineItemId: orderLineItems[0].id, fulfillmentDate: `2022-01-0${1 + at}`, quantity: '1' };
    const sent = { ...base, state: 'SentToBilling' as const, quantity: at % 2 ? '8' : '2' };
    const { fulfillments } = await createFulfillments(work, {
      fulfillments: [
        { ...base, carrier: name, trackingNumber: 'T-1', externalId: `${at}` },
        { ...base, carrier: 'Carrier', billTargetDate: `2022-02-0${1 + at}`, state: 'Booked' },
        { ...sent, carrier: 'CarrierA', trackingNumber: `T-${at}`, billTargetDate: '2022-01-05' },
      ],
      processingOptions: { runBilling: at % 3 !== 2, collectPayment: at % 3 === 0, billingOptions: { targetDate } },
    });
    await work.finish();
    for (const table of at < 4 ? ['invoice', 'credit_memo'] : []) {
      await gateway.database.owner(`update ${table} set bill_run_id = $1 where account_id = $2`, [run.id, account.id]);
    }
    if (at % 2) await transitionFulfillments(work, { keys: [fulfillments[0]!.id], action: 'Cancel' });
  }
  const { owner } = gateway.database;
  await owner("update fulfillment set fulfillment_type = 'Return' where carrier = 'a_b'");
  await owner(`update order_line_item t set item_category = 'Return', original_order_line_item_id = o.id
    from order_line_item o where t.item_type = 'Services' and o.item_type = 'Product' and o.order_id = t.order_id`);
  await owner("update orders set category = 'Return', order_date = '2022-01-31' where order_number like '%2'");
  await owner("update orders set state = 'Complete' where order_number like '%3'");
  for (const [status, digit] of Object.entries({ Draft: 1, Canceled: 2 })) {
    await owner('update invoice set status = $1 where invoice_number like $2', [status, `%${digit}`]);
  }
  await owner("update invoice set reversed = true where invoice_number like '%1'");
  await owner("update invoice set source = 'BillRun' where bill_run_id is not null");
  await owner("update order_line_item set unit_of_measure = item_type::text where item_type <> 'Services'");
  await owner(
    `update order_line_item set inline_discount_type = 'Percentage', inline_discount_per_unit = 10 where item_type = 'Fee'`,
  );
  await owner("update payment set dispute_status = 'Lost', dispute_amount = 1 where payment_number like '%1'");
  await owner("update payment set status = 'Refunded', effective_date = '2022-01-01' where payment_number like '%1'");
  for (const table of [
    'account',
    'orders',
    'order_line_item',
    'fulfillment',
    'invoice',
    'credit_memo',
    'payment',
    'bill_run',
  ]) {
    await owner(`update ${table} t set updated_date = '2025-03-09T12:00:00.5Z'::timestamptz + n * interval '1 day'
      from (select id, row_number() over (order by id) % 4 as n from ${table}) as numbered where numbered.id = t.id`);
  }
}

beforeAll(async () => {
  gateway = await testGateway({ server: { limits: { costPerMinute: 100_000_000_000 } } });
  client = await gateway.client();
  await fill(await client.work());
  await settled(gateway.database);
  for (const [list, { sql }] of Object.entries(lists)) rows[list] = await gateway.database.owner<Row>(sql);
});
afterAll(() => gateway.close());

const filterType = (list: string) =>
  (schema().getQueryType() as GraphQLObjectType).getFields()[list].args.find(({ name }) => name === 'filter')!
    .type as GraphQLInputObjectType;

async function found(list: string, filter: unknown) {
  const query = `query ($filter: ${filterType(list)}) {
    list: ${list}(first: 100, filter: $filter) { totalCount nodes { id } } }`;
  const { body } = await client.graphql(query, { filter });
  expect([filter, body.errors]).toEqual([filter, undefined]);
  const ids: string[] = body.data.list.nodes.map(({ id }: { id: string }) => id);
  expect(body.data.list.totalCount).toBe(ids.length);
  return ids.sort();
}

type Case = [filter: unknown, holds: (value: Value) => boolean];
const none = () => false;
const all = () => true;
const isNulls: Case[] = [
  [{ isNull: true }, (value) => value === null],
  [{ isNull: false }, (value) => value !== null],
  [{}, all],
];
const among = (list: Value[]) => (value: Value) => value !== null && list.includes(value);
const is = (wanted: Value) => among([wanted]);

/** What can be asked of a field by the type of its filter, with values that occur in the rows and some that do not. */
const cases: Record<string, (values: string[]) => Case[]> = {
  StringFilter: (values) => [
    ...isNulls,
    ...values.map((value): Case => [{ eq: value }, is(value)]),
    ...[...values, 'a_', 'a%', 'a\\', '_', '%', 'A', '', '\u0000'].map(
      (start): Case => [{ startsWith: start }, (value) => value !== null && (value as string).startsWith(start)],
    ),
    ...['nowhere', 'F-99999999', '\u0000', `${values[0]} `, "'; drop table account; --"].map(
      (eq): Case => [{ eq }, none],
    ),
    [{ in: [] }, none],
    [{ in: [values[0], values[1], 'nowhere', '\u0000'] }, among(values.slice(0, 2))],
    [{ eq: values[0], in: [values[1]] }, none],
    [{ eq: values[0], in: values, startsWith: values[0], isNull: false }, is(values[0])],
    [{ eq: values[0], isNull: true }, none],
  ],
  IDFilter: (values) => [
    ...isNulls,
    ...values.slice(0, 5).map((value): Case => [{ eq: value }, is(value)]),
    [{ eq: values[0].toUpperCase().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') }, is(values[0])],
    ...['', 'x', '\u0000', 'F-00000001', values[0].slice(1), 'f'.repeat(32)].map((eq): Case => [{ eq }, none]),
    [{ in: [] }, none],
    [{ in: ['x'] }, none],
    [{ in: [values[0], values[0], 'x', values[1]] }, among(values.slice(0, 2))],
    [{ eq: values[0], in: [values[1]] }, none],
    [{ in: values[1] }, is(values[1])],
  ],
  DateFilter: (values) => [
    ...isNulls,
    ...values.flatMap((day): Case[] => [
      [{ eq: day }, is(day)],
      [{ gte: day }, (value) => value !== null && value >= day],
      [{ lte: day }, (value) => value !== null && value <= day],
      [{ gte: day, lte: day }, is(day)],
      [{ gte: '2022-01-03', lte: day }, (value) => value !== null && value >= '2022-01-03' && value <= day],
    ]),
    [{ in: [] }, none],
    [{ in: [values[0], '2999-12-31'] }, is(values[0])],
    [{ gte: '2999-12-31' }, none],
    [{ gte: '2022-01-02', lte: '2022-01-01' }, none],
    [{ eq: values[0], isNull: true }, none],
  ],
  DecimalFilter: (values) => [
    [{}, all],
    [{ in: [] }, none],
    [{ in: [values[0], '0.01'] }, is(values[0])],
    [{ gt: '100', lt: '100' }, none],
    ...values.flatMap((value): Case[] => [
      [{ eq: value }, is(value)],
      [{ eq: Number(value) }, is(value)],
      [{ eq: `${value}.000` }, is(value)],
      [{ gte: value }, (other) => Number(other) >= Number(value)],
      [{ gt: value }, (other) => Number(other) > Number(value)],
      [{ lte: value }, (other) => Number(other) <= Number(value)],
      [{ lt: value }, (other) => Number(other) < Number(value)],
    ]),
  ],
  DateTimeFilter: (values) => [
    [{}, all],
    ...values.flatMap((at): Case[] => [
      [{ gte: at }, (value) => value! >= at],
      [{ lt: at }, (value) => value! < at],
      [{ gte: at, lt: at }, none],
      [{ gte: new Date(Date.parse(at) + 1).toISOString() }, (value) => value! > at],
      [{ gte: at.replace('Z', '+00:00'), lt: '2999-01-01T00:00:00+14:00' }, (value) => value! >= at],
    ]),
  ],
  Boolean: () => plainCases([true, false]),
  String: (values) => plainCases([...values, 'usd', 'XXX', '', '\u0000']),
};
const plainCases = (values: readonly Value[]): Case[] => values.map((v): Case => [v, is(v)]);
const stateCases = (states: readonly string[]): Case[] => [
  ...states.map((state): Case => [{ eq: state }, is(state)]),
  ...[[], [states[0], states[3]], states].map((list): Case => [{ in: list }, among(list as Value[])]),
  [{ eq: states[0], in: [states[1]] }, none],
  [{ eq: states[0], in: [states[1], states[0]] }, is(states[0])],
  [{}, all],
];

function casesOf(list: string, field: string): Case[] {
  const type = getNamedType(filterType(list).getFields()[field].type);
  const values = [...new Set(rows[list].map((row) => row[lists[list].fields[field]]))].filter(
    (v) => typeof v === 'string',
  );
  if (isEnumType(type)) return plainCases(type.getValues().map(({ name }) => name));
  if (/StateFilter$/.test(type.name) && isInputObjectType(type)) {
    const state = getNamedType(type.getFields().eq.type);
    return stateCases(isEnumType(state) ? state.getValues().map(({ name }) => name) : []);
  }
  const all = cases[type.name](values as string[]);
  return `${list}.${field}` === 'events.type' ? all.filter(([filter]) => namesTypes(filter)) : all;
}
/** A type of event that does not exist is refused (events.test.ts). */
const namesTypes = (filter: Case[0]): boolean => {
  const { eq = [], in: listed = [] } = (filter ?? {}) as Record<string, string | string[]>;
  return [eq, listed].flat().every((type) => eventTypes.includes(type));
};
const expected = (list: string, filters: [field: string, holds: Case[1]][]) =>
  rows[list]
    .filter((row) => filters.every(([field, holds]) => holds(row[lists[list].fields[field]])))
    .map(({ id }) => id as string)
    .sort();

const fields = Object.entries(lists).flatMap(([list, spec]) => Object.keys(spec.fields).map((field) => [list, field]));

test('every filter field of every list has a case, and every condition of a filter is used', () => {
  // The summary and the counts take the filter of the list of fulfillments.
  const filtered = Object.values((schema().getQueryType() as GraphQLObjectType).getFields()).filter(
    ({ name: field, args }) =>
      !/^fulfillment(Summary|Counts)$/.test(field) && args.some(({ name }) => name === 'filter'),
  );
  const actual = filtered.flatMap(({ name }) =>
    Object.keys(filterType(name).getFields()).map((field) => `${name}.${field}`),
  );
  expect(fields.map(([list, field]) => `${list}.${field}`).sort()).toEqual(actual.sort());
  for (const [list, field] of fields) {
    const type = getNamedType(filterType(list).getFields()[field].type);
    const used = new Set(casesOf(list, field).flatMap(([filter]) => Object.keys(filter ?? {})));
    if (isInputObjectType(type)) expect([...used].sort()).toEqual(Object.keys(type.getFields()).sort());
  }
});

test.each(fields)('%s by %s are those that a plain look at the rows finds', async (list, field) => {
  const answers = new Set<string>();
  for (const [filter, holds] of casesOf(list, field)) {
    const ids = expected(list, [[field, holds]]);
    answers.add(ids.join());
    expect([filter, await found(list, { [field]: filter })]).toEqual([filter, ids]);
  }
  // The rows tell the cases apart: something is found, and not always the same.
  expect(answers.size).toBeGreaterThan(1);
});

test.each(Object.keys(lists))('%s meet all conditions of a filter, be they of several fields', async (list) => {
  const names = Object.keys(lists[list].fields);
  for (const [at, first] of names.entries()) {
    const second = names[(at + 1) % names.length];
    const pairs = casesOf(list, first).filter((_, n) => n % 3 === 0);
    for (const [n, [one, holds]] of pairs.entries()) {
      const others = casesOf(list, second);
      const [other, alsoHolds] = others[(n * 7) % others.length];
      const filter = { [first]: one, [second]: other };
      const ids = expected(list, Object.entries({ [first]: holds, [second]: alsoHolds }));
      expect([filter, await found(list, filter)]).toEqual([filter, ids]);
    }
  }
});

test('a nested list is filtered like the one of the root', async () => {
  const query = `{ accounts { nodes { id orders(filter: { category: Return }) { totalCount nodes { id } }
    invoices(filter: { hasBalance: true }) { totalCount nodes { id } } } }
    orderLineItems(first: 100) { nodes { id fulfillments(filter: { billed: true }) { totalCount nodes { id } } } } }`;
  const { data } = (await client.graphql(query)).body;
  const check = (list: string, parents: Row[], child: string, key: string, holds: (row: Row) => boolean) => {
    for (const parent of parents as unknown as Record<string, { totalCount: number; nodes: Row[] }>[]) {
      const ids = rows[list].filter((row) => row[key] === (parent.id as unknown) && holds(row)).map(({ id }) => id);
      expect(parent[child].nodes.map(({ id }) => id).sort()).toEqual(ids.sort());
      expect(parent[child].totalCount).toBe(ids.length);
    }
  };
  check('orders', data.accounts.nodes, 'orders', 'account_id', ({ category }) => category === 'Return');
  check('invoices', data.accounts.nodes, 'invoices', 'account_id', ({ owed }) => owed === true);
  const parents = data.orderLineItems.nodes;
  check('fulfillments', parents, 'fulfillments', 'order_line_item_id', ({ billed }) => billed === true);
});

describe('a list of values in a condition', () => {
  const asked = (list: string, field: string, values: unknown[]) =>
    client.graphql(
      `query ($filter: ${filterType(list)}) { list: ${list}(filter: $filter) { totalCount nodes { id } } }`,
      {
        filter: { [field]: { in: values } },
      },
    );

  test.each([
    ['fulfillments', 'id', 'f'.repeat(32)],
    ['orders', 'orderNumber', 'O-1'],
    ['invoices', 'dueDate', '2022-01-01'],
    ['invoices', 'amount', '1'],
    ['orderLineItems', 'itemState', 'Booked'],
    ['events', 'type', 'Order.Create'],
    ['events', 'subjectId', 'f'.repeat(32)],
  ])('holds at most 100: %s by %s', async (list, field, value) => {
    const allowed = await asked(list, field, Array(100).fill(value));
    expect([allowed.status, allowed.body.errors]).toEqual([200, undefined]);
    for (const length of [101, 10_000]) {
      const { status, body } = await asked(list, field, Array(length).fill(value));
      const { message, path, extensions } = body.errors[0];
      expect([status, body.data.list, extensions.code, path[0]]).toEqual([200, null, 'BAD_REQUEST', 'list']);
      expect(message).toBe(`${field}.in holds ${length} values; at most 100 are allowed.`);
    }
  });

  test('is judged on nested lists too', async () => {
    const ids = JSON.stringify(Array(101).fill('f'.repeat(32)));
    const { body } = await client.graphql(
      `{ accounts(first: 1) { nodes { orders(filter: { id: { in: ${ids} } }) { totalCount nodes { id } } } } }`,
    );
    expect(body.errors[0]).toMatchObject({
      message: 'id.in holds 101 values; at most 100 are allowed.',
      extensions: { code: 'BAD_REQUEST' },
    });
  });
});

describe('N18: a null in a filter is refused', () => {
  /** Each operator of each field, and each field as a whole. */
  const nullsOf = (type: GraphQLInputObjectType): object[] =>
    Object.values(type.getFields()).flatMap((field) => {
      const inner = getNamedType(field.type);
      const operators = isInputObjectType(inner) ? Object.keys(inner.getFields()) : [];
      return [{ [field.name]: null }, ...operators.map((operator) => ({ [field.name]: { [operator]: null } }))];
    });

  test.each(Object.keys(lists))('by every field and operator of %s, also beside other conditions', async (list) => {
    const query = `query ($filter: ${filterType(list)}) { list: ${list}(filter: $filter) { totalCount nodes { __typename } } }`;
    const other = list === 'events' ? { subjectId: { in: [] } } : { updatedDate: { gte: '2022-01-01T00:00:00Z' } };
    for (const filter of nullsOf(filterType(list))) {
      for (const more of [{}, other]) {
        const { body } = await client.graphql(query, { filter: { ...more, ...filter } });
        expect([filter, body.data?.list, body.errors?.[0].extensions.code]).toEqual([filter, null, 'BAD_USER_INPUT']);
      }
    }
  });

  test('on every nested list, on the summary and on the counts', async () => {
    const objects = Object.values(schema().getTypeMap()).filter((type) => isObjectType(type));
    const roots: Record<string, string> = {
      ...{ Account: 'accounts', OrderLineItem: 'orderLineItems', Order: 'orders', BillRun: 'billRuns' },
    };
    const nested = objects.flatMap((type) =>
      Object.values(type.getFields())
        .filter(
          (field) => field.args.some(({ name }) => name === 'filter') && !/^(Query|Subscription)$/.test(type.name),
        )
        .map((field) => [type.name, field.name] as const),
    );
    expect(nested.length).toBeGreaterThan(3);
    for (const [type, field] of nested) {
      const below = `{ ${roots[type]} { nodes { ${field}(filter: { id: { eq: null } }) { nodes { id } } } } }`;
      const { errors } = (await client.graphql(below)).body;
      expect([type, field, errors[0].extensions.code]).toEqual([type, field, 'BAD_USER_INPUT']);
      expect(errors[0].message).toMatch(/^filter.id.eq must not be null/);
    }
    for (const [name, rest] of [
      ['fulfillmentSummary', ', groupBy: state) { key }'],
      ['fulfillmentCounts', ') { state }'],
    ]) {
      expect((await client.graphql(`{ ${name}(filter: { billed: null }${rest} }`)).body).toMatchObject({
        data: { [name]: null },
        errors: [
          { message: expect.stringMatching(/^filter.billed must not be null/), extensions: { code: 'BAD_USER_INPUT' } },
        ],
      });
    }
  });

  test('but neither the filter as a whole, nor a field whose variable is absent', async () => {
    const whole = 'query ($filter: FulfillmentFilter) { fulfillments(filter: $filter) { totalCount } }';
    const one = `query ($id: ID, $state: FulfillmentState, $type: FulfillmentType) {
      fulfillments(filter: { id: { eq: $id }, state: { eq: $state }, fulfillmentType: $type }) { totalCount } }`;
    // What comes again is carried out in another way.
    for (let at = 0; at < 3; at++) {
      for (const [query, variables] of [
        [whole, {}],
        [whole, { filter: null }],
        [whole, { filter: {} }],
        [one, {}],
      ] as const) {
        const { body } = await client.graphql(query, variables);
        expect([query, body]).toEqual([query, { data: { fulfillments: { totalCount: rows.fulfillments.length } } }]);
      }
      const { body } = await client.graphql(one, { id: rows.fulfillments[0].id });
      expect(body).toEqual({ data: { fulfillments: { totalCount: 1 } } });
      const refused = await client.graphql(one, { id: null });
      expect(refused.body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    }
  });
});
