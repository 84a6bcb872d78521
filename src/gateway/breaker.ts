/**
 * Consecutive timeouts that open the breaker. One or two timeouts are a hiccup of the network. Each timeout holds a
 * connection and a client for GATEWAY_TIMEOUT_MS (5 seconds), so a silent provider gets only 5.
 */
const mostTimeouts = 5;
/** Pause between two probes of an account that does not answer. */
const pauseMs = 10_000;

interface Breaker {
  timeouts: number;
  /** When the next probe is allowed; undefined while the breaker is closed. */
  nextAt?: number;
}

/** Called when a breaker opens or closes. */
type BreakerListener = (account: string, open: boolean) => void;

/**
 * A circuit breaker for each account at the payment gateway. After several timeouts in a row the breaker opens: new
 * payments are refused at once, and hold nothing. After each pause one request is let through as a probe. Any answer
 * closes the breaker, also a decline. An immediate failure is neither an answer nor a timeout, and holds nobody up.
 *
 * Only new payments ask the breaker. Captures, voids and refunds are always sent, since authorized money must be
 * captured or voided. They have their own connections (service/settling.ts). The clock is monotonic. Each process has
 * its own breakers.
 */
export class Breakers {
  private readonly breakers = new Map<string, Breaker>();

  constructor(
    private readonly onChange: BreakerListener = () => {},
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The number of open breakers. */
  get open(): number {
    return [...this.breakers.values()].filter(({ nextAt }) => nextAt !== undefined).length;
  }

  /** Whether a request may be sent to the account. A probe without a reported outcome costs only a pause. */
  admits(account: string): boolean {
    const breaker = this.breakers.get(account);
    if (breaker?.nextAt === undefined) return true;
    if (this.now() < breaker.nextAt) return false;
    breaker.nextAt = this.now() + pauseMs;
    return true;
  }

  /** Reports an answer of the account, also a refusal. */
  answered(account: string): void {
    const breaker = this.breakers.get(account);
    this.breakers.delete(account);
    if (breaker?.nextAt !== undefined) this.onChange(account, false);
  }

  /** Reports a timeout of the account. */
  timedOut(account: string): void {
    const breaker = this.breakers.get(account) ?? { timeouts: 0 };
    this.breakers.set(account, breaker);
    breaker.timeouts++;
    if (breaker.nextAt !== undefined || breaker.timeouts < mostTimeouts) return;
    breaker.nextAt = this.now() + pauseMs;
    this.onChange(account, true);
  }
}
