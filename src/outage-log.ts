import type { FastifyBaseLogger } from 'fastify';
import { type OutageSeen, outages } from './service/run/outage';
import type { Outage } from './store/connection/failure';

/** For how long nothing may fail by an outage until it counts as over. Settling repeats each second during one. */
const standardQuietMs = 10_000;

/** What the operator reads. docs/operations.md says what to do. */
const meanings: Record<Outage, string> = {
  away: 'the database is away: requests are answered UNAVAILABLE',
  readOnly: 'the server of the database takes no writes: requests are answered UNAVAILABLE',
  diskFull: 'the disk of the database is full: writes are answered UNAVAILABLE',
  outOfMemory: 'the database is out of memory: requests are answered UNAVAILABLE',
  tooManyConnections: 'the database takes no more connections: requests are answered UNAVAILABLE',
  storageFails: 'the storage of the database fails: requests are answered UNAVAILABLE',
};

interface Running {
  began: number;
  failures: number;
  last: number;
}

/**
 * Writes one line when an outage of the database begins, and one when it is over: by a database that restarts, hundreds of
 * requests may fail in a second. `quietMs`: milliseconds without a failure of its kind after which an outage is over.
 * Returns the function that ends it.
 */
export function logOutages(log: Pick<FastifyBaseLogger, 'error' | 'info'>, quietMs = standardQuietMs): () => void {
  const running = new Map<Outage, Running>();
  const timers = new Set<NodeJS.Timeout>();
  const told = new WeakSet<object>();
  const lookIn = (ms: number, outage: Outage, state: Running) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      const left = state.last + quietMs - performance.now();
      if (left > 0) return lookIn(left, outage, state);
      running.delete(outage);
      const seconds = Math.round((state.last - state.began) / 1_000);
      log.info({ outage, failures: state.failures, seconds }, 'an outage of the database seems to be over');
    }, ms).unref();
    timers.add(timer);
  };
  const onOutage = (message: unknown) => {
    const { outage, error } = message as OutageSeen;
    const { code, message: reason } = error as { code?: string; message?: string };
    // One error passes several places, from the statement to the reply.
    if (told.has(error as object)) return;
    told.add(error as object);
    const state = running.get(outage);
    const now = performance.now();
    if (state) {
      state.failures++;
      state.last = now;
      return;
    }
    const begun: Running = { began: now, failures: 1, last: now };
    running.set(outage, begun);
    log.error({ outage, code: code ?? 'CONNECTION_LOST', reason }, meanings[outage]);
    lookIn(quietMs, outage, begun);
  };
  outages.subscribe(onOutage);
  return () => {
    outages.unsubscribe(onOutage);
    for (const timer of timers) clearTimeout(timer);
  };
}
