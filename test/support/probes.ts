import {
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isInputObjectType,
} from 'graphql';
import { schema } from '../../src/graph/build/schema';
import { listedNouns } from '../../src/graph/model/lists';
import { listOf, type Noun } from '../../src/graph/model/nouns';
import { newId } from '../../src/store/id';
import type { TestDatabase } from './database';

/* What a client can filter a list by, found in the schema, with values found in the rows. */

export interface Probe {
  name: string;
  filter: object;
  /** A range, a beginning, many days, several states: what it leaves may lie in one place of an order, and be many rows. */
  span: boolean;
}

const queryFields = () => (schema().getQueryType() as GraphQLObjectType).getFields();

/** The nouns that have a list of the root, each with the name of its field. */
export const rootLists = listedNouns.map((noun): [string, Noun] => [`${noun}s`, noun]);

const filterType = (noun: Noun) =>
  getNamedType(queryFields()[`${noun}s`].args.find(({ name }) => name === 'filter')!.type) as GraphQLInputObjectType;

/** Where the values of a filter field are found, where no column of the rows has its name. */
const elsewhere: Record<string, string> = {
  orderNumber: 'select o.order_number as value from order_line_item t join orders o on o.id = t.order_id',
  originalOrderId: `select s.order_id as value from order_line_item t
    join order_line_item s on s.id = t.original_order_line_item_id`,
  originalOrderNumber: `select o.order_number as value from order_line_item t
    join order_line_item s on s.id = t.original_order_line_item_id join orders o on o.id = s.order_id`,
};

/** Values that occur nowhere, by their type in the schema. */
const absent: Record<string, string> = { ID: newId(), Date: '1990-01-01', Decimal: '-99999', String: '~~' };

/** Every field of a list's filter with each of its operators, by values that are rare, common or absent in an entity. */
export async function probesOf({ owner }: TestDatabase, noun: Noun, entityId: string): Promise<Probe[]> {
  const { table } = listOf(noun);
  const probes: Probe[] = [];
  for (const [field, { type: given }] of Object.entries(filterType(noun).getFields())) {
    const type = getNamedType(given);
    const add = (what: string, value: unknown, span = false) =>
      probes.push({ name: `${field} ${what}`, filter: { [field]: value }, span });
    const each = (operator: string, values: Record<string, unknown>, span = false) => {
      for (const [what, value] of Object.entries(values)) add(`${operator} ${what}`, { [operator]: value }, span);
    };
    if (type.name === 'Boolean') {
      for (const value of [true, false]) add(String(value), value);
      continue;
    }
    const column = table.columns[field]?.name;
    const source = column ? `select t.${column} as value from ${table.name} t` : elsewhere[field];
    if (!source) throw new Error(`${noun}.${field}: where are its values found?`);
    const found = await owner<{ value: string }>(
      `select value::text from (${source} where t.entity_id = $1) as each where value is not null
       group by each.value order by count(*), each.value`,
      [entityId],
    );
    const values = found.map(({ value }) => value);
    const [rare, common] = [values[0], values[values.length - 1]];
    if (isEnumType(type)) {
      for (const { name } of type.getValues()) add(name, name);
      continue;
    }
    if (!isInputObjectType(type)) {
      for (const [what, value] of Object.entries({ rare, common, absent: '~~' })) add(what, value);
      continue;
    }
    const operators = Object.keys(type.getFields());
    const kind = getNamedType(Object.values(type.getFields())[0].type);
    const all = isEnumType(kind) ? Object.fromEntries(kind.getValues().map(({ name }) => [name, name])) : undefined;
    values.sort(kind.name === 'Decimal' ? (a, b) => Number(a) - Number(b) : undefined);
    const at = (part: number) => values[Math.floor((values.length - 1) * part)];
    for (const operator of operators) {
      if (operator === 'isNull') each(operator, { true: true, false: false });
      else if (operator === 'eq') each(operator, all ?? { rare, common, absent: absent[kind.name] });
      else if (operator === 'in') {
        each(operator, { rare: [rare], nothing: [] });
        each(operator, { several: [...new Set([rare, common, at(0.5)])] }, all !== undefined);
        if (!all) each(operator, { many: values.slice(0, 100) }, kind.name === 'Date');
      } else if (operator === 'startsWith') {
        each(operator, { rare, common: common.slice(0, 1), absent: '~~', nothing: '' }, true);
      } else each(operator, { first: at(0), low: at(0.01), middle: at(0.5), high: at(0.99), last: at(1) }, true);
    }
  }
  return probes;
}
