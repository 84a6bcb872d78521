import { idOf } from '../../domain/key';

/** Collects the values of a statement and hands out their `$n`; `$1` and `$2` are the scope. */
export class Values {
  readonly list: unknown[] = [];

  add(value: unknown, type?: string): string {
    this.list.push(value);
    return `$${this.list.length + 2}${type ? `::${type}` : ''}`;
  }
}

/** Turns the value of one filter field into conditions, all of which must hold. */
export type Condition<F> = (filter: F, values: Values) => string[];

/** The conditions that a filter field takes, by what it looks at. The graph has one input type for each. */
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

/** A filter field as a list declares it: a kind of conditions on a column, or on an expression where it brings its condition along. */
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
/** A field about an expression. */
export const by = <K extends Kind>(kind: K, condition: Condition<Kinds[K]>) => ({ kind, condition }) as const;

/** What a client gives to a filter field, told by its declaration. */
export type ValueOf<R, D> = D extends { kind: 'oneOf'; column: infer C extends keyof R }
  ? EnumFilter<NonNullable<R[C]> & string>
  : D extends { kind: 'equals'; column: infer C extends keyof R }
    ? NonNullable<R[C]>
    : D extends { kind: infer K extends Kind }
      ? Kinds[K]
      : never;

/**
 * How many values a list of a condition holds at most: as many as a page shows. So few are always looked up by their own
 * index; with a thousand the planner would rather look for them along the order of the list, and so at all rows.
 */
export const maxListed = 100;

/*
 * A filter holds no null: the graph refuses it, since `eq: null` that meant everything would hand out or change all rows. Should
 * one get here, the condition compares with null and matches nothing.
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
export interface RangeFilter {
  eq?: string;
  in?: string[];
  gte?: string;
  gt?: string;
  lte?: string;
  lt?: string;
  isNull?: boolean;
}
export interface EnumFilter<E extends string = string> {
  eq?: E;
  in?: E[];
}

export const nulls = (column: string, isNull: boolean | undefined): string[] =>
  isNull === undefined ? [] : [`${column} is ${isNull ? '' : 'not '}null`];

/** No stored text holds a nul byte, and PostgreSQL takes none as a parameter: such a value matches nothing. */
const storable = (value: string): boolean => !value.includes('\0');
const nothing = 'false';

/**
 * The text before which all texts lie that begin so, and behind which none of them does; null where there is none. A range
 * is what a prepared statement can look up in an index: of a pattern that it gets as a value it knows no beginning.
 */
function endOf(start: string): string | null {
  const characters = [...start];
  while (characters.length) {
    const last = characters.pop()!.codePointAt(0)!;
    // Between the two lie the halves of pairs, which are no characters.
    if (last < 0x10ffff) return characters.join('') + String.fromCodePoint(last === 0xd7ff ? 0xe000 : last + 1);
  }
  return null;
}

/** The column is one that is compared by code points (`byCodePoints` in audited.ts). */
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

/** A value that is no id matches nothing, as an id that nobody has. */
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
 * A day that may be missing, by an expression in which one that is missing lies at the end of time: by it one index serves
 * the conditions and the order, for which a keyset needs a value that compares.
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

/** A single value that the column must equal. */
function equalTo(column: string, type: string): Condition<string> {
  return (value, values) => [storable(value) ? `${column} = ${values.add(value, type)}` : nothing];
}

/** A condition that holds or does not. */
export function isTrue(condition: string): Condition<boolean> {
  return (wanted) => [`${wanted ? '' : 'not '}(${condition})`];
}

/**
 * A condition as a value of an index, 1 where it holds, else 0: the planner takes conditions apart and would not know
 * them again in an index.
 */
export const bit = (condition: string): string => `case when ${condition} then 1 else 0 end`;

export function isSet(bit: string): Condition<boolean> {
  return (wanted) => [`${bit} = ${wanted ? 1 : 0}`];
}

/** The condition of a field that looks at a column. The type is that of the column in SQL. */
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
