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
  OperationTypeNode,
} from 'graphql';
import { preparesStatements } from '../../store/connection/prepared';
import { schema } from '../build/schema';
import type { GraphContext } from '../context';
import type { Operation } from '../guard/operation';
import { property } from './pace';
import { type Plan, planOf } from './plan/plan';
import { runPlanned } from './plan/run';

/** An operation that runs, without its text and its variables. */
interface OperationRun {
  type: string;
  name?: string;
  /** The hash of the document. */
  hash: string;
  result?: unknown;
  error?: unknown;
}

/** Publishes each operation for traces. Without subscribers it costs nothing. */
export const operations = tracingChannel<unknown, OperationRun>('order-gateway.operation');

/**
 * How a query is read. `planned`: one statement for all that can be planned, and resolvers for the rest. `loaders`:
 * resolvers for all. Both answer the same, and a test holds them to it.
 */
export type Way = 'planned' | 'loaders';

/** Runs an operation. graphql-js is the authority on what an operation means. */
export async function run(operation: Operation, context: GraphContext, way: Way = 'planned'): Promise<ExecutionResult> {
  if (!operations.hasSubscribers) return executed(operation, context, way);
  const { hash, node } = operation;
  const told = { type: node.operation, name: node.name?.value, hash };
  return operations.tracePromise(async () => executed(operation, context, way), told);
}

async function executed(operation: Operation, context: GraphContext, way: Way): Promise<ExecutionResult> {
  const plan = way === 'planned' && mayBePlanned(operation, context) ? planOf(operation, context.maxPageSize) : null;
  if (!plan) return resolved(operation, context);
  return runPlanned(plan, operation, context, (names) => resolved(withFields(operation, plan, names), context));
}

/**
 * Without prepared statements PostgreSQL would plan a statement of some kilobytes for each request, which takes longer
 * than the loaders.
 */
const mayBePlanned = ({ node }: Operation, { caller }: GraphContext): boolean =>
  node.operation === OperationTypeNode.QUERY && !caller.undecided && preparesStatements();

/** The operation with these root fields alone. Remembered, so that graphql-js gets the same nodes again. */
function withFields(operation: Operation, { fields, parts }: Plan, names: ReadonlySet<string>): Operation {
  const key = [...names].join(' ');
  let node = parts.get(key);
  if (!node) {
    const selections = fields.flatMap(([name, nodes]) => (names.has(name) ? nodes : []));
    node = { ...operation.node, selectionSet: { kind: Kind.SELECTION_SET, selections } };
    if (parts.size < mostParts) parts.set(key, node);
  }
  return { ...operation, node };
}
const mostParts = 20;

async function resolved(
  { document, node, variables }: Operation,
  contextValue: GraphContext,
): Promise<ExecutionResult> {
  const form = coercedForm(document, node);
  const args = { schema: executable(), document: form, variableValues: variables, contextValue };
  const result = await execute({ fieldResolver: property, ...args });
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

let derived: { from: GraphQLSchema; schema: GraphQLSchema } | undefined;

/** The schema with the type `Coerced`. Documents are validated against the schema itself. */
function executable(): GraphQLSchema {
  const from = schema();
  if (derived?.from !== from) {
    const getType = (name: string) => (name === Coerced.name ? Coerced : from.getType(name));
    derived = { from, schema: Object.create(from, { getType: { value: getType } }) as GraphQLSchema };
  }
  return derived.schema;
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
