import { tracingChannel } from 'node:diagnostics_channel';
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  GraphQLError,
  getNamedType,
  getOperationAST,
  isAbstractType,
  Kind,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
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

/** Of a document with one operation it makes no difference whether a request names it. */
const nameOf = ({ key, document, operationName }: Operation): string => {
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  return operations.length === 1 ? key : `${key} ${operationName ?? ''}`;
};

function compiled(operation: Operation): CompiledQuery | undefined {
  const name = nameOf(operation);
  const form = known.get(name);
  if (!form) known.set(name, 'seen once');
  if (form === 'seen once') return compiledAhead(operation);
  return typeof form === 'object' ? form : undefined;
}

/** Compiles an operation of which it is known that it will come again. */
export function compiledAhead(operation: Operation): CompiledQuery | undefined {
  const { document, operationName } = operation;
  const made = isCompilable(document, operationName) && compileQuery(schema(), document, operationName);
  const form = made && isCompiledQuery(made) ? made : 'as it is';
  known.set(nameOf(operation), form);
  return typeof form === 'object' ? form : undefined;
}

/** Selections, written out. Screens and reports have some tens to a hundred; this many are compiled in a tenth of a second. */
const mostSelections = 500;

/**
 * Whether the compiler makes of an operation what graphql-js makes of it, and without holding up everybody else. It writes
 * fragments out wherever they are spread, and fields of an interface once for each of its types: 2 KB of fragments that spread
 * one another twice took it 19 seconds. And where @skip or @include stand at one of several selections of a field it
 * leaves the field in or out by another's: of 6,000 random documents with them 547 had another answer, of 12,000
 * without them none. A variable within an object or a list, such as `{ eq: $id }`, it takes for null where it is absent.
 */
function isCompilable(document: DocumentNode, operationName: string | undefined): boolean {
  const operation = getOperationAST(document, operationName);
  const root = operation && schema().getRootType(operation.operation);
  if (!root) return false;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  }
  let left = mostSelections;
  const fits = ({ selections }: SelectionSetNode, type: GraphQLCompositeType, times: number): boolean =>
    selections.every((selection) => {
      const each = times * (isAbstractType(type) ? schema().getPossibleTypes(type).length : 1);
      left -= each;
      if (left < 0 || selection.directives?.length) return false;
      if (selection.kind === Kind.FIELD) {
        if (selection.arguments?.some(({ value }) => value.kind !== Kind.VARIABLE && holdsVariable(value)))
          return false;
        if (!selection.selectionSet) return true;
        // None is what asks for the schema itself.
        const field = 'getFields' in type ? type.getFields()[selection.name.value] : undefined;
        if (!field) return false;
        return fits(selection.selectionSet, getNamedType(field.type) as GraphQLCompositeType, each);
      }
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)!;
      const condition = inner.typeCondition && schema().getType(inner.typeCondition.name.value);
      return fits(inner.selectionSet, (condition as GraphQLCompositeType | undefined) ?? type, times);
    });
  return fits(operation.selectionSet, root, 1);
}

const holdsVariable = (value: ValueNode): boolean => {
  if (value.kind === Kind.LIST) return value.values.some(holdsVariable);
  if (value.kind === Kind.OBJECT) return value.fields.some((field) => holdsVariable(field.value));
  return value.kind === Kind.VARIABLE;
};

/** An operation that is carried out, without its text and its variables. */
export interface OperationRun {
  type: string;
  name?: string;
  /** Of its document. */
  hash: string;
  result?: unknown;
  error?: unknown;
}

/** Each operation is told here, for traces; where nobody listens it costs nothing. */
export const operations = tracingChannel<unknown, OperationRun>('order-gateway.operation');

/** Carries out an operation. `hideSuggestions`: errors do not say which names there are. */
export function carryOut(
  operation: Operation,
  context: GraphContext,
  options: { hideSuggestions?: boolean } = {},
): Promise<ExecutionResult> {
  if (!operations.hasSubscribers) return executed(operation, context, options);
  const { key: hash, document, operationName } = operation;
  const { operation: type = 'unknown', name } = getOperationAST(document, operationName) ?? {};
  return operations.tracePromise(() => executed(operation, context, options), { type, name: name?.value, hash });
}

/** One that comes again is compiled into a function; one that is written anew for each request, with its values in it, is not worth that. */
async function executed(
  operation: Operation,
  context: GraphContext,
  { hideSuggestions = false }: { hideSuggestions?: boolean },
): Promise<ExecutionResult> {
  const { document, operationName, variables } = operation;
  const query = compiled(operation);
  if (query) {
    const result = await query.query(undefined, context, variables);
    // Without data nothing has run: the variables are refused, which graphql-js below says in its own words.
    if ('data' in result) return result.errors ? { ...result, errors: result.errors.map(complete) } : result;
  }
  const asked = { document, operationName, variableValues: variables, hideSuggestions };
  return execute({ schema: schema(), ...asked, contextValue: context });
}

/** Errors of a compiled operation lack the extensions that those of graphql-js always have. */
function complete({ message, locations, path, originalError, extensions }: GraphQLError): GraphQLError {
  const error = new GraphQLError(message, { path, originalError, extensions });
  return Object.assign(error, { locations });
}
