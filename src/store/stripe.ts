import type { Pool } from 'pg';
import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { PaymentAttemptStatus } from '../domain/payment';
import type { ChargeBooks } from '../domain/reconciliation';
import { AccountRow } from './account';
import type { Connection } from './connection/connection';
import { transaction } from './connection/lease';
import { PaymentAttemptRow } from './payment';
import type { RowKey } from './query/table';

/**
 * Which PaymentIntent belongs to a payment attempt. An intent is confirmed only after its row is committed. So each intent
 * that has moved money has a row here. A row without an intent is a void that came first: the attempt never gets one.
 */
@Entity('stripe_intent')
@Index(['intentId'])
@Index(['entityId', 'createdDate', 'attemptId'])
@ForeignKey(() => PaymentAttemptRow, ['entityId', 'attemptId'], ['entityId', 'id'])
export class StripeIntentRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') attemptId: string;
  @Column('text', { nullable: true }) intentId: string | null;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
}

/**
 * Which billing account a payment method of Stripe's belongs to, and the customer that it is attached to. The first account
 * that was charged with it keeps it.
 */
@Entity('stripe_payment_method')
@Index(['entityId', 'accountId'])
@ForeignKey(() => AccountRow, ['entityId', 'accountId'], ['entityId', 'id'])
export class StripePaymentMethodRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('text') id: string;
  @Column('uuid') accountId: string;
  @Column('text') customerId: string;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
}

type KeptMethod = Pick<StripePaymentMethodRow, 'accountId' | 'customerId'>;

/** A column of text that an attempt has in the ledger; undefined if the attempt has no row. */
type Found<T> = Promise<T | undefined>;

/**
 * What we know of Stripe beside Stripe. Each call is a transaction of its own, on a connection that no unit of work holds. So
 * the ledger survives the rollback of a unit.
 */
export class StripeLedger {
  constructor(private readonly pool: Pool) {}

  /** The intent of an attempt; null if the attempt was voided before it had one, undefined if nothing is known. */
  intentOf(attempt: RowKey): Found<string | null> {
    return this.within(attempt, (connection) => intentOf(connection, attempt));
  }

  /** Records the intent of an attempt unless the attempt has a row. Returns what is recorded then. */
  record(attempt: RowKey, intentId: string | null): Promise<string | null> {
    return this.within(attempt, async (connection) => {
      await connection.query(
        `insert into stripe_intent (entity_id, attempt_id, intent_id, created_date) values ($1, $2, $3, now())
         on conflict (entity_id, attempt_id) do nothing`,
        [attempt.entityId, attempt.id, intentId],
      );
      return (await intentOf(connection, attempt))!;
    });
  }

  /** The account and the customer of a payment method. */
  method(entityId: string, id: string): Found<KeptMethod> {
    return this.within({ entityId }, (connection) => methodOf(connection, entityId, id));
  }

  /** The customer that the account's payment methods were attached to last. */
  customerOf(entityId: string, accountId: string): Found<string> {
    return this.within({ entityId }, async (connection) => {
      const [row] = await connection.query<{ customerId: string }>(
        `select customer_id as "customerId" from stripe_payment_method where entity_id = $1 and account_id = $2
         order by created_date desc limit 1`,
        [entityId, accountId],
      );
      return row?.customerId;
    });
  }

  /** Keeps a payment method for an account unless it is kept already. Returns what is kept then. */
  keepMethod(entityId: string, id: string, { accountId, customerId }: KeptMethod): Promise<KeptMethod> {
    return this.within({ entityId }, async (connection) => {
      await connection.query(
        `insert into stripe_payment_method (entity_id, id, account_id, customer_id, created_date)
         values ($1, $2, $3, $4, now()) on conflict (entity_id, id) do nothing`,
        [entityId, id, accountId, customerId],
      );
      return (await methodOf(connection, entityId, id))!;
    });
  }

  private within<T>({ entityId }: { entityId: string }, act: (connection: Connection) => Promise<T>): Promise<T> {
    return transaction(this.pool, { entityId, orgIds: [] }, act);
  }
}

async function intentOf(connection: Connection, { entityId, id }: RowKey): Found<string | null> {
  const [row] = await connection.query<{ intentId: string | null }>(
    'select intent_id as "intentId" from stripe_intent where entity_id = $1 and attempt_id = $2',
    [entityId, id],
  );
  return row?.intentId;
}

async function methodOf(connection: Connection, entityId: string, id: string): Found<KeptMethod> {
  const [row] = await connection.query<KeptMethod>(
    `select account_id as "accountId", customer_id as "customerId" from stripe_payment_method
     where entity_id = $1 and id = $2`,
    [entityId, id],
  );
  return row;
}

/** A payment attempt whose PaymentIntent is known, of any entity. */
export interface KnownIntent {
  intentId: string;
  entityId: string;
  id: string;
  orgId: string;
  accountId: string;
  status: PaymentAttemptStatus;
}

/** The attempts of intents, in any order. The connection must see every entity. */
export const attemptsOfIntents = (connection: Connection, intentIds: readonly string[]): Promise<KnownIntent[]> =>
  connection.query(
    `select i.intent_id as "intentId", i.entity_id as "entityId", i.attempt_id as id, a.org_id as "orgId",
       a.account_id as "accountId", a.status
     from stripe_intent i join payment_attempt a on a.entity_id = i.entity_id and a.id = i.attempt_id
     where i.intent_id = any($1)`,
    [intentIds],
  );

/** An intent of a Captured attempt, as a position among all of them. */
export interface CapturedIntent {
  intentId: string;
  createdDate: string;
  attemptId: string;
}

/**
 * Up to 1,000 intents that were made in a period and whose attempts are Captured, in order, behind one of them. `from` is
 * within the period and `to` is not. The connection must see every entity.
 */
export const capturedIntents = (
  connection: Connection,
  entityIds: readonly string[],
  from: Date,
  to: Date,
  after?: CapturedIntent,
): Promise<CapturedIntent[]> =>
  connection.query(
    `select i.intent_id as "intentId", i.created_date as "createdDate", i.attempt_id as "attemptId" from stripe_intent i
     join payment_attempt a on a.entity_id = i.entity_id and a.id = i.attempt_id
     where i.entity_id = any($1) and i.created_date >= $2 and i.created_date < $3 and a.status = 'Captured'
       and ($4::uuid is null or (i.created_date, i.attempt_id) > ($2, $4))
     order by i.created_date, i.attempt_id limit 1000`,
    [entityIds, after?.createdDate ?? from.toISOString(), to.toISOString(), after?.attemptId ?? null],
  );

/** What the books of some entities have on intents. The connection must see every entity. */
export async function booksOfIntents(
  connection: Connection,
  entityIds: readonly string[],
  intentIds: readonly string[],
): Promise<Map<string, ChargeBooks>> {
  const rows = await connection.query<ChargeBooks & { intentId: string }>(
    `select i.intent_id as "intentId",
       json_build_object('id', replace(a.id::text, '-', ''), 'status', a.status, 'amount', trim_scale(a.amount)::text,
         'currency', a.currency) as attempt,
       case when p.id is not null then json_build_object('status', p.status, 'amount', trim_scale(p.amount)::text,
         'refundAmount', trim_scale(p.refund_amount)::text, 'disputeStatus', p.dispute_status,
         'disputeAmount', trim_scale(p.dispute_amount)::text, 'disputeWithdrawn', p.dispute_withdrawn) end as payment,
       coalesce((select json_agg(json_build_object('id', replace(r.id::text, '-', ''), 'amount', trim_scale(r.amount)::text,
           'status', r.status, 'providerRefundId', r.provider_refund_id) order by r.id)
         from refund r where r.entity_id = p.entity_id and r.payment_id = p.id), '[]') as refunds
     from stripe_intent i join payment_attempt a on a.entity_id = i.entity_id and a.id = i.attempt_id
     left join payment p on p.entity_id = i.entity_id and p.attempt_id = i.attempt_id
     where i.entity_id = any($1) and i.intent_id = any($2)`,
    [entityIds, intentIds],
  );
  return new Map(rows.map(({ intentId, ...books }) => [intentId, books]));
}

const reconciliationLock = 4905;

/** Waits until this transaction alone reconciles the attempt. */
export async function lockReconciliation(connection: Connection, { id }: RowKey): Promise<void> {
  await connection.lock([], `select pg_advisory_xact_lock(hashtextextended($1, ${reconciliationLock}))`, [id]);
}
