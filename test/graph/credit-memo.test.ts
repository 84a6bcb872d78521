import { type ExecutionResult, graphql } from 'graphql';
import { schema } from '../../src/graph/build/schema';
import { GraphContext } from '../../src/graph/context';
import { createFulfillments } from '../../src/service/fulfillment';
import { Work } from '../../src/service/run/work';
import { Scoped } from '../../src/store/connection/connection';
import { InvoiceItemRow, InvoiceRow } from '../../src/store/invoice';
import { insertRows } from '../../src/store/query/write';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { insertReturns, type Return, returnOf } from '../support/returns';
import { instant, invoiceItemRow, invoiceRow } from '../support/rows';

let gateway: TestGatewayServer;
let client: TestClient;
let work: Work;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  work = await client.work();
});
afterEach(() => expect(gateway.failures).toEqual([]));
afterAll(() => gateway.close());

const scoped = () => new Scoped(gateway.database.raw, work.caller);

async function ask(query: string, variables: object = {}) {
  const { body } = await client.graphql(query, variables);
  expect(body.errors).toBeUndefined();
  return body.data;
}

/** A sold line item of a currency, returned and credited. */
async function returned(currency: string, more: Parameters<typeof returnOf>[2] = {}) {
  const { account, orderLineItems } = await orderFor(work, [{}], { currency });
  const rows = returnOf(account, orderLineItems[0], more);
  await insertReturns(scoped(), [rows]);
  return { account, sold: orderLineItems[0], ...rows };
}

/** A client_id as OAuth writes it. */
const dashed = (id: string) => id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

describe('a credit memo', () => {
  test('shows every field it has, found by its number as by its id', async () => {
    const { account, memo, memoItem } = await returned('USD', {
      memo: {
        ...{ amount: '53.5', amountWithoutTax: '50', taxAmount: '3.5', appliedAmount: '20', refundAmount: '3.25' },
        ...{ creditMemoDate: '2022-02-03', targetDate: '2022-02-02', postedDate: '2022-02-04', source: 'BillRun' },
      },
    });
    const fields = `id documentNumber creditMemoNumber account { id } documentDate creditMemoDate targetDate postedDate status
      currency amount amountWithoutTax taxAmount appliedAmount unappliedAmount refundAmount reasonCode source version
      createdDate createdById updatedDate updatedById creditMemoItems { totalCount nodes { id } }
      history { nodes { action toState subjectType subject { id ... on CreditMemo { unappliedAmount } } } }`;
    const subject = { id: memo.id, unappliedAmount: '30.25' };
    for (const key of [memo.id, memo.creditMemoNumber]) {
      const { creditMemo } = await ask(`query ($key: ID!) { creditMemo(key: $key) { ${fields} } }`, { key });
      expect(creditMemo).toEqual({
        ...{ id: memo.id, documentNumber: memo.creditMemoNumber, creditMemoNumber: memo.creditMemoNumber },
        ...{ account: { id: account.id }, documentDate: '2022-02-03', creditMemoDate: '2022-02-03' },
        ...{ targetDate: '2022-02-02', postedDate: '2022-02-04', status: 'Posted', currency: 'USD' },
        ...{ amount: '53.50', amountWithoutTax: '50.00', taxAmount: '3.50' },
        ...{ appliedAmount: '20.00', unappliedAmount: '30.25', refundAmount: '3.25' },
        ...{ reasonCode: 'Return Order', source: 'BillRun', version: 1 },
        ...{ createdDate: instant, createdById: dashed(memo.createdById) },
        ...{ updatedDate: instant, updatedById: dashed(memo.updatedById) },
        creditMemoItems: { totalCount: 1, nodes: [{ id: memoItem.id }] },
        history: { nodes: [{ action: 'Create', toState: 'Posted', subjectType: 'CreditMemo', subject }] },
      });
    }
  });

  test('that was not posted, for no reason given, shows neither a day nor a reason', async () => {
    const { memo } = await returned('USD', {
      memo: { status: 'Draft', targetDate: null, postedDate: null, reasonCode: null },
    });
    const query = `{ creditMemo(key: "${memo.id}") { status targetDate postedDate reasonCode } }`;
    const nothing = { targetDate: null, postedDate: null, reasonCode: null };
    expect(await ask(query)).toEqual({ creditMemo: { status: 'Draft', ...nothing } });
  });

  test('reads what each computed field needs, be it selected alone', async () => {
    const { memo, memoItem, line, fulfillment } = await returned('USD');
    const alone: [field: string, value: unknown][] = [
      ['documentNumber', memo.creditMemoNumber],
      ['documentDate', memo.creditMemoDate],
      ['unappliedAmount', '50.00'],
      ['appliedAmount', '0.00'],
      ['creditMemoItems { nodes { amount } }', { nodes: [{ amount: '50.00' }] }],
      ['creditMemoItems { nodes { unitPrice } }', { nodes: [{ unitPrice: '10.00' }] }],
      ['creditMemoItems { nodes { creditMemo { id } } }', { nodes: [{ creditMemo: { id: memo.id } }] }],
      ['creditMemoItems { nodes { orderLineItem { id } } }', { nodes: [{ orderLineItem: { id: line.id } }] }],
      ['creditMemoItems { nodes { fulfillment { id } } }', { nodes: [{ fulfillment: { id: fulfillment.id } }] }],
      ['creditMemoItems { edges { node { id } } }', { edges: [{ node: { id: memoItem.id } }] }],
    ];
    for (const [field, value] of alone) {
      expect((await ask(`{ creditMemo(key: "${memo.id}") { value: ${field} } }`)).creditMemo.value).toEqual(value);
    }
  });

  test('and its item are found by their ids', async () => {
    const { memo, memoItem } = await returned('USD');
    const ids = [memo.id, memoItem.id];
    const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on CreditMemo { unappliedAmount }
      ... on CreditMemoItem { amount } ... on BillingDocument { documentNumber } } }`;
    expect((await ask(query, { ids })).nodes).toEqual([
      { __typename: 'CreditMemo', id: ids[0], unappliedAmount: '50.00', documentNumber: memo.creditMemoNumber },
      { __typename: 'CreditMemoItem', id: ids[1], amount: '50.00' },
    ]);
  });
});

describe('an item of a credit memo', () => {
  test('shows every field it has', async () => {
    const { memo, memoItem, line, fulfillment } = await returned('USD', {
      memo: { amount: '52.50', taxAmount: '2.50' },
      memoItem: {
        ...{ chargeName: 'Sensor', unitPrice: '10.005', unitOfMeasure: 'Each' },
        ...{ taxAmount: '2.5', taxMode: 'TaxExclusive', taxRate: '0.05' },
      },
    });
    const query = `{ creditMemo(key: "${memo.id}") { creditMemoItems { nodes { id chargeName quantity unitPrice unitOfMeasure
      amount amountWithoutTax taxAmount taxMode taxRate creditMemo { id } orderLineItem { id } fulfillment { id } } } } }`;
    expect((await ask(query)).creditMemo.creditMemoItems.nodes).toEqual([
      {
        ...{ id: memoItem.id, chargeName: 'Sensor', quantity: '5', unitPrice: '10.005', unitOfMeasure: 'Each' },
        ...{ amount: '50.00', amountWithoutTax: '50.00', taxAmount: '2.50', taxMode: 'TaxExclusive', taxRate: '0.05' },
        ...{ creditMemo: { id: memo.id }, orderLineItem: { id: line.id }, fulfillment: { id: fulfillment.id } },
      },
    ]);
  });

  test('of a line item without fulfillments has none', async () => {
    const { memo } = await returned('USD', { memoItem: { fulfillmentId: null, taxMode: null, taxRate: null } });
    const query = `{ creditMemo(key: "${memo.id}") { creditMemoItems { nodes { fulfillment { id } taxMode taxRate } } } }`;
    expect((await ask(query)).creditMemo.creditMemoItems.nodes).toEqual([
      { fulfillment: null, taxMode: null, taxRate: null },
    ]);
  });

  test.each([
    ['USD', '2.99', '2.87', '0.12', '0.00'],
    ['JPY', '299', '287', '12', '0'],
    ['KWD', '2.990', '2.870', '0.120', '0.000'],
  ])('in %s is %s with its tax and %s without, by its tax mode', async (currency, gross, net, tax, zero) => {
    for (const [taxMode, amount] of [
      ['TaxInclusive', gross],
      ['TaxExclusive', net],
    ] as const) {
      const [amountWithoutTax, taxAmount] = [Number(net), Number(tax)].map(String);
      const { memo } = await returned(currency, {
        memo: { amount: gross, amountWithoutTax, taxAmount, refundAmount: amountWithoutTax },
        memoItem: { amountWithoutTax, taxAmount, taxMode },
      });
      const query = `{ creditMemo(key: "${memo.id}") { amount amountWithoutTax taxAmount refundAmount unappliedAmount appliedAmount
        creditMemoItems { nodes { amount amountWithoutTax taxAmount } } } }`;
      expect((await ask(query)).creditMemo).toEqual({
        ...{ amount: gross, amountWithoutTax: net, taxAmount: tax },
        ...{ refundAmount: net, unappliedAmount: tax, appliedAmount: zero },
        creditMemoItems: { nodes: [{ amount, amountWithoutTax: net, taxAmount: tax }] },
      });
    }
  });
});

describe('a return', () => {
  test('leads to what was sold, to its credit and to its documents, and what was sold leads back', async () => {
    const { account, sold, line, fulfillment, memo, memoItem } = await returned('USD');
    const item = { id: memoItem.id, creditMemo: { creditMemoNumber: memo.creditMemoNumber } };
    const { orderLineItem } = await ask(`{ orderLineItem(id: "${sold.id}") { originalOrderLineItem { id }
      creditMemoItems { totalCount } returnOrderLineItems { totalCount nodes { id itemCategory
        originalOrderLineItem { id itemName } returnOrderLineItems { totalCount }
        creditMemoItems { nodes { id creditMemo { creditMemoNumber } } }
        fulfillments { nodes { id billed creditMemoItems { id creditMemo { creditMemoNumber } } invoiceItems { id }
          billingDocuments { __typename id documentNumber account { id } } } } } } } }`);
    const document = { __typename: 'CreditMemo', id: memo.id, documentNumber: memo.creditMemoNumber };
    const billed = { billed: true, creditMemoItems: [item], invoiceItems: [] };
    expect(orderLineItem).toEqual({
      ...{ originalOrderLineItem: null, creditMemoItems: { totalCount: 0 } },
      returnOrderLineItems: {
        totalCount: 1,
        nodes: [
          {
            ...{ id: line.id, itemCategory: 'Return', originalOrderLineItem: { id: sold.id, itemName: 'Device' } },
            ...{ returnOrderLineItems: { totalCount: 0 }, creditMemoItems: { nodes: [item] } },
            fulfillments: {
              nodes: [
                { id: fulfillment.id, ...billed, billingDocuments: [{ ...document, account: { id: account.id } }] },
              ],
            },
          },
        ],
      },
    });
  });

  test('of one line item comes in pages, as returns do', async () => {
    const { account, sold } = await returned('USD');
    await insertReturns(scoped(), [returnOf(account, sold), returnOf(account, sold)]);
    const page = async (args: string) =>
      (
        await ask(`{ orderLineItem(id: "${sold.id}") { returnOrderLineItems(${args}) { totalCount nodes { id }
        pageInfo { hasNextPage endCursor } } } }`)
      ).orderLineItem.returnOrderLineItems;
    const first = await page('first: 2');
    expect([first.totalCount, first.nodes.length, first.pageInfo.hasNextPage]).toEqual([3, 2, true]);
    const rest = await page(`first: 2, after: "${first.pageInfo.endCursor}"`);
    expect([rest.nodes.length, rest.pageInfo.hasNextPage]).toEqual([1, false]);
    const filter = `{ originalOrderLineItemId: { eq: "${sold.id}" } }`;
    const { orderLineItems } = await ask(`{ orderLineItems(filter: ${filter}) { totalCount nodes { id } } }`);
    expect(orderLineItems).toEqual({ totalCount: 3, nodes: [...first.nodes, ...rest.nodes] });
  });
});

describe('the documents of a fulfillment', () => {
  /** On a draft invoice of its own, and on a credit memo. */
  async function onBoth(): Promise<Return & { invoice: InvoiceRow }> {
    const { account, ...rows } = await returned('USD', { memo: { appliedAmount: '20' } });
    const invoice = invoiceRow(account, { dueDate: '2022-03-01', balance: '4' });
    await insertRows(scoped(), InvoiceRow, [invoice]);
    await insertRows(scoped(), InvoiceItemRow, [invoiceItemRow(invoice, rows.fulfillment)]);
    return { ...rows, invoice };
  }
  const documents = async ({ fulfillment }: Return, selection: string, fragments = '') =>
    (await ask(`{ fulfillment(key: "${fulfillment.id}") { billingDocuments { ${selection} } } } ${fragments}`))
      .fulfillment.billingDocuments;

  test('show what they have in common', async () => {
    const rows = await onBoth();
    const { invoice, memo } = rows;
    const selection =
      'id documentNumber documentDate targetDate currency amount amountWithoutTax taxAmount account { id }';
    const common = { documentDate: '2022-01-01', targetDate: '2022-01-01', currency: 'USD', taxAmount: '0.00' };
    const account = { id: memo.accountId };
    expect(await documents(rows, selection)).toEqual([
      {
        id: invoice.id,
        documentNumber: invoice.invoiceNumber,
        ...common,
        amount: '10.00',
        amountWithoutTax: '10.00',
        account,
      },
      {
        id: memo.id,
        documentNumber: memo.creditMemoNumber,
        ...common,
        amount: '50.00',
        amountWithoutTax: '50.00',
        account,
      },
    ]);
  });

  test('show what each alone has by fragments, inline or named, one in the other', async () => {
    const rows = await onBoth();
    const { invoice, memo } = rows;
    const expected = [
      { __typename: 'Invoice', number: invoice.invoiceNumber, dueDate: '2022-03-01', balance: '4.00' },
      { __typename: 'CreditMemo', number: memo.creditMemoNumber, unappliedAmount: '30.00', reasonCode: 'Return Order' },
    ];
    const owed = 'number: invoiceNumber dueDate balance';
    const given = 'number: creditMemoNumber unappliedAmount reasonCode';
    const inline = `__typename ... on Invoice { ${owed} } ... on CreditMemo { ${given} }`;
    expect(await documents(rows, inline)).toEqual(expected);
    const named = `fragment Owed on Invoice { ${owed} } fragment Given on CreditMemo { ${given} }
      fragment Any on BillingDocument { __typename ...Owed ... on Node { ...Given } }`;
    expect(await documents(rows, '...Any', named)).toEqual(expected);
  });

  test('show edges that only one of them has', async () => {
    const rows = await onBoth();
    const selection = `... on Invoice { invoiceItems { nodes { chargeAmount } } }
      ... on CreditMemo { creditMemoItems { nodes { amount } } account { creditMemos { nodes { id } } } }`;
    expect(await documents(rows, selection)).toEqual([
      { invoiceItems: { nodes: [{ chargeAmount: '10.00' }] } },
      {
        creditMemoItems: { nodes: [{ amount: '50.00' }] },
        account: { creditMemos: { nodes: [{ id: rows.memo.id }] } },
      },
    ]);
  });

  test('are each named once, however many items they have for it', async () => {
    const rows = await onBoth();
    const more = [invoiceItemRow(rows.invoice, rows.fulfillment), invoiceItemRow(rows.invoice, rows.fulfillment)];
    await insertRows(scoped(), InvoiceItemRow, more);
    expect(await documents(rows, 'id')).toEqual([{ id: rows.invoice.id }, { id: rows.memo.id }]);
  });
});

describe('statements', () => {
  /** How many it takes to resolve an operation, and what came of it. */
  async function asked(source: string) {
    const counter = { statements: 0 };
    const contextValue = new GraphContext(new Work(gateway.services, work.caller, counter));
    const { data, errors } = (await graphql({ schema: schema(), source, contextValue })) as ExecutionResult;
    expect(errors).toBeUndefined();
    // biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
    return { data: JSON.parse(JSON.stringify(data)) as any, statements: counter.statements };
  }

  test('of a screen of returns do not grow with their number', async () => {
    const { account, orderLineItems } = await orderFor(work, Array(50).fill({}));
    const entries = orderLineItems.map(({ id }) => ({
      orderLineItemId: id,
      fulfillmentDate: '2022-01-01',
      quantity: '5',
    }));
    const sent = entries.map((entry) => ({ ...entry, state: 'SentToBilling' as const, billTargetDate: '2022-01-01' }));
    await createFulfillments(work, { fulfillments: sent, processingOptions: { runBilling: true } });
    await insertReturns(
      scoped(),
      orderLineItems.map((line) => returnOf(account, line)),
    );
    const screen = (size: number) => `{ account(key: "${account.id}") { creditMemos(first: ${size}) { totalCount nodes {
      documentNumber unappliedAmount creditMemoItems { nodes { amount orderLineItem { itemName
      originalOrderLineItem { itemName } creditMemoItems { totalCount } } fulfillment { fulfillmentNumber
      billingDocuments { documentNumber ... on CreditMemo { unappliedAmount } } } } } } } } }`;
    const [one, many] = [await asked(screen(1)), await asked(screen(50))];
    expect([one.data.account.creditMemos.nodes.length, many.data.account.creditMemos.nodes.length]).toEqual([1, 50]);
    expect(many.data.account.creditMemos.totalCount).toBe(50);
    // account; memos and their number; items; lines and fulfillments; originals; numbers of items; items of either kind; documents
    expect([one.statements, many.statements]).toEqual([11, 11]);
  });
});
