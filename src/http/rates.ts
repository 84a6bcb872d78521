import { LimitError, type LimitName, type Limits } from '../domain/limits';

const minute = 60_000;
const mostClients = 10_000;

interface Window {
  requests: number;
  costPerMinute: number;
  ends: number;
}

type Budget = keyof Window & LimitName;

/**
 * Requests and cost per client, in windows of a minute that begin with the first request. The counts are in the memory
 * of this process, so several processes allow as many times more. At most 10,000 clients are counted; beyond that the
 * client with the oldest window is forgotten. The clock is monotonic: a clock that is set back would make a minute last
 * hours.
 */
export class Rates {
  private readonly windows = new Map<string, Window>();

  constructor(
    private readonly limits: Limits,
    private readonly now: () => number = () => performance.now(),
  ) {}

  private windowOf(clientId: string): Window {
    const known = this.windows.get(clientId);
    if (known && known.ends > this.now()) return known;
    // Deleted first, so that the map is ordered by the start of windows, and its first entry is the oldest.
    this.windows.delete(clientId);
    if (this.windows.size >= mostClients) this.windows.delete(this.windows.keys().next().value as string);
    const window = { requests: 0, costPerMinute: 0, ends: this.now() + minute };
    this.windows.set(clientId, window);
    return window;
  }

  /** Counts a request, refused or not. @throws LimitError RATE_LIMITED */
  count(clientId: string): void {
    const window = this.windowOf(clientId);
    window.requests++;
    if (window.requests > this.limits.requests) throw this.refusal(window, 'requests', window.requests, 'requests');
  }

  /**
   * Takes the cost of an operation from the client's budget. A refused operation costs nothing. Returns a function that
   * gives a part back, for a reply smaller than its price.
   * @throws LimitError RATE_LIMITED
   */
  spend(clientId: string, cost: number): (unused: number) => void {
    const window = this.windowOf(clientId);
    const wanted = window.costPerMinute + cost;
    if (wanted > this.limits.costPerMinute) throw this.refusal(window, 'costPerMinute', wanted, 'units of cost');
    window.costPerMinute = wanted;
    return (unused) => {
      window.costPerMinute -= unused;
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
    const left = (budget: Budget) => Math.max(0, this.limits[budget] - window[budget]);
    const share = (budget: Budget) => left(budget) / this.limits[budget];
    const closest: Budget = share('costPerMinute') < share('requests') ? 'costPerMinute' : 'requests';
    return {
      'ratelimit-limit': this.limits[closest],
      'ratelimit-remaining': left(closest),
      'ratelimit-reset': this.secondsOf(window),
    };
  }
}
