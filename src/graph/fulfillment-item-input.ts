import { Field, InputType } from 'type-graphql';
import { JSONObjectScalar } from './scalars';

@InputType({ description: 'A single asset of a new fulfillment.' })
export class FulfillmentItemInput {
  @Field(() => String, {
    nullable: true,
    description: 'What the customer knows it by, such as a serial number; at most 255 characters.',
  })
  itemIdentifier?: string | null;
  @Field(() => String, { nullable: true, description: 'Free text, at most 500 characters.' }) description?:
    | string
    | null;
  @Field(() => JSONObjectScalar, { nullable: true, description: 'Custom fields; names end in __c.' })
  customFields?: Record<string, unknown> | null;
}

@InputType({ description: 'A single asset to be added to a fulfillment.' })
export class CreateFulfillmentItemInput extends FulfillmentItemInput {
  @Field(() => String, {
    description: 'The fulfillment it belongs to, neither Executing nor Canceled: its fulfillment number, or its id.',
  })
  fulfillmentNumber: string;
}

@InputType({
  description:
    'Changes of an item; what is left out stays, null empties. Custom fields are replaced as a whole where they are given.',
})
export class UpdateFulfillmentItemInput extends FulfillmentItemInput {}
