import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { BillRunChunkStatus, BillRunStatus } from '../domain/bill-run';
import type { UserErrorCode } from '../domain/errors';
import { AccountRow } from './account';
import { EntityRow, OrgRow } from './tenant';

/**
 * A run that bills everything that is due up to a day, of one, several or all accounts. It belongs to all the orgs that
 * its maker saw, and is seen by who sees them all.
 */
@Entity('bill_run')
@Unique(['entityId', 'billRunNumber'])
@Unique(['id', 'entityId'])
@Index(['entityId', 'updatedDate', 'id'])
@Index('bill_run_open', { synchronize: false })
@ForeignKey(() => EntityRow, ['entityId'], ['id'])
@Check('bill_run_counts', 'done >= 0 and failed >= 0 and done + failed <= total')
export class BillRunRow {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') entityId: string;
  @Column('uuid', { array: true }) orgIds: string[];
  @Column('integer') version: number;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
  @Column('uuid') createdById: string;
  @Column('timestamp with time zone', { precision: 3 }) updatedDate: string;
  @Column('uuid') updatedById: string;
  @Column('text') billRunNumber: string;
  @Column('enum', {
    enum: ['Pending', 'Processing', 'Completed', 'PostInProgress', 'Posted', 'CancelInProgress', 'Canceled', 'Error'],
    enumName: 'bill_run_status',
  })
  status: BillRunStatus;
  @Column('date') targetDate: string;
  @Column('date') invoiceDate: string;
  @Column('boolean') autoPost: boolean;
  /** The accounts that were named; null for all. */
  @Column('uuid', { array: true, nullable: true }) accountIds: string[] | null;
  /** How many fulfillments and line items it set out to bill, has billed, and could not bill. */
  @Column('integer') total: number;
  @Column('integer') done: number;
  @Column('integer') failed: number;
  @Column('timestamp with time zone', { precision: 3, nullable: true }) startedDate: string | null;
  @Column('timestamp with time zone', { precision: 3, nullable: true }) finishedDate: string | null;
  @Column('text', { nullable: true }) trackId: string | null;
}

/**
 * A part of a run that one worker does in one transaction: the accounts of about 10,000 items, or one account that has
 * more. Its row's lock says that it is being worked on; a worker that dies loses the lock with its connection.
 */
@Entity('bill_run_chunk')
@Unique(['id', 'entityId'])
@Index(['billRunId', 'status', 'id'])
@ForeignKey(() => BillRunRow, ['billRunId', 'entityId'], ['id', 'entityId'])
export class BillRunChunkRow {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') entityId: string;
  @Column('uuid') billRunId: string;
  @Column('enum', { enum: ['Pending', 'Billed', 'Posted', 'Canceled'], enumName: 'bill_run_chunk_status' })
  status: BillRunChunkStatus;
}

/** An account in a run. `code` and `message` say why nothing of it, or not all of it, was billed. */
@Entity('bill_run_account')
@Unique(['billRunId', 'accountId'])
@Index(['chunkId', 'accountId'])
@Index('bill_run_failure', { synchronize: false })
@ForeignKey(() => BillRunRow, ['billRunId', 'entityId'], ['id', 'entityId'])
@ForeignKey(() => BillRunChunkRow, ['chunkId', 'entityId'], ['id', 'entityId'])
@ForeignKey(() => AccountRow, ['accountId', 'entityId'], ['id', 'entityId'])
@ForeignKey(() => OrgRow, ['orgId', 'entityId'], ['id', 'entityId'])
export class BillRunAccountRow {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') entityId: string;
  @Column('uuid') orgId: string;
  @Column('uuid') billRunId: string;
  @Column('uuid') chunkId: string;
  @Column('uuid') accountId: string;
  @Column('integer') total: number;
  @Column('integer') done: number;
  @Column('text', { nullable: true }) code: UserErrorCode | null;
  @Column('text', { nullable: true }) message: string | null;
}
