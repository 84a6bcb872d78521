import { type GraphQLFieldResolver, type GraphQLObjectType, type GraphQLSchema } from 'graphql';
import { Args, type ClassType, Field, FieldResolver, Resolver } from 'type-graphql';
import { tableOf } from '../../store/query/table';
import type { GraphContext } from '../context';
import {
  allEdges,
  type Edges,
  edges,
  interfaceEdges,
  type OneEdge,
  type PageEdge,
  type ShortEdge,
} from '../model/edges';
import { type ListedNoun, lists } from '../model/lists';
import { listOf, nounNamed } from '../model/nouns';
import { edgeConnection, edgeList, type ListArgs } from '../read/connections';
import { PageArgs } from './connection-types';
import { pageArguments } from './filter-types';
import { connectionOf, typeNamed, typeOf } from './types';

/* Declares the fields of the edges, and sets their resolvers. */

type Resolve = GraphQLFieldResolver<Record<string, string | null>, GraphContext>;

/** An edge to one row can be null if its column is nullable, or if the target may be out of the caller's scope. */
function isNullable(edge: OneEdge): boolean {
  const { from, mayBeUnseen } = edges[edge];
  const noun = nounNamed(edge.split('.')[0])!;
  return mayBeUnseen || tableOf(listOf(noun).rowClass).columns[from].nullable;
}

function describe(owner: string, field: string, edge: keyof Edges): void {
  const { form, target, description } = edges[edge];
  const { prototype } = typeNamed(owner);
  if (form === 'one') {
    Field(() => typeOf(target), { nullable: isNullable(edge as OneEdge), description })(prototype, field);
  } else if (form === 'list') Field(() => [typeOf(target)], { description })(prototype, field);
  else describePage(owner, field, edge as PageEdge);
}

/** type-graphql takes arguments only on the methods of resolvers. `resolveEdges` sets the function of this one. */
function describePage(owner: string, field: string, edge: PageEdge): void {
  const { target, description } = edges[edge];
  class Pages {}
  Resolver(() => typeNamed(owner))(Pages);
  FieldResolver(() => connectionOf(target), { description })(Pages.prototype, field, {});
  Args(() => (target in lists ? pageArguments[target as ListedNoun] : PageArgs))(Pages.prototype, field, 0);
  edgeResolvers.push(Pages);
}

/** The resolvers of pages, with which the schema is built. */
export const edgeResolvers: ClassType<object>[] = [];
for (const edge of allEdges) {
  const [owner, field] = edge.split('.');
  describe(owner, field, edge);
}
for (const [own, edge] of Object.entries(interfaceEdges)) {
  const [owner, field] = own.split('.');
  describe(owner, field, edge);
}

function resolverOf(edge: keyof Edges): Resolve {
  const declared = edges[edge];
  if (declared.form === 'one') {
    const { from } = declared;
    return (row, _args, context, info) => {
      const id = row[from];
      return id === null ? null : context.follow(edge as OneEdge, id, info);
    };
  }
  if (declared.form === 'list')
    return (row, _args, context, info) => edgeList(context, edge as ShortEdge, row.id!, info);
  return (row, args: ListArgs, context, info) => edgeConnection(context, edge as PageEdge, row.id!, args, info);
}

/** Sets the resolver of every edge directly. A resolver of type-graphql in between costs time for each row. */
export function resolveEdges(schema: GraphQLSchema): void {
  for (const edge of allEdges) {
    const [owner, field] = edge.split('.');
    (schema.getType(owner) as GraphQLObjectType).getFields()[field].resolve = resolverOf(edge);
  }
}
