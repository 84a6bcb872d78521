import { Field, InputType } from 'type-graphql';
import { JSONObjectScalar } from './scalars';

@InputType({ description: 'A single asset, such as a device, of a new fulfillment.' })
export class FulfillmentItemInput {
  @Field(() => String, {
    nullable: true,
    description: 'What the customer knows it by, such as a serial number; at most 255 characters.',
  })
  itemIdentifier?: string | null;
  @Field(() => String, { nullable: true, description: 'Free text for people, at most 500 characters.' }) description?:
    | string
    | null;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description: 'Fields of the client itself, kept as they are; their names end in __c.',
  })
  customFields?: Record<string, unknown> | null;
}

@InputType({ description: 'A single asset, such as a device, to be added to a fulfillment.' })
export class CreateFulfillmentItemInput extends FulfillmentItemInput {
  @Field(() => String, {
    description:
      'What it is added to, by its business number or its id; ITEMS_NOT_ALLOWED where that is Executing or Canceled.',
  })
  fulfillmentNumber: string;
}

@InputType({
  description:
    'Changes of an item; what is left out stays, null empties. Custom fields are replaced as a whole where they are given.',
})
export class UpdateFulfillmentItemInput extends FulfillmentItemInput {}
