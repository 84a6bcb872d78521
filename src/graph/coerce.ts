import { coerceInputValue, type GraphQLInputType } from 'graphql';
import { schema } from './schema';

export interface InputProblem {
  kind: 'unknown' | 'missing' | 'value';
  path: readonly (string | number)[];
  message: string;
}

/**
 * Reads a JSON value as an input type of the schema, for doors other than GraphQL: one description of the input serves
 * all, with the same scalars, enums and defaults.
 */
export function readInput<T>(typeName: string, value: unknown): { value: T } | { problems: InputProblem[] } {
  const problems: InputProblem[] = [];
  const type = schema().getType(typeName) as GraphQLInputType;
  const result = coerceInputValue(value, type, (path, _invalid, error) => {
    // graphql tells these two apart by its wording alone; tests hold the wording.
    const kind = /was not provided/.test(error.message)
      ? 'missing'
      : /is not defined by type/.test(error.message)
        ? 'unknown'
        : 'value';
    problems.push({ kind, path, message: error.message.replace(/ Did you mean .*$/, '') });
  });
  return problems.length ? { problems } : { value: result as T };
}
