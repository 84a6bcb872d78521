import type { GraphQLResolveInfo } from 'graphql';
import { Ctx, Field, FieldResolver, Info, Int, ObjectType, Resolver, Root } from 'type-graphql';
import type { HistorySubject } from '../domain/history';
import type { HistoryEntryRow } from '../store/history';
import type { GraphContext } from './context';
import { type Noun } from './model/nouns';
import { Node } from './node';
import { columnsOf } from './read/columns';
import { selectedFields } from './read/selection';
import { shownSettings } from './read/show';
import { DateTimeScalar } from './scalars';

@ObjectType({ description: 'What a field held before a change, and what it holds since.', simpleResolvers: true })
export class FieldChange {
  @Field(() => String, {
    description:
      'What it is called, such as quantity. Some stand behind fields of the graph that are computed, such as fulfilledQuantity.',
  })
  field: string;
  @Field(() => String, { nullable: true, description: 'Its value before, as text; null where it had none.' })
  before: string | null;
  @Field(() => String, { nullable: true, description: 'Its value after, as text; null where it has none.' })
  after: string | null;
}

@ObjectType({
  implements: Node,
  description: 'One change of one object, kept in the same transaction as the change; never changed or removed itself.',
  simpleResolvers: true,
})
export class HistoryEntry extends Node {
  @Field(() => DateTimeScalar, { description: 'When the change took place.' }) at: string;
  @Field(() => String, { description: 'The client_id of the OAuth client on whose behalf it was made.' }) actor: string;
  @Field(() => String, { nullable: true, description: 'The Zuora-Track-Id of the request; null where it had none.' })
  trackId: string | null;
  @Field(() => String, {
    description:
      'The act: Create, Update, Delete, Book, SendToBilling, Complete, Cancel, Post, Unpost, Reverse, Apply, Unapply, Pay, Capture, FailCapture, Offset, Refund, FailRefund, and of bill runs Start, Finish, Remove and Reopen. More may be added.',
  })
  action: string;
  @Field(() => String, {
    nullable: true,
    description: 'The state or status before; null on a new object, and on one that has none.',
  })
  fromState: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'The state or status since; null where it was deleted, and on one that has none.',
  })
  toState: string | null;
  @Field(() => String, {
    description:
      'The type of the object: Fulfillment, OrderLineItem, Order, Account, Invoice, CreditMemo, Payment, Refund, BillRun or BillingSettings. More may be added.',
  })
  subjectType: string;
  @Field(() => [FieldChange], {
    description:
      'The fields that changed. None on a new object, but for a Refund: the values it was made with. On a deleted object the values it had.',
  })
  changes: FieldChange[];
  @Field(() => Int, { description: 'The version of the object after the change.' }) version: number;
}

/** Settings have no row of their own among the nouns; a refund is no object of the graph. */
const nounOf: Partial<Record<HistorySubject, Noun>> = {
  Account: 'account',
  Order: 'order',
  OrderLineItem: 'orderLineItem',
  Fulfillment: 'fulfillment',
  Invoice: 'invoice',
  CreditMemo: 'creditMemo',
  Payment: 'payment',
  BillRun: 'billRun',
};

@Resolver(() => HistoryEntry)
export class HistoryEntryResolver {
  @FieldResolver(() => Node, {
    nullable: true,
    description: 'The object as it is now; null where it was deleted, and of a Refund.',
  })
  async subject(
    @Root() entry: HistoryEntryRow,
    @Ctx() { loaders }: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Node | null> {
    if (entry.subjectType === 'BillingSettings') return shownSettings(await loaders.settings());
    const noun = nounOf[entry.subjectType];
    if (!noun) return null;
    return (await loaders.row(noun, columnsOf(noun, selectedFields(info)), entry.subjectId)) ?? null;
  }
}
