import { AccountRow, accounts } from '../../../src/store/account';
import { BillingClaimRow, posted } from '../../../src/store/billing-claim';
import { Scoped } from '../../../src/store/connection/connection';
import { CreditMemoItemRow, CreditMemoRow, creditMemos } from '../../../src/store/credit-memo';
import { type FulfillmentFilter, FulfillmentRow, fulfillments } from '../../../src/store/fulfillment';
import { newId } from '../../../src/store/id';
import { InvoiceItemRow, InvoiceRow, invoices } from '../../../src/store/invoice';
import { OrderRow } from '../../../src/store/order';
import { type OrderLineItemFilter, OrderLineItemRow, orderLineItems } from '../../../src/store/order-line-item';
import { type List, page } from '../../../src/store/query/list';
import { deleteRows, insertRows, updateRows } from '../../../src/store/query/write';
import { type TestDatabase, testDatabase } from '../../support/database';
import {
  accountRow,
  claimRow,
  creditMemoItemRow,
  creditMemoRow,
  fulfillmentRow,
  invoiceItemRow,
  invoiceRow,
  lineRow,
  orderRow,
  tenant,
} from '../../support/rows';

let database: TestDatabase;
let scoped: Scoped;
let account: AccountRow;
let orders: OrderRow[];
let lines: OrderLineItemRow[];
let rows: FulfillmentRow[];
let memoItem: CreditMemoItemRow;

/** Each row is called by its external id or item name in the tests below. */
beforeAll(async () => {
  database = await testDatabase();
  scoped = new Scoped(database.raw, await tenant(database.raw, 'Acme'));
  account = accountRow(scoped.scope);
  orders = [orderRow(account, { orderNumber: 'O-1' }), orderRow(account, { orderNumber: 'RMA-1' })];
  lines = [
    lineRow(orders[0], { itemName: 'pending', itemNumber: '2', fulfilledQuantity: '99.999999999' }),
    lineRow(orders[0], { itemName: 'full', itemNumber: '10', fulfilledQuantity: '100', sentQuantity: '100' }),
    lineRow(orders[1], { itemName: 'without', itemNumber: '1', billingRule: 'TriggerWithoutFulfillment' }),
  ];
  const returned = { itemCategory: 'Return', originalOrderLineItemId: lines[1].id } as const;
  lines.push(lineRow(orders[1], { ...returned, itemName: 'return', itemNumber: '3', itemType: null }));
  const [line] = lines;
  const sent = { state: 'SentToBilling', sentToBillingDate: '2022-01-05T00:00:00.000Z' } as const;
  rows = [
    fulfillmentRow(line, { externalId: 'a', carrier: '100%', updatedDate: '2022-01-01T00:00:00.000Z' }),
    fulfillmentRow(line, { externalId: 'b', carrier: '100 kg', updatedDate: '2022-01-01T00:00:00.001Z' }),
    fulfillmentRow(line, { externalId: 'c', carrier: 'a_b', billTargetDate: null }),
    fulfillmentRow(line, { externalId: 'd', carrier: 'acb', billTargetDate: '2022-02-01' }),
    fulfillmentRow(line, { externalId: 'e', carrier: 'back\\slash', ...sent, state: 'Complete' }),
    fulfillmentRow(line, { externalId: 'f', carrier: "O'Neill; --", ...sent }),
    fulfillmentRow(lines[3], { externalId: 'g', carrier: '', fulfillmentType: 'Return', state: 'Canceled' }),
  ];
  const owed = [
    invoiceRow(account, { invoiceNumber: 'owed' }),
    invoiceRow(account, { invoiceNumber: 'credit', balance: '-1' }),
  ];
  const paid = invoiceRow(account, { invoiceNumber: 'paid', balance: '0', status: 'Canceled' });
  const item = invoiceItemRow(paid, rows[4]);
  const memos = [
    creditMemoRow(account, { creditMemoNumber: 'unapplied' }),
    creditMemoRow(account, { creditMemoNumber: 'partly', appliedAmount: '4', refundAmount: '5.99' }),
    creditMemoRow(account, { creditMemoNumber: 'used', appliedAmount: '4', refundAmount: '6' }),
    creditMemoRow(account, { creditMemoNumber: 'nothing', amount: '0', amountWithoutTax: '0', status: 'Draft' }),
  ];
  memoItem = creditMemoItemRow(memos[0], rows[6]);
  await insertRows(scoped, AccountRow, [account]);
  await insertRows(scoped, OrderRow, orders);
  await insertRows(scoped, OrderLineItemRow, lines);
  await insertRows(scoped, FulfillmentRow, rows);
  await insertRows(scoped, InvoiceRow, [...owed, paid]);
  await insertRows(scoped, InvoiceItemRow, [item]);
  await insertRows(scoped, CreditMemoRow, memos);
  await insertRows(scoped, CreditMemoItemRow, [memoItem]);
  await insertRows(scoped, BillingClaimRow, [claimRow(item)]);
}, 60_000);
afterAll(() => database.close());

const whole = { properties: ['id'], limit: 100, backward: false };

/** The rows that a filter leaves, each by one of its texts, in alphabetical order. */
async function left<R extends object, F extends object>(list: List<R, F>, name: keyof R & string, filter: F) {
  const found = await page(scoped, list, { ...whole, properties: [name], filter });
  return found.map((row) => row[name]).sort();
}
const leaves = async (filter: FulfillmentFilter) => (await left(fulfillments, 'externalId', filter)).join('');
const leavesLines = (filter: OrderLineItemFilter) => left(orderLineItems, 'itemName', filter);

describe('a text', () => {
  test('is equal, or one of several, in the same case', async () => {
    expect(await leaves({ carrier: { eq: 'acb' } })).toBe('d');
    expect(await leaves({ carrier: { eq: 'ACB' } })).toBe('');
    expect(await leaves({ carrier: { eq: '' } })).toBe('g');
    expect(await leaves({ carrier: { in: ['acb', '100%', 'nothing'] } })).toBe('ad');
    expect(await leaves({ carrier: { eq: "O'Neill; --" } })).toBe('f');
  });

  test('begins with a text in which %, _ and \\ stand for themselves', async () => {
    expect(await leaves({ carrier: { startsWith: '100' } })).toBe('ab');
    expect(await leaves({ carrier: { startsWith: '100%' } })).toBe('a');
    expect(await leaves({ carrier: { startsWith: 'a_' } })).toBe('c');
    expect(await leaves({ carrier: { startsWith: '%' } })).toBe('');
    expect(await leaves({ carrier: { startsWith: 'back\\' } })).toBe('e');
    expect(await leaves({ carrier: { startsWith: 'back\\\\' } })).toBe('');
    expect(await leaves({ carrier: { startsWith: '' } })).toBe('abcdefg');
  });

  test('begins with a text to its last character, be it the last there is', async () => {
    const last = ['\u007f', '\u0080', '\u07ff', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'];
    const names = last.flatMap((character) => [
      character,
      `a${character}`,
      `a${character}b`,
      `${character}${character}`,
    ]);
    const made = names.map((name) => accountRow(scoped.scope, { name }));
    await insertRows(scoped, AccountRow, made);
    for (const start of names) {
      const found = await left(accounts, 'name', { name: { startsWith: start } });
      expect([start, found]).toEqual([start, names.filter((name) => name.startsWith(start)).sort()]);
    }
    const ids = made.map(({ id }) => id);
    await deleteRows(scoped, AccountRow, ids);
  });

  test('is null or not', async () => {
    expect(await leaves({ trackingNumber: { isNull: true } })).toBe('abcdefg');
    expect(await leaves({ trackingNumber: { isNull: false } })).toBe('');
    expect(await leaves({ carrier: { isNull: false } })).toBe('abcdefg');
  });

  test('with a nul byte matches nothing, and takes nothing from the others of a list', async () => {
    expect(await leaves({ carrier: { eq: 'a\u0000' } })).toBe('');
    expect(await leaves({ carrier: { startsWith: 'a\u0000' } })).toBe('');
    expect(await leaves({ carrier: { in: ['\u0000', 'acb'] } })).toBe('d');
    expect(await left(accounts, 'name', { currency: 'US\u0000' })).toEqual([]);
  });
});

describe('an id', () => {
  test('is equal, or one of several, in upper case or with dashes too', async () => {
    const [a, b] = rows.map((row) => row.id);
    expect(await leaves({ id: { eq: a } })).toBe('a');
    expect(await leaves({ id: { eq: a.toUpperCase() } })).toBe('a');
    expect(await leaves({ id: { eq: a.replace(/^(.{8})(.{4})/, '$1-$2-') } })).toBe('a');
    expect(await leaves({ id: { in: [a, b, newId()] } })).toBe('ab');
    expect(await leaves({ orderLineItemId: { eq: lines[3].id } })).toBe('g');
    expect(await leaves({ orderId: { in: orders.map((order) => order.id) } })).toBe('abcdefg');
    expect(await leaves({ accountId: { eq: account.id } })).toBe('abcdefg');
  });

  test('that is none matches nothing, and takes nothing from the others of a list', async () => {
    for (const wrong of ['', 'F-00000001', 'a\u0000', "' or true --"]) {
      expect(await leaves({ id: { eq: wrong } })).toBe('');
      expect(await leaves({ id: { in: [wrong, rows[2].id] } })).toBe('c');
    }
  });

  test('is null or not', async () => {
    expect(await leaves({ accountId: { isNull: false } })).toBe('abcdefg');
    expect(await leaves({ accountId: { isNull: true } })).toBe('');
    expect(await leavesLines({ originalOrderLineItemId: { isNull: false } })).toEqual(['return']);
    expect(await leavesLines({ originalOrderLineItemId: { isNull: true } })).toEqual(['full', 'pending', 'without']);
  });

  test('of a sold line finds what was returned of it', async () => {
    expect(await leavesLines({ originalOrderLineItemId: { eq: lines[1].id } })).toEqual(['return']);
    expect(await leavesLines({ originalOrderLineItemId: { in: [lines[0].id, lines[3].id] } })).toEqual([]);
  });
});

describe('a day or an instant', () => {
  test('is equal, from, up to, before, or null', async () => {
    expect(await leaves({ billTargetDate: { eq: '2022-02-01' } })).toBe('d');
    expect(await leaves({ billTargetDate: { gte: '2022-01-01' } })).toBe('abdefg');
    expect(await leaves({ billTargetDate: { gte: '2022-01-02' } })).toBe('d');
    expect(await leaves({ billTargetDate: { lte: '2022-01-01' } })).toBe('abefg');
    expect(await leaves({ billTargetDate: { lt: '2022-01-01' } })).toBe('');
    expect(await leaves({ billTargetDate: { gte: '2022-01-01', lt: '2022-02-01' } })).toBe('abefg');
    expect(await leaves({ billTargetDate: { isNull: true } })).toBe('c');
    expect(await leaves({ billTargetDate: { isNull: false } })).toBe('abdefg');
  });

  test('is told apart to the millisecond', async () => {
    const later = { in: ['a', 'b'] };
    expect(await leaves({ externalId: later, updatedDate: { gte: '2022-01-01T00:00:00.001Z' } })).toBe('b');
    expect(await leaves({ externalId: later, updatedDate: { lt: '2022-01-01T00:00:00.001Z' } })).toBe('a');
    expect(await leaves({ externalId: later, updatedDate: { eq: '2022-01-01T01:00:00.001+01:00' } })).toBe('b');
  });
});

describe('a value of a set', () => {
  test('is equal, or one of several', async () => {
    expect(await leaves({ state: { eq: 'SentToBilling' } })).toBe('f');
    expect(await leaves({ state: { in: ['Complete', 'Canceled'] } })).toBe('eg');
    expect(await leaves({ fulfillmentType: 'Return' })).toBe('g');
    expect(await leavesLines({ itemCategory: 'Return' })).toEqual(['return']);
    expect(await leavesLines({ billingRule: 'TriggerWithoutFulfillment' })).toEqual(['without']);
    expect(await leavesLines({ itemType: 'Product' })).toEqual(['full', 'pending', 'without']);
  });
});

describe('a condition', () => {
  test('tells billed fulfillments from others by their claims', async () => {
    expect(await leaves({ billed: true })).toBe('e');
    expect(await leaves({ billed: false })).toBe('abcdfg');
  });

  test('tells fulfillments on a posted document from those on a draft or a canceled one', async () => {
    const ids = rows.map((row) => row.id);
    const [paid] = await page(scoped, invoices, { ...whole, filter: { invoiceNumber: { eq: 'paid' } } });
    for (const [status, expected] of [
      ['Posted', [rows[4].id]],
      ['Draft', []],
      ['Canceled', []],
    ] as const) {
      await updateRows<InvoiceRow>(scoped, InvoiceRow, [{ ...paid, status }], ['status']);
      expect(await posted(scoped, ids)).toEqual(expected);
    }
  });

  test('tells fulfillments on a posted credit memo likewise', async () => {
    const { id, entityId, orgId, fulfillmentId } = memoItem;
    const claim = { id: fulfillmentId!, entityId, orgId, invoiceItemId: null, creditMemoItemId: id };
    await insertRows(scoped, BillingClaimRow, [claim]);
    for (const [status, expected] of [
      ['Draft', []],
      ['Posted', [fulfillmentId]],
    ] as const) {
      const memo = { id: memoItem.creditMemoId, status } as CreditMemoRow;
      await updateRows(scoped, CreditMemoRow, [memo], ['status']);
      expect(await posted(scoped, [fulfillmentId!])).toEqual(expected);
    }
    expect(await leaves({ billed: true, fulfillmentType: 'Return' })).toBe('g');
    await deleteRows(scoped, BillingClaimRow, [fulfillmentId!]);
  });

  test('N8: tells lines that take more fulfillments; one without fulfillments never does, nor a Canceled one', async () => {
    const canceled = lineRow(orders[0], { itemName: 'canceled', itemNumber: '4', itemState: 'Canceled' });
    await insertRows(scoped, OrderLineItemRow, [canceled]);
    expect(await leavesLines({ hasPendingQuantity: true })).toEqual(['pending', 'return']);
    expect(await leavesLines({ hasPendingQuantity: false })).toEqual(['canceled', 'full', 'without']);
    await deleteRows(scoped, OrderLineItemRow, [canceled.id]);
  });

  test('tells invoices with a balance, of whatever sign', async () => {
    expect(await left(invoices, 'invoiceNumber', { hasBalance: true })).toEqual(['credit', 'owed']);
    expect(await left(invoices, 'invoiceNumber', { hasBalance: false })).toEqual(['paid']);
  });

  test('tells credit memos of which something is unapplied', async () => {
    expect(await left(creditMemos, 'creditMemoNumber', { hasUnapplied: true })).toEqual(['partly', 'unapplied']);
    expect(await left(creditMemos, 'creditMemoNumber', { hasUnapplied: false })).toEqual(['nothing', 'used']);
    expect(await left(creditMemos, 'creditMemoNumber', { status: 'Draft' })).toEqual(['nothing']);
  });

  test('on the order reaches its line items', async () => {
    expect(await leavesLines({ orderNumber: { eq: 'O-1' } })).toEqual(['full', 'pending']);
    expect(await leavesLines({ orderNumber: { startsWith: 'RMA-' }, itemCategory: 'Return' })).toEqual(['return']);
    expect(await leavesLines({ orderNumber: { eq: '\u0000' } })).toEqual([]);
    expect(await leavesLines({ orderNumber: {} })).toHaveLength(4);
  });
});

describe('a filter', () => {
  test('holds all of its conditions', async () => {
    expect(await leaves({ carrier: { startsWith: '100' }, externalId: { in: ['b', 'd'] } })).toBe('b');
    expect(await leaves({ carrier: { startsWith: '100', eq: '100%', isNull: false } })).toBe('a');
    expect(await leaves({ state: { eq: 'Complete', in: ['Canceled'] } })).toBe('');
  });

  test('with an empty list of values leaves nothing', async () => {
    expect(await leaves({ carrier: { in: [] } })).toBe('');
    expect(await leaves({ id: { in: [] } })).toBe('');
    expect(await leaves({ state: { in: [] } })).toBe('');
  });

  test('leaves everything where it says nothing', async () => {
    for (const filter of [{}, { state: {} }, { id: { eq: undefined, in: undefined, isNull: undefined } }]) {
      expect(await leaves(filter)).toBe('abcdefg');
    }
  });

  test('N18: a null that got past the graph matches nothing, rather than everything', async () => {
    expect(await leaves({ state: { eq: null } } as never)).toBe('');
    expect(await leaves({ fulfillmentDate: { gte: null } } as never)).toBe('');
  });
});

test('item numbers are sorted as numbers', async () => {
  const order = { field: 'itemNumber', direction: 'ASC' } as const;
  const found = await page(scoped, orderLineItems, { properties: ['itemNumber'], order, limit: 9, backward: false });
  expect(found.map((row) => row.itemNumber)).toEqual(['1', '2', '3', '10']);
});
