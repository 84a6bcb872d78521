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
import { amountWithoutTax } from '../domain/billing';
import { money } from '../domain/currency';
import {
  type BillingRule,
  type ItemCategory,
  type ItemType,
  judgeLineMove,
  movesFrom,
  type OrderLineItemState,
  quantitiesOf,
  requiresFulfillment,
} from '../domain/order-line-item';
import { editableLineFields } from '../domain/order-line-item-change';
import { amount, discount, type InlineDiscountType, listPrice, type TaxMode } from '../domain/price';
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
import { columnsOf } from './nouns';
import { Order } from './order';
import { DateScalar, DecimalScalar, JSONObjectScalar } from './scalars';
import { judgement, TransitionBlock } from './transition';

@ObjectType({ implements: Node, description: 'A line item of an order.', simpleResolvers: true })
export class OrderLineItem extends Audited {
  @Field(() => String, { description: 'Its number within the order, such as "1".' }) itemNumber: string;
  @Field(() => String, { description: 'What is sold; the name on the invoice.' }) itemName: string;
  @Field(() => ItemTypeEnum, { nullable: true, description: 'What it stands for.' }) itemType: ItemType | null;
  @Field(() => ItemCategoryEnum, { description: 'Whether it is sold or taken back.' }) itemCategory: ItemCategory;
  @Field(() => OrderLineItemStateEnum, {
    description:
      'Where it stands. With fulfillments it completes by itself, when it is Booked, nothing is pending and every fulfillment is SentToBilling, Complete or Canceled.',
  })
  itemState: OrderLineItemState;
  @Field(() => BillingRuleEnum, { description: 'What triggers its billing.' }) billingRule: BillingRule;
  @Field(() => DecimalScalar, { description: 'How much is sold, in units of unitOfMeasure.' }) quantity: string;
  @Field(() => String, { nullable: true, description: 'The unit that quantity counts.' }) unitOfMeasure: string | null;
  @Field(() => String, { description: 'ISO 4217 code of its prices and amounts: the currency of the account.' })
  currency: string;
  @Field(() => DecimalScalar, { description: 'List price of one unit. Never rounded.' }) listPricePerUnit: string;
  @Field(() => DecimalScalar, {
    description:
      'Price charged for one unit, after the inline discount, tax included when taxMode is TaxInclusive. Never rounded.',
  })
  amountPerUnit: string;
  @Field(() => InlineDiscountTypeEnum, { description: 'How it is discounted.' }) inlineDiscountType: InlineDiscountType;
  @Field(() => TaxModeEnum, { nullable: true, description: 'Whether prices include tax; null reads as exclusive.' })
  taxMode: TaxMode | null;
  @Field(() => String, { nullable: true, description: "One of the entity's tax codes." }) taxCode: string | null;
  @Field(() => DateScalar, { nullable: true, description: 'The date to bill from; with fulfillments it sits on them.' })
  billTargetDate: string | null;
  @Field(() => DateScalar, { nullable: true, description: 'Start of the transaction. Default: the order date.' })
  transactionStartDate: string | null;
  @Field(() => DateScalar, { nullable: true, description: 'End of the transaction. Default: its start.' })
  transactionEndDate: string | null;
  @Field(() => String, { nullable: true, description: "Its own payment term; null takes the account's." })
  paymentTerm: string | null;
  @Field(() => String, { nullable: true, description: 'Lines with different numbers are invoiced apart.' })
  invoiceGroupNumber: string | null;
  @Field(() => String, { nullable: true, description: 'Product code.' }) productCode: string | null;
  @Field(() => String, { nullable: true, description: 'Purchase order number.' }) purchaseOrderNumber: string | null;
  @Field(() => String, { nullable: true, description: 'Free text.' }) description: string | null;
  @Field(() => JSONObjectScalar, { nullable: true, description: 'Custom fields; names end in __c.' })
  customFields: Record<string, unknown> | null;
}

@ObjectType({ description: 'A move that leaves the present state of a line item.', simpleResolvers: true })
export class OrderLineItemTransition {
  @Field(() => OrderLineItemStateEnum, { description: 'Where it leads.' }) to: OrderLineItemState;
  @Field(() => Boolean, { description: 'Whether this caller may do it now, to this object as it is.' })
  allowed: boolean;
  @Field(() => [TransitionBlock], {
    description:
      'Every reason against it; empty where it is allowed. A move that only the system makes is never allowed.',
  })
  blockedBy: TransitionBlock[];
}

export const OrderLineItemConnection = connectionType(OrderLineItem, 'OrderLineItem');

@InputType({ description: 'Which line items. All conditions that are given must hold.' })
export class OrderLineItemFilter {
  @Field(() => IDFilter, { nullable: true, description: 'By id.' }) id?: IDFilter;
  @Field(() => IDFilter, { nullable: true, description: 'By order.' }) orderId?: IDFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By the number of the order.' }) orderNumber?: StringFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By item number.' }) itemNumber?: StringFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By item name.' }) itemName?: StringFilter;
  @Field(() => OrderLineItemStateFilter, { nullable: true, description: 'By state.' })
  itemState?: OrderLineItemStateFilter;
  @Field(() => ItemCategoryEnum, { nullable: true, description: 'By category.' }) itemCategory?: ItemCategory;
  @Field(() => ItemTypeEnum, { nullable: true, description: 'By type.' }) itemType?: ItemType;
  @Field(() => BillingRuleEnum, { nullable: true, description: 'By billing rule.' }) billingRule?: BillingRule;
  @Field(() => StringFilter, { nullable: true, description: 'By product code.' }) productCode?: StringFilter;
  @Field(() => IDFilter, { nullable: true, description: 'By account.' }) accountId?: IDFilter;
  @Field(() => IDFilter, { nullable: true, description: 'By the sold line item that a return takes back.' })
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
    description: 'True: something is still pending fulfillment. False: nothing is.',
  })
  hasPendingQuantity?: boolean;
  @Field(() => DateTimeFilter, { nullable: true, description: 'By the time of the last change.' })
  updatedDate?: DateTimeFilter;
}

@InputType({ description: 'The order of line items; ties are broken by id.' })
export class OrderLineItemOrder {
  @Field(() => OrderLineItemOrderFieldEnum, { description: 'What to sort by.' })
  field: keyof typeof OrderLineItemOrderFieldEnum;
  @Field(() => OrderDirectionEnum, { defaultValue: 'DESC', description: 'Which way.' }) direction: 'ASC' | 'DESC';
}

@ArgsType()
export class OrderLineItemPageArgs extends PageArgs {
  @Field(() => OrderLineItemFilter, { nullable: true, description: 'Which line items; all where absent.' })
  filter?: OrderLineItemFilter;
  @Field(() => OrderLineItemOrder, {
    nullable: true,
    description: 'In which order; the last changed first where absent.',
  })
  orderBy?: OrderLineItemOrder;
}

@Resolver(() => OrderLineItem)
export class OrderLineItemResolver {
  @Query(() => OrderLineItem, { nullable: true, description: 'A line item by id; null where the caller sees none.' })
  @Extensions({ scope: 'read' })
  orderLineItem(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<OrderLineItem | null> {
    return context.find('orderLineItem', id, info);
  }

  @Query(() => OrderLineItemConnection, { nullable: true, description: 'The line items that the caller sees.' })
  @Extensions({ scope: 'read' })
  orderLineItems(
    @Args(() => OrderLineItemPageArgs) args: OrderLineItemPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<OrderLineItem> {
    return rootConnection(context, 'orderLineItem', args, info);
  }

  @FieldResolver(() => Boolean, { description: 'Whether the billing rule is TriggerAsFulfillmentOccurs.' })
  requiresFulfillment(@Root() line: OrderLineItemRow): boolean {
    return requiresFulfillment(line);
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'With fulfillments: the sum of those Booked, SentToBilling or Complete. Without: all of it from Booked on.',
  })
  quantityFulfilled(@Root() line: OrderLineItemRow): string {
    return quantitiesOf(line).quantityFulfilled;
  }

  @FieldResolver(() => DecimalScalar, {
    description: 'What fulfillments may still take: quantity less quantityFulfilled. 0 without fulfillments.',
  })
  quantityPendingFulfillment(@Root() line: OrderLineItemRow): string {
    return quantitiesOf(line).quantityPendingFulfillment;
  }

  @FieldResolver(() => DecimalScalar, {
    description: 'What can be taken back: what was SentToBilling or Complete, less what was returned. 0 on a return.',
  })
  quantityAvailableForReturn(@Root() line: OrderLineItemRow): string {
    return quantitiesOf(line).quantityAvailableForReturn;
  }

  @FieldResolver(() => DecimalScalar, {
    nullable: true,
    description: 'Percent points, or money per unit, by inlineDiscountType.',
  })
  inlineDiscountPerUnit(@Root() line: OrderLineItemRow): string | null {
    const { inlineDiscountPerUnit: value, inlineDiscountType, currency } = line;
    return value !== null && inlineDiscountType === 'FixedAmount' ? money(value, currency) : value;
  }

  @FieldResolver(() => DecimalScalar, { description: 'listPricePerUnit x quantity.' })
  listPrice(@Root() line: OrderLineItemRow): string {
    return money(listPrice(line), line.currency);
  }

  @FieldResolver(() => DecimalScalar, { description: 'The inline discount over the whole quantity; 0 without one.' })
  discount(@Root() line: OrderLineItemRow): string {
    return money(discount(line), line.currency);
  }

  @FieldResolver(() => DecimalScalar, { description: 'amountPerUnit x quantity.' })
  amount(@Root() line: OrderLineItemRow): string {
    return money(amount(line), line.currency);
  }

  @FieldResolver(() => Order, { description: 'The order it belongs to.' })
  order(
    @Root() line: OrderLineItemRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Order> {
    return context.follow('OrderLineItem.order', line.orderId, info);
  }

  @FieldResolver(() => Account, { description: 'The account that is invoiced.' })
  account(
    @Root() line: OrderLineItemRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Account> {
    return context.follow('OrderLineItem.account', line.accountId, info);
  }

  @FieldResolver(() => FulfillmentConnection, { description: 'Its fulfillments, at most 100.' })
  fulfillments(
    @Root() line: OrderLineItemRow,
    @Args(() => FulfillmentPageArgs) args: FulfillmentPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Fulfillment> {
    return edgeConnection(context, 'OrderLineItem.fulfillments', line.id, args, info);
  }

  @FieldResolver(() => InvoiceItemConnection, { description: 'What it was charged for, on whatever invoice.' })
  invoiceItems(
    @Root() line: OrderLineItemRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<InvoiceItem> {
    return edgeConnection(context, 'OrderLineItem.invoiceItems', line.id, args, info);
  }

  @FieldResolver(() => CreditMemoItemConnection, { description: 'What it was credited, on whatever credit memo.' })
  creditMemoItems(
    @Root() line: OrderLineItemRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<CreditMemoItem> {
    return edgeConnection(context, 'OrderLineItem.creditMemoItems', line.id, args, info);
  }

  @FieldResolver(() => OrderLineItem, {
    nullable: true,
    description: 'The sold line item that this return takes back; null on a sale.',
  })
  originalOrderLineItem(
    @Root() { originalOrderLineItemId: id }: OrderLineItemRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<OrderLineItem> | null {
    return id ? context.follow('OrderLineItem.originalOrderLineItem', id, info) : null;
  }

  @FieldResolver(() => OrderLineItemConnection, { description: 'The returns of this line item; none on a return.' })
  returnOrderLineItems(
    @Root() line: OrderLineItemRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<OrderLineItem> {
    return edgeConnection(context, 'OrderLineItem.returnOrderLineItems', line.id, args, info);
  }

  @FieldResolver(() => HistoryEntryConnection, { description: 'Its changes, the oldest first.' })
  history(
    @Root() line: OrderLineItemRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<HistoryEntry> {
    return edgeConnection(context, 'OrderLineItem.history', line.id, args, info);
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'amount less the tax in it where taxMode is TaxInclusive, by the rate that its tax code has now; else amount.',
  })
  async amountWithoutTax(@Root() line: OrderLineItemRow, @Ctx() { loaders }: GraphContext): Promise<string> {
    const included = line.taxMode === 'TaxInclusive';
    return money(included ? amountWithoutTax(line, await loaders.settings()) : amount(line), line.currency);
  }

  @FieldResolver(() => [OrderLineItemTransition], {
    description:
      'One entry for each move that leaves the present state, judged for this caller and this object as it is. Sources: Zuora, "State transitions for order line items without fulfillments"; "... with fulfillments".',
  })
  async allowedTransitions(
    @Root() line: OrderLineItemRow,
    @Ctx() { loaders, caller }: GraphContext,
  ): Promise<OrderLineItemTransition[]> {
    const moves = movesFrom(line);
    if (moves.length === 0) return [];
    const posted = line.itemState === 'SentToBilling' && (await loaders.posted(line.id));
    const original = line.originalOrderLineItemId
      ? (await loaders.row('orderLineItem', columnsOf('orderLineItem', judgedFields), line.originalOrderLineItemId))!
      : null;
    return moves.map(({ to }) => ({ to, ...judgement(judgeLineMove(line, to, { caller, posted, original })) }));
  }

  @FieldResolver(() => [String], {
    description:
      'The fields that this caller may change now. Source: Zuora, "Update an order line item" (which names the states for each field).',
  })
  editableFields(@Root() line: OrderLineItemRow, @Ctx() { caller }: GraphContext): readonly string[] {
    return editableLineFields(line, caller);
  }
}

/** What a return is judged by in its original: the facts behind its quantities. */
const judgedFields = ['quantityAvailableForReturn'];
