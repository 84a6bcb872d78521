import { Field, InputType } from 'type-graphql';
import type { FulfillmentInput } from '../domain/fulfillment-create';
import { requiredFields } from '../domain/fulfillment-fields';
import type { FulfillmentState } from '../domain/fulfillment-state';
import { giveFields } from './build/input-fields';
import { FulfillmentStateEnum } from './enums';
import { FulfillmentItemInput } from './fulfillment-item-input';
import { createDescriptions, updateDescriptions } from './model/fulfillment-input';
import { ProcessingOptionsInput } from './processing';

/* The fields of a fulfillment itself come from their declarations. What stands here is no column, or moves. */

@InputType({ description: 'A new fulfillment of a line item: a delivery of a sale, or a receipt of a return.' })
export class CreateFulfillmentInput {
  @Field(() => FulfillmentStateEnum, {
    nullable: true,
    defaultValue: 'Executing',
    description:
      'Where it starts: Executing, Booked or SentToBilling, else STATE_NOT_CREATABLE. Source: Zuora, "State transitions for fulfillments".',
  })
  state?: FulfillmentState | null;
  @Field(() => [FulfillmentItemInput], {
    nullable: true,
    description:
      'Single assets in it, in this order: at most as many as its quantity, and at most 100. Not in Executing, which is ITEMS_NOT_ALLOWED.',
  })
  fulfillmentItems?: FulfillmentItemInput[] | null;
}

@InputType({
  description:
    'New fulfillments on any mix of line items. A JSON body of the published "Create fulfillments" request is a value of this type, its custom fields under customFields. Source: Zuora, "Create fulfillments".',
})
export class CreateFulfillmentsInput {
  @Field(() => [CreateFulfillmentInput], {
    description: 'What is delivered or received, 1 to 1,000 entries; more are refused with LIMIT_EXCEEDED.',
  })
  fulfillments: FulfillmentInput[];
  @Field(() => ProcessingOptionsInput, {
    nullable: true,
    description: 'Bills and collects them in the same act, as far as they are SentToBilling and due.',
  })
  processingOptions?: ProcessingOptionsInput | null;
}

@InputType({
  description:
    'Changes of a fulfillment; what is left out stays, null empties. What may be changed now is in its editableFields. Fields and state may change in one step. Source: Zuora, "Update a fulfillment".',
})
export class UpdateFulfillmentInput {
  @Field(() => FulfillmentStateEnum, {
    nullable: true,
    description: 'Moves it: to where one of its allowedTransitions leads, else TRANSITION_NOT_ALLOWED.',
  })
  state?: FulfillmentState | null;
}

giveFields(CreateFulfillmentInput, 'fulfillment', createDescriptions, ['orderLineItemId', ...requiredFields]);
giveFields(UpdateFulfillmentInput, 'fulfillment', updateDescriptions);
