import type { QueryConfig } from 'pg';
import { LimitError } from '../../domain/limits';
import { anybody, endOfLog, noteWrite, noteWrites, type Reader, writtenText } from '../client-write';
import { Connection, type StatementCounter } from './connection';
import { faultOf } from './failure';
import { type Lease, RolledBack } from './lease';
import type { SharedPool } from './pool';
import { Replica, type ReplicaListener } from './replica';
import type { DatabaseOptions } from './session';

/** The part of the primary that replicas need; `Database` implements it. */
interface Primary {
  aside(): Connection;
  reads(counter?: StatementCounter): Connection;
}

interface ReplicasOptions extends Omit<DatabaseOptions, 'url'> {
  urls: readonly string[];
  /** Called when a replica comes into use, and when it is left out, with the reason. */
  onChange: ReplicaListener;
  /** A replica is left out if it lacks a write that the primary had this long ago. */
  mostBehindMs?: number;
}

const lookEveryMs = 1_000;
/** Replicas whose lag differs by less share the work. A replica further behind is used only if there is no other. */
const aboutEqualMs = 2_000;
const serverAndDatabase = `select system_identifier::text || ' ' || current_database() as identity from pg_control_system()`;

const keyOf = ({ clientId, entityId }: Reader): string => `${clientId} ${entityId}`;

/**
 * Chooses the database a request reads from. Each process notes the writes of its clients on the primary (client-write.ts).
 * So one look there says how far a reader's own writes go, whichever process they went through. The reader then reads from a
 * replica that has replayed the log up to them. If there is none, the primary is used.
 */
export class Replicas {
  private readonly all: readonly Replica[];
  private readonly mostBehindMs: number;
  /** Readers with a write that is not noted yet, each with the mark of that write. They read from the primary. */
  private readonly unnoted = new Map<string, Reader>();
  /** The end of the primary's log at the start of this process. What it lacks may be the migrations of this program. */
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
    // Has the notes begun, if they have not.
    await replicas.writtenBy(anybody, { statements: 0 });
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
  get states(): readonly Pick<Replica, 'name' | 'pool' | 'exporting' | 'inUse' | 'behindMs'>[] {
    return this.all;
  }

  /**
   * The connection for a reader's request; undefined means the primary. `onLost` is called if the replica fails
   * meanwhile.
   */
  async readsFor(reader: Reader, counter: StatementCounter, onLost: () => void): Promise<Connection | undefined> {
    const replica = await this.choose(reader, counter);
    return (
      replica &&
      new ReplicaConnection(replica, counter, (error) => {
        onLost();
        // One connection may have failed, or all of them: ask the replica.
        if (replica.inUse && faultOf(error) === 'unavailable') void this.judge(replica);
      })
    );
  }

  /** The connections for a reader's export; undefined means the primary. If the replica fails meanwhile, the export ends. */
  async exportsFor(reader: Reader, counter: StatementCounter): Promise<SharedPool | undefined> {
    return (await this.choose(reader, counter))?.exporting;
  }

  private async choose(reader: Reader, counter: StatementCounter): Promise<Replica | undefined> {
    const inUse = this.all.filter((replica) => replica.inUse);
    if (!inUse.length || this.unnoted.has(keyOf(reader))) return undefined;
    const position = await this.writtenBy(reader, counter);
    if (position === undefined) return undefined;
    const least = Math.min(...inUse.map((replica) => replica.behindMs));
    const near = inUse.filter((replica) => replica.behindMs <= least + aboutEqualMs);
    const ready = near.filter((replica) => replica.replayed >= position);
    if (ready.length) return ready[this.turn++ % ready.length];
    const worthIt = near.filter((replica) => replica.mayReach(position));
    if (!worthIt.length) return undefined;
    const furthest = worthIt.reduce((one, other) => (other.replayed > one.replayed ? other : one));
    return (await furthest.reaches(position)) ? furthest : undefined;
  }

  /**
   * How far the log must be replayed for a reader. Undefined: unknown. A crash of the primary empties the notes, and so does a
   * failover. Then a new beginning is noted, behind all that was written before.
   */
  private async writtenBy({ entityId, clientId }: Reader, counter: StatementCounter): Promise<bigint | undefined> {
    try {
      // Not a statement of the request, which would be counted and shown. It waits and ends like one.
      const { limit, requestId } = counter;
      const primary = this.primary.reads({ statements: 0, clientId, limit, requestId });
      const [{ position, begun }] = await primary.query<{ position: string | null; begun: boolean }>(writtenText, [
        this.identity,
        entityId,
        clientId,
      ]);
      if (begun) return BigInt(position!);
      if (!this.unnoted.has(keyOf(anybody))) this.hasWritten(anybody);
      return undefined;
    } catch {
      // The request meets the same error on the primary.
      return undefined;
    }
  }

  /** Commits the writes of a unit, and notes them in the same message. */
  async commit(lease: Lease, writer: Reader): Promise<void> {
    try {
      const noted = await lease.commit(noteWrite(writer, this.identity));
      if (!noted) this.hasWritten(writer);
    } catch (error) {
      // The transaction may have been committed anyway, and its client will check.
      if (!(error instanceof RolledBack)) this.hasWritten(writer);
      throw error;
    }
  }

  /** The writer has written beside `commit`, or may have. It reads from the primary until that is noted. */
  hasWritten({ entityId, clientId }: Reader): void {
    const writer = { entityId, clientId };
    this.unnoted.set(keyOf(writer), writer);
    this.note().catch(() => {});
  }

  private async note(): Promise<void> {
    const writers = [...this.unnoted.values()];
    if (!writers.length) return;
    const { text, values } = noteWrites(writers, this.identity);
    await this.primary.aside().query(text, values);
    for (const writer of writers) {
      if (this.unnoted.get(keyOf(writer)) === writer) this.unnoted.delete(keyOf(writer));
    }
  }

  private get end(): bigint {
    return this.ends.at(-1)?.position ?? 0n;
  }

  private async lookAtPrimary(): Promise<void> {
    const [row] = await this.primary.aside().query<{ position: string }>(endOfLog);
    const position = BigInt(row.position);
    // The position is lower after a failover to a server without the last writes. It will catch up.
    if (position > this.end) this.ends.push({ at: performance.now(), position });
    while (this.ends.length > 1 && this.ends[1].at < performance.now() - this.mostBehindMs) this.ends.shift();
    await this.note();
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
