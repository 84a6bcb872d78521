import { coerceInputValue, GraphQLInputObjectType, type GraphQLInputType, getNullableType } from 'graphql';
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
  const note = (path: InputProblem['path'], error: { message: string }) => {
    // graphql tells `missing` and `unknown` apart by its wording alone; tests hold the wording.
    const kind = /was not provided/.test(error.message)
      ? 'missing'
      : /is not defined by type/.test(error.message)
        ? 'unknown'
        : 'value';
    problems.push({ kind, path, message: short(error.message.replace(/ Did you mean .*$/, '')) });
    if (problems.length >= mostProblems) throw enough;
  };
  try {
    const result = coerceInputValue(value, type, (path, _invalid, error) => note(path, error));
    return problems.length ? { problems } : { value: result as T };
  } catch (error) {
    if (error !== enough) throw error;
    return { problems };
  }
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
