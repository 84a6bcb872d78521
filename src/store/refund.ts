import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { RefundStatus } from '../domain/payment';
import { PaymentRow } from './payment';

/**
 * Money paid back of a payment. It is committed as Processing before the gateway is asked, under its id as the key: a
 * crash in between leaves it to the sweep, and asking again pays nothing twice.
 */
@Entity('refund')
@Index(['paymentId', 'id'])
@Index('refund_open', { synchronize: false })
@ForeignKey(() => PaymentRow, ['paymentId', 'entityId'], ['id', 'entityId'])
@Check('refund_amount', 'amount > 0')
export class RefundRow {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') entityId: string;
  @Column('uuid') orgId: string;
  @Column('uuid') paymentId: string;
  @Column('numeric') amount: string;
  @Column('text') currency: string;
  @Column('enum', { enum: ['Processing', 'Processed', 'Error'], enumName: 'refund_status' }) status: RefundStatus;
  @Column('uuid') createdById: string;
  @Column('text', { nullable: true }) trackId: string | null;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
}
