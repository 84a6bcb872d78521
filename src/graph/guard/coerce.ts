import { coerceInputValue, GraphQLInputObjectType, type GraphQLInputType, getNullableType, isEnumType } from 'graphql';
import { schema } from '../build/schema';
import { short } from './parsed-document';

export interface InputProblem {
  kind: 'unknown' | 'missing' | 'value';
  path: readonly (string | number)[];
  message: string;
}

/**
 * Maximum number of problems in a reply. All problems could fill megabytes, and finding them would hold up other
 * requests.
 */
const mostProblems = 50;
const enough = new Error('enough problems were found');

/**
 * Reads a JSON value as an input type of the schema, for interfaces other than GraphQL. All interfaces share one
 * description of the input, with the same scalars, enums and defaults.
 */
export function readInput<T>(
  of: string | GraphQLInputType,
  value: unknown,
): { value: T } | { problems: InputProblem[] } {
  const problems: InputProblem[] = [];
  const type = typeof of === 'string' ? (schema().getType(of) as GraphQLInputType) : of;
  const note = (path: InputProblem['path'], invalid: unknown, { message }: { message: string }) => {
    problems.push(problemOf(path, invalid, message));
    if (problems.length >= mostProblems) throw enough;
  };
  try {
    const result = coerceInputValue(value, type, note);
    return problems.length ? { problems } : { value: result as T };
  } catch (error) {
    if (error !== enough) throw error;
    return { problems };
  }
}

/**
 * A problem in words for readers who do not know GraphQL. The library tells problems apart by its wording alone; tests hold
 * the wording.
 */
function problemOf(path: InputProblem['path'], invalid: unknown, message: string): InputProblem {
  const [, missing] = /^Field "(\w+)" of required type .* was not provided\.$/.exec(message) ?? [];
  if (missing) return { kind: 'missing', path: [...path, missing], message: 'A value is required.' };
  const [, unknown] = /^Field "(.*)" is not defined by type "\w+"\./s.exec(message) ?? [];
  if (unknown !== undefined)
    return { kind: 'unknown', path: [...path, short(unknown)], message: 'This field is not accepted here.' };
  const value = (message: string): InputProblem => ({ kind: 'value', path, message: short(message) });
  if (/^Expected type "\w+" to be an object\.$/.test(message)) return value('An object is expected.');
  // Null is no value, as in an update, where the rules refuse it (REQUIRED).
  if (/^Expected non-nullable type .* not to be null\.$/.test(message))
    return { kind: 'missing', path, message: 'The value must not be null.' };
  const [, one, other] =
    /^Value ".*" does not exist in "(\w+)" enum|^Enum "(\w+)" cannot represent/s.exec(message) ?? [];
  const type = schema().getType(one ?? other ?? '');
  if (!isEnumType(type)) return value(message);
  const allowed = type.getValues().map(({ name }) => name);
  return value(`${short(JSON.stringify(invalid))} is not allowed; ${allowed.join(', ')} are allowed.`);
}

/** A body with one field, which has the type of the mutation's argument `input`. */
export function bodyOf(mutation: string, field: string): GraphQLInputObjectType {
  const { type, description } = schema()
    .getMutationType()!
    .getFields()
    [mutation].args.find(({ name }) => name === 'input')!;
  return new GraphQLInputObjectType({ name: 'Body', fields: { [field]: { type, description } } });
}

/** An input type with some fields of another type. Each borrowed field may be left out. */
export function inputWith(name: string, other: string, fields: readonly string[]): GraphQLInputObjectType {
  const of = (type: string) => (schema().getType(type) as GraphQLInputObjectType).toConfig().fields;
  const more = of(other);
  const borrowed = fields.map((field) => [field, { ...more[field], type: getNullableType(more[field].type) }]);
  return new GraphQLInputObjectType({ name, fields: { ...of(name), ...Object.fromEntries(borrowed) } });
}
