import { Field, ID, InputType } from 'type-graphql';
import type { FulfillmentState, FulfillmentType } from '../domain/fulfillment';
import { FulfillmentStateEnum, FulfillmentTypeEnum } from './enums';
import { FulfillmentItemInput } from './fulfillment-item-input';
import { ProcessingOptionsInput } from './processing';
import { DateScalar, DecimalScalar, JSONObjectScalar } from './scalars';

@InputType({ description: 'A new fulfillment of a line item.' })
export class CreateFulfillmentInput {
  @Field(() => ID, {
    description:
      'The line item it fulfills: Booked, with the billing rule TriggerAsFulfillmentOccurs, at most 100 fulfillments each.',
  })
  orderLineItemId: string;
  @Field(() => DateScalar, { description: 'The day of delivery or receipt.' }) fulfillmentDate: string;
  @Field(() => DecimalScalar, {
    description:
      'How much, above 0. Together with the entries before it, at most what is pending on the line item. Rounded to its unit, unless it is all of that.',
  })
  quantity: string;
  @Field(() => FulfillmentStateEnum, {
    nullable: true,
    defaultValue: 'Executing',
    description: 'The state it starts in: Executing, Booked or SentToBilling.',
  })
  state?: FulfillmentState | null;
  @Field(() => FulfillmentTypeEnum, {
    nullable: true,
    description: 'Follows from the line item where absent: Delivery for Sales, Return for Return.',
  })
  fulfillmentType?: FulfillmentType | null;
  @Field(() => DateScalar, { nullable: true, description: 'The date to bill from; required in SentToBilling.' })
  billTargetDate?: string | null;
  @Field(() => String, { nullable: true, description: 'Free text, at most 500 characters.' }) description?:
    | string
    | null;
  @Field(() => String, { nullable: true, description: 'Who carries it, at most 255 characters.' }) carrier?:
    | string
    | null;
  @Field(() => String, { nullable: true, description: "The carrier's tracking number, at most 255 characters." })
  trackingNumber?: string | null;
  @Field(() => String, { nullable: true, description: 'The system that fulfills it, at most 255 characters.' })
  fulfillmentSystem?: string | null;
  @Field(() => String, { nullable: true, description: 'Where it is fulfilled from, at most 255 characters.' })
  fulfillmentLocation?: string | null;
  @Field(() => String, { nullable: true, description: 'Its id in an external system, at most 255 characters.' })
  externalId?: string | null;
  @Field(() => Boolean, { nullable: true, description: 'Kept for revenue accounting. Default: false.' })
  excludeItemBillingFromRevenueAccounting?: boolean | null;
  @Field(() => Boolean, { nullable: true, description: 'Kept for revenue accounting. Default: false.' })
  excludeItemBookingFromRevenueAccounting?: boolean | null;
  @Field(() => JSONObjectScalar, { nullable: true, description: 'Custom fields; names end in __c.' })
  customFields?: Record<string, unknown> | null;
  @Field(() => [FulfillmentItemInput], {
    nullable: true,
    description:
      'Single assets in it: at most as many as its quantity, and at most 100. Not in Executing. They are shown in this order.',
  })
  fulfillmentItems?: FulfillmentItemInput[] | null;
}

@InputType({
  description:
    'New fulfillments on any mix of line items. A JSON body of the published "Create fulfillments" request is a value of this type.',
})
export class CreateFulfillmentsInput {
  @Field(() => [CreateFulfillmentInput], { description: 'The fulfillments, 1 to 1,000.' })
  fulfillments: CreateFulfillmentInput[];
  @Field(() => ProcessingOptionsInput, { nullable: true, description: 'Bill and collect in the same act.' })
  processingOptions?: ProcessingOptionsInput | null;
}

@InputType({
  description:
    'Changes of a fulfillment; what is left out stays, null empties. Fields and state may change in one step.',
})
export class UpdateFulfillmentInput {
  @Field(() => FulfillmentStateEnum, {
    nullable: true,
    description: 'Moves it: must be a state that can follow the present one.',
  })
  state?: FulfillmentState | null;
  @Field(() => DateScalar, { nullable: true, description: 'The day of delivery or receipt.' }) fulfillmentDate?:
    | string
    | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'How much, above 0, at most what is pending. Rounded to its unit, unless it is all of that.',
  })
  quantity?: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The date to bill from. A missing one may be set while Booked without the scope edit-booked.',
  })
  billTargetDate?: string | null;
  @Field(() => String, { nullable: true, description: 'Free text, at most 500 characters.' }) description?:
    | string
    | null;
  @Field(() => String, { nullable: true, description: 'Who carries it, at most 255 characters.' }) carrier?:
    | string
    | null;
  @Field(() => String, { nullable: true, description: "The carrier's tracking number, at most 255 characters." })
  trackingNumber?: string | null;
  @Field(() => String, { nullable: true, description: 'The system that fulfills it, at most 255 characters.' })
  fulfillmentSystem?: string | null;
  @Field(() => String, { nullable: true, description: 'Where it is fulfilled from, at most 255 characters.' })
  fulfillmentLocation?: string | null;
  @Field(() => String, { nullable: true, description: 'Its id in an external system, at most 255 characters.' })
  externalId?: string | null;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description: 'Custom fields, replaced as a whole; names end in __c.',
  })
  customFields?: Record<string, unknown> | null;
}
