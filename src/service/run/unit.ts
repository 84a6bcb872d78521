import type { Caller } from '../../domain/caller';
import { changesOf, type HistoryAction, type HistorySubject, stateOf, valuesOf } from '../../domain/history';
import type { NumberedKind } from '../../domain/key';
import type { Audited } from '../../store/audited';
import { type BillingSettingsRow, billingSettings } from '../../store/billing-settings';
import { type Connection, Scoped } from '../../store/connection/connection';
import { type HistoryEntryRow, insertHistory } from '../../store/history';
import { newId } from '../../store/id';
import { type Numbering } from '../../store/query/write';
import type { Services } from './services';

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
