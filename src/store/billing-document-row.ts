import { Column, PrimaryColumn } from 'typeorm';
import type { TaxMode } from '../domain/price';
import { Audited } from './audited';

/** The columns that invoices and credit memos share. */
export abstract class BillingDocumentRow extends Audited {
  @Column('uuid') accountId: string;
  @Column('date', { nullable: true }) targetDate: string | null;
  @Column('date', { nullable: true }) postedDate: string | null;
  @Column('text') currency: string;
  @Column('text', { nullable: true }) invoiceGroupNumber: string | null;
  @Column('numeric') amount: string;
  @Column('numeric') amountWithoutTax: string;
  @Column('numeric') taxAmount: string;
  /** The origin of the document: API (runBilling, a reversal) or BillRun. */
  @Column('text') source: string;
  @Column('uuid', { nullable: true }) billRunId: string | null;
}

/** The columns that invoice items and credit memo items share. */
export abstract class BillingDocumentItemRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') orgId: string;
  @Column('uuid') orderLineItemId: string;
  @Column('uuid', { nullable: true }) fulfillmentId: string | null;
  @Column('text') chargeName: string;
  @Column('text') currency: string;
  @Column('numeric') quantity: string;
  @Column('numeric') unitPrice: string;
  @Column('text', { nullable: true }) unitOfMeasure: string | null;
  @Column('numeric') taxAmount: string;
  @Column('enum', { enum: ['TaxInclusive', 'TaxExclusive'], enumName: 'tax_mode', nullable: true })
  taxMode: TaxMode | null;
  @Column('text', { nullable: true }) taxCode: string | null;
  @Column('numeric', { nullable: true }) taxRate: string | null;
  @Column('date', { nullable: true }) serviceStartDate: string | null;
  @Column('date', { nullable: true }) serviceEndDate: string | null;
  @Column('text', { nullable: true }) productCode: string | null;
  @Column('text', { nullable: true }) purchaseOrderNumber: string | null;
}
