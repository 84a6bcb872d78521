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
import { type CreditMemoStatus, itemAmount, unappliedCredit } from '../domain/credit-memo';
import { money } from '../domain/currency';
import { CreditMemoItemRow, CreditMemoRow } from '../store/credit-memo';
import * as shared from './arguments';
import { BillRun } from './bill-run';
import { BillingDocument, Document, DocumentItem } from './billing-document';
import { type Connection, connectionType, edgeConnection, edgeList, PageArgs, rootConnection } from './connections';
import type { GraphContext } from './context';
import { CreditMemoApplication } from './credit-memo-application';
import { creditMemoActions, DocumentActionState } from './document-action';
import { CreditMemoOrderFieldEnum, CreditMemoStatusEnum, OrderDirectionEnum } from './enums';
import { DateFilter, DateTimeFilter, IDFilter, StringFilter } from './filters';
import { Fulfillment } from './fulfillment';
import { type HistoryEntry, HistoryEntryConnection } from './history';
import { Invoice } from './invoice';
import { Node } from './node';
import { columnsOf } from './nouns';
import { OrderLineItem } from './order-line-item';
import { DateScalar, DecimalScalar } from './scalars';
import { selectedFields } from './selection';

@ObjectType({
  implements: [Node, BillingDocument],
  description:
    'What an account gets back: returns are credited on it, or an invoice is taken back by it. Source: Zuora, "Rules for generating invoices and credit memos".',
  simpleResolvers: true,
})
export class CreditMemo extends Document {
  @Field(() => String, {
    description:
      'Its business number, such as CM00000001; unique in the entity, and never changes. Numbers may have gaps.',
  })
  creditMemoNumber: string;
  @Field(() => DateScalar, { description: 'The day printed on it.' }) creditMemoDate: string;
  @Field(() => CreditMemoStatusEnum, {
    description: 'Whether it is a draft, granted or withdrawn; allowedActions says what can follow.',
  })
  status: CreditMemoStatus;
  @Field(() => DecimalScalar, { description: 'How much of it is put against invoices, in the currency.' })
  appliedAmount: string;
  @Field(() => DecimalScalar, { description: 'How much of it was paid back, in the currency.' }) refundAmount: string;
  @Field(() => String, {
    nullable: true,
    description: 'Why it was given: "Return Order" for a return, "Reversal" for an invoice that was taken back.',
  })
  reasonCode: string | null;
  @Field(() => Invoice, {
    nullable: true,
    description: 'Which invoice it takes back whole; null where it credits returns.',
  })
  reversedInvoice?: Invoice | null;
}

@ObjectType({
  implements: Node,
  description: 'What is credited for one fulfillment, or for one line item without fulfillments.',
  simpleResolvers: true,
})
export class CreditMemoItem extends DocumentItem {
  @Field(() => DecimalScalar, {
    description:
      'What is credited before tax, in the currency: unitPrice x quantity, rounded to the decimals of the currency, but at most what is left of the bill of the sale; the return that exhausts it takes the remainder. Below 0 for a sale that is set off on a credit memo.',
  })
  amountWithoutTax: string;
  @Field(() => CreditMemo, { description: 'Which document it stands on; never changes.' })
  creditMemo?: CreditMemo;
  @Field(() => OrderLineItem, {
    description: 'What it credits: the return, or, on a reversal, what had been charged for.',
  })
  orderLineItem?: OrderLineItem;
  @Field(() => Fulfillment, {
    nullable: true,
    description:
      'Which receipt, or, on a reversal, which delivery it credits; null for a line item without fulfillments.',
  })
  fulfillment?: Fulfillment | null;
}

export const CreditMemoConnection = connectionType(CreditMemo, 'CreditMemo');
export const CreditMemoItemConnection = connectionType(CreditMemoItem, 'CreditMemoItem');

@InputType({ description: 'Conditions on credit memos. All that are given must hold, and none may be null.' })
export class CreditMemoFilter {
  @Field(() => IDFilter, { nullable: true, description: 'Only those whose id meets these conditions.' })
  id?: IDFilter;
  @Field(() => StringFilter, {
    nullable: true,
    description: 'Only those whose creditMemoNumber meets these conditions.',
  })
  creditMemoNumber?: StringFilter;
  @Field(() => IDFilter, { nullable: true, description: 'Only those of accounts whose id meets these conditions.' })
  accountId?: IDFilter;
  @Field(() => CreditMemoStatusEnum, {
    nullable: true,
    description: 'Only drafts, only what is posted, or only what was canceled.',
  })
  status?: CreditMemoStatus;
  @Field(() => DateFilter, { nullable: true, description: 'Only those whose creditMemoDate meets these conditions.' })
  creditMemoDate?: DateFilter;
  @Field(() => Boolean, {
    nullable: true,
    description: 'True: their unappliedAmount is other than 0, so they are not Canceled. False: it is 0.',
  })
  hasUnapplied?: boolean;
  @Field(() => IDFilter, {
    nullable: true,
    description: 'Only those that a bill run made whose id meets these conditions.',
  })
  billRunId?: IDFilter;
  @Field(() => DateTimeFilter, {
    nullable: true,
    description: 'Only those last changed in this span of time: what is new since the last look.',
  })
  updatedDate?: DateTimeFilter;
}

@InputType({ description: 'How credit memos are sorted; ties are broken by id.' })
export class CreditMemoOrder {
  @Field(() => CreditMemoOrderFieldEnum, { description: 'What they are sorted by; ties are broken by id.' })
  field: keyof typeof CreditMemoOrderFieldEnum;
  @Field(() => OrderDirectionEnum, {
    defaultValue: 'DESC',
    description: 'Whether the smallest or the largest comes first.',
  })
  direction: 'ASC' | 'DESC';
}

@ArgsType()
export class CreditMemoPageArgs extends PageArgs {
  @Field(() => CreditMemoFilter, {
    nullable: true,
    description: 'Which of them; all that the caller sees where absent.',
  })
  filter?: CreditMemoFilter;
  @Field(() => CreditMemoOrder, {
    nullable: true,
    description: 'What they are sorted by; the last changed comes first where absent.',
  })
  orderBy?: CreditMemoOrder;
}

@Resolver(() => CreditMemo)
export class CreditMemoResolver {
  @Query(() => CreditMemo, {
    nullable: true,
    description: 'The credit memo that an id or credit memo number names; null where the caller sees none.',
  })
  @Extensions({ scope: 'read' })
  creditMemo(
    @Arg('key', () => ID, shared.key('credit memo number')) key: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreditMemo | null> {
    return context.find('creditMemo', key, info);
  }

  @Query(() => CreditMemoConnection, {
    nullable: true,
    description: 'The credit memos that the caller sees, the last changed first where no order is asked for.',
  })
  @Extensions({ scope: 'read' })
  creditMemos(
    @Args(() => CreditMemoPageArgs) args: CreditMemoPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<CreditMemo> {
    return rootConnection(context, 'creditMemo', args, info);
  }

  @FieldResolver(() => String, { description: 'Its creditMemoNumber, under the name that all documents share.' })
  documentNumber(@Root() memo: CreditMemoRow): string {
    return memo.creditMemoNumber;
  }

  @FieldResolver(() => DateScalar, { description: 'Its creditMemoDate, under the name that all documents share.' })
  documentDate(@Root() memo: CreditMemoRow): string {
    return memo.creditMemoDate;
  }

  @FieldResolver(() => DecimalScalar, {
    description:
      'amount less appliedAmount and refundAmount, in the currency: what is left to be used while it is Posted. 0 once it is Canceled.',
  })
  unappliedAmount(@Root() memo: CreditMemoRow): string {
    return money(unappliedCredit(memo), memo.currency);
  }

  @FieldResolver(() => CreditMemoItemConnection, {
    description: 'What it credits, line by line, in the order of the document.',
  })
  creditMemoItems(
    @Root() memo: CreditMemoRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<CreditMemoItem> {
    return edgeConnection(context, 'CreditMemo.creditMemoItems', memo.id, args, info);
  }

  @FieldResolver(() => BillRun, {
    nullable: true,
    description: 'Which run made it; null where a request did, or where the caller does not see the run.',
  })
  async billRun(
    @Root() memo: CreditMemoRow,
    @Ctx() { loaders }: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BillRun | null> {
    if (memo.billRunId === null) return null;
    return (await loaders.row('billRun', columnsOf('billRun', selectedFields(info)), memo.billRunId)) ?? null;
  }

  @FieldResolver(() => [CreditMemoApplication], { description: 'What of it is put against which invoice.' })
  applications(
    @Root() memo: CreditMemoRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreditMemoApplication[]> {
    return edgeList(context, 'CreditMemo.applications', memo.id, info);
  }

  @FieldResolver(() => [DocumentActionState], {
    description:
      'One entry for each act there is for credit memos, judged for this caller and this memo as it is. Ask here instead of knowing the rules.',
  })
  allowedActions(@Root() memo: CreditMemoRow, @Ctx() context: GraphContext): Promise<DocumentActionState[]> {
    return creditMemoActions(memo, context);
  }

  @FieldResolver(() => HistoryEntryConnection, { description: 'Every change of it, the oldest first.' })
  history(
    @Root() memo: CreditMemoRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<HistoryEntry> {
    return edgeConnection(context, 'CreditMemo.history', memo.id, args, info);
  }
}

@Resolver(() => CreditMemoItem)
export class CreditMemoItemResolver {
  @FieldResolver(() => DecimalScalar, {
    description:
      'What is credited, in the currency: tax included where taxMode is TaxInclusive, else amountWithoutTax. Source: Zuora, "GETCreditMemoItemType".',
  })
  amount(@Root() item: CreditMemoItemRow): string {
    return money(itemAmount(item), item.currency);
  }
}
