import {
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isInputObjectType,
} from 'graphql';
import { listOf, type Noun, nouns } from '../../src/graph/nouns';
import { schema } from '../../src/graph/schema';
import { newId } from '../../src/store/id';
import type { TestDatabase } from './database';

/* What a client can filter a list by, found in the schema, with values found in the rows. */

export interface Probe {
  name: string;
  filter: object;
  /** A range or a beginning, which may leave any number of rows, all of them in one place. */
  span: boolean;
}

const queryFields = () => (schema().getQueryType() as GraphQLObjectType).getFields();

/** The nouns that have a list of the root, with the name of its field. */
export const rootLists = (Object.keys(nouns) as Noun[]).flatMap((noun): [string, Noun][] =>
  queryFields()[`${noun}s`] ? [[`${noun}s`, noun]] : [],
);

const filterType = (noun: Noun) =>
  getNamedType(queryFields()[`${noun}s`].args.find(({ name }) => name === 'filter')!.type) as GraphQLInputObjectType;

/** Where the values of a filter field are found, where no column of the rows has its name. */
const elsewhere: Record<string, string> = {
  orderNumber: 'select o.order_number as value from order_line_item t join orders o on o.id = t.order_id',
  originalOrderId:
    'select s.order_id as value from order_line_item t join order_line_item s on s.id = t.original_order_line_item_id',
  originalOrderNumber: `select o.order_number as value from order_line_item t
    join order_line_item s on s.id = t.original_order_line_item_id join orders o on o.id = s.order_id`,
};

/** Every field of a list's filter with each of its operators, by values that are rare, common and absent in an entity. */
export async function probesOf({ owner }: TestDatabase, noun: Noun, entityId: string): Promise<Probe[]> {
  const { table } = listOf(noun);
  const probes: Probe[] = [];
  for (const [field, input] of Object.entries(filterType(noun).getFields())) {
    const type = getNamedType(input.type);
    const add = (what: string, value: unknown, span = false) =>
      probes.push({ name: `${field} ${what}`, filter: { [field]: value }, span });
    if (type.name === 'Boolean') {
      for (const value of [true, false]) add(String(value), value);
      continue;
    }
    if (isEnumType(type)) {
      for (const { name } of type.getValues()) add(name, name);
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
    const rare = found[0].value;
    const common = found[found.length - 1].value;
    if (!isInputObjectType(type)) {
      for (const [what, value] of Object.entries({ rare, common, absent: 'XXX' })) add(what, value);
      continue;
    }
    const operators = Object.keys(type.getFields());
    const kind = getNamedType(Object.values(type.getFields())[0].type);
    const sorted = found.map(({ value }) => value).sort(kind.name === 'Decimal' ? (a, b) => +a - +b : undefined);
    const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)];
    const absent: Record<string, string> = { ID: newId(), Date: '1990-01-01', Decimal: '-99999', String: '~~' };
    const byOperator: Record<string, (operator: string) => void> = {
      eq: () => {
        const values = isEnumType(kind) ? kind.getValues().map(({ name }) => [name, name]) : [];
        const each = values.length ? values : Object.entries({ rare, common, absent: absent[kind.name] });
        for (const [what, value] of each) add(`eq ${what}`, { eq: value });
      },
      in: () => {
        add('in rare', { in: [rare] });
        add('in several', { in: [...new Set([rare, common, at(0.5)])] });
        add('in nothing', { in: [] });
        if (!isEnumType(kind)) add('in 100', { in: sorted.slice(0, 100) });
      },
      startsWith: () => {
        for (const [what, value] of Object.entries({ rare, common: common.slice(0, 1), absent: '~~', nothing: '' }))
          add(`startsWith ${what}`, { startsWith: value }, true);
      },
      isNull: () => {
        for (const value of [true, false]) add(`isNull ${value}`, { isNull: value });
      },
    };
    const range = (operator: string) => {
      for (const [what, part] of Object.entries({ first: 0, low: 0.01, middle: 0.5, high: 0.99, last: 1 }))
        add(`${operator} ${what}`, { [operator]: at(part) }, true);
    };
    for (const operator of operators) (byOperator[operator] ?? range)(operator);
  }
  return probes;
}
