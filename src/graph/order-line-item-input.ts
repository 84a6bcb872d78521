import { Field, InputType } from 'type-graphql';
import type { BillingRule, ItemType, OrderLineItemState } from '../domain/order-line-item';
import type { InlineDiscountType, TaxMode } from '../domain/price';
import { BillingRuleEnum, InlineDiscountTypeEnum, ItemTypeEnum, OrderLineItemStateEnum, TaxModeEnum } from './enums';
import { DateScalar, DecimalScalar, JSONObjectScalar } from './scalars';

@InputType({ description: 'A sales line item of a new order.' })
export class CreateOrderLineItemInput {
  @Field(() => String, {
    nullable: true,
    description: 'Unique in the order; given for every line item or for none. Generated as "1", "2", ...',
  })
  itemNumber?: string;
  @Field(() => String, { description: 'What is sold, at most 255 characters; the name on the invoice.' })
  itemName: string;
  @Field(() => ItemTypeEnum, { nullable: true, description: 'Required on a sales line item.' }) itemType?: ItemType;
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
  @Field(() => DecimalScalar, { description: 'How much is sold, above 0, in units of unitOfMeasure.' })
  quantity: string;
  @Field(() => String, { nullable: true, description: 'The unit that quantity counts.' }) unitOfMeasure?: string;
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
}
