import { type DocumentContext, enterDocument, judgeDocument } from '../domain/billing-document';
import { dayOf } from '../domain/date';
import { Refusal, userError } from '../domain/errors';
import { lockAccountsForBilling } from '../store/account';
import { freeClaims } from '../store/billing-claim';
import { billRunStatuses, reopenBillRun, sisterMemos } from '../store/billing-document';
import { CreditMemoRow } from '../store/credit-memo';
import { InvoiceRow } from '../store/invoice';
import { lockRows, updateRows } from '../store/query/write';
import { findByKey } from './key';
import { refuse } from './run/batch';
import type { Unit } from './run/unit';
import type { Work } from './run/work';

export type StatusAction = 'Post' | 'Unpost' | 'Cancel';

/** An invoice with the credit memos created or changed together with it. */
export interface InvoiceResult {
  invoice: InvoiceRow;
  creditMemos: CreditMemoRow[];
}

/** A credit memo with the invoices changed together with it. */
export interface CreditMemoResult {
  creditMemo: CreditMemoRow;
  invoices: InvoiceRow[];
}

/** Posts, unposts or cancels an invoice and its sisters. Source: bill runs, "Post", "Unpost" and "Cancel". */
export function moveInvoice(work: Work, key: string, action: StatusAction, dryRun = false): Promise<InvoiceResult> {
  return work.run(dryRun, async (unit) => {
    const { id, accountId } = await findInvoice(unit, key);
    const group = await lockGroup(unit, accountId, id, null);
    if (group.invoices.length === 0) throw gone('invoice');
    const moved = await move(unit, action, group.invoices[0], group);
    return { invoice: moved.invoices[0], creditMemos: moved.creditMemos };
  });
}

/** Posts, unposts or cancels a credit memo and its sisters. */
export function moveCreditMemo(
  work: Work,
  key: string,
  action: StatusAction,
  dryRun = false,
): Promise<CreditMemoResult> {
  return work.run(dryRun, async (unit) => {
    const { id, accountId, sisterInvoiceId } = await findCreditMemo(unit, key);
    const group = await lockGroup(unit, accountId, sisterInvoiceId, id);
    const memo = group.creditMemos.find((each) => each.id === id);
    if (!memo) throw gone('credit memo');
    const moved = await move(unit, action, memo, group);
    return { creditMemo: moved.creditMemos.find((each) => each.id === id)!, invoices: moved.invoices };
  });
}

export async function findInvoice(unit: Unit, key: string, path = 'key'): Promise<InvoiceRow> {
  const row = await findByKey<InvoiceRow>(unit.db, InvoiceRow, 'invoiceNumber', key);
  if (!row) throw gone('invoice', path);
  return row;
}

export async function findCreditMemo(unit: Unit, key: string): Promise<CreditMemoRow> {
  const row = await findByKey<CreditMemoRow>(unit.db, CreditMemoRow, 'creditMemoNumber', key);
  if (!row) throw gone('credit memo');
  return row;
}

/** No document has this key, or it was deleted during the wait for its lock. */
export const gone = (what: 'invoice' | 'credit memo', path = 'key'): Refusal =>
  new Refusal([userError('NOT_FOUND', `No ${what} has this id or number.`, [path])]);

/** Documents of one kind or both. */
export interface Group {
  invoices: InvoiceRow[];
  creditMemos: CreditMemoRow[];
}

/**
 * Locks documents of accounts and returns their current state. The order is: the billing locks of the accounts, then
 * invoices, then credit memos, each in the order of their ids. Billing, settling and undoing all use this order. The
 * row of a bill run comes last.
 */
export async function lockDocuments(
  unit: Unit,
  accountIds: readonly string[],
  invoiceIds: readonly string[],
  creditMemoIds: readonly string[],
): Promise<Group> {
  await lockAccountsForBilling(unit.db, accountIds);
  return {
    invoices: invoiceIds.length ? await lockRows<InvoiceRow>(unit.db, InvoiceRow, invoiceIds) : [],
    creditMemos: creditMemoIds.length ? await lockRows<CreditMemoRow>(unit.db, CreditMemoRow, creditMemoIds) : [],
  };
}

/** Locks a document and its sisters. The set of sisters never changes. */
async function lockGroup(
  unit: Unit,
  accountId: string,
  invoiceId: string | null,
  memoId: string | null,
): Promise<Group> {
  const sisters = invoiceId ? await sisterMemos(unit.db, [invoiceId]) : [];
  const memoIds = new Set(sisters.map(({ id }) => id));
  if (memoId) memoIds.add(memoId);
  return lockDocuments(unit, [accountId], invoiceId ? [invoiceId] : [], [...memoIds]);
}

/** The status of a document's bill run, unchanged to the end of the unit. Null if the document has no run. */
export async function holdBillRun(
  unit: Unit,
  { billRunId }: { billRunId: string | null },
): Promise<DocumentContext['billRun']> {
  if (!billRunId) return null;
  const [run] = await billRunStatuses(unit.db, [billRunId], true);
  return run?.status ?? null;
}

/** Judges an action and carries it out for the document and its sisters, which share its account and bill run. */
async function move(
  unit: Unit,
  action: StatusAction,
  document: InvoiceRow | CreditMemoRow,
  group: Group,
): Promise<Group> {
  const sisters = [...group.invoices, ...group.creditMemos].filter((each) => each !== document);
  const { caller } = unit;
  refuse(judgeDocument(action, document, { caller, sisters, billRun: await holdBillRun(unit, document) }));
  const after = await enterGroup(unit, action, group);
  if (action === 'Unpost' && document.billRunId) {
    await reopenBillRun(unit.db, document.billRunId, document.accountId, unit.touched(document), caller.trackId);
  }
  return after;
}

/**
 * Writes the new status of locked documents after they were judged. Items of canceled documents become billable again.
 */
export async function enterGroup(unit: Unit, action: StatusAction, group: Group): Promise<Group> {
  const moved = <R extends InvoiceRow | CreditMemoRow>(rows: readonly R[]): R[] =>
    rows.map((each) => ({ ...enterDocument(each, action, dayOf(unit.now)), ...unit.touched(each) }));
  const invoices = moved(group.invoices);
  const creditMemos = moved(group.creditMemos);
  const columns = ['status', 'postedDate', 'version', 'updatedDate', 'updatedById'] as const;
  await updateRows(unit.db, InvoiceRow, invoices, [...columns, 'balance']);
  await updateRows(unit.db, CreditMemoRow, creditMemos, columns);
  for (const [at, row] of invoices.entries()) unit.note('Invoice', action, group.invoices[at], row);
  for (const [at, row] of creditMemos.entries()) unit.note('CreditMemo', action, group.creditMemos[at], row);
  if (action === 'Cancel') {
    await freeClaims(
      unit.db,
      invoices.map(({ id }) => id),
      creditMemos.map(({ id }) => id),
    );
  }
  return { invoices, creditMemos };
}
