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

@ObjectType({
  description:
    'A transition that leaves the current state of the fulfillment. No id: the rules judge it anew for each caller and moment.',
  simpleResolvers: true,
})
export class FulfillmentTransition {
  @Field(() => FulfillmentActionEnum, {
    description:
      'Names the mutation that makes the transition: bookFulfillments, sendFulfillmentsToBilling, completeFulfillments or cancelFulfillments.',
  })
  action: FulfillmentAction;
  @Field(() => FulfillmentStateEnum, { description: 'State that the transition leads to.' }) to: FulfillmentState;
  @Field(() => Boolean, {
    description: 'Whether this caller may make the transition now, with the fulfillment as it is.',
  })
  allowed: boolean;
  @Field(() => [TransitionBlock], { description: 'Every reason against the transition; empty if it is allowed.' })
  blockedBy: TransitionBlock[];
}

@ObjectType({
  implements: Node,
  description:
    'A delivery (of a sale) or receipt (of a return) of part of a line item. Source: Zuora, "Create fulfillments" and "State transitions for fulfillments".',
  simpleResolvers: true,
})
export class Fulfillment extends Audited {
  @Field(() => String, {
    description: 'Business number of the fulfillment, such as F-00000001. Unique in the entity; never changes.',
  })
  fulfillmentNumber: string;
  @Field(() => FulfillmentTypeEnum, {
    description: 'Delivery on a sale, Return on a return. Never changes.',
  })
  fulfillmentType: FulfillmentType;
  @Field(() => FulfillmentStateEnum, {
    description: 'The current state. allowedTransitions lists the states that can follow.',
  })
  state: FulfillmentState;
  @Field(() => DateScalar, { description: 'The day of delivery or receipt.' }) fulfillmentDate: string;
  @Field(() => DecimalScalar, {
    description: 'Quantity delivered or received, in the unitOfMeasure of the line item; above 0.',
  })
  quantity: string;
  @Field(() => DecimalScalar, {
    description:
      'amountPerUnit of the line item x quantity delivered or, for a Return, received back. Rounded to the decimals of the currency. The credit for a return is on its credit memo or invoice. Source: Zuora, "Data type rounding rules".',
  })
  amount: string;
  @Field(() => String, { description: 'ISO 4217 code of the amount: the currency of the line item.' }) currency: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'Day from which the fulfillment may be billed. Never null from SentToBilling on.',
  })
  billTargetDate: string | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'Time at which the fulfillment became SentToBilling; null if it never did. The time stays, so that the fulfillment can be billed again after its document was canceled.',
  })
  sentToBillingDate: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Free text for people, at most 500 characters; null if none was given.',
  })
  description: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Company that carries the goods. If BillingSettings.carriers has entries, one of them. Null if none was given.',
  })
  carrier: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Number by which the carrier knows the shipment; null if none was given.',
  })
  trackingNumber: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'System that fulfills the line item, such as a warehouse system. If BillingSettings.fulfillmentSystems has entries, one of them. Null if none was given.',
  })
  fulfillmentSystem: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Place that the goods come from. If BillingSettings.fulfillmentLocations has entries, one of them. Null if none was given.',
  })
  fulfillmentLocation: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Id of the fulfillment in an external system, not unique; null if none was given. The list of fulfillments can be filtered by it.',
  })
  externalId: string | null;
  @Field(() => Boolean, {
    description:
      'Whether revenue accounting leaves out the billing of this fulfillment. Stored as given; the gateway does not use it.',
  })
  excludeItemBillingFromRevenueAccounting: boolean;
  @Field(() => Boolean, {
    description:
      'Whether revenue accounting leaves out the delivery of this fulfillment. Stored as given; the gateway does not use it.',
  })
  excludeItemBookingFromRevenueAccounting: boolean;
  @Field(() => JSONObjectScalar, {
    nullable: true,
    description: 'Custom fields of the client, stored as given; null if there are none. Their names end in __c.',
  })
  customFields: Record<string, unknown> | null;
}

@Resolver(() => Fulfillment)
export class FulfillmentResolver {
  @FieldResolver(() => Boolean, {
    description:
      'Whether the fulfillment is on a billing document, drafts included. If true, no other mutation or bill run bills it. The state does not show this.',
  })
  billed(@Root() fulfillment: FulfillmentRow, @Ctx() { loaders }: GraphContext): Promise<boolean> {
    return loaders.billed(fulfillment.id);
  }

  @FieldResolver(() => [BillingDocument], {
    description:
      'The billing documents of the fulfillment: invoices, then credit memos. Drafts and Canceled documents are included.',
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
      'One entry per transition that leaves the current state, judged for this caller and the fulfillment as it is. Ask here instead of implementing the rules. Source: Zuora, "State transitions for fulfillments".',
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
      'Fields that this caller may change now with updateFulfillment. Executing: all. Booked: all with the scope edit-booked, otherwise only a missing billTargetDate. Later: none. Source: Zuora, "Update a fulfillment".',
  })
  editableFields(@Root() fulfillment: FulfillmentRow, @Ctx() { caller }: GraphContext): readonly string[] {
    return editableFields(fulfillment, caller);
  }
}

/** `quantityFulfilled` needs all columns of the line item that `judgeMove` reads. */
const judgedFields = ['quantityFulfilled'];
