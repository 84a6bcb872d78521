import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';
import { schema } from '../../src/graph/build/schema';

/* Every place where a client can put a text, found in the schema. */

/** A place in the arguments of a field, or in a body: the names on the way to it, and its scalar. */
export interface Place {
  path: string[];
  scalar: string;
}

/** The places of a value of an input type. Lists and objects on the way do not show. */
export function placesIn(type: GraphQLInputType, path: string[] = [], above: string[] = []): Place[] {
  const named = getNamedType(type);
  if (isInputObjectType(named)) {
    if (above.includes(named.name)) return [];
    const fields = Object.values(named.getFields());
    return fields.flatMap((field) => placesIn(field.type, [...path, field.name], [...above, named.name]));
  }
  if (isEnumType(named) || ['Int', 'Boolean', 'Float'].includes(named.name)) return [];
  return [{ path, scalar: named.name }];
}

type RootField = GraphQLField<unknown, unknown>;

export const rootFields = (): { kind: 'query' | 'mutation'; field: RootField }[] =>
  (['query', 'mutation'] as const).flatMap((kind) => {
    const type = (kind === 'query' ? schema().getQueryType() : schema().getMutationType()) as GraphQLObjectType;
    return Object.values(type.getFields()).map((field) => ({ kind, field }));
  });

const plain: Record<string, unknown> = {
  Int: 1,
  Boolean: false,
  Date: '2022-01-01',
  Decimal: '1',
  DateTime: '2022-01-01T00:00:00Z',
  JSONObject: {},
};

/** A value of an input type with `text` at a place, and elsewhere what `base` has or what must be there. */
export function valueWith(
  type: GraphQLInputType,
  path: readonly string[] | undefined,
  text: unknown,
  base?: unknown,
): unknown {
  const bare = getNullableType(type);
  if (isListType(bare)) return [valueWith(bare.ofType, path, text, Array.isArray(base) ? base[0] : undefined)];
  const named = getNamedType(type);
  if (path?.length === 0) return text;
  if (!isInputObjectType(named)) {
    return base ?? (isEnumType(named) ? named.getValues()[0].name : (plain[named.name] ?? 'x'));
  }
  const given = (base ?? {}) as Record<string, unknown>;
  const value: Record<string, unknown> = { ...given };
  for (const field of Object.values(named.getFields())) {
    const [first, ...rest] = path ?? [];
    const needed = isNonNullType(field.type) && field.defaultValue === undefined && !(field.name in given);
    if (field.name === first) value[field.name] = valueWith(field.type, rest, text, given[field.name]);
    else if (needed) value[field.name] = valueWith(field.type, undefined, text);
  }
  return value;
}

/** Arguments of a field with `text` at a place. */
export function argumentsWith(field: RootField, path: readonly string[], text: unknown, base: Record<string, unknown>) {
  const values: Record<string, unknown> = {};
  for (const { name, type, defaultValue } of field.args) {
    if (name === path[0]) values[name] = valueWith(type, path.slice(1), text, base[name]);
    else if (name in base) values[name] = base[name];
    else if (isNonNullType(type) && defaultValue === undefined) values[name] = valueWith(type, undefined, text);
  }
  return values;
}
