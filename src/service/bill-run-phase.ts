import { maxDocumentItems } from '../domain/billing';
import type { DocumentStatus } from '../domain/document';
import type { BillRunAccountRow } from '../store/bill-run';
import { freeClaims } from '../store/billing-claim';
import { CreditMemoRow } from '../store/credit-memo';
import { deleteDocuments, nextDocuments } from '../store/document';
import { InvoiceRow } from '../store/invoice';
import { lockRows } from '../store/write';
import { enterGroup, type Group } from './document';
import type { Unit } from './work';

/*
 * What a bill run does after it has billed. An account of a million items is done in several transactions, as it was
 * billed: each takes whole documents of about as many items as an invoice holds. Measured with 130,000 items on 1,006
 * invoices, most of them of one account: posted in 1.8 s, canceled in 4.1, removed in 6.5, the longest transaction 0.5, 0.9
 * and 1.2 s. All in one, a million items would take the better part of a minute, with as many locks to hold.
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
