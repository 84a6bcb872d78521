import { LimitError, type LimitName, type Limits } from '../../domain/limits';
import type { ClientUse, Counts, SubscriptionsHere } from '../../service/client-use';

interface Held {
  count: number;
  /** The count that the other processes know. */
  told: number;
  /** What the others hold, as far as it is known. */
  elsewhere: number;
}

/** A client with more than this part of its limit is looked up in each exchange; one with fewer when its count changes. */
const large = 0.01;
/** What all processes together may begin of a limit before the next second's exchange. */
const untold = 0.1;

/**
 * How many subscriptions clients have in this process, and sessions that have none (live.ts). A client's limit holds over all
 * processes: each tells the others of every count that has changed, once a second. Where a client has begun many since, it
 * tells at once.
 */
export class HeldSubscriptions implements Counts<SubscriptionsHere, SubscriptionsHere> {
  private readonly byClient = new Map<string, Held>();
  /** Clients whose count the others do not know yet. */
  private readonly changed = new Set<string>();
  /** Clients with many, in the order in which they were looked up. */
  private readonly large = new Set<string>();
  private processes = 1;
  private all = 0;

  constructor(
    private readonly limits: Limits,
    private readonly use: ClientUse,
  ) {
    use.subscriptions = this;
  }

  /** Counts a subscription that begins. @throws LimitError RATE_LIMITED if the client, or all together, have too many */
  admit(clientId: string): void {
    const { subscriptions, allSubscriptions } = this.limits;
    const known = this.byClient.get(clientId);
    const own = known?.count ?? 0;
    // Where no process can be asked, this one goes on by itself: subscriptions of others may have ended long ago.
    const elsewhere = known && this.use.isBelieved ? known.elsewhere : 0;
    if (own + elsewhere >= subscriptions) {
      // Maybe fewer elsewhere by now: the next exchange tells.
      if (own < subscriptions) this.note(clientId);
      throw tooMany('subscriptions', subscriptions, 'The client has');
    }
    if (this.all >= allSubscriptions) throw tooMany('allSubscriptions', allSubscriptions, 'There are');
    const held = known ?? { count: 0, told: 0, elsewhere: 0 };
    held.count++;
    this.all++;
    this.byClient.set(clientId, held);
    if (held.count > subscriptions * large) this.large.add(clientId);
    this.note(clientId);
    if (held.count - held.told > (subscriptions * untold) / this.processes) this.use.soon();
  }

  /** Counts a subscription that has ended. */
  leave(clientId: string): void {
    const held = this.byClient.get(clientId)!;
    held.count--;
    this.all--;
    if (held.count <= this.limits.subscriptions * large) this.large.delete(clientId);
    this.note(clientId);
  }

  private note(clientId: string): void {
    this.changed.add(clientId);
    this.use.active();
  }

  tell(most: number): SubscriptionsHere[] {
    const told = new Set<string>();
    for (const clientId of this.changed) if (told.size < most) told.add(clientId);
    let looks = Math.min(this.large.size, most / 2);
    for (const clientId of this.large) {
      if (looks-- <= 0 || told.size >= most) break;
      told.add(clientId);
      // Last in the next round, so that each has its turn.
      this.large.delete(clientId);
      this.large.add(clientId);
    }
    // Subscriptions that last are held by a process that is there.
    if (this.all > 0) this.use.active();
    return [...told].map((clientId) => ({ clientId, count: this.byClient.get(clientId)?.count ?? 0 }));
  }

  learn(told: readonly SubscriptionsHere[], elsewhere: readonly SubscriptionsHere[], processes: number): void {
    this.processes = processes;
    const others = new Map(elsewhere.map(({ clientId, count }) => [clientId, count]));
    for (const { clientId, count } of told) {
      const held = this.byClient.get(clientId);
      if (!held) {
        this.changed.delete(clientId);
        continue;
      }
      held.told = count;
      held.elsewhere = others.get(clientId) ?? 0;
      if (held.count !== count) continue;
      this.changed.delete(clientId);
      if (count === 0) this.byClient.delete(clientId);
    }
  }

  forgotten(): void {
    for (const [clientId, held] of this.byClient) {
      held.told = 0;
      if (held.count > 0) this.changed.add(clientId);
    }
  }
}

const tooMany = (limit: LimitName, allowed: number, whose: string): LimitError =>
  new LimitError(
    { limit, allowed, requested: allowed + 1 },
    `${whose} ${allowed} subscriptions already. A WebSocket without any counts as one. End some of them.`,
    1,
  );
