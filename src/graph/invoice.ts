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
import type { InvoiceStatus } from '../domain/invoice';
import { InvoiceItemRow, InvoiceOffsetRow, InvoiceRow } from '../store/invoice';
import { BillRun } from './bill-run';
import { BillingDocument, Document, DocumentItem } from './billing-document';
import { type Connection, connectionType, edgeConnection, edgeList, PageArgs, rootConnection } from './connections';
import type { GraphContext } from './context';
import { CreditMemoApplication } from './credit-memo-application';
import { DocumentActionState, invoiceActions } from './document-action';
import { InvoiceOrderFieldEnum, InvoiceStatusEnum, OrderDirectionEnum } from './enums';
import { DateFilter, DateTimeFilter, DecimalFilter, IDFilter, StringFilter } from './filters';
import { Fulfillment } from './fulfillment';
import { type HistoryEntry, HistoryEntryConnection } from './history';
import { Node } from './node';
import { columnsOf } from './nouns';
import { OrderLineItem } from './order-line-item';
import { PaymentApplication } from './payment';
import { DateScalar, DateTimeScalar, DecimalScalar } from './scalars';
import { selectedFields } from './selection';

@ObjectType({
  implements: [Node, BillingDocument],
  description: 'What an account owes; below 0 where returns are negative items, without invoice settlement.',
  simpleResolvers: true,
})
export class Invoice extends Document {
  @Field(() => String, { description: 'Its business number, such as INV00000001.' }) invoiceNumber: string;
  @Field(() => DateScalar, { description: 'The date printed on it; the payment term counts from it.' })
  invoiceDate: string;
  @Field(() => DateScalar, { description: 'invoiceDate and the payment term.' }) dueDate: string;
  @Field(() => InvoiceStatusEnum, { description: 'Where it stands.' }) status: InvoiceStatus;
  @Field(() => DecimalScalar, {
    description: 'amount less payments, credits and offsets: what is owed while it is Posted.',
  })
  balance: string;
  @Field(() => Boolean, { description: 'Whether it was reversed by a credit memo for its full amount.' })
  reversed: boolean;
}

@ObjectType({
  implements: Node,
  description: 'What is charged for one fulfillment or line item.',
  simpleResolvers: true,
})
export class InvoiceItem extends DocumentItem {
  @Field(() => DecimalScalar, {
    description:
      'unitPrice x quantity before tax, rounded to the decimals of the currency. Of a return it is 0 or less, and at most what is left of the bill of its sale: the last one takes the remainder. Source: Zuora, "Data type rounding rules".',
  })
  chargeAmount: string;
  @Field(() => DateScalar, { nullable: true, description: 'The fulfillmentDate, or the start of the transaction.' })
  serviceStartDate: string | null;
  @Field(() => DateScalar, { nullable: true, description: 'The fulfillmentDate, or the end of the transaction.' })
  serviceEndDate: string | null;
}

@ObjectType({
  implements: Node,
  description: 'The part of a negative invoice that reduced another one, where invoice settlement is off.',
  simpleResolvers: true,
})
export class InvoiceOffset extends Node {
  @Field(() => DecimalScalar, { description: 'How much.' }) amount: string;
  @Field(() => DateTimeScalar, { description: 'When.' }) appliedDate: string;
}

export const InvoiceConnection = connectionType(Invoice, 'Invoice');
export const InvoiceItemConnection = connectionType(InvoiceItem, 'InvoiceItem');

@InputType({ description: 'Which invoices. All conditions that are given must hold.' })
export class InvoiceFilter {
  @Field(() => IDFilter, { nullable: true, description: 'By id.' }) id?: IDFilter;
  @Field(() => StringFilter, { nullable: true, description: 'By invoice number.' }) invoiceNumber?: StringFilter;
  @Field(() => IDFilter, { nullable: true, description: 'By account.' }) accountId?: IDFilter;
  @Field(() => InvoiceStatusEnum, { nullable: true, description: 'By status.' }) status?: InvoiceStatus;
  @Field(() => DateFilter, { nullable: true, description: 'By invoice date.' }) invoiceDate?: DateFilter;
  @Field(() => DateFilter, { nullable: true, description: 'By due date.' }) dueDate?: DateFilter;
  @Field(() => DecimalFilter, { nullable: true, description: 'By its total, tax included; below 0 on a negative one.' })
  amount?: DecimalFilter;
  @Field(() => DecimalFilter, { nullable: true, description: 'By what is still owed of it, whatever the status.' })
  balance?: DecimalFilter;
  @Field(() => Boolean, {
    nullable: true,
    description: 'True: a balance other than 0, whatever the status. False: none.',
  })
  hasBalance?: boolean;
  @Field(() => IDFilter, { nullable: true, description: 'By the bill run that made it.' }) billRunId?: IDFilter;
  @Field(() => String, { nullable: true, description: 'By where it came from: API or BillRun.' }) source?: string;
  @Field(() => Boolean, { nullable: true, description: 'True: taken back whole by a credit memo. False: not.' })
  reversed?: boolean;
  @Field(() => DateTimeFilter, { nullable: true, description: 'By the time of the last change.' })
  updatedDate?: DateTimeFilter;
}

@InputType({ description: 'The order of invoices; ties are broken by id.' })
export class InvoiceOrder {
  @Field(() => InvoiceOrderFieldEnum, { description: 'What to sort by.' }) field: keyof typeof InvoiceOrderFieldEnum;
  @Field(() => OrderDirectionEnum, { defaultValue: 'DESC', description: 'Which way.' }) direction: 'ASC' | 'DESC';
}

@ArgsType()
export class InvoicePageArgs extends PageArgs {
  @Field(() => InvoiceFilter, { nullable: true, description: 'Which invoices; all where absent.' })
  filter?: InvoiceFilter;
  @Field(() => InvoiceOrder, { nullable: true, description: 'In which order; the last changed first where absent.' })
  orderBy?: InvoiceOrder;
}

@Resolver(() => Invoice)
export class InvoiceResolver {
  @Query(() => Invoice, {
    nullable: true,
    description: 'An invoice by id or invoice number; null where the caller sees none.',
  })
  @Extensions({ scope: 'read' })
  invoice(
    @Arg('key', () => ID, { description: 'Id or invoice number.' }) key: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Invoice | null> {
    return context.find('invoice', key, info);
  }

  @Query(() => InvoiceConnection, { nullable: true, description: 'The invoices that the caller sees.' })
  @Extensions({ scope: 'read' })
  invoices(
    @Args(() => InvoicePageArgs) args: InvoicePageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Invoice> {
    return rootConnection(context, 'invoice', args, info);
  }

  @FieldResolver(() => String, { description: 'invoiceNumber, under the name that all documents share.' })
  documentNumber(@Root() invoice: InvoiceRow): string {
    return invoice.invoiceNumber;
  }

  @FieldResolver(() => DateScalar, { description: 'invoiceDate, under the name that all documents share.' })
  documentDate(@Root() invoice: InvoiceRow): string {
    return invoice.invoiceDate;
  }

  @FieldResolver(() => InvoiceItemConnection, { description: 'What it charges, in the order of the document.' })
  invoiceItems(
    @Root() invoice: InvoiceRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<InvoiceItem> {
    return edgeConnection(context, 'Invoice.invoiceItems', invoice.id, args, info);
  }

  @FieldResolver(() => BillRun, {
    nullable: true,
    description: 'The bill run that made it; null where a request did, or where the caller does not see the run.',
  })
  async billRun(
    @Root() invoice: InvoiceRow,
    @Ctx() { loaders }: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BillRun | null> {
    if (invoice.billRunId === null) return null;
    return (await loaders.row('billRun', columnsOf('billRun', selectedFields(info)), invoice.billRunId)) ?? null;
  }

  @FieldResolver(() => HistoryEntryConnection, { description: 'Its changes, the oldest first.' })
  history(
    @Root() invoice: InvoiceRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<HistoryEntry> {
    return edgeConnection(context, 'Invoice.history', invoice.id, args, info);
  }

  @FieldResolver(() => [PaymentApplication], { description: 'The payments that were put against its balance.' })
  paymentApplications(
    @Root() invoice: InvoiceRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PaymentApplication[]> {
    return edgeList(context, 'Invoice.paymentApplications', invoice.id, info);
  }

  @FieldResolver(() => [CreditMemoApplication], { description: 'The credit memos that were put against its balance.' })
  creditMemoApplications(
    @Root() invoice: InvoiceRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreditMemoApplication[]> {
    return edgeList(context, 'Invoice.creditMemoApplications', invoice.id, info);
  }

  @FieldResolver(() => [DocumentActionState], {
    description:
      'One entry for each act there is for invoices, judged for this caller and this invoice as it is. Ask here instead of knowing the rules.',
  })
  allowedActions(@Root() invoice: InvoiceRow, @Ctx() context: GraphContext): Promise<DocumentActionState[]> {
    return invoiceActions(invoice, context);
  }

  @FieldResolver(() => [InvoiceOffset], {
    description: 'The negative invoices that reduced it; of a negative one, the invoices that it reduced.',
  })
  offsets(
    @Root() invoice: InvoiceRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<InvoiceOffset[]> {
    return edgeList(context, 'Invoice.offsets', invoice.id, info);
  }
}

@Resolver(() => InvoiceOffset)
export class InvoiceOffsetResolver {
  @FieldResolver(() => Invoice, { description: 'The invoice that was reduced.' })
  invoice(
    @Root() offset: InvoiceOffsetRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Invoice> {
    return context.follow('InvoiceOffset.invoice', offset.invoiceId, info);
  }

  @FieldResolver(() => Invoice, { description: 'The negative invoice that reduced it.' })
  negativeInvoice(
    @Root() offset: InvoiceOffsetRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Invoice> {
    return context.follow('InvoiceOffset.negativeInvoice', offset.negativeInvoiceId, info);
  }
}

@Resolver(() => InvoiceItem)
export class InvoiceItemResolver {
  @FieldResolver(() => Invoice, { description: 'The invoice it stands on.' })
  invoice(
    @Root() item: InvoiceItemRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Invoice> {
    return context.follow('InvoiceItem.invoice', item.invoiceId, info);
  }

  @FieldResolver(() => OrderLineItem, { description: 'The line item it charges for.' })
  orderLineItem(
    @Root() item: InvoiceItemRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<OrderLineItem> {
    return context.follow('InvoiceItem.orderLineItem', item.orderLineItemId, info);
  }

  @FieldResolver(() => Fulfillment, {
    nullable: true,
    description: 'The fulfillment it charges for; null for a line item without.',
  })
  fulfillment(
    @Root() item: InvoiceItemRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Fulfillment> | null {
    return item.fulfillmentId ? context.follow('InvoiceItem.fulfillment', item.fulfillmentId, info) : null;
  }
}
