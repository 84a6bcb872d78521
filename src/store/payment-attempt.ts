import type { HistoryAction, HistorySubject } from '../domain/history';
import type { PaymentAttemptStatus } from '../domain/payment';
import { billingLock } from './account';
import type { Connection } from './connection/connection';
import type { PaymentAttemptRow } from './payment';

/*
 * Statements about attempts go by the attempt's id, in the scope of the attempt, which the transaction has: the sweep works
 * for every entity.
 */

export type OpenAttempt = Omit<PaymentAttemptRow, 'status' | 'message' | 'updatedDate'>;

const attemptLock = 4903;

/** Marks attempts as under way until this transaction ends, whatever way it ends. */
export async function holdAttempts(connection: Connection, ids: readonly string[]): Promise<void> {
  await connection.lock(
    ids.map((id) => `payment_attempt ${id}`),
    `select pg_advisory_xact_lock(hashtextextended(id, ${attemptLock})) from unnest($1::text[]) as held(id)`,
    [ids],
  );
}

/** Writes attempts as Open; on a connection that commits at once. */
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
  outcomes: readonly { id: string; status: PaymentAttemptStatus; message: string | null }[],
): Promise<void> {
  if (outcomes.length === 0) return;
  await connection.query(
    `update payment_attempt t set status = r."status", message = r."message", updated_date = now()
     from json_to_recordset($1::json) as r("id" uuid, "status" payment_attempt_status, "message" text)
     where t.id = r.id and t.status = 'Open'`,
    [JSON.stringify(outcomes)],
  );
}

/**
 * Attempts that still wait for their end, and whose they are: a bounded number, drawn anew each time, so that stuck ones
 * hide no others.
 */
export const openAttemptsOfAll = (connection: Connection): Promise<{ id: string; entityId: string; orgId: string }[]> =>
  connection.query(
    `select id, entity_id as "entityId", org_id as "orgId" from payment_attempt where status = 'Open'
     order by random() limit 1000`,
  );

/** Takes an attempt for this transaction: false where a unit or another sweep holds it, or where it is not open. */
export async function tryAttempt(connection: Connection, id: string): Promise<boolean> {
  const [{ held }] = await connection.query<{ held: boolean }>(
    `select pg_try_advisory_xact_lock(hashtextextended($1, ${attemptLock})) as held`,
    [id],
  );
  if (!held) return false;
  // A later statement: what the lock's last holder wrote is seen only by a snapshot taken after the lock.
  const open = await connection.query("select 1 from payment_attempt where id = $1 and status = 'Open'", [id]);
  return open.length === 1;
}

/** Was the payment of this attempt committed? */
export async function hasPayment(connection: Connection, attemptId: string): Promise<boolean> {
  return (await connection.query('select 1 from payment where attempt_id = $1', [attemptId])).length === 1;
}

/**
 * The history of what the sweep does, with the rows that it changes: in the name of the client that made the payment,
 * whose request it ends.
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
     (select track_id from payment_attempt where id = $1), '${action}', ${from}, ${to}, ${changes}, r.version,
     pg_current_xact_id()::text::bigint
   from ${rows} as r`;

const change = (field: string, before: string, after: string): string =>
  `jsonb_build_array(jsonb_build_object('field', '${field}', 'before', ${before}, 'after', ${after}))`;

/** The money has been taken: the payment is Processed. */
export async function markCaptured(connection: Connection, attemptId: string): Promise<void> {
  await connection.query(
    `with processed as (
       update payment set status = 'Processed', version = version + 1, updated_date = greatest(updated_date, now())
       where attempt_id = $1 and status = 'Processing' returning *
     )
     ${historyOf('Payment', 'Capture', 'processed', "'Processing'", "'Processed'", change('status', "'Processing'", "'Processed'"))}`,
    [attemptId],
  );
  await closeAttempts(connection, [{ id: attemptId, status: 'Captured', message: null }]);
}

/**
 * Locks what failCapture changes, in the order in which every unit of work takes it: the account for billing, the payment,
 * its invoices by id.
 */
export async function lockForFailure(connection: Connection, attemptId: string): Promise<void> {
  const locks = [
    `select pg_advisory_xact_lock(hashtextextended(account_id::text, ${billingLock})) from payment_attempt where id = $1`,
    'select from payment where attempt_id = $1 for no key update',
    `select from invoice where id in (
       select a.invoice_id from payment_application a join payment p on p.id = a.payment_id where p.attempt_id = $1
     ) order by id for no key update`,
  ];
  // Behind the reply, on connections of its own: what it waits for is not counted.
  for (const text of locks) await connection.lock([], text, [attemptId]);
}

/** The money can never be taken: the payment is an Error, its applications go, and the invoices are owed again. */
export async function failCapture(connection: Connection, attemptId: string): Promise<void> {
  await connection.query(
    `with failed as (
       update payment p set status = 'Error', applied_amount = 0, version = p.version + 1,
         updated_date = greatest(p.updated_date, now())
       from payment was where p.attempt_id = $1 and p.status = 'Processing' and was.id = p.id
       returning p.*, was.applied_amount as applied_before
     ), unapplied as (
       delete from payment_application a using failed where a.payment_id = failed.id returning a.invoice_id, a.amount
     ), owed as (
       update invoice i set balance = i.balance + u.amount, version = i.version + 1,
         updated_date = greatest(i.updated_date, now()), updated_by_id = (select created_by_id from payment_attempt where id = $1)
       from (select invoice_id, sum(amount) as amount from unapplied group by invoice_id) as u where i.id = u.invoice_id
       returning i.*, i.balance - u.amount as balance_before
     ), payment_history as (
       ${historyOf('Payment', 'FailCapture', 'failed', "'Processing'", "'Error'", `${change('status', "'Processing'", "'Error'")} || ${change('appliedAmount', 'applied_before::text', "'0'")}`)}
     )
     ${historyOf('Invoice', 'FailCapture', 'owed', 'status::text', 'status::text', change('balance', 'balance_before::text', 'balance::text'))}`,
    [attemptId],
  );
  await closeAttempts(connection, [
    { id: attemptId, status: 'Failed', message: 'the payment gateway refused to capture' },
  ]);
}
