import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Difference, DifferenceKind } from '../domain/reconciliation';
import type { Connection } from './connection/connection';

/**
 * What a payment provider and our books say otherwise, until they agree. It belongs to an account at the provider, not to an
 * entity: nobody knows whose a charge is that our books do not have.
 */
@Entity('provider_difference')
@Index('provider_difference_unresolved', { synchronize: false })
export class ProviderDifferenceRow {
  /** The account at the provider, as the payment port names it. */
  @PrimaryColumn('text') account: string;
  /** The provider's id of the charge. */
  @PrimaryColumn('text') chargeId: string;
  @PrimaryColumn('text') kind: DifferenceKind;
  @PrimaryColumn('text') objectId: string;
  @Column('text', { nullable: true }) ours: string | null;
  @Column('text', { nullable: true }) theirs: string | null;
  @Column('timestamp with time zone', { precision: 3 }) firstSeen: string;
  @Column('timestamp with time zone', { precision: 3 }) lastSeen: string;
  @Column('timestamp with time zone', { precision: 3, nullable: true }) resolvedDate: string | null;
}

/**
 * Keeps the differences of one charge, and resolves those that are there no longer. One statement, over a connection of the
 * system: rows without an entity are closed to the application's role.
 */
export async function keepDifferences(
  connection: Connection,
  account: string,
  chargeId: string,
  differences: readonly Difference[],
): Promise<void> {
  await connection.query(
    `with found as (
       select r."kind", r."objectId", r."ours", r."theirs"
       from json_to_recordset($3::json) as r("kind" text, "objectId" text, "ours" text, "theirs" text)
     ), resolved as (
       update provider_difference t set resolved_date = now()
       where account = $1 and charge_id = $2 and resolved_date is null
         and not exists (select from found where found."kind" = t.kind and found."objectId" = t.object_id)
     )
     insert into provider_difference (account, charge_id, kind, object_id, ours, theirs, first_seen, last_seen)
     select $1, $2, "kind", "objectId", "ours", "theirs", now(), now() from found
     on conflict (account, charge_id, kind, object_id) do update
       set ours = excluded.ours, theirs = excluded.theirs, last_seen = excluded.last_seen, resolved_date = null`,
    [account, chargeId, JSON.stringify(differences)],
  );
}

/** Which of these charges have an unresolved difference. */
export async function openCharges(
  connection: Connection,
  account: string,
  chargeIds: readonly string[],
): Promise<Set<string>> {
  const rows = await connection.query<{ chargeId: string }>(
    `select distinct charge_id as "chargeId" from provider_difference
     where account = $1 and charge_id = any($2) and resolved_date is null`,
    [account, chargeIds],
  );
  return new Set(rows.map(({ chargeId }) => chargeId));
}

/** Unresolved differences, the oldest first, at most so many. */
export const unresolvedDifferences = (connection: Connection, most: number): Promise<ProviderDifferenceRow[]> =>
  connection.query(
    `select account, charge_id as "chargeId", kind, object_id as "objectId", ours, theirs, first_seen as "firstSeen",
       last_seen as "lastSeen", resolved_date as "resolvedDate"
     from provider_difference where resolved_date is null order by first_seen, account, charge_id, kind, object_id limit $1`,
    [most],
  );
