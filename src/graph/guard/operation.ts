import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  getVariableValues,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  TypeInfo,
  ValidationContext,
} from 'graphql';
import { collects, type ProcessingOptions } from '../../domain/payment';
import { schema } from '../build/schema';
import { InvalidDocument, type ParsedDocument } from './parsed-document';
import { judgePast } from './past';

/** Variables by name. An absent variable means something else than a null variable. */
export type Variables = Readonly<Record<string, unknown>>;

/** An operation that can run: its variables fit, and none of its fields refuses the arguments. */
export interface Operation extends ParsedDocument {
  node: OperationDefinitionNode;
  /** The values that resolvers get: coerced once, with defaults. */
  variables: Variables;
  /** The fields of a mutation, without `__typename`; none for another operation. */
  mutations: readonly FieldNode[];
  /** Whether a mutation of the operation is a dry run. */
  dryRun: boolean;
  /** Whether a mutation of the operation may ask the payment gateway while its transaction is open. */
  mayPay: boolean;
}

/**
 * Judges a request before anything runs, and refuses a request that cannot be judged. An operation that failed halfway
 * would have had the effect of its first fields. An operation whose `dryRun` is unknown could have an effect that
 * nobody wanted.
 * @throws InvalidDocument OPERATION_RESOLUTION_FAILURE, BAD_USER_INPUT
 */
export function prepare(
  { document, hash }: ParsedDocument,
  operationName?: string | null,
  given?: Variables | null,
  { hideSuggestions = false } = {},
): Operation {
  const node = operationOf(document, operationName);
  // One error is enough. Each entry of a list of 490,000 has its own, and finding 50 of them took graphql-js seconds.
  const options = { maxErrors: 1, hideSuggestions };
  const { coerced: variables, errors } = getVariableValues(
    schema(),
    node.variableDefinitions ?? [],
    given ?? {},
    options,
  );
  if (!variables) throw new InvalidDocument('BAD_USER_INPUT', errors!.slice(0, 1));
  const operation = { document, hash, node, variables };
  try {
    if (mayBeRefused(operation)) for (const field of fieldsOf(operation)) argumentsOf(field, variables);
    if (node.operation === OperationTypeNode.QUERY) judgePast(schema(), operation);
    if (node.operation !== OperationTypeNode.MUTATION)
      return { mutations: [], dryRun: false, mayPay: false, ...operation };
    const fields = [...rootFieldsOf(operation)];
    const given = fields.map((field) => argumentsOf(field, variables));
    return {
      mutations: fields.map((field) => field.node),
      dryRun: given.some(({ dryRun }) => dryRun === true),
      mayPay: fields.some(({ definition }, at) => definition.extensions.pays === true || asksToCollect(given[at])),
      ...operation,
    };
  } catch (error) {
    if (error instanceof GraphQLError) throw new InvalidDocument('BAD_USER_INPUT', [error]);
    throw error;
  }
}

/** Processing options are an argument, or a field of one. */
const asksToCollect = (given: Record<string, unknown>): boolean =>
  [given, ...Object.values(given)].some((at) =>
    collects((at as { processingOptions?: ProcessingOptions } | null | undefined)?.processingOptions),
  );

/** An empty name counts as absent, because URLs and forms cannot leave a value out in another way. */
function operationOf({ definitions }: DocumentNode, name: string | null | undefined): OperationDefinitionNode {
  const operations = definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const found = name ? operations.find((node) => node.name?.value === name) : operations[0];
  if (found && (name || operations.length === 1)) return found;
  const why = name
    ? `Unknown operation named "${name}".`
    : operations.length
      ? 'Must provide operation name if query contains multiple operations.'
      : 'Must provide an operation.';
  throw new InvalidDocument('OPERATION_RESOLUTION_FAILURE', [new GraphQLError(why)]);
}

export type Prepared = Pick<Operation, 'document' | 'node' | 'variables'>;

/** A field that will be resolved, unless its parent is null or of another type. */
export interface ExecutedField {
  node: FieldNode;
  /** The name of the type that has the field. */
  parent: string;
  definition: GraphQLField<unknown, unknown>;
}

/**
 * Each field of an operation, at every level, without the fields that @skip and @include leave out. A field of a
 * fragment comes once for each place.
 */
export function* fieldsOf({ document, node, variables }: Prepared): Generator<ExecutedField> {
  const fragments = fragmentsOf(document);
  const below = function* (set: SelectionSetNode, type: string): Generator<ExecutedField> {
    for (const field of level(set, type, { fragments, variables, entered: new Set() })) {
      yield field;
      const { selectionSet } = field.node;
      if (selectionSet) yield* below(selectionSet, getNamedType(field.definition.type).name);
    }
  };
  yield* below(node.selectionSet, rootTypeOf(node));
}

/** The root fields alone. */
export const rootFieldsOf = ({ document, node, variables }: Prepared): Generator<ExecutedField> =>
  level(node.selectionSet, rootTypeOf(node), { fragments: fragmentsOf(document), variables, entered: new Set() });

/** The name of the type that the root fields of an operation belong to. */
export const rootTypeOf = ({ operation }: OperationDefinitionNode): string => schema().getRootType(operation)!.name;

const knownFragments = new WeakMap<DocumentNode, Map<string, FragmentDefinitionNode>>();

function fragmentsOf(document: DocumentNode): Map<string, FragmentDefinitionNode> {
  let fragments = knownFragments.get(document);
  if (!fragments) {
    const all = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION);
    fragments = new Map(all.map((node) => [node.name.value, node]));
    knownFragments.set(document, fragments);
  }
  return fragments;
}

interface Level {
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  variables: Variables;
  /** Each fragment is entered once, as in the execution: a second spread adds no field. */
  entered: Set<string>;
}

/**
 * The fields of one selection set, through its fragments. `__typename` and introspection are left out, because they
 * cannot fail.
 */
function* level(set: SelectionSetNode, type: string, at: Level): Generator<ExecutedField> {
  for (const node of set.selections) {
    if (getDirectiveValues(GraphQLSkipDirective, node, at.variables)?.if === true) continue;
    if (getDirectiveValues(GraphQLIncludeDirective, node, at.variables)?.if === false) continue;
    if (node.kind === Kind.FIELD) {
      const parent = schema().getType(type);
      const definition = parent && 'getFields' in parent ? parent.getFields()[node.name.value] : undefined;
      // Always an output type, because a selection stands on no other.
      if (definition && 'args' in definition) yield { node, parent: type, definition };
    } else if (node.kind === Kind.INLINE_FRAGMENT) {
      yield* level(node.selectionSet, node.typeCondition?.name.value ?? type, at);
    } else if (!at.entered.has(node.name.value)) {
      at.entered.add(node.name.value);
      const { selectionSet, typeCondition } = at.fragments.get(node.name.value)!;
      yield* level(selectionSet, typeCondition.name.value, at);
    }
  }
}

/** The values of a field's arguments. */
export const argumentsOf = ({ definition, node }: ExecutedField, variables: Variables): Record<string, unknown> =>
  getArgumentValues(definition, node, variables);

const knownNullable = new WeakMap<OperationDefinitionNode, readonly string[]>();

/**
 * The variables that may be null for an argument that refuses null. GraphQL allows `dryRun: $d` with `$d: Boolean`,
 * because the argument has a default for an absent variable. With a null variable, the field fails when its turn comes.
 */
function nullableWhereNullIsRefused(document: DocumentNode, node: OperationDefinitionNode): readonly string[] {
  let names = knownNullable.get(node);
  if (!names) {
    const context = new ValidationContext(schema(), document, new TypeInfo(schema()), () => {});
    const required = new Set(
      node.variableDefinitions
        ?.filter(({ type }) => type.kind === Kind.NON_NULL_TYPE)
        .map(({ variable }) => variable.name.value),
    );
    const refused = context
      .getRecursiveVariableUsages(node)
      .filter(({ node: { name }, type }) => isNonNullType(type) && !required.has(name.value));
    names = [...new Set(refused.map(({ node: { name } }) => name.value))];
    knownNullable.set(node, names);
  }
  return names;
}

const mayBeRefused = ({ document, node, variables }: Prepared): boolean =>
  nullableWhereNullIsRefused(document, node).some((name) => Object.hasOwn(variables, name) && variables[name] === null);
