import {
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

// What leads from object to object in a schema. The page bundles this file, so it may import nothing of the server.

/** A field that leads from one object to another, or to many. */
export interface SchemaEdge {
  from: string;
  field: string;
  to: string;
  many: boolean;
}

/** Objects with an id of their own, in the order of the schema. */
function nodeTypes(schema: GraphQLSchema): GraphQLObjectType[] {
  return Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter((type) => type.getInterfaces().some(({ name }) => name === 'Node'));
}

/** The fields that lead from object to object, through connections too. Fields of one object in alphabetical order. */
export function edgesOf(schema: GraphQLSchema): SchemaEdge[] {
  const nodes = nodeTypes(schema);
  const names = new Set(nodes.map(({ name }) => name));
  return nodes.flatMap((type) =>
    Object.values(type.getFields())
      .map((field) => ({ from: type.name, field: field.name, ...targetOf(field.type) }))
      .filter(({ to }) => names.has(to)),
  );
}

function targetOf(type: GraphQLOutputType): { to: string; many: boolean } {
  const named = getNamedType(type);
  const nodes = isObjectType(named) && named.name.endsWith('Connection') ? named.getFields().nodes : undefined;
  if (nodes) return { to: getNamedType(nodes.type).name, many: true };
  return { to: named.name, many: isListType(isNonNullType(type) ? type.ofType : type) };
}
