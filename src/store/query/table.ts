import 'reflect-metadata';
import { getMetadataArgsStorage } from 'typeorm';
import { SnakeNaming } from '../connection/naming';

// biome-ignore lint/suspicious/noExplicitAny: a row class is known by its constructor alone
export type RowClass<R> = new (...args: any[]) => R;

export interface ColumnSpec {
  name: string;
  /** The SQL type, as a recordset or a cast names it. */
  type: string;
  nullable: boolean;
}

export interface Table {
  name: string;
  columns: Readonly<Record<string, ColumnSpec>>;
}

const naming = new SnakeNaming();
const tables = new Map<unknown, Table>();

/** Table and columns of a row class. Its decorators are the only declaration of both. */
export function tableOf(row: RowClass<object>): Table {
  let table = tables.get(row);
  if (table) return table;
  const storage = getMetadataArgsStorage();
  const args = storage.tables.find((entry) => entry.target === row);
  if (!args) throw new Error(`${row.name} is not a class of rows`);
  const columns: Record<string, ColumnSpec> = {};
  for (const column of storage.columns) {
    if (column.target !== row && !Object.prototype.isPrototypeOf.call(column.target, row)) continue;
    const { type, enumName, array, nullable } = column.options;
    const schema = args.schema ? `${args.schema}.` : '';
    columns[column.propertyName] = {
      name: naming.columnName(column.propertyName),
      type: `${type === 'enum' ? `${schema}${enumName}` : String(type)}${array ? '[]' : ''}`,
      nullable: Boolean(nullable),
    };
  }
  table = { name: args.schema ? `${args.schema}.${args.name}` : String(args.name), columns };
  tables.set(row, table);
  return table;
}

/** The primary key of a tenant's row. */
export interface RowKey {
  entityId: string;
  id: string;
}

/**
 * The condition on the orgs of a row. A row of one org is visible to callers of that org. A row of several orgs is
 * visible to callers who see all of them.
 */
export function ofOrgs(table: Table, orgId: string, orgIds: string): string {
  const one = `${orgId} = any($2)`;
  const all = `${orgIds} <@ $2::uuid[]`;
  if (!table.columns.orgIds) return one;
  return table.columns.orgId ? `(${one} or ${all})` : all;
}

/** Limits a statement to the caller's scope: `$1` is the entity and `$2` the orgs. */
export const inScope = (table: Table, alias = 't'): string =>
  `${alias}.entity_id = $1 and ${ofOrgs(table, `${alias}.org_id`, `${alias}.org_ids`)}`;

/** The columns of a table `t` as a select list, each named after its property. */
export const selectList = (table: Table, properties: readonly string[] = Object.keys(table.columns)): string =>
  properties.map((property) => `t.${table.columns[property].name} as "${property}"`).join(', ');

/**
 * Hides the length of an array from the planner. An array of unknown length counts as ten elements. A visible array of
 * fewer keys promises a lower cost, so PostgreSQL would plan each execution anew. Planning takes half a millisecond,
 * and the plan uses the same index in any case.
 */
export const listed = (array: string): string => `(select ${array})${array.slice(array.indexOf('::'))}`;
