import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Connection } from './connection/connection';
import { selectList, tableOf } from './query/table';

/** The outcome of a request with an Idempotency-Key, kept for 24 hours. */
@Entity('idempotency_outcome')
@Index(['createdDate'])
export class IdempotencyOutcomeRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') clientId: string;
  @PrimaryColumn('text') key: string;
  /** Digest of the request. A different request under the same key is refused. */
  @Column('text') fingerprint: string;
  @Column('integer') status: number;
  @Column('jsonb') headers: Record<string, string>;
  @Column('text') body: string;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
}

/** Locks the key for this transaction. False if another request with the key is running. */
export async function lockIdempotencyKey(
  connection: Connection,
  entityId: string,
  clientId: string,
  key: string,
): Promise<boolean> {
  const [{ locked }] = await connection.query<{ locked: boolean }>(
    'select pg_try_advisory_xact_lock(hashtextextended($1, 4901)) as locked',
    [JSON.stringify([entityId, clientId, key])],
  );
  return locked;
}

/** The outcome stored under a key in the last 24 hours. Read only after lockIdempotencyKey has locked the key. */
export async function storedOutcome(
  connection: Connection,
  entityId: string,
  clientId: string,
  key: string,
): Promise<IdempotencyOutcomeRow | undefined> {
  const [row] = await connection.query<IdempotencyOutcomeRow>(
    `select ${selectList(tableOf(IdempotencyOutcomeRow))} from idempotency_outcome t
     where entity_id = $1 and client_id = $2 and key = $3 and created_date > now() - interval '24 hours'`,
    [entityId, clientId, key],
  );
  return row;
}

/** Posts an outcome. It replaces an outcome older than 24 hours. */
export async function storeOutcome(
  connection: Connection,
  outcome: Omit<IdempotencyOutcomeRow, 'createdDate'>,
): Promise<void> {
  await connection.post(
    `insert into idempotency_outcome (entity_id, client_id, key, fingerprint, status, headers, body, created_date)
     values ($1, $2, $3, $4, $5, $6, $7, now())
     on conflict (entity_id, client_id, key) do update set fingerprint = excluded.fingerprint, status = excluded.status,
       headers = excluded.headers, body = excluded.body, created_date = excluded.created_date`,
    [
      outcome.entityId,
      outcome.clientId,
      outcome.key,
      outcome.fingerprint,
      outcome.status,
      JSON.stringify(outcome.headers),
      outcome.body,
    ],
  );
}

/**
 * Deletes one piece of the outcomes older than 24 hours, oldest first. Returns whether there may be more. In pieces,
 * because deleting all outcomes of a busy day would exceed the statement timeout. The condition is the age alone: the
 * system's role reads no other column and may lock no row. An outcome that is replaced meanwhile stays.
 */
export async function purgeOutcomes(connection: Connection, piece = 10_000): Promise<boolean> {
  const [{ gone }] = await connection.query<{ gone: number }>(
    `with gone as (
       delete from idempotency_outcome where created_date < now() - interval '24 hours' and created_date <= (
         select max(created_date) from (
           select created_date from idempotency_outcome where created_date < now() - interval '24 hours'
           order by created_date limit $1) oldest)
       returning 1)
     select count(*)::integer as gone from gone`,
    [piece],
  );
  return gone >= piece;
}
