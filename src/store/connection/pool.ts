import type { Pool, PoolClient } from 'pg';
import { LimitError } from '../../domain/limits';
import { Turns } from '../../domain/turns';
import type { LockQueues } from './lock-queue';
import type { TimeLimit } from './time-limit';

/** Who asks for a connection. What belongs to no client has a turn like a client of its own. */
export interface Asker {
  clientId?: string;
  /** Ends the wait, and the statement, when the time of the request is up. */
  limit?: TimeLimit;
  /** A request is refused where so many of its client wait already. Absent: it waits all the same. */
  mostWaiting?: number;
  /** Set once the request may wait. It is not refused later on, when it may have changed something. */
  admitted?: boolean;
  /** Set once the request was refused: then all of it is. */
  refused?: LimitError;
}

/** A connection that is taken, and what gives it back: away where it is spoilt. */
export interface Taken {
  client: PoolClient;
  release: (spoilt?: Error | boolean) => void;
}

/** Waiting takes milliseconds where the database is well: the next try may come soon. */
const retryAfter = 1;

const ignore = (): void => {};

/**
 * A pool of connections that clients share by turns, so that none of them has it for itself. Whoever waits for a turn waits
 * within the time of its own request: a pool that is busy is no outage. A connection is only asked for when there is one, so
 * that the driver's time limit counts for nothing but a server that lets nobody in.
 */
export class SharedPool {
  readonly turns: Turns;
  private live = 0;

  constructor(
    readonly pool: Pool,
    /** Of the transactions that the pool is for, who waits for the same rows. */
    readonly locks?: LockQueues,
  ) {
    this.turns = new Turns(pool.options.max);
  }

  /** @throws LimitError RATE_LIMITED where too many of the client wait already */
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

  /** A statement on whichever connection is free. Returns no sooner than the connection can have another. */
  async run<T>(asker: Asker, statement: (client: PoolClient) => Promise<T>): Promise<T> {
    const { client, release } = await this.take(asker);
    const { limit } = asker;
    // The pool listens only while it holds the connection; the statement fails by itself.
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
      // Without any connection there is no server: whoever waits would find out one after another.
      if (this.live === 0 && this.pool.idleCount === 0) this.turns.refuseWaiting(error);
      giveBack();
      throw error;
    }
  }
}
