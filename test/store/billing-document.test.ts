import { BillRunRow } from '../../src/store/bill-run';
import { BillingClaimRow } from '../../src/store/billing-claim';
import { deleteDocuments, nextDocuments } from '../../src/store/billing-document';
import { Connection, Scoped, type TenantScope } from '../../src/store/connection/connection';
import { CreditMemoApplicationRow, CreditMemoItemRow, CreditMemoRow } from '../../src/store/credit-memo';
import { newId } from '../../src/store/id';
import { InvoiceItemRow, InvoiceOffsetRow, InvoiceRow } from '../../src/store/invoice';
import { PaymentApplicationRow } from '../../src/store/payment';
import { insertRows } from '../../src/store/query/write';
import { type Chain, insertChain } from '../support/chain';
import { type TestDatabase, testDatabase } from '../support/database';
import {
  applicationRow,
  billRunRow,
  claimRow,
  creditMemoItemRow,
  creditMemoRow,
  creditRow,
  invoiceItemRow,
  invoiceRow,
  offsetRow,
  tenant,
} from '../support/rows';

let database: TestDatabase;
let scope: TenantScope;
let rows: Chain;
let scoped: Scoped;

beforeAll(async () => {
  database = await testDatabase();
  scope = await tenant(database.raw, 'Acme');
  rows = await insertChain(database.raw, scope);
  scoped = new Scoped(database.raw, scope);
});
afterAll(() => database.close());

describe('the next documents of a bill run', () => {
  const statuses = ['Draft', 'Canceled'] as const;
  let run: BillRunRow;
  beforeEach(async () => {
    run = billRunRow(scope, { billRunNumber: newId() });
    await insertRows(scoped, BillRunRow, [run]);
  });

  /** An invoice of the run with so many items, and credit memos beside it. */
  async function group(items: number, memos: number[] = [], status: 'Draft' | 'Posted' | 'Canceled' = 'Draft') {
    const of = { billRunId: run.id, status, postedDate: null };
    const invoice = invoiceRow(rows.account, { ...of, invoiceNumber: newId() });
    await insertRows(scoped, InvoiceRow, [invoice]);
    await insertRows(
      scoped,
      InvoiceItemRow,
      Array.from({ length: items }, () => invoiceItemRow(invoice, rows.fulfillment)),
    );
    const ids: string[] = [];
    for (const count of memos) {
      const memo = creditMemoRow(rows.account, {
        ...of,
        ...{ creditMemoNumber: newId(), sisterInvoiceId: invoice.id },
      });
      await insertRows(scoped, CreditMemoRow, [memo]);
      await insertRows(
        scoped,
        CreditMemoItemRow,
        Array.from({ length: count }, () => creditMemoItemRow(memo, rows.fulfillment)),
      );
      ids.push(memo.id);
    }
    return { invoiceIds: [invoice.id], creditMemoIds: ids.sort() };
  }
  async function next(items: number, accountId = rows.account.id) {
    const { invoiceIds, creditMemoIds, whole } = await nextDocuments(scoped, run.id, [accountId], statuses, items);
    return { invoiceIds: invoiceIds.sort(), creditMemoIds: creditMemoIds.sort(), whole };
  }

  test('are all of them where they have no more items than asked for', async () => {
    const [first, second] = [await group(2), await group(1, [1], 'Canceled')];
    const all = { invoiceIds: [...first.invoiceIds, ...second.invoiceIds], creditMemoIds: second.creditMemoIds };
    expect(await next(4)).toEqual({ ...all, whole: true });
    expect(await next(100)).toEqual({ ...all, whole: true });
  });

  test('are whole ones, with their sisters, of no more items than asked for', async () => {
    const [first, second] = [await group(2, [1]), await group(2, [1])];
    const both = {
      invoiceIds: [...first.invoiceIds, ...second.invoiceIds],
      creditMemoIds: [...first.creditMemoIds, ...second.creditMemoIds],
    };
    for (const items of [3, 4, 5]) expect(await next(items)).toEqual({ ...first, whole: false });
    expect(await next(6)).toEqual({ ...both, whole: true });
  });

  test('are one group at least, however many items it has', async () => {
    const first = await group(3, [2, 2]);
    await group(1);
    for (const items of [1, 2, 3, 6]) expect(await next(items)).toEqual({ ...first, whole: false });
  });

  test('are those of the accounts, in the statuses and in the scope alone', async () => {
    await group(1, [1], 'Posted');
    const none = { invoiceIds: [], creditMemoIds: [], whole: true };
    expect(await next(10)).toEqual(none);
    const { invoiceIds } = await group(1);
    expect(await next(10, newId())).toEqual(none);
    expect((await next(10)).invoiceIds).toEqual(invoiceIds);
    const foreign = await tenant(database.raw, 'Globex');
    for (const other of [foreign, { ...scope, orgIds: foreign.orgIds }, { ...scope, orgIds: [] }]) {
      const seen = new Scoped(database.raw, other);
      expect(await nextDocuments(seen, run.id, [rows.account.id], statuses, 10)).toEqual(none);
      await deleteDocuments(seen, invoiceIds, []);
    }
    expect((await next(10)).invoiceIds).toEqual(invoiceIds);
    await deleteDocuments(scoped, invoiceIds, []);
    expect(await next(10)).toEqual(none);
  });
});

/*
 * What was a draft until it was canceled was never put to use: paying, crediting and offsetting need it Posted, and a
 * document in use is not unposted. All that refers to it is its items and its sister. Should that ever fail to hold, the
 * foreign keys keep the document and what refers to it.
 */
describe('documents that are removed', () => {
  const invoice = () => invoiceRow(rows.account, { status: 'Canceled', postedDate: null, invoiceNumber: newId() });
  const memo = () => creditMemoRow(rows.account, { status: 'Canceled', postedDate: null, creditMemoNumber: newId() });
  type Use = (
    scoped: Scoped,
    invoice: InvoiceRow,
    item: InvoiceItemRow,
    memo: CreditMemoRow,
    memoItem: CreditMemoItemRow,
  ) => Promise<void>;
  const claim = (item: { fulfillmentId: string | null }, more: Partial<BillingClaimRow>) => ({
    ...claimRow({ ...rows.item, ...item }),
    ...{ id: newId(), invoiceItemId: null, creditMemoItemId: null, ...more },
  });
  const uses: Record<string, Use> = {
    'billing_claim.invoice_item_id': (db, _invoice, item) =>
      insertRows(db, BillingClaimRow, [claim(item, { invoiceItemId: item.id })]),
    'billing_claim.credit_memo_item_id': (db, _invoice, _item, _memo, item) =>
      insertRows(db, BillingClaimRow, [claim(item, { creditMemoItemId: item.id })]),
    'credit_memo_application.credit_memo_id': (db, _invoice, _item, memo) =>
      insertRows(db, CreditMemoApplicationRow, [creditRow(memo, rows.invoice)]),
    'credit_memo_application.invoice_id': (db, invoice) =>
      insertRows(db, CreditMemoApplicationRow, [creditRow(rows.memo, invoice)]),
    'invoice_offset.invoice_id': (db, invoice) => insertRows(db, InvoiceOffsetRow, [offsetRow(rows.invoice, invoice)]),
    'invoice_offset.negative_invoice_id': (db, invoice) =>
      insertRows(db, InvoiceOffsetRow, [offsetRow(invoice, rows.invoice)]),
    'payment_application.invoice_id': (db, invoice) =>
      insertRows(db, PaymentApplicationRow, [applicationRow(rows.payment, invoice)]),
    'credit_memo.reversed_invoice_id': (db, invoice) =>
      insertRows(db, CreditMemoRow, [
        creditMemoRow(rows.account, { creditMemoNumber: newId(), reversedInvoiceId: invoice.id }),
      ]),
    'credit_memo.sister_invoice_id': (db, invoice) =>
      insertRows(db, CreditMemoRow, [
        creditMemoRow(rows.account, { creditMemoNumber: newId(), sisterInvoiceId: invoice.id }),
      ]),
  };

  test('are referred to by their items, and by what is here', async () => {
    const keys = await database.owner<{ name: string }>(
      `select conrelid::regclass::text || '.' || attname as name
       from pg_constraint join pg_attribute on attrelid = conrelid and attnum = any(conkey) and attname <> 'entity_id'
       where contype = 'f' and confrelid in ('invoice'::regclass, 'credit_memo'::regclass, 'invoice_item'::regclass, 'credit_memo_item'::regclass)`,
    );
    const items = ['invoice_item.invoice_id', 'credit_memo_item.credit_memo_id'];
    expect(keys.map(({ name }) => name).sort()).toEqual([...items, ...Object.keys(uses)].sort());
  });

  test.each(['nothing', ...Object.keys(uses)])('with their items: %s refers to them', async (name) => {
    const client = await database.pool.connect();
    const db = new Scoped(new Connection(client), scope);
    const [canceled, canceledMemo] = [invoice(), memo()];
    const [item, memoItem] = [
      invoiceItemRow(canceled, rows.fulfillment),
      creditMemoItemRow(canceledMemo, rows.fulfillment),
    ];
    try {
      await client.query('begin');
      await insertRows(db, InvoiceRow, [canceled]);
      await insertRows(db, InvoiceItemRow, [item]);
      await insertRows(db, CreditMemoRow, [{ ...canceledMemo, sisterInvoiceId: canceled.id }]);
      await insertRows(db, CreditMemoItemRow, [memoItem]);
      await uses[name]?.(db, canceled, item, canceledMemo, memoItem);
      const removed = deleteDocuments(db, [canceled.id], [canceledMemo.id]);
      if (name === 'nothing') await expect(removed).resolves.toBeUndefined();
      else await expect(removed).rejects.toMatchObject({ code: '23503' });
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});
