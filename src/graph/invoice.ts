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
  InterfaceType,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import type { InvoiceStatus } from '../domain/invoice';
import type { TaxMode } from '../domain/price';
import { InvoiceItemRow, InvoiceRow } from '../store/invoice';
import { Account } from './account';
import { type Connection, connectionType, edgeConnection, edgeList, PageArgs, rootConnection } from './connections';
import type { GraphContext } from './context';
import { InvoiceOrderFieldEnum, InvoiceStatusEnum, OrderDirectionEnum, TaxModeEnum } from './enums';
import { DateFilter, DateTimeFilter, IDFilter, StringFilter } from './filters';
import { Fulfillment } from './fulfillment';
import { type HistoryEntry, HistoryEntryConnection } from './history';
import { Audited, Node } from './node';
import { OrderLineItem } from './order-line-item';
import { PaymentApplication } from './payment';
import { DateScalar, DecimalScalar } from './scalars';

@InterfaceType({
  implements: Node,
  description: 'A document that bills or credits an account.',
  resolveType: (value: { __typename: string }) => value.__typename,
})
export abstract class BillingDocument extends Node {
  @Field(() => String, { description: 'Its business number.' }) documentNumber: string;
  @Field(() => Account, { description: 'The account it is made out to.' }) account: unknown;
  @Field(() => DateScalar, { description: 'The date printed on it.' }) documentDate: string;
  @Field(() => DateScalar, { nullable: true, description: 'It bills what was due up to this day.' }) targetDate:
    | string
    | null;
  @Field(() => String, { description: 'ISO 4217 code of its amounts.' }) currency: string;
  @Field(() => DecimalScalar, { description: 'Its total, tax included.' }) amount: string;
  @Field(() => DecimalScalar, { description: 'Its total before tax.' }) amountWithoutTax: string;
  @Field(() => DecimalScalar, { description: 'Its tax.' }) taxAmount: string;
}

@ObjectType({ implements: [Node, BillingDocument], description: 'What an account owes.', simpleResolvers: true })
export class Invoice extends Audited {
  @Field(() => String, { description: 'Its business number, such as INV00000001.' }) invoiceNumber: string;
  @Field(() => DateScalar, { description: 'The date printed on it; the payment term counts from it.' })
  invoiceDate: string;
  @Field(() => DateScalar, { description: 'invoiceDate and the payment term.' }) dueDate: string;
  @Field(() => DateScalar, { nullable: true, description: 'It bills what was due up to this day.' }) targetDate:
    | string
    | null;
  @Field(() => DateScalar, { nullable: true, description: 'The day it was posted (UTC); null on a draft.' })
  postedDate: string | null;
  @Field(() => InvoiceStatusEnum, { description: 'Where it stands.' }) status: InvoiceStatus;
  @Field(() => String, { description: 'ISO 4217 code of its amounts.' }) currency: string;
  @Field(() => DecimalScalar, { description: 'The sum of its items, tax included.' }) amount: string;
  @Field(() => DecimalScalar, { description: 'The sum of its items before tax.' }) amountWithoutTax: string;
  @Field(() => DecimalScalar, { description: 'The sum of the tax of its items.' }) taxAmount: string;
  @Field(() => DecimalScalar, { description: 'What is still owed: amount less payments and credits.' }) balance: string;
  @Field(() => String, { description: 'API (billed in a mutation or REST request) or BillRun.' }) source: string;
  @Field(() => Boolean, { description: 'Whether it was reversed by a credit memo for its full amount.' })
  reversed: boolean;
}

@ObjectType({
  implements: Node,
  description: 'What is charged for one fulfillment or line item.',
  simpleResolvers: true,
})
export class InvoiceItem extends Node {
  @Field(() => String, { description: 'The name of the line item.' }) chargeName: string;
  @Field(() => DecimalScalar, { description: 'How much is charged for.' }) quantity: string;
  @Field(() => DecimalScalar, { description: 'amountPerUnit of the line item, never rounded.' }) unitPrice: string;
  @Field(() => String, { nullable: true, description: 'The unit that quantity counts.' }) unitOfMeasure: string | null;
  @Field(() => DecimalScalar, {
    description:
      'unitPrice x quantity before tax, rounded to the decimals of the currency. Source: Zuora, "Data type rounding rules".',
  })
  chargeAmount: string;
  @Field(() => DecimalScalar, { description: 'Its tax.' }) taxAmount: string;
  @Field(() => TaxModeEnum, { nullable: true, description: 'Whether the price included tax.' }) taxMode: TaxMode | null;
  @Field(() => DecimalScalar, { nullable: true, description: 'The tax rate when it was billed; 0.1 is 10 %.' })
  taxRate: string | null;
  @Field(() => DateScalar, { nullable: true, description: 'The fulfillmentDate, or the start of the transaction.' })
  serviceStartDate: string | null;
  @Field(() => DateScalar, { nullable: true, description: 'The fulfillmentDate, or the end of the transaction.' })
  serviceEndDate: string | null;
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
  @Field(() => Boolean, { nullable: true, description: 'True: a balance other than 0. False: none.' })
  hasBalance?: boolean;
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

  @FieldResolver(() => Account, { description: 'The account that owes it.' })
  account(
    @Root() invoice: InvoiceRow,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Account> {
    return context.follow('Invoice.account', invoice.accountId, info);
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
