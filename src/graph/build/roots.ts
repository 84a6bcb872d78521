import type { GraphQLObjectType, GraphQLSchema } from 'graphql';
import { Arg, Args, Extensions, ID, Query, Resolver } from 'type-graphql';
import type { GraphContext } from '../context';
import { listedNouns, lists } from '../model/lists';
import { nouns } from '../model/nouns';
import { isPastNoun, pastDescription } from '../model/past';
import { type ListArgs, rootConnection } from '../read/connections';
import { DateTimeScalar } from '../scalars';
import { pageArguments } from './filter-types';
import { connectionOf, typeOf } from './types';

/* Each list has two fields of the root: one object by its key, and the list. */

const needsRead = Extensions({ scope: 'read' });

/** `resolveRoots` sets the functions of the fields. */
@Resolver()
export class Roots {}

for (const noun of listedNouns) {
  const { plural, byKey } = lists[noun];
  const { prototype } = Roots;
  Query(() => typeOf(noun), { nullable: true, description: byKey.description })(prototype, noun, {});
  Arg(byKey.argument, () => ID, { description: byKey.argumentDescription })(prototype, noun, 0);
  if (isPastNoun(noun)) Arg('asOf', () => DateTimeScalar, { nullable: true })(prototype, noun, 1);
  needsRead(prototype, noun, {});
  const all = `${noun}s`;
  Query(() => connectionOf(noun), {
    nullable: true,
    description: `The ${plural} that the caller sees. Default order: the last changed first.`,
  })(prototype, all, {});
  Args(() => pageArguments[noun])(prototype, all, 0);
  needsRead(prototype, all, {});
}

export function resolveRoots(schema: GraphQLSchema): void {
  const fields = schema.getQueryType()!.getFields();
  for (const noun of listedNouns) {
    const { argument } = lists[noun].byKey;
    fields[noun].resolve = (_root, args: Record<string, string>, context: GraphContext, info) =>
      isPastNoun(noun) && args.asOf != null
        ? context.findAt(noun, args[argument], args.asOf)
        : context.find(noun, args[argument], info);
    const asOf = fields[noun].args.find(({ name }) => name === 'asOf');
    const type = schema.getType(nouns[noun].typename) as GraphQLObjectType;
    if (asOf) asOf.description = pastDescription(noun, Object.keys(type.getFields()));
    fields[`${noun}s`].resolve = (_root, args: ListArgs, context: GraphContext, info) =>
      rootConnection(context, noun, args, info);
  }
}
