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

export interface Numbering {
  kind: NumberedKind;
  column: string;
  /** In a dry run, the number of DRYRUN numbers given before; null otherwise. */
  dryRun: number | null;
}

/** Inserts rows unchanged. A row outside the scope is an internal error and ends the unit. */
export async function insertRows<R extends { id: string }>(
  scoped: Scoped,
  row: RowClass<R>,
  rows: readonly R[],
): Promise<void> {
  if (rows.length === 0) return;
  const table = tableOf(row);
  const properties = Object.keys(table.columns);
  const written = await scoped.query(
    `insert into ${table.name} (${properties.map((p) => table.columns[p].name).join(', ')})
     select ${properties.map((p) => `r."${p}"`).join(', ')}
     from json_to_recordset($3::json) as r(${recordset(table, properties)})
     where ${given(table)}
     returning 1`,
    [JSON.stringify(rows)],
  );
  if (written.length !== rows.length)
    throw new Error(`${rows.length - written.length} rows of ${table.name} are out of scope`);
}

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
const chosenKinds: readonly NumberedKind[] = ['account', 'order'];

/**
 * Inserts rows that have a business number, and returns the rows with their numbers. A number chosen by the caller is
 * kept. The others come from the entity's sequence, in the order of the rows; the sequence may leave gaps. A generated
 * number skips chosen numbers. If another open transaction has chosen the number, the insert waits for its end. A
 * further statement then skips that number.
 * @throws NumberTaken
 */
export async function insertNumberedRows<R extends { id: string }>(
  scoped: Scoped,
  row: RowClass<R>,
  rows: readonly R[],
  { kind, column, dryRun }: Numbering,
): Promise<R[]> {
  const table = tableOf(row);
  const properties = Object.keys(table.columns);
  const generate = chosenKinds.includes(kind) ? 'free_number' : 'business_number';
  const number = `coalesce(r."${column}", case when $4::integer is null
      then ${generate}('${numberPrefixes[kind]}', '${kind}', $1) else '${dryRunPrefix}' || ($4 + r.position) || ' ' || r."id" end)`;
  const numbers = new Map<string, string>();
  const chosen = rows.flatMap((entry) => (entry[column as keyof R] as string | null) ?? []);
  for (let left = rows; left.length > 0; left = left.filter(({ id }) => !numbers.has(id))) {
    // Another open transaction may have inserted the same number. The unique index waits until that transaction ends.
    const written = await scoped.lock<{ id: string; number: string | null }>(
      `${kind} number of ${scoped.scope.entityId}`,
      chosen,
      `with r as materialized (
       select r.* from rows from (json_to_recordset($3::json) as (${recordset(table, properties)})) with ordinality as r(${properties
         .map((p) => `"${p}"`)
         .join(', ')}, position)
       where ${given(table)}
     ), written as (
       insert into ${table.name} (${properties.map((p) => table.columns[p].name).join(', ')})
       select ${properties.map((p) => (p === column ? number : `r."${p}"`)).join(', ')} from r order by r."${column}" is null, r.position
       on conflict (entity_id, ${table.columns[column].name}) do nothing
       returning id, ${table.columns[column].name} as number
     ) select r."id" as id, written.number from r left join written on written.id = r."id"`,
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
  const written = await scoped.query(
    `update ${table.name} t
     set ${properties.map((p) => `${table.columns[p].name} = r."${p}"`).join(', ')}
     from json_to_recordset($3::json) as r(${recordset(table, ['id', ...properties])})
     where t.entity_id = $1 and t.id = r.id and (${ofOrgs(table, 't.org_id', 't.org_ids')}) is true
     returning 1`,
    [
      JSON.stringify(
        rows.map((entry) => Object.fromEntries(['id', ...properties].map((p) => [p, entry[p as keyof R]]))),
      ),
    ],
  );
  if (written.length !== rows.length)
    throw new Error(`${rows.length - written.length} rows of ${table.name} are gone or out of scope`);
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
  await scoped.query(
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
