import { types } from 'pg';
import type { HistorySubject } from '../domain/history';
import { type Audit, auditAt, type Entry } from '../domain/past';
import type { Scoped } from './connection/connection';
import { deletedNumber, HistoryEntryRow } from './history';
import { inScope, type RowClass, selectList, type Table, tableOf } from './query/table';

/** An object by its id, or by the value of the column of its business number. */
export type Key = { id: string } | { column: string; number: string };

/** Three entries of an object, each with the order in which it comes first. */
const ends = { first: 'at, h.version', last: 'at desc, h.version desc', newest: 'at desc, h.version desc' };
type End = keyof typeof ends;

type Found = Record<string, unknown> & {
  subject: string | null;
  later: number;
  undone: Record<string, string | null> | null;
};

/**
 * An object as it stood at an instant, with all columns of its row; null if it was not made yet, or deleted by then.
 * 'unknown': a change was not recorded.
 *
 * Goes back from the present row: each field has the value before its first change after the instant. An entry of a new
 * object holds no values, so the way forward is closed. The last entry of a deleted object holds all values. One
 * statement, so one snapshot. It reads the later entries of this object alone: 10,000 of them take 30 ms.
 */
export async function rowAt<R extends object>(
  scoped: Scoped,
  row: RowClass<R>,
  subjectType: HistorySubject,
  key: Key,
  at: string,
): Promise<R | 'unknown' | null> {
  const table = tableOf(row);
  const text = textOf(table, subjectType, key);
  const [found] = await scoped.query<Found>(text, ['id' in key ? key.id : key.number, at]);
  const present = found.id === null ? null : (found as unknown as Audit);
  const entry = (end: End): Entry | null =>
    found[`${end}Version`] === null
      ? null
      : {
          version: found[`${end}Version`] as number,
          at: found[`${end}At`] as string,
          actor: found[`${end}Actor`] as string,
          action: found[`${end}Action`] as string,
        };
  const recorded = { first: entry('first'), last: entry('last'), newest: entry('newest'), later: found.later };
  const audit = auditAt(present, recorded, at);
  if (audit === null || audit === 'unknown') return audit;
  const columns = Object.entries(table.columns).map(([name, { type }]): [string, unknown] => {
    const before = found.undone?.[name];
    return [name, before === undefined ? (found[name] ?? null) : valueIn(type, before)];
  });
  const past = { ...Object.fromEntries(columns), ...auditOf(audit), id: found.subject };
  // A column that was added after the deletion, and is never null.
  if (!present && isIncomplete(table, past)) return 'unknown';
  return past as R;
}

const auditOf = ({ version, createdDate, createdById, updatedDate, updatedById }: Audit): Audit => ({
  ...{ version, createdDate, createdById, updatedDate, updatedById },
});

/** Columns that the entry of a deletion leaves out: an object never leaves its org. */
const ofScope = ['entityId', 'orgId'];

const isIncomplete = (table: Table, row: Record<string, unknown>): boolean =>
  Object.entries(table.columns).some(
    ([name, { nullable }]) => !nullable && row[name] === null && !ofScope.includes(name),
  );

const parsers: Readonly<Record<string, number>> = {
  numeric: types.builtins.NUMERIC,
  integer: types.builtins.INT4,
  boolean: types.builtins.BOOL,
  jsonb: types.builtins.JSONB,
};

/** The value of a column from the text in a history entry, as a row has it. */
function valueIn(type: string, text: string | null): unknown {
  const parser = parsers[type];
  return text === null || parser === undefined ? text : types.getTypeParser(parser)(text);
}

function textOf(table: Table, subjectType: HistorySubject, key: Key): string {
  const history = tableOf(HistoryEntryRow);
  const ofSubject = `history_entry h where ${inScope(history, 'h')} and h.subject_type = '${subjectType}' and h.subject_id = s.id`;
  const subject =
    'id' in key
      ? '$3::uuid'
      : `coalesce(
           (select t.id from ${table.name} t where ${inScope(table)} and t.${table.columns[key.column].name} = $3),
           (select h.subject_id from history_entry h where ${inScope(history, 'h')} and h.subject_type = '${subjectType}'
              and h.action = 'Delete' and ${deletedNumber('h')} = $3 limit 1))`;
  const end = (name: End) =>
    `left join lateral (select h.version, h.at, h.actor, h.action from ${ofSubject} ${name === 'last' ? 'and h.at <= $4' : ''}
       order by h.${ends[name]} limit 1) ${name} on true`;
  const names = Object.keys(ends) as End[];
  const columns = names.map(
    (name) =>
      `${name}.version as "${name}Version", ${name}.at as "${name}At", ${name}.actor as "${name}Actor", ${name}.action as "${name}Action"`,
  );
  return `select s.id as subject, ${selectList(table)}, ${columns.join(', ')}, u.later, u.undone
    from (select ${subject} as id) s
    left join ${table.name} t on t.id = s.id and ${inScope(table)}
    ${names.map(end).join('\n')}
    cross join lateral (
      with e as materialized (select h.version, h.changes from ${ofSubject} and h.at > $4)
      select (select count(*)::integer from e) as later, (select jsonb_object_agg(b.field, b.before) from (
        select distinct on (c.field) c.field, c.before from e cross join jsonb_to_recordset(e.changes) as c(field text, before text)
        order by c.field, e.version) b) as undone) u`;
}
