import { Field, ID, InputType } from 'type-graphql';
import type { BillingRule, ItemCategory, ItemType, OrderLineItemState } from '../domain/order-line-item';
import type { InlineDiscountType, TaxMode } from '../domain/price';
import {
  BillingRuleEnum,
  InlineDiscountTypeEnum,
  ItemCategoryEnum,
  ItemTypeEnum,
  OrderLineItemStateEnum,
  TaxModeEnum,
} from './enums';
import { ProcessingOptionsInput } from './processing';
import { DateScalar, DecimalScalar, JSONObjectScalar } from './scalars';

@InputType({ description: 'A line item of a new order: a sale, or a return of what was sold before.' })
export class CreateOrderLineItemInput {
  @Field(() => String, {
    nullable: true,
    description: 'Unique in the order; given for every line item or for none. Generated as "1", "2", ...',
  })
  itemNumber?: string;
  @Field(() => String, { description: 'What is sold, at most 255 characters; the name on the invoice.' })
  itemName: string;
  @Field(() => ItemTypeEnum, {
    nullable: true,
    description: 'Required on a sales line item; a return has that of its original.',
  })
  itemType?: ItemType;
  @Field(() => ItemCategoryEnum, {
    nullable: true,
    defaultValue: 'Sales',
    description: 'Return in an order of the category Return, else Sales.',
  })
  itemCategory?: ItemCategory;
  @Field(() => OrderLineItemStateEnum, {
    nullable: true,
    defaultValue: 'Executing',
    description: 'The state it starts in. Fulfillments need Booked.',
  })
  itemState?: OrderLineItemState;
  @Field(() => BillingRuleEnum, {
    nullable: true,
    defaultValue: 'TriggerWithoutFulfillment',
    description: 'What triggers its billing.',
  })
  billingRule?: BillingRule;
  @Field(() => DecimalScalar, {
    description:
      'How much is sold or returned, above 0, in units of unitOfMeasure. Rounded to its unit, unless it is all that is left to return.',
  })
  quantity: string;
  @Field(() => String, {
    nullable: true,
    description:
      "The unit that quantity counts: one of the entity's units, where it has any. A return has that of its original.",
  })
  unitOfMeasure?: string;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'List price of one unit in the currency of the account. This or amountPerUnit is needed.',
  })
  listPricePerUnit?: string;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'Price charged for one unit; follows from the list price where an inline discount is given, and may not be given then.',
  })
  amountPerUnit?: string;
  @Field(() => InlineDiscountTypeEnum, { nullable: true, description: 'How it is discounted.' })
  inlineDiscountType?: InlineDiscountType;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'Percent points (0 to 100) or money per unit (0 to the list price), by inlineDiscountType.',
  })
  inlineDiscountPerUnit?: string;
  @Field(() => TaxModeEnum, { nullable: true, description: 'Whether prices include tax.' }) taxMode?: TaxMode;
  @Field(() => String, { nullable: true, description: "One of the entity's tax codes." }) taxCode?: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The date to bill from. Not needed with fulfillments: it sits on them.',
  })
  billTargetDate?: string;
  @Field(() => DateScalar, { nullable: true, description: 'Default: the order date.' }) transactionStartDate?: string;
  @Field(() => DateScalar, { nullable: true, description: 'Default: the start date; not before it.' })
  transactionEndDate?: string;
  @Field(() => String, {
    nullable: true,
    description: "Instead of the account's: a line with another term is invoiced apart.",
  })
  paymentTerm?: string;
  @Field(() => String, { nullable: true, description: 'Product code, at most 255 characters.' }) productCode?: string;
  @Field(() => String, { nullable: true, description: 'Purchase order number, at most 255 characters.' })
  purchaseOrderNumber?: string;
  @Field(() => String, { nullable: true, description: 'Lines with different numbers are invoiced apart.' })
  invoiceGroupNumber?: string;
  @Field(() => String, { nullable: true, description: 'Free text, at most 500 characters.' }) description?: string;
  @Field(() => JSONObjectScalar, { nullable: true, description: 'Custom fields; names end in __c.' })
  customFields?: Record<string, unknown>;
  @Field(() => String, { nullable: true, description: 'Required on a return: the number of the order that sold it.' })
  originalOrderNumber?: string;
  @Field(() => String, {
    nullable: true,
    description:
      'Required on a return: the item number of what was sold. Price, discount, tax and unit are copied from there; quantity is at most its quantityAvailableForReturn.',
  })
  originalOrderLineItemNumber?: string;
}

@InputType({
  description:
    'Changes of a line item; what is left out stays, null empties. editableFields on the line item says what may be changed now. Fields and state may change in one step.',
})
export class UpdateOrderLineItemInput {
  @Field(() => OrderLineItemStateEnum, {
    nullable: true,
    description: 'Moves it: must be a state that can follow the present one (allowedTransitions).',
  })
  itemState?: OrderLineItemState | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'Above 0, while Executing; lowering it is a partial cancel. Rounded to its unit.',
  })
  quantity?: string | null;
  @Field(() => String, { nullable: true, description: 'What is sold, at most 255 characters; while Executing.' })
  itemName?: string | null;
  @Field(() => ItemTypeEnum, { nullable: true, description: 'What it stands for; a sale, while Executing.' })
  itemType?: ItemType | null;
  @Field(() => String, {
    nullable: true,
    description: "The unit that quantity counts, one of the entity's where it has any; a sale, while Executing.",
  })
  unitOfMeasure?: string | null;
  @Field(() => DecimalScalar, { nullable: true, description: 'List price of one unit; a sale, while Executing.' })
  listPricePerUnit?: string | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'Price charged for one unit, where there is no inline discount; a sale, while Executing.',
  })
  amountPerUnit?: string | null;
  @Field(() => InlineDiscountTypeEnum, {
    nullable: true,
    description: 'How it is discounted; a sale, while Executing.',
  })
  inlineDiscountType?: InlineDiscountType | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'Percent points or money per unit, by inlineDiscountType; a sale, while Executing.',
  })
  inlineDiscountPerUnit?: string | null;
  @Field(() => TaxModeEnum, { nullable: true, description: 'Whether prices include tax; a sale, while Executing.' })
  taxMode?: TaxMode | null;
  @Field(() => String, { nullable: true, description: "One of the entity's tax codes; a sale, while Executing." })
  taxCode?: string | null;
  @Field(() => BillingRuleEnum, { nullable: true, description: 'What triggers its billing; while Executing.' })
  billingRule?: BillingRule | null;
  @Field(() => DateScalar, { nullable: true, description: 'The date to bill from; while Executing or Booked.' })
  billTargetDate?: string | null;
  @Field(() => DateScalar, { nullable: true, description: 'Start of the transaction; while Executing.' })
  transactionStartDate?: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'End of the transaction, not before its start; while Executing.',
  })
  transactionEndDate?: string | null;
  @Field(() => String, {
    nullable: true,
    description: "Instead of the account's; a sale, while Executing, Booked or SentToBilling.",
  })
  paymentTerm?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Lines with different numbers are invoiced apart; a sale, while Executing, Booked or SentToBilling.',
  })
  invoiceGroupNumber?: string | null;
  @Field(() => String, { nullable: true, description: 'Product code; a sale, while Executing.' })
  productCode?: string | null;
  @Field(() => String, { nullable: true, description: 'Purchase order number; a sale, while Executing.' })
  purchaseOrderNumber?: string | null;
  @Field(() => String, { nullable: true, description: 'Free text, at most 500 characters; while Executing.' })
  description?: string | null;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description: 'Custom fields, replaced as a whole; names end in __c; while Executing.',
  })
  customFields?: Record<string, unknown> | null;
  @Field(() => ProcessingOptionsInput, {
    nullable: true,
    description:
      'Bill and collect in the same act. With runBilling nothing else need be given: it is then billed as it is.',
  })
  processingOptions?: ProcessingOptionsInput | null;
}

@InputType({
  description:
    'Changes of one of many line items; what is left out stays, null empties. With runBilling the id alone will do: it is then billed as it is.',
})
export class UpdateOrderLineItemsEntry {
  @Field(() => ID, { description: 'The id of the line item, each once.' }) id: string;
  @Field(() => OrderLineItemStateEnum, {
    nullable: true,
    description: 'Moves it: must be a state that can follow the present one.',
  })
  itemState?: OrderLineItemState | null;
  @Field(() => DecimalScalar, { nullable: true, description: 'Above 0; while Executing.' }) quantity?: string | null;
  @Field(() => DateScalar, { nullable: true, description: 'The date to bill from; while Executing or Booked.' })
  billTargetDate?: string | null;
  @Field(() => String, { nullable: true, description: 'Free text, at most 500 characters; while Executing.' })
  description?: string | null;
}

@InputType({ description: 'Changes of many line items.' })
export class UpdateOrderLineItemsInput {
  @Field(() => [UpdateOrderLineItemsEntry], { description: 'The changes, 1 to 100.' })
  orderLineItems: UpdateOrderLineItemsEntry[];
  @Field(() => ProcessingOptionsInput, {
    nullable: true,
    description: 'Bill those without fulfillments that are due, and collect, in the same act.',
  })
  processingOptions?: ProcessingOptionsInput | null;
}
