import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { BillRunChunkStatus, BillRunPhase } from '../domain/bill-run';
import type { UserErrorCode } from '../domain/errors';
import { AccountRow } from './account';
import { BillRunRow, runStatuses } from './bill-run';
import type { Connection } from './connection/connection';
import { FulfillmentRow } from './fulfillment';
import { OrderLineItemRow } from './order-line-item';
import { asMade, list } from './query/list';
import { type RowKey, selectList, tableOf } from './query/table';
import { OrgRow } from './tenant';

/* The chunks of a bill run and their accounts: what a worker takes, and what became of it. The run has the scope of all of them. */

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

/** Accounts that a run could not bill, post, cancel or remove, and single items that it could not bill. */
export const billRunFailures = list(BillRunAccountRow, { ...asMade, only: 't.code is not null' });
