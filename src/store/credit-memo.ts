import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { CreditMemoStatus } from '../domain/credit-memo';
import { AccountRow } from './account';
import { byCodePoints } from './audited';
import { BillRunRow } from './bill-run';
import { BillingDocumentItemRow, BillingDocumentRow } from './billing-document-row';
import { FulfillmentRow } from './fulfillment';
import { InvoiceRow } from './invoice';
import { OrderLineItemRow } from './order-line-item';
import { bit, by, day, equals, id, instant, isSet, text } from './query/filter';
import { asMade, auditSorts, list } from './query/list';

@Entity('credit_memo')
@Unique(['entityId', 'creditMemoNumber'])
@Index(['entityId', 'updatedDate', 'id'])
@Index(['accountId', 'updatedDate', 'id'])
@Index(['billRunId', 'updatedDate', 'id'])
@Index(['entityId', 'createdDate', 'id'])
@Index(['entityId', 'creditMemoDate', 'id'])
@Index('credit_memo_kind', { synchronize: false })
@Index('credit_memo_past', { synchronize: false })
@Unique(['entityId', 'reversedInvoiceId'])
@Index(['sisterInvoiceId'])
@ForeignKey(() => AccountRow, ['entityId', 'accountId'], ['entityId', 'id'])
@ForeignKey(() => BillRunRow, ['entityId', 'billRunId'], ['entityId', 'id'])
@ForeignKey(() => InvoiceRow, ['entityId', 'reversedInvoiceId'], ['entityId', 'id'])
@ForeignKey(() => InvoiceRow, ['entityId', 'sisterInvoiceId'], ['entityId', 'id'])
@Check('credit_memo_sum', 'amount = amount_without_tax + tax_amount')
@Check('credit_memo_used', 'applied_amount >= 0 and refund_amount >= 0 and applied_amount + refund_amount <= amount')
export class CreditMemoRow extends BillingDocumentRow {
  @Column(byCodePoints) creditMemoNumber: string;
  @Column('enum', { enum: ['Draft', 'Posted', 'Canceled'], enumName: 'credit_memo_status' }) status: CreditMemoStatus;
  @Column('date') creditMemoDate: string;
  /** The part applied to invoices. */
  @Column('numeric') appliedAmount: string;
  /** The part that was refunded. */
  @Column('numeric') refundAmount: string;
  @Column('text', { nullable: true }) reasonCode: string | null;
  /**
   * The invoice that the same billing operation made of the other part of the same group. Both are posted and canceled
   * together.
   */
  @Column('uuid', { nullable: true }) sisterInvoiceId: string | null;
  /** The invoice that this credit memo reverses in full. */
  @Column('uuid', { nullable: true }) reversedInvoiceId: string | null;
}

@Entity('credit_memo_item')
@Index(['entityId', 'creditMemoId', 'id'])
@Index(['entityId', 'orderLineItemId', 'id'])
@Index(['entityId', 'fulfillmentId', 'id'])
@ForeignKey(() => CreditMemoRow, ['entityId', 'creditMemoId'], ['entityId', 'id'])
@ForeignKey(() => OrderLineItemRow, ['entityId', 'orderLineItemId'], ['entityId', 'id'])
@ForeignKey(() => FulfillmentRow, ['entityId', 'fulfillmentId'], ['entityId', 'id'])
export class CreditMemoItemRow extends BillingDocumentItemRow {
  @Column('uuid') creditMemoId: string;
  /** The credited amount: above 0 for a return, below 0 for a sale that a net-negative rule puts here. */
  @Column('numeric') amountWithoutTax: string;
}

/** The part of a credit memo that is applied to an invoice. */
@Entity('credit_memo_application')
@Unique(['entityId', 'creditMemoId', 'invoiceId'])
@Index(['entityId', 'invoiceId', 'id'])
@ForeignKey(() => CreditMemoRow, ['entityId', 'creditMemoId'], ['entityId', 'id'])
@ForeignKey(() => InvoiceRow, ['entityId', 'invoiceId'], ['entityId', 'id'])
@Check('credit_memo_application_amount', 'amount > 0')
export class CreditMemoApplicationRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') orgId: string;
  @Column('uuid') creditMemoId: string;
  @Column('uuid') invoiceId: string;
  @Column('text') currency: string;
  @Column('numeric') amount: string;
  @Column('timestamp with time zone', { precision: 3 }) appliedDate: string;
}

/** Applications come in the order of their creation. */
export const creditMemoApplications = list(CreditMemoApplicationRow, asMade);

export const creditMemos = list(CreditMemoRow, {
  filters: {
    id: id('id'),
    creditMemoNumber: text('creditMemoNumber'),
    accountId: id('accountId'),
    status: equals('status'),
    creditMemoDate: day('creditMemoDate'),
    hasUnapplied: by('holds', isSet(bit("t.amount > t.applied_amount + t.refund_amount and t.status <> 'Canceled'"))),
    billRunId: id('billRunId'),
    updatedDate: instant('updatedDate'),
  },
  sorts: { ...auditSorts, creditMemoDate: true, creditMemoNumber: true },
});

/** Items come in the order in which they were added to the document. */
export const creditMemoItems = list(CreditMemoItemRow, asMade);
