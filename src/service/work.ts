import type { Caller } from '../domain/caller';
import { isRetryable, Refusal, RequestError, userError } from '../domain/errors';
import { changesOf, type HistoryAction, type HistorySubject, stateOf, valuesOf } from '../domain/history';
import type { NumberedKind } from '../domain/key';
import type { Breakers } from '../gateway/breaker';
import type { PaymentGateway } from '../gateway/port';
import type { Audited } from '../store/audited';
import { type BillingSettingsRow, billingSettings } from '../store/billing-settings';
import { type Connection, Lease, RolledBack, Scoped, type StatementCounter } from '../store/connection';
import type { Database } from '../store/database';
import { failureOf } from '../store/failure';
import { type HistoryEntryRow, insertHistory } from '../store/history';
import { newId } from '../store/id';
import { type Numbering, NumberTaken } from '../store/write';

/** What every service works with. */
export interface Services {
  db: Database;
  gateway: PaymentGateway;
  /** Which accounts at the payment gateway do not answer at present. */
  breakers: Breakers;
  /** Told of what went wrong behind a reply, where nobody waits for it any more. */
  onFailure: (error: unknown, what: string) => void;
  /** Tells the workers of this process that there is a bill run to carry on. */
  wake?: () => void;
  /** Asks for what waits for its end to be settled soon: the database was lost, and may have taken a settling with it. */
  settleSoon?: () => void;
}

/** What the history keeps changes of: an object of one org, or of several (a bill run), or of none (settings). */
export type Kept = Pick<Audited, 'id' | 'entityId' | 'version' | 'updatedDate'> &
  ({ orgId: string } | { orgIds: string[] });

/** An open transaction on behalf of a caller. */
export class Unit {
  /** One instant for everything that the unit writes. */
  readonly now = new Date().toISOString();
  readonly db: Scoped;
  /** What is to be done once the unit has been committed, or has been rolled back. */
  readonly onCommit: (() => Promise<void>)[] = [];
  readonly onRollback: (() => Promise<void>)[] = [];
  private dryRunNumbers = 0;
  private readonly entries: Omit<HistoryEntryRow, 'transactionId'>[] = [];

  constructor(
    connection: Connection,
    readonly services: Services,
    readonly caller: Caller,
    readonly dryRun: boolean,
    /** Its connection is one of those that may wait for the payment gateway. */
    readonly mayPay = false,
  ) {
    this.db = new Scoped(connection, caller);
  }

  private known: { settings: BillingSettingsRow; held: boolean } | undefined;

  /**
   * The settings of the entity, read once. `hold`: they may not change before the unit has ended, since what it writes
   * would contradict them.
   */
  async settings(hold = false): Promise<BillingSettingsRow> {
    if (!this.known || (hold && !this.known.held)) {
      this.known = { settings: await billingSettings(this.db, hold ? 'share' : undefined), held: hold };
    }
    return this.known.settings;
  }

  /** How `count` rows get their business numbers: from the sequence, or DRYRUN-1, DRYRUN-2, ... */
  numbering(kind: NumberedKind, column: string, count: number): Numbering {
    const dryRun = this.dryRun ? this.dryRunNumbers : null;
    this.dryRunNumbers += count;
    return { kind, column, dryRun };
  }

  /**
   * Keeps a change for the history: what was (null where it is new) and what is (null where it is gone). Everything that
   * changes an object calls this; the entries are written at the end of the unit, in one statement.
   */
  note(subjectType: HistorySubject, action: HistoryAction, before: Kept | null, after: Kept | null): void {
    const kept = (after ?? before)!;
    const { id: subjectId, entityId, version } = kept;
    // A refund is no object of the graph: its first entry says what it was made with.
    const isShown = subjectType !== 'Refund';
    this.entries.push({
      id: newId(),
      entityId,
      orgId: 'orgId' in kept ? kept.orgId : null,
      orgIds: 'orgIds' in kept ? kept.orgIds : null,
      subjectType,
      subjectId,
      at: this.after(kept),
      actor: this.caller.clientId,
      trackId: this.caller.trackId,
      action,
      fromState: stateOf(before),
      toState: stateOf(after),
      changes: before || isShown ? changesOf(before, after) : valuesOf(after!),
      version: after ? version : version + 1,
    });
  }

  /** Writes what was noted; the last statement of an effect. */
  writeHistory(): Promise<void> {
    return insertHistory(this.db, this.entries);
  }

  /** What a new row says about its making. */
  created(orgId: string) {
    const { clientId, entityId } = this.caller;
    return {
      entityId,
      orgId,
      version: 1,
      createdDate: this.now,
      createdById: clientId,
      updatedDate: this.now,
      updatedById: clientId,
    };
  }

  /**
   * The instant of a change: a unit that waited for a lock began before the change that it waited for, and times may not
   * run backwards.
   */
  private after(row: { updatedDate: string }): string {
    return row.updatedDate > this.now ? row.updatedDate : this.now;
  }

  /** What a changed row says about its change. Each change raises the version. */
  touched(row: { version: number; updatedDate: string }) {
    return { version: row.version + 1, updatedDate: this.after(row), updatedById: this.caller.clientId };
  }
}

/** A connection that one request keeps open until its reply is rendered (hold.ts). */
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

  /** For hold.ts alone: what the units in a held transaction leave to do after its end. */
  defer(acts: (() => Promise<void>)[]): void {
    this.later.push(...acts);
  }
}

/** An error, of which housekeeping is told where it may have left something open. */
export function noted(services: Services, error: unknown): unknown {
  if (error instanceof RequestError && ['UNAVAILABLE', 'OUTCOME_UNKNOWN'].includes(error.code)) services.settleSoon?.();
  return error;
}

/** Errors of the database in the words of a reply. */
export function translated(error: unknown): unknown {
  if (error instanceof NumberTaken) {
    return new Refusal([
      userError('DUPLICATE', `${error.column} ${error.number} is taken already.`, ['input', error.column]),
    ]);
  }
  switch (failureOf(error)) {
    case 'contention':
      return new Refusal([
        userError('LOCKED_RETRY', 'Other requests hold locks on the same objects. Nothing was changed. Try again.'),
      ]);
    case 'timeout':
      return new RequestError('TIMEOUT');
    case 'unavailable':
      return new RequestError('UNAVAILABLE');
    default:
      return error;
  }
}
