import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Extensions, Field, ID, Info, Int, InterfaceType, ObjectType, Query, Resolver } from 'type-graphql';
import { idOf } from '../domain/key';
import { LimitError } from '../domain/limits';
import { nounsOfIds } from '../store/node';
import type { GraphContext } from './context';
import { nounNamed, nouns } from './model/nouns';
import { columnsOf } from './read/columns';
import { selectedFields } from './read/selection';
import { shownSettings } from './read/show';
import { ownDelivery, ownEndpoint } from './read/webhooks';
import { DateTimeScalar } from './scalars';

@InterfaceType({
  description:
    'An object with an id of its own. `node` and `nodes` fetch any object by its id. Source: Relay, "GraphQL Server Specification".',
})
export abstract class Node {
  @Field(() => ID, {
    description:
      'Unique among all objects of all types; never changes. 32 lower-case hex digits. Input may have upper case and dashes.',
  })
  id: string;
}

/** The version, creation and last change of every object that clients change. */
@ObjectType()
export abstract class Audited extends Node {
  @Field(() => Int, {
    description:
      '1 on a new object, raised by every change. Sent as expectedVersion of a mutation, it keeps the change of another client from being overwritten.',
  })
  version: number;
  @Field(() => DateTimeScalar, {
    description: 'Time of the creation. All objects that one mutation creates have the same time.',
  })
  createdDate: string;
  @Field(() => String, { description: 'The client_id of the OAuth client that created the object.' })
  createdById: string;
  @Field(() => DateTimeScalar, {
    description: 'Time of the last change; createdDate if the object has not been changed.',
  })
  updatedDate: string;
  @Field(() => String, { description: 'The client_id of the OAuth client that last changed the object.' })
  updatedById: string;
}

@Resolver()
export class NodeResolver {
  @Query(() => Node, {
    nullable: true,
    description:
      'Any object by its id; a fragment selects the fields of its type. Null if the caller sees none. Source: Relay, "GraphQL Server Specification".',
  })
  @Extensions({ scope: 'read' })
  async node(
    @Arg('id', () => ID, {
      description: 'Id of an object of any type, in any spelling; not a business number.',
    })
    id: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Node | null> {
    return (await nodesOf(context, [id], info))[0];
  }

  @Query(() => [Node], {
    nullable: 'items',
    description:
      'Objects of any types by their ids, in the order of the ids. Null for an object that the caller does not see. More than 100 ids are refused with PAGE_SIZE.',
  })
  @Extensions({ scope: 'read' })
  nodes(
    @Arg('ids', () => [ID], { description: 'Ids of objects of any types, 0 to 100, each in any spelling.' })
    ids: string[],
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<(Node | null)[]> {
    return nodesOf(context, ids, info);
  }
}

/** The objects that a request names together are at most as many as a page has rows. @throws LimitError PAGE_SIZE */
export function judgeCount(argument: string, requested: number, allowed: number): void {
  if (requested <= allowed) return;
  throw new LimitError(
    { limit: 'pageSize', allowed, requested },
    `${argument} has ${requested} entries; at most ${allowed} are allowed.`,
  );
}

/** One statement finds the types of the ids; then one statement per type reads the objects. */
async function nodesOf(
  context: GraphContext,
  keys: readonly string[],
  info: GraphQLResolveInfo,
): Promise<(Node | null)[]> {
  judgeCount('ids', keys.length, context.maxPageSize);
  const ids = keys.map(idOf);
  const kinds = await nounsOfIds(
    context.work.reads(),
    ids.filter((id) => id !== undefined),
  );
  return Promise.all(
    ids.map((id) => {
      if (id === undefined) return null;
      if (id === context.caller.entityId) return objectOf(context, 'BillingSettings', id, info);
      const kind = kinds.get(id);
      return kind === undefined ? null : objectOf(context, typenames[kind], id, info);
    }),
  );
}

/** The types of the kinds that `nounsOfIds` tells. */
const typenames: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(nouns).map(([noun, { typename }]) => [noun, typename])),
  webhook_endpoint: 'WebhookEndpoint',
  webhook_delivery: 'WebhookDelivery',
};

/**
 * The object of a type that implements Node, by its id; null if the caller sees none of this type. The objects of one type
 * that are asked for together are read by one statement.
 */
export async function objectOf(
  context: GraphContext,
  typename: string,
  id: string,
  info: GraphQLResolveInfo,
): Promise<Node | null> {
  if (typename === 'BillingSettings') {
    return id === context.caller.entityId ? shownSettings(await context.loaders.settings()) : null;
  }
  if (typename === 'WebhookEndpoint') return ownEndpoint(context, id);
  if (typename === 'WebhookDelivery') return ownDelivery(context, id);
  const noun = nounNamed(typename)!;
  return ((await context.loaders.row(noun, columnsOf(noun, selectedFields(info)), id)) as Node | undefined) ?? null;
}
