import { LimitError, type LimitName, type Limits } from '../domain/limits';
import type { ClientDays } from '../service/client-day';
import type { ClientUse, Counts, RateElsewhere, RateHere } from '../service/client-use';

const minute = 60_000;
const mostClients = 10_000;
/** What all processes together may count of a limit without telling the others. */
const untold = 0.1;

type Budget = LimitName & ('requests' | 'costPerMinute');

interface Window extends Record<Budget, number> {
  ends: number;
  /** What other processes have counted in the same minute, as far as it is known. */
  elsewhere: Record<Budget, number>;
  /** The others know of this minute, and it ends with theirs. */
  isShared: boolean;
  /** Beyond one of these counts the others are told. */
  tellAbove: Record<Budget, number>;
  /** Below this cost too: cost that is given back is the others' again. */
  tellBelow: number;
}

/**
 * Requests and cost per client, in windows of a minute that begin with the first request. The clock is monotonic: a clock that
 * is set back would make a minute last hours.
 *
 * The counts are in the memory of this process. Where they have grown by this process's part of a tenth of the limit, the other
 * processes are told, and what they count is learned (service/client-use.ts). So all together allow a tenth more than the
 * limit at most, besides what comes while an exchange is under way. A client with few requests costs no exchange.
 *
 * At most 10,000 clients are counted. Beyond that the client with the oldest window is forgotten.
 */
export class Rates implements Counts<RateHere, RateElsewhere> {
  private readonly windows = new Map<string, Window>();
  /**
   * The clients in the order of their windows. Kept, because each new iterator would first pass over all entries that were
   * deleted: 200,000 clients took 3.8 s.
   */
  private readonly oldest = this.windows.keys();
  /** Clients to be told of, with their windows. */
  private readonly due = new Map<string, Window>();
  /** The windows that an exchange under way tells of. */
  private telling = new Map<string, Window>();
  private processes = 1;

  constructor(
    private readonly limits: Limits,
    private readonly now: () => number = () => performance.now(),
    /** Absent: this process is alone. */
    private readonly shared?: Pick<ClientUse, 'active' | 'soon'>,
    /** Told of all that is counted, for the client to see. */
    private readonly days?: Pick<ClientDays, 'request' | 'cost'>,
  ) {}

  private windowOf(clientId: string): Window {
    const known = this.windows.get(clientId);
    if (known && known.ends > this.now()) return known;
    // Deleted first, so that the map is ordered by the start of windows, and its first entry is the oldest.
    this.windows.delete(clientId);
    if (this.windows.size >= mostClients) this.forget(this.oldest.next().value as string);
    const window = {
      ...{ requests: 0, costPerMinute: 0, ends: this.now() + minute, elsewhere: { requests: 0, costPerMinute: 0 } },
      ...{ isShared: false, tellAbove: { requests: 0, costPerMinute: 0 }, tellBelow: 0 },
    };
    this.expect(window, window);
    this.windows.set(clientId, window);
    this.shared?.active();
    return window;
  }

  private forget(clientId: string): void {
    this.windows.delete(clientId);
    this.due.delete(clientId);
  }

  /** Counts a request, refused or not. @throws LimitError RATE_LIMITED */
  count(clientId: string): void {
    const window = this.windowOf(clientId);
    window.requests++;
    this.days?.request(clientId);
    if (window.requests > window.tellAbove.requests) this.tellSoon(clientId, window);
    const all = window.requests + window.elsewhere.requests;
    if (all > this.limits.requests) {
      if (window.requests <= this.limits.requests) this.due.set(clientId, window);
      throw this.refusal(window, 'requests', all, 'requests');
    }
  }

  /**
   * Takes the cost of an operation from the client's budget. A refused operation costs nothing. Returns a function that
   * gives a part back, for a reply smaller than its price.
   * @throws LimitError RATE_LIMITED
   */
  spend(clientId: string, cost: number): (unused: number) => void {
    const window = this.windowOf(clientId);
    const wanted = window.costPerMinute + cost;
    const all = wanted + window.elsewhere.costPerMinute;
    if (all > this.limits.costPerMinute) {
      // The others may have given some back meanwhile. The next exchange tells.
      if (wanted <= this.limits.costPerMinute) this.due.set(clientId, window);
      throw this.refusal(window, 'costPerMinute', all, 'units of cost');
    }
    window.costPerMinute = wanted;
    const day = this.days?.cost(clientId, cost);
    if (wanted > window.tellAbove.costPerMinute) this.tellSoon(clientId, window);
    return (unused) => {
      window.costPerMinute -= unused;
      this.days?.cost(clientId, -unused, day);
      if (window.costPerMinute < window.tellBelow) this.tellSoon(clientId, window);
    };
  }

  private refusal(window: Window, limit: Budget, requested: number, what: string): LimitError {
    const allowed = this.limits[limit];
    const seconds = this.secondsOf(window);
    return new LimitError(
      { limit, allowed, requested },
      `The client is at ${requested} ${what} in this minute; ${allowed} are allowed. Try again in ${seconds} s.`,
      seconds,
    );
  }

  private secondsOf({ ends }: Window): number {
    return Math.max(1, Math.ceil((ends - this.now()) / 1000));
  }

  /** Headers about the window: for requests or for cost, whichever is closer to its limit. */
  headersFor(clientId: string): Record<string, number> {
    const window = this.windowOf(clientId);
    const left = (budget: Budget) => Math.max(0, this.limits[budget] - window[budget] - window.elsewhere[budget]);
    const share = (budget: Budget) => left(budget) / this.limits[budget];
    const closest: Budget = share('costPerMinute') < share('requests') ? 'costPerMinute' : 'requests';
    return {
      'ratelimit-limit': this.limits[closest],
      'ratelimit-remaining': left(closest),
      'ratelimit-reset': this.secondsOf(window),
    };
  }

  private tellSoon(clientId: string, window: Window): void {
    // Asked for once: the exchange says from where on the next is due.
    window.tellAbove = { requests: Number.POSITIVE_INFINITY, costPerMinute: Number.POSITIVE_INFINITY };
    window.tellBelow = Number.NEGATIVE_INFINITY;
    this.due.set(clientId, window);
    this.shared?.soon();
  }

  /** Says from where on the next exchange is due, if the others know of these counts. */
  private expect(window: Window, told: Record<Budget, number>): void {
    const part = (budget: Budget) => Math.floor((this.limits[budget] * untold) / this.processes);
    // At least 1, since what is told is rounded.
    const cost = Math.max(1, part('costPerMinute'));
    window.tellAbove = {
      // Requests beyond the limit are refused here whatever the others count, and refused there whatever else is told.
      requests: told.requests < this.limits.requests ? told.requests + part('requests') : Number.POSITIVE_INFINITY,
      costPerMinute: told.costPerMinute + cost,
    };
    window.tellBelow = told.costPerMinute - cost;
  }

  /** Whether it is past what was expected, so that it is told again. */
  private isPast({ requests, costPerMinute, tellAbove, tellBelow }: Window): boolean {
    return requests > tellAbove.requests || costPerMinute > tellAbove.costPerMinute || costPerMinute < tellBelow;
  }

  tell(most: number): RateHere[] {
    const told: RateHere[] = [];
    this.telling.clear();
    for (const [clientId, window] of this.due) {
      const leftMs = window.ends - this.now();
      if (leftMs <= 0 || this.windows.get(clientId) !== window) {
        this.due.delete(clientId);
        continue;
      }
      if (told.length >= most) break;
      const { requests, costPerMinute, isShared } = window;
      this.telling.set(clientId, window);
      told.push({ clientId, requests, cost: Math.round(costPerMinute), leftMs, joins: !isShared });
    }
    return told;
  }

  learn(told: readonly RateHere[], elsewhere: readonly RateElsewhere[], processes: number): void {
    this.processes = processes;
    const others = new Map(elsewhere.map((each) => [each.clientId, each]));
    for (const { clientId, requests, cost, joins } of told) {
      // Not the window of now, if that is another one: a minute may have ended meanwhile.
      const window = this.telling.get(clientId)!;
      if (this.due.get(clientId) === window) this.due.delete(clientId);
      const found = others.get(clientId);
      if (!found) continue;
      window.elsewhere = { requests: found.requests, costPerMinute: found.cost };
      if (joins && found.leftMs !== null) window.ends = this.now() + found.leftMs;
      window.isShared = true;
      this.expect(window, { requests, costPerMinute: cost });
      if (this.isPast(window)) this.tellSoon(clientId, window);
    }
  }

  forgotten(): void {
    for (const [clientId, window] of this.windows) {
      if (!window.isShared) continue;
      this.expect(window, { requests: 0, costPerMinute: 0 });
      if (this.isPast(window)) this.tellSoon(clientId, window);
    }
  }
}
