import { AsyncResource } from 'node:async_hooks';
import { dayOf } from '../domain/date';
import { addDays, type DayCount, purgeDays } from '../store/client-day';
import type { Services } from './run/services';

/** The longest time that counts stay in memory. A process that is killed loses as much. */
const everyMs = 5_000;
/** Counters in memory while the database is away: some MB. Further clients and codes are not counted then. */
const mostCounters = 20_000;
/** The longest that a closing process waits for its last counts. */
const closeMs = 1_000;

/** The code of the row that has the requests and their cost. */
const requests = '';

interface Counter {
  count: number;
  cost: number;
}

/**
 * Counts what clients do, by day, and adds the counts to the database every 5 seconds: in one statement for all clients, and
 * in none while nothing happens. A request only counts.
 *
 * The counts are for people who look at a trend. A process that is killed loses the last seconds. A statement whose answer is
 * lost is repeated, though it may have counted. Limits are kept elsewhere (client-use.ts).
 */
export class ClientDays {
  private counters = new Map<string, Counter>();
  private documents = new Map<string, { count: number; lastUsedDate: string }>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isLost = false;
  private isClosed = false;
  private today = '';
  private todayEnds = 0;

  constructor(
    private readonly services: Pick<Services, 'db' | 'onFailure'>,
    private readonly now: () => number = Date.now,
  ) {}

  /** A request of a client, refused or not. */
  request(clientId: string): void {
    this.add(clientId, requests, 1, 0);
  }

  /**
   * Units of cost that a client has paid. Returns the day that they count for. Negative for what is given back: it names the day
   * on which it was paid, else a reply over midnight would make the cost of the next day negative.
   */
  cost(clientId: string, units: number, day = this.day()): string {
    this.add(clientId, requests, 0, units, day);
    return day;
  }

  /** Errors in a reply to a client, by their codes. */
  errors(clientId: string, codes: readonly string[]): void {
    for (const code of codes) this.add(clientId, code, 1, 0);
  }

  /** A run of a registered document. `id` is that of its row. */
  document(id: string): void {
    const known = this.documents.get(id);
    if (!known && this.size >= mostCounters) return;
    this.documents.set(id, { count: (known?.count ?? 0) + 1, lastUsedDate: new Date(this.now()).toISOString() });
    this.soon();
  }

  /** Adds what is counted to the database now. A failure is told once, and the counts are kept for the next time. */
  async flush(): Promise<void> {
    while (this.running) await this.running;
    if (this.size === 0) return;
    this.running = this.send().finally(() => {
      this.running = undefined;
    });
    await this.running;
  }

  /** Adds the last counts. Takes a second at most. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    let late: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      late = setTimeout(resolve, closeMs);
    });
    await Promise.race([this.flush(), patience]);
    clearTimeout(late);
  }

  private get size(): number {
    return this.counters.size + this.documents.size;
  }

  private add(clientId: string, code: string, count: number, cost: number, day = this.day()): void {
    const key = `${day} ${clientId} ${code}`;
    const known = this.counters.get(key);
    if (known) {
      known.count += count;
      known.cost += cost;
    } else if (this.size < mostCounters) {
      this.counters.set(key, { count, cost });
      this.soon();
    }
  }

  private day(): string {
    const now = this.now();
    // Also asked anew where the clock was set back.
    if (now >= this.todayEnds || now < this.todayEnds - 86_400_000) {
      this.today = dayOf(new Date(now).toISOString());
      this.todayEnds = Date.parse(`${this.today}T00:00:00Z`) + 86_400_000;
    }
    return this.today;
  }

  private soon(): void {
    if (this.timer || this.isClosed) return;
    this.timer = setTimeout(this.start, everyMs).unref();
  }

  /** Bound to where the process began: the statement is no part of the request that counted first, nor of its trace. */
  private readonly start = AsyncResource.bind(() => {
    this.timer = undefined;
    void this.flush();
  });

  private async send(): Promise<void> {
    const { counters, documents } = this;
    this.counters = new Map();
    this.documents = new Map();
    const days = [...counters].map(([key, { count, cost }]): DayCount => {
      const [day, clientId, code] = key.split(' ');
      return { day, clientId, code, count, cost: Math.round(cost) };
    });
    const runs = [...documents].map(([id, run]) => ({ id, ...run }));
    try {
      await addDays(this.services.db.counts(), days, runs);
      this.isLost = false;
    } catch (error) {
      if (!this.isLost && !this.isClosed) this.services.onFailure(error, failing);
      this.isLost = true;
      this.keep(counters, documents);
    }
  }

  private keep(counters: ClientDays['counters'], documents: ClientDays['documents']): void {
    for (const [key, { count, cost }] of counters) {
      const since = this.counters.get(key);
      this.counters.set(key, { count: count + (since?.count ?? 0), cost: cost + (since?.cost ?? 0) });
    }
    for (const [id, { count, lastUsedDate }] of documents) {
      const since = this.documents.get(id);
      this.documents.set(id, {
        count: count + (since?.count ?? 0),
        lastUsedDate: since?.lastUsedDate ?? lastUsedDate,
      });
    }
    this.soon();
  }
}

const failing = 'counting what clients use: this is tried again every 5 seconds';

/** Deletes the days that are too old, and secrets that have ended. Part of housekeeping. */
export async function forgetDays({ db }: Services, ended: () => boolean): Promise<void> {
  while (!ended() && (await purgeDays(db.aside())));
}
