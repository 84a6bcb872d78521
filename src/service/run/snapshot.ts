import type { Caller } from '../../domain/caller';
import { LimitError } from '../../domain/limits';
import type { StatementCounter } from '../../store/connection/connection';
import { faultOf } from '../../store/connection/failure';
import { type Lease, oneState } from '../../store/connection/lease';
import type { SharedPool } from '../../store/connection/pool';
import { TimeLimit } from '../../store/connection/time-limit';
import { type Services, translated } from './services';
import { Work } from './work';

/** Reads of one state of the database, over many statements: one transaction on a connection of its own. */
export interface Snapshot {
  work: Work;
  counter: StatementCounter;
  /** Aborts at the end. */
  signal: AbortSignal;
  /** Why the snapshot has ended; undefined until `end`, or until its time is up. */
  readonly reason: Error | undefined;
  /** Ends the running statement, refuses all further ones, and frees the connection. */
  end(reason: Error): void;
  /** Frees the connection. */
  close(): Promise<void>;
}

/**
 * Opens a snapshot for `milliseconds` at most: on a replica that has the caller's own writes, or else on the primary.
 * The caller must close it.
 * @throws RequestError UNAVAILABLE
 */
export async function openSnapshot(services: Services, caller: Caller, milliseconds: number): Promise<Snapshot> {
  const limit = new TimeLimit(milliseconds);
  const { requestId, clientId } = caller;
  const counter: StatementCounter = { statements: 0, requestId, clientId, limit };
  const lease = await leaseOf(await services.db.exports(caller, counter), counter).catch((error) => {
    limit.stop();
    throw translated(error);
  });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= lease.release().finally(() => limit.stop());
    return closed;
  };
  const { signal } = limit;
  // A client that does not read its export must not keep the connection until it is cut off.
  signal.addEventListener('abort', () => void close(), { once: true });
  return {
    work: new Work(services, caller, counter, { connection: lease, units: [], mayPay: false, settled: false }),
    ...{ counter, signal, close },
    get reason() {
      return limit.reason ?? (signal.aborted ? outOfTime(milliseconds) : undefined);
    },
    end: (reason) => limit.pass(reason),
  };
}

/** A transaction on the first of the pools whose server answers. */
async function leaseOf([pool, ...others]: SharedPool[], counter: StatementCounter): Promise<Lease> {
  try {
    return await oneState(pool, counter);
  } catch (error) {
    if (!others.length || faultOf(error) !== 'unavailable') throw error;
    return leaseOf(others, counter);
  }
}

const outOfTime = (allowed: number): LimitError =>
  new LimitError({ limit: 'exportTime', allowed }, `The export took longer than ${allowed} ms and was ended.`);
