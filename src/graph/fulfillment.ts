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
import {
  type FulfillmentAction,
  type FulfillmentState,
  type FulfillmentType,
  judgeMove,
  transitions,
} from '../domain/fulfillment';
import { editableFields } from '../domain/fulfillment-change';
import type { FulfillmentRow } from '../store/fulfillment';
import { BillingDocument } from './billing-document';
import { type Connection, connectionType, edgeConnection, edgeList, PageArgs, rootConnection } from './connections';
import type { GraphContext } from './context';
import { CreditMemoItem } from './credit-memo';
import {
  FulfillmentActionEnum,
  FulfillmentOrderFieldEnum,
  FulfillmentStateEnum,
  FulfillmentTypeEnum,
  OrderDirectionEnum,
} from './enums';
import { DateFilter, DateTimeFilter, FulfillmentStateFilter, IDFilter, StringFilter } from './filters';
import { FulfillmentItem, FulfillmentItemConnection } from './fulfillment-item';
import { type HistoryEntry, HistoryEntryConnection } from './history';
import { InvoiceItem } from './invoice';
import { Audited, Node } from './node';
import { columnsOf, nouns } from './nouns';
import { OrderLineItem } from './order-line-item';
import { DateScalar, DateTimeScalar, DecimalScalar, JSONObjectScalar } from './scalars';
import { selectedFields } from './selection';
import { judgement, TransitionBlock } from './transition';

@ObjectType({ description: 'A move that leaves the present state.', simpleResolvers: true })
export class FulfillmentTransition {
  @Field(() => FulfillmentActionEnum, { description: 'The act.' }) action: FulfillmentAction;
  @Field(() => FulfillmentStateEnum, { description: 'Where it leads.' }) to: FulfillmentState;
  @Field(() => Boolean, { description: 'Whether this caller may do it now, to this object as it is.' })
  allowed: boolean;
  @Field(() => [TransitionBlock], { description: 'Every reason against it; empty where it is allowed.' })
  blockedBy: TransitionBlock[];
}

@ObjectType({
  implements: Node,
  description:
    'A delivery (sales) or receipt (return) of part of a line item. Source: Zuora, "Create fulfillments" and "State transitions for fulfillments".',
  simpleResolvers: true,
})
export class Fulfillment extends Audited {
  @Field(() => String, { description: 'Its business number, such as F-00000001.' }) fulfillmentNumber: string;
  @Field(() => FulfillmentTypeEnum, { description: 'Delivery on a sales line item, Return on a return.' })
  fulfillmentType: FulfillmentType;
  @Field(() => FulfillmentStateEnum, { description: 'Where it stands; allowedTransitions says where it can go.' })
  state: FulfillmentState;
  @Field(() => DateScalar, { description: 'The day of delivery or receipt.' }) fulfillmentDate: string;
  @Field(() => DecimalScalar, { description: 'How much, in units of the line item; above 0.' }) quantity: string;
  @Field(() => DecimalScalar, {
    description:
      'amountPerUnit of the line item x quantity, of what is delivered or, on a Return, received back; rounded to the decimals of the currency. What a return is credited stands on its credit memo or invoice.',
  })
  amount: string;
  @Field(() => String, { description: 'ISO 4217 code of amount.' }) currency: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The date from which billing may pick it up; needed before it is SentToBilling.',
  })
  billTargetDate: string | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it became SentToBilling.' }) sentToBillingDate:
    | string
    | null;
  @Field(() => String, { nullable: true, description: 'Free text, at most 500 characters.' }) description:
    | string
    | null;
  @Field(() => String, { nullable: true, description: 'Who carries it.' }) carrier: string | null;
  @Field(() => String, { nullable: true, description: "The carrier's tracking number." }) trackingNumber: string | null;
  @Field(() => String, { nullable: true, description: 'The system that fulfills it.' }) fulfillmentSystem:
    | string
    | null;
  @Field(() => String, { nullable: true, description: 'Where it is fulfilled from.' }) fulfillmentLocation:
    | string
    | null;
  @Field(() => String, { nullable: true, description: 'Its id in an external system.' }) externalId: string | null;
  @Field(() => Boolean, { description: 'Kept for revenue accounting; no effect on billing here.' })
  excludeItemBillingFromRevenueAccounting: boolean;
  @Field(() => Boolean, { description: 'Kept for revenue accounting; no effect on billing here.' })
  excludeItemBookingFromRevenueAccounting: boolean;
  @Field(() => JSONObjectScalar, { nullable: true, description: 'Custom fields; names end in __c.' })
  customFields: Record<string, unknown> | null;
}

export const FulfillmentConnection = connectionType(Fulfillment, 'Fulfillment');

@InputType({ description: 'Which fulfillments. All conditions that are given must hold.' })
export class FulfillmentFilter {
  @Field(() => IDFilter, { nullable: true, description: 'By id.' }) id?: IDFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By fulfillment number.' })
  fulfillmentNumber?: StringFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By the id in an external system.' })
  externalId?: StringFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By tracking number.' }) trackingNumber?: StringFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By carrier.' }) carrier?: StringFilter;
  @Field(() => FulfillmentStateFilter, { nullable: true, description: 'By state.' }) state?: FulfillmentStateFilter;
  @Field(() => FulfillmentTypeEnum, { nullable: true, description: 'By type.' }) fulfillmentType?: FulfillmentType;
  @Field(() => DateFilter, { nullable: true, description: 'By the day of delivery or receipt.' })
  fulfillmentDate?: DateFilter;
  @Field(() => DateFilter, { nullable: true, description: 'By the date to bill from.' }) billTargetDate?: DateFilter;
  @Field(() => IDFilter, { nullable: true, description: 'By line item.' }) orderLineItemId?: IDFilter;
  @Field(() => IDFilter, { nullable: true, description: 'By order.' }) orderId?: IDFilter;
  @Field(() => IDFilter, { nullable: true, description: 'By account.' }) accountId?: IDFilter;
  @Field(() => Boolean, { nullable: true, description: 'True: stands on a document. False: does not.' })
  billed?: boolean;
  @Field(() => DateTimeFilter, { nullable: true, description: 'By the time of the last change.' })
  updatedDate?: DateTimeFilter;
  @Field(() => DateTimeFilter, { nullable: true, description: 'By the time of creation.' })
  createdDate?: DateTimeFilter;
}

@InputType({ description: 'The order of fulfillments; ties are broken by id.' })
export class FulfillmentOrder {
  @Field(() => FulfillmentOrderFieldEnum, { description: 'What to sort by.' })
  field: keyof typeof FulfillmentOrderFieldEnum;
  @Field(() => OrderDirectionEnum, { defaultValue: 'DESC', description: 'Which way.' }) direction: 'ASC' | 'DESC';
}

@ArgsType()
export class FulfillmentPageArgs extends PageArgs {
  @Field(() => FulfillmentFilter, { nullable: true, description: 'Which fulfillments; all where absent.' })
  filter?: FulfillmentFilter;
  @Field(() => FulfillmentOrder, {
    nullable: true,
    description: 'In which order; the last changed first where absent.',
  })
  orderBy?: FulfillmentOrder;
}

@Resolver(() => Fulfillment)
export class FulfillmentResolver {
  @Query(() => Fulfillment, {
    nullable: true,
    description: 'A fulfillment by id or fulfillment number; null where the caller sees none.',
  })
  @Extensions({ scope: 'read' })
  fulfillment(
    @Arg('key', () => ID, { description: 'Id or fulfillment number.' }) key: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Fulfillment | null> {
    return context.find('fulfillment', key, info);
  }

  @Query(() => FulfillmentConnection, { nullable: true, description: 'The fulfillments that the caller sees.' })
  @Extensions({ scope: 'read' })
  fulfillments(
    @Args(() => FulfillmentPageArgs) args: FulfillmentPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Fulfillment> {
    return rootConnection(context, 'fulfillment', args, info);
  }

  @FieldResolver(() => Boolean, {
    description: 'Whether it stands on a document, a draft included. Being billed does not change its state.',
  })
  billed(@Root() fulfillment: FulfillmentRow, @Ctx() { loaders }: GraphContext): Promise<boolean> {
    return loaders.billed(fulfillment.id);
  }

  @FieldResolver(() => OrderLineItem, { description: 'The line item it fulfills; never changes.' })
  orderLineItem(
    @Root() fulfillment: FulfillmentRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<OrderLineItem> {
    return context.follow('Fulfillment.orderLineItem', fulfillment.orderLineItemId, info);
  }

  @FieldResolver(() => FulfillmentItemConnection, { description: 'Its items, in the order in which they were added.' })
  fulfillmentItems(
    @Root() fulfillment: FulfillmentRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<FulfillmentItem> {
    return edgeConnection(context, 'Fulfillment.fulfillmentItems', fulfillment.id, args, info);
  }

  @FieldResolver(() => [InvoiceItem], { description: 'What it was charged for; several where it was billed again.' })
  invoiceItems(
    @Root() fulfillment: FulfillmentRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<InvoiceItem[]> {
    return edgeList(context, 'Fulfillment.invoiceItems', fulfillment.id, info);
  }

  @FieldResolver(() => [CreditMemoItem], { description: 'What it was credited; several where it was billed again.' })
  creditMemoItems(
    @Root() fulfillment: FulfillmentRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreditMemoItem[]> {
    return edgeList(context, 'Fulfillment.creditMemoItems', fulfillment.id, info);
  }

  @FieldResolver(() => [BillingDocument], { description: 'The documents it stands on: invoices, then credit memos.' })
  async billingDocuments(
    @Root() { id }: FulfillmentRow,
    @Ctx() { loaders }: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BillingDocument[]> {
    const all = { limit: 1000, backward: false };
    const [charged, credited] = await Promise.all([
      loaders.pages('Fulfillment.invoiceItems', { ...all, properties: ['invoiceId'] }).load(id),
      loaders.pages('Fulfillment.creditMemoItems', { ...all, properties: ['creditMemoId'] }).load(id),
    ]);
    const documents = (noun: 'invoice' | 'creditMemo', ids: string[]) => {
      const columns = columnsOf(noun, selectedFields(info));
      return [...new Set(ids)].map((each) => loaders.row(noun, columns, each));
    };
    const invoices = documents(
      'invoice',
      charged.map((item) => item.invoiceId),
    );
    const memos = documents(
      'creditMemo',
      credited.map((item) => item.creditMemoId),
    );
    return (await Promise.all([...invoices, ...memos])) as unknown as BillingDocument[];
  }

  @FieldResolver(() => HistoryEntryConnection, { description: 'Its changes, the oldest first.' })
  history(
    @Root() fulfillment: FulfillmentRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<HistoryEntry> {
    return edgeConnection(context, 'Fulfillment.history', fulfillment.id, args, info);
  }

  @FieldResolver(() => [FulfillmentTransition], {
    description:
      'One entry for each act that leaves the present state, judged for this caller and this object as it is. Ask here instead of knowing the rules. Source: Zuora, "State transitions for fulfillments".',
  })
  async allowedTransitions(
    @Root() fulfillment: FulfillmentRow,
    @Ctx() { loaders, caller }: GraphContext,
  ): Promise<FulfillmentTransition[]> {
    const rows = transitions.filter(({ from }) => from === fulfillment.state);
    if (rows.length === 0) return [];
    const line = await loaders.row(
      'orderLineItem',
      columnsOf('orderLineItem', judgedFields),
      fulfillment.orderLineItemId,
    );
    const posted = fulfillment.state === 'SentToBilling' && (await loaders.posted(fulfillment.id));
    return rows.map(({ action, to }) => ({
      action,
      to,
      ...judgement(judgeMove(fulfillment, to, { line: line!, posted, caller })),
    }));
  }

  @FieldResolver(() => [String], {
    description:
      'The fields that this caller may change now. Executing: all; Booked: by the scope edit-booked; later: none.',
  })
  editableFields(@Root() fulfillment: FulfillmentRow, @Ctx() { caller }: GraphContext): readonly string[] {
    return editableFields(fulfillment, caller);
  }
}

/** What a move is judged by in the line item: the facts behind its quantities. */
const judgedFields = nouns.orderLineItem.needs.quantityFulfilled;
