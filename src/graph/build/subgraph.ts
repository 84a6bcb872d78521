import {
  type ConstDirectiveNode,
  type GraphQLFieldConfig,
  type GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  Kind,
  lexicographicSortSchema,
  type ObjectTypeDefinitionNode,
  parse,
  print,
  printSchema,
} from 'graphql';
import { RequestError } from '../../domain/errors';
import type { GraphContext } from '../context';
import { entitiesOf } from '../entity';
import { federationSpec, keysOf, shareable } from '../model/federation';
import { pacedResolve } from '../read/pace';
import { objectScalar } from '../scalars';

/*
 * The schema as a subgraph of Apollo Federation 2: two fields, three types, and some directives in a text. No library is needed
 * for that. Those that there are build a schema from a text, and ours is built from declarations.
 */

/** The types with an id of their own. */
const entitiesIn = (schema: GraphQLSchema): readonly GraphQLObjectType[] =>
  [...schema.getPossibleTypes(schema.getType('Node') as GraphQLInterfaceType)].sort((one, other) =>
    one.name < other.name ? -1 : 1,
  );

/** The schema with `_service` and `_entities`. All other fields are the same, and subscriptions have no further twins. */
export function subgraphOf(schema: GraphQLSchema): GraphQLSchema {
  const entities = entitiesIn(schema);
  const query = schema.getQueryType()!;
  const any = objectScalar(
    '_Any',
    'A representation of an entity: its __typename with the fields of one of its keys. Other fields are ignored. Source: Apollo Federation, "Subgraph specification".',
  );
  const entity = new GraphQLUnionType({
    name: '_Entity',
    description: 'An object that other subgraphs may refer to. Source: Apollo Federation, "Subgraph specification".',
    types: entities,
    resolveType: (value: { __typename: string }) => value.__typename,
  });
  const service = new GraphQLObjectType({
    name: '_Service',
    description: 'What this subgraph tells a composition. No id: there is one.',
    fields: {
      sdl: {
        type: new GraphQLNonNull(GraphQLString),
        description: 'The schema with the directives of Federation 2, as text.',
      },
    },
  });
  // At the start: 0.2 s in one turn of the event loop, which no request should wait for.
  const sdl = sdlOf(schema);
  const fields: Record<string, GraphQLFieldConfig<unknown, GraphContext>> = {
    _entities: {
      type: new GraphQLNonNull(new GraphQLList(entity)),
      description:
        'Objects by their representations, in the same order. Null for an object that the caller does not see. More than 100 representations are refused with PAGE_SIZE. For routers; other clients ask nodes.',
      args: {
        representations: {
          type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(any))),
          description: 'Representations of entities of any types, 0 to 100, each with one key.',
        },
      },
      extensions: { scope: 'read' },
      resolve: pacedResolve((_root, { representations }, context, info) =>
        entitiesOf(context, representations as Record<string, unknown>[], info),
      ),
    },
    _service: {
      type: new GraphQLNonNull(service),
      description: 'The schema as text, for the composition of a supergraph. FORBIDDEN where introspection is off.',
      extensions: { scope: 'read', needsEntity: false },
      resolve: pacedResolve((_root, _args, context) => {
        if (!context.documentLimits.introspection) {
          throw new RequestError(
            'FORBIDDEN',
            'Introspection is off on this server, so _service is not answered. Ask the operator for the schema of the subgraph.',
          );
        }
        return { sdl };
      }),
    },
  };
  const { types, ...config } = schema.toConfig();
  const own = query.toConfig();
  return new GraphQLSchema({
    ...config,
    types: types.filter((type) => type !== query),
    query: new GraphQLObjectType({ ...own, fields: { ...own.fields, ...fields } }),
  });
}

/** The text of a schema with the directives of Federation 2. */
export function sdlOf(schema: GraphQLSchema): string {
  const entities = new Set(entitiesIn(schema).map(({ name }) => name));
  const link = `extend schema @link(url: "${federationSpec}", import: ["@key", "@shareable"])`;
  const { definitions } = parse(printSchema(lexicographicSortSchema(schema)), { noLocation: true });
  const marked = definitions.map((node) =>
    node.kind === Kind.OBJECT_TYPE_DEFINITION ? { ...node, directives: directivesOf(node.name.value, entities) } : node,
  );
  return `${link}\n\n${print({ kind: Kind.DOCUMENT, definitions: marked })}\n`;
}

/** The directives of a type: it has no others. */
function directivesOf(typename: string, entities: ReadonlySet<string>): readonly ConstDirectiveNode[] {
  const keys = entities.has(typename) ? keysOf(typename) : [];
  const directives = [
    ...keys.map((key) => `@key(fields: "${key}")`),
    ...(shareable.includes(typename) ? ['@shareable'] : []),
  ];
  const [type] = parse(`type T ${directives.join(' ')}`, { noLocation: true }).definitions;
  return (type as ObjectTypeDefinitionNode).directives ?? [];
}
