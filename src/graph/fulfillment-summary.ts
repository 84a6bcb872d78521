import { Arg, Ctx, Extensions, Field, Int, ObjectType, Query, Resolver } from 'type-graphql';
import { money } from '../domain/currency';
import { fulfillmentStates } from '../domain/fulfillment';
import type { FulfillmentState } from '../domain/fulfillment-state';
import { countStates, type FulfillmentFilter, type FulfillmentGroupBy, summarize } from '../store/fulfillment';
import { filterTypes } from './build/filter-types';
import type { GraphContext } from './context';
import { FulfillmentGroupByEnum, FulfillmentStateEnum } from './enums';
import { checkedFilter } from './filters';
import { DecimalScalar } from './scalars';

@ObjectType({
  description:
    'The sum of the fulfillments of one group in one currency. A Return counts with its own quantity and amount, as a Delivery does: group by fulfillmentType or filter by it to tell them apart.',
  simpleResolvers: true,
})
export class FulfillmentSummary {
  @Field(() => String, {
    description: 'What the group has in common: a value of what was asked for by groupBy, as text.',
  })
  key: string;
  @Field(() => String, { description: 'ISO 4217 code of amount; a group has one row for each currency.' })
  currency: string;
  @Field(() => Int, { description: 'How many of them the group has.' }) count: number;
  @Field(() => DecimalScalar, { description: 'The sum of their quantities, whatever their units of measure are.' })
  quantity: string;
  @Field(() => DecimalScalar, {
    description: 'The sum of their amounts before any tax on top, of what was delivered and of what came back.',
  })
  amount: string;
}

@ObjectType({ description: 'How many fulfillments stand in one state.', simpleResolvers: true })
export class FulfillmentCount {
  @Field(() => FulfillmentStateEnum, {
    description: 'One of the five states; each has an entry, also where no fulfillment stands in it.',
  })
  state: FulfillmentState;
  @Field(() => Int, { description: 'How many stand in it, whatever their currency.' })
  count: number;
}

@Resolver()
export class FulfillmentSummaryResolver {
  @Query(() => [FulfillmentSummary], {
    nullable: true,
    description:
      'Counts and sums of the fulfillments that the caller sees, filtered as the list of fulfillments is, in the order of key and currency.',
  })
  @Extensions({ scope: 'read' })
  async fulfillmentSummary(
    @Arg('groupBy', () => FulfillmentGroupByEnum, {
      description: 'What those have in common that are counted and summed up together.',
    })
    groupBy: FulfillmentGroupBy,
    @Arg('filter', () => filterTypes.fulfillment, {
      nullable: true,
      description: 'Which of them, as in the list of fulfillments; all that the caller sees where absent.',
    })
    filter: FulfillmentFilter | null,
    @Ctx() { work }: GraphContext,
  ): Promise<FulfillmentSummary[]> {
    const rows = await summarize(work.reads(), groupBy, checkedFilter(filter));
    return rows.map((row) => ({ ...row, amount: money(row.amount, row.currency) }));
  }

  @Query(() => [FulfillmentCount], {
    nullable: true,
    description:
      "How many of the fulfillments that the caller sees stand in each state: one entry for every state, in the order of a fulfillment's life. Filtered as the list of fulfillments is.",
  })
  @Extensions({ scope: 'read' })
  async fulfillmentCounts(
    @Arg('filter', () => filterTypes.fulfillment, {
      nullable: true,
      description: 'Which of them, as in the list of fulfillments; all that the caller sees where absent.',
    })
    filter: FulfillmentFilter | null,
    @Ctx() { work }: GraphContext,
  ): Promise<FulfillmentCount[]> {
    const counts = new Map(
      (await countStates(work.reads(), checkedFilter(filter))).map(({ state, count }) => [state, count]),
    );
    return fulfillmentStates.map((state) => ({ state, count: counts.get(state) ?? 0 }));
  }
}
