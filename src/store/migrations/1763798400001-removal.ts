import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Runs that are being removed are open; the reason of an account says what the run was at; and the documents of a chunk are
 * found by run and account: by the run alone each chunk would look through all of them, by the account through those of
 * every run before.
 */
export class Removal1763798400001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      'drop index bill_run_open',
      "create index bill_run_open on bill_run (created_date) where status in ('Pending', 'Processing', 'PostInProgress', 'CancelInProgress', 'RemoveInProgress')",
      'alter table bill_run_account add during bill_run_status',
      "update bill_run_account set during = 'Processing' where code is not null",
      'alter table bill_run_account add constraint bill_run_account_reason check (num_nulls(code, message, during) in (0, 3))',
      'CREATE INDEX "IDX_c885a55941bfb2e4d51d4dc3bb" ON "invoice" ("bill_run_id", "account_id")',
      'CREATE INDEX "IDX_e8eecef466f69fc19db4a94dfa" ON "credit_memo" ("bill_run_id", "account_id")',
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
      'drop index "IDX_c885a55941bfb2e4d51d4dc3bb", "IDX_e8eecef466f69fc19db4a94dfa"',
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
