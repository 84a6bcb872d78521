import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { Scoped } from './connection/connection';

/**
 * The positions of events rise with the ids of transactions, and PostgreSQL counts these for a cluster. A database that
 * was restored into another one begins a new epoch: its positions begin behind all that it holds (`base`), and what
 * clients know of positions in the database that it was copied from no longer counts.
 */
@Entity('event_epoch')
@Check('event_epoch_base', 'base >= 0')
export class EventEpochRow {
  @PrimaryColumn('integer') epoch: number;
  /** Added to the id of a transaction. */
  @Column('bigint') base: string;
  /** The cluster and the database in it. */
  @Column('text') database: string;
  @Column('timestamp with time zone', { precision: 3 }) beganDate: string;
}

/** What identifies a database. A copy in the same cluster differs by its oid, one elsewhere by the cluster. */
export const identity = `(select system_identifier::text || '/' || (select oid from pg_database where datname = current_database())
  from pg_control_system())`;

/** Begins an epoch if this is not the database of the present one. For whoever migrates. */
export const beginEpoch = `insert into event_epoch (epoch, base, database, began_date)
  select coalesce(last.epoch, 0) + 1, coalesce((select max(transaction_id) from history_entry), 0), ${identity}, now()
  from (values (1)) one left join (select * from event_epoch order by epoch desc limit 1) last on true
  where last.database is distinct from ${identity}`;

/** How far the events of a database go at the moment. */
export interface EventsNow {
  epoch: number;
  /** When the epoch began. */
  beganDate: string;
  /** Events below this position are complete: no open transaction will add one. */
  horizon: string;
  /** Behind every position that was given so far. */
  end: string;
  /** The database is a replica: other servers may know later positions. */
  isReplica: boolean;
  now: string;
}

/** On the connection that then reads the events: a replica has its own horizon. */
export async function eventsNow({ connection }: Scoped): Promise<EventsNow> {
  const [now] = await connection.query<EventsNow>(
    `select epoch, began_date as "beganDate", event_horizon()::text as horizon,
       (base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint)::text as "end", pg_is_in_recovery() as "isReplica", now() as now
     from event_epoch order by epoch desc limit 1`,
  );
  return now;
}
