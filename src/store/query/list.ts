import { RequestError } from '../../domain/errors';
import type { Scoped } from '../connection/connection';
import { type Condition, conditionOn, type FilterField, type Kind, maxListed, type ValueOf, Values } from './filter';
import { type ColumnSpec, inScope, listed, type RowClass, selectList, type Table, tableOf } from './table';

/** How a list can be sorted: the expression, never null, and its type. Ties are broken by id. */
export interface Sort {
  sql: string;
  type: 'timestamptz' | 'date' | 'text' | 'numeric' | 'uuid';
}

export interface Order {
  field: string;
  direction: 'ASC' | 'DESC';
}

/**
 * A list that clients page through: what it holds, and what it can be filtered and sorted by. `row`, `filter` and `sort` are types
 * alone: of a row, of what a client may filter by, and the names of the sorts.
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

/** What a list holds, filters by and sorts by, each said once. */
interface Declared<R extends object, F, S> {
  /** The fields of its filter; `t` is the row in their expressions. */
  filters: F & Record<string, FilterField<keyof R & string>>;
  /** Its sorts: true for one by the column of that name. */
  sorts: S & Record<string, true | Sort>;
  /** The last changed first where absent. */
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

/** Lists that clients neither filter nor sort come in the order in which their rows were made: ids rise. */
export const asMade = {
  filters: {},
  sorts: { id: true },
  defaultSort: { field: 'id', direction: 'ASC' },
} as const;

/** The place of a row in an order: its sort value and its id. */
export interface Position {
  value: string;
  id: string;
}

export interface PageQuery<F extends object = object> {
  properties: readonly string[];
  filter?: F | null;
  order?: Order | null;
  /** At most so many rows; ask for one more to know whether the list goes on. */
  limit: number;
  /** Rows behind this position only (before it, where backward). */
  from?: Position | null;
  /** Walk the order from its end; the rows come back in the walked direction. */
  backward: boolean;
  /** Nobody asks for the places of the rows: they come without their sort values. */
  withoutCursors?: boolean;
}

/** A row of a page, with the sort value that its cursor holds and, in lists of children, the key of its parent. */
export type Listed<R> = R & { id: string; sortValue: string; parentKey?: string };

function conditionsOf(definition: List, filter: object | null | undefined, values: Values): string[] {
  const conditions: string[] = definition.only ? [definition.only] : [];
  for (const [field, value] of Object.entries(filter ?? {})) {
    if (value === undefined) continue;
    const length = (value as { in?: unknown[] }).in?.length ?? 0;
    if (length > maxListed)
      throw new RequestError('BAD_REQUEST', `${field}.in holds ${length} values; at most ${maxListed} are allowed.`);
    conditions.push(...definition.filters[field].condition(value, values));
  }
  return conditions;
}

function parts(definition: List, query: PageQuery, values: Values) {
  const { field, direction } = query.order ?? definition.defaultSort;
  const sort = definition.sorts[field];
  const descending = (direction === 'DESC') !== query.backward;
  const where = conditionsOf(definition, query.filter, values);
  if (query.from) {
    const value = values.add(query.from.value, sort.type);
    where.push(`(${sort.sql}, t.id) ${descending ? '<' : '>'} (${value}, ${values.add(query.from.id, 'uuid')})`);
  }
  const way = descending ? 'desc' : 'asc';
  // An instant reads the same in a column and in a cursor; days and ids keep the form that the database compares.
  const sortText = sort.type === 'timestamptz' ? sort.sql : `${sort.sql}::text`;
  return {
    where,
    order: `order by ${sort.sql} ${way}, t.id ${way}`,
    select: `${selectList(definition.table, [...new Set(['id', ...query.properties])])}${query.withoutCursors ? '' : `, ${sortText} as "sortValue"`}`,
  };
}

/** A row belongs to the parent whose id it holds: in one column, or in either of several. */
const heldBy = (definition: { table: Table }, properties: string | readonly string[]): string => {
  const columns = [properties].flat().map((property) => `t.${definition.table.columns[property].name} = parent.key`);
  return columns.length === 1 ? columns[0] : `(${columns.join(' or ')})`;
};

/**
 * The planner takes it that what a filter leaves lies evenly along the order. For a page of it, it walks along the order,
 * and so through all rows where the few that are left lie at the other end: the old ones among the last changed, the
 * returns of last year. It is told that so many rows are wanted, and cannot see that no more than a page of them is read:
 * what a filter leaves is then looked up by the filter's own index where it is some thousands at most, and walked to where
 * there is much of it.
 */
const wanted = 1000;

/** One page of a list: one statement. The rows of "found" come in the order in which it finds them. */
export function page<R extends object, F extends object>(
  scoped: Scoped,
  definition: List<R, F>,
  query: PageQuery<F>,
): Promise<Listed<R>[]> {
  const values = new Values();
  const { where, order, select } = parts(definition, query, values);
  const rows = `select ${select} from ${definition.table.name} t
     where ${[inScope(definition.table), ...where].join(' and ')} ${order}`;
  const limit = `limit ${values.add(query.limit, 'integer')}`;
  const filtered = Object.values(query.filter ?? {}).some((value) => value !== undefined);
  return scoped.query<Listed<R>>(
    filtered ? `with found as materialized (${rows} limit ${wanted}) select * from found ${limit}` : `${rows} ${limit}`,
    values.list,
  );
}

/**
 * A page of children for each of many parents: one statement, limited per parent in SQL. Rows carry their parent's
 * key, by which the caller tells them apart.
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

/** The conditions of a filter in a caller's scope, for statements of their own over the rows of a list. */
export function scopedConditions<F extends object>(
  definition: List<object, F>,
  filter: F | null | undefined,
  values: Values,
): string {
  return [inScope(definition.table), ...conditionsOf(definition, filter, values)].join(' and ');
}

/** How many rows a filter leaves. */
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
 * How many children each parent has; parents without any are absent. Counted parent by parent: as one join the planner
 * reads the whole table for the parents of a page.
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

/** A sort that a client asks for must be one of the list's. */
export function checkedOrder(definition: List, order: Order | null | undefined): Order {
  const checked = order ?? definition.defaultSort;
  if (!definition.sorts[checked.field])
    throw new RequestError('BAD_REQUEST', `This list cannot be sorted by ${checked.field}.`);
  return checked;
}
