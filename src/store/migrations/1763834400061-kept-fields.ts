import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is kept of accounts and line items for other systems. What clients filter by has an index of the line items that have it. */
const columns = {
  owner_account_number: 'text',
  sold_to: 'text COLLATE "C"',
  ship_to: 'text',
  related_subscription_number: 'text COLLATE "C"',
  product_rate_plan_charge_id: 'text COLLATE "C"',
  communication_profile_id: 'text',
};
const indexes = {
  order_line_item_charge: 'product_rate_plan_charge_id',
  order_line_item_subscription: 'related_subscription_number',
  order_line_item_sold_to: 'sold_to',
};

export class KeptFields1763834400061 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table account add column details jsonb');
    const added = Object.entries(columns).map(([name, type]) => `add column ${name} ${type}`);
    await runner.query(`alter table order_line_item ${added.join(', ')}`);
    for (const [name, column] of Object.entries(indexes)) {
      await runner.query(`create index ${name} on order_line_item (entity_id, ${column}) where ${column} is not null`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table account drop column details');
    const dropped = Object.keys(columns).map((name) => `drop column ${name}`);
    await runner.query(`alter table order_line_item ${dropped.join(', ')}`);
  }
}
