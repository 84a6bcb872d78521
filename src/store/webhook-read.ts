import type { WebhookDeliveryStatus } from '../domain/webhook-endpoint';
import type { Scoped } from './connection/connection';
import { HistoryEntryRow } from './history';
import { Values } from './query/filter';
import type { Position } from './query/list';
import { inScope, listed, selectList, tableOf } from './query/table';
import { eventKey, WebhookDeliveryRow } from './webhook-delivery';

/* Deliveries as the graph shows them: those whose events the caller sees. */

const table = tableOf(WebhookDeliveryRow);
const entries = tableOf(HistoryEntryRow);
const isSeen = `(t.entry_id is null or exists (select from history_entry h
  where h.entity_id = $1 and h.id = t.entry_id and ${inScope(entries, 'h')}))`;

/** A delivery in a list, with its place: that of its event. */
export type ListedDelivery = WebhookDeliveryRow & { sortValue: string; eventId: string };

const columns = `${selectList(table)}, t.position::text as "sortValue", ${eventKey('t')} as "eventId"`;

export interface DeliveryQuery {
  status: WebhookDeliveryStatus | null;
  from: Position | null;
  limit: number;
}

/** A page of the deliveries of each endpoint, the newest event first. One statement for all endpoints. */
export function deliveryPages(
  scoped: Scoped,
  endpointIds: readonly string[],
  { status, from, limit }: DeliveryQuery,
): Promise<ListedDelivery[]> {
  const values = new Values();
  const parents = values.add(endpointIds, 'uuid[]');
  const where = ['t.entity_id = $1', 't.endpoint_id = parent.id', isSeen, ...statusIs(status)];
  if (from)
    where.push(
      `(t.position, ${eventKey('t')}) < (${values.add(from.value, 'bigint')}, ${values.add(from.id, 'uuid')})`,
    );
  return scoped.query(
    `select child.* from unnest(${listed(parents)}) as parent(id)
     cross join lateral (select ${columns} from webhook_delivery t where ${where.join(' and ')}
       order by t.position desc, ${eventKey('t')} desc limit ${values.add(limit, 'integer')}) child`,
    values.list,
  );
}

/** A literal: the indexes have conditions on the status. */
const statusIs = (status: WebhookDeliveryStatus | null): string[] => (status ? [`t.status = '${status}'`] : []);

/** How many deliveries each endpoint has; endpoints without any are absent. */
export const deliveryCounts = (
  scoped: Scoped,
  endpointIds: readonly string[],
  status: WebhookDeliveryStatus | null,
): Promise<{ endpointId: string; count: number }[]> =>
  scoped.query(
    `select t.endpoint_id as "endpointId", count(*)::integer as count from webhook_delivery t
     where ${['t.entity_id = $1', 't.endpoint_id = any($3)', isSeen, ...statusIs(status)].join(' and ')} group by t.endpoint_id`,
    [endpointIds],
  );

/** How many deliveries of each endpoint are Pending, whatever the caller sees of their events. */
export const pendingCounts = (
  scoped: Scoped,
  endpointIds: readonly string[],
): Promise<{ endpointId: string; count: number }[]> =>
  scoped.query(
    `select t.endpoint_id as "endpointId", count(*)::integer as count from webhook_delivery t
     where t.entity_id = $1 and $2::uuid[] is not null and t.endpoint_id = any($3) and t.status = 'Pending' group by t.endpoint_id`,
    [endpointIds],
  );

/** Deliveries of a client's endpoints by their ids. */
export const deliveriesById = (
  scoped: Scoped,
  clientId: string,
  ids: readonly string[],
): Promise<WebhookDeliveryRow[]> =>
  scoped.query(
    `select ${selectList(table)} from webhook_delivery t join webhook_endpoint e on e.entity_id = t.entity_id and e.id = t.endpoint_id
     where t.entity_id = $1 and e.client_id = $3 and t.id = any($4) and ${isSeen}`,
    [clientId, ids],
  );
