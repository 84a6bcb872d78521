import { Field, InputType } from 'type-graphql';
import type { FulfillmentInput } from '../domain/fulfillment-create';
import { requiredFields } from '../domain/fulfillment-fields';
import type { FulfillmentState } from '../domain/fulfillment-state';
import { giveFields } from './build/input-fields';
import { FulfillmentStateEnum } from './enums';
import { FulfillmentItemInput } from './fulfillment-item-input';
import { createDescriptions, updateDescriptions } from './model/fulfillment-input';
import { ProcessingOptionsInput } from './processing';

/*
 * `giveFields` adds the columns of a fulfillment from their declarations. The classes here declare only the other
 * fields: the state and the items.
 */

@InputType({ description: 'A new fulfillment of a line item: a delivery of a sale, or a receipt of a return.' })
export class CreateFulfillmentInput {
  @Field(() => FulfillmentStateEnum, {
    nullable: true,
    defaultValue: 'Executing',
    description:
      'State to start in: Executing, Booked or SentToBilling, otherwise STATE_NOT_CREATABLE. Source: Zuora, "State transitions for fulfillments".',
  })
  state?: FulfillmentState | null;
  @Field(() => [FulfillmentItemInput], {
    nullable: true,
    description:
      'Single assets in the fulfillment, in this order: at most as many as its quantity, and at most 100. ITEMS_NOT_ALLOWED if the state is Executing.',
  })
  fulfillmentItems?: FulfillmentItemInput[] | null;
}

@InputType({
  description:
    'New fulfillments of any mix of line items. The JSON body of the published "Create fulfillments" request is a value of this type, with custom fields under customFields. Source: Zuora, "Create fulfillments".',
})
export class CreateFulfillmentsInput {
  @Field(() => [CreateFulfillmentInput], {
    description: 'The deliveries and receipts, 1 to 1,000 entries; more are refused with LIMIT_EXCEEDED.',
  })
  fulfillments: FulfillmentInput[];
  @Field(() => ProcessingOptionsInput, {
    nullable: true,
    description: 'Bills and collects the new fulfillments in the same mutation, if they are SentToBilling and due.',
  })
  processingOptions?: ProcessingOptionsInput | null;
}

@InputType({
  description:
    'Changes to a fulfillment. A field that is left out stays; null clears it. editableFields lists the fields that can be changed now. Fields and state may change in one step. Source: Zuora, "Update a fulfillment".',
})
export class UpdateFulfillmentInput {
  @Field(() => FulfillmentStateEnum, {
    nullable: true,
    description: 'State to move to: that of one of the allowedTransitions, otherwise TRANSITION_NOT_ALLOWED.',
  })
  state?: FulfillmentState | null;
}

giveFields(CreateFulfillmentInput, 'fulfillment', createDescriptions, ['orderLineItemId', ...requiredFields]);
giveFields(UpdateFulfillmentInput, 'fulfillment', updateDescriptions);
