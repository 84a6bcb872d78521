import { AsyncResource } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import {
  exchangeUse,
  leaveUse,
  purgeUse,
  type RateElsewhere,
  type RateHere,
  type SubscriptionsHere,
} from '../store/client-use';
import type { Services } from './run/services';

export type { RateElsewhere, RateHere, SubscriptionsHere };

/** Counts of this process, which learn what the other processes count. */
export interface Counts<Here, Elsewhere> {
  /** What the other processes should know by now, or what should be known of them: of so many clients at most. */
  tell(most: number): Here[];
  /** What was told has arrived, and this is what the others count. `processes`: how many there are, this one included. */
  learn(told: readonly Here[], elsewhere: readonly Elsewhere[], processes: number): void;
  /** Nothing that was told before is known any more. */
  forgotten(): void;
}

/** The longest time between two exchanges of a process that counts anything. */
const everyMs = 1_000;
/** The shortest pause between two exchanges. With a statement of some 0.5 ms, they take no more than 1 % of a core. */
const pauseMs = 100;
/** How long a process goes on telling that it is there, after it has last counted something new. */
const activeMs = 60_000;
/** How long what the others count is believed without news of it. */
const believedMs = 10_000;
/** Clients of each kind in one exchange. The others have their turn in the next. */
const mostClients = 1_000;
/** Exchanges between two looks for rows that have ended. */
const purgeEvery = 20;
/** How long the end of a process waits until its subscriptions are given back. */
const leaveMs = 1_000;

/**
 * Exchanges what clients use with the other processes of the database, in the background. No request waits for an exchange,
 * or sends a statement for it: a request only counts, and asks for an exchange when it has counted much.
 *
 * Without the database each process goes on with its own counts, and with what it knew of the others' minutes.
 */
export class ClientUse {
  readonly processId = randomUUID();
  /** Who counts rates here. */
  rates: Counts<RateHere, RateElsewhere> = none;
  /** Who counts subscriptions here. */
  subscriptions: Counts<SubscriptionsHere, SubscriptionsHere> = none;
  private turn = 0;
  private timer: NodeJS.Timeout | undefined;
  private due = Number.POSITIVE_INFINITY;
  private running: Promise<void> | undefined;
  private ended = Number.NEGATIVE_INFINITY;
  private activeUntil = Number.NEGATIVE_INFINITY;
  private heard = Number.NEGATIVE_INFINITY;
  private isSoon = false;
  private isLost = false;
  private isClosed = false;

  constructor(private readonly services: Pick<Services, 'db' | 'onFailure'>) {}

  /** Something new is counted: from now on this process takes part for a minute. */
  active(): void {
    this.activeUntil = performance.now() + activeMs;
    this.within(everyMs);
  }

  /** Much was counted: an exchange begins at once, or after a pause since the last. */
  soon(): void {
    this.activeUntil = performance.now() + activeMs;
    this.isSoon = true;
    // After a failure the next try is the one each second.
    if (!this.isLost) this.within(Math.max(0, this.ended + pauseMs - performance.now()));
  }

  /** What was learned of other processes is young enough to refuse something that has no end of its own. */
  get isBelieved(): boolean {
    return performance.now() - this.heard < believedMs;
  }

  /** Ends the exchanges, and gives the subscriptions of this process back. Takes a second at most. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await within(leaveMs, async () => {
      await this.running;
      if (this.heard > Number.NEGATIVE_INFINITY) await leaveUse(this.services.db.counts(), this.processId);
    });
  }

  private within(ms: number): void {
    if (this.isClosed || this.running) return;
    const due = performance.now() + ms;
    if (due >= this.due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(this.start, ms).unref();
  }

  /** Bound to where the process began: an exchange is no part of the request that asked for it, nor of its trace. */
  private readonly start = AsyncResource.bind(() => {
    this.due = Number.POSITIVE_INFINITY;
    this.running = this.exchange().finally(() => {
      this.running = undefined;
      this.ended = performance.now();
      if (this.isSoon && !this.isLost) this.within(pauseMs);
      else if (performance.now() < this.activeUntil) this.within(everyMs);
    });
  });

  private async exchange(): Promise<void> {
    this.isSoon = false;
    const turn = ++this.turn;
    const rates = this.rates.tell(mostClients);
    const subscriptions = this.subscriptions.tell(mostClients);
    const db = this.services.db.counts();
    try {
      const found = await exchangeUse(db, { processId: this.processId, turn, rates, subscriptions });
      this.heard = performance.now();
      this.isLost = false;
      // A database that has crashed has lost what was told before.
      if (found.isNew) for (const counts of [this.rates, this.subscriptions]) counts.forgotten();
      this.rates.learn(rates, found.rates, found.others + 1);
      this.subscriptions.learn(subscriptions, found.subscriptions, found.others + 1);
      // As many as fit: there may be more.
      if (rates.length >= mostClients || subscriptions.length >= mostClients) this.isSoon = true;
      if (turn % purgeEvery === 0) while (!this.isClosed && (await purgeUse(db)));
    } catch (error) {
      if (!this.isLost && !this.isClosed) this.services.onFailure(error, failing);
      this.isLost = true;
    }
  }
}

const none: Counts<never, never> = { tell: () => [], learn: () => {}, forgotten: () => {} };

const failing = 'sharing the limits of clients with other processes: this is tried again each second';

async function within(ms: number, act: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([act().catch(() => {}), passed]);
  clearTimeout(timer);
}
