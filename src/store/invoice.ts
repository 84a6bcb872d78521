import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { InvoiceStatus } from '../domain/invoice';
import { AccountRow, billing } from './account';
import { byCodePoints } from './audited';
import { BillRunRow } from './bill-run';
import { BillingDocumentItemRow, BillingDocumentRow } from './billing-document-row';
import type { Scoped } from './connection/connection';
import { FulfillmentRow } from './fulfillment';
import { OrderLineItemRow } from './order-line-item';
import { by, day, equals, holds, id, instant, isTrue, number, text } from './query/filter';
import { asMade, auditSorts, list } from './query/list';
import { selectList, tableOf } from './query/table';

@Entity('invoice')
@Unique(['entityId', 'invoiceNumber'])
@Index(['entityId', 'updatedDate', 'id'])
@Index(['accountId', 'updatedDate', 'id'])
@Index(['billRunId', 'updatedDate', 'id'])
@Index(['entityId', 'createdDate', 'id'])
@Index(['entityId', 'invoiceDate', 'id'])
@Index(['entityId', 'dueDate', 'id'])
@Index(['entityId', 'amount', 'id'])
@Index(['entityId', 'balance', 'id'])
@Index(['entityId', 'orgId', 'status', 'source', 'reversed'])
@Index('invoice_negative', { synchronize: false })
@Index('invoice_past', { synchronize: false })
@ForeignKey(() => AccountRow, ['entityId', 'accountId'], ['entityId', 'id'])
@ForeignKey(() => BillRunRow, ['entityId', 'billRunId'], ['entityId', 'id'])
@Check('invoice_sum', 'amount = amount_without_tax + tax_amount')
export class InvoiceRow extends BillingDocumentRow {
  @Column(byCodePoints) invoiceNumber: string;
  @Column('enum', { enum: ['Draft', 'Posted', 'Canceled'], enumName: 'invoice_status' }) status: InvoiceStatus;
  @Column('date') invoiceDate: string;
  @Column('date') dueDate: string;
  @Column('text') paymentTerm: string;
  @Column('numeric') balance: string;
  @Column('boolean') reversed: boolean;
}

@Entity('invoice_item')
@Index(['entityId', 'invoiceId', 'id'])
@Index(['entityId', 'orderLineItemId', 'id'])
@Index(['entityId', 'fulfillmentId', 'id'])
@ForeignKey(() => InvoiceRow, ['entityId', 'invoiceId'], ['entityId', 'id'])
@ForeignKey(() => OrderLineItemRow, ['entityId', 'orderLineItemId'], ['entityId', 'id'])
@ForeignKey(() => FulfillmentRow, ['entityId', 'fulfillmentId'], ['entityId', 'id'])
export class InvoiceItemRow extends BillingDocumentItemRow {
  @Column('uuid') invoiceId: string;
  /** Excludes tax, in every tax mode. */
  @Column('numeric') chargeAmount: string;
}

/**
 * The part of a negative invoice that is applied to another invoice, in an entity without invoice settlement.
 * Collecting a payment deducts it first.
 */
@Entity('invoice_offset')
@Index(['entityId', 'invoiceId', 'id'])
@Index(['entityId', 'negativeInvoiceId', 'id'])
@ForeignKey(() => InvoiceRow, ['entityId', 'invoiceId'], ['entityId', 'id'])
@ForeignKey(() => InvoiceRow, ['entityId', 'negativeInvoiceId'], ['entityId', 'id'])
@Check('invoice_offset_amount', 'amount > 0')
export class InvoiceOffsetRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') orgId: string;
  @Column('uuid') negativeInvoiceId: string;
  @Column('uuid') invoiceId: string;
  @Column('text') currency: string;
  @Column('numeric') amount: string;
  @Column('timestamp with time zone', { precision: 3 }) appliedDate: string;
}

export const invoices = list(InvoiceRow, {
  filters: {
    id: id('id'),
    invoiceNumber: text('invoiceNumber'),
    accountId: id('accountId'),
    status: equals('status'),
    invoiceDate: day('invoiceDate'),
    dueDate: day('dueDate'),
    amount: number('amount'),
    balance: number('balance'),
    // Two ranges can use an index; "<>" cannot.
    hasBalance: by('holds', isTrue('t.balance < 0 or t.balance > 0')),
    source: equals('source'),
    reversed: holds('reversed'),
    billRunId: id('billRunId'),
    updatedDate: instant('updatedDate'),
  },
  sorts: { ...auditSorts, invoiceDate: true, dueDate: true, amount: true, balance: true, invoiceNumber: true },
});

/** Items come in the order in which they were added to the document. */
export const invoiceItems = list(InvoiceItemRow, asMade);

/** Offsets come in the order of their creation. */
export const invoiceOffsets = list(InvoiceOffsetRow, asMade);

/** The credit of accounts on negative invoices, above 0, in each currency. */
export function negativeCredit(
  scoped: Scoped,
  accountIds: readonly string[],
): Promise<{ accountId: string; currency: string; credit: string }[]> {
  return scoped.query(
    `select account_id as "accountId", currency, -sum(balance) as credit from invoice
     where entity_id = $1 and org_id = any($2) and account_id = any($3) and balance < 0 and status = 'Posted'
     group by account_id, currency`,
    [accountIds],
  );
}

/** SQL: the same of one account without a payment method, as JSON by currency; null if it has one. */
export const creditByCurrency = (accountId: string): string =>
  `case when (select payment_method_token is null from account where entity_id = $1 and id = ${accountId}) then (
     select coalesce(json_object_agg(c.currency, c.credit), '{}')::text from (
       select n.currency, trim_scale(-sum(n.balance))::text as credit from invoice n
       where n.entity_id = $1 and n.org_id = any($2) and n.account_id = ${accountId} and n.balance < 0 and n.status = 'Posted'
       group by n.currency) c) else 'null' end`;

/** Locks the negative invoices that hold credit of accounts. The accounts' billing locks are held. */
export function lockNegativeInvoices(scoped: Scoped, accountIds: readonly string[]): Promise<InvoiceRow[]> {
  return scoped.lock<InvoiceRow>(
    billing,
    accountIds,
    `select ${selectList(tableOf(InvoiceRow))} from invoice t
     where t.entity_id = $1 and t.org_id = any($2) and t.account_id = any($3) and t.balance < 0 and t.status = 'Posted'
     order by t.id for no key update`,
    [accountIds],
  );
}
