import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Ctx,
  Extensions,
  Field,
  FieldResolver,
  ID,
  Info,
  Mutation,
  ObjectType,
  Resolver,
  Root,
} from 'type-graphql';
import type { OnError } from '../service/batch';
import {
  createFulfillmentItems,
  deleteFulfillmentItem,
  type FulfillmentItemsResult,
  updateFulfillmentItem,
} from '../service/fulfillment-item';
import type { FulfillmentItemRow } from '../store/fulfillment-item';
import { connectionType } from './connections';
import type { GraphContext } from './context';
import { OnErrorEnum } from './enums';
import { payload, UserError } from './errors';
import { Fulfillment } from './fulfillment';
import { CreateFulfillmentItemInput, UpdateFulfillmentItemInput } from './fulfillment-item-input';
import { Node } from './node';
import { shown } from './nouns';
import { JSONObjectScalar } from './scalars';

@ObjectType({
  implements: Node,
  description: 'A single asset of a fulfillment. Source: Zuora, "Create fulfillment items".',
  simpleResolvers: true,
})
export class FulfillmentItem extends Node {
  @Field(() => String, {
    nullable: true,
    description: 'What the customer knows it by, such as a serial number.',
  })
  itemIdentifier: string | null;
  @Field(() => String, { nullable: true, description: 'Free text, at most 500 characters.' }) description:
    | string
    | null;
  @Field(() => JSONObjectScalar, { nullable: true, description: 'Custom fields; names end in __c.' })
  customFields: Record<string, unknown> | null;
}

export const FulfillmentItemConnection = connectionType(FulfillmentItem, 'FulfillmentItem');

@ObjectType({ description: 'The outcome of a mutation of fulfillment items.', simpleResolvers: true })
export class FulfillmentItemsPayload {
  @Field(() => [FulfillmentItem], {
    nullable: 'items',
    description: 'In the order of the request; null where one was refused. Empty where an item was to be deleted.',
  })
  fulfillmentItems: (FulfillmentItem | null)[];
  @Field(() => ID, { nullable: true, description: 'The id of the item that was deleted; null otherwise.' })
  deletedId: string | null;
  @Field(() => [UserError], { description: 'What the rules refuse; empty where everything was done.' })
  userErrors: UserError[];
}

const dryRunText = 'Judge and show, but write nothing. Such a request holds this one mutation.';

const done = ({ fulfillmentItems, deletedId }: FulfillmentItemsResult) => ({
  fulfillmentItems: fulfillmentItems.map((row) => row && shown('fulfillmentItem', row)),
  deletedId,
});
const refused = (count: number) => ({ fulfillmentItems: Array(count).fill(null), deletedId: null });

@Resolver(() => FulfillmentItem)
export class FulfillmentItemResolver {
  @FieldResolver(() => Fulfillment, { description: 'The fulfillment it belongs to; never changes.' })
  fulfillment(
    @Root() item: FulfillmentItemRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Fulfillment> {
    return context.follow('FulfillmentItem.fulfillment', item.fulfillmentId, info);
  }

  @Mutation(() => FulfillmentItemsPayload, {
    nullable: true,
    description:
      'Adds items to fulfillments that are neither Executing nor Canceled: to each at most as many as its quantity, and at most 100. Source: Zuora, "Create fulfillment items".',
  })
  @Extensions({ scope: 'fulfill' })
  createFulfillmentItems(
    @Arg('input', () => [CreateFulfillmentItemInput], { description: 'The items, 1 to 1,000.' })
    input: CreateFulfillmentItemInput[],
    @Arg('onError', () => OnErrorEnum, {
      defaultValue: 'RejectAll',
      description: 'What happens to the rest where some are refused.',
    })
    onError: OnError,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: dryRunText }) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<FulfillmentItemsPayload> {
    return payload(createFulfillmentItems(work, input, { onError, dryRun }), done, refused(input.length));
  }

  @Mutation(() => FulfillmentItemsPayload, {
    nullable: true,
    description: 'Changes an item, unless its fulfillment is Canceled. Source: Zuora, "Update a fulfillment item".',
  })
  @Extensions({ scope: 'fulfill' })
  updateFulfillmentItem(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('input', () => UpdateFulfillmentItemInput, { description: 'What to change.' })
    input: UpdateFulfillmentItemInput,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: dryRunText }) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<FulfillmentItemsPayload> {
    return payload(updateFulfillmentItem(work, id, input, dryRun), done, refused(1));
  }

  @Mutation(() => FulfillmentItemsPayload, {
    nullable: true,
    description: 'Deletes an item, unless its fulfillment is Canceled. Source: Zuora, "Delete a fulfillment item".',
  })
  @Extensions({ scope: 'fulfill' })
  deleteFulfillmentItem(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: dryRunText }) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<FulfillmentItemsPayload> {
    return payload(deleteFulfillmentItem(work, id, dryRun), done, refused(0));
  }
}
