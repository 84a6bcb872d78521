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
    description:
      'Identifier that the customer uses, such as a serial number; need not be unique. Null if none was given.',
  })
  itemIdentifier: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Free text for people, at most 500 characters; null if none was given.',
  })
  description: string | null;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description: 'Custom fields of the client, stored as given; null if there are none. Their names end in __c.',
  })
  customFields: Record<string, unknown> | null;
}

@ObjectType({
  description: 'Result of a mutation of fulfillment items, or the errors that refused it.',
  simpleResolvers: true,
})
export class FulfillmentItemsPayload {
  @Field(() => [FulfillmentItem], {
    nullable: 'items',
    description:
      'The items after the mutation, in request order; null for a refused entry. Empty after deleteFulfillmentItem.',
  })
  fulfillmentItems: (FulfillmentItem | null)[];
  @Field(() => ID, { nullable: true, description: 'Id of the deleted item; null if nothing was deleted.' })
  deletedId: string | null;
  @Field(() => [UserError], {
    description: 'Errors from the business rules, each with a path into the arguments. Empty if everything was done.',
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
      'Adds items to fulfillments that are neither Executing nor Canceled. A fulfillment has at most as many items as its quantity, and at most 100. Source: Zuora, "Create fulfillment items".',
  })
  @Extensions({ scope: 'fulfill' })
  createFulfillmentItems(
    @Arg('input', () => [CreateFulfillmentItemInput], {
      description:
        'The new items, each with its fulfillment: 1 to 1,000 entries; more are refused with LIMIT_EXCEEDED.',
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
      'Changes an item. ITEMS_NOT_ALLOWED if its fulfillment is Canceled. Source: Zuora, "Update a fulfillment item".',
  })
  @Extensions({ scope: 'fulfill' })
  updateFulfillmentItem(
    @Arg('id', () => ID, { description: 'Id of an item, in any spelling. An item has no business number.' }) id: string,
    @Arg('input', () => UpdateFulfillmentItemInput, {
      description: 'The fields to change; REQUIRED if there are none.',
    })
    input: UpdateFulfillmentItemInput,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<FulfillmentItemsPayload> {
    return payload(updateFulfillmentItem(work, id, input, { dryRun }), done, refused(1));
  }

  @Mutation(() => FulfillmentItemsPayload, {
    nullable: true,
    description:
      'Deletes an item. ITEMS_NOT_ALLOWED if its fulfillment is Canceled. Source: Zuora, "Delete a fulfillment item".',
  })
  @Extensions({ scope: 'fulfill' })
  deleteFulfillmentItem(
    @Arg('id', () => ID, { description: 'Id of an item, in any spelling. An item has no business number.' }) id: string,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<FulfillmentItemsPayload> {
    return payload(deleteFulfillmentItem(work, id, dryRun), done, refused(0));
  }
}
