import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { FieldChange, HistoryAction, HistorySubject } from '../domain/history';
import type { Scoped } from './connection/connection';
import { list } from './query/list';
import { tableOf } from './query/table';
import { given } from './query/write';
import { EntityRow, OrgRow } from './tenant';

/**
 * One change of one object, written in the same transaction as the change. `subjectId` is no foreign key, because the
 * entry outlives its object. `transactionId` is the position of the transaction among all that write: the order for
 * readers that follow the history (event-epoch.ts).
 *
 * An entry belongs to the org of its object, or to the orgs of a bill run. Settings belong to no org: every caller of
 * the entity sees them and their history.
 */
@Entity('history_entry')
@Index(['entityId', 'subjectId', 'at', 'id'])
@Index('history_entry_position', ['entityId', 'transactionId', 'id'])
@Index('history_entry_type', { synchronize: false })
@Index('history_entry_deleted', { synchronize: false })
@ForeignKey(() => EntityRow, ['entityId'], ['id'])
@ForeignKey(() => OrgRow, ['entityId', 'orgId'], ['entityId', 'id'])
@Check('history_entry_orgs', 'num_nonnulls(org_id, org_ids) = 1')
export class HistoryEntryRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { nullable: true }) orgId: string | null;
  /** Only callers who see all of these orgs see the entry. */
  @Column('uuid', { array: true, nullable: true }) orgIds: string[] | null;
  @Column('text') subjectType: HistorySubject;
  @Column('uuid') subjectId: string;
  @Column('timestamp with time zone', { precision: 3 }) at: string;
  /** The OAuth client that made the change. */
  @Column('uuid') actor: string;
  @Column('text', { nullable: true }) trackId: string | null;
  @Column('text') action: HistoryAction;
  @Column('text', { nullable: true }) fromState: string | null;
  @Column('text', { nullable: true }) toState: string | null;
  @Column('jsonb') changes: FieldChange[];
  /** The version of the object after the change. */
  @Column('integer') version: number;
  @Column('bigint') transactionId: string;
}

/**
 * SQL: the business number that a deleted object had, from its last entry. The index `history_entry_deleted` has the same
 * expression. Accounts and orders are never deleted.
 */
export const deletedNumber = (entry: string): string =>
  `(jsonb_path_query_first(${entry}.changes, '$[*] ? (@.field == "fulfillmentNumber" || @.field == "invoiceNumber" || @.field == "creditMemoNumber").before') #>> '{}')`;

/** Entries come in the order of writing. */
export const historyEntries = list(HistoryEntryRow, {
  filters: {},
  sorts: { at: true },
  defaultSort: { field: 'at', direction: 'ASC' },
});

/** Posts entries with the position of the running transaction. */
export async function insertHistory(
  scoped: Scoped,
  entries: readonly Omit<HistoryEntryRow, 'transactionId'>[],
): Promise<void> {
  if (entries.length === 0) return;
  await scoped.post(
    `with written as (insert into history_entry (id, entity_id, org_id, org_ids, subject_type, subject_id, at, actor, track_id, action, from_state, to_state,
       changes, version, transaction_id)
     select r."id", r."entityId", r."orgId", r."orgIds", r."subjectType", r."subjectId", r."at", r."actor", r."trackId", r."action",
       r."fromState", r."toState", r."changes", r."version", (select event_position())
     from json_to_recordset($3::json) as r("id" uuid, "entityId" uuid, "orgId" uuid, "orgIds" uuid[], "subjectType" text, "subjectId" uuid,
       "at" timestamptz, "actor" uuid, "trackId" text, "action" text, "fromState" text, "toState" text, "changes" jsonb,
       "version" integer)
     where ${given(tableOf(HistoryEntryRow))}
     returning 1) select all_written(count(*), $4, 'history_entry') from written`,
    [JSON.stringify(entries), entries.length],
  );
}
