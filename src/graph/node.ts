import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Extensions, Field, ID, Info, Int, InterfaceType, ObjectType, Query, Resolver } from 'type-graphql';
import { RequestError } from '../domain/errors';
import { idOf } from '../domain/key';
import { nounsOfIds } from '../store/node';
import type { GraphContext } from './context';
import { columnsOf, type Noun } from './nouns';
import { DateTimeScalar } from './scalars';
import { selectedFields } from './selection';

const maxNodes = 100;

@InterfaceType({
  description: 'Everything that has an id of its own.',
})
export abstract class Node {
  @Field(() => ID, {
    description: 'Globally unique: 32 lower-case hex digits. Upper case and dashes are accepted in.',
  })
  id: string;
}

/** What every object that is changed by clients shows of its making and changes. */
@ObjectType()
export abstract class Audited extends Node {
  @Field(() => Int, { description: 'Raised by every change; see expectedVersion.' }) version: number;
  @Field(() => DateTimeScalar, { description: 'When it was created.' }) createdDate: string;
  @Field(() => String, { description: 'The OAuth client that created it.' }) createdById: string;
  @Field(() => DateTimeScalar, { description: 'When it was last changed.' }) updatedDate: string;
  @Field(() => String, { description: 'The OAuth client that last changed it.' }) updatedById: string;
}

@Resolver()
export class NodeResolver {
  @Query(() => Node, { nullable: true, description: 'Any object by its id; null where the caller sees none.' })
  @Extensions({ scope: 'read' })
  async node(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Node | null> {
    return (await nodesOf(context, [id], info))[0];
  }

  @Query(() => [Node], {
    nullable: 'items',
    description: 'Objects by their ids, in the order of the ids; null where the caller sees none. At most 100 ids.',
  })
  @Extensions({ scope: 'read' })
  nodes(
    @Arg('ids', () => [ID], { description: 'Their ids, at most 100.' }) ids: string[],
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<(Node | null)[]> {
    return nodesOf(context, ids, info);
  }
}

/** One statement finds out what the ids are, then one per kind of object reads them. */
async function nodesOf(
  context: GraphContext,
  keys: readonly string[],
  info: GraphQLResolveInfo,
): Promise<(Node | null)[]> {
  if (keys.length > maxNodes)
    throw new RequestError('PAGE_SIZE', `${keys.length} ids; at most ${maxNodes} are allowed.`);
  const ids = keys.map(idOf);
  const kinds = await nounsOfIds(
    context.work.reads(),
    ids.filter((id) => id !== undefined),
  );
  return Promise.all(
    ids.map(async (id) => {
      const noun = id && (kinds.get(id) as Noun | undefined);
      if (!noun) return null;
      return ((await context.loaders.row(noun, columnsOf(noun, selectedFields(info)), id)) as Node | undefined) ?? null;
    }),
  );
}
