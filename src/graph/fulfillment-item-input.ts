import { Field, InputType } from 'type-graphql';
import { JSONObjectScalar } from './scalars';

@InputType({ description: 'A single asset, such as a device, of a new fulfillment.' })
export class FulfillmentItemInput {
  @Field(() => String, {
    nullable: true,
    description: 'Identifier that the customer uses, such as a serial number; at most 255 characters.',
  })
  itemIdentifier?: string | null;
  @Field(() => String, { nullable: true, description: 'Free text for people, at most 500 characters.' }) description?:
    | string
    | null;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description: 'Custom fields of the client, stored as given. Their names end in __c.',
  })
  customFields?: Record<string, unknown> | null;
}

@InputType({ description: 'A single asset, such as a device, to add to a fulfillment.' })
export class CreateFulfillmentItemInput extends FulfillmentItemInput {
  @Field(() => String, {
    description:
      'The fulfillment to add the item to, by its business number or id. ITEMS_NOT_ALLOWED if the fulfillment is Executing or Canceled.',
  })
  fulfillmentNumber: string;
}

@InputType({
  description:
    'Changes to an item. A field that is left out stays; null clears it. Custom fields, if given, are replaced as a whole; by REST, only those that are named.',
})
export class UpdateFulfillmentItemInput extends FulfillmentItemInput {}
