import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Extensions,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { type BillingRule, type ItemCategory, type ItemType, type OrderLineItemState } from '../domain/order-line-item';
import { type InlineDiscountType, type TaxMode } from '../domain/price';
import { OrderLineItemRow } from '../store/order-line-item';
import { Account } from './account';
import { type Connection, connectionType, edgeConnection, PageArgs, rootConnection } from './connections';
import type { GraphContext } from './context';
import { type CreditMemoItem, CreditMemoItemConnection } from './credit-memo';
import {
  BillingRuleEnum,
  InlineDiscountTypeEnum,
  ItemCategoryEnum,
  ItemTypeEnum,
  OrderDirectionEnum,
  OrderLineItemOrderFieldEnum,
  OrderLineItemStateEnum,
  TaxModeEnum,
} from './enums';
import { DateTimeFilter, IDFilter, OrderLineItemStateFilter, StringFilter } from './filters';
import { type Fulfillment, FulfillmentConnection, FulfillmentPageArgs } from './fulfillment';
import { type HistoryEntry, HistoryEntryConnection } from './history';
import { type InvoiceItem, InvoiceItemConnection } from './invoice';
import { Audited, Node } from './node';
import { Order } from './order';
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
  @Field(() => Order, { description: 'Which sells it or takes it back; never changes.' })
  order?: Order;
  @Field(() => Account, { description: 'Who is invoiced, or credited: the one of its order.' })
  account?: Account;
  @Field(() => OrderLineItem, {
    nullable: true,
    description: 'The sold line item that this return takes back; null on a sale.',
  })
  originalOrderLineItem?: OrderLineItem | null;
}

export const OrderLineItemConnection = connectionType(OrderLineItem, 'OrderLineItem');

@InputType({ description: 'Conditions on line items. All that are given must hold, and none may be null.' })
export class OrderLineItemFilter {
  @Field(() => IDFilter, { nullable: true, description: 'Only those whose id meets these conditions.' })
  id?: IDFilter;
  @Field(() => IDFilter, { nullable: true, description: 'Only those of orders whose id meets these conditions.' })
  orderId?: IDFilter;
  @Field(() => StringFilter, {
    nullable: true,
    description: 'Only those of orders whose orderNumber meets these conditions.',
  })
  orderNumber?: StringFilter;
  @Field(() => StringFilter, {
    nullable: true,
    description: 'Only those whose itemNumber meets these conditions; together with orderNumber it names one.',
  })
  itemNumber?: StringFilter;
  @Field(() => StringFilter, { nullable: true, description: 'Only those whose itemName meets these conditions.' })
  itemName?: StringFilter;
  @Field(() => OrderLineItemStateFilter, {
    nullable: true,
    description: 'Only those whose itemState meets these conditions.',
  })
  itemState?: OrderLineItemStateFilter;
  @Field(() => ItemCategoryEnum, { nullable: true, description: 'Only what is sold, or only what is taken back.' })
  itemCategory?: ItemCategory;
  @Field(() => ItemTypeEnum, { nullable: true, description: 'Only goods, only fees, or only services.' })
  itemType?: ItemType;
  @Field(() => BillingRuleEnum, {
    nullable: true,
    description: 'Only those billed as a whole, or only those billed fulfillment by fulfillment.',
  })
  billingRule?: BillingRule;
  @Field(() => StringFilter, {
    nullable: true,
    description: 'Only those whose productCode meets these conditions.',
  })
  productCode?: StringFilter;
  @Field(() => IDFilter, { nullable: true, description: 'Only those of accounts whose id meets these conditions.' })
  accountId?: IDFilter;
  @Field(() => IDFilter, {
    nullable: true,
    description: 'Only returns of the sold line items whose id meets these conditions.',
  })
  originalOrderLineItemId?: IDFilter;
  @Field(() => IDFilter, { nullable: true, description: 'By the order that sold what a return takes back.' })
  originalOrderId?: IDFilter;
  @Field(() => StringFilter, {
    nullable: true,
    description: 'By the number of the order that sold what a return takes back.',
  })
  originalOrderNumber?: StringFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By the unit that its quantity counts.' })
  unitOfMeasure?: StringFilter;
  @Field(() => InlineDiscountTypeEnum, { nullable: true, description: 'By the kind of its discount, None included.' })
  inlineDiscountType?: InlineDiscountType;
  @Field(() => Boolean, {
    nullable: true,
    description: 'True: fulfillments may still take something of them. False: nothing is left to be fulfilled.',
  })
  hasPendingQuantity?: boolean;
  @Field(() => DateTimeFilter, {
    nullable: true,
    description: 'Only those last changed in this span of time: what is new since the last look.',
  })
  updatedDate?: DateTimeFilter;
}

@InputType({ description: 'How line items are sorted; ties are broken by id.' })
export class OrderLineItemOrder {
  @Field(() => OrderLineItemOrderFieldEnum, { description: 'What they are sorted by; ties are broken by id.' })
  field: keyof typeof OrderLineItemOrderFieldEnum;
  @Field(() => OrderDirectionEnum, {
    defaultValue: 'DESC',
    description: 'Whether the smallest or the largest comes first.',
  })
  direction: 'ASC' | 'DESC';
}

@ArgsType()
export class OrderLineItemPageArgs extends PageArgs {
  @Field(() => OrderLineItemFilter, {
    nullable: true,
    description: 'Which of them; all that the caller sees where absent.',
  })
  filter?: OrderLineItemFilter;
  @Field(() => OrderLineItemOrder, {
    nullable: true,
    description:
      'What they are sorted by. Where absent, those of an order come as they were ordered, and else the last changed comes first.',
  })
  orderBy?: OrderLineItemOrder;
}

@Resolver(() => OrderLineItem)
export class OrderLineItemResolver {
  @Query(() => OrderLineItem, {
    nullable: true,
    description:
      'The line item that an id names; null where the caller sees none. By its numbers it is found with orderLineItems: orderNumber and itemNumber.',
  })
  @Extensions({ scope: 'read' })
  orderLineItem(
    @Arg('id', () => ID, { description: 'Its id, in any spelling; its number tells it apart only within its order.' })
    id: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<OrderLineItem | null> {
    return context.find('orderLineItem', id, info);
  }

  @Query(() => OrderLineItemConnection, {
    nullable: true,
    description: 'The line items that the caller sees, the last changed first where no order is asked for.',
  })
  @Extensions({ scope: 'read' })
  orderLineItems(
    @Args(() => OrderLineItemPageArgs) args: OrderLineItemPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<OrderLineItem> {
    return rootConnection(context, 'orderLineItem', args, info);
  }

  @FieldResolver(() => FulfillmentConnection, {
    description:
      'What was delivered, or received, of it so far or is about to be: at most 100. None without the billing rule for it.',
  })
  fulfillments(
    @Root() line: OrderLineItemRow,
    @Args(() => FulfillmentPageArgs) args: FulfillmentPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Fulfillment> {
    return edgeConnection(context, 'OrderLineItem.fulfillments', line.id, args, info);
  }

  @FieldResolver(() => InvoiceItemConnection, {
    description: 'What was charged for it, on whatever invoice, drafts included.',
  })
  invoiceItems(
    @Root() line: OrderLineItemRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<InvoiceItem> {
    return edgeConnection(context, 'OrderLineItem.invoiceItems', line.id, args, info);
  }

  @FieldResolver(() => CreditMemoItemConnection, {
    description: 'What was credited for it, on whatever credit memo, drafts included.',
  })
  creditMemoItems(
    @Root() line: OrderLineItemRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<CreditMemoItem> {
    return edgeConnection(context, 'OrderLineItem.creditMemoItems', line.id, args, info);
  }

  @FieldResolver(() => OrderLineItemConnection, { description: 'What takes back of this sale; nothing on a return.' })
  returnOrderLineItems(
    @Root() line: OrderLineItemRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<OrderLineItem> {
    return edgeConnection(context, 'OrderLineItem.returnOrderLineItems', line.id, args, info);
  }

  @FieldResolver(() => HistoryEntryConnection, { description: 'Every change of it, the oldest first.' })
  history(
    @Root() line: OrderLineItemRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<HistoryEntry> {
    return edgeConnection(context, 'OrderLineItem.history', line.id, args, info);
  }
}
