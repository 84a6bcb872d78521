import { GraphQLError, GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped } from 'graphql';
import { isObject } from '../domain/json';

type Maybe<T> = T | null | undefined;

import { firstDay, isDay, lastDay } from '../domain/date';
import { decimalOfNumber, parseDecimal } from '../domain/decimal';

/** A value of a request in a message, where it may have megabytes. */
export const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
};

function refuse(name: string, value: unknown, allowed: string, nodes?: ValueNode): never {
  throw new GraphQLError(`${name} cannot represent ${shown(value)}: ${allowed}.`, {
    nodes,
    extensions: { code: 'BAD_USER_INPUT' },
  });
}

/** A scalar that reads variables and literals of the document with one function. */
function textScalar(
  name: string,
  description: string,
  allowed: string,
  read: (text: string) => string | undefined,
): GraphQLScalarType<string, string> {
  const parse = (value: unknown, node?: ValueNode): string => {
    const result = typeof value === 'string' ? read(value) : undefined;
    return result ?? refuse(name, value, allowed, node);
  };
  return new GraphQLScalarType<string, string>({
    name,
    description,
    serialize: String,
    parseValue: (value) => parse(value),
    parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : valueFromASTUntyped(node), node),
  });
}

export const DateScalar = textScalar(
  'Date',
  'A calendar day such as "2022-01-02", without a time zone. Input is accepted from 1900-01-01 to 2999-12-31.',
  `a day as YYYY-MM-DD from ${firstDay} to ${lastDay} is expected`,
  (text) => (isDay(text) ? text : undefined),
);

/**
 * Bounds every part, because Date.parse reads 24:00 as the next day. A leap second (:60) is refused, because no Date
 * can hold it.
 */
const instantForm = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

export const DateTimeScalar = textScalar(
  'DateTime',
  'An instant in the form of RFC 3339. Output is in UTC with milliseconds, such as "2022-01-02T10:00:00.000Z". Input may have any offset.',
  'an instant such as 2022-01-02T10:00:00Z is expected',
  (text) => {
    const day = instantForm.exec(text)?.[1];
    const time = Date.parse(text);
    return day && isDay(day) && !Number.isNaN(time) ? new Date(time).toISOString() : undefined;
  },
);

const decimals =
  'a decimal of at most 13 digits before and 9 after the decimal point is expected. Send a string, or a JSON number of at most 15 significant digits';

export const DecimalScalar = new GraphQLScalarType<string, string>({
  name: 'Decimal',
  description:
    'An exact decimal. Output is a string without exponent: money with at least the decimals of its currency, other values without trailing zeros. Input is a string, or a JSON number of at most 15 significant digits. It has at most 13 digits before and 9 after the decimal point. Source: Zuora, "Rounding and precision in Zuora".',
  serialize: String,
  parseValue: (value) => {
    const result =
      typeof value === 'string' ? parseDecimal(value) : typeof value === 'number' ? decimalOfNumber(value) : undefined;
    return result ?? refuse('Decimal', value, decimals);
  },
  parseLiteral: (node: ValueNode) => {
    const written =
      node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT ? node.value : undefined;
    const number = node.kind === Kind.FLOAT ? decimalOfNumber(Number(node.value)) : undefined;
    return (
      (written && parseDecimal(written)) ??
      number ??
      refuse('Decimal', written ?? valueFromASTUntyped(node), decimals, node)
    );
  },
});

/**
 * The value of a literal, with its variables. A key whose variable is absent is left out, as in any input object.
 * `valueFromASTUntyped` would keep the key, and would leave a hole in a list.
 */
function literal(node: ValueNode, variables: Maybe<Record<string, unknown>>): unknown {
  if (node.kind === Kind.VARIABLE) {
    const name = node.name.value;
    // Inherited properties, such as constructor, are no variables.
    return variables && Object.hasOwn(variables, name) ? variables[name] : undefined;
  }
  if (node.kind === Kind.LIST) return node.values.map((value) => literal(value, variables) ?? null);
  if (node.kind !== Kind.OBJECT) return valueFromASTUntyped(node);
  // The object has no prototype, so that a field called __proto__ is kept, and later refused for its name.
  const object: Record<string, unknown> = Object.create(null);
  for (const field of node.fields) {
    const value = literal(field.value, variables);
    if (value !== undefined) object[field.name.value] = value;
  }
  return object;
}

/** A scalar whose values are JSON objects. What is in them is judged by whoever takes them. */
export const objectScalar = (
  name: string,
  description: string,
): GraphQLScalarType<Record<string, unknown>, Record<string, unknown>> =>
  new GraphQLScalarType({
    name,
    description,
    serialize: (value) => value as Record<string, unknown>,
    parseValue: (value) => (isObject(value) ? value : refuse(name, value, 'an object is expected')),
    parseLiteral: (node, variables) => {
      const value = literal(node, variables);
      return isObject(value) ? value : refuse(name, value, 'an object is expected', node);
    },
  });

export const JSONObjectScalar = objectScalar(
  'JSONObject',
  'An object of custom fields. Their names end in __c; upper and lower case differ. Values are texts of at most 500 characters, numbers, booleans or null. An object has at most 100 fields, with 10,000 characters of names and texts together, otherwise LIMIT_EXCEEDED. Source: Zuora, "Create fulfillments".',
);
