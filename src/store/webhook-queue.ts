import { mostInFlight } from '../domain/webhook-endpoint';
import type { Connection, Scoped } from './connection/connection';
import type { Lease } from './connection/lease';
import { eventKey, lanesLock, type WebhookDeliveryRow } from './webhook-delivery';
import type { WebhookEndpointRow } from './webhook-endpoint';

/*
 * What the workers of webhooks ask of all tenants, under the system role: which endpoints have new events, what is due, and
 * what came of it.
 */

/** A client that may be sent webhooks at present: not revoked, with both scopes. */
const mayBeSent = "c.revoked_date is null and c.scopes @> array['webhook', 'read']";
const lastEpoch = '(select epoch, base from event_epoch order by epoch desc limit 1)';

/** A client in an entity, whose endpoints have events behind their cursors. */
export interface Behind {
  entityId: string;
  clientId: string;
}

/** The clients whose endpoints are behind, and whether any endpoint is enabled at all. One look at an index per endpoint. */
export async function endpointsBehind(db: Connection): Promise<{ enabled: boolean; behind: Behind[] }> {
  const rows = await db.query<Behind & { behind: boolean }>(
    `select e.entity_id as "entityId", e.client_id as "clientId", bool_or(e.epoch <> now.epoch or exists (
         select from history_entry t where t.entity_id = e.entity_id and (t.transaction_id, t.id) > (e.position, e.position_id)
           and t.transaction_id < now.horizon)) as behind
     from webhook_endpoint e join client c on c.id = e.client_id cross join (select epoch, event_horizon() as horizon from ${lastEpoch} last) now
     where e.enabled and ${mayBeSent} group by e.entity_id, e.client_id`,
  );
  return { enabled: rows.length > 0, behind: rows.filter(({ behind }) => behind) };
}

/** Behind which position the events of the epochs after that of an endpoint begin; null in the present epoch. */
const restored = '(select min(base) from event_epoch where epoch > t.epoch)';

export type EndpointCursor = Pick<WebhookEndpointRow, 'id' | 'eventTypes' | 'position' | 'positionId' | 'resentUntil'>;

/**
 * Takes the enabled endpoints of a client that no other transaction holds. In a new epoch, positions begin behind all events
 * that the database held then. A cursor may have been moved further, past transactions without events: it goes back to there.
 */
export const takeEndpoints = (scoped: Scoped, clientId: string): Promise<EndpointCursor[]> =>
  scoped.query(
    `select t.id, t.event_types as "eventTypes", t.resent_until::text as "resentUntil",
       least(t.position, ${restored})::text as position,
       case when ${restored} < t.position then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else t.position_id end as "positionId"
     from webhook_endpoint t
     where t.entity_id = $1 and $2::uuid[] is not null and t.client_id = $3 and t.enabled order by t.id for update skip locked`,
    [clientId],
  );

/**
 * Moves the cursors of endpoints that this transaction has taken. A cursor may stand within a transaction: the rest of its
 * events may be among those that are sent again.
 */
export const moveCursors = (
  scoped: Scoped,
  cursors: readonly Pick<WebhookEndpointRow, 'id' | 'position' | 'positionId' | 'epoch'>[],
): Promise<void> =>
  scoped.post(
    `update webhook_endpoint t set position = r.position, position_id = r."positionId", epoch = r.epoch,
       resent_until = case when (t.resent_until, 'ffffffff-ffff-ffff-ffff-ffffffffffff') > (r.position, r."positionId")
         then t.resent_until end
     from json_to_recordset($3::json) as r(id uuid, position bigint, "positionId" uuid, epoch integer)
     where t.entity_id = $1 and $2::uuid[] is not null and t.id = r.id`,
    [JSON.stringify(cursors)],
  );

/** A delivery that this process sends now, with what it needs of its endpoint. */
export type Claimed = Pick<
  WebhookDeliveryRow,
  'entityId' | 'id' | 'endpointId' | 'entryId' | 'subjectId' | 'attempts' | 'createdDate'
> &
  Pick<WebhookEndpointRow, 'clientId' | 'url' | 'documentId'> & { claim: string; secrets: string[] };

/**
 * Claims what is due, at most `most`, and of each endpoint at most `mostInFlight` with those that are under way. When there is
 * more, chance decides which endpoints come first. The claim ends by itself after `leaseMs`, if its process dies.
 *
 * The rows are found again by their place, which is theirs while they are locked. A queue that was empty when PostgreSQL last
 * analyzed it seems to have one row, and any index as good as that of the ids. By ids, 50 of 200,000 took 1,900,000 reads.
 */
export const claimDue = (
  db: Connection,
  claim: string,
  { most, leaseMs, busy }: { most: number; leaseMs: number; busy: ReadonlyMap<string, number> },
): Promise<Claimed[]> =>
  db.query(
    `with due as materialized (
       select e.client_id, e.url, e.document_id, d.place from (
         select e.*, ${mostInFlight} - coalesce(b.count, 0) as free from webhook_endpoint e join client c on c.id = e.client_id
         left join json_to_recordset($4::json) as b(id uuid, count integer) on b.id = e.id
         where e.enabled and ${mayBeSent} and coalesce(b.count, 0) < ${mostInFlight} order by random()) e
       cross join lateral (
         select t.ctid as place from webhook_delivery t
         where t.entity_id = e.entity_id and t.endpoint_id = e.id and t.status = 'Pending' and t.next_attempt_date <= now()
         order by t.next_attempt_date limit e.free for update skip locked) d
       limit $2)
     update webhook_delivery t set claim = $1, next_attempt_date = now() + $3::integer * interval '1 ms'
     from due where t.ctid = due.place
     returning t.entity_id as "entityId", t.id, t.endpoint_id as "endpointId", t.entry_id as "entryId", t.subject_id as "subjectId",
       t.attempts, t.created_date as "createdDate", t.claim, due.client_id as "clientId", due.url, due.document_id as "documentId",
       array(select s.secret from webhook_secret s where s.entity_id = t.entity_id and s.endpoint_id = t.endpoint_id
         and (s.ends_date is null or s.ends_date > now()) order by s.ends_date desc nulls first) as secrets`,
    [claim, most, leaseMs, JSON.stringify([...busy].map(([id, count]) => ({ id, count })))],
  );

/** What came of a claim. */
export interface Outcome extends Pick<Claimed, 'entityId' | 'id' | 'endpointId' | 'subjectId' | 'claim'> {
  /** Delivered, given up, or to be sent again after `pauseMs`. */
  status: WebhookDeliveryRow['status'];
  pauseMs: number | null;
  /** 0 if nothing was sent: the attempt does not count. */
  attempts: 0 | 1;
  responseStatus: number | null;
  error: string | null;
}

/**
 * Records outcomes in one transaction. A claim that has ended in between is left to the process that has the delivery now. A
 * lane whose first delivery has ended goes on with its next. The shared lock comes first, so the statements see all that was
 * put into the lanes before.
 */
export async function record(lease: Lease, outcomes: readonly Outcome[]): Promise<void> {
  const endpoints = [...new Set(outcomes.map(({ endpointId }) => endpointId))];
  await lease.lock(
    endpoints.map((id) => `webhook lanes ${id}`),
    `select ${lanesLock('_shared', 'e.id')} from (select id from unnest($1::uuid[]) id order by id) e`,
    [endpoints],
  );
  await lease.post(
    `update webhook_delivery t set status = r.status, claim = null, attempts = t.attempts + r.attempts,
       next_attempt_date = now() + r."pauseMs" * interval '1 ms',
       response_status = case when r.attempts > 0 then r."responseStatus" else t.response_status end,
       error = case when r.attempts > 0 then r.error else coalesce(r.error, t.error) end,
       delivered_date = case when r.status = 'Delivered' then now() end
     from json_to_recordset($1::json) as r("entityId" uuid, id uuid, claim uuid, status webhook_delivery_status,
       "pauseMs" double precision, attempts integer, "responseStatus" integer, error text)
     where t.entity_id = r."entityId" and t.id = r.id and t.claim = r.claim`,
    [JSON.stringify(outcomes)],
  );
  const ended = outcomes.filter(({ status }) => status !== 'Pending');
  if (ended.length === 0) return;
  await lease.post(
    `update webhook_delivery t set next_attempt_date = now()
     from json_to_recordset($1::json) as lane("entityId" uuid, "endpointId" uuid, "subjectId" uuid)
     cross join lateral (select d.ctid as place from webhook_delivery d
       where d.entity_id = lane."entityId" and d.endpoint_id = lane."endpointId" and d.subject_id = lane."subjectId"
         and d.status = 'Pending' order by d.position, ${eventKey('d')} limit 1) head
     where t.ctid = head.place and t.next_attempt_date is null`,
    [JSON.stringify(ended)],
  );
}
