import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Runs that are being removed are open, and the reason of an account says what the run was at. */
export class Removal1763805600001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      'drop index bill_run_open',
      "create index bill_run_open on bill_run (created_date) where status in ('Pending', 'Processing', 'PostInProgress', 'CancelInProgress', 'RemoveInProgress')",
      'alter table bill_run_account add during bill_run_status',
      "update bill_run_account set during = 'Processing' where code is not null",
      'alter table bill_run_account add constraint bill_run_account_reason check (num_nulls(code, message, during) in (0, 3))',
    ];
    for (const statement of statements) await runner.query(statement);
  }

  /** A run that is being removed, of which a part is gone, can be removed at once by the program before. */
  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      "update bill_run set status = 'Canceled' where status = 'RemoveInProgress'",
      "update bill_run_chunk set status = 'Billed' where status = 'Parked'",
      "update bill_run_account set code = null, message = null, during = null where during <> 'Processing'",
      'drop index bill_run_open',
      "create index bill_run_open on bill_run (created_date) where status in ('Pending', 'Processing', 'PostInProgress', 'CancelInProgress')",
      'alter table bill_run_account drop column during',
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
