import type { GraphQLResolveInfo } from 'graphql';
import { Ctx, Field, FieldResolver, ID, Info, Int, ObjectType, Resolver, Root } from 'type-graphql';
import { testEvent } from '../domain/webhook-endpoint';
import type { HistoryEntryRow } from '../store/history';
import type { GraphContext } from './context';
import { nounOfSubject } from './model/subjects';
import { Node } from './node';
import { columnsOf } from './read/columns';
import { selectedFields } from './read/selection';
import { shownSettings } from './read/show';
import { ownEndpoint } from './read/webhooks';
import { DateTimeScalar } from './scalars';

@ObjectType({
  description: 'Value of a field before a change and after it. No id: part of its history entry, which never changes.',
  simpleResolvers: true,
})
export class FieldChange {
  @Field(() => String, {
    description:
      'Name of the field, such as quantity. Some names are stored facts behind computed fields, such as fulfilledQuantity.',
  })
  field: string;
  @Field(() => String, { nullable: true, description: 'Value before the change, as text; null if there was none.' })
  before: string | null;
  @Field(() => String, { nullable: true, description: 'Value after the change, as text; null if there is none.' })
  after: string | null;
}

@ObjectType({
  implements: Node,
  description: 'One change of one object, written in the same transaction as the change. Never changed or removed.',
  simpleResolvers: true,
})
export class HistoryEntry extends Node {
  @Field(() => DateTimeScalar, { description: 'Time of the change.' }) at: string;
  @Field(() => String, { description: 'The client_id of the OAuth client on whose behalf the change was made.' })
  actor: string;
  @Field(() => String, { nullable: true, description: 'Zuora-Track-Id of the request; null if it had none.' })
  trackId: string | null;
  @Field(() => String, {
    description:
      'The action: Create, Update, Delete, Book, SendToBilling, Complete, Cancel, Post, Unpost, Reverse, Apply, Unapply, Pay, Capture, FailCapture, Offset, Refund, FailRefund. Of bill runs also Start, Progress, Finish, Remove and Reopen; of webhook endpoints Rotate, Enable and Disable; of clients Rotate. More may be added.',
  })
  action: string;
  @Field(() => String, {
    nullable: true,
    description: 'State or status before the change. Null on a new object, and if the object has neither.',
  })
  fromState: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'State or status after the change. Null on a deleted object, and if the object has neither.',
  })
  toState: string | null;
  @Field(() => String, {
    description:
      'Type of the object: Fulfillment, OrderLineItem, Order, Account, Invoice, CreditMemo, Payment, Refund, BillRun, BillingSettings, WebhookEndpoint or Client. More may be added.',
  })
  subjectType: string;
  @Field(() => ID, { description: 'Id of the object, which may be deleted.' }) subjectId: string;
  @Field(() => [FieldChange], {
    description:
      'The changed fields. A new object has none, except a Refund, which has its values. A deleted object has its last values.',
  })
  changes: FieldChange[];
  @Field(() => Int, { description: 'The version of the object after the change; 1 of a Client, which has none.' })
  version: number;
}

/** The test event is of the endpoint too. */
const ofEndpoint: readonly string[] = ['WebhookEndpoint', testEvent.subjectType];

@Resolver(() => HistoryEntry)
export class HistoryEntryResolver {
  @FieldResolver(() => String, {
    nullable: true,
    description:
      'Present name of the client on whose behalf the change was made: of a person who signs in, the name in their latest token. Null if the client is not known any more.',
  })
  actorName(@Root() { actor }: HistoryEntryRow, @Ctx() { loaders }: GraphContext): Promise<string | null> {
    return loaders.clientName(actor);
  }

  @FieldResolver(() => Node, {
    nullable: true,
    description:
      'The object as it is now. Null for a deleted object, for a Refund, for a Client, and for a webhook endpoint of another client.',
  })
  async subject(
    @Root() entry: HistoryEntryRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Node | null> {
    const { loaders } = context;
    if (ofEndpoint.includes(entry.subjectType)) return ownEndpoint(context, entry.subjectId);
    if (entry.subjectType === 'BillingSettings') return shownSettings(await loaders.settings());
    const noun = nounOfSubject[entry.subjectType];
    if (!noun) return null;
    return (await loaders.row(noun, columnsOf(noun, selectedFields(info)), entry.subjectId)) ?? null;
  }
}
