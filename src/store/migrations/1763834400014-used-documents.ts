import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = ['invoice', 'credit_memo'];

/** The documents that are asked about their past when their bill run is to be deleted: nearly none. */
export class UsedDocuments1763834400014 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) {
      await runner.query(
        `create index ${table}_past on ${table} (bill_run_id) where status <> 'Posted' and version > 4 and bill_run_id is not null`,
      );
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of tables) await runner.query(`drop index ${table}_past`);
  }
}
