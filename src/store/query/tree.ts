import { bytesColumn } from '../connection/bytes';
import { computedSql } from './computed';
import type { Values } from './filter';
import {
  array,
  type Binding,
  expression,
  type Json,
  joined,
  leftMark,
  object,
  optional,
  print,
  type Sql,
  sql,
  written,
} from './json';
import { conditionsOf, heldBy, type List, limited, type PageQuery, type Sort, walk } from './list';
import { inScope, type Table } from './table';

/*
 * A tree of objects as one expression, whose value is their JSON. An edge is a subquery on the row of its parent. Scope,
 * filters, sorts and positions are those of the lists (list.ts), so both ways of reading find the same rows.
 */

/** A row in a statement: its table, and the name that the statement gives it. Notes the columns that are read. */
export class Row {
  private readonly read = new Set<string>();

  constructor(
    readonly table: Table,
    readonly name: string,
  ) {}

  column(property: string): string {
    return this.reading(`t.${this.table.columns[property].name}`);
  }

  isNullable(property: string): boolean {
    return this.table.columns[property].nullable;
  }

  /** An expression on the row `t`, on this row. */
  on(expression: string): string {
    return expression.replace(/\bt\./g, `${this.name}.`);
  }

  /** An expression on the row `t`, on this row. Notes the columns that the expression reads. */
  reading(expression: string): string {
    for (const [, column] of expression.matchAll(/\bt\.(\w+)/g)) this.read.add(column);
    return this.on(expression);
  }

  /** The columns that are read, for a subquery that gives this row. */
  get columns(): string {
    return [...this.read].map((column) => `${this.name}.${column}`).join(', ') || '1';
  }
}

type Form = keyof typeof written;
export type ComputedName = keyof typeof computedSql;

/** The value of a column in its form. */
export function column(row: Row, property: string, form: Form): Json {
  const json = shown(row, row.column(property), form);
  return row.isNullable(property) ? optional(json) : json;
}

/** A computed field in its form. Amounts need the settings, which the statement calls `s`. */
export function computed(row: Row, name: ComputedName, form: Form, nullable: boolean): Json {
  const json = shown(row, `(${row.reading(computedSql[name])})`, form);
  return nullable ? optional(json) : json;
}

/** The discount of a line item per unit: money if it is a fixed amount, else a percentage. */
export function discountPerUnit(row: Row): Json {
  const value = row.column('inlineDiscountPerUnit');
  const fixed = joined(written.money(value, row.column('currency')));
  const percentage = joined(written.decimal(value));
  const isFixed = `${row.column('inlineDiscountType')} = 'FixedAmount'`;
  return optional([{ sql: sql`case when ${isFixed} then ${fixed} else ${percentage} end` }]);
}

const shown = (row: Row, value: string, form: Form): Json =>
  written[form](value, form === 'money' ? row.column('currency') : '');

const scopeOf = ({ table, name }: Row): string => inScope(table, name);

/**
 * Fails if it is evaluated, since no id is a number. For a target that a foreign key and the scope guarantee: a null in
 * its place would be null for the whole reply.
 */
const fails = (id: string): string => `${id}::text::integer::text`;

/** The object behind an edge to one row. */
export function one(
  parent: Row,
  from: string,
  target: Row,
  fields: Json,
  { mayBeUnseen = false, scope = scopeOf(target) }: { mayBeUnseen?: boolean; scope?: string } = {},
): Json {
  const id = parent.column(from);
  const otherwise = mayBeUnseen
    ? "'null'"
    : parent.isNullable(from)
      ? `case when ${id} is null then 'null' else ${fails(id)} end`
      : fails(id);
  return [{ sql: sql`coalesce(${found(target, id, fields, scope)}, ${otherwise})` }];
}

/** The object that meets a condition on a unique column, or else null. */
export const matching = (target: Row, condition: Sql, fields: Json): Json => [
  {
    sql: sql`coalesce((select ${joined(fields)} from ${target.table.name} ${target.name}
    where ${scopeOf(target)} and ${condition}), 'null')`,
  },
];

/** Objects of a short list. */
export function list(key: string, target: Row, definition: List, by: string | readonly string[], element: Json): Json {
  const { sorts, defaultSort, only } = definition;
  const order = target.on(`${sorts[defaultSort.field].sql} ${defaultSort.direction}, t.id ${defaultSort.direction}`);
  const held = target.on(heldBy(definition, by, key));
  const where = [scopeOf(target), held, ...(only ? [target.on(only)] : [])].join(' and ');
  // The element has read all that it reads.
  const rows = `(select ${target.columns} from ${target.table.name} ${target.name} where ${where} order by ${order} limit 1000) ${target.name}`;
  return array(element, [rows]);
}

/** A part of a connection, under the name that the client chose. */
export type Part =
  | { name: string; kind: 'constant'; json: Json }
  /** The objects of the page; each knows its cursor. */
  | { name: string; kind: 'rows'; element: (cursor: Json) => Json }
  | { name: string; kind: 'info'; fields: readonly (readonly [name: string, value: PageFact | Json])[] }
  | { name: string; kind: 'total' };

type PageFact = 'hasNextPage' | 'hasPreviousPage' | 'startCursor' | 'endCursor';

/** A page as a request wants it. */
export interface Asked extends Pick<PageQuery, 'filter' | 'order' | 'from' | 'backward'> {
  size: number;
  /** The signature of the cursors. */
  signature: () => string;
}

/**
 * `parent` is absent for a list of the root. Its `total` is its own count of all these rows, if it has one. `ask` reads the
 * arguments of a request, and throws if they are refused.
 */
export interface Paged {
  parent?: { key: string; by: string | readonly string[]; total?: string };
  target: Row;
  definition: List;
  parts: readonly Part[];
  ask: (binding: Binding) => Asked;
}

/** A page of a list. */
export function page({ parent, target, definition, parts, ask }: Paged): Json {
  const cursor = expression(cursorMark);
  const elements = parts.map((part) => (part.kind === 'rows' ? joined(part.element(cursor)) : []));
  const held = parent ? [target.on(heldBy(definition, parent.by, parent.key))] : [];
  const withInfo = parts.some(({ kind }) => kind === 'info');
  const facts = parts.flatMap((part) => (part.kind === 'info' ? part.fields.map(([, value]) => value) : []));
  /** Whether the page has to be read: not for what follows from the arguments alone. */
  const isRead = ({ backward }: Asked): boolean =>
    parts.some(({ kind }) => kind === 'rows') ||
    facts.some((fact) => typeof fact === 'string' && fact !== (backward ? 'hasNextPage' : 'hasPreviousPage'));
  const withCursors =
    elements.some((element) => element.some((piece) => typeof piece === 'string' && piece.includes(cursorMark))) ||
    facts.some((fact) => fact === 'startCursor' || fact === 'endCursor');
  target.column('id');
  // The elements have read all that they read.
  const columns = target.columns;

  const whereAll = (conditions: readonly string[]): string =>
    [scopeOf(target), ...held, ...conditions.map((each) => target.on(each))].join(' and ');

  const printed = (binding: Binding): string => {
    const { values } = binding;
    const asked = ask(binding);
    const total = () =>
      asked.filter || !parent?.total
        ? `(select count(*) from ${target.table.name} ${target.name} where ${whereAll(conditionsOf(definition, asked.filter, values))})`
        : parent.total;
    const rows = isRead(asked) ? rowsOf(asked, values) : undefined;
    const known = rows ?? ahead(asked);
    const valueOfPart = (part: Part, at: number): Json => {
      if (part.kind === 'constant') return part.json;
      if (part.kind === 'total') return expression(total());
      if (part.kind === 'rows') return expression(rows!.list(print(elements[at], binding)));
      return object(
        part.fields.map(([name, value]) => [name, typeof value === 'string' ? expression(known[value]()) : value]),
      );
    };
    const whole = joined(object(parts.map((part, at) => [part.name, valueOfPart(part, at)])));
    return `(select ${print(whole, binding)}${rows ? ` from ${rows.from}` : ''})`;
  };

  /** The rows of the page: where they come from, and what is said of them. */
  const rowsOf = (asked: Asked, values: Values) => {
    const { size, backward } = asked;
    const { name, table } = target;
    const { where, order, sort } = walk(definition, asked, values);
    const most = values.add(size, 'integer');
    const cursor = withCursors ? cursorOf(values.add(asked.signature(), 'text'), sort) : () => '';
    const found = `select ${columns}${withCursors ? `, ${target.on(sort.sql)} as sort_value` : ''} from ${table.name} ${name}
      where ${whereAll(where)} ${target.on(order)}`;
    const cut = limited(found, parent ? null : asked.filter, withInfo ? `${most} + 1` : most);
    // Rows come as they are walked, and string_agg takes them in that order unless it is told another.
    const numbered = withInfo || backward;
    const from = numbered
      ? `(select *, row_number() over () as row_at from (${cut}) ${name}) ${name}`
      : `(${cut}) ${name}`;
    const shown = withInfo ? ` filter (where ${name}.row_at <= ${most})` : '';
    const ordered = backward ? ` order by ${name}.row_at desc` : '';
    const own = withCursors ? cursor(`${name}.sort_value`, `${name}.id`) : '';
    const more = () => `case when count(*) > ${most} then 'true' else 'false' end`;
    /** The cursor of the row that was walked first or last. */
    const end = (first: boolean) => {
      const at = `[least(${most}, ${first ? '1' : 'count(*)'})]`;
      return `coalesce(${cursor(`(array_agg(${name}.sort_value))${at}`, `(array_agg(${name}.id))${at}`)}, 'null')`;
    };
    return {
      from,
      list: (element: string) =>
        `'[' || coalesce(string_agg(${element.replaceAll(cursorMark, () => own)}, ','${ordered})${shown}, '') || ']'`,
      ...ahead(asked),
      ...(backward ? { hasPreviousPage: more } : { hasNextPage: more }),
      startCursor: () => end(!backward),
      endCursor: () => end(backward),
    };
  };
  return [{ sql: [printed] }];
}

/** What is said of a page without reading it: whether there are rows before its beginning. */
function ahead({ from }: Asked): Record<PageFact, () => string> {
  const before = () => (from ? "'true'" : "'false'");
  return { hasNextPage: before, hasPreviousPage: before, startCursor: before, endCursor: before };
}

/** Stands for the cursor of a row until a page is printed: the cursor depends on the order that a request wants. */
const cursorMark = '<cursor>';

/** base64url of the JSON of [signature, sort value, id], as in read/cursor.ts of the graph. Null if the id is null. */
const cursorOf =
  (signature: string, { type }: Sort) =>
  (sort: string, id: string): string => {
    const value = type === 'timestamptz' ? joined(written.instant(sort)).join('') : `to_json(${sort}::text)::text`;
    const json = `'["' || ${signature} || '",' || ${value} || ',"' || encode(uuid_send(${id}), 'hex') || '"]'`;
    return `'"' || translate(encode(convert_to(${json}, 'UTF8'), 'base64'), E'+/=\\n', '-_') || '"'`;
  };

/** The first object of these that exists, or else null. Each is the value of `found` or null. */
export const firstOf = (candidates: readonly Sql[]): Json => [
  { sql: sql`coalesce(${candidates.reduce<Sql>((all, each) => sql`${all}${each}, `, [])}'null')` },
];

/** The object with this id, or SQL's null. */
export const found = (target: Row, id: string, fields: Json, scope = scopeOf(target)): Sql =>
  sql`(select ${joined(fields)} from ${target.table.name} ${target.name} where ${scope} and ${target.name}.id = ${id})`;

/** The settings of the entity. They belong to no org. */
export const settings = (row: Row, fields: Json): Json => [
  { sql: sql`(select ${joined(fields)} from ${row.table.name} ${row.name} where ${row.name}.entity_id = $1)` },
];

/** The settings if the id is that of their entity, or SQL's null. */
export const settingsIf = (id: string, found: Json): Sql => sql`case when ${id} = $1 then ${joined(found)} end`;

/** SQL: whether the id is that of a webhook endpoint or of one of its deliveries. They belong to a client, and have no plan. */
const isWebhook = (id: string): string =>
  `(exists (select from webhook_endpoint w where w.entity_id = $1 and w.id = ${id})
    or exists (select from webhook_delivery w where w.entity_id = $1 and w.id = ${id}))`;

/** Leaves an object with this id to the resolvers if it may be a webhook's, or else SQL's null. */
export const leftIfWebhook = (id: string): Sql => [`case when ${isWebhook(id)} then '${leftMark}' end`];

/** One of several values, by a text; otherwise null. */
export const chosen = (value: string, branches: readonly (readonly [when: string, then: Json])[]): Json => [
  {
    sql: sql`case ${value}${branches.reduce<Sql>((all, [when, then]) => sql`${all} when '${when}' then ${joined(then)}`, [])} else 'null' end`,
  },
];

/** A field of the elements of a JSON list. */
export interface ElementField {
  name: string;
  value: Json | { key: string; isText: boolean };
}

/** Objects that a column of JSON holds as a list. */
export function elements(row: Row, property: string, fields: readonly ElementField[]): Json {
  const name = `${row.name}e`;
  const valueOfField = (value: ElementField['value']): Json => {
    if (!('key' in value)) return value;
    const { key, isText } = value;
    return expression(
      `coalesce(${isText ? `to_json(${name}.value ->> '${key}')` : `${name}.value -> '${key}'`}::text, 'null')`,
    );
  };
  const element = object(fields.map(({ name, value }) => [name, valueOfField(value)]));
  return array(element, [`jsonb_array_elements(${row.column(property)}) with ordinality ${name}(value, at)`]);
}

/** The values of a group of fulfillments, and of a state's count (fulfillment.ts). */
export const summary: Readonly<Record<string, Json>> = {
  key: written.text('g.key'),
  currency: written.text('g.currency'),
  count: written.integer('g.count'),
  quantity: written.decimal('g.quantity'),
  amount: written.money('g.amount', 'g.currency'),
};
export const stateCount: Readonly<Record<string, Json>> = {
  state: written.enum('g.state'),
  count: written.integer('g.count'),
};

/** An object for each group of such a statement. */
export const groups = (statement: Sql, element: Json): Json => array(element, sql`(${statement}) g`);

/** A value that reads an id by a name. */
export const withId = (name: string, id: Sql, value: Json): Json => [
  { sql: sql`(select ${joined(value)} from (select ${id} as id) ${name})` },
];

/** An object for each id, in the order of the ids; `element` may be null. */
export const each = (name: string, ids: Sql, element: Json): Json =>
  array(element, sql`unnest(${ids}) with ordinality ${name}(id, at)`);

/**
 * A whole statement: one row with a text for each value, called by what it reads. Values come
 * as bytes; of more bytes than `most`, as null. `s` are the settings of the entity, for amounts. PostgreSQL refuses a text that leaves a parameter unused, and
 * some values need no scope.
 */
export function statement(called: string, values: readonly string[], withSettings: boolean, most: number): string {
  const names = values.map((_, at) => `"${at}"`);
  const from = withSettings ? 'from billing_settings s where s.entity_id = $1' : 'where $1::uuid is not null';
  // "offset 0" keeps each value from being computed twice.
  return `/* ${called} */ select ${names.map((name) => `case when octet_length(${name}) <= ${most} then ${name} end as ${bytesColumn}`).join(', ')}
    from (select ${values.map((value, at) => `${value} as ${names[at]}`).join(', ')} ${from} and $2::uuid[] is not null offset 0) reply`;
}
