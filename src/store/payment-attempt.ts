import type { HistoryAction, HistorySubject } from '../domain/history';
import type { PaymentAttemptStatus } from '../domain/payment';
import { billingLock } from './account';
import type { Connection } from './connection/connection';
import type { PaymentAttemptRow } from './payment';
import type { RowKey } from './query/table';

/*
 * Statements about attempts use the attempt's key. Their transaction already has the scope of the attempt: the sweep
 * works for every entity.
 */

export type OpenAttempt = Omit<PaymentAttemptRow, 'status' | 'message' | 'updatedDate'>;

const attemptLock = 4903;

/** Marks attempts as under way until this transaction commits or rolls back. */
export async function holdAttempts(connection: Connection, ids: readonly string[]): Promise<void> {
  await connection.lock(
    ids.map((id) => `payment_attempt ${id}`),
    `select pg_advisory_xact_lock(hashtextextended(id, ${attemptLock})) from unnest($1::text[]) as held(id)`,
    [ids],
  );
}

/** Inserts attempts as Open, on a connection that commits at once. */
export async function openAttempts(connection: Connection, attempts: readonly OpenAttempt[]): Promise<void> {
  await connection.query(
    `insert into payment_attempt (id, entity_id, org_id, account_id, amount, currency, status, created_by_id, track_id, created_date, updated_date)
     select r."id", r."entityId", r."orgId", r."accountId", r."amount", r."currency", 'Open', r."createdById", r."trackId", r."createdDate", r."createdDate"
     from json_to_recordset($1::json) as r("id" uuid, "entityId" uuid, "orgId" uuid, "accountId" uuid, "amount" numeric, "currency" text,
       "createdById" uuid, "trackId" text, "createdDate" timestamptz)`,
    [JSON.stringify(attempts)],
  );
}

/** Gives open attempts their final status. */
export async function closeAttempts(
  connection: Connection,
  entityId: string,
  outcomes: readonly { id: string; status: PaymentAttemptStatus; message: string | null }[],
): Promise<void> {
  if (outcomes.length === 0) return;
  await connection.query(
    `update payment_attempt t set status = r."status", message = r."message", updated_date = now()
     from json_to_recordset($2::json) as r("id" uuid, "status" payment_attempt_status, "message" text)
     where t.entity_id = $1 and t.id = r.id and t.status = 'Open'`,
    [entityId, JSON.stringify(outcomes)],
  );
}

/**
 * Open attempts of all entities: a bounded number, drawn at random each time, so that stuck attempts hide no others.
 */
export const openAttemptsOfAll = (connection: Connection): Promise<{ id: string; entityId: string; orgId: string }[]> =>
  connection.query(
    `select id, entity_id as "entityId", org_id as "orgId" from payment_attempt where status = 'Open'
     order by random() limit 1000`,
  );

/** Locks an attempt for this transaction. False if a unit or another sweep holds it, or if it is not open. */
export async function tryAttempt(connection: Connection, { entityId, id }: RowKey): Promise<boolean> {
  const [{ held }] = await connection.query<{ held: boolean }>(
    `select pg_try_advisory_xact_lock(hashtextextended($1, ${attemptLock})) as held`,
    [id],
  );
  if (!held) return false;
  // A separate statement: only a snapshot taken after the lock sees the writes of the lock's last holder.
  const open = await connection.query(
    "select 1 from payment_attempt where entity_id = $1 and id = $2 and status = 'Open'",
    [entityId, id],
  );
  return open.length === 1;
}

/** Whether the payment of this attempt was committed. */
export async function hasPayment(connection: Connection, { entityId, id }: RowKey): Promise<boolean> {
  const text = 'select 1 from payment where entity_id = $1 and attempt_id = $2';
  return (await connection.query(text, [entityId, id])).length === 1;
}

/**
 * Writes the history of the sweep together with the changed rows. The actor is the client that made the payment,
 * because the sweep completes that client's request.
 */
const historyOf = (
  subject: HistorySubject,
  action: HistoryAction,
  rows: string,
  from: string,
  to: string,
  changes: string,
) =>
  `insert into history_entry (id, entity_id, org_id, subject_type, subject_id, at, actor, track_id, action, from_state, to_state,
     changes, version, transaction_id)
   select gen_random_uuid(), r.entity_id, r.org_id, '${subject}', r.id, r.updated_date, r.updated_by_id,
     (select track_id from payment_attempt where entity_id = $1 and id = $2), '${action}', ${from}, ${to}, ${changes}, r.version,
     event_position()
   from ${rows} as r`;

const change = (field: string, before: string, after: string): string =>
  `jsonb_build_array(jsonb_build_object('field', '${field}', 'before', ${before}, 'after', ${after}))`;

/** The payment gateway has captured the money: the payment becomes Processed. */
export async function markCaptured(connection: Connection, { entityId, id }: RowKey): Promise<void> {
  await connection.query(
    `with processed as (
       update payment set status = 'Processed', version = version + 1, updated_date = greatest(updated_date, now())
       where entity_id = $1 and attempt_id = $2 and status = 'Processing' returning *
     )
     ${historyOf('Payment', 'Capture', 'processed', "'Processing'", "'Processed'", change('status', "'Processing'", "'Processed'"))}`,
    [entityId, id],
  );
  await closeAttempts(connection, entityId, [{ id, status: 'Captured', message: null }]);
}

/**
 * Locks the rows that failCapture changes, in the order of every unit of work: the account for billing, the payment,
 * its invoices by id.
 */
export async function lockForFailure(connection: Connection, { entityId, id }: RowKey): Promise<void> {
  const locks = [
    `select pg_advisory_xact_lock(hashtextextended(account_id::text, ${billingLock})) from payment_attempt
     where entity_id = $1 and id = $2`,
    'select from payment where entity_id = $1 and attempt_id = $2 for no key update',
    `select from invoice where entity_id = $1 and id in (
       select a.invoice_id from payment_application a join payment p on p.entity_id = $1 and p.id = a.payment_id
       where a.entity_id = $1 and p.attempt_id = $2
     ) order by id for no key update`,
  ];
  // The work runs after the reply on connections of its own, so its waiting is not counted.
  for (const text of locks) await connection.lock([], text, [entityId, id]);
}

/**
 * The money can never be captured. The payment becomes an Error, its applications are deleted, and the invoices are
 * owed again.
 */
export async function failCapture(connection: Connection, { entityId, id }: RowKey): Promise<void> {
  await connection.query(
    `with failed as (
       update payment p set status = 'Error', applied_amount = 0, version = p.version + 1,
         updated_date = greatest(p.updated_date, now())
       from payment was
       where p.entity_id = $1 and p.attempt_id = $2 and p.status = 'Processing' and was.entity_id = $1 and was.id = p.id
       returning p.*, was.applied_amount as applied_before
     ), unapplied as (
       delete from payment_application a using failed where a.entity_id = $1 and a.payment_id = failed.id returning a.invoice_id, a.amount
     ), owed as (
       update invoice i set balance = i.balance + u.amount, version = i.version + 1,
         updated_date = greatest(i.updated_date, now()), updated_by_id = (select created_by_id from payment_attempt where entity_id = $1 and id = $2)
       from (select invoice_id, sum(amount) as amount from unapplied group by invoice_id) as u where i.entity_id = $1 and i.id = u.invoice_id
       returning i.*, i.balance - u.amount as balance_before
     ), payment_history as (
       ${historyOf('Payment', 'FailCapture', 'failed', "'Processing'", "'Error'", `${change('status', "'Processing'", "'Error'")} || ${change('appliedAmount', 'applied_before::text', "'0'")}`)}
     )
     ${historyOf('Invoice', 'FailCapture', 'owed', 'status::text', 'status::text', change('balance', 'balance_before::text', 'balance::text'))}`,
    [entityId, id],
  );
  await closeAttempts(connection, entityId, [
    { id, status: 'Failed', message: 'the payment gateway refused to capture' },
  ]);
}
