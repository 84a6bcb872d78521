import type { NumberedKind } from '../../domain/key';
import { dryRunPrefix, numberPrefixes } from '../../domain/key';
import type { Scoped } from '../connection/connection';
import { inScope, listed, ofOrgs, type RowClass, selectList, type Table, tableOf } from './table';

/**
 * Writes are set-based: one statement per kind of row, for any number of rows. The rows travel as one JSON parameter.
 * One array per column with unnest measured equally fast, but needs a list of arrays.
 */
export const recordset = (table: Table, properties: readonly string[]): string =>
  properties.map((property) => `"${property}" ${table.columns[property].type}`).join(', ');

/** Rows may be written into the caller's scope only. */
export const given = (table: Table): string => `r."entityId" = $1 and ${ofOrgs(table, 'r."orgId"', 'r."orgIds"')}`;

export interface Numbering<K extends NumberedKind = NumberedKind> {
  kind: K;
  column: string;
  /** In a dry run, the number of DRYRUN numbers given before; null otherwise. */
  dryRun: number | null;
}

/** Fails in PostgreSQL unless all rows were written: the commit may be in the same message (migrations/...-all-written.ts). */
const checked = (table: Table, write: string, count: string): string =>
  `with written as (${write} returning 1) select all_written(count(*), ${count}, '${table.name}') from written`;

/** Inserts rows unchanged. A row outside the scope is an internal error and ends the unit. */
export async function insertRows<R extends { id: string }>(
  scoped: Scoped,
  row: RowClass<R>,
  rows: readonly R[],
): Promise<void> {
  if (rows.length === 0) return;
  const table = tableOf(row);
  const properties = Object.keys(table.columns);
  const insert = () => `insert into ${table.name} (${namesOf(table, properties)})
     select ${properties.map((p) => `r."${p}"`).join(', ')}
     from json_to_recordset($3::json) as r(${recordset(table, properties)})
     where ${given(table)}`;
  const text = textOf(table, 'insert', () => checked(table, insert(), '$4'));
  await scoped.post(text, [JSON.stringify(rows), rows.length]);
}

const texts = new WeakMap<Table, Map<string, string>>();

/** A text that depends on the table alone: to put it together takes as long as to send it. */
function textOf(table: Table, what: string, make: () => string): string {
  const known = texts.get(table) ?? new Map<string, string>();
  const text = known.get(what) ?? make();
  texts.set(table, known.set(what, text));
  return text;
}

const namesOf = (table: Table, properties: readonly string[]): string =>
  properties.map((property) => table.columns[property].name).join(', ');

/** A number chosen by the caller is in use, perhaps by an object that the caller cannot see. */
export class NumberTaken extends Error {
  constructor(
    readonly column: string,
    readonly number: string,
  ) {
    super(`${column} ${number} is taken`);
  }
}

/** Kinds whose numbers callers may choose themselves. */
type ChosenKind = 'account' | 'order';

/** The rows of `$3` as r, in their order, and their insertion as written. `$4` counts the numbers of a dry run. */
function inserted(table: Table, { kind, column }: Numbering, generate: string, conflict: string): string {
  const properties = Object.keys(table.columns);
  const number = `coalesce(r."${column}", case when $4::integer is null
      then ${generate}('${numberPrefixes[kind]}', '${kind}', $1) else '${dryRunPrefix}' || ($4 + r.position) || ' ' || r."id" end)`;
  return `with r as materialized (
       select r.* from rows from (json_to_recordset($3::json) as (${recordset(table, properties)})) with ordinality as r(${properties
         .map((p) => `"${p}"`)
         .join(', ')}, position)
       where ${given(table)}
     ), written as (
       insert into ${table.name} (${namesOf(table, properties)})
       select ${properties.map((p) => (p === column ? number : `r."${p}"`)).join(', ')} from r order by r."${column}" is null, r.position
       ${conflict} returning id, ${table.columns[column].name} as number
     )`;
}

/**
 * Inserts rows that get a business number from the entity's sequence, in the order of the rows; the sequence may leave
 * gaps. The statement is posted. Each row has its number once it has run: at the latest when the unit ends.
 */
export async function insertNumberedRows<R extends { id: string }>(
  scoped: Scoped,
  row: RowClass<R>,
  rows: readonly R[],
  numbering: Numbering<Exclude<NumberedKind, ChosenKind>>,
): Promise<void> {
  if (rows.length === 0) return;
  const { column, dryRun } = numbering;
  const table = tableOf(row);
  const text = textOf(
    table,
    'numbered',
    () => `${inserted(table, numbering, 'business_number', '')}
     select all_written(count(*), $5, '${table.name}'), json_object_agg(encode(uuid_send(id), 'hex'), number) as numbers from written`,
  );
  const values = [JSON.stringify(rows), dryRun, rows.length];
  await scoped.post<{ numbers: Record<string, string> }>(text, values, ([{ numbers }]) => {
    for (const entry of rows) Object.assign(entry, { [column]: numbers[entry.id] });
  });
}

/**
 * Inserts rows whose numbers the caller may choose, and returns the rows with their numbers. A generated number skips
 * chosen numbers. If another open transaction has chosen the number, the insert waits for its end. A further statement
 * then skips that number.
 * @throws NumberTaken
 */
export async function insertChosenRows<R extends { id: string }>(
  scoped: Scoped,
  row: RowClass<R>,
  rows: readonly R[],
  numbering: Numbering<ChosenKind>,
): Promise<R[]> {
  const { kind, column, dryRun } = numbering;
  const table = tableOf(row);
  const numbers = new Map<string, string>();
  const chosen = rows.flatMap((entry) => (entry[column as keyof R] as string | null) ?? []);
  const conflict = `on conflict (entity_id, ${table.columns[column].name}) do nothing`;
  const text = `${inserted(table, numbering, 'free_number', conflict)}
     select r."id" as id, written.number from r left join written on written.id = r."id"`;
  for (let left = rows; left.length > 0; left = left.filter(({ id }) => !numbers.has(id))) {
    // Another open transaction may have inserted the same number. The unique index waits until that transaction ends.
    const written = await scoped.lock<{ id: string; number: string | null }>(
      `${kind} number of ${scoped.scope.entityId}`,
      chosen,
      text,
      [JSON.stringify(left), dryRun],
    );
    if (written.length !== left.length)
      throw new Error(`${left.length - written.length} rows of ${table.name} are out of scope`);
    for (const { id, number } of written) if (number !== null) numbers.set(id, number);
    const taken = left.find((entry) => !numbers.has(entry.id) && entry[column as keyof R] !== null);
    if (taken) throw new NumberTaken(column, taken[column as keyof R] as string);
  }
  return rows.map((entry) => ({ ...entry, [column]: numbers.get(entry.id) }));
}

/**
 * Updates columns of rows that this transaction has locked, and so read in their current state. The key finds the rows:
 * "is true" keeps PostgreSQL from indexes by org.
 */
export async function updateRows<R extends { id: string }>(
  scoped: Scoped,
  row: RowClass<R>,
  rows: readonly R[],
  properties: readonly (keyof R & string)[],
): Promise<void> {
  if (rows.length === 0) return;
  const table = tableOf(row);
  const update = `update ${table.name} t
     set ${properties.map((p) => `${table.columns[p].name} = r."${p}"`).join(', ')}
     from json_to_recordset($3::json) as r(${recordset(table, ['id', ...properties])})
     where t.entity_id = $1 and t.id = r.id and (${ofOrgs(table, 't.org_id', 't.org_ids')}) is true`;
  const given = rows.map((entry) => Object.fromEntries(['id', ...properties].map((p) => [p, entry[p as keyof R]])));
  await scoped.post(checked(table, update, '$4'), [JSON.stringify(given), rows.length]);
}

/** Deletes rows that this transaction has locked, or the children of locked rows by `property`. */
export async function deleteRows<R extends { id: string }>(
  scoped: Scoped,
  row: RowClass<R>,
  ids: readonly string[],
  property: keyof R & string = 'id',
): Promise<void> {
  if (ids.length === 0) return;
  const table = tableOf(row);
  await scoped.post(
    `delete from ${table.name} t where ${inScope(table)} and t.${table.columns[property].name} = any($3)`,
    [ids],
  );
}

/**
 * Locks rows in the order of their ids, as every unit of work does. Returns the rows as they are once the locks are
 * granted. NO KEY UPDATE does not block the foreign key checks of concurrent inserts.
 */
export function lockRows<R>(scoped: Scoped, row: RowClass<R & object>, ids: readonly string[]): Promise<R[]> {
  const table = tableOf(row);
  return scoped.lock<R>(
    table.name,
    ids,
    `select ${selectList(table)} from ${table.name} t
     where ${inScope(table)} and t.id = any($3)
     order by t.id for no key update`,
    [ids],
  );
}

/** Rows whose column has one of the values, in no particular order. */
export function rowsBy<R>(
  scoped: Scoped,
  row: RowClass<R & object>,
  property: keyof R & string,
  values: readonly unknown[],
  properties?: readonly string[],
): Promise<R[]> {
  const table = tableOf(row);
  return scoped.query<R>(
    `select ${selectList(table, properties)} from ${table.name} t
     where ${inScope(table)} and t.${table.columns[property].name} = any(${listed(`$3::${table.columns[property].type}[]`)})`,
    [values],
  );
}
