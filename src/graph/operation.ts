import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql';
import { canonical } from '../domain/canonical';
import { RequestError } from '../domain/errors';
import { schema } from './schema';

export interface MutationPlan {
  dryRun: boolean;
  /** The variables that the operation uses, in the order of its definitions: what a fingerprint is made of. */
  variables: unknown;
}

/**
 * Looks at a mutation before it runs: is it a dry run? Undefined for queries, and for what cannot be read or does not fit the
 * schema, which the execution will say better.
 * @throws RequestError ONE_MUTATION_PER_KEY where a keyed request or a dry run holds more than one mutation field
 */
export function planMutation(
  text: string,
  operationName: unknown,
  variables: unknown,
  keyed: boolean,
): MutationPlan | undefined {
  const document = parsed(text);
  const operation = document && operationOf(document, operationName);
  if (operation?.operation !== 'mutation') return undefined;
  const given = (typeof variables === 'object' && variables !== null ? variables : {}) as Record<string, unknown>;
  const { coerced } = getVariableValues(schema(), operation.variableDefinitions ?? [], given);
  if (!coerced) return undefined;
  const fragments = new Map(
    document!.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
    ),
  );
  const fields = rootFields(operation.selectionSet, fragments, coerced);
  const mutations = fields.filter((field) => field.name.value !== '__typename');
  const dryRun = mutations.some((field) => isDryRun(field, coerced));
  if (mutations.length > 1 && (keyed || dryRun)) throw new RequestError('ONE_MUTATION_PER_KEY');
  return { dryRun, variables: canonical(given) };
}

function parsed(text: string): DocumentNode | undefined {
  try {
    return parse(text, { noLocation: true, maxTokens: 100_000 });
  } catch {
    return undefined;
  }
}

function operationOf(document: DocumentNode, name: unknown): OperationDefinitionNode | undefined {
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (typeof name === 'string' && name !== '') return operations.find((node) => node.name?.value === name);
  return operations.length === 1 ? operations[0] : undefined;
}

function rootFields(
  set: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  variables: Record<string, unknown>,
  entered: ReadonlySet<string> = new Set(),
): FieldNode[] {
  return set.selections.flatMap((node) => {
    if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.if === true) return [];
    if (getDirectiveValues(GraphQLIncludeDirective, node, variables)?.if === false) return [];
    if (node.kind === Kind.FIELD) return [node];
    if (node.kind === Kind.INLINE_FRAGMENT) return rootFields(node.selectionSet, fragments, variables, entered);
    const name = node.name.value;
    const fragment = fragments.get(name);
    // A fragment within itself is refused by validation later.
    if (!fragment || entered.has(name)) return [];
    return rootFields(fragment.selectionSet, fragments, variables, new Set([...entered, name]));
  });
}

function isDryRun(field: FieldNode, variables: Record<string, unknown>): boolean {
  const definition = schema().getMutationType()?.getFields()[field.name.value];
  if (!definition) return false;
  try {
    return getArgumentValues(definition, field, variables).dryRun === true;
  } catch {
    return false;
  }
}
