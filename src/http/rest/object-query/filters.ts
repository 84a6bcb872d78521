import { isEnumType } from 'graphql';
import { addDays, isDay } from '../../../domain/date';
import { compare, parseDecimal } from '../../../domain/decimal';
import { idOf } from '../../../domain/key';
import { schema } from '../../../graph/build/schema';
import { DateTimeScalar } from '../../../graph/scalars';
import { parameterError } from '../envelope';
import { spelled } from '../words';

/*
 * The published operators over the filters of the graph. The graph has a condition only where an index serves it. What it lacks,
 * such as NE of a text, is judged by this program on the rows of a page.
 */

export const operators = ['EQ', 'NE', 'LT', 'GT', 'SW', 'IN', 'GE', 'LE'] as const;
export type Operator = (typeof operators)[number];

/** How the values of a field are written, compared and asked for. */
type Kind = 'id' | 'text' | 'word' | 'day' | 'instant' | 'number' | 'states' | 'one' | 'flag';

/** A field that clients filter by. */
export interface Filter {
  kind: Kind;
  /** The field of the graph's filter. */
  field: string;
  /** The path at which an object shows the value. */
  path: string;
  /** The enum of the graph that the values are of. */
  values?: string;
}
const of =
  (kind: Kind) =>
  (path: string, field = path): Filter => ({ kind, field, path });
export const id = of('id');
export const text = of('text');
/** A text that the graph compares as a whole only. */
export const word = of('word');
export const day = of('day');
export const instant = of('instant');
export const number = of('number');
export const flag = of('flag');
/** A value of an enum: the graph asks for one or several. */
export const states = (path: string, values: string): Filter => ({ kind: 'states', field: path, path, values });
/** A value of an enum: the graph asks for one. */
export const one = (path: string, values: string): Filter => ({ kind: 'one', field: path, path, values });

/** What a filter asks: a condition of the graph, if it has one, and the same as a judgement of a value. */
export interface Asked {
  condition?: unknown;
  holds: (shown: unknown) => boolean;
}

type Operand = string | boolean | null;

const orders = {
  LT: (order: number) => order < 0,
  GT: (order: number) => order > 0,
  GE: (order: number) => order >= 0,
  LE: (order: number) => order <= 0,
};
const isOrder = (operator: Operator): operator is keyof typeof orders => operator in orders;

function operatorsOf(kind: Kind): readonly Operator[] {
  if (kind === 'day' || kind === 'instant' || kind === 'number') return operators.filter((each) => each !== 'SW');
  return operators.filter((each) => !isOrder(each) && (each !== 'SW' || kind === 'text'));
}

/**
 * What `<name>.<operator>:<value>` asks of a field. `where` names it in messages.
 * @throws RequestError BAD_PARAMETER for an operator or a value that the field does not take
 */
export function asked(filter: Filter, operator: Operator, given: string, where: string): Asked {
  const taken = operatorsOf(filter.kind);
  if (!taken.includes(operator)) {
    throw parameterError(where, `This field takes ${taken.join(', ')}, and not ${operator}.`);
  }
  if (operator === 'SW') {
    return { condition: { startsWith: given }, holds: (shown) => shown != null && String(shown).startsWith(given) };
  }
  if (operator === 'IN') {
    const values = listed(given, where).map((each) => operandOf(filter, each, where));
    return { condition: among(filter, values), holds: (shown) => values.some((value) => same(filter, shown, value)) };
  }
  const value = operandOf(filter, given, where);
  if (!isOrder(operator)) {
    const wanted = operator === 'EQ';
    return {
      condition: wanted ? equal(filter, value) : other(filter, value),
      holds: (shown) => same(filter, shown, value) === wanted,
    };
  }
  if (value === null) throw parameterError(where, `Null is allowed with EQ, NE and IN only.`);
  const isInOrder = orders[operator];
  return {
    condition: beyond(filter, operator, String(value)),
    holds: (shown) => shown != null && isInOrder(order(filter, String(shown), String(value))),
  };
}

/** "[a,b]" as its parts. */
function listed(given: string, where: string): string[] {
  const inner = /^\[(.*)\]$/s.exec(given)?.[1];
  if (inner === undefined) throw parameterError(where, `IN takes a list such as [a,b].`);
  const parts = inner.split(',').map((part) => part.trim());
  if (parts.length > mostListed) {
    throw parameterError(where, `IN takes at most ${mostListed} values, and not ${parts.length}.`);
  }
  return parts;
}
const mostListed = 100;

/** A value in the form of the graph; null for "null". */
function operandOf({ kind, values }: Filter, given: string, where: string): Operand {
  if (given.toLowerCase() === 'null') return null;
  const read = (): Operand | undefined => {
    if (values) return enumValues(values).find((value) => isSpelling(values, value, given));
    if (kind === 'flag') return { true: true, false: false }[given.toLowerCase()];
    if (kind === 'number') return parseDecimal(given);
    if (kind === 'day') return isDay(given) ? given : undefined;
    if (kind === 'instant') return instantOf(given);
    return given;
  };
  const value = read();
  if (value === undefined) throw parameterError(where, `${takes(kind, values)}`);
  return value;
}

function takes(kind: Kind, values: string | undefined): string {
  if (values)
    return `One of ${enumValues(values)
      .map((value) => spelled(values, value))
      .join(', ')} is expected.`;
  if (kind === 'flag') return 'True or false is expected.';
  if (kind === 'number') return 'A number of at most 13 digits before and 9 after the decimal point is expected.';
  if (kind === 'day') return 'A day as YYYY-MM-DD is expected.';
  return 'An instant such as 2022-01-02T10:00:00Z is expected.';
}

/** Values are read in upper and lower case, and in the spelling of the graph as well as in the published one. */
const isSpelling = (name: string, value: string, given: string): boolean =>
  [value, spelled(name, value)].some((each) => each.toLowerCase() === given.toLowerCase());

function enumValues(name: string): string[] {
  const type = schema().getType(name);
  if (!isEnumType(type)) throw new Error(`The graph has no enum ${name}.`);
  return type.getValues().map((value) => value.name);
}

function instantOf(given: string): string | undefined {
  try {
    return DateTimeScalar.parseValue(given) as string;
  } catch {
    return undefined;
  }
}

const hasNulls: readonly Kind[] = ['id', 'text', 'day'];
/** Kinds of which the graph takes a bare value. */
const bare: readonly Kind[] = ['one', 'word', 'flag'];

function equal({ kind }: Filter, value: Operand): unknown {
  if (value === null) return hasNulls.includes(kind) ? { isNull: true } : undefined;
  if (kind === 'instant') {
    const end = next(String(value));
    return end && { gte: value, lt: end };
  }
  return bare.includes(kind) ? value : { eq: value };
}

/** The graph has no "other than", which no index can serve. Of the values of an enum, it asks for the others. */
function other(filter: Filter, value: Operand): unknown {
  if (value === null) return hasNulls.includes(filter.kind) ? { isNull: false } : undefined;
  if (filter.kind === 'flag') return !value;
  return (
    filter.values &&
    among(
      filter,
      enumValues(filter.values).filter((each) => each !== value),
    )
  );
}

function among(filter: Filter, wanted: readonly Operand[]): unknown {
  if (wanted.length === 1) return equal(filter, wanted[0]);
  return wanted.includes(null) || bare.includes(filter.kind) || filter.kind === 'instant' ? undefined : { in: wanted };
}

/** Days and instants are whole steps, so one end of the graph serves both operators. */
function beyond({ kind }: Filter, operator: keyof typeof orders, value: string): unknown {
  if (kind === 'number') return { [{ LT: 'lt', GT: 'gt', GE: 'gte', LE: 'lte' }[operator]]: value };
  if (kind === 'instant') {
    const end = operator === 'GT' || operator === 'LE' ? next(value) : value;
    return end && { [operator === 'GT' || operator === 'GE' ? 'gte' : 'lt']: end };
  }
  const end = operator === 'GT' ? addDays(value, 1) : operator === 'LT' ? addDays(value, -1) : value;
  // The graph takes nothing beyond its first and its last day.
  return isDay(end) ? { [operator === 'GT' || operator === 'GE' ? 'gte' : 'lte']: end } : undefined;
}

/** The next millisecond, which is the step of every instant here; undefined beyond the last one that the graph takes. */
const next = (value: string): string | undefined => instantOf(new Date(Date.parse(value) + 1).toISOString());

function same({ kind }: Filter, shown: unknown, value: Operand): boolean {
  if (shown == null || value === null) return (shown ?? null) === value;
  if (kind === 'number') return compare(String(shown), String(value)) === 0;
  if (kind === 'id') return shown === idOf(String(value));
  return shown === value;
}

const order = ({ kind }: Filter, a: string, b: string): number =>
  kind === 'number' ? compare(a, b) : a < b ? -1 : a > b ? 1 : 0;
