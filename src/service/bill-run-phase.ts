import { invoiceHeader } from '../domain/billing';
import type { DocumentStatus } from '../domain/billing-document';
import { add } from '../domain/decimal';
import type { BillingDates } from '../domain/invoice';
import { maxDocumentItems } from '../domain/placing';
import {
  type BillRunAccountRow,
  type BillRunRow,
  countRun,
  type ParkedItem,
  parkItems,
  saveAccounts,
} from '../store/bill-run';
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
 * What a bill run does to accounts in one transaction, phase by phase; bill-run-worker.ts has it done. The billing lock of
 * the accounts is held.
 */

/** Bills what is due of these accounts; false where more is left than goes into one transaction. */
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
  // What one invoice takes is also what one transaction does: an account that has more sales is billed in several.
  let groups = await gather(maxDocumentItems);
  let byItem = accountsByItem(groups);
  let whole = sum(groups) < maxDocumentItems;
  if (!whole && (byItem.size || (await returnsAreDue(unit.db, ids, run.targetDate)))) {
    // With returns, and where an item may have to be parked, all that is due is judged and billed by one transaction.
    groups = await gather(null);
    byItem = accountsByItem(groups);
    whole = true;
  }
  // The last may have been cut: it is left to the next transaction, so that it is not on more invoices than it need be.
  if (!whole && groups.length > 1) groups.pop();
  const parked = byItem.size ? await billByItem(unit, groups, byItem, dates, origin) : [];
  const sales = groups.filter((group) => !byItem.has(group.accountId));
  if (sales.length) await billSales(unit, sales, dates, origin);

  const billed = new Map<string, number>();
  const count = (accountId: string, more: number) => billed.set(accountId, (billed.get(accountId) ?? 0) + more);
  for (const { accountId, count: items } of groups) count(accountId, items);
  for (const { accountId } of parked) count(accountId, -1);
  await unit.writeHistory();
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
  await countRun(connection, run, sum(groups) - parked.length, parked.length);
  return whole;
}

/** Bills accounts item by item; what no document can hold is left, with its reason. */
async function billByItem(
  unit: Unit,
  groups: readonly DueGroup[],
  accountIds: ReadonlySet<string>,
  dates: BillingDates,
  origin: Origin,
): Promise<ParkedItem[]> {
  // Held, since a credit memo may arise.
  const settings = await unit.settings(groups.some(({ hasReturns }) => hasReturns));
  const placing = await placeGathered(unit.db, groups, accountIds, settings);
  await writePlaced(unit, placing, dates, origin);
  return placing.parked;
}

const sum = (groups: readonly { count: number }[]): number => groups.reduce((sum, { count }) => sum + count, 0);

/**
 * Bills accounts without returns by set: the database moves the rows, the domain has the say over every amount. The
 * invoices are written first, since items refer to them, and get their totals from what was put on them.
 */
async function billSales(unit: Unit, groups: readonly DueGroup[], dates: BillingDates, origin: Origin): Promise<void> {
  const settings = await unit.settings();
  const amounts = groups.some((group) => group.isPriced) ? await dueAmounts(unit.db) : [];
  const headers = groups.map((group) => invoiceOf(unit, invoiceHeader(group, dates), origin));
  const numbering = unit.numbering('invoice', 'invoiceNumber', headers.length);
  const invoices = await insertNumberedRows<InvoiceRow>(unit.db, InvoiceRow, headers, numbering);
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
 * After it has billed: an account of a million items is done in several transactions, as it was billed. Each takes whole
 * documents of about as many items as an invoice holds. Measured with 130,000 items on 1,006 invoices, most of them of one
 * account: posted in 1.8 s, canceled in 4.1, removed in 6.5, the longest transaction 0.5, 0.9 and 1.2 s. All in one, a
 * million items would take the better part of a minute, with as many locks to hold.
 */

type Accounts = readonly Pick<BillRunAccountRow, 'accountId'>[];

/** The documents that are next, locked. The billing lock of the accounts is held: they are still as they were found. */
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

/** Posts or cancels the drafts that the run made of these accounts; false where more are left. */
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
 * Removes what the run made of these accounts; false where more is left. A draft, of a run that could not be canceled
 * wholly, is removed as well, and what it had billed is billable again.
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
