import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { PaymentAttemptStatus, PaymentStatus } from '../domain/payment';
import type { DisputeStatus } from '../domain/reconciliation';
import { AccountRow } from './account';
import { Audited, byCodePoints } from './audited';
import { InvoiceRow } from './invoice';
import { day, equals, id, instant, text } from './query/filter';
import { asMade, auditSorts, list } from './query/list';

@Entity('payment')
@Unique(['entityId', 'paymentNumber'])
@Unique(['entityId', 'attemptId'])
@Index(['entityId', 'updatedDate', 'id'])
@Index(['accountId', 'updatedDate', 'id'])
@Index(['entityId', 'createdDate', 'id'])
@Index(['entityId', 'effectiveDate', 'id'])
@Index(['entityId', 'orgId', 'status'])
@Index(['entityId', 'orgId', 'disputeStatus'])
@ForeignKey(() => AccountRow, ['entityId', 'accountId'], ['entityId', 'id'])
@Check('payment_amount', 'amount > 0')
@Check('payment_dispute', '(dispute_status is null) = (dispute_amount is null)')
export class PaymentRow extends Audited {
  @Column('uuid') accountId: string;
  @Column(byCodePoints) paymentNumber: string;
  @Column('enum', {
    enum: ['Processing', 'Processed', 'Error', 'Voided', 'Refunded'],
    enumName: 'payment_status',
  })
  status: PaymentStatus;
  @Column('numeric') amount: string;
  @Column('numeric') appliedAmount: string;
  @Column('numeric') refundAmount: string;
  @Column('text') currency: string;
  @Column('date') effectiveDate: string;
  /**
   * The attempt whose id is the gateway's key for this payment. No foreign key: another connection writes the attempt.
   */
  @Column('uuid') attemptId: string;
  /** The latest dispute at the payment provider. */
  @Column('enum', {
    enum: ['Inquiry', 'InquiryClosed', 'NeedsResponse', 'UnderReview', 'Won', 'Lost', 'Prevented'],
    enumName: 'payment_dispute_status',
    nullable: true,
  })
  disputeStatus: DisputeStatus | null;
  @Column('numeric', { nullable: true }) disputeAmount: string | null;
  @Column('boolean', { default: false }) disputeWithdrawn: boolean;
}

@Entity('payment_application')
@Index(['entityId', 'paymentId', 'id'])
@Index(['entityId', 'invoiceId', 'id'])
@ForeignKey(() => PaymentRow, ['entityId', 'paymentId'], ['entityId', 'id'])
@ForeignKey(() => InvoiceRow, ['entityId', 'invoiceId'], ['entityId', 'id'])
@Check('payment_application_amount', 'amount > 0')
export class PaymentApplicationRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') orgId: string;
  @Column('uuid') paymentId: string;
  @Column('uuid') invoiceId: string;
  @Column('text') currency: string;
  @Column('numeric') amount: string;
  @Column('timestamp with time zone', { precision: 3 }) appliedDate: string;
}

/**
 * A request to the payment gateway, sent or about to be sent. It is committed on a connection of its own before the
 * gateway is called, so it survives any rollback. Its id is the idempotency key at the gateway.
 */
@Entity('payment_attempt')
@Index('payment_attempt_open', { synchronize: false })
@ForeignKey(() => AccountRow, ['entityId', 'accountId'], ['entityId', 'id'])
export class PaymentAttemptRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') orgId: string;
  @Column('uuid') accountId: string;
  @Column('numeric') amount: string;
  @Column('text') currency: string;
  @Column('enum', {
    enum: ['Open', 'Declined', 'Voided', 'Captured', 'Failed'],
    enumName: 'payment_attempt_status',
  })
  status: PaymentAttemptStatus;
  @Column('text', { nullable: true }) message: string | null;
  @Column('uuid') createdById: string;
  @Column('text', { nullable: true }) trackId: string | null;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
  @Column('timestamp with time zone', { precision: 3 }) updatedDate: string;
}

export const payments = list(PaymentRow, {
  filters: {
    id: id('id'),
    paymentNumber: text('paymentNumber'),
    accountId: id('accountId'),
    status: equals('status'),
    disputeStatus: equals('disputeStatus'),
    effectiveDate: day('effectiveDate'),
    updatedDate: instant('updatedDate'),
  },
  sorts: { ...auditSorts, effectiveDate: true, paymentNumber: true },
});

export const paymentApplications = list(PaymentApplicationRow, asMade);
