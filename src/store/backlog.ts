import { billRunPhases, openBillRuns } from '../domain/bill-run';
import type { Connection } from './connection/connection';

/** Work that continues after replies, in the whole database, and the age of the oldest in seconds. */
export interface Backlog {
  billRuns: number;
  /** Chunks of these runs still to do. A run that is not yet split has none. */
  chunks: number;
  /** Seconds since the last status change of the run that has not changed for longest. */
  billRunAge: number;
  attempts: number;
  attemptAge: number;
  refunds: number;
  refundAge: number;
  /** Unresolved differences from the payment provider. */
  differences: number;
  /** Webhook deliveries to enabled endpoints that are Pending. */
  webhooks: number;
  webhookAge: number;
  disabledWebhooks: number;
}

const list = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');
const open = `status in (${list(openBillRuns)})`;
const toDo = Object.entries(billRunPhases)
  .map(([status, { from }]) => `r.status = '${status}' and c.status in (${list(from)})`)
  .join(' or ');
const age = (column: string) => `coalesce(extract(epoch from now() - min(${column})), 0)::float8`;

/**
 * One statement over the partial indexes of open work. Its cost depends on the open rows, not on the size of the
 * tables.
 */
export async function backlog(connection: Connection): Promise<Backlog> {
  const [row] = await connection.query<Backlog>(
    `select run.*, attempt.*, refund.*, chunk.*, difference.*, webhook.*
     from (select count(*)::integer as "billRuns", ${age('updated_date')} as "billRunAge" from bill_run where ${open}) as run,
       (select count(*)::integer as "attempts", ${age('created_date')} as "attemptAge" from payment_attempt
        where status = 'Open') as attempt,
       (select count(*)::integer as "refunds", ${age('created_date')} as "refundAge" from refund
        where status = 'Processing') as refund,
       (select count(*)::integer as "chunks" from (select entity_id, id, status from bill_run where ${open}) as r
        join bill_run_chunk c on c.entity_id = r.entity_id and c.bill_run_id = r.id where ${toDo}) as chunk,
       (select count(*)::integer as "differences" from provider_difference where resolved_date is null) as difference,
       (select coalesce(sum(open.count) filter (where e.enabled), 0)::integer as webhooks,
          coalesce(extract(epoch from now() - min(oldest.created_date) filter (where e.enabled)), 0)::float8 as "webhookAge",
          count(*) filter (where not e.enabled)::integer as "disabledWebhooks"
        from webhook_endpoint e
        cross join lateral (select count(*) as count from webhook_delivery t
          where t.entity_id = e.entity_id and t.endpoint_id = e.id and t.status = 'Pending') open
        left join lateral (select t.created_date from webhook_delivery t
          where t.entity_id = e.entity_id and t.endpoint_id = e.id and t.status = 'Pending' order by t.position limit 1) oldest on true) as webhook`,
  );
  return row;
}
