/**
 * Time-outs in a row after which an account is left alone. One or two are a network's hiccup; each holds a connection and a
 * client for GATEWAY_TIMEOUT_MS, 5 seconds, so that 5 are all that a silent provider gets.
 */
const mostTimeouts = 5;
/** How long it is left alone, between one request that finds out whether it answers again and the next. */
const pauseMs = 10_000;

interface Breaker {
  timeouts: number;
  /** When the next request may ask; undefined while the breaker is closed. */
  nextAt?: number;
}

/** Told when an account is no longer asked, and when it is asked again. */
export type BreakerListener = (account: string, open: boolean) => void;

/**
 * Which accounts at the payment gateway do not answer. One that has timed out several times in a row is not asked: its payments are
 * refused at once, and hold nothing. After each pause one request is let through as a probe, and any answer closes the breaker:
 * a decline is an answer. A failure that comes at once is neither an answer nor a time-out, and holds nobody up.
 *
 * Only new payments ask here. Captures, voids and refunds are always sent, since money that was authorized has to come to an end;
 * they have connections of their own (service/settling.ts). The clock is monotonic. Each process judges for itself.
 */
export class Breakers {
  private readonly breakers = new Map<string, Breaker>();

  constructor(
    private readonly onChange: BreakerListener = () => {},
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Accounts that are not asked at present. */
  get open(): number {
    return [...this.breakers.values()].filter(({ nextAt }) => nextAt !== undefined).length;
  }

  /** Whether the account may be asked. A probe that never tells how it went only costs a pause. */
  admits(account: string): boolean {
    const breaker = this.breakers.get(account);
    if (breaker?.nextAt === undefined) return true;
    if (this.now() < breaker.nextAt) return false;
    breaker.nextAt = this.now() + pauseMs;
    return true;
  }

  /** The account has answered, be it with a refusal. */
  answered(account: string): void {
    const breaker = this.breakers.get(account);
    this.breakers.delete(account);
    if (breaker?.nextAt !== undefined) this.onChange(account, false);
  }

  /** The account has not answered in time. */
  timedOut(account: string): void {
    const breaker = this.breakers.get(account) ?? { timeouts: 0 };
    this.breakers.set(account, breaker);
    breaker.timeouts++;
    if (breaker.nextAt !== undefined || breaker.timeouts < mostTimeouts) return;
    breaker.nextAt = this.now() + pauseMs;
    this.onChange(account, true);
  }
}
