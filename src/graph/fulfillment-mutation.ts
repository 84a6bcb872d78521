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
import { payload, UserError } from './errors';
import { Fulfillment } from './fulfillment';
import { CreateFulfillmentsInput, UpdateFulfillmentInput } from './fulfillment-input';
import { OrderLineItem } from './order-line-item';
import { ProcessingOptionsInput } from './processing';
import { shownCopy } from './read/show';
import { DateScalar } from './scalars';

/** What every mutation of many fulfillments gives back. */
@ObjectType()
abstract class FulfillmentsPayload extends BilledPayload {
  @Field(() => [Fulfillment], {
    nullable: 'items',
    description: 'As they are now, in the order of the request; null where an entry was refused.',
  })
  fulfillments: (Fulfillment | null)[];
}

@ObjectType({
  description: 'What createFulfillments brought about, entry by entry, or why it was refused.',
  simpleResolvers: true,
})
export class CreateFulfillmentsPayload extends FulfillmentsPayload {}

@ObjectType({
  description: 'What a mutation that moves fulfillments brought about, entry by entry, or why it was refused.',
  simpleResolvers: true,
})
export class TransitionFulfillmentsPayload extends FulfillmentsPayload {}

@ObjectType({ description: 'What updateFulfillment brought about, or why it was refused.', simpleResolvers: true })
export class UpdateFulfillmentPayload {
  @Field(() => Fulfillment, { nullable: true, description: 'The fulfillment as it is now; null where refused.' })
  fulfillment: Fulfillment | null;
  @Field(() => [UserError], {
    description: 'What the rules refuse, with a path into the arguments; empty where it was done.',
  })
  userErrors: UserError[];
}

@ObjectType({ description: 'What deleteFulfillment brought about, or why it was refused.', simpleResolvers: true })
export class DeleteFulfillmentPayload {
  @Field(() => ID, { nullable: true, description: 'The id of what is gone; null where refused.' }) deletedId:
    | string
    | null;
  @Field(() => OrderLineItem, {
    nullable: true,
    description: 'What it was to fulfill, as that is now: without it, that may have completed itself.',
  })
  orderLineItem: OrderLineItem | null;
  @Field(() => [UserError], {
    description: 'What the rules refuse, with a path into the arguments; empty where it was done.',
  })
  userErrors: UserError[];
}

const keysText = 'Ids in any spelling or fulfillment numbers, 1 to 1,000; INVALID_VALUE where one comes twice.';

const versionsArg = {
  nullable: true,
  description:
    'The versions that the fulfillments were read at, one for each key and in the order of keys, else INVALID_VALUE. One that has changed since is refused with VERSION_CONFLICT. Not looked at where absent.',
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
      'Creates fulfillments; bills and collects them in the same act where asked to. Source: Zuora, "Create fulfillments".',
  })
  @Extensions({ scope: 'fulfill' })
  createFulfillments(
    @Arg('input', () => CreateFulfillmentsInput, {
      description: 'What is delivered or received, and whether to bill and collect it.',
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
      'Changes fields of a fulfillment, moves it, or both in one step. Source: Zuora, "Update a fulfillment".',
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
      'Moves fulfillments from Executing to Booked: they count as fulfilled. QUANTITY_EXCEEDED where less is pending by now. Source: Zuora, "State transitions for fulfillments".',
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
      'Moves fulfillments from Executing or Booked to SentToBilling; bills and collects them in the same act where asked to. BILL_TARGET_DATE_REQUIRED without a day to bill from. Source: Zuora, "State transitions for fulfillments".',
  })
  @Extensions({ scope: 'fulfill' })
  sendFulfillmentsToBilling(
    @Arg('keys', () => [ID], { description: keysText }) keys: string[],
    @Arg('expectedVersions', () => [Int], versionsArg) expectedVersions: number[] | null,
    @Arg('billTargetDate', () => DateScalar, {
      nullable: true,
      description:
        'The day from which billing may pick them up, for all of them. One that is Booked takes it where it has none, else only with the scope edit-booked.',
    })
    billTargetDate: string | null,
    @Arg('processingOptions', () => ProcessingOptionsInput, {
      nullable: true,
      description: 'Bills and collects them in the same act, as far as they are due.',
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
      'Moves fulfillments from SentToBilling to Complete, once each stands on a posted document, else NOT_BILLED_YET. Source: Zuora, "State transitions for fulfillments".',
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
      'Deletes a fulfillment that is Executing, else NOT_DELETABLE; its history stays. Source: Zuora, "Delete a fulfillment".',
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
