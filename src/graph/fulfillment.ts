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
import * as shared from './arguments';
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

@ObjectType({ description: 'A move that leads away from where a fulfillment stands now.', simpleResolvers: true })
export class FulfillmentTransition {
  @Field(() => FulfillmentActionEnum, {
    description:
      'What makes the move: bookFulfillments, sendFulfillmentsToBilling, completeFulfillments or cancelFulfillments.',
  })
  action: FulfillmentAction;
  @Field(() => FulfillmentStateEnum, { description: 'Where the move leads.' }) to: FulfillmentState;
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
  @Field(() => String, {
    description: 'Its business number, such as F-00000001; unique in the entity, and never changes.',
  })
  fulfillmentNumber: string;
  @Field(() => FulfillmentTypeEnum, {
    description: 'Whether it delivers, which is on a sale, or takes back, which is on a return; never changes.',
  })
  fulfillmentType: FulfillmentType;
  @Field(() => FulfillmentStateEnum, { description: 'Where it stands; allowedTransitions says where it can go.' })
  state: FulfillmentState;
  @Field(() => DateScalar, { description: 'The day of delivery or receipt.' }) fulfillmentDate: string;
  @Field(() => DecimalScalar, {
    description: 'How much is delivered or received, in the unitOfMeasure of its line item; above 0.',
  })
  quantity: string;
  @Field(() => DecimalScalar, {
    description:
      'amountPerUnit of the line item x quantity, of what is delivered or, on a Return, received back; rounded to the decimals of the currency. What a return is credited stands on its credit memo or invoice. Source: Zuora, "Data type rounding rules".',
  })
  amount: string;
  @Field(() => String, { description: 'ISO 4217 code of its amount: that of its line item.' }) currency: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The day from which billing may pick it up; never null from SentToBilling on.',
  })
  billTargetDate: string | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'The instant at which it became SentToBilling; null where it never did. It stays, so that one whose document was canceled can be billed again.',
  })
  sentToBillingDate: string | null;
  @Field(() => String, { nullable: true, description: 'Free text for people, at most 500 characters.' }) description:
    | string
    | null;
  @Field(() => String, {
    nullable: true,
    description: 'Who carries the goods; one of those in billingSettings where there are any.',
  })
  carrier: string | null;
  @Field(() => String, { nullable: true, description: 'What the carrier knows the shipment by.' }) trackingNumber:
    | string
    | null;
  @Field(() => String, {
    nullable: true,
    description: 'Which system fulfills it, such as a warehouse; one of those in billingSettings where there are any.',
  })
  fulfillmentSystem: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Which place it is fulfilled from; one of those in billingSettings where there are any.',
  })
  fulfillmentLocation: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What it is known by in a system outside; not unique. The list of fulfillments is filtered by it.',
  })
  externalId: string | null;
  @Field(() => Boolean, {
    description: 'Whether its bill is left out of revenue accounting: kept as given, without effect here.',
  })
  excludeItemBillingFromRevenueAccounting: boolean;
  @Field(() => Boolean, {
    description: 'Whether its delivery is left out of revenue accounting: kept as given, without effect here.',
  })
  excludeItemBookingFromRevenueAccounting: boolean;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description: 'Fields of the client itself, kept as they were given; their names end in __c.',
  })
  customFields: Record<string, unknown> | null;
  @Field(() => OrderLineItem, { description: 'What it delivers, or takes back, a part of; never changes.' })
  orderLineItem?: OrderLineItem;
}

export const FulfillmentConnection = connectionType(Fulfillment, 'Fulfillment');

@InputType({ description: 'Conditions on fulfillments. All that are given must hold, and none may be null.' })
export class FulfillmentFilter {
  @Field(() => IDFilter, { nullable: true, description: 'Only those whose id meets these conditions.' })
  id?: IDFilter;
  @Field(() => StringFilter, {
    nullable: true,
    description: 'Only those whose fulfillmentNumber meets these conditions.',
  })
  fulfillmentNumber?: StringFilter;
  @Field(() => StringFilter, {
    nullable: true,
    description: 'Only those whose externalId meets these conditions: how a partner finds its own.',
  })
  externalId?: StringFilter;
  @Field(() => StringFilter, { nullable: true, description: 'Only those whose trackingNumber meets these conditions.' })
  trackingNumber?: StringFilter;
  @Field(() => StringFilter, { nullable: true, description: 'Only those whose carrier meets these conditions.' })
  carrier?: StringFilter;
  @Field(() => FulfillmentStateFilter, {
    nullable: true,
    description: 'Only those whose state meets these conditions.',
  })
  state?: FulfillmentStateFilter;
  @Field(() => FulfillmentTypeEnum, { nullable: true, description: 'Only deliveries, or only what was received back.' })
  fulfillmentType?: FulfillmentType;
  @Field(() => DateFilter, { nullable: true, description: 'Only those whose fulfillmentDate meets these conditions.' })
  fulfillmentDate?: DateFilter;
  @Field(() => DateFilter, {
    nullable: true,
    description: 'Only those whose billTargetDate meets these conditions; isNull finds those without one.',
  })
  billTargetDate?: DateFilter;
  @Field(() => IDFilter, {
    nullable: true,
    description: 'Only those of line items whose id meets these conditions.',
  })
  orderLineItemId?: IDFilter;
  @Field(() => IDFilter, { nullable: true, description: 'Only those of orders whose id meets these conditions.' })
  orderId?: IDFilter;
  @Field(() => IDFilter, { nullable: true, description: 'Only those of accounts whose id meets these conditions.' })
  accountId?: IDFilter;
  @Field(() => Boolean, {
    nullable: true,
    description: 'True: stands on a document, be it a draft. False: waits for its bill, or is not to have one yet.',
  })
  billed?: boolean;
  @Field(() => DateTimeFilter, {
    nullable: true,
    description: 'Only those last changed in this span of time: what is new since the last look.',
  })
  updatedDate?: DateTimeFilter;
  @Field(() => DateTimeFilter, { nullable: true, description: 'Only those made in this span of time.' })
  createdDate?: DateTimeFilter;
}

@InputType({ description: 'How fulfillments are sorted; ties are broken by id.' })
export class FulfillmentOrder {
  @Field(() => FulfillmentOrderFieldEnum, { description: 'What they are sorted by; ties are broken by id.' })
  field: keyof typeof FulfillmentOrderFieldEnum;
  @Field(() => OrderDirectionEnum, {
    defaultValue: 'DESC',
    description: 'Whether the smallest or the largest comes first.',
  })
  direction: 'ASC' | 'DESC';
}

@ArgsType()
export class FulfillmentPageArgs extends PageArgs {
  @Field(() => FulfillmentFilter, {
    nullable: true,
    description: 'Which of them; all that the caller sees where absent.',
  })
  filter?: FulfillmentFilter;
  @Field(() => FulfillmentOrder, {
    nullable: true,
    description: 'What they are sorted by; the last changed comes first where absent.',
  })
  orderBy?: FulfillmentOrder;
}

@Resolver(() => Fulfillment)
export class FulfillmentResolver {
  @Query(() => Fulfillment, {
    nullable: true,
    description:
      'The fulfillment that an id or fulfillment number names; null where the caller sees none. By externalId it is found with fulfillments.',
  })
  @Extensions({ scope: 'read' })
  fulfillment(
    @Arg('key', () => ID, shared.key('fulfillment number')) key: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Fulfillment | null> {
    return context.find('fulfillment', key, info);
  }

  @Query(() => FulfillmentConnection, {
    nullable: true,
    description: 'The fulfillments that the caller sees, the last changed first where no order is asked for.',
  })
  @Extensions({ scope: 'read' })
  fulfillments(
    @Args(() => FulfillmentPageArgs) args: FulfillmentPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Fulfillment> {
    return rootConnection(context, 'fulfillment', args, info);
  }

  @FieldResolver(() => Boolean, {
    description:
      'Whether it stands on a document, a draft included: no other act bills it then. Its state says nothing about it.',
  })
  billed(@Root() fulfillment: FulfillmentRow, @Ctx() { loaders }: GraphContext): Promise<boolean> {
    return loaders.billed(fulfillment.id);
  }

  @FieldResolver(() => FulfillmentItemConnection, {
    description: 'Single assets in it, in the order in which they were added; at most 100.',
  })
  fulfillmentItems(
    @Root() fulfillment: FulfillmentRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<FulfillmentItem> {
    return edgeConnection(context, 'Fulfillment.fulfillmentItems', fulfillment.id, args, info);
  }

  @FieldResolver(() => [InvoiceItem], {
    description: 'What was charged for it; several where it was billed again after a cancelation or reversal.',
  })
  invoiceItems(
    @Root() fulfillment: FulfillmentRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<InvoiceItem[]> {
    return edgeList(context, 'Fulfillment.invoiceItems', fulfillment.id, info);
  }

  @FieldResolver(() => [CreditMemoItem], {
    description: 'What was credited for it; several where it was billed again after a cancelation.',
  })
  creditMemoItems(
    @Root() fulfillment: FulfillmentRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreditMemoItem[]> {
    return edgeList(context, 'Fulfillment.creditMemoItems', fulfillment.id, info);
  }

  @FieldResolver(() => [BillingDocument], {
    description: 'What it stands on: invoices, then credit memos, drafts and canceled ones included.',
  })
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

  @FieldResolver(() => HistoryEntryConnection, { description: 'Every change of it, the oldest first.' })
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
      'What this caller may change now by updateFulfillment. Executing: all; Booked: all with the scope edit-booked, else a billTargetDate that is missing; later: nothing. Source: Zuora, "Update a fulfillment".',
  })
  editableFields(@Root() fulfillment: FulfillmentRow, @Ctx() { caller }: GraphContext): readonly string[] {
    return editableFields(fulfillment, caller);
  }
}

/** What a move is judged by in the line item: the facts behind its quantities. */
const judgedFields = nouns.orderLineItem.needs.quantityFulfilled;
