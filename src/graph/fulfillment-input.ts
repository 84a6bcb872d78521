import { Field, ID, InputType } from 'type-graphql';
import type { FulfillmentState, FulfillmentType } from '../domain/fulfillment';
import { FulfillmentStateEnum, FulfillmentTypeEnum } from './enums';
import { FulfillmentItemInput } from './fulfillment-item-input';
import { ProcessingOptionsInput } from './processing';
import { DateScalar, DecimalScalar, JSONObjectScalar } from './scalars';

@InputType({ description: 'A new fulfillment of a line item: a delivery of a sale, or a receipt of a return.' })
export class CreateFulfillmentInput {
  @Field(() => ID, {
    description:
      'What it fulfills, by its id in any spelling: a line item that is Booked, else ORDER_LINE_ITEM_NOT_BOOKED, with the billing rule TriggerAsFulfillmentOccurs, else BILLING_RULE_MISMATCH. One has at most 100 fulfillments.',
  })
  orderLineItemId: string;
  @Field(() => DateScalar, { description: 'The day of delivery or receipt, past or to come.' }) fulfillmentDate: string;
  @Field(() => DecimalScalar, {
    description:
      'How much, above 0 in the unitOfMeasure of the line item. Together with the entries before it at most what is pending there, else QUANTITY_EXCEEDED. Rounded as its unit in billingSettings says, unless it is all of that.',
  })
  quantity: string;
  @Field(() => FulfillmentStateEnum, {
    nullable: true,
    defaultValue: 'Executing',
    description:
      'Where it starts: Executing, Booked or SentToBilling, else STATE_NOT_CREATABLE. Source: Zuora, "State transitions for fulfillments".',
  })
  state?: FulfillmentState | null;
  @Field(() => FulfillmentTypeEnum, {
    nullable: true,
    description: 'Delivery on a sale, Return on a return, which it is where absent as well; TYPE_MISMATCH otherwise.',
  })
  fulfillmentType?: FulfillmentType | null;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The day from which billing may pick it up; BILL_TARGET_DATE_REQUIRED in SentToBilling.',
  })
  billTargetDate?: string | null;
  @Field(() => String, { nullable: true, description: 'Free text for people, at most 500 characters.' }) description?:
    | string
    | null;
  @Field(() => String, {
    nullable: true,
    description: 'Who carries the goods, at most 255 characters; one of those in billingSettings where there are any.',
  })
  carrier?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What the carrier knows the shipment by, at most 255 characters.',
  })
  trackingNumber?: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Which system fulfills it, at most 255 characters; one of those in billingSettings where there are any.',
  })
  fulfillmentSystem?: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Which place it is fulfilled from, at most 255 characters; one of those in billingSettings where there are any.',
  })
  fulfillmentLocation?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What it is known by in a system outside, at most 255 characters; need not be unique.',
  })
  externalId?: string | null;
  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether its bill is left out of revenue accounting: kept as given, without effect here. Default: false.',
  })
  excludeItemBillingFromRevenueAccounting?: boolean | null;
  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether its delivery is left out of revenue accounting: kept as given, without effect here. Default: false.',
  })
  excludeItemBookingFromRevenueAccounting?: boolean | null;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description: 'Fields of the client itself, kept as they are; their names end in __c.',
  })
  customFields?: Record<string, unknown> | null;
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
  fulfillments: CreateFulfillmentInput[];
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
  @Field(() => DateScalar, { nullable: true, description: 'The day of delivery or receipt; cannot be emptied.' })
  fulfillmentDate?: string | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'How much, above 0 in the unitOfMeasure of the line item: at most what is pending there, and at least as many as it has items. Rounded as its unit in billingSettings says, unless it is all that is pending. Cannot be emptied.',
  })
  quantity?: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description:
      'The day from which billing may pick it up. One that is missing may be given while Booked without the scope edit-booked.',
  })
  billTargetDate?: string | null;
  @Field(() => String, { nullable: true, description: 'Free text for people, at most 500 characters.' }) description?:
    | string
    | null;
  @Field(() => String, {
    nullable: true,
    description: 'Who carries the goods, at most 255 characters; one of those in billingSettings where there are any.',
  })
  carrier?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What the carrier knows the shipment by, at most 255 characters.',
  })
  trackingNumber?: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Which system fulfills it, at most 255 characters; one of those in billingSettings where there are any.',
  })
  fulfillmentSystem?: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Which place it is fulfilled from, at most 255 characters; one of those in billingSettings where there are any.',
  })
  fulfillmentLocation?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What it is known by in a system outside, at most 255 characters; need not be unique.',
  })
  externalId?: string | null;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description: 'Fields of the client itself, replaced as a whole; their names end in __c.',
  })
  customFields?: Record<string, unknown> | null;
}
