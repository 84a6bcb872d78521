import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Runs that are being removed, and chunks with accounts that failed. PostgreSQL takes new values into use once they are committed. */
export class RemovalValues1763805600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("alter type bill_run_status add value 'RemoveInProgress' after 'Canceled'");
    await runner.query("alter type bill_run_chunk_status add value 'Parked' after 'Canceled'");
  }

  /** A value cannot be dropped: the types are made anew. No row has the values any more, as Removal leaves them. */
  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      'drop index bill_run_open',
      'alter type bill_run_status rename to bill_run_status_old',
      "create type bill_run_status as enum('Pending', 'Processing', 'Completed', 'PostInProgress', 'Posted', 'CancelInProgress', 'Canceled', 'Error')",
      'alter table bill_run alter column status type bill_run_status using status::text::bill_run_status',
      'drop type bill_run_status_old',
      "create index bill_run_open on bill_run (created_date) where status in ('Pending', 'Processing', 'PostInProgress', 'CancelInProgress')",
      'alter type bill_run_chunk_status rename to bill_run_chunk_status_old',
      "create type bill_run_chunk_status as enum('Pending', 'Billed', 'Posted', 'Canceled')",
      'alter table bill_run_chunk alter column status type bill_run_chunk_status using status::text::bill_run_chunk_status',
      'drop type bill_run_chunk_status_old',
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
