import type { Caller } from '../../domain/caller';
import { isRetryable, Refusal, RequestError } from '../../domain/errors';
import { type Connection, Lease, RolledBack, Scoped, type StatementCounter } from '../../store/connection/connection';
import { noted, type Services, translated } from './services';
import { Unit } from './unit';

/** A connection that one request keeps open until its reply is rendered (idempotency.ts). */
export interface Held {
  connection: Connection;
  units: Unit[];
  /** It is one of those that may wait for the payment gateway. */
  mayPay: boolean;
  /** The effect was carried out or refused by the rules: an outcome that may be stored. */
  settled: boolean;
}

/** How an effect is carried out; of those that never pay `dryRun` alone says it. */
interface RunOptions {
  dryRun: boolean;
  mayPay: boolean;
}

/**
 * The work of one request. Without a key or dryRun each mutation is a transaction of its own, and what the reply shows
 * is read from the pool afterwards. Held, one transaction spans the effect and the rendering of its reply.
 */
export class Work {
  /** Captures and voids: carried out after the reply, by `finish`. */
  private readonly later: (() => Promise<void>)[] = [];
  /** A replica, once it is known that the request only reads. */
  private replica: Connection | undefined;
  /** A replica has failed under the request: what was read so far is void. */
  private void = false;

  constructor(
    readonly services: Services,
    readonly caller: Caller,
    readonly counter: StatementCounter = { statements: 0, requestId: caller.requestId, clientId: caller.clientId },
    private readonly held?: Held,
  ) {}

  /** Where the graph reads: behind a mutation that is held, inside its transaction. */
  reads(): Scoped {
    const connection = this.held?.connection ?? this.replica ?? this.services.db.reads(this.counter);
    return new Scoped(connection, this.caller);
  }

  /** From here on the request only reads, and may do so from a replica: all of it from the same. */
  async onlyReads(): Promise<void> {
    if (this.void || this.caller.undecided) return;
    this.replica = await this.services.db.replicas?.readsFor(this.caller, this.counter, () => {
      this.replica = undefined;
      this.void = true;
    });
  }

  /** Whether what `run` makes is thrown away: failures on the way there are of no interest. */
  get isVoid(): boolean {
    return this.void;
  }

  /** Runs a request that may turn out to only read; where its replica fails, once more and from the primary. */
  async whole<T>(run: () => Promise<T>): Promise<T> {
    try {
      const result = await run();
      if (!this.void) return result;
    } catch (error) {
      if (!this.void) throw error;
    }
    return run();
  }

  /**
   * Carries out one effect in a transaction. A Refusal rolls everything back and is thrown on; so is any other
   * failure, as what it is: contention as LOCKED_RETRY, an outage as an outage. `mayPay`: it may ask the payment gateway, and
   * takes a connection that may wait for that.
   */
  async run<T>(how: boolean | RunOptions, effect: (unit: Unit) => Promise<T>): Promise<T> {
    const { dryRun, mayPay } = typeof how === 'boolean' ? { dryRun: how, mayPay: false } : how;
    try {
      return this.held ? await this.runHeld(this.held, dryRun, effect) : await this.runAlone(dryRun, effect, mayPay);
    } catch (error) {
      throw noted(this.services, translated(error));
    }
  }

  private async runHeld<T>(held: Held, dryRun: boolean, effect: (unit: Unit) => Promise<T>): Promise<T> {
    const unit = new Unit(held.connection, this.services, this.caller, dryRun, held.mayPay);
    await held.connection.control('savepoint effect');
    try {
      const result = await effect(unit);
      await unit.writeHistory();
      held.units.push(unit);
      held.settled = true;
      return result;
    } catch (error) {
      this.later.push(...unit.onRollback);
      await held.connection.control('rollback to savepoint effect');
      const refused = translated(error);
      // What may fare better at the next try is no outcome to keep.
      held.settled = refused instanceof Refusal && !refused.errors.some(({ code }) => isRetryable(code));
      throw refused;
    }
  }

  private async runAlone<T>(dryRun: boolean, effect: (unit: Unit) => Promise<T>, mayPay: boolean): Promise<T> {
    const { writing, paying } = this.services.db;
    // A dry run asks no gateway.
    const pays = mayPay && !dryRun;
    const lease = await Lease.take(pays ? paying : writing, this.counter);
    const unit = new Unit(lease, this.services, this.caller, dryRun, pays);
    let committed = false;
    let ended = false;
    try {
      await lease.begin(this.caller);
      const result = await effect(unit);
      await unit.writeHistory();
      if (!dryRun) {
        this.counter.limit?.check();
        // From here on nobody may give up what was authorized: should the commit fail, the sweep finds out.
        ended = true;
        await this.services.db.commit(lease, this.caller).catch((error) => {
          throw error instanceof RolledBack ? error : new RequestError('OUTCOME_UNKNOWN', undefined, error);
        });
        committed = true;
      }
      return result;
    } finally {
      await lease.release(!ended);
      if (committed) this.later.push(...unit.onCommit);
      else if (!ended) this.later.push(...unit.onRollback);
    }
  }

  /** Carries out what was put off until after the reply. Failures go to the log; the sweep tries again. */
  async finish(): Promise<void> {
    const acts = this.later.splice(0);
    for (const act of acts) {
      await act().catch((error) => {
        noted(this.services, translated(error));
        this.services.onFailure(error, 'settling a payment');
      });
    }
    // That a payment is settled is the caller's doing too.
    if (acts.length) this.services.db.replicas?.hasWritten(this.caller);
  }

  /** For idempotency.ts alone: what the units in a held transaction leave to do after its end. */
  defer(acts: (() => Promise<void>)[]): void {
    this.later.push(...acts);
  }
}
