import type { HistorySubject } from '../domain/history';
import { type ChangedSubjects, changedText, type Moment, momentText } from '../store/change';
import type { Database } from '../store/connection/database';
import { commits } from '../store/connection/lease';
import type { Listener } from '../store/connection/listener';

/** Kinds of objects that may have changed. `all`: any. */
export type Subjects = ReadonlySet<HistorySubject> | 'all';

interface Watcher {
  /** Objects of these kinds have changed, and the change can be read. */
  changed(subjects: Subjects): void;
  /** The events of such changes can be read too: no open transaction can still come before them. */
  complete(subjects: Subjects): void;
}

/**
 * How long commits are gathered before other processes hear of them, and the shortest time between two messages. Under load each
 * message costs some .3 ms of CPU, so 100 of them a second were 5 % of what the writes take.
 */
const gatherMs = { first: 10, between: 40 };
/** The shortest time between the beginnings of two looks. */
const betweenMs = 5;
/** Each look finds what was committed since the last. So a commit that nobody told of is found within this time. */
const everyMs = 1_000;
/** Events wait for older transactions. The pauses between the looks for their end double, from the first to the last. */
const waitMs = { first: 10, last: 200 };
/** Entities in one message to other processes, which may have 8,000 bytes. */
const mostTold = 200;

/**
 * Tells of changes that any process has committed, soon after the commit.
 *
 * A process that commits tells the others which entities have changed, on a connection of its own. To notify within each
 * transaction would make PostgreSQL carry out commits one after another. It would also need a listener that never
 * misses a message. So a message is only a reason to look. The look itself asks the history for what was committed since
 * the last look, and goes on once a second without any message.
 */
export class Changes {
  private readonly watchers = new Map<string, Set<Watcher>>();
  private readonly listener: Listener;
  /** Called when this process or another has committed. */
  onCommit: (() => void) | undefined;
  private since: Moment | undefined;
  private looking: Promise<void> | undefined;
  private looked = 0;
  private timer: NodeJS.Timeout | undefined;
  private due = Number.POSITIVE_INFINITY;
  /** Changes whose events cannot be read yet, by entity. */
  private readonly incomplete = new Map<string, { last: bigint; subjects: Subjects }>();
  private pause = waitMs.first;
  private readonly untold = new Set<string>();
  private telling: NodeJS.Timeout | undefined;
  private told = 0;
  private isLost = false;
  private closed = false;

  constructor(
    db: Database,
    private readonly onFailure: (error: unknown, what: string) => void,
  ) {
    this.listener = db.listener(
      (payload) => this.hear(payload.split(' ')),
      (error) => this.lose(error),
    );
    commits.subscribe(this.onOwnCommit);
  }

  /**
   * Tells a watcher of all changes of an entity that are committed from now on. Resolves once that is so: what is read
   * afterwards, and does not show a change, is followed by its news. Returns the function that ends it.
   * @throws an error of the database
   */
  async watch(entityId: string, watcher: Watcher): Promise<() => void> {
    const end = () => {
      const others = this.watchers.get(entityId);
      others?.delete(watcher);
      if (others?.size === 0) {
        this.watchers.delete(entityId);
        this.incomplete.delete(entityId);
      }
      // What is committed while nobody watches is news to nobody.
      if (this.watchers.size === 0) this.since = undefined;
    };
    const others = this.watchers.get(entityId) ?? new Set();
    this.watchers.set(entityId, others.add(watcher));
    try {
      while (!this.since) await this.look();
      if (others.size === 1) this.expect(entityId, this.since);
      this.lookWithin(this.incomplete.size ? waitMs.first : everyMs);
      return end;
    } catch (error) {
      end();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    commits.unsubscribe(this.onOwnCommit);
    clearTimeout(this.timer);
    clearTimeout(this.telling);
    await this.tell();
    await this.looking?.catch(() => {});
    await this.listener.close();
  }

  private readonly onOwnCommit = (message: unknown): void => {
    const entityId = message as string;
    this.hear([entityId]);
    this.untold.add(entityId);
    if (this.telling) return;
    const wait = Math.max(gatherMs.first, this.told + gatherMs.between - performance.now());
    this.telling = setTimeout(() => this.tell(), wait).unref();
  };

  private async tell(): Promise<void> {
    this.telling = undefined;
    this.told = performance.now();
    const all = [...this.untold];
    this.untold.clear();
    try {
      for (let at = 0; at < all.length; at += mostTold)
        await this.listener.notify(all.slice(at, at + mostTold).join(' '));
      // Nobody watches, so no look will find that the database is back. The next outage is told again.
      if (all.length && this.watchers.size === 0) this.isLost = false;
    } catch (error) {
      // The others find the changes by their next look.
      this.lose(error);
    }
  }

  private hear(entityIds: readonly string[]): void {
    this.onCommit?.();
    if (entityIds.some((id) => this.watchers.has(id))) this.lookWithin(0);
  }

  /** What was said meanwhile was not heard, and after a failover positions may have been given anew. */
  private lose(error: unknown): void {
    if (this.closed) return;
    if (!this.isLost) this.onFailure(error, 'following what is committed: this is tried again each second');
    this.isLost = true;
    this.since = undefined;
    this.lookWithin(everyMs);
  }

  private lookWithin(ms: number): void {
    if (this.closed || this.watchers.size === 0) return;
    const now = performance.now();
    const due = Math.max(now + ms, this.looked + betweenMs);
    if (due >= this.due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => {
      this.due = Number.POSITIVE_INFINITY;
      this.look().catch((error) => this.lose(error));
    }, due - now).unref();
  }

  /** One look at a time. A look that is asked for meanwhile begins afterwards. */
  private async look(): Promise<void> {
    while (this.looking) await this.looking.catch(() => {});
    this.looking = this.lookOnce();
    try {
      await this.looking;
    } finally {
      this.looking = undefined;
    }
  }

  private async lookOnce(): Promise<void> {
    this.looked = performance.now();
    const { since } = this;
    if (since) {
      const values = [[...this.watchers.keys()], since.snapshot, since.horizon];
      const [now] = await this.listener.query<Moment & { changed: ChangedSubjects[] }>(changedText, values);
      // The connection was lost meanwhile, or nobody watches any more.
      if (this.since !== since) return;
      this.since = now;
      for (const { entityId, subjects, last } of now.changed) this.note(entityId, new Set(subjects), BigInt(last));
      this.complete(BigInt(now.horizon));
    } else {
      const [now] = await this.listener.query<Moment>(momentText);
      if (this.watchers.size === 0) return;
      this.since = now;
      for (const entityId of this.watchers.keys()) this.expect(entityId, now);
      if (this.isLost) for (const watcher of this.all()) watcher.changed('all');
      this.isLost = false;
      this.complete(BigInt(now.horizon));
    }
    this.pause = this.incomplete.size ? Math.min(this.pause * 2, waitMs.last) : waitMs.first;
    this.lookWithin(this.incomplete.size ? this.pause : everyMs);
  }

  /** Changes of before a moment can be read, but maybe not their events. */
  private expect(entityId: string, { end }: Moment): void {
    this.incomplete.set(entityId, { last: BigInt(end) - 1n, subjects: 'all' });
  }

  private note(entityId: string, subjects: ReadonlySet<HistorySubject>, last: bigint): void {
    const before = this.incomplete.get(entityId);
    this.incomplete.set(entityId, {
      last: before && before.last > last ? before.last : last,
      subjects: before?.subjects === 'all' ? 'all' : new Set([...(before?.subjects ?? []), ...subjects]),
    });
    this.pause = waitMs.first;
    for (const watcher of [...(this.watchers.get(entityId) ?? [])]) watcher.changed(subjects);
  }

  private complete(horizon: bigint): void {
    for (const [entityId, { last, subjects }] of [...this.incomplete]) {
      if (last >= horizon) continue;
      this.incomplete.delete(entityId);
      for (const watcher of [...(this.watchers.get(entityId) ?? [])]) watcher.complete(subjects);
    }
  }

  private all(): Watcher[] {
    return [...this.watchers.values()].flatMap((watchers) => [...watchers]);
  }
}
