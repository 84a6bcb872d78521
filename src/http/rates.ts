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
 * The requests of each client, and the cost of its operations, in windows of a minute that begin with its first request. They
 * live in the memory of this process: several processes allow as many times more. 10,000 clients are known; beyond that the
 * one whose window is the oldest is forgotten. The clock is monotonic: one that is set back would make a minute of hours.
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
    // Deleted first, so that the map stays in the order of beginning and its first entry is the oldest.
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
   * Takes the cost of an operation from what is left; one that is refused costs nothing. Returns how to give a part of it
   * back, where the reply turns out to be smaller.
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

  /** What a reply tells of the window: of requests and cost, the one that is closer to its end. */
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
