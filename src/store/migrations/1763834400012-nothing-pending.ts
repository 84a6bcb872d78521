import type { MigrationInterface, QueryRunner } from 'typeorm';

const kinds = (pending: string): string =>
  `create index order_line_item_kind on order_line_item (entity_id, org_id, item_state, item_category, billing_rule, item_type,
     inline_discount_type, unit_of_measure, (case when ${pending} then 1 else 0 end))`;
const open = "billing_rule = 'TriggerAsFulfillmentOccurs' and fulfilled_quantity < quantity";

/** A canceled line item has nothing pending: the index of hasPendingQuantity says the same. */
export class NothingPending1763834400012 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('drop index order_line_item_kind');
    await runner.query(kinds(`${open} and item_state <> 'Canceled'`));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index order_line_item_kind');
    await runner.query(kinds(open));
  }
}
