import { Field, ObjectType } from 'type-graphql';
import { type BillingRule, type ItemCategory, type ItemType, type OrderLineItemState } from '../domain/order-line-item';
import { type InlineDiscountType, type TaxMode } from '../domain/price';
import {
  BillingRuleEnum,
  InlineDiscountTypeEnum,
  ItemCategoryEnum,
  ItemTypeEnum,
  OrderLineItemStateEnum,
  TaxModeEnum,
} from './enums';
import { Audited, Node } from './node';
import { DateScalar, DecimalScalar, JSONObjectScalar } from './scalars';

@ObjectType({
  implements: Node,
  description:
    'What an order sells or takes back: so much of something at a price. With the billing rule TriggerAsFulfillmentOccurs it is delivered, or received, in fulfillments. Source: Zuora, "Order line items".',
  simpleResolvers: true,
})
export class OrderLineItem extends Audited {
  @Field(() => String, { description: 'Tells it apart within its order, such as "1"; never changes.' })
  itemNumber: string;
  @Field(() => String, { description: 'What is sold, or taken back; printed as the charge on its documents.' })
  itemName: string;
  @Field(() => ItemTypeEnum, {
    nullable: true,
    description: 'Whether it stands for goods, a charge or work; never null on a sale.',
  })
  itemType: ItemType | null;
  @Field(() => ItemCategoryEnum, { description: 'Whether it is sold or taken back; never changes.' })
  itemCategory: ItemCategory;
  @Field(() => OrderLineItemStateEnum, {
    description:
      'Where it stands. With fulfillments it completes by itself, when it is Booked, nothing is pending and every fulfillment is SentToBilling, Complete or Canceled.',
  })
  itemState: OrderLineItemState;
  @Field(() => BillingRuleEnum, { description: 'Whether it is billed as a whole, or fulfillment by fulfillment.' })
  billingRule: BillingRule;
  @Field(() => DecimalScalar, { description: 'How much is sold or taken back, in units of unitOfMeasure; above 0.' })
  quantity: string;
  @Field(() => String, {
    nullable: true,
    description:
      'The unit that its quantities are counted in, one of those in billingSettings where there are any; null where none was named.',
  })
  unitOfMeasure: string | null;
  @Field(() => String, { description: 'ISO 4217 code of its prices and amounts: that of its account.' })
  currency: string;
  @Field(() => DecimalScalar, {
    description: 'What one unit costs before the inline discount, in the currency. Never rounded.',
  })
  listPricePerUnit: string;
  @Field(() => DecimalScalar, {
    description:
      'What one unit is charged at, in the currency: after the inline discount, and with tax where taxMode is TaxInclusive. Never rounded. Source: Zuora, "Data type rounding rules".',
  })
  amountPerUnit: string;
  @Field(() => InlineDiscountTypeEnum, {
    description: 'What inlineDiscountPerUnit is counted in; None where nothing is taken off.',
  })
  inlineDiscountType: InlineDiscountType;
  @Field(() => TaxModeEnum, { nullable: true, description: 'Whether prices include tax; null reads as TaxExclusive.' })
  taxMode: TaxMode | null;
  @Field(() => String, {
    nullable: true,
    description: 'One of those in billingSettings, whose rate of the day is billed; null where it is not taxed.',
  })
  taxCode: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The day from which billing may pick it up; with fulfillments theirs count instead.',
  })
  billTargetDate: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description:
      'The first day of what is sold: serviceStartDate on its invoice where it has no fulfillments. The orderDate where none was given.',
  })
  transactionStartDate: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description:
      'The last day of what is sold: serviceEndDate on its invoice where it has no fulfillments. Its start where none was given.',
  })
  transactionEndDate: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'How long after their date its invoices are due; null where the account says so. Those that differ are invoiced apart.',
  })
  paymentTerm: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Those that differ in it are invoiced apart; null is a group as well.',
  })
  invoiceGroupNumber: string | null;
  @Field(() => String, { nullable: true, description: 'What it is called in the catalog of the seller.' }) productCode:
    | string
    | null;
  @Field(() => String, { nullable: true, description: 'What the customer calls the order that it belongs to.' })
  purchaseOrderNumber: string | null;
  @Field(() => String, { nullable: true, description: 'Free text for people, at most 500 characters.' }) description:
    | string
    | null;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description: 'Fields of the client itself, kept as they were given; their names end in __c.',
  })
  customFields: Record<string, unknown> | null;
}
