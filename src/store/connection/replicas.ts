import type { QueryConfig } from 'pg';
import { LimitError } from '../../domain/limits';
import { Connection, type StatementCounter } from './connection';
import { faultOf } from './failure';
import { type Lease, RolledBack } from './lease';
import { Replica, type ReplicaListener } from './replica';
import type { DatabaseOptions } from './session';

/** The part of the primary that replicas need; `Database` implements it. */
interface Primary {
  aside(): Connection;
}

export interface ReplicasOptions extends Omit<DatabaseOptions, 'url'> {
  urls: readonly string[];
  /** Called when a replica comes into use, and when it is left out, with the reason. */
  onChange: ReplicaListener;
  /** A replica is left out if it lacks a write that the primary had this long ago. */
  mostBehindMs?: number;
}

/** A client in one entity. Its writes in one entity do not affect its reads in another. */
export interface Reader {
  clientId: string;
  entityId: string;
}

const lookEveryMs = 1_000;
/** Replicas whose lag differs by less share the work. A replica further behind is used only if there is no other. */
const aboutEqualMs = 2_000;
/** The number of readers whose last write is remembered. */
const mostWriters = 10_000;

/**
 * The end of the primary's log. If the log has just begun a page, PostgreSQL counts the page header of 24 or 40 bytes
 * as written. A replica counts the header only after a record follows. On an idle server none does.
 */
const endOfLog = `with log as (
    select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as at, current_setting('wal_block_size')::numeric as block)
  select (at - case when mod(at, block) in (24, 40) then mod(at, block) else 0 end)::text as position from log`;

const serverAndDatabase = `select system_identifier::text || ' ' || current_database() as identity from pg_control_system()`;

const keyOf = ({ clientId, entityId }: Reader): string => `${clientId} ${entityId}`;

/**
 * Chooses the database a request reads from. A reader who has written reads from a replica that has replayed the log up
 * to that write. If there is none, the primary is used. Other readers cost no statement: once a second, beside the
 * requests, each replica is asked for its position.
 */
export class Replicas {
  private readonly all: readonly Replica[];
  private readonly mostBehindMs: number;
  private readonly written = new Map<string, bigint>();
  /** Readers whose last write has an unknown position, each with the mark of that write. */
  private readonly unresolved = new Map<string, object>();
  /**
   * The position that a replica must have reached for any reader. It begins at the end of the primary's log at the
   * start of this process, so that writes through the previous process are visible. It rises with each write whose
   * reader is forgotten.
   */
  private floor = 0n;
  /** Ends of the primary's log, and when each was first seen; the latest is last. */
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

  /** Checks each replica once, so that working replicas are in use from the start. None needs to be up. */
  static async open(primary: Primary, options: ReplicasOptions): Promise<Replicas> {
    const replicas = new Replicas(primary, options);
    replicas.identity = await identityOf(primary.aside());
    await replicas.lookAtPrimary();
    replicas.floor = replicas.end;
    await Promise.all(
      replicas.all.map(async (replica) => {
        // Recent writes are still on their way; at a first start these are all migrations.
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

  /** The state of the replicas, in the order of the configuration. */
  get states(): readonly Pick<Replica, 'name' | 'pool' | 'inUse' | 'behindMs'>[] {
    return this.all;
  }

  /**
   * The connection for a reader's request; undefined means the primary. `onLost` is called if the replica fails
   * meanwhile.
   */
  async readsFor(reader: Reader, counter: StatementCounter, onLost: () => void): Promise<Connection | undefined> {
    const replica = await this.choose(keyOf(reader));
    return (
      replica &&
      new ReplicaConnection(replica, counter, (error) => {
        onLost();
        // One connection may have failed, or all of them: ask the replica.
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

  /** Commits the writes of a unit. The same message asks for the end of the log after the commit. */
  async commit(lease: Lease, writer: Reader): Promise<void> {
    try {
      const { position } = await lease.commit<{ position: string }>(endOfLog);
      this.remember(keyOf(writer), BigInt(position));
    } catch (error) {
      // The transaction may have been committed anyway, and its client will check.
      if (!(error instanceof RolledBack)) this.hasWritten(writer);
      throw error;
    }
  }

  /**
   * The writer has written, here or through another process. It reads from the primary until the end of the log is
   * known.
   */
  hasWritten(writer: Reader): void {
    this.unresolved.set(keyOf(writer), {});
  }

  /** The client reports the position of a write that it made through another process. */
  hasWrittenTo(writer: Reader, position: bigint): void {
    // A position beyond the known end of the log may be newer, or made up. Then the end of the log is looked up
    // instead.
    if (position > this.end) this.hasWritten(writer);
    else this.remember(keyOf(writer), position);
  }

  /** The position of the writer's last write, as far as this process knows. */
  positionOf(writer: Reader): bigint | undefined {
    return this.written.get(keyOf(writer));
  }

  private remember(key: string, position: bigint): void {
    const known = this.written.get(key) ?? 0n;
    // Deleted first: the map stays in the order of writing, with the oldest entry first.
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
    // The position is lower after a failover to a server without the last writes. It will catch up.
    if (position > this.end) this.ends.push({ at: performance.now(), position });
    while (this.ends.length > 1 && this.ends[1].at < performance.now() - this.mostBehindMs) this.ends.shift();
    for (const [key, mark] of before) {
      this.remember(key, position);
      if (this.unresolved.get(key) === mark) this.unresolved.delete(key);
    }
  }

  /**
   * Takes a replica into use, or leaves it out. Its lag is the age of the first log end that it has not reached. The
   * time of its last transaction is no measure: on an idle primary that is long ago, and it comes from another clock.
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

  /** Neither the log positions nor the data of another server mean anything here. */
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

/** The reads of one request from a replica. */
class ReplicaConnection extends Connection {
  constructor(
    replica: Replica,
    counter: StatementCounter,
    private readonly onFailure: (error: unknown) => void,
  ) {
    super(replica.pool, counter);
  }

  protected override async ask<T>(statement: QueryConfig): Promise<T[]> {
    try {
      return await super.ask<T>(statement);
    } catch (error) {
      // Two errors stay errors: a timeout would occur on the primary too, and a client with too many waiting requests
      // is refused. After any other error the request asks the primary: a lost connection, a statement in the way of
      // the replay (40001), or an internal error.
      if (faultOf(error) !== 'timeout' && !(error instanceof LimitError)) this.onFailure(error);
      throw error;
    }
  }
}
