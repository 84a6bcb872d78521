import type { Pool, PoolClient } from 'pg';
import { LimitError } from '../../domain/limits';
import { Turns } from '../../domain/turns';
import type { LockQueues } from './lock-queue';
import type { TimeLimit } from './time-limit';

/** The client that asks for a connection. Requests without a client take turns as if they were one client. */
export interface Asker {
  clientId?: string;
  /** Ends the wait and the statement when the request's time is up. */
  limit?: TimeLimit;
  /** A request is refused if this many requests of its client wait already. Absent: it waits anyway. */
  mostWaiting?: number;
  /** Set once the request may wait. Later it is not refused, because it may have changed something. */
  admitted?: boolean;
  /** Set once the request was refused. All its further statements are refused too. */
  refused?: LimitError;
}

/** A connection taken from the pool. `release` returns it, or discards a spoilt connection. */
export interface Taken {
  client: PoolClient;
  release: (spoilt?: Error | boolean) => void;
}

/** In seconds. While the database is healthy, waiting takes milliseconds, so the client may retry soon. */
const retryAfter = 1;

const ignore = (): void => {};

/**
 * A pool whose connections clients share by turns, so that no client has it to itself. A request waits for its turn
 * within its own time limit: a busy pool is no outage. The pool asks the driver for a connection only when one is free.
 * The driver's timeout then counts only for a server that accepts no connections.
 */
export class SharedPool {
  readonly turns: Turns;
  private live = 0;

  constructor(
    readonly pool: Pool,
    /** Counts the pool's transactions that want the same rows. */
    readonly locks?: LockQueues,
  ) {
    this.turns = new Turns(pool.options.max);
  }

  /** @throws LimitError RATE_LIMITED if too many requests of the client wait already */
  async take(asker: Asker): Promise<Taken> {
    const { clientId = '', limit } = asker;
    limit?.check();
    this.admit(asker, clientId);
    const { turns } = this;
    const connected = this.connect(turns.tryTake(clientId) ?? (await turns.take(clientId, 1, limit?.signal)));
    if (!limit) return connected;
    try {
      return await limit.within(connected);
    } catch (error) {
      connected.then(({ release }) => release()).catch(ignore);
      throw error;
    }
  }

  /** Runs a statement on any free connection. Returns only when the connection can take another statement. */
  async run<T>(asker: Asker, statement: (client: PoolClient) => Promise<T>): Promise<T> {
    const { client, release } = await this.take(asker);
    const { limit } = asker;
    // The pool listens only while it holds the connection. The statement itself reports the error.
    client.on('error', ignore);
    let failure: Error | undefined;
    try {
      return await (limit ? limit.run(client, () => statement(client)) : statement(client));
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      client.removeListener('error', ignore);
      release(failure ?? limit?.isSpoilt(client));
    }
  }

  private admit(asker: Asker, clientId: string): void {
    if (asker.refused) throw asker.refused;
    if (asker.admitted || asker.mostWaiting === undefined) return;
    const allowed = asker.mostWaiting;
    const waiting = this.turns.waitingOf(clientId);
    if (waiting >= allowed) {
      asker.refused = new LimitError(
        { limit: 'waiting', allowed, requested: waiting + 1 },
        `${waiting} requests of the client wait for the database already; ${allowed} are allowed. Try again in ${retryAfter} s.`,
        retryAfter,
      );
      throw asker.refused;
    }
    asker.admitted = true;
  }

  private async connect(giveBack: () => void): Promise<Taken> {
    try {
      const client = await this.pool.connect();
      this.live++;
      const release = (spoilt?: Error | boolean) => {
        client.release(spoilt);
        this.live--;
        giveBack();
      };
      return { client, release };
    } catch (error) {
      // Without any connection there is no server. All waiting requests fail now, instead of one after another.
      if (this.live === 0 && this.pool.idleCount === 0) this.turns.refuseWaiting(error);
      giveBack();
      throw error;
    }
  }
}
