import type { Caller } from '../../domain/caller';
import { isRetryable, Refusal, RequestError, type UserError } from '../../domain/errors';
import { type Connection, Scoped, type StatementCounter } from '../../store/connection/connection';
import { Lease } from '../../store/connection/lease';
import { noted, type Services, translated } from './services';
import { Unit } from './unit';

/** A connection whose transaction stays open until the request's reply is rendered (idempotency.ts). */
export interface Held {
  connection: Lease;
  units: Unit[];
  /** The connection comes from the pool for payments and may wait for the payment gateway. */
  mayPay: boolean;
  /** The effect was carried out, or refused by the rules: the outcome may be stored. */
  settled: boolean;
}

/** How to run an effect. Effects that never pay give `dryRun` alone. */
interface RunOptions {
  dryRun: boolean;
  mayPay: boolean;
}

/**
 * The work of one request. Without a key or dryRun, each mutation is its own transaction, and its reply is read from
 * the pool afterwards. A held request uses one transaction for the effect and for rendering its reply.
 */
export class Work {
  /** Captures and voids, which `finish` sends after the reply. */
  private readonly later: (() => Promise<void>)[] = [];
  /** A replica, once the request is known to only read. */
  private replica: Connection | undefined;
  /** A replica has failed during the request: the results so far are void. */
  private void = false;

  constructor(
    readonly services: Services,
    readonly caller: Caller,
    readonly counter: StatementCounter = { statements: 0, requestId: caller.requestId, clientId: caller.clientId },
    private readonly held?: Held,
  ) {}

  /** The connection for reads of the graph. After a held mutation it is that of the transaction. */
  reads(): Scoped {
    const connection = this.held?.connection ?? this.replica ?? this.services.db.reads(this.counter);
    return new Scoped(connection, this.caller);
  }

  /** Declares that the request only reads from now on. It may then read from one replica, the same for all reads. */
  async onlyReads(): Promise<void> {
    if (this.void || this.caller.undecided) return;
    this.replica = await this.services.db.replicas?.readsFor(this.caller, this.counter, () => {
      this.replica = undefined;
      this.void = true;
    });
  }

  /** Whether the result of `run` will be discarded. Its failures then do not matter. */
  get isVoid(): boolean {
    return this.void;
  }

  /** Runs a request that may turn out to only read. If its replica fails, the request runs once more on the primary. */
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
   * Runs one effect in a transaction. A Refusal rolls everything back and is thrown on. So is any other failure,
   * translated: contention becomes LOCKED_RETRY, an outage stays an outage. `mayPay` means that the effect may call the
   * payment gateway, so it takes a connection from the pool for payments.
   */
  async run<T>(how: boolean | RunOptions, effect: (unit: Unit) => Promise<T>): Promise<T> {
    const { dryRun, mayPay } = typeof how === 'boolean' ? { dryRun: how, mayPay: false } : how;
    try {
      const result = this.held
        ? await this.runHeld(this.held, dryRun, effect)
        : await this.runAlone(dryRun, effect, mayPay);
      // Entries that were left out, of a request that skips what the rules refuse.
      const { userErrors } = (result ?? {}) as { userErrors?: readonly UserError[] };
      if (userErrors?.length) this.refused(userErrors);
      return result;
    } catch (error) {
      const shown = translated(error);
      if (shown instanceof Refusal) this.refused(shown.errors);
      throw noted(this.services, shown);
    }
  }

  private refused(errors: readonly UserError[]): void {
    this.services.onRefused?.(
      this.caller.clientId,
      errors.map(({ code }) => code),
    );
  }

  private async runHeld<T>(held: Held, dryRun: boolean, effect: (unit: Unit) => Promise<T>): Promise<T> {
    const unit = new Unit(held.connection, this.services, this.caller, dryRun, held.mayPay);
    held.connection.savepoint('effect');
    try {
      const result = await effect(unit);
      await unit.writeHistory();
      await held.connection.flush();
      held.units.push(unit);
      held.settled = true;
      return result;
    } catch (error) {
      this.later.push(...unit.onRollback);
      await held.connection.rollbackTo('effect');
      const refused = translated(error);
      // A retryable refusal may succeed next time, so it is not stored.
      held.settled = refused instanceof Refusal && !refused.errors.some(({ code }) => isRetryable(code));
      throw refused;
    }
  }

  private async runAlone<T>(dryRun: boolean, effect: (unit: Unit) => Promise<T>, mayPay: boolean): Promise<T> {
    const { writing, paying } = this.services.db;
    // A dry run never calls the payment gateway.
    const pays = mayPay && !dryRun;
    const lease = await Lease.take(pays ? paying : writing, this.counter);
    const unit = new Unit(lease, this.services, this.caller, dryRun, pays);
    let committed = false;
    try {
      lease.begin(this.caller);
      const result = await effect(unit);
      await unit.writeHistory();
      if (dryRun) {
        await lease.flush();
      } else {
        this.counter.limit?.check();
        await this.services.db.commit(lease, this.caller).catch((error) => {
          throw lease.mayHaveCommitted ? new RequestError('OUTCOME_UNKNOWN', undefined, error) : error;
        });
        committed = true;
      }
      return result;
    } finally {
      await lease.release();
      if (committed) this.later.push(...unit.onCommit);
      // An authorized payment must not be voided if the commit may have taken place. The sweep finds out.
      else if (!lease.mayHaveCommitted) this.later.push(...unit.onRollback);
    }
  }

  /** Does the work put off until after the reply. Failures go to the log, and the sweep retries. */
  async finish(): Promise<void> {
    const acts = this.later.splice(0);
    for (const act of acts) {
      await act().catch((error) => {
        noted(this.services, translated(error));
        this.services.onFailure(error, 'settling a payment');
      });
    }
    // Settling a payment is a write of the caller too.
    if (acts.length) this.services.db.replicas?.hasWritten(this.caller);
  }

  /** Only for idempotency.ts: the work that units of a held transaction leave for after its end. */
  defer(acts: (() => Promise<void>)[]): void {
    this.later.push(...acts);
  }
}
