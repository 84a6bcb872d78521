import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ClientRow } from './client';
import type { Connection, Scoped } from './connection/connection';
import { selectList, tableOf } from './query/table';
import { EntityRow } from './tenant';

/**
 * A place that a client wants events sent to. It belongs to the client and the entity, to no org: it is sent what the client
 * sees at the time of sending.
 *
 * `position`, `positionId` and `epoch` are the cursor among the events: what lies behind it has its deliveries.
 */
@Entity('webhook_endpoint')
@Index(['entityId', 'clientId', 'id'])
@ForeignKey(() => EntityRow, ['entityId'], ['id'])
@ForeignKey(() => ClientRow, ['clientId'], ['id'], { onDelete: 'CASCADE' })
export class WebhookEndpointRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') clientId: string;
  @Column('text') url: string;
  @Column('text', { nullable: true }) description: string | null;
  /** Types, and nouns with a "." at the end; null for all. */
  @Column('text', { array: true, nullable: true }) eventTypes: string[] | null;
  /** The registered document whose result is sent along. */
  @Column('text', { nullable: true }) documentId: string | null;
  @Column('boolean') enabled: boolean;
  @Column('text', { nullable: true }) disabledReason: string | null;
  @Column('bigint') position: string;
  @Column('uuid') positionId: string;
  @Column('integer') epoch: number;
  /** Events up to this position are sent again while the cursor passes them; null if none are. */
  @Column('bigint', { nullable: true }) resentUntil: string | null;
  @Column('integer') version: number;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
  @Column('timestamp with time zone', { precision: 3 }) updatedDate: string;
}

/** A secret that signs. Several sign at once for a day after a rotation. Kept as it is: signing needs it. */
@Entity('webhook_secret')
@Index(['entityId', 'endpointId'])
@ForeignKey(() => WebhookEndpointRow, ['entityId', 'endpointId'], ['entityId', 'id'], { onDelete: 'CASCADE' })
export class WebhookSecretRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') endpointId: string;
  @Column('text') secret: string;
  /** The secret signs until then; null for the newest. */
  @Column('timestamp with time zone', { precision: 3, nullable: true }) endsDate: string | null;
}

const table = tableOf(WebhookEndpointRow);
const columns = Object.keys(table.columns);
/** Endpoints have no org. */
const ofEntity = 't.entity_id = $1 and $2::uuid[] is not null';

/** The endpoints of a client, in the order of creation; only those with these ids, if they are given. */
export const endpointsOf = (
  scoped: Scoped,
  clientId: string,
  ids: readonly string[] | null = null,
): Promise<WebhookEndpointRow[]> =>
  scoped.query(
    `select ${selectList(table)} from webhook_endpoint t
     where ${ofEntity} and t.client_id = $3 and ($4::uuid[] is null or t.id = any($4)) order by t.id`,
    [clientId, ids],
  );

/** The client's endpoint, locked against every other change of it and of the order of its deliveries. */
export async function lockEndpoint(
  scoped: Scoped,
  clientId: string,
  id: string,
): Promise<WebhookEndpointRow | undefined> {
  const [row] = await scoped.lock<WebhookEndpointRow>(
    'webhook_endpoint',
    [id],
    `select ${selectList(table)} from webhook_endpoint t where ${ofEntity} and t.client_id = $3 and t.id = $4 for update`,
    [clientId, id],
  );
  return row;
}

const countLock = 4906;

/** Counts the endpoints of a client. Nobody else creates one for the client until the transaction ends. */
export async function lockEndpointCount(scoped: Scoped, clientId: string): Promise<number> {
  await scoped.lock(
    'webhook endpoints of client',
    [clientId],
    `select pg_advisory_xact_lock(hashtextextended($1::text || $3::text, ${countLock})) from (select $2::uuid[]) orgs`,
    [clientId],
  );
  const [{ count }] = await scoped.query<{ count: number }>(
    `select count(*)::integer as count from webhook_endpoint t where ${ofEntity} and t.client_id = $3`,
    [clientId],
  );
  return count;
}

export async function insertEndpoint(scoped: Scoped, row: WebhookEndpointRow): Promise<void> {
  const named = columns.map((property) => table.columns[property]);
  await scoped.post(
    `insert into webhook_endpoint (${named.map(({ name }) => name).join(', ')})
     select ${columns.map((property) => `r."${property}"`).join(', ')}
     from json_to_recordset($3::json) as r(${columns.map((p) => `"${p}" ${table.columns[p].type}`).join(', ')})
     where r."entityId" = $1 and $2::uuid[] is not null`,
    [JSON.stringify([row])],
  );
}

/** Writes what a client may change of an endpoint that this transaction has locked. */
export async function saveEndpoint(scoped: Scoped, row: WebhookEndpointRow): Promise<void> {
  await scoped.post(
    `update webhook_endpoint t set url = $4, description = $5, event_types = $6, document_id = $7, enabled = $8,
       disabled_reason = $9, version = $10, updated_date = $11 where ${ofEntity} and t.id = $3`,
    [
      ...[row.id, row.url, row.description, row.eventTypes, row.documentId, row.enabled],
      ...[row.disabledReason, row.version, row.updatedDate],
    ],
  );
}

/** Deletes an endpoint with its secrets and deliveries. */
export const deleteEndpoint = (scoped: Scoped, id: string): Promise<void> =>
  scoped.post(`delete from webhook_endpoint t where ${ofEntity} and t.id = $3`, [id]);

/** Adds a secret. The one before it signs until `endsDate`, and older ones no longer. */
export async function addSecret(
  scoped: Scoped,
  { id, endpointId, secret }: Pick<WebhookSecretRow, 'id' | 'endpointId' | 'secret'>,
  endsDate: string,
): Promise<void> {
  const own = 't.entity_id = $1 and $2::uuid[] is not null and t.endpoint_id = $3';
  await scoped.post(`delete from webhook_secret t where ${own} and t.ends_date is not null`, [endpointId]);
  await scoped.post(`update webhook_secret t set ends_date = $4 where ${own}`, [endpointId, endsDate]);
  await scoped.post(
    `insert into webhook_secret (entity_id, id, endpoint_id, secret)
     select $1::uuid, $4::uuid, $3::uuid, $5::text where $2::uuid[] is not null`,
    [endpointId, id, secret],
  );
}

/** Sets the cursor of an endpoint back. The events up to where it was are sent again, in their order. */
export const setBack = (scoped: Scoped, id: string, to: { value: string; id: string }): Promise<void> =>
  scoped.post(
    `update webhook_endpoint t set resent_until = greatest(t.resent_until, t.position), position = $4, position_id = $5
     where ${ofEntity} and t.id = $3 and (t.position, t.position_id) > ($4, $5)`,
    [id, to.value, to.id],
  );

/** An endpoint as operators see it. */
export interface EndpointReport {
  entityId: string;
  id: string;
  clientId: string;
  clientName: string;
  url: string;
  enabled: boolean;
  disabledReason: string | null;
  pending: number;
  failed: number;
  lastError: string | null;
}

/** The endpoints of all clients, with how many deliveries are open and the last error. For the system role. */
export const endpointReport = (db: Connection): Promise<EndpointReport[]> =>
  db.query(
    `select t.entity_id as "entityId", t.id, t.client_id as "clientId", c.name as "clientName", t.url, t.enabled,
       t.disabled_reason as "disabledReason", open.pending, open.failed, last.error as "lastError"
     from webhook_endpoint t join client c on c.id = t.client_id
     cross join lateral (select count(*) filter (where d.status = 'Pending')::integer as pending,
         count(*) filter (where d.status = 'Failed')::integer as failed
       from webhook_delivery d where d.entity_id = t.entity_id and d.endpoint_id = t.id and d.status <> 'Delivered') open
     left join lateral (select d.error from webhook_delivery d where d.entity_id = t.entity_id and d.endpoint_id = t.id
       and d.status <> 'Delivered' and d.error is not null order by d.next_attempt_date desc nulls first limit 1) last on true
     order by c.name, t.client_id, t.id`,
  );
