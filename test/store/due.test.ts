import { isBillable } from '../../src/domain/invoice';
import { AccountRow } from '../../src/store/account';
import { BillingClaimRow } from '../../src/store/billing-claim';
import { Connection, Scoped } from '../../src/store/connection/connection';
import {
  billDue,
  dueAccounts,
  dueAmounts,
  dueGroups,
  dueSums,
  gatherDue,
  gatheredAt,
  gatheredBySale,
  indexGathered,
  returnsAreDue,
} from '../../src/store/due';
import { FulfillmentRow } from '../../src/store/fulfillment';
import { InvoiceItemRow, InvoiceRow } from '../../src/store/invoice';
import { OrderRow } from '../../src/store/order';
import { OrderLineItemRow } from '../../src/store/order-line-item';
import { insertRows } from '../../src/store/query/write';
import { type TestDatabase, testDatabase } from '../support/database';
import { comparedInVain } from '../support/plan';
import {
  accountRow,
  claimRow,
  fulfillmentRow,
  instant,
  invoiceItemRow,
  invoiceRow,
  lineRow,
  orderRow,
  tenant,
} from '../support/rows';

let database: TestDatabase;
let scoped: Scoped;
let accounts: AccountRow[];
let invoice: InvoiceRow;

const days = ['2022-01-01', '2022-01-02', '2022-01-03'];
const states = ['Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled'] as const;

/** What billing may or may not pick up: a fulfillment, or a line item. */
type Candidate = { row: FulfillmentRow | OrderLineItemRow; accountId: string; claimed: boolean; countsItself: boolean };
const candidates: Candidate[] = [];

/** Every state, date and claim there can be, also those that no service leads to. */
const combinations = states.flatMap((state) =>
  [null, instant].flatMap((sentToBillingDate) =>
    [null, ...days].flatMap((billTargetDate) =>
      [true, false].map((claimed) => ({ state, sentToBillingDate, billTargetDate, claimed })),
    ),
  ),
);
/** A constraint refuses these of fulfillments. */
const impossible = ({ state, sentToBillingDate, billTargetDate }: (typeof combinations)[0]) =>
  (state === 'SentToBilling' || state === 'Complete') && !(sentToBillingDate && billTargetDate);

beforeAll(async () => {
  database = await testDatabase();
  scoped = new Scoped(database.raw, await tenant(database.raw, 'Acme'));
  accounts = [accountRow(scoped.scope), accountRow(scoped.scope)];
  invoice = invoiceRow(accounts[0]);
  const orders: OrderRow[] = [];
  const lines: OrderLineItemRow[] = [];
  const fulfillments: FulfillmentRow[] = [];
  for (const account of accounts) {
    const order = orderRow(account);
    orders.push(order);
    const sold = lineRow(order);
    lines.push(sold);
    for (const { claimed, state, ...dates } of combinations) {
      for (const billingRule of ['TriggerAsFulfillmentOccurs', 'TriggerWithoutFulfillment'] as const) {
        const row = lineRow(order, { ...dates, itemState: state, billingRule });
        lines.push(row);
        const countsItself = billingRule === 'TriggerWithoutFulfillment';
        candidates.push({ row, accountId: account.id, claimed, countsItself });
      }
      if (impossible({ claimed, state, ...dates })) continue;
      const row = fulfillmentRow(sold, { ...dates, state });
      fulfillments.push(row);
      candidates.push({ row, accountId: account.id, claimed, countsItself: true });
    }
  }
  const claimed = candidates.filter((each) => each.claimed);
  const items = claimed.map(({ row }) => invoiceItemRow(invoice, { ...fulfillments[0], id: row.id }));
  await insertRows(scoped, AccountRow, accounts);
  await insertRows(scoped, OrderRow, orders);
  await insertRows(scoped, OrderLineItemRow, lines);
  await insertRows(scoped, FulfillmentRow, fulfillments);
  await insertRows(scoped, InvoiceRow, [invoice]);
  await insertRows(
    scoped,
    InvoiceItemRow,
    items.map((item) => ({ ...item, fulfillmentId: fulfillments[0].id })),
  );
  await insertRows(scoped, BillingClaimRow, items.map(claimRow));
});
afterAll(() => database.close());

/** In a transaction that comes to nothing. */
async function within(act: (scoped: Scoped) => Promise<void>): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    await act(new Scoped(new Connection(client), scoped.scope));
  } finally {
    await client.query('rollback');
    client.release();
  }
}

/** The charges that are due of accounts, gathered in the transaction of `scoped`. */
async function gatheredOf(scoped: Scoped, ids: readonly string[], targetDate: string) {
  await gatherDue(scoped, ids, targetDate, null);
  return gatheredBySale(scoped, ids, null, 10_000);
}

/** The ids that the rules of the domain pick. */
const picked = (targetDate: string, accountIds: readonly string[]) =>
  candidates
    .filter(({ row, accountId, claimed, countsItself }) => {
      const state = 'itemState' in row ? row.itemState : row.state;
      return countsItself && accountIds.includes(accountId) && isBillable({ ...row, state }, targetDate, claimed);
    })
    .map(({ row }) => row.id)
    .sort();

const targets = ['2021-12-31', ...days, '2022-01-04'];

describe.each(targets)('up to %s', (targetDate) => {
  test('what is due is what the rules call billable, of one account as of both', async () => {
    for (const named of [[accounts[0]], [accounts[1]], accounts]) {
      const ids = named.map(({ id }) => id);
      await within(async (scoped) => {
        const charges = await gatheredOf(scoped, ids, targetDate);
        const due = charges.map((charge) => charge.fulfillmentId ?? charge.orderLineItemId);
        expect(due.sort()).toEqual(picked(targetDate, ids));
        expect(await returnsAreDue(scoped, ids, targetDate)).toBe(false);
      });
    }
  });

  test('sums and accounts count the same, whether the accounts are named or not', async () => {
    const count = (rows: readonly { count: number }[]) => rows.reduce((sum, row) => sum + row.count, 0);
    const expected = picked(
      targetDate,
      accounts.map(({ id }) => id),
    );
    for (const accountIds of [null, accounts.map(({ id }) => id)]) {
      for (const look of [dueSums, dueAccounts]) {
        expect(count(await look(scoped, accountIds, targetDate))).toBe(expected.length);
      }
    }
    for (const row of await dueAccounts(scoped, null, targetDate)) {
      expect(row.count).toBe(picked(targetDate, [row.accountId]).length);
    }
  });

  test('what is gathered and billed by set is all of that and nothing else', async () => {
    const ids = accounts.map(({ id }) => id);
    await within(async (scoped) => {
      const invoices = accounts.map((account) => invoiceRow(account));
      await insertRows(scoped, InvoiceRow, invoices);
      await gatherDue(scoped, ids, targetDate, 10_000);
      const gathered = (await dueGroups(scoped)).map(({ accountId, count }) => [accountId, count]);
      const expected = [...ids].sort().map((id) => [id, picked(targetDate, [id]).length]);
      expect(gathered).toEqual(expected.filter(([, count]) => count));
      const prices = (await dueAmounts(scoped)).map((amount) => ({
        ...{ ...amount, net: amount.amount, tax: '0', rate: null },
      }));
      const sums = await billDue(scoped, invoices, prices);
      const claims = await scoped.connection.query<{ id: string }>(
        `select c.id from billing_claim c join invoice_item i on i.id = c.invoice_item_id where i.invoice_id = any($1)
           and (c.id = i.fulfillment_id or i.fulfillment_id is null and c.id = i.order_line_item_id)`,
        [invoices.map(({ id }) => id)],
      );
      expect(claims.map(({ id }) => id).sort()).toEqual(picked(targetDate, ids));
      expect(sums.reduce((sum, { count }) => sum + count, 0)).toBe(claims.length);
      await gatherDue(scoped, ids, targetDate, 10_000);
      expect(await dueGroups(scoped)).toEqual([]);
    });
  });
});

describe('what is gathered', () => {
  const last = days[2];

  test('is at most so much, and those of one document follow each other', async () => {
    const ids = accounts.map(({ id }) => id);
    await within(async (scoped) => {
      const all = await gatheredOf(scoped, ids, last);
      expect(all.map(({ position }) => position)).toEqual(all.map((_, at) => at));
      expect(all.map(({ accountId }) => accountId)).toEqual(all.map(({ accountId }) => accountId).sort());
      await gatherDue(scoped, ids, last, all.length - 1);
      expect(await gatheredBySale(scoped, ids, null, 10_000)).toEqual(all.slice(0, -1));
      expect(await gatheredBySale(scoped, ids.slice(0, 1), null, 10_000)).toEqual(
        all.slice(0, -1).filter(({ accountId }) => accountId === ids[0]),
      );
      expect(await gatheredAt(scoped, [3, 1, 2])).toEqual(all.slice(1, 4));
      expect(await gatheredAt(scoped, [])).toEqual([]);
    });
  });

  test('comes in pieces that hold a sale with all that takes it back', async () => {
    const account = accountRow(scoped.scope);
    const order = orderRow(account);
    const sent = { state: 'SentToBilling', sentToBillingDate: instant, billTargetDate: last } as const;
    const itself = { ...sent, itemState: 'SentToBilling', billingRule: 'TriggerWithoutFulfillment' } as const;
    const sales = Array.from({ length: 5 }, () => lineRow(order, itself));
    const returns = sales.flatMap(({ id }) =>
      [1, 2, 3].map(() => lineRow(order, { ...itself, itemCategory: 'Return', originalOrderLineItemId: id })),
    );
    await within(async (scoped) => {
      await insertRows(scoped, AccountRow, [account]);
      await insertRows(scoped, OrderRow, [order]);
      await insertRows(scoped, OrderLineItemRow, [...sales, ...returns]);
      await gatherDue(scoped, [account.id], last, null);
      await indexGathered(scoped);
      expect(await returnsAreDue(scoped, [account.id], last)).toBe(true);
      const whole = (id: string) => [
        id,
        ...returns.flatMap((row) => (row.originalOrderLineItemId === id ? row.id : [])),
      ];
      const ids = sales.map(({ id }) => id).sort();
      for (let after: string | null = null, at = 0; at < ids.length; at += 2) {
        // Five are asked for: one sale with its three returns, and the next.
        const piece = await gatheredBySale(scoped, [account.id], after, 5);
        const expected = ids.slice(at, at + 2).flatMap(whole);
        expect(piece.map((charge) => charge.orderLineItemId).sort()).toEqual(expected.sort());
        after = ids[Math.min(at + 1, ids.length - 1)];
      }
    });
  });

  test('is billed in its order', async () => {
    const ids = accounts.map(({ id }) => id);
    await within(async (scoped) => {
      const invoices = accounts.map((account) => invoiceRow(account));
      await insertRows(scoped, InvoiceRow, invoices);
      await gatherDue(scoped, ids, last, 10_000);
      const charges = await gatheredBySale(scoped, ids, null, 10_000);
      const prices = (await dueAmounts(scoped)).map((amount) => ({ ...amount, net: '1', tax: '0', rate: null }));
      await billDue(scoped, invoices, prices);
      const items = await scoped.query<{ id: string }>(
        `select coalesce(fulfillment_id, order_line_item_id) as id from invoice_item
         where entity_id = $1 and org_id = any($2) and invoice_id = any($3) order by invoice_item.id`,
        [invoices.map(({ id }) => id)],
      );
      expect(items.map(({ id }) => id)).toEqual(
        charges.map(({ fulfillmentId, orderLineItemId }) => fulfillmentId ?? orderLineItemId),
      );
    });
  });

  test('is put on its invoices without comparing each with each other', async () => {
    const account = accountRow(scoped.scope);
    const order = orderRow(account);
    const lines = Array.from({ length: 300 }, (_, at) =>
      lineRow(order, { itemState: 'Complete', invoiceGroupNumber: at === 0 ? null : `${at}` }),
    );
    await within(async (scoped) => {
      await insertRows(scoped, AccountRow, [account]);
      await insertRows(scoped, OrderRow, [order]);
      await insertRows(scoped, OrderLineItemRow, lines);
      const sent = { state: 'SentToBilling', sentToBillingDate: instant, billTargetDate: last } as const;
      await insertRows(
        scoped,
        FulfillmentRow,
        lines.map((line) => fulfillmentRow(line, sent)),
      );
      const invoices = lines.map(({ invoiceGroupNumber }) => invoiceRow(account, { invoiceGroupNumber }));
      await insertRows(scoped, InvoiceRow, invoices);
      await gatherDue(scoped, [account.id], last, 10_000);
      expect(await dueGroups(scoped)).toHaveLength(300);
      expect(await comparedInVain(scoped, (scoped) => billDue(scoped, invoices, []))).toBeLessThan(3_000);
    });
  });

  test('is not billed where an amount has no price', async () => {
    const ids = accounts.map(({ id }) => id);
    await within(async (scoped) => {
      const invoices = accounts.map((account) => invoiceRow(account));
      await insertRows(scoped, InvoiceRow, invoices);
      await gatherDue(scoped, ids, last, 10_000);
      const [one] = await dueAmounts(scoped);
      const price = { ...one, amount: '12345', net: '1', tax: '0', rate: null };
      await expect(billDue(scoped, invoices, [price])).rejects.toMatchObject({ code: '23502' });
    });
  });
});

test('the rows tell the rules apart', () => {
  const counts = targets.map((targetDate) => picked(targetDate, [accounts[0].id]).length);
  expect(counts).toEqual([0, 4, 8, 12, 12]);
});
