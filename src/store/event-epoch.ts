import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * The positions of events rise with the ids of transactions, and PostgreSQL counts these for a cluster. A database that
 * was restored into another one begins a new epoch. Its positions begin behind all that it holds (`base`). Positions that
 * clients know from the database that it was copied from no longer count.
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
const identity = `(select system_identifier::text || '/' || (select oid from pg_database where datname = current_database())
  from pg_control_system())`;

/** Begins an epoch if this is not the database of the present one. For whoever migrates. */
export const beginEpoch = `insert into event_epoch (epoch, base, database, began_date)
  select coalesce(last.epoch, 0) + 1, coalesce((select max(transaction_id) from history_entry), 0), ${identity}, now()
  from (values (1)) one left join (select * from event_epoch order by epoch desc limit 1) last on true
  where last.database is distinct from ${identity}`;
