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
  @Field(() => String, {
    description: 'What is sold or taken back, at most 255 characters; printed as the charge on its documents.',
  })
  itemName: string;
  @Field(() => ItemTypeEnum, {
    nullable: true,
    description: 'Whether it stands for goods, a charge or work. REQUIRED on a sale; a return has that of its sale.',
  })
  itemType?: ItemType;
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
  @Field(() => DecimalScalar, {
    description:
      'How much is sold or taken back, above 0, in units of unitOfMeasure. Rounded as its unit in billingSettings says, unless it is all that is left to return.',
  })
  quantity: string;
  @Field(() => String, {
    nullable: true,
    description:
      'The unit that its quantities are counted in, at most 255 characters: one of those in billingSettings, where there are any. A return has that of its sale.',
  })
  unitOfMeasure?: string;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'What one unit costs before the inline discount, 0 or more in the currency of the account, never rounded. A sale needs this or amountPerUnit; a return has that of its sale.',
  })
  listPricePerUnit?: string;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'What one unit is charged at, 0 or more in the currency of the account, never rounded; the list price where absent, which it then follows. With an inline discount it follows from that, and must be absent.',
  })
  amountPerUnit?: string;
  @Field(() => InlineDiscountTypeEnum, {
    nullable: true,
    description: 'What inlineDiscountPerUnit is counted in; None where absent. Needs listPricePerUnit.',
  })
  inlineDiscountType?: InlineDiscountType;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'What is taken off the list price of each unit: 0 to 100 percent points, or 0 to the list price in money, as inlineDiscountType says.',
  })
  inlineDiscountPerUnit?: string;
  @Field(() => TaxModeEnum, {
    nullable: true,
    description: 'Whether prices include tax; read as TaxExclusive where absent.',
  })
  taxMode?: TaxMode;
  @Field(() => String, { nullable: true, description: 'One of those in billingSettings; not taxed where absent.' })
  taxCode?: string;
  @Field(() => DateScalar, {
    nullable: true,
    description:
      'The day from which billing may pick it up; BILL_TARGET_DATE_REQUIRED in SentToBilling. With fulfillments theirs count instead.',
  })
  billTargetDate?: string;
  @Field(() => DateScalar, { nullable: true, description: 'The first day of what is sold. Default: the orderDate.' })
  transactionStartDate?: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The last day of what is sold, not before the first. Default: transactionStartDate.',
  })
  transactionEndDate?: string;
  @Field(() => String, {
    nullable: true,
    description:
      'How long after their date its invoices are due: "Net <days>" (1 to 999) or "Due Upon Receipt"; as the account says where absent. Those that differ are invoiced apart.',
  })
  paymentTerm?: string;
  @Field(() => String, {
    nullable: true,
    description: 'What it is called in the catalog of the seller, at most 255 characters.',
  })
  productCode?: string;
  @Field(() => String, {
    nullable: true,
    description: 'What the customer calls the order that it belongs to, at most 255 characters.',
  })
  purchaseOrderNumber?: string;
  @Field(() => String, {
    nullable: true,
    description: 'Those that differ in it are invoiced apart; at most 255 characters.',
  })
  invoiceGroupNumber?: string;
  @Field(() => String, { nullable: true, description: 'Free text for people, at most 500 characters.' })
  description?: string;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description: 'Fields of the client itself, kept as they are; their names end in __c.',
  })
  customFields?: Record<string, unknown>;
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
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'How much is sold or taken back, above 0; while Executing. Lowering it cancels a part. Rounded as its unit in billingSettings says.',
  })
  quantity?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What is sold or taken back, at most 255 characters; while Executing.',
  })
  itemName?: string | null;
  @Field(() => ItemTypeEnum, {
    nullable: true,
    description: 'Whether it stands for goods, a charge or work; a sale, while Executing.',
  })
  itemType?: ItemType | null;
  @Field(() => String, {
    nullable: true,
    description:
      'The unit that its quantities are counted in, one of those in billingSettings where there are any; a sale, while Executing.',
  })
  unitOfMeasure?: string | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'What one unit costs before the inline discount, 0 or more in the currency; a sale, while Executing.',
  })
  listPricePerUnit?: string | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'What one unit is charged at, 0 or more in the currency, where there is no inline discount; a sale, while Executing. Once given it stays under a new listPricePerUnit; null makes it follow that again.',
  })
  amountPerUnit?: string | null;
  @Field(() => InlineDiscountTypeEnum, {
    nullable: true,
    description: 'What inlineDiscountPerUnit is counted in; a sale, while Executing.',
  })
  inlineDiscountType?: InlineDiscountType | null;
  @Field(() => DecimalScalar, {
    nullable: true,
    description:
      'What is taken off the list price of each unit: 0 to 100 percent points, or 0 to the list price in money; a sale, while Executing.',
  })
  inlineDiscountPerUnit?: string | null;
  @Field(() => TaxModeEnum, { nullable: true, description: 'Whether prices include tax; a sale, while Executing.' })
  taxMode?: TaxMode | null;
  @Field(() => String, { nullable: true, description: 'One of those in billingSettings; a sale, while Executing.' })
  taxCode?: string | null;
  @Field(() => BillingRuleEnum, {
    nullable: true,
    description: 'Whether it is billed as a whole, or delivered and billed in fulfillments; while Executing.',
  })
  billingRule?: BillingRule | null;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The day from which billing may pick it up; while Executing or Booked.',
  })
  billTargetDate?: string | null;
  @Field(() => DateScalar, { nullable: true, description: 'The first day of what is sold; while Executing.' })
  transactionStartDate?: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The last day of what is sold, not before the first; while Executing.',
  })
  transactionEndDate?: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'How long after their date its invoices are due, instead of what the account says; a sale, while Executing, Booked or SentToBilling.',
  })
  paymentTerm?: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Those that differ in it are invoiced apart; at most 255 characters; a sale, while Executing, Booked or SentToBilling.',
  })
  invoiceGroupNumber?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What it is called in the catalog of the seller, at most 255 characters; a sale, while Executing.',
  })
  productCode?: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'What the customer calls the order that it belongs to, at most 255 characters; a sale, while Executing.',
  })
  purchaseOrderNumber?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Free text for people, at most 500 characters; while Executing.',
  })
  description?: string | null;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description:
      'Fields of the client itself, replaced as a whole; their names end in __c; in every state but Canceled.',
  })
  customFields?: Record<string, unknown> | null;
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
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'How much is sold or taken back, above 0; while Executing.',
  })
  quantity?: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The day from which billing may pick it up; while Executing or Booked.',
  })
  billTargetDate?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Free text for people, at most 500 characters; while Executing.',
  })
  description?: string | null;
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
