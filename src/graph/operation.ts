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
 * Looks at a mutation before it runs: is it a dry run? `unreadable` where that cannot be told, which the execution will
 * say better and must not carry out; undefined for what is no mutation, or fails for its variables in any case.
 * @throws RequestError ONE_MUTATION_PER_KEY where a keyed request or a dry run holds more than one mutation field
 */
export function planMutation(
  text: string,
  operationName: unknown,
  variables: unknown,
  keyed: boolean,
): MutationPlan | 'unreadable' | undefined {
  let plan: Plan | undefined;
  try {
    plan = read(text, operationName, variables);
  } catch {
    // Not to be parsed, or a directive without its argument.
    return 'unreadable';
  }
  if (!plan) return undefined;
  const mutations = plan.fields.filter((field) => field.name.value !== '__typename');
  const dryRun = mutations.some((field) => isDryRun(field, plan.coerced));
  if (mutations.length > 1 && (keyed || dryRun)) throw new RequestError('ONE_MUTATION_PER_KEY');
  return { dryRun, variables: canonical(plan.given) };
}

interface Plan {
  fields: FieldNode[];
  given: Record<string, unknown>;
  coerced: Record<string, unknown>;
}

function read(text: string, operationName: unknown, variables: unknown): Plan | undefined {
  const document = parse(text, { noLocation: true });
  const operation = operationOf(document, operationName);
  if (operation?.operation !== 'mutation') return undefined;
  const given = (typeof variables === 'object' && variables !== null ? variables : {}) as Record<string, unknown>;
  const { coerced } = getVariableValues(schema(), operation.variableDefinitions ?? [], given);
  if (!coerced) return undefined;
  const fragments = new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
    ),
  );
  return { fields: rootFields(operation.selectionSet, fragments, coerced, new Set()), given, coerced };
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
  entered: Set<string>,
): FieldNode[] {
  return set.selections.flatMap((node) => {
    if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.if === true) return [];
    if (getDirectiveValues(GraphQLIncludeDirective, node, variables)?.if === false) return [];
    if (node.kind === Kind.FIELD) return [node];
    if (node.kind === Kind.INLINE_FRAGMENT) return rootFields(node.selectionSet, fragments, variables, entered);
    const name = node.name.value;
    const fragment = fragments.get(name);
    // Each once, as the execution does: a fragment that is spread again adds no field.
    if (!fragment || entered.has(name)) return [];
    entered.add(name);
    return rootFields(fragment.selectionSet, fragments, variables, entered);
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
