import type { Pool, PoolClient } from 'pg';
import { Connection } from './connection';
import { SharedPool } from './pool';
import { readerRole } from './roles';
import { type DatabaseOptions, exportPool, openPool, readLimits, standardPoolSize } from './session';

/** How long a request waits for a replica to reach its client's last write, and the polling interval. */
const patienceMs = 300;
const pollMs = 5;
/** Timeouts for connecting to a replica and for asking its position. They suit a network, not another continent. */
const connectMs = 2_000;
const answerMs = 2_000;
/** A failed replica is left alone for one second, then for two, four and so on, up to this limit. */
const longestPauseMs = 30_000;

export type ReplicaListener = (replica: string, leftOutFor?: string) => void;

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/**
 * One read replica: its connections, its replay position, and whether it is in use. replicas.ts decides about its use.
 */
export class Replica {
  /** Host, port and database: safe to log. */
  readonly name: string;
  /** A separate pool. TypeORM has pools for replicas, but does not start while one of the replicas is down. */
  readonly pool: SharedPool;
  /** For exports. Its connections are not cut off with the others: they end with their own statements. */
  readonly exporting: SharedPool;
  /** The replica has replayed the primary's log at least to this position. */
  replayed = 0n;
  /** Milliseconds since the primary first had a write that the replica lacks; 0 if it lacks nothing. */
  behindMs = 0;
  /**
   * Asks for the replica's state outside the pool of requests: an exhausted pool does not mean that the replica is
   * down.
   */
  readonly asking: Connection;
  private readonly probe: Pool;
  private readonly busy = new Set<PoolClient>();
  /** Undefined before the first check. */
  private used: boolean | undefined;
  private usedSince = 0;
  private failures = 0;
  private notBefore = 0;
  private looking: Promise<void> | undefined;
  private vain: bigint | undefined;

  constructor(
    options: DatabaseOptions,
    private readonly onChange: ReplicaListener,
  ) {
    const { host, pathname } = new URL(options.url);
    this.name = host + pathname;
    const onPoolError = () => {
      // After a crash and a restart, the server may answer with a state older than the known position. So the position
      // is asked anew.
      this.replayed = 0n;
    };
    const watched = { ...options, onPoolError, standby: true };
    const more = { connectionTimeoutMillis: connectMs };
    const pool = openPool(watched, options.poolSize ?? standardPoolSize, readLimits(options), more, readerRole);
    this.pool = new SharedPool(pool);
    this.exporting = new SharedPool(exportPool(watched, more));
    this.probe = openPool(watched, 1, {}, { ...more, query_timeout: answerMs }, readerRole);
    this.asking = new Connection(this.probe);
    pool.on('acquire', (client) => this.busy.add(client));
    pool.on('release', (_error, client) => this.busy.delete(client));
  }

  get inUse(): boolean {
    return this.used === true;
  }

  /** Whether the pause after a failure has ended. */
  get isDue(): boolean {
    return performance.now() >= this.notBefore;
  }

  /** Asks for the replay position. Concurrent callers share one query. @throws if the replica must not be used */
  look(): Promise<void> {
    this.looking ??= this.ask().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async ask(): Promise<void> {
    const [row] = await this.asking.query<{ standby: boolean; replayed: string | null }>(
      `select pg_is_in_recovery() as standby, (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::text as replayed`,
    );
    // A promoted server has its own history.
    if (!row.standby || row.replayed === null) throw new Error('the server is not a replica');
    this.replayed = BigInt(row.replayed);
    if (this.vain !== undefined && this.replayed >= this.vain) this.vain = undefined;
  }

  /** Whether waiting for this position may help. It does not if another request has just waited in vain. */
  mayReach(position: bigint): boolean {
    return this.vain === undefined || position < this.vain;
  }

  /** Waits a short time for the replica to reach the position. Returns whether it did. */
  async reaches(position: bigint): Promise<boolean> {
    const deadline = performance.now() + patienceMs;
    const tooLate = pause(patienceMs);
    try {
      while (this.replayed < position && performance.now() < deadline) {
        await Promise.race([this.look(), tooLate]);
        if (this.replayed < position) await pause(pollMs);
      }
    } catch {
      // The next check of the replica meets the same error.
      return false;
    }
    if (this.replayed >= position) return true;
    if (this.mayReach(position)) this.vain = position;
    return false;
  }

  use(): void {
    if (!this.used) {
      this.used = true;
      this.usedSince = performance.now();
      this.onChange(this.name);
    }
    if (performance.now() - this.usedSince >= longestPauseMs) this.failures = 0;
  }

  leaveOut(reason: string): void {
    if (this.used === false) return;
    this.used = false;
    this.onChange(this.name, reason);
  }

  /**
   * The replica did not answer, or is not a replica of this primary. Its running statements are cut off, because a
   * frozen server never answers.
   */
  fail(error: Error): void {
    // Many requests may report the same failure at once: count one of them.
    if (!this.isDue) return;
    this.notBefore = performance.now() + Math.min(1_000 * 2 ** this.failures++, longestPauseMs);
    this.leaveOut(error.message);
    // Ending a busy client cuts its connection. The statement fails, and the pool removes the connection.
    for (const client of this.busy) (client as unknown as { end(): Promise<void> }).end().catch(() => {});
  }

  async close(): Promise<void> {
    await this.pool.pool.end();
    await this.exporting.pool.end();
    await this.probe.end();
  }
}
