import { RequestError } from '../../domain/errors';
import { limits } from '../../domain/limits';
import type { Scoped } from '../connection/connection';
import { type Condition, conditionOn, type FilterField, type Kind, maxListed, type ValueOf, Values } from './filter';
import { type ColumnSpec, inScope, listed, type RowClass, selectList, type Table, tableOf } from './table';

/** One sort of a list: an expression that is never null, and its type. The id breaks ties. */
export interface Sort {
  sql: string;
  type: 'timestamptz' | 'date' | 'text' | 'numeric' | 'uuid';
}

export interface Order {
  field: string;
  direction: 'ASC' | 'DESC';
}

/**
 * A list that clients page through: its rows, filters and sorts. `row`, `filter` and `sort` exist as types alone: the
 * row, the client's filter, and the names of the sorts.
 */
export interface List<R extends object = object, F extends object = object, S extends string = string> {
  table: Table;
  rowClass: RowClass<R>;
  filters: Readonly<Record<string, { kind: Kind; type?: string; condition: Condition<unknown> }>>;
  sorts: Readonly<Record<string, Sort>>;
  defaultSort: Order;
  /** A condition that every row of the list meets. */
  only?: string;
  readonly row?: R;
  readonly filter?: F;
  readonly sort?: S;
}

/** The declaration of a list: its filters and sorts. */
interface Declared<R extends object, F, S> {
  /** The filter fields. Their expressions call the row `t`. */
  filters: F & Record<string, FilterField<keyof R & string>>;
  /** The sorts; true means the column of the same name. */
  sorts: S & Record<string, true | Sort>;
  /** Absent: the last changed row comes first. */
  defaultSort?: Order;
  only?: string;
}

export type FilterOf<L> = L extends List<object, infer F> ? F : never;

export function list<R extends object, const F, const S>(
  rowClass: RowClass<R>,
  { filters, sorts, defaultSort, only }: Declared<R, F, S>,
): List<R, { [K in keyof F]?: ValueOf<R, F[K]> }, keyof S & string> {
  const table = tableOf(rowClass);
  const columnOf = (name: string) => table.columns[name];
  const filterOf = ({ kind, column, condition }: FilterField) => {
    const { name, type } = column === undefined ? { name: '', type: undefined } : columnOf(column);
    return { kind, type, condition: (condition as Condition<unknown>) ?? conditionOn(kind, `t.${name}`, type!) };
  };
  return {
    table,
    rowClass,
    filters: mapped<FilterField, List['filters'][string]>(filters, filterOf),
    sorts: mapped<true | Sort, Sort>(sorts, (sort, name) => (sort === true ? sortBy(columnOf(name)) : sort)),
    defaultSort: defaultSort ?? { field: 'updatedDate', direction: 'DESC' },
    only,
  };
}

const mapped = <A, B>(of: Readonly<Record<string, A>>, make: (each: A, name: string) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(of).map(([name, each]) => [name, make(each, name)]));

const sortBy = ({ name, type }: ColumnSpec): Sort => ({
  sql: `t.${name}`,
  type: type === 'timestamp with time zone' ? 'timestamptz' : (type as Sort['type']),
});

/** Sorts that every audited row has. */
export const auditSorts = { updatedDate: true, createdDate: true } as const;

/** For lists that clients neither filter nor sort: rows come in the order of creation, because ids rise. */
export const asMade = {
  filters: {},
  sorts: { id: true },
  defaultSort: { field: 'id', direction: 'ASC' },
} as const;

/** The position of a row in a sort order: its sort value and its id. */
export interface Position {
  value: string;
  id: string;
}

export interface PageQuery<F extends object = object> {
  properties: readonly string[];
  filter?: F | null;
  order?: Order | null;
  /** The most rows to return. Ask for one more to learn whether there is a next page. */
  limit: number;
  /** Only rows after this position, or before it when walking backward. */
  from?: Position | null;
  /** Walks the order from its end. The rows come back in that direction. */
  backward: boolean;
  /** The request selects no cursors, so the rows come without sort values. */
  withoutCursors?: boolean;
}

/** A row of a page, with the sort value for its cursor. In lists of children it also has the key of its parent. */
export type Listed<R> = R & { id: string; sortValue: string; parentKey?: string };

/** @throws RequestError BAD_REQUEST if a condition lists too many values */
export function checkListed(filter: object | null | undefined): void {
  for (const [field, value] of Object.entries(filter ?? {})) {
    const length = (value as { in?: unknown[] } | undefined)?.in?.length ?? 0;
    if (length > maxListed)
      throw new RequestError('BAD_REQUEST', `${field}.in holds ${length} values; at most ${maxListed} are allowed.`);
  }
}

/** The conditions of a filter, and of the list itself. @throws RequestError BAD_REQUEST */
export function conditionsOf(definition: List, filter: object | null | undefined, values: Values): string[] {
  const conditions: string[] = definition.only ? [definition.only] : [];
  checkListed(filter);
  for (const [field, value] of Object.entries(filter ?? {})) {
    if (value === undefined) continue;
    conditions.push(...definition.filters[field].condition(value, values));
  }
  return conditions;
}

/** Which rows of a list a page holds, without its length, and in which order they are walked. */
export function walk(
  definition: List,
  query: Pick<PageQuery, 'filter' | 'order' | 'from' | 'backward'>,
  values: Values,
): { where: string[]; order: string; sort: Sort } {
  const { field, direction } = query.order ?? definition.defaultSort;
  const sort = definition.sorts[field];
  const descending = (direction === 'DESC') !== query.backward;
  const where = conditionsOf(definition, query.filter, values);
  if (query.from) {
    const value = values.add(query.from.value, sort.type);
    where.push(`(${sort.sql}, t.id) ${descending ? '<' : '>'} (${value}, ${values.add(query.from.id, 'uuid')})`);
  }
  const way = descending ? 'desc' : 'asc';
  return { where, order: `order by ${sort.sql} ${way}, t.id ${way}`, sort };
}

function parts(definition: List, query: PageQuery, values: Values) {
  const { where, order, sort } = walk(definition, query, values);
  // An instant has the same form in a column and in a cursor. Days and ids keep the database's form.
  const sortText = sort.type === 'timestamptz' ? sort.sql : `${sort.sql}::text`;
  return {
    where,
    order,
    select: `${selectList(definition.table, [...new Set(['id', ...query.properties])])}${query.withoutCursors ? '' : `, ${sortText} as "sortValue"`}`,
  };
}

/** A child belongs to the parent whose id, which SQL calls `key`, is in one of these columns. */
export const heldBy = (
  definition: { table: Table },
  properties: string | readonly string[],
  key = 'parent.key',
): string => {
  const columns = [properties].flat().map((property) => `t.${definition.table.columns[property].name} = ${key}`);
  return columns.length === 1 ? columns[0] : `(${columns.join(' or ')})`;
};

/**
 * PostgreSQL assumes that matching rows are spread evenly along the sort order. For one page it would walk the order
 * index. If the few matching rows lie at the far end, it reads all rows: old rows among the last changed, or returns of
 * last year.
 *
 * `found` therefore asks for this many rows. The planner cannot see that the outer query reads one page at most. For up
 * to some thousand matching rows it then uses the filter's own index. For more rows it walks the order index. It is never
 * less than a page asks for: its rows, and one that tells whether there are more.
 */
const wanted = limits.pageSize.most + 1;
const isFiltered = (filter: object | null | undefined): boolean =>
  Object.values(filter ?? {}).some((value) => value !== undefined);

/** The rows of a page of a list: a query without its limit, and the limit. */
export const limited = (rows: string, filter: object | null | undefined, limit: string): string =>
  isFiltered(filter)
    ? `with found as materialized (${rows} limit ${wanted}) select * from found limit ${limit}`
    : `${rows} limit ${limit}`;

/** One page of a list, in one statement. The outer query keeps the order in which "found" returns its rows. */
export function page<R extends object, F extends object>(
  scoped: Scoped,
  definition: List<R, F>,
  query: PageQuery<F>,
): Promise<Listed<R>[]> {
  const values = new Values();
  const { where, order, select } = parts(definition, query, values);
  const rows = `select ${select} from ${definition.table.name} t
     where ${[inScope(definition.table), ...where].join(' and ')} ${order}`;
  return scoped.query<Listed<R>>(limited(rows, query.filter, values.add(query.limit, 'integer')), values.list);
}

/**
 * A page of children for each of many parents: one statement, with a limit per parent in SQL. Each row carries its
 * parent's key, so the caller can group the rows.
 */
export function pagesBy<R extends object, F extends object>(
  scoped: Scoped,
  definition: List<R, F>,
  property: string | readonly string[],
  keys: readonly string[],
  query: PageQuery<F>,
): Promise<Listed<R>[]> {
  const values = new Values();
  const parents = values.add(keys, 'uuid[]');
  const { where, order, select } = parts(definition, query, values);
  return scoped.query<Listed<R>>(
    `select parent.key as "parentKey", child.* from unnest(${listed(parents)}) as parent(key)
     cross join lateral (
       select ${select} from ${definition.table.name} t
       where ${[inScope(definition.table), heldBy(definition, property), ...where].join(' and ')} ${order}
       limit ${values.add(query.limit, 'integer')}
     ) as child`,
    values.list,
  );
}

/** The conditions of a filter within the caller's scope, for other statements over the rows of a list. */
export function scopedConditions<F extends object>(
  definition: List<object, F>,
  filter: F | null | undefined,
  values: Values,
): string {
  return [inScope(definition.table), ...conditionsOf(definition, filter, values)].join(' and ');
}

export async function count<F extends object>(
  scoped: Scoped,
  definition: List<object, F>,
  filter?: F | null,
): Promise<number> {
  const values = new Values();
  const [row] = await scoped.query<{ count: number }>(
    `select count(*)::integer as count from ${definition.table.name} t where ${scopedConditions(definition, filter, values)}`,
    values.list,
  );
  return row.count;
}

/**
 * The number of children of each parent; parents without children are absent. SQL counts parent by parent. As one join,
 * the planner would read the whole table for the parents of one page.
 */
export function countsBy<F extends object>(
  scoped: Scoped,
  definition: List<object, F>,
  property: string | readonly string[],
  keys: readonly string[],
  filter?: F | null,
): Promise<{ parentKey: string; count: number }[]> {
  const values = new Values();
  const parents = values.add(keys, 'uuid[]');
  const where = conditionsOf(definition, filter, values);
  return scoped.query(
    `select parent.key as "parentKey", child.count from unnest(${listed(parents)}) as parent(key)
     cross join lateral (
       select count(*)::integer as count from ${definition.table.name} t
       where ${[inScope(definition.table), heldBy(definition, property), ...where].join(' and ')}
     ) as child where child.count > 0`,
    values.list,
  );
}

/** @throws RequestError BAD_REQUEST if the list has no such sort */
export function checkedOrder(definition: List, order: Order | null | undefined): Order {
  const checked = order ?? definition.defaultSort;
  if (!definition.sorts[checked.field])
    throw new RequestError('BAD_REQUEST', `This list cannot be sorted by ${checked.field}.`);
  return checked;
}
