import { type DocumentNode, type ExecutionResult, execute, GraphQLError } from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';
import type { GraphContext } from './context';
import { schema } from './schema';

/** One operation of a document that has been validated. The key tells documents apart, such as a hash of their text. */
export interface Operation {
  key: string;
  document: DocumentNode;
  operationName?: string;
  variables?: Record<string, unknown>;
}

/** What is known of an operation: that it came once, its compiled form, or that it is left to graphql-js. */
type Known = 'seen once' | CompiledQuery | 'as it is';

const known = new LRUCache<string, Known>({ max: 500 });

function compiled({ key, document, operationName }: Operation): CompiledQuery | undefined {
  const name = `${key} ${operationName ?? ''}`;
  let form = known.get(name);
  if (!form) {
    known.set(name, 'seen once');
  } else if (form === 'seen once') {
    const made = compileQuery(schema(), document, operationName);
    form = isCompiledQuery(made) ? made : 'as it is';
    known.set(name, form);
  }
  return typeof form === 'object' ? form : undefined;
}

/**
 * Carries out an operation. One that comes again is compiled into a function; one that is written anew for each request,
 * with its values in it, is not worth that.
 */
export async function carryOut(operation: Operation, context: GraphContext): Promise<ExecutionResult> {
  const { document, operationName, variables } = operation;
  const query = compiled(operation);
  if (query) {
    const result = await query.query(undefined, context, variables);
    // Without data nothing has run: the variables are refused, which graphql-js below says in its own words.
    if ('data' in result) return result.errors ? { ...result, errors: result.errors.map(complete) } : result;
  }
  return execute({ schema: schema(), document, operationName, variableValues: variables, contextValue: context });
}

/** Errors of a compiled operation lack the extensions that those of graphql-js always have. */
function complete({ message, locations, path, originalError, extensions }: GraphQLError): GraphQLError {
  const error = new GraphQLError(message, { path, originalError, extensions });
  return Object.assign(error, { locations });
}
