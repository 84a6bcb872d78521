import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a run cannot bill may be a single item: it has a row beside its account's. */
export class ParkedItems1763834400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      'ALTER TABLE "bill_run_account" DROP CONSTRAINT "UQ_54034aa1ca2b9c5c83843d4e47e"',
      'ALTER TABLE "bill_run_account" ADD "order_line_item_id" uuid, ADD "fulfillment_id" uuid',
      'CREATE INDEX "IDX_711c03771fe3eab2005d033477" ON "bill_run_account" ("fulfillment_id")',
      'CREATE INDEX "IDX_43cd31cc10634c9929b6fd9b77" ON "bill_run_account" ("order_line_item_id")',
      'CREATE INDEX "IDX_54034aa1ca2b9c5c83843d4e47" ON "bill_run_account" ("bill_run_id", "account_id")',
      'ALTER TABLE "bill_run_account" ADD CONSTRAINT "FK_55d01983683ff454cc752d15690" FOREIGN KEY ("fulfillment_id", "entity_id") REFERENCES "fulfillment"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION',
      'ALTER TABLE "bill_run_account" ADD CONSTRAINT "FK_cdcd719225441ed9b2fddd42315" FOREIGN KEY ("order_line_item_id", "entity_id") REFERENCES "order_line_item"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION',
      'create unique index bill_run_account_once on bill_run_account (bill_run_id, account_id) where order_line_item_id is null',
    ];
    for (const statement of statements) await runner.query(statement);
  }

  /** The program before knows reasons of accounts alone: the first item of an account gives it. */
  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      `update bill_run_account a set code = i.code, message = i.message, during = i.during
       from (select distinct on (bill_run_id, account_id) * from bill_run_account where order_line_item_id is not null
         order by bill_run_id, account_id, id) i
       where a.bill_run_id = i.bill_run_id and a.account_id = i.account_id and a.order_line_item_id is null and a.code is null`,
      'delete from bill_run_account where order_line_item_id is not null',
      'drop index bill_run_account_once, "IDX_54034aa1ca2b9c5c83843d4e47"',
      // Their indexes and foreign keys go with them.
      'alter table bill_run_account drop column order_line_item_id, drop column fulfillment_id',
      'alter table bill_run_account add constraint "UQ_54034aa1ca2b9c5c83843d4e47e" unique (bill_run_id, account_id)',
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
