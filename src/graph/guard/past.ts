import {
  type DocumentNode,
  type FieldNode,
  type FragmentSpreadNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  type InlineFragmentNode,
  Kind,
  type OperationDefinitionNode,
  type ValueNode,
  visit,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields';
import { isPastNoun, isRecorded } from '../model/past';

/** The clocks of clients and gateways differ by less. An object that was just changed has no change in the future. */
const clocksDifferMs = 1_000;

interface Query {
  document: DocumentNode;
  node: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>>;
}

/**
 * Judges each root field with an instant in `asOf`, before anything runs. What the history of the object does not tell
 * would show the present: it is refused by its path in the reply. A field that @skip or @include leaves out is not asked.
 * @throws GraphQLError
 */
export function judgePast(schema: GraphQLSchema, operation: Query): void {
  for (const { name, nodes, field, ...asked } of pastFields(schema, operation)) {
    const { asOf } = getArgumentValues(field, nodes[0], operation.variables) as { asOf?: string | null };
    if (asOf == null) continue;
    if (Date.parse(asOf) > Date.now() + clocksDifferMs) {
      throw new GraphQLError(`${name}(asOf:) must not be in the future: ${asOf} has not come yet.`, { nodes });
    }
    if (asked.untold) throw asked.untold;
  }
}

/**
 * Why a query is refused whatever its variables are: it asks for what no history tells, beside an instant that cannot be null.
 * Undefined if some variables may let it run.
 */
export function neverTold(
  schema: GraphQLSchema,
  document: DocumentNode,
  { variableDefinitions = [] }: OperationDefinitionNode,
): GraphQLError | undefined {
  if (!fragmentsAsking(document)) return undefined;
  const certain = withoutConditions(document);
  const node = certain.definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION)!;
  const isRequired = (name: string) =>
    variableDefinitions.some(({ type, variable }) => type.kind === Kind.NON_NULL_TYPE && variable.name.value === name);
  const isInstant = (value: ValueNode) =>
    value.kind === Kind.VARIABLE ? isRequired(value.name.value) : value.kind !== Kind.NULL;
  for (const { nodes, untold } of pastFields(schema, { document: certain, node, variables: {} })) {
    const asOf = nodes[0].arguments?.find(({ name }) => name.value === 'asOf');
    if (untold && asOf && isInstant(asOf.value)) return untold;
  }
  return undefined;
}

/** A document without the selections that a variable may leave out. */
function withoutConditions(document: DocumentNode): DocumentNode {
  const left = ({ directives = [] }: FieldNode | FragmentSpreadNode | InlineFragmentNode) =>
    directives.some(({ arguments: given = [] }) => given.some(({ value }) => value.kind === Kind.VARIABLE))
      ? null
      : undefined;
  return visit(document, { Field: left, FragmentSpread: left, InlineFragment: left });
}

/** A root field that may be asked for as it stood at an instant. */
interface PastField {
  /** Its name in the reply. */
  name: string;
  nodes: readonly FieldNode[];
  field: GraphQLField<unknown, unknown>;
  /** The first selected field that no history tells, as an error. */
  untold: GraphQLError | undefined;
}

function* pastFields(schema: GraphQLSchema, { document, node, variables }: Query): Generator<PastField> {
  const fragments = fragmentsAsking(document);
  if (!fragments) return;
  const query = schema.getQueryType()!;
  for (const [name, nodes] of collectFields(schema, fragments, variables, query, node.selectionSet)) {
    const field = query.getFields()[nodes[0].name.value];
    if (!field || !isPastNoun(field.name)) continue;
    const noun = field.name;
    const type = getNamedType(field.type) as GraphQLObjectType;
    const below = [...collectSubfields(schema, fragments, variables, type, nodes)];
    const found = below.find(([, [{ name }]]) => name.value !== '__typename' && !isRecorded(noun, name.value));
    yield { name, nodes, field, untold: found && untoldError(`${name}.${found[0]}`, type, found[1][0]) };
  }
}

const untoldError = (path: string, { name }: GraphQLObjectType, node: FieldNode): GraphQLError =>
  new GraphQLError(`${path} must not be asked for with asOf: the history does not record ${name}.${node.name.value}.`, {
    nodes: [node],
  });

type Fragments = Parameters<typeof collectFields>[1];
const known = new WeakMap<DocumentNode, Fragments | null>();

/** The fragments of a document that names `asOf`; null for any other document, of which nothing is judged. */
function fragmentsAsking(document: DocumentNode): Fragments | null {
  let fragments = known.get(document);
  if (fragments === undefined) {
    fragments = asks(document)
      ? Object.fromEntries(
          document.definitions.flatMap((each) =>
            each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [],
          ),
        )
      : null;
    known.set(document, fragments);
  }
  return fragments;
}

function asks(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Argument({ name }) {
      if (name.value === 'asOf') found = true;
    },
  });
  return found;
}
