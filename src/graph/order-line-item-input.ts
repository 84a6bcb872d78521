import { Field, ID, InputType } from 'type-graphql';
import type { BillingRule, ItemCategory, OrderLineItemState } from '../domain/order-line-item';
import { giveFields } from './build/input-fields';
import { BillingRuleEnum, ItemCategoryEnum, OrderLineItemStateEnum } from './enums';
import { createDescriptions, updateDescriptions } from './model/order-line-item-input';
import { ProcessingOptionsInput } from './processing';

@InputType({
  description:
    'A line item of a new order: a sale, or a return of what was sold before. Source: Zuora, "Create an order" and "Create a return order line item".',
})
export class CreateOrderLineItemInput {
  @Field(() => String, {
    nullable: true,
    description:
      'Tells it apart within its order, at most 100 characters; given for every line item of the order or for none, and then "1", "2", ... DUPLICATE where it is given twice.',
  })
  itemNumber?: string;
  @Field(() => ItemCategoryEnum, {
    nullable: true,
    defaultValue: 'Sales',
    description: 'Must be Return in an order of the category Return, else Sales; RETURN_NOT_ALLOWED otherwise.',
  })
  itemCategory?: ItemCategory;
  @Field(() => OrderLineItemStateEnum, {
    nullable: true,
    defaultValue: 'Executing',
    description:
      'Where it starts: anywhere, but with fulfillments only as Executing, Booked or Canceled. It takes fulfillments once it is Booked; SentToBilling needs a billTargetDate.',
  })
  itemState?: OrderLineItemState;
  @Field(() => BillingRuleEnum, {
    nullable: true,
    defaultValue: 'TriggerWithoutFulfillment',
    description: 'Whether it is billed as a whole, or delivered and billed in fulfillments.',
  })
  billingRule?: BillingRule;
  @Field(() => String, {
    nullable: true,
    description: 'REQUIRED on a return: the business number of the order that sold it. INVALID_VALUE on a sale.',
  })
  originalOrderNumber?: string;
  @Field(() => String, {
    nullable: true,
    description:
      'REQUIRED on a return: the itemNumber of what was sold, in that order. Price, discount, tax and unit are copied from there; quantity is at most its quantityAvailableForReturn, else QUANTITY_EXCEEDED. INVALID_VALUE on a sale.',
  })
  originalOrderLineItemNumber?: string;
}

@InputType({
  description:
    'Changes of a line item; what is left out stays, null empties. What may be changed now is in its editableFields, all else is refused with FIELD_LOCKED. Fields and state may change in one step. Source: Zuora, "Update an order line item".',
})
export class UpdateOrderLineItemInput {
  @Field(() => OrderLineItemStateEnum, {
    nullable: true,
    description: 'Moves it: one of its allowedTransitions, else TRANSITION_NOT_ALLOWED.',
  })
  itemState?: OrderLineItemState | null;
  @Field(() => ProcessingOptionsInput, {
    nullable: true,
    description:
      'Bills and collects it in the same act, where it has no fulfillments and is due. With runBilling nothing else need be given: it is then billed as it is.',
  })
  processingOptions?: ProcessingOptionsInput | null;
}

@InputType({
  description:
    'Changes of one of many line items; what is left out stays, null empties. With runBilling its id alone will do: it is then billed as it is.',
})
export class UpdateOrderLineItemsEntry {
  @Field(() => ID, { description: 'Which line item, by its id in any spelling; INVALID_VALUE where one comes twice.' })
  id: string;
  @Field(() => OrderLineItemStateEnum, {
    nullable: true,
    description: 'Moves it: one of its allowedTransitions, else TRANSITION_NOT_ALLOWED.',
  })
  itemState?: OrderLineItemState | null;
}

@InputType({
  description: 'Changes of up to 100 line items, of any orders. Source: Zuora, "Update multiple order line items".',
})
export class UpdateOrderLineItemsInput {
  @Field(() => [UpdateOrderLineItemsEntry], {
    description: 'What is to be changed, 1 to 100 entries, each for another one.',
  })
  orderLineItems: UpdateOrderLineItemsEntry[];
  @Field(() => ProcessingOptionsInput, {
    nullable: true,
    description: 'Bills those without fulfillments that are due, and collects, in the same act.',
  })
  processingOptions?: ProcessingOptionsInput | null;
}

giveFields(CreateOrderLineItemInput, 'orderLineItem', createDescriptions, ['itemName', 'quantity']);
giveFields(UpdateOrderLineItemInput, 'orderLineItem', updateDescriptions);
giveFields(UpdateOrderLineItemsEntry, 'orderLineItem', {
  quantity: 'How much is sold or taken back, above 0; while Executing.',
  billTargetDate: updateDescriptions.billTargetDate,
  description: updateDescriptions.description,
});
