import { Field, ID, InputType } from 'type-graphql';
import type { BillingRule, ItemCategory, OrderLineItemState } from '../domain/order-line-item';
import { giveFields } from './build/input-fields';
import { BillingRuleEnum, ItemCategoryEnum, OrderLineItemStateEnum } from './enums';
import { createDescriptions, updateDescriptions } from './model/order-line-item-input';
import { ProcessingOptionsInput } from './processing';

@InputType({
  description:
    'A line item of a new order: a sale, or a return of an earlier sale. Source: Zuora, "Create an order" and "Create a return order line item".',
})
export class CreateOrderLineItemInput {
  @Field(() => String, {
    nullable: true,
    description:
      'Number of the line item within its order, at most 100 characters. Give it for every line item of the order or for none. Default: "1", "2" and so on. DUPLICATE if two line items have the same number.',
  })
  itemNumber?: string;
  @Field(() => ItemCategoryEnum, {
    nullable: true,
    defaultValue: 'Sales',
    description:
      'Return in an order of the category Return, otherwise Sales. A mismatch is refused with RETURN_NOT_ALLOWED.',
  })
  itemCategory?: ItemCategory;
  @Field(() => OrderLineItemStateEnum, {
    nullable: true,
    defaultValue: 'Executing',
    description:
      'State to start in: any state, but with fulfillments only Executing, Booked or Canceled. Only a Booked line item takes fulfillments. SentToBilling needs a billTargetDate.',
  })
  itemState?: OrderLineItemState;
  @Field(() => BillingRuleEnum, {
    nullable: true,
    defaultValue: 'TriggerWithoutFulfillment',
    description: 'Whether the line item is billed as a whole, or delivered and billed by fulfillment.',
  })
  billingRule?: BillingRule;
  @Field(() => String, {
    nullable: true,
    description: 'Business number of the order that made the sale. REQUIRED on a return; INVALID_VALUE on a sale.',
  })
  originalOrderNumber?: string;
  @Field(() => String, {
    nullable: true,
    description:
      'The itemNumber of the sold line item in its order. REQUIRED on a return; INVALID_VALUE on a sale. Price, discount, tax and unit are copied from that line item. The returned quantity is at most its quantityAvailableForReturn, otherwise QUANTITY_EXCEEDED.',
  })
  originalOrderLineItemNumber?: string;
}

@InputType({
  description:
    'Changes to a line item. A field that is left out stays; null clears it. editableFields lists the fields that can be changed now; others are refused with FIELD_LOCKED. Fields and state may change in one step. Source: Zuora, "Update an order line item".',
})
export class UpdateOrderLineItemInput {
  @Field(() => OrderLineItemStateEnum, {
    nullable: true,
    description: 'State to move to: that of one of the allowedTransitions, otherwise TRANSITION_NOT_ALLOWED.',
  })
  itemState?: OrderLineItemState | null;
  @Field(() => ProcessingOptionsInput, {
    nullable: true,
    description:
      'Bills and collects the line item in the same mutation, if it has no fulfillments and is due. With runBilling no other field is needed: the line item is billed as it is.',
  })
  processingOptions?: ProcessingOptionsInput | null;
}

@InputType({
  description:
    'Changes to one of several line items, in the same fields as of one alone. A field that is left out stays; null clears it. With runBilling the id alone is enough: the line item is billed as it is.',
})
export class UpdateOrderLineItemsEntry {
  @Field(() => ID, {
    description: 'Id of the line item, in any spelling. INVALID_VALUE if a line item is named twice.',
  })
  id: string;
  @Field(() => OrderLineItemStateEnum, {
    nullable: true,
    description: 'State to move to: that of one of the allowedTransitions, otherwise TRANSITION_NOT_ALLOWED.',
  })
  itemState?: OrderLineItemState | null;
}

@InputType({
  description: 'Changes to up to 100 line items, of any orders. Source: Zuora, "Update multiple order line items".',
})
export class UpdateOrderLineItemsInput {
  @Field(() => [UpdateOrderLineItemsEntry], {
    description: 'The line items to change, 1 to 100 entries, each for a different line item.',
  })
  orderLineItems: UpdateOrderLineItemsEntry[];
  @Field(() => ProcessingOptionsInput, {
    nullable: true,
    description: 'Bills and collects, in the same mutation, the line items that have no fulfillments and are due.',
  })
  processingOptions?: ProcessingOptionsInput | null;
}

giveFields(CreateOrderLineItemInput, 'orderLineItem', createDescriptions, ['itemName', 'quantity']);
giveFields(UpdateOrderLineItemInput, 'orderLineItem', updateDescriptions);
giveFields(UpdateOrderLineItemsEntry, 'orderLineItem', updateDescriptions);
