import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { testEvent, type WebhookDeliveryStatus, webhookDeliveryStatuses } from '../domain/webhook-endpoint';
import { byIndex, type Connection, type Scoped } from './connection/connection';
import { HistoryEntryRow } from './history';
import { WebhookEndpointRow } from './webhook-endpoint';

/**
 * One event for one endpoint. An endpoint has at most one delivery of an event: to send it again, the delivery becomes
 * Pending again.
 *
 * The Pending deliveries about one subject are a lane. Only the first of a lane has a `nextAttemptDate`; the others wait for
 * it. So a claim finds what is due by one index, however long a lane is.
 */
@Entity('webhook_delivery')
@Index('webhook_delivery_order', { synchronize: false })
@Index('webhook_delivery_open', { synchronize: false })
@Index('webhook_delivery_lane', { synchronize: false })
@Index('webhook_delivery_due', { synchronize: false })
@Index('webhook_delivery_done', { synchronize: false })
@ForeignKey(() => WebhookEndpointRow, ['entityId', 'endpointId'], ['entityId', 'id'], { onDelete: 'CASCADE' })
@ForeignKey(() => HistoryEntryRow, ['entityId', 'entryId'], ['entityId', 'id'])
export class WebhookDeliveryRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') endpointId: string;
  /** The event; null for a test, which is no entry of the history. */
  @Column('uuid', { nullable: true }) entryId: string | null;
  /** The position of the event among all events. */
  @Column('bigint') position: string;
  /** The object that the event is about; of a test, the delivery itself. */
  @Column('uuid') subjectId: string;
  @Column('enum', { enum: webhookDeliveryStatuses, enumName: 'webhook_delivery_status' }) status: WebhookDeliveryStatus;
  /** Attempts that have ended. */
  @Column('integer') attempts: number;
  /** While the delivery is under way: when it is sent again if the process has died. */
  @Column('timestamp with time zone', { precision: 3, nullable: true }) nextAttemptDate: string | null;
  /** The claim under which the delivery is under way, or was when its process died. */
  @Column('uuid', { nullable: true }) claim: string | null;
  @Column('integer', { nullable: true }) responseStatus: number | null;
  @Column('text', { nullable: true }) error: string | null;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
  @Column('timestamp with time zone', { precision: 3, nullable: true }) deliveredDate: string | null;
}

const ofEntity = 't.entity_id = $1 and $2::uuid[] is not null';
/** The place of a delivery among those of its endpoint: that of its event. */
export const eventKey = (alias: string): string => `coalesce(${alias}.entry_id, ${alias}.id)`;
const inFlight = (alias: string): string => `(${alias}.claim is not null and ${alias}.next_attempt_date > now())`;

/** The event of a test as an entry of the history: of the endpoint, by its client. */
export const testEntry = (
  { id, endpointId, createdDate }: Pick<WebhookDeliveryRow, 'id' | 'endpointId' | 'createdDate'>,
  clientId: string,
) => ({
  ...{ id, at: createdDate, actor: clientId, trackId: null, ...testEvent },
  ...{ fromState: null, toState: null, subjectId: endpointId, changes: [], version: 1 },
});

/** An event to be sent to an endpoint. */
export type NewDelivery = Pick<WebhookDeliveryRow, 'id' | 'entryId' | 'position' | 'subjectId' | 'endpointId'>;
type Lane = Pick<WebhookDeliveryRow, 'endpointId' | 'subjectId'>;

const uniqueLanes = (lanes: readonly Lane[]): Lane[] => [
  ...new Map(
    lanes.map(({ endpointId, subjectId }) => [`${endpointId} ${subjectId}`, { endpointId, subjectId }]),
  ).values(),
];

/** SQL: the advisory lock on the lanes of an endpoint. Whoever records shares it, and whoever changes lanes holds it alone. */
export const lanesLock = (how: '' | '_shared', endpointId: string): string =>
  `pg_advisory_xact_lock${how}(hashtextextended(${endpointId}::text, 4907))`;

/**
 * Keeps outcomes from being recorded for these endpoints until the transaction ends. Otherwise a delivery could be put behind
 * one that ends at the same moment, and nobody would make it the first. Taken before any delivery is locked, in the order of
 * the ids: locks on the rows alone deadlocked with what records.
 */
export const holdLanes = (scoped: Scoped, endpointIds: readonly string[]): Promise<unknown> =>
  scoped.lock(
    'webhook lanes',
    endpointIds,
    `select ${lanesLock('', 'e.id')} from (select id from unnest($3::uuid[]) id order by id) e
     where $1::uuid is not null and $2::uuid[] is not null`,
    [endpointIds],
  );

/** The lanes that have a Pending delivery. */
async function takenLanes(scoped: Scoped, lanes: readonly Lane[]): Promise<Set<string>> {
  const found = await scoped.query<Lane>(
    `select lane."endpointId", lane."subjectId" from json_to_recordset($3::json) as lane("endpointId" uuid, "subjectId" uuid)
     where exists (select from webhook_delivery t
       where ${ofEntity} and t.endpoint_id = lane."endpointId" and t.subject_id = lane."subjectId" and t.status = 'Pending')`,
    [JSON.stringify(lanes)],
  );
  return new Set(found.map(({ endpointId, subjectId }) => `${endpointId} ${subjectId}`));
}

/** SQL: when a delivery of an endpoint is due. */
type Due = (endpointId: string) => string;
const dueNow: Due = () => 'now()';
/**
 * Before all of the endpoint that is due: somebody has asked, and wants to know now. An endpoint that does not answer is asked
 * one thing at a time, so hours of deliveries may wait for their turns.
 */
export const dueFirst: Due = (endpointId) =>
  `least(now(), (select min(d.next_attempt_date) from webhook_delivery d
    where d.entity_id = $1 and d.endpoint_id = ${endpointId} and d.status = 'Pending' and d.next_attempt_date is not null) - interval '1 ms')`;

/**
 * Inserts deliveries of new events, in the order of the events. This transaction holds the lanes of their endpoints. The
 * first of a lane is due.
 */
export async function insertDeliveries(scoped: Scoped, rows: readonly NewDelivery[], due = dueNow): Promise<void> {
  if (rows.length === 0) return;
  const taken = await takenLanes(scoped, uniqueLanes(rows));
  const written = rows.map((row) => {
    const lane = `${row.endpointId} ${row.subjectId}`;
    const first = !taken.has(lane);
    taken.add(lane);
    return { ...row, first };
  });
  await scoped.post(
    `insert into webhook_delivery (entity_id, id, endpoint_id, entry_id, position, subject_id, status, attempts, next_attempt_date, created_date)
     select $1::uuid, r.id, r."endpointId", r."entryId", r.position, r."subjectId", 'Pending', 0, case when r.first then ${due('r."endpointId"')} end, now()
     from json_to_recordset($3::json) as r(id uuid, "endpointId" uuid, "entryId" uuid, position bigint, "subjectId" uuid, first boolean)
     where $2::uuid[] is not null`,
    [JSON.stringify(written)],
  );
}

/**
 * Puts events into the lanes of an endpoint, which this transaction holds, whether they were sent before or not. What is
 * under way stays so; it is first, and the others follow in the order of the events.
 */
export async function resendEvents(scoped: Scoped, endpointId: string, rows: readonly NewDelivery[]): Promise<void> {
  if (rows.length === 0) return;
  const subjects = [...new Set(rows.map(({ subjectId }) => subjectId))];
  await lockLanes(scoped, endpointId, subjects);
  await scoped.query(
    `insert into webhook_delivery as t (entity_id, id, endpoint_id, entry_id, position, subject_id, status, attempts, created_date)
     select $1::uuid, r.id, r."endpointId", r."entryId", r.position, r."subjectId", 'Pending', 0, now()
     from json_to_recordset($3::json) as r(id uuid, "endpointId" uuid, "entryId" uuid, position bigint, "subjectId" uuid)
     where $2::uuid[] is not null
     on conflict (entity_id, endpoint_id, position, (coalesce(entry_id, id))) do update
     set status = 'Pending', attempts = 0, next_attempt_date = null, claim = null, delivered_date = null
     where not ${inFlight('t')}`,
    [JSON.stringify(rows)],
  );
  await raiseHeads(scoped, endpointId, subjects);
}

/**
 * Makes deliveries Pending again, before all that is due: those with these ids, or all that have failed. Returns how many.
 * This transaction holds the lanes.
 */
export async function resend(scoped: Scoped, endpointId: string, ids: readonly string[] | null): Promise<number> {
  await scoped.connection.setLocal(byIndex);
  const which = ids ? 't.id = any($4)' : "t.status = 'Failed' and $4::uuid[] is null";
  const found = await scoped.query<{ subjectId: string }>(
    `select distinct t.subject_id as "subjectId" from webhook_delivery t where ${ofEntity} and t.endpoint_id = $3 and ${which}`,
    [endpointId, ids],
  );
  const subjects = found.map(({ subjectId }) => subjectId);
  if (subjects.length === 0) return 0;
  await lockLanes(scoped, endpointId, subjects);
  const changed = await scoped.query(
    `update webhook_delivery t set status = 'Pending', attempts = 0, next_attempt_date = null, claim = null, delivered_date = null
     where ${ofEntity} and t.endpoint_id = $3 and ${which} and not ${inFlight('t')} returning 1`,
    [endpointId, ids],
  );
  await raiseHeads(scoped, endpointId, subjects, dueFirst);
  return changed.length;
}

/** What waits for its retry is due now, with all its attempts before it. What is under way stays so. The lanes are held. */
export const retryNow = (scoped: Scoped, endpointId: string): Promise<void> =>
  scoped.post(
    `update webhook_delivery t set next_attempt_date = least(t.next_attempt_date, now()), attempts = 0
     where ${ofEntity} and t.endpoint_id = $3 and t.status = 'Pending' and t.next_attempt_date is not null and not ${inFlight('t')}`,
    [endpointId],
  );

/**
 * Nobody claims a delivery of these lanes until the transaction ends. Only what has a date can be claimed, so the others need no
 * lock: for 100,000 of one lane that took a second.
 */
const lockLanes = (scoped: Scoped, endpointId: string, subjects: readonly string[]): Promise<unknown> =>
  scoped.lock(
    'webhook_delivery',
    [endpointId],
    `select from webhook_delivery t where ${ofEntity} and t.endpoint_id = $3 and t.subject_id = any($4) and t.status = 'Pending'
     and t.next_attempt_date is not null order by t.endpoint_id, t.subject_id, t.position, ${eventKey('t')} for update`,
    [endpointId, subjects],
  );

/** The first delivery of each lane is due, unless one of the lane is under way. */
const raiseHeads = (scoped: Scoped, endpointId: string, subjects: readonly string[], due = dueNow): Promise<unknown> =>
  scoped.query(
    `update webhook_delivery t set next_attempt_date = case when t.id = head.id then ${due('$3')} end
     from unnest($4::uuid[]) as lane(subject_id)
     cross join lateral (select d.id from webhook_delivery d where d.entity_id = $1 and d.endpoint_id = $3 and d.subject_id = lane.subject_id
       and d.status = 'Pending' order by d.position, ${eventKey('d')} limit 1) head
     where ${ofEntity} and t.endpoint_id = $3 and t.subject_id = lane.subject_id and t.status = 'Pending'
       and (t.next_attempt_date is not null or t.id = head.id)
       and not exists (select from webhook_delivery d where d.entity_id = $1 and d.endpoint_id = $3 and d.subject_id = lane.subject_id
         and d.status = 'Pending' and ${inFlight('d')})`,
    [endpointId, subjects],
  );

/** Which of these ids are deliveries of an endpoint. */
export async function deliveriesAmong(
  scoped: Scoped,
  endpointId: string,
  ids: readonly string[],
): Promise<Set<string>> {
  const rows = await scoped.query<{ id: string }>(
    `select t.id from webhook_delivery t where ${ofEntity} and t.endpoint_id = $3 and t.id = any($4)`,
    [endpointId, ids],
  );
  return new Set(rows.map(({ id }) => id));
}

/** The position of what the running transaction writes. */
export async function positionNow(scoped: Scoped): Promise<string> {
  const [{ position }] = await scoped.query<{ position: string }>(
    'select event_position()::text as position where $1::uuid is not null and $2::uuid[] is not null',
  );
  return position;
}

/** The most rows that one statement deletes. */
const atOnce = 5_000;

/** Deletes deliveries that were delivered before an instant, some at a time. True if more may be left. For the system role. */
export async function purgeDeliveries(db: Connection, before: string): Promise<boolean> {
  const deleted = await db.query(
    `delete from webhook_delivery where ctid = any(array(
       select ctid from webhook_delivery where delivered_date < $1 and status = 'Delivered' limit ${atOnce} for update skip locked)) returning 1`,
    [before],
  );
  return deleted.length === atOnce;
}
