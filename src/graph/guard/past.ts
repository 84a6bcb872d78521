import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  Kind,
  type OperationDefinitionNode,
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
export function judgePast(schema: GraphQLSchema, { document, node, variables }: Query): void {
  const fragments = fragmentsAsking(document);
  if (!fragments) return;
  const query = schema.getQueryType()!;
  for (const [name, nodes] of collectFields(schema, fragments, variables, query, node.selectionSet)) {
    const field = query.getFields()[nodes[0].name.value];
    if (!field || !isPastNoun(field.name)) continue;
    const { asOf } = getArgumentValues(field, nodes[0], variables) as { asOf?: string | null };
    if (asOf == null) continue;
    if (Date.parse(asOf) > Date.now() + clocksDifferMs) {
      refuse(nodes, `${name}(asOf:) must not be in the future: ${asOf} has not come yet.`);
    }
    const type = getNamedType(field.type) as GraphQLObjectType;
    for (const [below, [selected]] of collectSubfields(schema, fragments, variables, type, nodes)) {
      const { value } = selected.name;
      if (value !== '__typename' && !isRecorded(field.name, value)) {
        refuse(
          [selected],
          `${name}.${below} must not be asked for with asOf: the history does not record ${type.name}.${value}.`,
        );
      }
    }
  }
}

function refuse(nodes: readonly FieldNode[], message: string): never {
  throw new GraphQLError(message, { nodes });
}

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
