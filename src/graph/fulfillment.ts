import type { GraphQLResolveInfo } from 'graphql';
import { Ctx, Field, FieldResolver, Info, ObjectType, Resolver, Root } from 'type-graphql';
import { judgeMove, transitions } from '../domain/fulfillment';
import { editableFields } from '../domain/fulfillment-change';
import type { FulfillmentAction, FulfillmentState, FulfillmentType } from '../domain/fulfillment-state';
import type { FulfillmentRow } from '../store/fulfillment';
import { BillingDocument } from './billing-document';
import type { GraphContext } from './context';
import { FulfillmentActionEnum, FulfillmentStateEnum, FulfillmentTypeEnum } from './enums';
import { Audited, Node } from './node';
import { columnsOf } from './read/columns';
import { selectedFields } from './read/selection';
import { DateScalar, DateTimeScalar, DecimalScalar, JSONObjectScalar } from './scalars';
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
}

@Resolver(() => Fulfillment)
export class FulfillmentResolver {
  @FieldResolver(() => Boolean, {
    description:
      'Whether it stands on a document, a draft included: no other act bills it then. Its state says nothing about it.',
  })
  billed(@Root() fulfillment: FulfillmentRow, @Ctx() { loaders }: GraphContext): Promise<boolean> {
    return loaders.billed(fulfillment.id);
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
const judgedFields = ['quantityFulfilled'];
