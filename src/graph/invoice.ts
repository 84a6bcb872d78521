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
import { InvoiceRow } from '../store/invoice';
import * as shared from './arguments';
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
  description:
    'What an account owes for what was sent to billing; below 0 where returns are negative items, without invoice settlement. Those charges come together that agree in account, currency, payment term and invoice group number, at most 20,000 of them. Source: Zuora, "Billing documents generation for order line items and fulfillments".',
  simpleResolvers: true,
})
export class Invoice extends Document {
  @Field(() => String, {
    description:
      'Its business number, such as INV00000001; unique in the entity, and never changes. Numbers may have gaps.',
  })
  invoiceNumber: string;
  @Field(() => DateScalar, { description: 'The day printed on it; the payment term counts from it.' })
  invoiceDate: string;
  @Field(() => DateScalar, {
    description: 'The day until which it is to be paid: invoiceDate and as many days as the payment term says.',
  })
  dueDate: string;
  @Field(() => InvoiceStatusEnum, {
    description: 'Whether it is a draft, owed or withdrawn; allowedActions says what can follow.',
  })
  status: InvoiceStatus;
  @Field(() => DecimalScalar, {
    description:
      'amount less payments, credits and offsets, in the currency: what is owed while it is Posted. 0 once it is Canceled.',
  })
  balance: string;
  @Field(() => Boolean, {
    description: 'Whether a credit memo for its full amount has taken it back; it owes nothing then.',
  })
  reversed: boolean;
}

@ObjectType({
  implements: Node,
  description: 'What is charged for one fulfillment, or for one line item without fulfillments.',
  simpleResolvers: true,
})
export class InvoiceItem extends DocumentItem {
  @Field(() => DecimalScalar, {
    description:
      'unitPrice x quantity before tax, rounded to the decimals of the currency. Of a return it is 0 or less, and at most what is left of the bill of its sale: the last one takes the remainder. Source: Zuora, "Data type rounding rules".',
  })
  chargeAmount: string;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The fulfillmentDate, or transactionStartDate of a line item without fulfillments.',
  })
  serviceStartDate: string | null;
  @Field(() => DateScalar, {
    nullable: true,
    description: 'The fulfillmentDate, or transactionEndDate of a line item without fulfillments.',
  })
  serviceEndDate: string | null;
  @Field(() => Invoice, { description: 'Which document it stands on; never changes.' })
  invoice?: Invoice;
  @Field(() => OrderLineItem, { description: 'What it charges for; on a negative item, the return.' })
  orderLineItem?: OrderLineItem;
  @Field(() => Fulfillment, {
    nullable: true,
    description: 'Which delivery, or receipt, it charges for; null for a line item without fulfillments.',
  })
  fulfillment?: Fulfillment | null;
}

@ObjectType({
  implements: Node,
  description: 'The part of a negative invoice that reduced another one, where invoice settlement is off.',
  simpleResolvers: true,
})
export class InvoiceOffset extends Node {
  @Field(() => DecimalScalar, {
    description: 'By how much both balances have come closer to 0, in their currency; above 0.',
  })
  amount: string;
  @Field(() => DateTimeScalar, { description: 'When it was set off: as a payment was collected.' }) appliedDate: string;
  @Field(() => Invoice, { description: 'The one that owes less by it.' })
  invoice?: Invoice;
  @Field(() => Invoice, { description: 'The one below 0 that reduced it.' })
  negativeInvoice?: Invoice;
}

export const InvoiceConnection = connectionType(Invoice, 'Invoice');
export const InvoiceItemConnection = connectionType(InvoiceItem, 'InvoiceItem');

@InputType({ description: 'Conditions on invoices. All that are given must hold, and none may be null.' })
export class InvoiceFilter {
  @Field(() => IDFilter, { nullable: true, description: 'Only those whose id meets these conditions.' })
  id?: IDFilter;
  @Field(() => StringFilter, { nullable: true, description: 'Only those whose invoiceNumber meets these conditions.' })
  invoiceNumber?: StringFilter;
  @Field(() => IDFilter, { nullable: true, description: 'Only those of accounts whose id meets these conditions.' })
  accountId?: IDFilter;
  @Field(() => InvoiceStatusEnum, {
    nullable: true,
    description: 'Only drafts, only what is posted, or only what was canceled.',
  })
  status?: InvoiceStatus;
  @Field(() => DateFilter, { nullable: true, description: 'Only those whose invoiceDate meets these conditions.' })
  invoiceDate?: DateFilter;
  @Field(() => DateFilter, { nullable: true, description: 'Only those whose dueDate meets these conditions.' })
  dueDate?: DateFilter;
  @Field(() => DecimalFilter, {
    nullable: true,
    description: 'Only those whose total, tax included, meets these conditions; it is below 0 on a negative invoice.',
  })
  amount?: DecimalFilter;
  @Field(() => DecimalFilter, {
    nullable: true,
    description: 'Only those of which what is still owed meets these conditions, whatever the status.',
  })
  balance?: DecimalFilter;
  @Field(() => Boolean, {
    nullable: true,
    description: 'True: their balance is other than 0, so they are not Canceled. False: it is 0.',
  })
  hasBalance?: boolean;
  @Field(() => IDFilter, {
    nullable: true,
    description: 'Only those that a bill run made whose id meets these conditions.',
  })
  billRunId?: IDFilter;
  @Field(() => String, { nullable: true, description: 'Only those that came from here: API or BillRun.' })
  source?: string;
  @Field(() => Boolean, {
    nullable: true,
    description: 'True: taken back whole by a credit memo. False: not.',
  })
  reversed?: boolean;
  @Field(() => DateTimeFilter, {
    nullable: true,
    description: 'Only those last changed in this span of time: what is new since the last look.',
  })
  updatedDate?: DateTimeFilter;
}

@InputType({ description: 'How invoices are sorted; ties are broken by id.' })
export class InvoiceOrder {
  @Field(() => InvoiceOrderFieldEnum, { description: 'What they are sorted by; ties are broken by id.' })
  field: keyof typeof InvoiceOrderFieldEnum;
  @Field(() => OrderDirectionEnum, {
    defaultValue: 'DESC',
    description: 'Whether the smallest or the largest comes first.',
  })
  direction: 'ASC' | 'DESC';
}

@ArgsType()
export class InvoicePageArgs extends PageArgs {
  @Field(() => InvoiceFilter, {
    nullable: true,
    description: 'Which of them; all that the caller sees where absent.',
  })
  filter?: InvoiceFilter;
  @Field(() => InvoiceOrder, {
    nullable: true,
    description: 'What they are sorted by; the last changed comes first where absent.',
  })
  orderBy?: InvoiceOrder;
}

@Resolver(() => Invoice)
export class InvoiceResolver {
  @Query(() => Invoice, {
    nullable: true,
    description: 'The invoice that an id or invoice number names; null where the caller sees none.',
  })
  @Extensions({ scope: 'read' })
  invoice(
    @Arg('key', () => ID, shared.key('invoice number')) key: string,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Invoice | null> {
    return context.find('invoice', key, info);
  }

  @Query(() => InvoiceConnection, {
    nullable: true,
    description: 'The invoices that the caller sees, the last changed first where no order is asked for.',
  })
  @Extensions({ scope: 'read' })
  invoices(
    @Args(() => InvoicePageArgs) args: InvoicePageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Invoice> {
    return rootConnection(context, 'invoice', args, info);
  }

  @FieldResolver(() => String, { description: 'Its invoiceNumber, under the name that all documents share.' })
  documentNumber(@Root() invoice: InvoiceRow): string {
    return invoice.invoiceNumber;
  }

  @FieldResolver(() => DateScalar, { description: 'Its invoiceDate, under the name that all documents share.' })
  documentDate(@Root() invoice: InvoiceRow): string {
    return invoice.invoiceDate;
  }

  @FieldResolver(() => InvoiceItemConnection, {
    description: 'What it charges, line by line, in the order of the document.',
  })
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
    description: 'Which run made it; null where a request did, or where the caller does not see the run.',
  })
  async billRun(
    @Root() invoice: InvoiceRow,
    @Ctx() { loaders }: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BillRun | null> {
    if (invoice.billRunId === null) return null;
    return (await loaders.row('billRun', columnsOf('billRun', selectedFields(info)), invoice.billRunId)) ?? null;
  }

  @FieldResolver(() => HistoryEntryConnection, { description: 'Every change of it, the oldest first.' })
  history(
    @Root() invoice: InvoiceRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<HistoryEntry> {
    return edgeConnection(context, 'Invoice.history', invoice.id, args, info);
  }

  @FieldResolver(() => [PaymentApplication], {
    description: 'What was paid of it, payment by payment, less what was refunded.',
  })
  paymentApplications(
    @Root() invoice: InvoiceRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PaymentApplication[]> {
    return edgeList(context, 'Invoice.paymentApplications', invoice.id, info);
  }

  @FieldResolver(() => [CreditMemoApplication], {
    description: 'What was taken off its balance by credits, memo by memo.',
  })
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
    description: 'What negative invoices have reduced it by; on a negative one, what it has reduced others by.',
  })
  offsets(
    @Root() invoice: InvoiceRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<InvoiceOffset[]> {
    return edgeList(context, 'Invoice.offsets', invoice.id, info);
  }
}
