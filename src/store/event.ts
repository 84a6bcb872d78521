import { eventTypes } from '../domain/history';
import type { Connection, Scoped } from './connection/connection';
import { HistoryEntryRow } from './history';
import { type IdFilter, idIs, type TextFilter, Values } from './query/filter';
import { checkListed, type Listed, type Position } from './query/list';
import { inScope, selectList, tableOf } from './query/table';

/*
 * The history in the order in which clients follow it: by the position of the transaction, and by id. Entries of
 * transactions that an open one may still come before are left out. So nothing ever appears before an entry that was read.
 */

export interface EventFilter {
  type?: TextFilter;
  subjectId?: IdFilter;
}

export interface EventQuery {
  properties: readonly string[];
  filter: EventFilter | null | undefined;
  from: Position | null;
  limit: number;
  /** Only events of these types; null for all. Absent: as the filter says. */
  types?: readonly string[] | null;
}

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

const table = tableOf(HistoryEntryRow);
const typeOf = `((t.subject_type || '.' || t.action) collate "C")`;
const order = 'order by t.transaction_id, t.id';
const horizon = '(select event_horizon())';

const nowText = `select epoch, began_date as "beganDate", event_horizon()::text as horizon,
    (base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint)::text as "end",
    pg_is_in_recovery() as "isReplica", now() as now
  from event_epoch order by epoch desc limit 1`;

/** How far the events go at the moment. */
export async function eventsNow(connection: Connection): Promise<EventsNow> {
  const [now] = await connection.query<EventsNow>(nowText);
  return now;
}

/** The types that a filter leaves; null if it leaves all. They are known, so each can be walked along its own index. */
export function typesOf({ type }: EventFilter): string[] | null {
  const { eq, in: listed, startsWith, isNull } = type ?? {};
  if (eq === undefined && listed === undefined && startsWith === undefined && isNull !== true) return null;
  return eventTypes.filter(
    (each) =>
      (eq ?? each) === each &&
      (listed ?? [each]).includes(each) &&
      each.startsWith(startsWith ?? '') &&
      isNull !== true,
  );
}

/** The position before every event of the caller's scope since an instant; that of now if there is none. */
export async function positionBefore(scoped: Scoped, at: string): Promise<Position> {
  const [{ value }] = await scoped.query<{ value: string }>(
    `select (coalesce(min(t.transaction_id), event_horizon()) - 1)::text as value from history_entry t
     where ${inScope(table)} and t.at >= $3`,
    [at],
  );
  return { value, id: 'f'.repeat(32) };
}

/** The conditions on entries, but for the types if each has its own walk. @throws RequestError BAD_REQUEST */
function conditionsOf(
  filter: EventFilter,
  values: Values,
  types = typesOf(filter) as readonly string[] | null,
): { where: string[]; walks: string | null } {
  checkListed(filter);
  const objects = filter.subjectId ? idIs('t.subject_id')(filter.subjectId, values) : [];
  const where = [inScope(table), `t.transaction_id < ${horizon}`, ...objects];
  if (!types) return { where, walks: null };
  if (!objects.length) return { where, walks: values.add(types, 'text[]') };
  return { where: [...where, `${typeOf} = any(${values.add(types, 'text[]')})`], walks: null };
}

/**
 * A page of events, with how far they go. PostgreSQL knows little of the types, and would gather and sort all entries of
 * some of them: 88,000 for a page of 20. So each type is walked along by itself, and the walks are merged.
 */
export async function eventPage(
  scoped: Scoped,
  { properties, filter, from, limit, types }: EventQuery,
): Promise<{ now: EventsNow; rows: Listed<HistoryEntryRow>[] }> {
  const values = new Values();
  const { where, walks } = conditionsOf(filter ?? {}, values, types);
  if (from)
    where.push(`(t.transaction_id, t.id) > (${values.add(from.value, 'bigint')}, ${values.add(from.id, 'uuid')})`);
  const most = values.add(limit, 'integer');
  const walk = (more: string[]) =>
    `select t.* from history_entry t where ${[...where, ...more].join(' and ')} ${order} limit ${most}`;
  const page = walks
    ? `select t.* from unnest(${walks}) wanted(type) cross join lateral (${walk([`${typeOf} = wanted.type`])}) t ${order} limit ${most}`
    : walk([]);
  const rows = await scoped.query<EventsNow & Listed<HistoryEntryRow>>(
    `select now.*, ${selectList(table, [...new Set(['id', ...properties])])}, t.transaction_id::text as "sortValue"
     from (${nowText}) now
     left join lateral (${page}) t on true ${order}`,
    values.list,
  );
  const [{ epoch, beganDate, horizon, end, isReplica, now }] = rows;
  return { now: { epoch, beganDate, horizon, end, isReplica, now }, rows: rows.filter(({ id }) => id !== null) };
}

/** Counts the events that a filter leaves. `span`: only those behind the first position, and up to the second. */
export async function countEvents(
  scoped: Scoped,
  filter: EventFilter | null | undefined,
  span?: { types: readonly string[] | null; after: Position; upTo: Position },
): Promise<number> {
  const values = new Values();
  const { where, walks } = conditionsOf(filter ?? {}, values, span?.types);
  const types = walks ? [`${typeOf} = any(${walks})`] : [];
  if (span) {
    const at = ({ value, id }: Position) => `(${values.add(value, 'bigint')}, ${values.add(id, 'uuid')})`;
    where.push(`(t.transaction_id, t.id) > ${at(span.after)}`, `(t.transaction_id, t.id) <= ${at(span.upTo)}`);
  }
  const [{ count }] = await scoped.query<{ count: number }>(
    `select count(*)::integer as count from history_entry t where ${[...where, ...types].join(' and ')}`,
    values.list,
  );
  return count;
}
