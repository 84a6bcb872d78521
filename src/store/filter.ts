import { idOf } from '../domain/key';

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

export interface TextFilter {
  eq?: string | null;
  in?: string[] | null;
  startsWith?: string | null;
  isNull?: boolean | null;
}
export interface IdFilter {
  eq?: string | null;
  in?: string[] | null;
  isNull?: boolean | null;
}
export interface RangeFilter {
  eq?: string | null;
  gte?: string | null;
  lte?: string | null;
  lt?: string | null;
  isNull?: boolean | null;
}
export interface EnumFilter<E extends string = string> {
  eq?: E | null;
  in?: E[] | null;
}

const nulls = (column: string, isNull: boolean | null | undefined): string[] =>
  isNull == null ? [] : [`${column} is ${isNull ? '' : 'not '}null`];

/** No stored text holds a nul byte, and PostgreSQL takes none as a parameter: such a value matches nothing. */
const storable = (value: string): boolean => !value.includes('\0');
const nothing = 'false';

export function text(column: string): Condition<TextFilter> {
  return ({ eq, in: list, startsWith, isNull }, values) => {
    const conditions = nulls(column, isNull);
    if (eq != null) conditions.push(storable(eq) ? `${column} = ${values.add(eq, 'text')}` : nothing);
    if (list != null) conditions.push(`${column} = any(${values.add(list.filter(storable), 'text[]')})`);
    if (startsWith != null) {
      const pattern = `${startsWith.replace(/[\\%_]/g, '\\$&')}%`;
      conditions.push(storable(startsWith) ? `${column} like ${values.add(pattern, 'text')}` : nothing);
    }
    return conditions;
  };
}

/** A value that is no id matches nothing, as an id that nobody has. */
export function id(column: string): Condition<IdFilter> {
  return ({ eq, in: list, isNull }, values) => {
    const conditions = nulls(column, isNull);
    if (eq != null) {
      const wanted = idOf(eq);
      conditions.push(wanted ? `${column} = ${values.add(wanted, 'uuid')}` : nothing);
    }
    if (list != null) {
      const wanted = list.map(idOf).filter((value) => value !== undefined);
      conditions.push(`${column} = any(${values.add(wanted, 'uuid[]')})`);
    }
    return conditions;
  };
}

function range(column: string, type: string): Condition<RangeFilter> {
  return ({ eq, gte, lte, lt, isNull }, values) => {
    const conditions = nulls(column, isNull);
    for (const [operator, value] of [
      ['=', eq],
      ['>=', gte],
      ['<=', lte],
      ['<', lt],
    ]) {
      if (value != null) conditions.push(`${column} ${operator} ${values.add(value, type)}`);
    }
    return conditions;
  };
}
export const date = (column: string) => range(column, 'date');
export const dateTime = (column: string) => range(column, 'timestamptz');

export function oneOf(column: string, type: string): Condition<EnumFilter> {
  return ({ eq, in: list }, values) => {
    const conditions: string[] = [];
    if (eq != null) conditions.push(`${column} = ${values.add(eq, type)}`);
    if (list != null) conditions.push(`${column} = any(${values.add(list, `${type}[]`)})`);
    return conditions;
  };
}

/** A single value that the column must equal. */
export function equals(column: string, type: string): Condition<string> {
  return (value, values) => [storable(value) ? `${column} = ${values.add(value, type)}` : nothing];
}

/** A condition that holds or does not. */
export function holds(condition: string): Condition<boolean> {
  return (wanted) => [wanted ? condition : `not (${condition})`];
}
