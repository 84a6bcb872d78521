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

/** An object with a history. It belongs to one org, to several (a bill run), or to none (settings). */
type Kept = Pick<Audited, 'id' | 'entityId' | 'version' | 'updatedDate'> & ({ orgId: string } | { orgIds: string[] });

/** An open transaction on behalf of a caller. */
export class Unit {
  /** One instant for everything that the unit writes. */
  readonly now = new Date().toISOString();
  readonly db: Scoped;
  /** Work to do after the unit has been committed, or rolled back. */
  readonly onCommit: (() => Promise<void>)[] = [];
  readonly onRollback: (() => Promise<void>)[] = [];
  private dryRunNumbers = 0;
  private readonly entries: Omit<HistoryEntryRow, 'transactionId'>[] = [];

  constructor(
    connection: Connection,
    readonly services: Services,
    readonly caller: Caller,
    readonly dryRun: boolean,
    /** The unit's connection comes from the pool for payments and may wait for the payment gateway. */
    readonly mayPay = false,
  ) {
    this.db = new Scoped(connection, caller);
  }

  private known: { settings: BillingSettingsRow; held: boolean } | undefined;

  /**
   * The settings of the entity, read once. `hold` keeps them unchanged until the unit ends, if a change would
   * contradict the unit's writes.
   */
  async settings(hold = false): Promise<BillingSettingsRow> {
    if (!this.known || (hold && !this.known.held)) {
      this.known = { settings: await billingSettings(this.db, hold ? 'share' : undefined), held: hold };
    }
    return this.known.settings;
  }

  /** The source of business numbers for `count` rows: the sequence, or DRYRUN-1, DRYRUN-2, ... */
  numbering<K extends NumberedKind>(kind: K, column: string, count: number): Numbering<K> {
    const dryRun = this.dryRun ? this.dryRunNumbers : null;
    this.dryRunNumbers += count;
    return { kind, column, dryRun };
  }

  /**
   * Records a change for the history. `before` is null for a new object, `after` is null for a deleted one. Every
   * change of an object must call this. The unit writes the entries at its end, in one statement.
   */
  note(subjectType: HistorySubject, action: HistoryAction, before: Kept | null, after: Kept | null): void {
    const kept = (after ?? before)!;
    const { id: subjectId, entityId, version } = kept;
    // The graph does not show refunds, so the first entry of a refund holds its values.
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

  /** Posts the recorded history, as the last statement of an effect. */
  writeHistory(): Promise<void> {
    return insertHistory(this.db, this.entries);
  }

  /** The audit columns of a new row. */
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
   * The time of a change. A unit that waited for a lock began before the change that it waited for, and updatedDate
   * must never decrease.
   */
  private after(row: { updatedDate: string }): string {
    return row.updatedDate > this.now ? row.updatedDate : this.now;
  }

  /** The audit columns of a changed row. Each change raises the version. */
  touched(row: { version: number; updatedDate: string }) {
    return { version: row.version + 1, updatedDate: this.after(row), updatedById: this.caller.clientId };
  }
}
