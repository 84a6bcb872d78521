import { Arg, Ctx, Extensions, Field, ID, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import type { FulfillmentAction } from '../domain/fulfillment';
import { type OnError } from '../service/batch';
import { createFulfillments, type FulfillmentsResult } from '../service/fulfillment';
import {
  deleteFulfillment,
  type TransitionInput,
  transitionFulfillments,
  updateFulfillment,
} from '../service/fulfillment-change';
import type { FulfillmentRow } from '../store/fulfillment';
import { BilledPayload, billedShown, noneBilled } from './billing';
import type { GraphContext } from './context';
import { OnErrorEnum } from './enums';
import { payload, UserError } from './errors';
import { Fulfillment } from './fulfillment';
import { CreateFulfillmentsInput, UpdateFulfillmentInput } from './fulfillment-input';
import { shown } from './nouns';
import { OrderLineItem } from './order-line-item';
import { ProcessingOptionsInput } from './processing';
import { DateScalar } from './scalars';

/** What every mutation of many fulfillments gives back. */
@ObjectType()
abstract class FulfillmentsPayload extends BilledPayload {
  @Field(() => [Fulfillment], {
    nullable: 'items',
    description: 'In the order of the request; null where an entry was refused.',
  })
  fulfillments: (Fulfillment | null)[];
}

@ObjectType({ description: 'The outcome of createFulfillments.', simpleResolvers: true })
export class CreateFulfillmentsPayload extends FulfillmentsPayload {}

@ObjectType({ description: 'The outcome of a mutation that moves fulfillments.', simpleResolvers: true })
export class TransitionFulfillmentsPayload extends FulfillmentsPayload {}

@ObjectType({ description: 'The outcome of updateFulfillment.', simpleResolvers: true })
export class UpdateFulfillmentPayload {
  @Field(() => Fulfillment, { nullable: true, description: 'The fulfillment as it is now; null where refused.' })
  fulfillment: Fulfillment | null;
  @Field(() => [UserError], { description: 'What the rules refuse; empty where it was done.' }) userErrors: UserError[];
}

@ObjectType({ description: 'The outcome of deleteFulfillment.', simpleResolvers: true })
export class DeleteFulfillmentPayload {
  @Field(() => ID, { nullable: true, description: 'The id of what was deleted; null where refused.' }) deletedId:
    | string
    | null;
  @Field(() => OrderLineItem, { nullable: true, description: 'Its line item as it is now.' })
  orderLineItem: OrderLineItem | null;
  @Field(() => [UserError], { description: 'What the rules refuse; empty where it was done.' }) userErrors: UserError[];
}

const keysText = 'Ids or fulfillment numbers, 1 to 1,000, each fulfillment once.';
const onErrorText = 'What happens to the rest where some are refused.';
const dryRunText =
  'Judge and show, but write nothing: numbers read DRYRUN-1, DRYRUN-2, ..., and the payment gateway is not asked. Such a request holds this one mutation.';

const done = (result: FulfillmentsResult) => ({
  ...billedShown(result),
  fulfillments: result.fulfillments.map((row) => row && shown('fulfillment', row)),
});

const refused = (count: number) => ({ ...noneBilled, fulfillments: Array(count).fill(null) });
const present = (row: object) => shown('fulfillment', row as FulfillmentRow);

@Resolver()
export class FulfillmentMutations {
  @Mutation(() => CreateFulfillmentsPayload, {
    nullable: true,
    description:
      'Creates fulfillments; bills and collects them in the same act where asked to. Source: Zuora, "Create fulfillments".',
  })
  @Extensions({ scope: 'fulfill' })
  createFulfillments(
    @Arg('input', () => CreateFulfillmentsInput, { description: 'The fulfillments.' }) input: CreateFulfillmentsInput,
    @Arg('onError', () => OnErrorEnum, { defaultValue: 'RejectAll', description: onErrorText }) onError: OnError,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: dryRunText }) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<CreateFulfillmentsPayload> {
    return payload(createFulfillments(work, input, { onError, dryRun }), done, refused(input.fulfillments.length));
  }

  @Mutation(() => UpdateFulfillmentPayload, {
    nullable: true,
    description: 'Changes fields, state, or both in one step. Source: Zuora, "Update a fulfillment".',
  })
  @Extensions({ scope: 'fulfill' })
  updateFulfillment(
    @Arg('key', () => ID, { description: 'Id or fulfillment number.' }) key: string,
    @Arg('input', () => UpdateFulfillmentInput, { description: 'What to change.' }) input: UpdateFulfillmentInput,
    @Arg('expectedVersion', () => Int, {
      nullable: true,
      description: 'Refuse with VersionConflict where the fulfillment has another version by now.',
    })
    expectedVersion: number | null,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: dryRunText }) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<UpdateFulfillmentPayload> {
    return payload(
      updateFulfillment(work, key, input, { expectedVersion, dryRun }),
      ({ fulfillment }) => ({ fulfillment: shown('fulfillment', fulfillment) }),
      { fulfillment: null },
      present,
    );
  }

  @Mutation(() => TransitionFulfillmentsPayload, {
    nullable: true,
    description: 'Moves fulfillments from Executing to Booked.',
  })
  @Extensions({ scope: 'fulfill' })
  bookFulfillments(
    @Arg('keys', () => [ID], { description: keysText }) keys: string[],
    @Arg('onError', () => OnErrorEnum, { defaultValue: 'RejectAll', description: onErrorText }) onError: OnError,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: dryRunText }) dryRun: boolean,
    @Ctx() context: GraphContext,
  ): Promise<TransitionFulfillmentsPayload> {
    return this.move(context, 'Book', { keys }, onError, dryRun);
  }

  @Mutation(() => TransitionFulfillmentsPayload, {
    nullable: true,
    description:
      'Moves fulfillments from Executing or Booked to SentToBilling; bills and collects them in the same act where asked to.',
  })
  @Extensions({ scope: 'fulfill' })
  sendFulfillmentsToBilling(
    @Arg('keys', () => [ID], { description: keysText }) keys: string[],
    @Arg('billTargetDate', () => DateScalar, {
      nullable: true,
      description:
        'The date to bill from, for all of them. One that is Booked takes it where it has none, else only with the scope edit-booked.',
    })
    billTargetDate: string | null,
    @Arg('processingOptions', () => ProcessingOptionsInput, {
      nullable: true,
      description: 'Bill and collect in the same act.',
    })
    processingOptions: ProcessingOptionsInput | null,
    @Arg('onError', () => OnErrorEnum, { defaultValue: 'RejectAll', description: onErrorText }) onError: OnError,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: dryRunText }) dryRun: boolean,
    @Ctx() context: GraphContext,
  ): Promise<TransitionFulfillmentsPayload> {
    return this.move(context, 'SendToBilling', { keys, billTargetDate, processingOptions }, onError, dryRun);
  }

  @Mutation(() => TransitionFulfillmentsPayload, {
    nullable: true,
    description: 'Moves fulfillments from SentToBilling to Complete, once each stands on a posted document.',
  })
  @Extensions({ scope: 'fulfill' })
  completeFulfillments(
    @Arg('keys', () => [ID], { description: keysText }) keys: string[],
    @Arg('onError', () => OnErrorEnum, { defaultValue: 'RejectAll', description: onErrorText }) onError: OnError,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: dryRunText }) dryRun: boolean,
    @Ctx() context: GraphContext,
  ): Promise<TransitionFulfillmentsPayload> {
    return this.move(context, 'Complete', { keys }, onError, dryRun);
  }

  @Mutation(() => TransitionFulfillmentsPayload, {
    nullable: true,
    description: 'Moves fulfillments from Executing to Canceled.',
  })
  @Extensions({ scope: 'fulfill' })
  cancelFulfillments(
    @Arg('keys', () => [ID], { description: keysText }) keys: string[],
    @Arg('onError', () => OnErrorEnum, { defaultValue: 'RejectAll', description: onErrorText }) onError: OnError,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: dryRunText }) dryRun: boolean,
    @Ctx() context: GraphContext,
  ): Promise<TransitionFulfillmentsPayload> {
    return this.move(context, 'Cancel', { keys }, onError, dryRun);
  }

  @Mutation(() => DeleteFulfillmentPayload, {
    nullable: true,
    description: 'Deletes a fulfillment that is Executing. Source: Zuora, "Delete a fulfillment".',
  })
  @Extensions({ scope: 'fulfill' })
  deleteFulfillment(
    @Arg('key', () => ID, { description: 'Id or fulfillment number.' }) key: string,
    @Arg('expectedVersion', () => Int, {
      nullable: true,
      description: 'Refuse with VersionConflict where the fulfillment has another version by now.',
    })
    expectedVersion: number | null,
    @Arg('dryRun', () => Boolean, { defaultValue: false, description: dryRunText }) dryRun: boolean,
    @Ctx() { work }: GraphContext,
  ): Promise<DeleteFulfillmentPayload> {
    return payload(
      deleteFulfillment(work, key, { expectedVersion, dryRun }),
      ({ deletedId, orderLineItem }) => ({ deletedId, orderLineItem: shown('orderLineItem', orderLineItem) }),
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
    );
  }
}
