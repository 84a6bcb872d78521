import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { BillRunChunkStatus, BillRunPhase, BillRunStatus } from '../domain/bill-run';
import type { UserErrorCode } from '../domain/errors';
import { usingActions } from '../domain/history';
import { AccountRow } from './account';
import { byCodePoints } from './audited';
import type { Connection, Scoped } from './connection/connection';
import { FulfillmentRow } from './fulfillment';
import { OrderLineItemRow } from './order-line-item';
import { day, equals, instant } from './query/filter';
import { asMade, auditSorts, list } from './query/list';
import { inScope, type RowKey, selectList, tableOf } from './query/table';
import { EntityRow, OrgRow } from './tenant';

const runStatuses: BillRunStatus[] = [
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

/**
 * A part of a run that one worker does in one transaction: the accounts of about 10,000 items, or one larger account.
 * The row lock marks the chunk as taken. A worker that dies loses the lock with its connection.
 */
@Entity('bill_run_chunk')
@Index(['entityId', 'billRunId', 'status', 'id'])
@ForeignKey(() => BillRunRow, ['entityId', 'billRunId'], ['entityId', 'id'])
export class BillRunChunkRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') billRunId: string;
  @Column('enum', { enum: ['Pending', 'Billed', 'Posted', 'Canceled', 'Parked'], enumName: 'bill_run_chunk_status' })
  status: BillRunChunkStatus;
}

/**
 * An account in a run. `code` and `message` say why some or all of its items were not billed, posted, canceled or
 * removed. `during` is the phase of the run at that time. A later reason replaces an earlier one. An item that no
 * document can hold has a row of its own beside the account's row.
 */
@Entity('bill_run_account')
@Index(['entityId', 'billRunId', 'accountId'])
@Index('bill_run_account_once', { synchronize: false })
@Index(['entityId', 'orderLineItemId'])
@Index(['entityId', 'fulfillmentId'])
@Index(['entityId', 'chunkId', 'accountId'])
@Index('bill_run_failure', { synchronize: false })
@Check('bill_run_account_reason', 'num_nulls(code, message, during) in (0, 3)')
@ForeignKey(() => BillRunRow, ['entityId', 'billRunId'], ['entityId', 'id'])
@ForeignKey(() => BillRunChunkRow, ['entityId', 'chunkId'], ['entityId', 'id'])
@ForeignKey(() => AccountRow, ['entityId', 'accountId'], ['entityId', 'id'])
@ForeignKey(() => OrgRow, ['entityId', 'orgId'], ['entityId', 'id'])
@ForeignKey(() => OrderLineItemRow, ['entityId', 'orderLineItemId'], ['entityId', 'id'])
@ForeignKey(() => FulfillmentRow, ['entityId', 'fulfillmentId'], ['entityId', 'id'])
export class BillRunAccountRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') orgId: string;
  @Column('uuid') billRunId: string;
  @Column('uuid') chunkId: string;
  @Column('uuid') accountId: string;
  @Column('integer') total: number;
  @Column('integer') done: number;
  @Column('text', { nullable: true }) code: UserErrorCode | null;
  @Column('text', { nullable: true }) message: string | null;
  @Column('enum', { enum: runStatuses, enumName: 'bill_run_status', nullable: true }) during: BillRunPhase | null;
  /** Only in a row for one item: the line item, and the fulfillment if the line item takes fulfillments. */
  @Column('uuid', { nullable: true }) orderLineItemId: string | null;
  @Column('uuid', { nullable: true }) fulfillmentId: string | null;
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

/** Inserts the accounts of a run and the chunks they belong to. */
export async function insertChunks(
  connection: Connection,
  run: BillRunRow,
  accounts: readonly { id: string; chunkId: string; accountId: string; orgId: string; total: number }[],
): Promise<void> {
  await connection.query(
    `with planned as (
       select * from json_to_recordset($3::json) as r("id" uuid, "chunkId" uuid, "accountId" uuid, "orgId" uuid, "total" integer)
     ), chunk as (
       insert into bill_run_chunk (id, entity_id, bill_run_id, status) select distinct "chunkId", $1::uuid, $2::uuid, 'Pending'::bill_run_chunk_status from planned
       returning id
     )
     insert into bill_run_account (id, entity_id, org_id, bill_run_id, chunk_id, account_id, total, done)
     select planned."id", $1, "orgId", $2, "chunkId", "accountId", "total", 0 from planned join chunk on chunk.id = "chunkId"`,
    [run.entityId, run.id, JSON.stringify(accounts)],
  );
}

/** Locks a chunk that no worker has, to the end of the transaction. */
export async function takeChunk(
  connection: Connection,
  run: RowKey,
  statuses: readonly BillRunChunkStatus[],
): Promise<RowKey | undefined> {
  const [chunk] = await connection.query<RowKey>(
    `select entity_id as "entityId", id from bill_run_chunk
     where entity_id = $1 and bill_run_id = $2 and status = any($3::bill_run_chunk_status[])
     order by id limit 1 for no key update skip locked`,
    [run.entityId, run.id, statuses],
  );
  return chunk;
}

export async function hasChunks(
  connection: Connection,
  run: RowKey,
  statuses: readonly BillRunChunkStatus[],
): Promise<boolean> {
  const rows = await connection.query(
    `select 1 from bill_run_chunk
     where entity_id = $1 and bill_run_id = $2 and status = any($3::bill_run_chunk_status[]) limit 1`,
    [run.entityId, run.id, statuses],
  );
  return rows.length > 0;
}

export async function markChunk(
  connection: Connection,
  { entityId, id }: RowKey,
  status: BillRunChunkStatus,
): Promise<void> {
  const text = 'update bill_run_chunk set status = $3 where entity_id = $1 and id = $2';
  await connection.query(text, [entityId, id, status]);
}

/** The accounts of a chunk in the order of their ids. */
export const chunkAccounts = (connection: Connection, { entityId, id }: RowKey): Promise<BillRunAccountRow[]> =>
  connection.query(
    `select ${selectList(tableOf(BillRunAccountRow))} from bill_run_account t
     where t.entity_id = $1 and t.chunk_id = $2 and t.order_line_item_id is null order by t.account_id`,
    [entityId, id],
  );

/** Writes the progress of accounts, and why an account went no further. */
export async function saveAccounts(
  connection: Connection,
  run: RowKey,
  accounts: readonly Pick<BillRunAccountRow, 'accountId' | 'done' | 'code' | 'message' | 'during'>[],
): Promise<void> {
  await connection.query(
    `update bill_run_account t set done = r."done", code = r."code", message = r."message", during = r."during"
     from json_to_recordset($3::json)
       as r("accountId" uuid, "done" integer, "code" text, "message" text, "during" bill_run_status)
     where t.entity_id = $1 and t.bill_run_id = $2 and t.account_id = r."accountId" and t.order_line_item_id is null`,
    [run.entityId, run.id, JSON.stringify(accounts)],
  );
}

/** An item of an account in a run. No document can hold it. */
export interface ParkedItem {
  accountId: string;
  orderLineItemId: string;
  fulfillmentId: string | null;
  code: UserErrorCode;
  message: string;
}

/** Inserts the items of accounts that a run could not bill. */
export async function parkItems(
  connection: Connection,
  run: RowKey,
  items: readonly (ParkedItem & { id: string })[],
): Promise<void> {
  await connection.query(
    `insert into bill_run_account (id, entity_id, org_id, bill_run_id, chunk_id, account_id, total, done, code, message,
       during, order_line_item_id, fulfillment_id)
     select r."id", t.entity_id, t.org_id, t.bill_run_id, t.chunk_id, t.account_id, 1, 0, r."code", r."message",
       'Processing', r."orderLineItemId", r."fulfillmentId"
     from json_to_recordset($3::json) as r("id" uuid, "accountId" uuid, "code" text, "message" text,
       "orderLineItemId" uuid, "fulfillmentId" uuid)
     join bill_run_account t on t.entity_id = $1 and t.bill_run_id = $2 and t.account_id = r."accountId"
       and t.order_line_item_id is null`,
    [run.entityId, run.id, JSON.stringify(items)],
  );
}

/** Removes a chunk without remaining documents. */
export async function deleteChunk(connection: Connection, { entityId, id }: RowKey): Promise<void> {
  await connection.query(
    `with account as (delete from bill_run_account where entity_id = $1 and chunk_id = $2)
     delete from bill_run_chunk where entity_id = $1 and id = $2`,
    [entityId, id],
  );
}

/** Removes a locked run without remaining chunks. */
export async function deleteRun(connection: Connection, { entityId, id }: RowKey): Promise<void> {
  await connection.query('delete from bill_run where entity_id = $1 and id = $2', [entityId, id]);
}

/** A new phase begins with the chunks that an earlier phase left, and clears their reasons. */
export async function reopenChunks(connection: Connection, { entityId, id }: RowKey): Promise<void> {
  await connection.query(
    `with chunk as (
       update bill_run_chunk set status = 'Billed' where entity_id = $1 and bill_run_id = $2 and status = 'Parked'
     )
     update bill_run_account set code = null, message = null, during = null
     where entity_id = $1 and bill_run_id = $2 and code is not null and during <> 'Processing'`,
    [entityId, id],
  );
}

/** Why accounts were not billed, posted, canceled or removed, with the account numbers. */
export const failedAccounts = (
  connection: Connection,
  { entityId, id }: RowKey,
): Promise<{ accountNumber: string; code: string; message: string }[]> =>
  connection.query(
    `select a.account_number as "accountNumber", r.code, r.message
     from bill_run_account r join account a on a.entity_id = $1 and a.id = r.account_id
     where r.entity_id = $1 and r.bill_run_id = $2 and r.code is not null order by a.account_number limit 100`,
    [entityId, id],
  );

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

/** Accounts that a run could not bill, post, cancel or remove, and single items that it could not bill. */
export const billRunFailures = list(BillRunAccountRow, { ...asMade, only: 't.code is not null' });

/**
 * Updates the planner's statistics for tables of documents that have doubled since the last analysis. Without new
 * statistics the check of a foreign key took six times as long with 165 invoices in a table that had been empty. It
 * slowed with each further invoice: 50,000 items took 1.34 times a plain transaction, against 1.03.
 */
export async function analyzeDocuments(connection: Connection): Promise<void> {
  await connection.query('select analyze_documents()');
}
