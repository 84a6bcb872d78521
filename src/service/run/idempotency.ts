import type { Caller } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import { LimitError } from '../../domain/limits';
import type { Connection, StatementCounter } from '../../store/connection/connection';
import { Lease } from '../../store/connection/lease';
import { lockIdempotencyKey, storedOutcome, storeOutcome } from '../../store/idempotency';
import { noted, type Services, translated } from './services';
import { type Held, Work } from './work';

/** A rendered reply, as it is sent and as it is stored for its key. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Why a transaction stays open until its reply is rendered: a dry run, or an Idempotency-Key. */
export type Hold = { dryRun: true } | Keyed;

interface Keyed {
  idempotencyKey: string;
  /** Digest of the request. A different request under the same key is refused. */
  fingerprint: string;
  /** The longest reply that can be stored, in characters. */
  longest: number;
  /** The request may call the payment gateway, so it takes a connection from the pool for payments. */
  mayPay: boolean;
}

/**
 * Runs a request in one transaction that stays open until `render` has produced the reply, which reads through that
 * transaction. With a key, the reply is stored beside the effect and committed before it is sent. An outcome shown to a
 * client thus survives the process. A repeated key gets the stored reply. A dry run is rolled back and stores nothing.
 *
 * Only final outcomes are stored: the effect, or a refusal by the rules. Unexpected failures, contention and timeouts
 * are not stored, so a retry may succeed. In every case the caller must call `work.finish()` afterwards, once the
 * transaction that holds the payments has ended.
 * @throws RequestError IDEMPOTENCY_IN_PROGRESS, IDEMPOTENCY_MISMATCH, UNAVAILABLE, TIMEOUT
 * @throws LimitError QUERY_TOO_COMPLEX if the reply is too long to be stored
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
  try {
    lease.begin(caller);
    if ('idempotencyKey' in why) {
      const stored = await takeKey(lease, caller, why);
      if (stored) {
        // The first request may have run in another process.
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
      await services.db.commit(lease, caller);
      work.defer(held.units.splice(0).flatMap((unit) => unit.onCommit));
    }
    return { reply, replayed: false };
  } catch (error) {
    throw noted(services, translated(error));
  } finally {
    await lease.release();
    // If the outcome of the commit is unknown, the sweep settles the open payments.
    if (!lease.mayHaveCommitted) work.defer(held.units.splice(0).flatMap((unit) => unit.onRollback));
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
  // In one message, and one after the other: the outcome is read once the key is locked.
  const [locked, stored] = await Promise.all([
    lockIdempotencyKey(connection, entityId, clientId, idempotencyKey),
    storedOutcome(connection, entityId, clientId, idempotencyKey),
  ]);
  if (!locked) throw new RequestError('IDEMPOTENCY_IN_PROGRESS');
  if (stored && stored.fingerprint !== fingerprint) throw new RequestError('IDEMPOTENCY_MISMATCH');
  return stored && { status: stored.status, headers: stored.headers, body: stored.body };
}
