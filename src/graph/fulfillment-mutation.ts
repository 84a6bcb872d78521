import { Arg, Ctx, Extensions, Field, ID, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import type { FulfillmentAction } from '../domain/fulfillment-state';
import { createFulfillments, type FulfillmentsResult } from '../service/fulfillment';
import {
  deleteFulfillment,
  type TransitionInput,
  transitionFulfillments,
  updateFulfillment,
} from '../service/fulfillment-change';
import { noneOf, type OnError } from '../service/run/batch';
import type { FulfillmentRow } from '../store/fulfillment';
import * as shared from './arguments';
import { BilledPayload, billedShown, noneBilled } from './billing';
import type { GraphContext } from './context';
import { OnErrorEnum } from './enums';
import { Payload, payload } from './errors';
import { Fulfillment } from './fulfillment';
import { CreateFulfillmentsInput, UpdateFulfillmentInput } from './fulfillment-input';
import { OrderLineItem } from './order-line-item';
import { ProcessingOptionsInput } from './processing';
import { shownCopy } from './read/show';
import { DateScalar } from './scalars';

/** The payload of every mutation of many fulfillments. */
@ObjectType()
abstract class FulfillmentsPayload extends BilledPayload {
  @Field(() => [Fulfillment], {
    nullable: 'items',
    description: 'The fulfillments after the mutation, in request order; null for a refused entry.',
  })
  fulfillments: (Fulfillment | null)[];
}

@ObjectType({
  description: 'Result of createFulfillments by entry, or the errors that refused it.',
  simpleResolvers: true,
})
export class CreateFulfillmentsPayload extends FulfillmentsPayload {}

@ObjectType({
  description: 'Result of a transition of fulfillments by entry, or the errors that refused it.',
  simpleResolvers: true,
})
export class TransitionFulfillmentsPayload extends FulfillmentsPayload {}

@ObjectType({ description: 'Result of updateFulfillment, or the errors that refused it.', simpleResolvers: true })
export class UpdateFulfillmentPayload extends Payload {
  @Field(() => Fulfillment, { nullable: true, description: 'The fulfillment after the update; null if refused.' })
  fulfillment: Fulfillment | null;
}

@ObjectType({ description: 'Result of deleteFulfillment, or the errors that refused it.', simpleResolvers: true })
export class DeleteFulfillmentPayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'Id of the deleted fulfillment; null if refused.' }) deletedId:
    | string
    | null;
  @Field(() => OrderLineItem, {
    nullable: true,
    description:
      'The line item of the deleted fulfillment, after the deletion; null if refused. It may have completed as a result.',
  })
  orderLineItem: OrderLineItem | null;
}

const keysText =
  'Ids in any spelling, or fulfillment numbers: 1 to 1,000. INVALID_VALUE if a fulfillment is named twice.';

const versionsArg = {
  nullable: true,
  description:
    'Versions at which the client read the fulfillments: one per key, in the order of keys, otherwise INVALID_VALUE. A fulfillment that has changed since is refused with VERSION_CONFLICT. If absent, versions are not checked.',
};

const done = (result: FulfillmentsResult) => ({
  ...billedShown(result),
  fulfillments: result.fulfillments.map((row) => row && shownCopy('fulfillment', row)),
});

const refused = (count: number) => ({ ...noneBilled, fulfillments: noneOf(count) });
const present = (row: object) => shownCopy('fulfillment', row as FulfillmentRow);

@Resolver()
export class FulfillmentMutations {
  @Mutation(() => CreateFulfillmentsPayload, {
    nullable: true,
    description:
      'Creates fulfillments. On request, bills and collects them in the same mutation. Source: Zuora, "Create fulfillments".',
  })
  @Extensions({ scope: 'fulfill' })
  createFulfillments(
    @Arg('input', () => CreateFulfillmentsInput, {
      description: 'The new fulfillments, and whether to bill and collect them.',
    })
    input: CreateFulfillmentsInput,
    @Arg('onError', () => OnErrorEnum, shared.onError) onError: OnError,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<CreateFulfillmentsPayload> {
    return payload(createFulfillments(work, input, { onError, dryRun }), done, refused(input.fulfillments.length));
  }

  @Mutation(() => UpdateFulfillmentPayload, {
    nullable: true,
    description:
      'Changes fields of a fulfillment, its state, or both in one step. Source: Zuora, "Update a fulfillment".',
  })
  @Extensions({ scope: 'fulfill' })
  updateFulfillment(
    @Arg('key', () => ID, shared.key('fulfillment number')) key: string,
    @Arg('input', () => UpdateFulfillmentInput, { description: 'The fields to change, the state to move to, or both.' })
    input: UpdateFulfillmentInput,
    @Arg('expectedVersion', () => Int, shared.expectedVersion) expectedVersion: number | null,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<UpdateFulfillmentPayload> {
    return payload(
      updateFulfillment(work, key, input, { expectedVersion, dryRun }),
      ({ fulfillment }) => ({ fulfillment: shownCopy('fulfillment', fulfillment) }),
      { fulfillment: null },
      present,
    );
  }

  @Mutation(() => TransitionFulfillmentsPayload, {
    nullable: true,
    description:
      'Moves fulfillments from Executing to Booked, so that they count as fulfilled. QUANTITY_EXCEEDED if less is pending by now. Source: Zuora, "State transitions for fulfillments".',
  })
  @Extensions({ scope: 'fulfill' })
  bookFulfillments(
    @Arg('keys', () => [ID], { description: keysText }) keys: string[],
    @Arg('expectedVersions', () => [Int], versionsArg) expectedVersions: number[] | null,
    @Arg('onError', () => OnErrorEnum, shared.onError) onError: OnError,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() context: GraphContext,
  ): Promise<TransitionFulfillmentsPayload> {
    return this.move(context, 'Book', { keys, expectedVersions }, onError, dryRun);
  }

  @Mutation(() => TransitionFulfillmentsPayload, {
    nullable: true,
    description:
      'Moves fulfillments from Executing or Booked to SentToBilling. On request, bills and collects them in the same mutation. BILL_TARGET_DATE_REQUIRED if a fulfillment has no billTargetDate. Source: Zuora, "State transitions for fulfillments".',
  })
  @Extensions({ scope: 'fulfill' })
  sendFulfillmentsToBilling(
    @Arg('keys', () => [ID], { description: keysText }) keys: string[],
    @Arg('expectedVersions', () => [Int], versionsArg) expectedVersions: number[] | null,
    @Arg('billTargetDate', () => DateScalar, {
      nullable: true,
      description:
        'Day from which all these fulfillments may be billed. A Booked fulfillment that already has such a day takes a new one only with the scope edit-booked.',
    })
    billTargetDate: string | null,
    @Arg('processingOptions', () => ProcessingOptionsInput, {
      nullable: true,
      description: 'Bills and collects the fulfillments in the same mutation, if they are due.',
    })
    processingOptions: ProcessingOptionsInput | null,
    @Arg('onError', () => OnErrorEnum, shared.onError) onError: OnError,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() context: GraphContext,
  ): Promise<TransitionFulfillmentsPayload> {
    return this.move(
      context,
      'SendToBilling',
      { keys, expectedVersions, billTargetDate, processingOptions },
      onError,
      dryRun,
    );
  }

  @Mutation(() => TransitionFulfillmentsPayload, {
    nullable: true,
    description:
      'Moves fulfillments from SentToBilling to Complete. Each must be on a posted document, otherwise NOT_BILLED_YET. Source: Zuora, "State transitions for fulfillments".',
  })
  @Extensions({ scope: 'fulfill' })
  completeFulfillments(
    @Arg('keys', () => [ID], { description: keysText }) keys: string[],
    @Arg('expectedVersions', () => [Int], versionsArg) expectedVersions: number[] | null,
    @Arg('onError', () => OnErrorEnum, shared.onError) onError: OnError,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() context: GraphContext,
  ): Promise<TransitionFulfillmentsPayload> {
    return this.move(context, 'Complete', { keys, expectedVersions }, onError, dryRun);
  }

  @Mutation(() => TransitionFulfillmentsPayload, {
    nullable: true,
    description:
      'Moves fulfillments from Executing to Canceled: nothing is delivered or received. Source: Zuora, "State transitions for fulfillments".',
  })
  @Extensions({ scope: 'fulfill' })
  cancelFulfillments(
    @Arg('keys', () => [ID], { description: keysText }) keys: string[],
    @Arg('expectedVersions', () => [Int], versionsArg) expectedVersions: number[] | null,
    @Arg('onError', () => OnErrorEnum, shared.onError) onError: OnError,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() context: GraphContext,
  ): Promise<TransitionFulfillmentsPayload> {
    return this.move(context, 'Cancel', { keys, expectedVersions }, onError, dryRun);
  }

  @Mutation(() => DeleteFulfillmentPayload, {
    nullable: true,
    description:
      'Deletes a fulfillment that is Executing, otherwise NOT_DELETABLE. Its history stays. Source: Zuora, "Delete a fulfillment".',
  })
  @Extensions({ scope: 'fulfill' })
  deleteFulfillment(
    @Arg('key', () => ID, shared.key('fulfillment number')) key: string,
    @Arg('expectedVersion', () => Int, shared.expectedVersion) expectedVersion: number | null,
    @Arg('dryRun', () => Boolean, shared.dryRun) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<DeleteFulfillmentPayload> {
    return payload(
      deleteFulfillment(work, key, { expectedVersion, dryRun }),
      ({ deletedId, orderLineItem }) => ({ deletedId, orderLineItem: shownCopy('orderLineItem', orderLineItem) }),
      { deletedId: null, orderLineItem: null },
      present,
    );
  }

  private move(
    { work }: GraphContext,
    action: FulfillmentAction,
    input: Omit<TransitionInput, 'action'>,
    onError: OnError,
    dryRun: boolean,
  ): Promise<TransitionFulfillmentsPayload> {
    return payload(
      transitionFulfillments(work, { ...input, action }, { onError, dryRun }),
      done,
      refused(input.keys.length),
      present,
    );
  }
}
