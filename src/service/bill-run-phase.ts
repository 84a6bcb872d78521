import { invoiceHeader } from '../domain/billing';
import type { DocumentStatus } from '../domain/billing-document';
import { add } from '../domain/decimal';
import type { BillingDates } from '../domain/invoice';
import { maxDocumentItems } from '../domain/placing';
import { type BillRunRow, countRun } from '../store/bill-run';
import { type BillRunAccountRow, type ParkedItem, parkItems, saveAccounts } from '../store/bill-run-chunk';
import { freeClaims } from '../store/billing-claim';
import { deleteDocuments, nextDocuments } from '../store/billing-document';
import { CreditMemoRow } from '../store/credit-memo';
import { billDue, type DueGroup, dueAmounts, dueGroups, gatherDue, returnsAreDue } from '../store/due';
import { newId } from '../store/id';
import { InvoiceRow } from '../store/invoice';
import { insertNumberedRows, lockRows, updateRows } from '../store/query/write';
import { priceOf } from './bill-run';
import { accountsByItem, placeGathered, writePlaced } from './bill-run-placing';
import { invoiceOf, type Origin } from './billing';
import { enterGroup, type Group } from './billing-document';
import type { Unit } from './run/unit';

/*
 * The phases of a bill run: each function works on accounts in one transaction. bill-run-worker.ts calls them, and
 * holds the billing lock of the accounts.
 */

/** Bills the due items of these accounts. False if more are left than one transaction takes. */
export async function billAccounts(
  unit: Unit,
  run: BillRunRow,
  accounts: readonly BillRunAccountRow[],
): Promise<boolean> {
  const origin: Origin = { source: 'BillRun', billRunId: run.id, status: 'Draft' };
  const dates: BillingDates = { targetDate: run.targetDate, documentDate: run.invoiceDate };
  const ids = accounts.map(({ accountId }) => accountId);
  const gather = async (limit: number | null) => {
    await gatherDue(unit.db, ids, run.targetDate, limit);
    return dueGroups(unit.db);
  };
  // One transaction bills as many items as one invoice holds. An account with more sales is billed in several
  // transactions.
  let groups = await gather(maxDocumentItems);
  let byItem = accountsByItem(groups);
  let whole = sum(groups) < maxDocumentItems;
  if (!whole && (byItem.size || (await returnsAreDue(unit.db, ids, run.targetDate)))) {
    // With returns, or with an item that may have to be parked, one transaction judges and bills all due items.
    groups = await gather(null);
    byItem = accountsByItem(groups);
    whole = true;
  }
  // The limit may have cut the last group. It is left to the next transaction, so that it does not spread over more
  // invoices than needed.
  if (!whole && groups.length > 1) groups.pop();
  const parked = byItem.size ? await billByItem(unit, groups, byItem, dates, origin) : [];
  const sales = groups.filter((group) => !byItem.has(group.accountId));
  if (sales.length) await billSales(unit, sales, dates, origin);

  const billed = new Map<string, number>();
  const count = (accountId: string, more: number) => billed.set(accountId, (billed.get(accountId) ?? 0) + more);
  for (const { accountId, count: items } of groups) count(accountId, items);
  for (const { accountId } of parked) count(accountId, -1);
  const { connection } = unit.db;
  await saveAccounts(
    connection,
    run,
    accounts.map((account) => ({ ...account, done: account.done + (billed.get(account.accountId) ?? 0) })),
  );
  if (parked.length) {
    await parkItems(
      connection,
      run,
      parked.map((item) => ({ ...item, id: newId() })),
    );
  }
  await countItems(unit, run, sum(groups) - parked.length, parked.length);
  await unit.writeHistory();
  return whole;
}

/** Counts items of a run, and tells of it. Other workers count at the same time. */
export async function countItems(unit: Unit, run: BillRunRow, done: number, failed: number): Promise<void> {
  if (done + failed === 0) return;
  const counted = await countRun(unit.db.connection, run, done, failed, unit.now);
  const before = { ...counted, done: counted.done - done, failed: counted.failed - failed };
  unit.note('BillRun', 'Progress', before, counted);
}

/** Bills accounts item by item. An item that no document can hold is left out, with its reason. */
async function billByItem(
  unit: Unit,
  groups: readonly DueGroup[],
  accountIds: ReadonlySet<string>,
  dates: BillingDates,
  origin: Origin,
): Promise<ParkedItem[]> {
  // Held, because a credit memo may be created.
  const settings = await unit.settings(groups.some(({ hasReturns }) => hasReturns));
  const placing = await placeGathered(unit.db, groups, accountIds, settings);
  await writePlaced(unit, placing, dates, origin);
  return placing.parked;
}

const sum = (groups: readonly { count: number }[]): number => groups.reduce((sum, { count }) => sum + count, 0);

/**
 * Bills accounts without returns by set: the database moves the rows, and the domain decides every amount. The invoices
 * are inserted first, because items refer to them. They then get their totals from their items.
 */
async function billSales(unit: Unit, groups: readonly DueGroup[], dates: BillingDates, origin: Origin): Promise<void> {
  const settings = await unit.settings();
  const amounts = groups.some((group) => group.isPriced) ? await dueAmounts(unit.db) : [];
  const invoices = groups.map((group) => invoiceOf(unit, invoiceHeader(group, dates), origin));
  const numbering = unit.numbering('invoice', 'invoiceNumber', invoices.length);
  await insertNumberedRows<InvoiceRow>(unit.db, InvoiceRow, invoices, numbering);
  const prices = amounts.map((amount) => priceOf(amount, settings));
  const sums = new Map((await billDue(unit.db, invoices, prices)).map((sum) => [sum.invoiceId, sum]));
  const totals = invoices.map((invoice) => {
    const { net, tax } = sums.get(invoice.id)!;
    const amount = add(net, tax);
    return { ...invoice, amountWithoutTax: net, taxAmount: tax, amount, balance: amount };
  });
  await updateRows(unit.db, InvoiceRow, totals, ['amountWithoutTax', 'taxAmount', 'amount', 'balance']);
  for (const invoice of totals) unit.note('Invoice', 'Create', null, invoice);
}

/*
 * The phases after billing. An account of a million items takes several transactions, as in billing. Each transaction
 * takes whole documents with about as many items as an invoice holds.
 *
 * Measured with 130,000 items on 1,006 invoices, most of one account: posting took 1.8 s, canceling 4.1 s and removing
 * 6.5 s. The longest transactions took 0.5, 0.9 and 1.2 s. A single transaction for a million items would take most of
 * a minute, and hold as many locks.
 */

type Accounts = readonly Pick<BillRunAccountRow, 'accountId'>[];

/**
 * The next documents, locked. The billing lock of the accounts is held, so the documents are still as they were found.
 */
async function next(
  unit: Unit,
  runId: string,
  accounts: Accounts,
  statuses: readonly DocumentStatus[],
): Promise<Group & { whole: boolean }> {
  const accountIds = accounts.map(({ accountId }) => accountId);
  const found = await nextDocuments(unit.db, runId, accountIds, statuses, maxDocumentItems);
  const invoices = await lockRows<InvoiceRow>(unit.db, InvoiceRow, found.invoiceIds);
  const creditMemos = await lockRows<CreditMemoRow>(unit.db, CreditMemoRow, found.creditMemoIds);
  return { invoices, creditMemos, whole: found.whole };
}

/** Posts or cancels the run's drafts of these accounts. False if more are left. */
export async function moveDocuments(
  unit: Unit,
  runId: string,
  accounts: Accounts,
  action: 'Post' | 'Cancel',
): Promise<boolean> {
  const documents = await next(unit, runId, accounts, ['Draft']);
  await enterGroup(unit, action, documents);
  await unit.writeHistory();
  return documents.whole;
}

/**
 * Removes the run's documents of these accounts. False if more are left. If a run could not be canceled fully, its
 * drafts are removed too, and their items are billable again.
 */
export async function removeDocuments(unit: Unit, runId: string, accounts: Accounts): Promise<boolean> {
  const { invoices, creditMemos, whole } = await next(unit, runId, accounts, ['Draft', 'Canceled']);
  const drafts = [idsOf(invoices.filter(isDraft)), idsOf(creditMemos.filter(isDraft))] as const;
  if (drafts.some((ids) => ids.length)) await freeClaims(unit.db, ...drafts);
  await deleteDocuments(unit.db, idsOf(invoices), idsOf(creditMemos));
  for (const invoice of invoices) unit.note('Invoice', 'Delete', invoice, null);
  for (const memo of creditMemos) unit.note('CreditMemo', 'Delete', memo, null);
  await unit.writeHistory();
  return whole;
}

const isDraft = ({ status }: InvoiceRow | CreditMemoRow): boolean => status === 'Draft';
const idsOf = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id);
