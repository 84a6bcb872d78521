import { Arg, Ctx, Extensions, Field, ID, Mutation, ObjectType, Resolver } from 'type-graphql';
import {
  createFulfillmentItems,
  deleteFulfillmentItem,
  type FulfillmentItemsResult,
  updateFulfillmentItem,
} from '../service/fulfillment-item';
import { noneOf, type OnError } from '../service/run/batch';
import * as shared from './arguments';
import type { GraphContext } from './context';
import { OnErrorEnum } from './enums';
import { payload, UserError } from './errors';
import { CreateFulfillmentItemInput, UpdateFulfillmentItemInput } from './fulfillment-item-input';
import { Node } from './node';
import { shownCopy } from './read/show';
import { JSONObjectScalar } from './scalars';

@ObjectType({
  implements: Node,
  description: 'A single asset, such as a device, in a fulfillment. Source: Zuora, "Create fulfillment items".',
  simpleResolvers: true,
})
export class FulfillmentItem extends Node {
  @Field(() => String, {
    nullable: true,
    description: 'What the customer knows it by, such as a serial number; need not be unique.',
  })
  itemIdentifier: string | null;
  @Field(() => String, { nullable: true, description: 'Free text for people, at most 500 characters.' }) description:
    | string
    | null;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description: 'Fields of the client itself, kept as they were given; their names end in __c.',
  })
  customFields: Record<string, unknown> | null;
}

@ObjectType({
  description: 'What a mutation of fulfillment items brought about, or why it was refused.',
  simpleResolvers: true,
})
export class FulfillmentItemsPayload {
  @Field(() => [FulfillmentItem], {
    nullable: 'items',
    description:
      'As they are now, in the order of the request; null where one was refused. Empty where one was to be deleted.',
  })
  fulfillmentItems: (FulfillmentItem | null)[];
  @Field(() => ID, { nullable: true, description: 'The id of what is gone; null where nothing is.' })
  deletedId: string | null;
  @Field(() => [UserError], {
    description: 'What the rules refuse, with a path into the arguments; empty where everything was done.',
  })
  userErrors: UserError[];
}

const done = ({ fulfillmentItems, deletedId }: FulfillmentItemsResult) => ({
  fulfillmentItems: fulfillmentItems.map((row) => row && shownCopy('fulfillmentItem', row)),
  deletedId,
});
const refused = (count: number) => ({ fulfillmentItems: noneOf(count), deletedId: null });

@Resolver(() => FulfillmentItem)
export class FulfillmentItemResolver {
  @Mutation(() => FulfillmentItemsPayload, {
    nullable: true,
    description:
      'Adds items to fulfillments that are neither Executing nor Canceled: to each at most as many as its quantity, and at most 100. Source: Zuora, "Create fulfillment items".',
  })
  @Extensions({ scope: 'fulfill' })
  createFulfillmentItems(
    @Arg('input', () => [CreateFulfillmentItemInput], {
      description: 'What is added to which fulfillment, 1 to 1,000 entries; more are refused with LIMIT_EXCEEDED.',
    })
    input: CreateFulfillmentItemInput[],
    @Arg('onError', () => OnErrorEnum, shared.onError) onError: OnError,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<FulfillmentItemsPayload> {
    return payload(createFulfillmentItems(work, input, { onError, dryRun }), done, refused(input.length));
  }

  @Mutation(() => FulfillmentItemsPayload, {
    nullable: true,
    description:
      'Changes an item, unless its fulfillment is Canceled, which is ITEMS_NOT_ALLOWED. Source: Zuora, "Update a fulfillment item".',
  })
  @Extensions({ scope: 'fulfill' })
  updateFulfillmentItem(
    @Arg('id', () => ID, { description: 'The id of an item, in any spelling; it has no number.' }) id: string,
    @Arg('input', () => UpdateFulfillmentItemInput, {
      description: 'The fields to change; REQUIRED where there is none.',
    })
    input: UpdateFulfillmentItemInput,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<FulfillmentItemsPayload> {
    return payload(updateFulfillmentItem(work, id, input, dryRun), done, refused(1));
  }

  @Mutation(() => FulfillmentItemsPayload, {
    nullable: true,
    description:
      'Deletes an item, unless its fulfillment is Canceled, which is ITEMS_NOT_ALLOWED. Source: Zuora, "Delete a fulfillment item".',
  })
  @Extensions({ scope: 'fulfill' })
  deleteFulfillmentItem(
    @Arg('id', () => ID, { description: 'The id of an item, in any spelling; it has no number.' }) id: string,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<FulfillmentItemsPayload> {
    return payload(deleteFulfillmentItem(work, id, dryRun), done, refused(0));
  }
}
