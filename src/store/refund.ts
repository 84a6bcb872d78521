import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { InvoicePart, RefundStatus } from '../domain/payment';
import type { Connection } from './connection/connection';
import { PaymentRow } from './payment';
import { type RowKey, selectList, tableOf } from './query/table';

/**
 * Money of a payment that is paid back. The refund is committed as Processing before the gateway is called, with its id
 * as the idempotency key. After a crash in between, the sweep calls the gateway again, which pays nothing twice.
 */
@Entity('refund')
@Index(['entityId', 'paymentId', 'id'])
@Index(['entityId', 'providerRefundId'], { unique: true })
@Index('refund_open', { synchronize: false })
@ForeignKey(() => PaymentRow, ['entityId', 'paymentId'], ['entityId', 'id'])
@Check('refund_amount', 'amount > 0')
export class RefundRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') orgId: string;
  @Column('uuid') paymentId: string;
  @Column('numeric') amount: string;
  @Column('text') currency: string;
  @Column('enum', { enum: ['Processing', 'Processed', 'Error'], enumName: 'refund_status' }) status: RefundStatus;
  /**
   * Amounts taken from invoices that the payment was applied to. They go back to these invoices if the refund fails.
   */
  @Column('jsonb', { default: [] }) taken: InvoicePart[];
  /** The provider's id of a refund that was made there; null for a refund that a client of ours asked for. */
  @Column('text', { nullable: true }) providerRefundId: string | null;
  @Column('uuid') createdById: string;
  @Column('text', { nullable: true }) trackId: string | null;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
}

/*
 * As with attempts, the statements below use the refund's key. Their transaction already has the scope of the refund:
 * the sweep works for every entity.
 */

const refundLock = 4904;

/** Open refunds of all entities: a bounded number, drawn at random each time, so that stuck refunds hide no others. */
export const openRefundsOfAll = (connection: Connection): Promise<{ id: string; entityId: string; orgId: string }[]> =>
  connection.query(
    `select id, entity_id as "entityId", org_id as "orgId" from refund where status = 'Processing'
     order by random() limit 1000`,
  );

/** Locks a refund for this transaction. Undefined if another sweep holds it, or if it is no longer Processing. */
export async function tryRefund(
  connection: Connection,
  { entityId, id }: RowKey,
): Promise<(RefundRow & { attemptId: string; accountId: string }) | undefined> {
  const [{ held }] = await connection.query<{ held: boolean }>(
    `select pg_try_advisory_xact_lock(hashtextextended($1, ${refundLock})) as held`,
    [id],
  );
  if (!held) return undefined;
  // A separate statement: only a snapshot taken after the lock sees the writes of the lock's last holder.
  const [refund] = await connection.query<RefundRow & { attemptId: string; accountId: string }>(
    `select ${selectList(tableOf(RefundRow))}, p.attempt_id as "attemptId", p.account_id as "accountId"
     from refund t join payment p on p.entity_id = $1 and p.id = t.payment_id
     where t.entity_id = $1 and t.id = $2 and t.status = 'Processing'`,
    [entityId, id],
  );
  return refund;
}

/** Gives a refund its final status. A Processed refund can still become an Error: the money came back. */
export async function closeRefund(
  connection: Connection,
  { entityId, id }: RowKey,
  status: RefundStatus,
): Promise<void> {
  await connection.query("update refund set status = $3 where entity_id = $1 and id = $2 and status <> 'Error'", [
    entityId,
    id,
    status,
  ]);
}
