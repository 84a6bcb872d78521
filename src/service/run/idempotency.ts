import type { Caller } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import { LimitError } from '../../domain/limits';
import { type Connection, Lease, type StatementCounter } from '../../store/connection/connection';
import { lockIdempotencyKey, storedOutcome, storeOutcome } from '../../store/idempotency';
import { noted, type Services, translated } from './services';
import { type Held, Work } from './work';

/** A rendered reply, as it goes out and as it is stored for its key. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Why a request is held open until its reply is rendered: it is a dry run, or it has an Idempotency-Key. */
export type Hold = { dryRun: true } | Keyed;

interface Keyed {
  idempotencyKey: string;
  /** Digest of what is asked: another request under the same key is refused. */
  fingerprint: string;
  /** The longest reply that is kept, in characters. */
  longest: number;
  /** The request may ask the payment gateway: its connection is one of those that may wait for that. */
  mayPay: boolean;
}

/**
 * Runs a request in one transaction that stays open until `render` has produced its reply, reading through that
 * transaction. With a key the reply is stored beside the effect and committed with it before it is sent, so that an
 * outcome told to a client outlives the process; a repeated key gets the stored reply. A dry run is rolled back, and
 * nothing of it is stored.
 *
 * Only settled outcomes are stored: what the rules did or refused. Unexpected failures, contention and time-outs are
 * not, so that a retry may fare better. Whatever becomes of the request, its work is to be finished by the caller once
 * this has ended, and with it the transaction that payments are held by.
 * @throws RequestError IDEMPOTENCY_IN_PROGRESS, IDEMPOTENCY_MISMATCH, UNAVAILABLE, TIMEOUT
 * @throws LimitError QUERY_TOO_COMPLEX for a reply that is too long to be kept
 */
export async function hold(
  services: Services,
  caller: Caller,
  why: Hold,
  counter: StatementCounter,
  render: (work: Work) => Promise<Reply>,
): Promise<{ reply: Reply; replayed: boolean }> {
  const mayPay = 'idempotencyKey' in why && why.mayPay;
  const lease = await Lease.take(mayPay ? services.db.paying : services.db.writing, counter).catch((error) => {
    throw translated(error);
  });
  const held: Held = { connection: lease, units: [], mayPay, settled: false };
  const work = new Work(services, caller, counter, held);
  let open = true;
  try {
    await lease.begin(caller);
    if ('idempotencyKey' in why) {
      const stored = await takeKey(lease, caller, why);
      if (stored) {
        // The first time may have been in another process.
        services.db.replicas?.hasWritten(caller);
        return { reply: stored, replayed: true };
      }
    }
    const reply = await render(work);
    if ('idempotencyKey' in why && held.settled) {
      const { entityId, clientId } = caller;
      const { idempotencyKey: key, fingerprint, longest } = why;
      if (reply.body.length > longest) throw tooLong(reply.body.length, longest);
      await storeOutcome(lease, { entityId, clientId, key, fingerprint, ...reply });
      // Should the commit fail, nobody knows whether it took place: the sweep settles what depends on it.
      open = false;
      await services.db.commit(lease, caller);
      work.defer(held.units.splice(0).flatMap((unit) => unit.onCommit));
    }
    return { reply, replayed: false };
  } catch (error) {
    throw noted(services, translated(error));
  } finally {
    await lease.release(open);
    if (open) work.defer(held.units.splice(0).flatMap((unit) => unit.onRollback));
  }
}

const tooLong = (requested: number, allowed: number): LimitError =>
  new LimitError(
    { limit: 'keptReply', allowed, requested },
    `The reply has ${requested} characters; ${allowed} are allowed with an Idempotency-Key. Nothing was changed. Request fewer fields.`,
  );

async function takeKey(
  connection: Connection,
  caller: Caller,
  { idempotencyKey, fingerprint }: Keyed,
): Promise<Reply | undefined> {
  const { entityId, clientId } = caller;
  if (!(await lockIdempotencyKey(connection, entityId, clientId, idempotencyKey)))
    throw new RequestError('IDEMPOTENCY_IN_PROGRESS');
  const stored = await storedOutcome(connection, entityId, clientId, idempotencyKey);
  if (stored && stored.fingerprint !== fingerprint) throw new RequestError('IDEMPOTENCY_MISMATCH');
  return stored && { status: stored.status, headers: stored.headers, body: stored.body };
}
