import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whether the caller gave amountPerUnit is remembered. Of line items that exist it was guessed from unequal prices; where the
 * prices are equal it cannot be told any more, and amountPerUnit follows listPricePerUnit as before.
 */
export class GivenPrice1763834400013 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table order_line_item add amount_per_unit_given boolean not null default false');
    await runner.query(
      `update order_line_item set amount_per_unit_given = true
       where inline_discount_type = 'None' and amount_per_unit <> list_price_per_unit`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table order_line_item drop column amount_per_unit_given');
  }
}
