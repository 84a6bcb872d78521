import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { BillRunStatus } from '../domain/bill-run';
import { usingActions } from '../domain/history';
import { byCodePoints } from './audited';
import type { Connection, Scoped } from './connection/connection';
import { day, equals, instant } from './query/filter';
import { auditSorts, list } from './query/list';
import { inScope, type RowKey, selectList, tableOf } from './query/table';
import { EntityRow } from './tenant';

export const runStatuses: BillRunStatus[] = [
  ...(['Pending', 'Processing', 'Completed', 'PostInProgress', 'Posted', 'CancelInProgress', 'Canceled'] as const),
  ...(['RemoveInProgress', 'Error'] as const),
];

/**
 * A run that bills everything due up to a day, for one, several or all accounts. It belongs to all orgs that its
 * creator saw. Only callers who see all of them see the run.
 */
@Entity('bill_run')
@Unique(['entityId', 'billRunNumber'])
@Index(['entityId', 'updatedDate', 'id'])
@Index(['entityId', 'createdDate', 'id'])
@Index(['entityId', 'targetDate', 'id'])
@Index('bill_run_open', { synchronize: false })
@ForeignKey(() => EntityRow, ['entityId'], ['id'])
@Check('bill_run_counts', 'done >= 0 and failed >= 0 and done + failed <= total')
export class BillRunRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { array: true }) orgIds: string[];
  @Column('integer') version: number;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
  @Column('uuid') createdById: string;
  @Column('timestamp with time zone', { precision: 3 }) updatedDate: string;
  @Column('uuid') updatedById: string;
  @Column(byCodePoints) billRunNumber: string;
  @Column('enum', {
    enum: runStatuses,
    enumName: 'bill_run_status',
  })
  status: BillRunStatus;
  @Column('date') targetDate: string;
  @Column('date') invoiceDate: string;
  @Column('boolean') autoPost: boolean;
  /** The accounts that the request named; null means all. */
  @Column('uuid', { array: true, nullable: true }) accountIds: string[] | null;
  /** Numbers of fulfillments and line items: to bill, billed, and not billable. */
  @Column('integer') total: number;
  @Column('integer') done: number;
  @Column('integer') failed: number;
  @Column('timestamp with time zone', { precision: 3, nullable: true }) startedDate: string | null;
  @Column('timestamp with time zone', { precision: 3, nullable: true }) finishedDate: string | null;
  @Column('text', { nullable: true }) trackId: string | null;
}

/** Statements of the workers use the run's key. Their transaction already has the scope of the run. */
const selected = selectList(tableOf(BillRunRow));

/** The open runs of all entities, the oldest first. Any process that finds a run may resume it. */
export const openRuns = (connection: Connection): Promise<BillRunRow[]> =>
  connection.query(
    `select ${selected} from bill_run t
     where status in ('Pending', 'Processing', 'PostInProgress', 'CancelInProgress', 'RemoveInProgress')
     order by created_date, id`,
  );

/** The current state of a run. */
export async function findRun(connection: Connection, { entityId, id }: RowKey): Promise<BillRunRow | undefined> {
  const text = `select ${selected} from bill_run t where t.entity_id = $1 and t.id = $2`;
  const [run] = await connection.query<BillRunRow>(text, [entityId, id]);
  return run;
}

/** The current state of a run, locked against changes of its status. */
export async function lockRun(connection: Connection, { entityId, id }: RowKey) {
  const [run] = await connection.lock<BillRunRow>(
    [`bill_run ${id}`],
    `select ${selected} from bill_run t where t.entity_id = $1 and t.id = $2 for no key update`,
    [entityId, id],
  );
  return run as BillRunRow | undefined;
}

/** Writes a worker's changes of a run. */
export async function saveRun(connection: Connection, run: BillRunRow): Promise<void> {
  await connection.query(
    `update bill_run set status = $3, total = $4, done = $5, failed = $6, started_date = $7, finished_date = $8,
       version = $9, updated_date = $10 where entity_id = $1 and id = $2`,
    [
      run.entityId,
      run.id,
      run.status,
      run.total,
      run.done,
      run.failed,
      run.startedDate,
      run.finishedDate,
      run.version,
      run.updatedDate,
    ],
  );
}

/** Adds the counts of a chunk. More items may have come due since the run began, so the total grows if needed. */
export async function countRun(
  connection: Connection,
  { entityId, id }: RowKey,
  done: number,
  failed: number,
  at: string,
): Promise<BillRunRow> {
  const [run] = await connection.query<BillRunRow>(
    `update bill_run t set done = done + $3, failed = failed + $4, total = greatest(total, done + $3 + failed + $4),
       version = version + 1, updated_date = greatest(updated_date, $5)
     where entity_id = $1 and id = $2 returning ${selected}`,
    [entityId, id, done, failed, at],
  );
  return run;
}

/** Removes a locked run without remaining chunks. */
export async function deleteRun(connection: Connection, { entityId, id }: RowKey): Promise<void> {
  await connection.query('delete from bill_run where entity_id = $1 and id = $2', [entityId, id]);
}

/** The runs that have a Posted document. */
export async function postedRuns(scoped: Scoped, runIds: readonly string[]): Promise<string[]> {
  const rows = await scoped.query<{ id: string }>(
    `select t.id from bill_run t where ${inScope(tableOf(BillRunRow))} and t.id = any($3) and ${isRunPosted('t.id')}`,
    [runIds],
  );
  return rows.map((row) => row.id);
}

/** SQL: whether a document of a bill run is Posted. */
export const isRunPosted = (id: string): string =>
  `(exists (select from invoice d where d.entity_id = $1 and d.bill_run_id = ${id} and d.status = 'Posted')
   or exists (select from credit_memo d where d.entity_id = $1 and d.bill_run_id = ${id} and d.status = 'Posted'))`;

/**
 * The runs with a document that was ever in use. A use that was reversed left only its history. The history of few
 * documents is read: a document that was posted, unposted and canceled is at version 4, and each use adds two.
 */
export async function usedRuns(scoped: Scoped, runIds: readonly string[]): Promise<string[]> {
  const used = (table: string) => `exists (
    select from ${table} d
    where d.entity_id = $1 and d.bill_run_id = t.id and d.status <> 'Posted' and d.version > 4 and exists (
      select from history_entry h where h.entity_id = $1 and h.subject_id = d.id and h.action = any($4)))`;
  const rows = await scoped.query<{ id: string }>(
    `select t.id from bill_run t where ${inScope(tableOf(BillRunRow))} and t.id = any($3)
     and (${used('invoice')} or ${used('credit_memo')})`,
    [runIds, usingActions],
  );
  return rows.map((row) => row.id);
}

export const billRuns = list(BillRunRow, {
  filters: { status: equals('status'), targetDate: day('targetDate'), updatedDate: instant('updatedDate') },
  sorts: { ...auditSorts, billRunNumber: true },
});

/**
 * Updates the planner's statistics for tables of documents that have doubled since the last analysis. Without new
 * statistics the check of a foreign key took six times as long with 165 invoices in a table that had been empty. It
 * slowed with each further invoice: 50,000 items took 1.34 times a plain transaction, against 1.03.
 */
export async function analyzeDocuments(connection: Connection): Promise<void> {
  await connection.query('select analyze_documents()');
}
