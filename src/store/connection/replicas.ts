import { LimitError } from '../../domain/limits';
import { Connection, type Lease, RolledBack, type StatementCounter } from './connection';
import { faultOf } from './failure';
import { Replica, type ReplicaListener } from './replica';
import type { DatabaseOptions } from './session';

/** What is asked of the primary; `Database` is one. */
interface Primary {
  aside(): Connection;
}

export interface ReplicasOptions extends Omit<DatabaseOptions, 'url'> {
  urls: readonly string[];
  /** Told when a replica comes into use, and when it is left out, and why. */
  onChange: ReplicaListener;
  /** A replica that lacks what the primary had this long ago is left out. */
  mostBehindMs?: number;
}

/** Who reads, and has written: what one client does in one entity is of no concern to another. */
export interface Reader {
  clientId: string;
  entityId: string;
}

const lookEveryMs = 1_000;
/** Replicas that differ by less share the work; one that is further behind is used where there is no other. */
const aboutEqualMs = 2_000;
/** Readers whose last write is remembered. */
const mostWriters = 10_000;

/**
 * The end of the primary's log. Where the log has just begun a page, PostgreSQL counts the header of that page, 24 or 40
 * bytes, to what is written; a replica does not before something stands behind it, which on an idle server is never.
 */
const endOfLog = `with log as (
    select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as at, current_setting('wal_block_size')::numeric as block)
  select (at - case when mod(at, block) in (24, 40) then mod(at, block) else 0 end)::text as position from log`;

const serverAndDatabase = `select system_identifier::text || ' ' || current_database() as identity from pg_control_system()`;

const keyOf = ({ clientId, entityId }: Reader): string => `${clientId} ${entityId}`;

/**
 * Which database a request reads from. A reader who has written reads from a replica that has replayed the primary's log
 * up to the end of that write, and otherwise from the primary. All others cost no statement: how far each replica is, and
 * whether it answers, is looked at once a second beside the requests.
 */
export class Replicas {
  private readonly all: readonly Replica[];
  private readonly mostBehindMs: number;
  private readonly written = new Map<string, bigint>();
  /** Readers who have written up to where nobody knows, each with the mark of the last time. */
  private readonly unresolved = new Map<string, object>();
  /**
   * What a replica may not lack, whoever asks: where the primary was when this process began, so that what was written
   * through the process before it is seen, and what has been forgotten of the readers.
   */
  private floor = 0n;
  /** Where the primary's log has ended, and when that was first seen; the latest last. */
  private ends: { at: number; position: bigint }[] = [];
  private turn = 0;
  private identity = '';
  private closed = false;
  private readonly timers = new Set<NodeJS.Timeout>();

  private constructor(
    private readonly primary: Primary,
    { urls, onChange, mostBehindMs = 30_000, ...options }: ReplicasOptions,
  ) {
    this.mostBehindMs = mostBehindMs;
    this.all = urls.map((url) => new Replica({ ...options, url }, onChange));
  }

  /** Looks at each replica once, so that those which can be used are so from the start; none has to be there. */
  static async open(primary: Primary, options: ReplicasOptions): Promise<Replicas> {
    const replicas = new Replicas(primary, options);
    replicas.identity = await identityOf(primary.aside());
    await replicas.lookAtPrimary();
    replicas.floor = replicas.end;
    await Promise.all(
      replicas.all.map(async (replica) => {
        // What was just written is on its way, at a first start all of the migrations.
        await replica.reaches(replicas.floor);
        await replicas.judge(replica);
      }),
    );
    replicas.every(lookEveryMs, () => replicas.lookAtPrimary().catch(() => {}));
    for (const replica of replicas.all) {
      replicas.every(lookEveryMs, async () => {
        if (replica.isDue) await replicas.judge(replica);
      });
    }
    return replicas;
  }

  /** How the replicas are, in the order of their configuration. */
  get states(): readonly Pick<Replica, 'name' | 'pool' | 'inUse' | 'behindMs'>[] {
    return this.all;
  }

  /** Where a reader's request may read from; undefined: from the primary. `onLost`: the replica has failed under it. */
  async readsFor(reader: Reader, counter: StatementCounter, onLost: () => void): Promise<Connection | undefined> {
    const replica = await this.choose(keyOf(reader));
    return (
      replica &&
      new ReplicaConnection(replica, counter, (error) => {
        onLost();
        // It may be one connection, or all: the replica is asked itself.
        if (replica.inUse && faultOf(error) === 'unavailable') void this.judge(replica);
      })
    );
  }

  private async choose(key: string): Promise<Replica | undefined> {
    if (this.unresolved.has(key)) return undefined;
    const written = this.written.get(key) ?? 0n;
    const position = written > this.floor ? written : this.floor;
    const inUse = this.all.filter((replica) => replica.inUse);
    const least = Math.min(...inUse.map((replica) => replica.behindMs));
    const near = inUse.filter((replica) => replica.behindMs <= least + aboutEqualMs);
    const ready = near.filter((replica) => replica.replayed >= position);
    if (ready.length) return ready[this.turn++ % ready.length];
    const worthIt = near.filter((replica) => replica.mayReach(position));
    if (!worthIt.length) return undefined;
    const furthest = worthIt.reduce((one, other) => (other.replayed > one.replayed ? other : one));
    return (await furthest.reaches(position)) ? furthest : undefined;
  }

  /** Commits what a writer has done. Where the log then ends is asked in the same message. */
  async commit(lease: Lease, writer: Reader): Promise<void> {
    try {
      const { position } = await lease.commit<{ position: string }>(endOfLog);
      this.remember(keyOf(writer), BigInt(position));
    } catch (error) {
      // It may have been committed all the same, and its client will look whether it was.
      if (!(error instanceof RolledBack)) this.hasWritten(writer);
      throw error;
    }
  }

  /** The writer has written, here or elsewhere: it reads from the primary until the end of the log has been looked up. */
  hasWritten(writer: Reader): void {
    this.unresolved.set(keyOf(writer), {});
  }

  /** The writer says itself that it has written up to there, through another process. */
  hasWrittenTo(writer: Reader, position: bigint): void {
    // What is ahead of all we know of may be newer, or made up: then the end of the log will do.
    if (position > this.end) this.hasWritten(writer);
    else this.remember(keyOf(writer), position);
  }

  /** Up to where the writer has written, as far as this process knows. */
  positionOf(writer: Reader): bigint | undefined {
    return this.written.get(keyOf(writer));
  }

  private remember(key: string, position: bigint): void {
    const known = this.written.get(key) ?? 0n;
    // Deleted first, so that the map stays in the order of writing and its first entry is the oldest.
    this.written.delete(key);
    this.written.set(key, position > known ? position : known);
    if (this.written.size <= mostWriters) return;
    const [[oldest, forgotten]] = this.written;
    this.written.delete(oldest);
    if (forgotten > this.floor) this.floor = forgotten;
  }

  private get end(): bigint {
    return this.ends.at(-1)?.position ?? 0n;
  }

  private async lookAtPrimary(): Promise<void> {
    const before = [...this.unresolved];
    const [row] = await this.primary.aside().query<{ position: string }>(endOfLog);
    const position = BigInt(row.position);
    // Less it is where another server has taken the primary's place without its last writes: it will get there.
    if (position > this.end) this.ends.push({ at: performance.now(), position });
    while (this.ends.length > 1 && this.ends[1].at < performance.now() - this.mostBehindMs) this.ends.shift();
    for (const [key, mark] of before) {
      this.remember(key, position);
      if (this.unresolved.get(key) === mark) this.unresolved.delete(key);
    }
  }

  /**
   * Takes a replica into use, or leaves it out. How far it is behind is told by what the primary had and it has not, and
   * not by the time of its last transaction, which on an idle primary is long ago, and by another clock.
   */
  private async judge(replica: Replica): Promise<void> {
    try {
      await replica.look();
      const lacking = this.ends.find(({ position }) => position > replica.replayed);
      replica.behindMs = lacking ? performance.now() - lacking.at : 0;
      if (replica.replayed < this.floor || replica.behindMs > this.mostBehindMs) {
        return replica.leaveOut('the replica is too far behind the primary');
      }
      if (!replica.inUse) await this.examine(replica);
      replica.use();
    } catch (error) {
      if (!this.closed) replica.fail(error as Error);
    }
  }

  /** Positions of another server's log mean nothing here, and its data still less. */
  private async examine({ asking }: Replica): Promise<void> {
    if ((await identityOf(asking)) !== this.identity) throw new Error('the server is not a replica of this primary');
  }

  private every(ms: number, act: () => Promise<void>): void {
    const timer = setTimeout(async () => {
      this.timers.delete(timer);
      await act();
      if (!this.closed) this.every(ms, act);
    }, ms).unref();
    this.timers.add(timer);
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const replica of this.all) await replica.close();
  }
}

async function identityOf(connection: Connection): Promise<string> {
  return (await connection.query<{ identity: string }>(serverAndDatabase))[0].identity;
}

/** What one request reads from a replica. */
class ReplicaConnection extends Connection {
  constructor(
    replica: Replica,
    counter: StatementCounter,
    private readonly onFailure: (error: unknown) => void,
  ) {
    super(replica.pool, counter);
  }

  override async query<T = Record<string, unknown>>(
    text: string,
    values: unknown[] = [],
    prepared = true,
  ): Promise<T[]> {
    try {
      return await super.query<T>(text, values, prepared);
    } catch (error) {
      // What takes too long here does so on the primary, and whose client has too many waiting is refused. All else is for the
      // primary to say, be it a connection that is lost, a statement in the way of the replay (40001), or a fault of ours.
      if (faultOf(error) !== 'timeout' && !(error instanceof LimitError)) this.onFailure(error);
      throw error;
    }
  }
}
