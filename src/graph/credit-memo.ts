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
  description: 'What an account gets back: a return is credited on it, or an invoice taken back.',
  simpleResolvers: true,
})
export class CreditMemo extends Document {
  @Field(() => String, { description: 'Its business number, such as CM00000001.' }) creditMemoNumber: string;
  @Field(() => DateScalar, { description: 'The date printed on it.' }) creditMemoDate: string;
  @Field(() => CreditMemoStatusEnum, { description: 'Where it stands.' }) status: CreditMemoStatus;
  @Field(() => DecimalScalar, { description: 'What of it is put against invoices.' }) appliedAmount: string;
  @Field(() => DecimalScalar, { description: 'What of it was paid back.' }) refundAmount: string;
  @Field(() => String, {
    nullable: true,
    description: 'Why it was given: "Return Order" for a return, "Reversal" for an invoice that was taken back.',
  })
  reasonCode: string | null;
}

@ObjectType({
  implements: Node,
  description: 'What is credited for one fulfillment or line item.',
  simpleResolvers: true,
})
export class CreditMemoItem extends DocumentItem {
  @Field(() => DecimalScalar, {
    description:
      'What is credited before tax: unitPrice x quantity, rounded to the decimals of the currency, but at most what is left of the bill of the sale; the return that exhausts it takes the remainder. Below 0 for a sale that is set off on a credit memo.',
  })
  amountWithoutTax: string;
}

export const CreditMemoConnection = connectionType(CreditMemo, 'CreditMemo');
export const CreditMemoItemConnection = connectionType(CreditMemoItem, 'CreditMemoItem');

@InputType({ description: 'Which credit memos. All conditions that are given must hold.' })
export class CreditMemoFilter {
  @Field(() => IDFilter, { nullable: true, description: 'By id.' }) id?: IDFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By credit memo number.' }) creditMemoNumber?: StringFilter;
  @Field(() => IDFilter, { nullable: true, description: 'By account.' }) accountId?: IDFilter;
  @Field(() => CreditMemoStatusEnum, { nullable: true, description: 'By status.' }) status?: CreditMemoStatus;
  @Field(() => DateFilter, { nullable: true, description: 'By credit memo date.' }) creditMemoDate?: DateFilter;
  @Field(() => Boolean, {
    nullable: true,
    description: 'True: an unappliedAmount other than 0, whatever the status. False: none.',
  })
  hasUnapplied?: boolean;
  @Field(() => IDFilter, { nullable: true, description: 'By the bill run that made it.' }) billRunId?: IDFilter;
  @Field(() => DateTimeFilter, { nullable: true, description: 'By the time of the last change.' })
  updatedDate?: DateTimeFilter;
}

@InputType({ description: 'The order of credit memos; ties are broken by id.' })
export class CreditMemoOrder {
  @Field(() => CreditMemoOrderFieldEnum, { description: 'What to sort by.' })
  field: keyof typeof CreditMemoOrderFieldEnum;
  @Field(() => OrderDirectionEnum, { defaultValue: 'DESC', description: 'Which way.' }) direction: 'ASC' | 'DESC';
}

@ArgsType()
export class CreditMemoPageArgs extends PageArgs {
  @Field(() => CreditMemoFilter, { nullable: true, description: 'Which credit memos; all where absent.' })
  filter?: CreditMemoFilter;
  @Field(() => CreditMemoOrder, { nullable: true, description: 'In which order; the last changed first where absent.' })
  orderBy?: CreditMemoOrder;
}

@Resolver(() => CreditMemo)
export class CreditMemoResolver {
  @Query(() => CreditMemo, {
    nullable: true,
    description: 'A credit memo by id or credit memo number; null where the caller sees none.',
  })
  @Extensions({ scope: 'read' })
  creditMemo(
    @Arg('key', () => ID, { description: 'Id or credit memo number.' }) key: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreditMemo | null> {
    return context.find('creditMemo', key, info);
  }

  @Query(() => CreditMemoConnection, { nullable: true, description: 'The credit memos that the caller sees.' })
  @Extensions({ scope: 'read' })
  creditMemos(
    @Args(() => CreditMemoPageArgs) args: CreditMemoPageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<CreditMemo> {
    return rootConnection(context, 'creditMemo', args, info);
  }

  @FieldResolver(() => String, { description: 'creditMemoNumber, under the name that all documents share.' })
  documentNumber(@Root() memo: CreditMemoRow): string {
    return memo.creditMemoNumber;
  }

  @FieldResolver(() => DateScalar, { description: 'creditMemoDate, under the name that all documents share.' })
  documentDate(@Root() memo: CreditMemoRow): string {
    return memo.creditMemoDate;
  }

  @FieldResolver(() => DecimalScalar, {
    description: 'amount less applied and refunded: what is left to be used while it is Posted.',
  })
  unappliedAmount(@Root() memo: CreditMemoRow): string {
    return money(unappliedCredit(memo), memo.currency);
  }

  @FieldResolver(() => CreditMemoItemConnection, { description: 'What it credits, in the order of the document.' })
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
    description: 'The bill run that made it; null where a request did, or where the caller does not see the run.',
  })
  async billRun(
    @Root() memo: CreditMemoRow,
    @Ctx() { loaders }: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BillRun | null> {
    if (memo.billRunId === null) return null;
    return (await loaders.row('billRun', columnsOf('billRun', selectedFields(info)), memo.billRunId)) ?? null;
  }

  @FieldResolver(() => [CreditMemoApplication], { description: 'The invoices it was put against.' })
  applications(
    @Root() memo: CreditMemoRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreditMemoApplication[]> {
    return edgeList(context, 'CreditMemo.applications', memo.id, info);
  }

  @FieldResolver(() => Invoice, { nullable: true, description: 'The invoice that it takes back whole.' })
  reversedInvoice(
    @Root() memo: CreditMemoRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Invoice> | null {
    return memo.reversedInvoiceId ? context.follow('CreditMemo.reversedInvoice', memo.reversedInvoiceId, info) : null;
  }

  @FieldResolver(() => [DocumentActionState], {
    description:
      'One entry for each act there is for credit memos, judged for this caller and this memo as it is. Ask here instead of knowing the rules.',
  })
  allowedActions(@Root() memo: CreditMemoRow, @Ctx() context: GraphContext): Promise<DocumentActionState[]> {
    return creditMemoActions(memo, context);
  }

  @FieldResolver(() => HistoryEntryConnection, { description: 'Its changes, the oldest first.' })
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
      'What is credited: tax included where taxMode is TaxInclusive, else amountWithoutTax. Source: Zuora, "GETCreditMemoItemType".',
  })
  amount(@Root() item: CreditMemoItemRow): string {
    return money(itemAmount(item), item.currency);
  }

  @FieldResolver(() => CreditMemo, { description: 'The credit memo it stands on.' })
  creditMemo(
    @Root() item: CreditMemoItemRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreditMemo> {
    return context.follow('CreditMemoItem.creditMemo', item.creditMemoId, info);
  }

  @FieldResolver(() => OrderLineItem, { description: 'The line item it credits; of a return, the return line item.' })
  orderLineItem(
    @Root() item: CreditMemoItemRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<OrderLineItem> {
    return context.follow('CreditMemoItem.orderLineItem', item.orderLineItemId, info);
  }

  @FieldResolver(() => Fulfillment, {
    nullable: true,
    description: 'The fulfillment it credits; null for a line item without.',
  })
  fulfillment(
    @Root() item: CreditMemoItemRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Fulfillment> | null {
    return item.fulfillmentId ? context.follow('CreditMemoItem.fulfillment', item.fulfillmentId, info) : null;
  }
}
