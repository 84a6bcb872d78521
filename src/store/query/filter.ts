import { idOf } from '../../domain/key';

/** Collects the values of a statement and returns their `$n`. `$1` and `$2` are the scope. */
export class Values {
  readonly list: unknown[] = [];

  add(value: unknown, type?: string): string {
    this.list.push(value);
    return `$${this.list.length + 2}${type ? `::${type}` : ''}`;
  }
}

/** Turns the value of one filter field into conditions. All of them must hold. */
export type Condition<F> = (filter: F, values: Values) => string[];

/** The input type of each kind of filter field. The graph has one input type per kind. */
interface Kinds {
  id: IdFilter;
  text: TextFilter;
  day: RangeFilter;
  instant: RangeFilter;
  number: RangeFilter;
  /** One value or several of an enum. */
  oneOf: EnumFilter;
  /** One value of an enum, or one text. */
  equals: string;
  holds: boolean;
}
export type Kind = keyof Kinds;

/**
 * A filter field of a list: a kind of condition on a column, or on an expression if the field has its own condition.
 */
export type FilterField<C extends string = string> = {
  [K in Kind]: { kind: K; column?: C; condition?: Condition<Kinds[K]> };
}[Kind];
const onColumn =
  <K extends Kind>(kind: K) =>
  <C extends string>(column: C) =>
    ({ kind, column }) as const;
export const id = onColumn('id');
export const text = onColumn('text');
export const day = onColumn('day');
export const instant = onColumn('instant');
export const number = onColumn('number');
export const oneOf = onColumn('oneOf');
export const equals = onColumn('equals');
export const holds = onColumn('holds');
/** A filter field on an expression. */
export const by = <K extends Kind>(kind: K, condition: Condition<Kinds[K]>) => ({ kind, condition }) as const;

/** The type of a filter field's value, derived from the field's declaration. */
export type ValueOf<R, D> = D extends { kind: 'oneOf'; column: infer C extends keyof R }
  ? EnumFilter<NonNullable<R[C]> & string>
  : D extends { kind: 'equals'; column: infer C extends keyof R }
    ? NonNullable<R[C]>
    : D extends { kind: infer K extends Kind }
      ? Kinds[K]
      : never;

/**
 * At most this many values in one `in` list: the size of the largest page. PostgreSQL always looks 100 values up by
 * their own index. With 1,000 values the planner prefers to walk the list's order, and so reads all rows.
 */
export const maxListed = 100;

/*
 * Filters hold no null: the graph refuses null. An `eq: null` that matched everything would return or change all rows.
 * A null that gets here is compared with null, and matches nothing.
 */

export interface TextFilter {
  eq?: string;
  in?: string[];
  startsWith?: string;
  isNull?: boolean;
}
export interface IdFilter {
  eq?: string;
  in?: string[];
  isNull?: boolean;
}
interface RangeFilter {
  eq?: string;
  in?: string[];
  gte?: string;
  gt?: string;
  lte?: string;
  lt?: string;
  isNull?: boolean;
}
interface EnumFilter<E extends string = string> {
  eq?: E;
  in?: E[];
}

export const nulls = (column: string, isNull: boolean | undefined): string[] =>
  isNull === undefined ? [] : [`${column} is ${isNull ? '' : 'not '}null`];

/** PostgreSQL accepts no NUL byte in a text parameter, and no stored text has one. Such a value matches nothing. */
const storable = (value: string): boolean => !value.includes('\0');
const nothing = 'false';

/**
 * Exclusive upper bound of the prefix; null if there is none. A prepared statement can look a range up in an index. It
 * cannot do so for a pattern that arrives as a parameter: the plan does not know the prefix.
 */
function endOf(start: string): string | null {
  const characters = [...start];
  while (characters.length) {
    const last = characters.pop()!.codePointAt(0)!;
    // 0xd800 to 0xdfff are surrogates, not characters.
    if (last < 0x10ffff) return characters.join('') + String.fromCodePoint(last === 0xd7ff ? 0xe000 : last + 1);
  }
  return null;
}

/** The column must be compared by code points (`byCodePoints` in audited.ts). */
export function textIs(column: string): Condition<TextFilter> {
  return ({ eq, in: list, startsWith, isNull }, values) => {
    const conditions = nulls(column, isNull);
    if (eq !== undefined) conditions.push(storable(eq) ? `${column} = ${values.add(eq, 'text')}` : nothing);
    if (list !== undefined) conditions.push(`${column} = any(${values.add(list.filter(storable), 'text[]')})`);
    if (startsWith !== undefined && !storable(startsWith)) conditions.push(nothing);
    else if (startsWith !== undefined) {
      const end = endOf(startsWith);
      conditions.push(`${column} >= ${values.add(startsWith, 'text')}`);
      if (end !== null) conditions.push(`${column} < ${values.add(end, 'text')}`);
    }
    return conditions;
  };
}

/** A value that is no id matches nothing, like an id that no row has. */
export function idIs(column: string): Condition<IdFilter> {
  return ({ eq, in: list, isNull }, values) => {
    const conditions = nulls(column, isNull);
    if (eq !== undefined) {
      const wanted = idOf(eq);
      conditions.push(wanted ? `${column} = ${values.add(wanted, 'uuid')}` : nothing);
    }
    if (list !== undefined) {
      const wanted = list.map(idOf).filter((value) => value !== undefined);
      conditions.push(`${column} = any(${values.add(wanted, 'uuid[]')})`);
    }
    return conditions;
  };
}

function range(column: string, type: string): Condition<RangeFilter> {
  return ({ eq, in: list, gte, gt, lte, lt, isNull }, values) => {
    const conditions = nulls(column, isNull);
    for (const [operator, value] of [
      ['=', eq],
      ['>=', gte],
      ['>', gt],
      ['<=', lte],
      ['<', lt],
    ]) {
      if (value !== undefined) conditions.push(`${column} ${operator} ${values.add(value, type)}`);
    }
    if (list !== undefined) conditions.push(`${column} = any(${values.add(list, `${type}[]`)})`);
    return conditions;
  };
}
const dayIs = (column: string) => range(column, 'date');

/**
 * A nullable day, compared by an expression that puts a missing day at the end of time. One index then serves the
 * conditions and the sort order. A keyset needs a value that compares, which null is not.
 */
export function dateOrNever(never: string): Condition<RangeFilter> {
  return ({ isNull, ...filter }, values) => {
    const conditions = dayIs(never)(filter, values);
    if (isNull) conditions.push(`${never} = 'infinity'`);
    if (isNull === false || filter.gte !== undefined || filter.gt !== undefined)
      conditions.push(`${never} < 'infinity'`);
    return conditions;
  };
}

function isOneOf(column: string, type: string): Condition<EnumFilter> {
  return ({ eq, in: list }, values) => {
    const conditions: string[] = [];
    if (eq !== undefined) conditions.push(`${column} = ${values.add(eq, type)}`);
    if (list !== undefined) conditions.push(`${column} = any(${values.add(list, `${type}[]`)})`);
    return conditions;
  };
}

function equalTo(column: string, type: string): Condition<string> {
  return (value, values) => [storable(value) ? `${column} = ${values.add(value, type)}` : nothing];
}

/** The condition must hold, or must not hold. */
export function isTrue(condition: string): Condition<boolean> {
  return (wanted) => [`${wanted ? '' : 'not '}(${condition})`];
}

/**
 * A condition as an index value: 1 if it holds, else 0. The planner rewrites a bare condition and would not recognize
 * it in an index.
 */
export const bit = (condition: string): string => `case when ${condition} then 1 else 0 end`;

export function isSet(bit: string): Condition<boolean> {
  return (wanted) => [`${bit} = ${wanted ? 1 : 0}`];
}

/** The condition of a filter field on a column. `type` is the column's SQL type. */
export function conditionOn(kind: Kind, column: string, type: string): Condition<unknown> {
  const conditions: { [K in Kind]: Condition<Kinds[K]> } = {
    id: idIs(column),
    text: textIs(column),
    day: dayIs(column),
    instant: range(column, 'timestamptz'),
    number: range(column, 'numeric'),
    oneOf: isOneOf(column, type),
    equals: equalTo(column, type),
    holds: isTrue(column),
  };
  return conditions[kind] as Condition<unknown>;
}
