import type { BillRunStatus } from '../domain/bill-run';
import type { Scoped } from './connection';
import { CreditMemoRow } from './credit-memo';
import { rowsBy } from './write';

/** What the rules look at in a sister, besides the columns that find it. */
const sisterFacts = [
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

/** The credit memos that were made along with these invoices. */
export const sisterMemos = (scoped: Scoped, invoiceIds: readonly string[]): Promise<SisterMemo[]> =>
  rowsBy<CreditMemoRow>(scoped, CreditMemoRow, 'sisterInvoiceId', invoiceIds, sisterFacts);

/**
 * How far the bill runs of documents have come. A caller who sees a document of a run may not see the run, but what it is
 * at is a matter of the document too. `lock`: they stay so to the end of the transaction; taken after the documents.
 */
export function billRunStatuses(
  scoped: Scoped,
  ids: readonly string[],
  lock = false,
): Promise<{ id: string; status: BillRunStatus }[]> {
  return scoped.query(
    `select id, status from bill_run where entity_id = $1 and org_ids && $2::uuid[] and id = any($3)
     order by id ${lock ? 'for no key update' : ''}`,
    [ids],
  );
}

/**
 * A run of which an account's document is a draft again is no longer Posted: posting it once more posts that document.
 * The run is locked.
 */
export async function reopenBillRun(
  scoped: Scoped,
  id: string,
  accountId: string,
  { updatedDate, updatedById }: { updatedDate: string; updatedById: string },
): Promise<void> {
  await scoped.query(
    `with chunk as (
       update bill_run_chunk c set status = 'Billed'
       from bill_run_account a
       where a.entity_id = $1 and a.org_id = any($2) and a.bill_run_id = $3 and a.account_id = $4
         and c.id = a.chunk_id and c.status = 'Posted'
     )
     update bill_run set status = 'Completed', version = version + 1, updated_date = greatest(updated_date, $5),
       updated_by_id = $6
     where entity_id = $1 and org_ids && $2::uuid[] and id = $3 and status = 'Posted'`,
    [id, accountId, updatedDate, updatedById],
  );
}
