import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Extensions, Field, Info, Int, ObjectType, Query, Resolver } from 'type-graphql';
import { money } from '../domain/currency';
import { fulfillmentStates } from '../domain/fulfillment';
import type { FulfillmentState } from '../domain/fulfillment-state';
import { countStates, type FulfillmentFilter, type FulfillmentGroupBy, summarize } from '../store/fulfillment';
import { filterTypes } from './build/filter-types';
import type { GraphContext } from './context';
import { FulfillmentGroupByEnum, FulfillmentStateEnum } from './enums';
import { checkedFilter } from './filters';
import { selectedFields } from './read/selection';
import { DecimalScalar } from './scalars';

@ObjectType({
  description:
    'Totals of one group of fulfillments in one currency. A Return adds its quantity and amount just as a Delivery does. To separate them, group or filter by fulfillmentType. No id: filter and groupBy decide what it sums up, so key is no key for a cache.',
  simpleResolvers: true,
})
export class FulfillmentSummary {
  @Field(() => String, {
    description: 'Value that all fulfillments of the group have in the field that groupBy names, as text.',
  })
  key: string;
  @Field(() => String, { description: 'ISO 4217 code of amount. A group has one row per currency.' })
  currency: string;
  @Field(() => Int, { description: 'Number of fulfillments in the group.' }) count: number;
  @Field(() => DecimalScalar, { description: 'Sum of the quantities, across all units of measure.' })
  quantity: string;
  @Field(() => DecimalScalar, {
    description: 'Sum of the amounts of deliveries and returns, before any tax on top.',
  })
  amount: string;
}

@ObjectType({
  description: 'Number of fulfillments in one state. No id: the filter decides what it counts.',
  simpleResolvers: true,
})
export class FulfillmentCount {
  @Field(() => FulfillmentStateEnum, {
    description: 'One of the five states. Each has an entry, even if no fulfillment is in it.',
  })
  state: FulfillmentState;
  @Field(() => Int, { description: 'Number of fulfillments in the state, in all currencies.' })
  count: number;
}

/**
 * How many objects of so many fields a reply has room for at most: `{"a":1},` is the shortest. A customer may have any number of
 * accounts, and all rows would be in memory before the first is counted. The plan refuses the same: its JSON would be too long.
 */
const mostRows = (allowed: number, fields: number): number => Math.floor(allowed / (2 + 6 * fields));

const asInTheList = {
  nullable: true,
  description: 'Conditions on the fulfillments, as in the list of fulfillments. If absent, all that the caller sees.',
};

@Resolver()
export class FulfillmentSummaryResolver {
  @Query(() => [FulfillmentSummary], {
    nullable: true,
    description:
      'Counts and totals of the fulfillments that the caller sees, by group. Filtered like the list of fulfillments; sorted by key and currency.',
  })
  @Extensions({ scope: 'read' })
  async fulfillmentSummary(
    @Arg('groupBy', () => FulfillmentGroupByEnum, {
      description: 'Field whose value the fulfillments of a group share.',
    })
    groupBy: FulfillmentGroupBy,
    @Arg('filter', () => filterTypes.fulfillment, asInTheList)
    filter: FulfillmentFilter | null,
    @Ctx() { work, reply }: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<FulfillmentSummary[]> {
    const most = mostRows(reply.allowed, selectedFields(info).length);
    const rows = await summarize(work.reads(), groupBy, checkedFilter(filter), most + 1);
    if (rows.length > most) reply.tooLong();
    return rows.map((row) => ({ ...row, amount: money(row.amount, row.currency) }));
  }

  @Query(() => [FulfillmentCount], {
    nullable: true,
    description:
      "Number of fulfillments that the caller sees in each state. One entry per state, in the order of a fulfillment's life. Filtered like the list of fulfillments.",
  })
  @Extensions({ scope: 'read' })
  async fulfillmentCounts(
    @Arg('filter', () => filterTypes.fulfillment, asInTheList)
    filter: FulfillmentFilter | null,
    @Ctx() { work }: GraphContext,
  ): Promise<FulfillmentCount[]> {
    const counts = new Map(
      (await countStates(work.reads(), checkedFilter(filter))).map(({ state, count }) => [state, count]),
    );
    return fulfillmentStates.map((state) => ({ state, count: counts.get(state) ?? 0 }));
  }
}
