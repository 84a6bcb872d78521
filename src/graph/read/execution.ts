import { randomBytes } from 'node:crypto';
import { tracingChannel } from 'node:diagnostics_channel';
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLScalarType,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import { schema } from '../build/schema';
import type { GraphContext } from '../context';
import type { Operation } from '../guard/operation';
import { property } from './pace';

/** An operation that runs, without its text and its variables. */
export interface OperationRun {
  type: string;
  name?: string;
  /** The hash of the document. */
  hash: string;
  result?: unknown;
  error?: unknown;
}

/** Publishes each operation for traces. Without subscribers it costs nothing. */
export const operations = tracingChannel<unknown, OperationRun>('order-gateway.operation');

/** Runs an operation with graphql-js, the authority on what an operation means. */
export async function run(operation: Operation, context: GraphContext): Promise<ExecutionResult> {
  if (!operations.hasSubscribers) return executed(operation, context);
  const { hash, node } = operation;
  const told = { type: node.operation, name: node.name?.value, hash };
  return operations.tracePromise(async () => executed(operation, context), told);
}

async function executed(
  { document, node, variables }: Operation,
  contextValue: GraphContext,
): Promise<ExecutionResult> {
  const form = coercedForm(document, node);
  const args = { schema: executable(), document: form, variableValues: variables, contextValue };
  const result = await execute({ ...args, fieldResolver: property });
  // A request that was ended has one error for all fields that were left.
  return result.errors ? { ...result, errors: [...new Set(result.errors)] } : result;
}

/**
 * Replaces the type of each variable while an operation runs, because the value is coerced already. `execute` accepts
 * coerced values in no other way. Coercing 1,000 fulfillments a second time takes as long as everything else that
 * `execute` does.
 */
const Coerced = new GraphQLScalarType({
  // Introspection finds types by any name, so nobody must be able to guess this one.
  name: `Coerced_${randomBytes(16).toString('hex')}`,
  parseValue: (value) => value,
});

let derived: GraphQLSchema | undefined;

/** The schema with the type `Coerced`. Documents are validated against the schema itself. */
function executable(): GraphQLSchema {
  const own = schema();
  derived ??= Object.create(own, {
    getType: { value: (name: string) => (name === Coerced.name ? Coerced : own.getType(name)) },
  }) as GraphQLSchema;
  return derived;
}

const known = new WeakMap<OperationDefinitionNode, DocumentNode>();

/** The document with this operation alone. Its variables are coerced and have their defaults. */
function coercedForm({ kind, definitions }: DocumentNode, node: OperationDefinitionNode): DocumentNode {
  let form = known.get(node);
  if (!form) {
    const type = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: Coerced.name } } as const;
    const variableDefinitions = node.variableDefinitions?.map(
      ({ kind: definition, variable }) => ({ kind: definition, variable, type }) as const,
    );
    const fragments = definitions.filter((each) => each.kind === Kind.FRAGMENT_DEFINITION);
    form = { kind, definitions: [{ ...node, variableDefinitions }, ...fragments] };
    known.set(node, form);
  }
  return form;
}
