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
    'A quantity of goods, fees or services that an order sells or takes back at a price. With the billing rule TriggerAsFulfillmentOccurs, fulfillments deliver or receive it in parts. Source: Zuora, "Order line items".',
  simpleResolvers: true,
})
export class OrderLineItem extends Audited {
  @Field(() => String, { description: 'Number of the line item within its order, such as "1". Never changes.' })
  itemNumber: string;
  @Field(() => String, { description: 'Name of the goods or services; printed as the charge on billing documents.' })
  itemName: string;
  @Field(() => ItemTypeEnum, {
    nullable: true,
    description: 'Whether the line item is goods, a fee or services. Never null on a sale.',
  })
  itemType: ItemType | null;
  @Field(() => ItemCategoryEnum, { description: 'Whether the line item is sold or taken back. Never changes.' })
  itemCategory: ItemCategory;
  @Field(() => OrderLineItemStateEnum, {
    description:
      'The current state. A Booked line item with fulfillments completes by itself once nothing is pending and every fulfillment is SentToBilling, Complete or Canceled.',
  })
  itemState: OrderLineItemState;
  @Field(() => BillingRuleEnum, { description: 'Whether the line item is billed as a whole or by fulfillment.' })
  billingRule: BillingRule;
  @Field(() => DecimalScalar, { description: 'Quantity sold or taken back, in unitOfMeasure; above 0.' })
  quantity: string;
  @Field(() => String, {
    nullable: true,
    description:
      'Unit of all quantities of the line item; null if none was named. If BillingSettings.units has entries, one of them.',
  })
  unitOfMeasure: string | null;
  @Field(() => String, { description: 'ISO 4217 code of the prices and amounts: the currency of the account.' })
  currency: string;
  @Field(() => DecimalScalar, {
    description: 'Price of one unit before the inline discount, in the currency. Never rounded.',
  })
  listPricePerUnit: string;
  @Field(() => DecimalScalar, {
    description:
      'Price charged for one unit, in the currency: after the inline discount, and with tax if taxMode is TaxInclusive. Never rounded. Source: Zuora, "Data type rounding rules".',
  })
  amountPerUnit: string;
  @Field(() => InlineDiscountTypeEnum, {
    description: 'Unit of inlineDiscountPerUnit: percent points or money. None if there is no discount.',
  })
  inlineDiscountType: InlineDiscountType;
  @Field(() => TaxModeEnum, { nullable: true, description: 'Whether prices include tax. Null counts as TaxExclusive.' })
  taxMode: TaxMode | null;
  @Field(() => String, {
    nullable: true,
    description:
      'One of BillingSettings.taxCodes; null if the line item is not taxed. Billing applies the rate that the code has at that time.',
  })
  taxCode: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description:
      'Day from which the line item may be billed; null if none was given. With fulfillments, their own billTargetDate counts instead.',
  })
  billTargetDate: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description:
      'First day of the transaction. Without fulfillments, the serviceStartDate of the invoice item. The orderDate if none was given.',
  })
  transactionStartDate: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description:
      'Last day of the transaction. Without fulfillments, the serviceEndDate of the invoice item. The transactionStartDate if none was given.',
  })
  transactionEndDate: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Time from the invoice date until the invoice is due. Null if the payment term of the account applies. Line items with different payment terms are invoiced separately.',
  })
  paymentTerm: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Line items with different invoice group numbers are invoiced separately. Those with null form one group.',
  })
  invoiceGroupNumber: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Code of the product in the catalog of the seller; null if none was given.',
  })
  productCode: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Number that the customer uses for the order; null if none was given.',
  })
  purchaseOrderNumber: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Number of the account that owns the line item, as given; null if none was given. The account of the order is billed.',
  })
  ownerAccountNumber: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Id of the contact that the goods are sold to, as given; null if none was given. Billing does not read it.',
  })
  soldTo: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Id of the contact that the goods are shipped to, as given; null if none was given. Billing does not read it.',
  })
  shipTo: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Number of a subscription in another system that the line item belongs to, as given; null if none was given.',
  })
  relatedSubscriptionNumber: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Id of a charge in the product catalog of another system, as given; null if none was given. It never changes.',
  })
  productRatePlanChargeId: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Id of the communication profile that another system uses, as given; null if none was given. It never changes.',
  })
  communicationProfileId: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Free text for people, at most 500 characters; null if none was given.',
  })
  description: string | null;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description: 'Custom fields of the client, stored as given; null if there are none. Their names end in __c.',
  })
  customFields: Record<string, unknown> | null;
}
