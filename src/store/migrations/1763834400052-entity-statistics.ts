import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rows that are found by what they belong to: a document, a line item, a run, an object. None is found by its entity alone. */
export const ofOthers = [
  ...['bill_run_chunk', 'bill_run_account', 'fulfillment_item', 'invoice_item', 'invoice_offset', 'credit_memo_item'],
  ...['credit_memo_application', 'billing_claim', 'payment_application', 'refund', 'history_entry'],
];

/**
 * PostgreSQL keeps no statistics of the entity in these tables. With statistics, it expects no rows of an entity that came
 * after the last ANALYZE. It then reads the whole entity by the primary key instead of the rows of one document by their
 * own index: freeing the 20,000 claims of a canceled invoice took 44 s. Without statistics it expects a half percent of
 * the table, so the index of the document is always better.
 *
 * PostgreSQL 18 drops the statistics that exist. Older versions keep those of the last ANALYZE: docs/operations.md says how
 * a superuser removes them.
 */
export class EntityStatistics1763834400052 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const [{ clears }] = await runner.query(
      `select to_regproc('pg_catalog.pg_clear_attribute_stats') is not null as clears`,
    );
    for (const table of ofOthers) {
      await runner.query(`alter table ${table} alter column entity_id set statistics 0`);
      if (clears) await runner.query(`select pg_clear_attribute_stats('public', '${table}', 'entity_id', false)`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ofOthers) await runner.query(`alter table ${table} alter column entity_id set statistics -1`);
  }
}
