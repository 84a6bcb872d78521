import type { HistorySubject } from '../domain/history';

/* What has been committed since somebody looked last, by the history. */

/** A moment of the database: which transactions were over, and up to which position all were. */
export interface Moment {
  /** A snapshot in the form of PostgreSQL. */
  snapshot: string;
  horizon: string;
  /** Behind every position that was given so far. */
  end: string;
}

/** Kinds of objects that have changed in an entity. */
export interface ChangedSubjects {
  entityId: string;
  subjects: HistorySubject[];
  /** The position of the last change. */
  last: string;
}

/** The present moment. */
export const momentText = `select pg_current_snapshot()::text as snapshot, event_horizon()::text as horizon,
    (base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint)::text as "end", base
  from event_epoch order by epoch desc limit 1`;

/**
 * What transactions have changed in some entities ($1) since a moment ($2, $3), with the present moment. A transaction
 * that was open then counts once it is over, however long it took: its position is not below the horizon of then, and it
 * was not visible.
 */
export const changedText = `select now.snapshot, now.horizon, now."end", coalesce((
    select json_agg(changed) from (
      select replace(h.entity_id::text, '-', '') as "entityId", array_agg(distinct h.subject_type) as subjects, max(h.transaction_id)::text as last
      from unnest($1::uuid[]) entity(id) join history_entry h on h.entity_id = entity.id
      where h.transaction_id >= $3::bigint
        and not pg_visible_in_snapshot((h.transaction_id - now.base)::text::xid8, $2::text::pg_snapshot)
      group by h.entity_id
    ) changed), '[]') as changed
  from (${momentText}) now`;
