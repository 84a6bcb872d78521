import { billRunPhases, openBillRuns } from '../domain/bill-run';
import type { Connection } from './connection/connection';

/** What waits to be done behind replies, in the whole database, and how many seconds the oldest of it has waited. */
export interface Backlog {
  billRuns: number;
  /** Chunks of these runs that are not done; a run that is not parted yet has none. */
  chunks: number;
  /** Since the run that has been at what it is at for longest got there: a run is Pending, bills, posts and so on. */
  billRunAge: number;
  attempts: number;
  attemptAge: number;
  refunds: number;
  refundAge: number;
}

const list = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');
const open = `status in (${list(openBillRuns)})`;
const toDo = Object.entries(billRunPhases)
  .map(([status, { from }]) => `r.status = '${status}' and c.status in (${list(from)})`)
  .join(' or ');
const age = (column: string) => `coalesce(extract(epoch from now() - min(${column})), 0)::float8`;

/** One statement, over the partial indexes of what is open: it costs what is open, and not what there is. */
export async function backlog(connection: Connection): Promise<Backlog> {
  const [row] = await connection.query<Backlog>(
    `select run.*, attempt.*, refund.*, chunk.*
     from (select count(*)::integer as "billRuns", ${age('updated_date')} as "billRunAge" from bill_run where ${open}) as run,
       (select count(*)::integer as "attempts", ${age('created_date')} as "attemptAge" from payment_attempt
        where status = 'Open') as attempt,
       (select count(*)::integer as "refunds", ${age('created_date')} as "refundAge" from refund
        where status = 'Processing') as refund,
       (select count(*)::integer as "chunks" from (select entity_id, id, status from bill_run where ${open}) as r
        join bill_run_chunk c on c.entity_id = r.entity_id and c.bill_run_id = r.id where ${toDo}) as chunk`,
  );
  return row;
}
