import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { InvoicePart, RefundStatus } from '../domain/payment';
import type { Connection } from './connection/connection';
import { PaymentRow } from './payment';
import { type RowKey, selectList, tableOf } from './query/table';

/**
 * Money paid back of a payment. It is committed as Processing before the gateway is asked, under its id as the key: a
 * crash in between leaves it to the sweep, and asking again pays nothing twice.
 */
@Entity('refund')
@Index(['entityId', 'paymentId', 'id'])
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
  /** What it took from invoices that the payment was put against: where it goes back to, should the refund fail. */
  @Column('jsonb', { default: [] }) taken: InvoicePart[];
  @Column('uuid') createdById: string;
  @Column('text', { nullable: true }) trackId: string | null;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
}

/*
 * As with attempts, the statements below go by the refund's key, in the scope of the refund: the sweep works for every entity.
 */

const refundLock = 4904;

/**
 * Refunds of all entities that still wait for their end: a bounded number, drawn anew each time, so that stuck ones hide
 * no others.
 */
export const openRefundsOfAll = (connection: Connection): Promise<{ id: string; entityId: string; orgId: string }[]> =>
  connection.query(
    `select id, entity_id as "entityId", org_id as "orgId" from refund where status = 'Processing'
     order by random() limit 1000`,
  );

/** Takes a refund for this transaction: undefined where another sweep holds it, or where it has come to its end. */
export async function tryRefund(
  connection: Connection,
  { entityId, id }: RowKey,
): Promise<(RefundRow & { attemptId: string; accountId: string }) | undefined> {
  const [{ held }] = await connection.query<{ held: boolean }>(
    `select pg_try_advisory_xact_lock(hashtextextended($1, ${refundLock})) as held`,
    [id],
  );
  if (!held) return undefined;
  // A later statement: what the lock's last holder wrote is seen only by a snapshot taken after the lock.
  const [refund] = await connection.query<RefundRow & { attemptId: string; accountId: string }>(
    `select ${selectList(tableOf(RefundRow))}, p.attempt_id as "attemptId", p.account_id as "accountId"
     from refund t join payment p on p.entity_id = $1 and p.id = t.payment_id
     where t.entity_id = $1 and t.id = $2 and t.status = 'Processing'`,
    [entityId, id],
  );
  return refund;
}

/** Gives a refund its final status. */
export async function closeRefund(
  connection: Connection,
  { entityId, id }: RowKey,
  status: RefundStatus,
): Promise<void> {
  await connection.query("update refund set status = $3 where entity_id = $1 and id = $2 and status = 'Processing'", [
    entityId,
    id,
    status,
  ]);
}
