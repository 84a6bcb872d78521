import type { GraphQLResolveInfo } from 'graphql';
import { Args, ArgsType, Ctx, Extensions, Field, Info, InputType, Int, Query, Resolver } from 'type-graphql';
import type { HistoryEntryRow } from '../store/history';
import { connectionOf } from './build/types';
import type { GraphContext } from './context';
import { IDFilter, StringFilter } from './filters';
import type { RelayConnection } from './read/connections';
import { eventConnection } from './read/events';

@InputType({ description: 'Conditions on events. All given conditions must hold; none may be null.' })
export class EventFilter {
  @Field(() => StringFilter, {
    nullable: true,
    description:
      'Only events whose type meets these conditions: "Fulfillment.Book", or startsWith "Fulfillment." for all of a noun. A type that does not exist is refused in eq and in.',
  })
  type?: StringFilter;
  @Field(() => IDFilter, { nullable: true, description: 'Only events of the objects whose id meets these conditions.' })
  subjectId?: IDFilter;
}

@ArgsType()
class EventsArguments {
  @Field(() => Int, {
    nullable: true,
    description: 'Number of events: 0 to 100, otherwise PAGE_SIZE. Default: 20.',
  })
  first?: number | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Only events behind this cursor, such as the endCursor of the previous page. It fits every filter. Of a database that was restored since, it is refused with BAD_CURSOR; the message says from when on to look for changes.',
  })
  after?: string | null;
  @Field(() => EventFilter, {
    nullable: true,
    description: 'Conditions to filter by. If absent, all events that the caller sees.',
  })
  filter?: EventFilter | null;
}

@Resolver()
export class EventResolver {
  @Query(() => connectionOf('historyEntry'), {
    nullable: true,
    description:
      'Every change that the caller sees, deletions included, the oldest first. Nothing ever appears before a cursor that was given: an event waits until no open transaction can come before it. An empty page has an endCursor too, to go on from.',
  })
  @Extensions({ scope: 'read' })
  events(
    @Args(() => EventsArguments) args: EventsArguments,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): RelayConnection<HistoryEntryRow> {
    return eventConnection(context, args, info);
  }
}
