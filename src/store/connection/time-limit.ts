import { setMaxListeners } from 'node:events';
import { connect } from 'node:net';
import type { PoolClient } from 'pg';
import { sever } from './driven';

/** Has the code of PostgreSQL's error for a canceled statement. */
class TimeIsUp extends Error {
  readonly code = '57014';
  constructor() {
    super('the time of the request is up');
  }
}

/** The driver's fields about the server process behind a client. */
interface Backend {
  host: string;
  port: number;
  processID: number;
  secretKey: number;
}

/** A running statement of a request. */
interface Running {
  client: PoolClient;
  ended: boolean;
  /** Called when it has ended, once it is being canceled. */
  onEnd?: () => void;
  /** Resolves once no cancel request is under way. */
  canceled?: Promise<void>;
}

/**
 * How long a statement may go on after the first cancel request. Then its connection is ended: neither the statement nor
 * the cancel reaches a server that says nothing.
 */
const severMs = 3_000;

/**
 * Timeout and interval of cancel requests. A cancel that arrives before its statement has no effect, so it is repeated.
 */
const cancelMs = 2_000;
const againMs = 200;
const mostCancels = 10;

/**
 * The time limit of one request and its statements. When the time is up, running statements are canceled, and no
 * further statement begins. A statement that goes on for 3 more seconds loses its connection, so that the pool has its
 * place again. A commit that was sent is not canceled, because its outcome would be unknown.
 */
export class TimeLimit {
  private readonly running = new Set<Running>();
  private readonly spoilt = new Set<PoolClient>();
  private readonly timer: NodeJS.Timeout;
  /** What waits, each with the function that ends its wait. */
  private readonly waits = new Set<() => void>();
  private passed = false;
  private stopped = false;
  /** The error for the reply, if something other than the time limit ended the request. */
  reason: Error | undefined;
  private aborting: AbortController | undefined;
  private committing = false;
  private committed = false;

  constructor(milliseconds: number) {
    this.timer = setTimeout(() => this.pass(), milliseconds).unref();
  }

  /** Ends the request as if the time were up. `reason` is the error for the reply. */
  pass(reason?: Error): void {
    if (this.passed || this.stopped) return;
    this.passed = true;
    this.reason = reason;
    clearTimeout(this.timer);
    for (const running of this.running) running.canceled = cancelUntilEnded(running);
    for (const end of this.waits) end();
    this.aborting?.abort(new TimeIsUp());
  }

  /**
   * Aborts when the time is up. Created on first use, for requests that wait: it takes 4 of the 500 microseconds of a
   * small request.
   */
  get signal(): AbortSignal {
    if (!this.aborting) {
      this.aborting = new AbortController();
      // One listener for each statement that waits for its turn: some dozens are no leak.
      setMaxListeners(0, this.aborting.signal);
      if (this.passed) this.aborting.abort(new TimeIsUp());
    }
    return this.aborting.signal;
  }

  /** The request is complete: the time limit has nothing left to end. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Whether an error means that the request's time is up. A single statement that took too long has another error. */
  isUp(error: unknown): boolean {
    return error instanceof TimeIsUp;
  }

  /** Whether the request has committed, or may have. The reply must then not say that nothing took place. */
  get effect(): 'none' | 'unknown' | 'committed' {
    if (this.committing) return 'unknown';
    return this.committed ? 'committed' : 'none';
  }

  /** @throws once the time is up */
  check(): void {
    if (this.passed) throw new TimeIsUp();
  }

  /**
   * Waits for a promise until the time is up. The promise itself continues. No race with one promise for all waits: that
   * promise would keep the result of each, which were all rows of an export.
   */
  within<T>(act: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const end = () => reject(new TimeIsUp());
      this.waits.add(end);
      act.then(resolve, reject).finally(() => this.waits.delete(end));
      // Behind a promise that has settled already.
      if (this.passed) queueMicrotask(end);
    });
  }

  /** Runs a statement on a connection. Returns only when the connection can take another statement. */
  async run<T>(client: PoolClient, statement: () => Promise<T>): Promise<T> {
    this.check();
    const running: Running = { client, ended: false };
    this.running.add(running);
    try {
      return await statement();
    } finally {
      running.ended = true;
      running.onEnd?.();
      this.running.delete(running);
      if (running.canceled) {
        this.spoilt.add(client);
        await running.canceled;
      }
    }
  }

  /**
   * Whether a cancel was sent to the connection. Such a connection is not reused, so that the cancel cannot hit a later
   * statement.
   */
  isSpoilt(client: PoolClient): boolean {
    return this.spoilt.has(client);
  }

  /**
   * Sends a commit, with the last writes before it. Once it is sent, the time limit does not end it.
   * `mayHaveCommitted` is asked afterwards: a write before the commit may have failed.
   */
  async commit<T>(send: () => Promise<T>, mayHaveCommitted: () => boolean): Promise<T> {
    this.check();
    this.committing = true;
    try {
      return await send();
    } finally {
      this.committing = false;
      this.committed ||= mayHaveCommitted();
    }
  }
}

const ignore = (): void => {};
const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

async function cancelUntilEnded(running: Running): Promise<void> {
  const timer = setTimeout(() => sever(running.client, 'the server did not answer a cancel'), severMs).unref();
  running.onEnd = () => clearTimeout(timer);
  for (let times = 0; times < mostCancels && !running.ended; times++) {
    await cancel(running.client);
    if (!running.ended) await pause(againMs);
  }
}

/**
 * Asks the server to cancel the running statement of a connection, by the key that the server gave to that connection.
 * No other connection can be hit, even behind a pooler. pg_cancel_backend would need a right; this needs none.
 *
 * Resolves once the server has closed the connection used for the cancel. The server does so after it has signaled the
 * statement.
 */
function cancel(client: PoolClient): Promise<void> {
  const { host, port, processID, secretKey } = client as unknown as Backend;
  const message = Buffer.alloc(16);
  [16, 80_877_102, processID, secretKey].forEach((value, at) => {
    message.writeInt32BE(value, 4 * at);
  });
  return new Promise((resolve) => {
    const socket = connect(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
    socket.unref().setTimeout(cancelMs, () => socket.destroy());
    socket.on('error', ignore).on('close', () => resolve());
    // Not ended from here: PgBouncer 1.18 ends as a whole if the client goes before its cancel request is passed on.
    socket.write(message);
  });
}
