import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a tax code is in use is asked over a whole entity; most line items have none. */
export class TaxCodeIndex1763794800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'create index order_line_item_tax_code on order_line_item (entity_id, tax_code) where tax_code is not null',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index order_line_item_tax_code');
  }
}
