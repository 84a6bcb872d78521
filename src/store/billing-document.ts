import type { BillRunStatus } from '../domain/bill-run';
import type { DocumentStatus } from '../domain/billing-document';
import type { Scoped } from './connection/connection';
import { CreditMemoItemRow, CreditMemoRow } from './credit-memo';
import { InvoiceItemRow, InvoiceRow } from './invoice';
import { array, expression, type Json, joined, sql } from './query/json';
import { inScope } from './query/table';
import type { Row } from './query/tree';
import { deleteRows, rowsBy } from './query/write';

/** The columns of a sister credit memo that the rules need, besides the columns that find it. */
export const sisterFacts = [
  'id',
  'sisterInvoiceId',
  'creditMemoNumber',
  'status',
  'amount',
  'appliedAmount',
  'refundAmount',
  'reversedInvoiceId',
] as const;

export type SisterMemo = Pick<CreditMemoRow, (typeof sisterFacts)[number]>;

/** The credit memos that were created together with these invoices. */
export const sisterMemos = (scoped: Scoped, invoiceIds: readonly string[]): Promise<SisterMemo[]> =>
  rowsBy<CreditMemoRow>(scoped, CreditMemoRow, 'sisterInvoiceId', invoiceIds, sisterFacts);

/**
 * The statuses of the bill runs of documents. A caller who sees a document may not see its run, but the run's status
 * concerns the document too. So a database function returns only the status.
 *
 * `lock` keeps the statuses unchanged to the end of the transaction. It is taken after the locks of the documents.
 */
export function billRunStatuses(
  scoped: Scoped,
  ids: readonly string[],
  lock = false,
): Promise<{ id: string; status: BillRunStatus }[]> {
  return scoped.query('select id, status from bill_run_statuses($1, $2, $3, $4)', [ids, lock]);
}

/** SQL: the JSON of the status of a document's bill run; null without one. */
export const runStatus = (id: string): string =>
  `coalesce((select '"' || status || '"' from bill_run_statuses($1, $2, array[${id}]::uuid[], false)), 'null')`;

/**
 * A Posted run becomes Completed when an account's document is a draft again. Posting the run once more posts that
 * document. The run is locked. The database function writes the history entry, because the caller may not see all orgs
 * of the run.
 */
export async function reopenBillRun(
  scoped: Scoped,
  id: string,
  accountId: string,
  { updatedDate, updatedById }: { updatedDate: string; updatedById: string },
  trackId: string | null,
): Promise<void> {
  const values = [id, accountId, updatedDate, updatedById, trackId];
  await scoped.query('select reopen_bill_run($1, $2, $3, $4, $5, $6, $7)', values);
}

/**
 * Documents of a run on these accounts with these statuses, up to about `items` items: at least one document, only
 * whole documents, and sisters together. `whole` means that no others are left. Only the ids of that many items are
 * read.
 */
export async function nextDocuments(
  scoped: Scoped,
  runId: string,
  accountIds: readonly string[],
  statuses: readonly DocumentStatus[],
  items: number,
): Promise<{ invoiceIds: string[]; creditMemoIds: string[]; whole: boolean }> {
  // By account: "is true" keeps PostgreSQL from the index of runs. Statistics do not know a run that has just billed.
  // The planner expects one document of it, and would read all its documents for each chunk.
  const wanted = `t.entity_id = $1 and t.org_id = any($2) and (t.bill_run_id = $3) is true and t.account_id = any($4::uuid[])
    and t.status::text = any($5)`;
  const rows = await scoped.query<{ id: string; isInvoice: boolean; total: string }>(
    `with document as materialized (
       select id, id as lead, true as invoice from invoice t where ${wanted}
       union all
       select id, coalesce(sister_invoice_id, id), false from credit_memo t where ${wanted}
     ), item as (
       select d.lead from document d left join lateral (
         select from invoice_item i where i.entity_id = $1 and i.invoice_id = d.id
         union all select from credit_memo_item i where i.entity_id = $1 and i.credit_memo_id = d.id) i on true
       order by d.lead limit $6::integer + 1
     ), lead as (
       select lead, row_number() over so_far as at, sum(count(*)) over so_far as items from item group by lead window so_far as (order by lead)
     )
     select id, invoice as "isInvoice", (select count(*) from document) as total from document
     where lead <= (select lead from lead where at = 1 or items <= $6 order by lead desc limit 1)`,
    [runId, accountIds, statuses, items],
  );
  return {
    invoiceIds: rows.filter((row) => row.isInvoice).map((row) => row.id),
    creditMemoIds: rows.filter((row) => !row.isInvoice).map((row) => row.id),
    whole: rows.length === Number(rows[0]?.total ?? 0),
  };
}

/**
 * Removes locked documents and their items. No other row may refer to them. A document that was always a draft was
 * never paid, credited or offset. The foreign keys refuse to remove any other.
 */
export async function deleteDocuments(
  scoped: Scoped,
  invoiceIds: readonly string[],
  creditMemoIds: readonly string[],
): Promise<void> {
  // A credit memo refers to its sister invoice.
  await deleteRows(scoped, CreditMemoItemRow, creditMemoIds, 'creditMemoId');
  await deleteRows(scoped, CreditMemoRow, creditMemoIds);
  await deleteRows(scoped, InvoiceItemRow, invoiceIds, 'invoiceId');
  await deleteRows(scoped, InvoiceRow, invoiceIds);
}

/** The documents that bill or credit a fulfillment: invoices, then credit memos, each in the order of their first items. */
export function documentsOf(fulfillment: string, invoice: Row, invoiceFields: Json, memo: Row, memoFields: Json): Json {
  const through = (kind: number, items: string, column: string, row: Row, fields: Json) => sql`
    select ${String(kind)} as kind, i.first, ${one(row, fields)} as document from (
      select ${column} as document_id, min(id::text) as first from ${items}
      where entity_id = $1 and org_id = any($2) and fulfillment_id = ${fulfillment} group by ${column}) i`;
  const one = (row: Row, fields: Json) =>
    sql`(select ${joined(fields)} from ${row.table.name} ${row.name} where ${inScope(row.table, row.name)} and ${row.name}.id = i.document_id)`;
  const documents = sql`(${through(1, 'invoice_item', 'invoice_id', invoice, invoiceFields)}
    union all ${through(2, 'credit_memo_item', 'credit_memo_id', memo, memoFields)} order by kind, first) d`;
  return array(expression('d.document'), documents);
}
