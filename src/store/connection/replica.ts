import type { Pool, PoolClient } from 'pg';
import { Connection } from './connection';
import { SharedPool } from './pool';
import { readerRole } from './roles';
import { type DatabaseOptions, openPool, readLimits, standardPoolSize } from './session';

/** How long a request waits for a replica to get where its client has written to, and how often it looks. */
const patienceMs = 300;
const pollMs = 5;
/** How long a replica may take to let somebody in, or to say how far it is: it is across a network, not a continent. */
const connectMs = 2_000;
const answerMs = 2_000;
/** One that fails is left alone for a second, then for two, four and so on. */
const longestPauseMs = 30_000;

export type ReplicaListener = (replica: string, leftOutFor?: string) => void;

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** One read replica: its connections, how far it has come, and whether it is in use. Who judges that is replicas.ts. */
export class Replica {
  /** Host, port and database: what may stand in a log. */
  readonly name: string;
  /**
   * A pool of our own. TypeORM has some for replicas, but it does not start where one of them is down.
   */
  readonly pool: SharedPool;
  /** Up to where it has replayed the primary's log, at least. */
  replayed = 0n;
  /** How long ago it was that the primary had something that it lacks, in milliseconds; 0 where it lacks nothing. */
  behindMs = 0;
  /** Asks it how it is, beside the requests: a pool that is used up is no sign of being down. */
  readonly asking: Connection;
  private readonly probe: Pool;
  private readonly busy = new Set<PoolClient>();
  /** Undefined before it has been looked at. */
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
      // A server that was killed and is up again may answer from before what it had replayed: it is asked anew.
      this.replayed = 0n;
    };
    const watched = { ...options, onPoolError };
    const more = { connectionTimeoutMillis: connectMs };
    const pool = openPool(watched, options.poolSize ?? standardPoolSize, readLimits(options), more, readerRole);
    this.pool = new SharedPool(pool);
    this.probe = openPool(watched, 1, {}, { ...more, query_timeout: answerMs }, readerRole);
    this.asking = new Connection(this.probe);
    pool.on('acquire', (client) => this.busy.add(client));
    pool.on('release', (_error, client) => this.busy.delete(client));
  }

  get inUse(): boolean {
    return this.used === true;
  }

  /** Whether it may be looked at again, after a failure. */
  get isDue(): boolean {
    return performance.now() >= this.notBefore;
  }

  /** Looks how far it has come. Those who want to know at the same time ask once. @throws where it is not to be used */
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
    // One that was promoted goes its own way.
    if (!row.standby || row.replayed === null) throw new Error('the server is not a replica');
    this.replayed = BigInt(row.replayed);
    if (this.vain !== undefined && this.replayed >= this.vain) this.vain = undefined;
  }

  /** Whether it is worth waiting for: not where somebody has just waited in vain. */
  mayReach(position: bigint): boolean {
    return this.vain === undefined || position < this.vain;
  }

  /** Whether it comes as far within a while. */
  async reaches(position: bigint): Promise<boolean> {
    const deadline = performance.now() + patienceMs;
    const tooLate = pause(patienceMs);
    try {
      while (this.replayed < position && performance.now() < deadline) {
        await Promise.race([this.look(), tooLate]);
        if (this.replayed < position) await pause(pollMs);
      }
    } catch {
      // Whoever judges it will see the same.
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

  /** It did not answer, or is not what it should be. Who still waits for it is let go: a frozen server says nothing. */
  fail(error: Error): void {
    // Of many requests that found out at once, one counts.
    if (!this.isDue) return;
    this.notBefore = performance.now() + Math.min(1_000 * 2 ** this.failures++, longestPauseMs);
    this.leaveOut(error.message);
    // Under a statement this cuts the connection; the statement fails, and the pool takes the connection out.
    for (const client of this.busy) (client as unknown as { end(): Promise<void> }).end().catch(() => {});
  }

  async close(): Promise<void> {
    await this.pool.pool.end();
    await this.probe.end();
  }
}
