import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole } from '../connection/roles';

/** Returns, credit memos, fulfillment items and the settings of an entity; TypeORM's own output for the classes of rows. */
const tables = [
  `CREATE TYPE "credit_memo_status" AS ENUM('Draft', 'Posted', 'Canceled')`,
  `CREATE TABLE "credit_memo" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "version" integer NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "created_by_id" uuid NOT NULL, "updated_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "updated_by_id" uuid NOT NULL, "account_id" uuid NOT NULL, "credit_memo_number" text NOT NULL, "status" "credit_memo_status" NOT NULL, "credit_memo_date" date NOT NULL, "target_date" date, "posted_date" date, "currency" text NOT NULL, "invoice_group_number" text, "amount" numeric NOT NULL, "amount_without_tax" numeric NOT NULL, "tax_amount" numeric NOT NULL, "applied_amount" numeric NOT NULL, "refund_amount" numeric NOT NULL, "reason_code" text, "source" text NOT NULL, CONSTRAINT "UQ_60df45945e2724082fa98e4729e" UNIQUE ("id", "entity_id"), CONSTRAINT "UQ_d9ee5bc080732483e7dd75049dc" UNIQUE ("entity_id", "credit_memo_number"), CONSTRAINT "credit_memo_used" CHECK (applied_amount >= 0 and refund_amount >= 0 and applied_amount + refund_amount <= amount), CONSTRAINT "credit_memo_sum" CHECK (amount = amount_without_tax + tax_amount), CONSTRAINT "PK_1941efebb4e37270ee3dd7b74f0" PRIMARY KEY ("id"))`,
  `CREATE INDEX "IDX_2dc9cc652d0e55580f5ac19276" ON "credit_memo" ("account_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_7506ae20316a9334cda2d587c1" ON "credit_memo" ("entity_id", "updated_date", "id")`,
  `CREATE TABLE "credit_memo_item" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "credit_memo_id" uuid NOT NULL, "order_line_item_id" uuid NOT NULL, "fulfillment_id" uuid, "charge_name" text NOT NULL, "currency" text NOT NULL, "quantity" numeric NOT NULL, "unit_price" numeric NOT NULL, "unit_of_measure" text, "amount_without_tax" numeric NOT NULL, "tax_amount" numeric NOT NULL, "tax_mode" "tax_mode", "tax_code" text, "tax_rate" numeric, "service_start_date" date, "service_end_date" date, "product_code" text, "purchase_order_number" text, CONSTRAINT "UQ_af6f9e7b1ef947e6d6b490ac2e4" UNIQUE ("id", "entity_id"), CONSTRAINT "PK_a5cfb7e3f64f16ef121239ab954" PRIMARY KEY ("id"))`,
  `CREATE INDEX "IDX_ce6eb5d6ef23da77081d4e7e72" ON "credit_memo_item" ("fulfillment_id", "id")`,
  `CREATE INDEX "IDX_95f3b8610d7fa1788592c892a8" ON "credit_memo_item" ("order_line_item_id", "id")`,
  `CREATE INDEX "IDX_bbabb842a98a9dba1657b015d9" ON "credit_memo_item" ("credit_memo_id", "id")`,
  `CREATE TYPE "credit_memo_rule" AS ENUM('AllNegative', 'AllNegativeAndZero', 'NetNegative', 'NetNegativeNoGrouping')`,
  `CREATE TYPE "inclusive_tax_rule" AS ENUM('NetFirst', 'TaxFirst')`,
  `CREATE TYPE "rounding_mode" AS ENUM('HALF_UP', 'UP', 'DOWN')`,
  `CREATE TABLE "billing_settings" ("entity_id" uuid NOT NULL, "invoice_settlement" boolean NOT NULL, "credit_memo_rule" "credit_memo_rule" NOT NULL, "inclusive_tax_rule" "inclusive_tax_rule" NOT NULL, "rounding_mode" "rounding_mode" NOT NULL, "tax_codes" jsonb NOT NULL, "units" jsonb NOT NULL, "carriers" text array, "fulfillment_systems" text array, "fulfillment_locations" text array, CONSTRAINT "PK_5e0bc26a4bbc46f9e99b8ef864f" PRIMARY KEY ("entity_id"))`,
  `CREATE TABLE "fulfillment_item" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "fulfillment_id" uuid NOT NULL, "item_identifier" text, "description" text, "custom_fields" jsonb, CONSTRAINT "PK_cb249089459e86740edb7f80379" PRIMARY KEY ("id"))`,
  `CREATE INDEX "IDX_4eff360361390295a5a0e728c8" ON "fulfillment_item" ("fulfillment_id", "id")`,
  `ALTER TABLE "order_line_item" ADD "original_order_line_item_id" uuid`,
  `ALTER TABLE "order_line_item" ADD "returned_quantity" numeric NOT NULL DEFAULT 0`,
  `ALTER TABLE "order_line_item" ALTER COLUMN "returned_quantity" DROP DEFAULT`,
  `ALTER TABLE "billing_claim" ADD "credit_memo_item_id" uuid`,
  `ALTER TABLE "billing_claim" ALTER COLUMN "invoice_item_id" DROP NOT NULL`,
  `CREATE INDEX "IDX_e0b6cafff409389e3ecc110240" ON "order_line_item" ("original_order_line_item_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_9d59d2a1da1c46f84538b27a1f" ON "billing_claim" ("credit_memo_item_id")`,
  `ALTER TABLE "order_line_item" ADD CONSTRAINT "order_line_item_original" CHECK ((item_category = 'Return') = (original_order_line_item_id is not null))`,
  `ALTER TABLE "order_line_item" ADD CONSTRAINT "order_line_item_returned" CHECK (returned_quantity >= 0 and returned_quantity <= case when billing_rule = 'TriggerAsFulfillmentOccurs' then sent_quantity when item_state in ('SentToBilling', 'Complete') then quantity else 0 end)`,
  `ALTER TABLE "billing_claim" ADD CONSTRAINT "billing_claim_item" CHECK (num_nonnulls(invoice_item_id, credit_memo_item_id) = 1)`,
  `ALTER TABLE "order_line_item" ADD CONSTRAINT "FK_72b8abd5a2753942d7a84b9f7be" FOREIGN KEY ("original_order_line_item_id", "entity_id") REFERENCES "order_line_item"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "credit_memo" ADD CONSTRAINT "FK_4f04cd6d558475ba9e4264f7969" FOREIGN KEY ("account_id", "entity_id") REFERENCES "account"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "credit_memo_item" ADD CONSTRAINT "FK_7a64c3a32819f32f8f0c78e7754" FOREIGN KEY ("fulfillment_id", "entity_id") REFERENCES "fulfillment"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "credit_memo_item" ADD CONSTRAINT "FK_bce11a52f4fa5077bdd874c2790" FOREIGN KEY ("order_line_item_id", "entity_id") REFERENCES "order_line_item"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "credit_memo_item" ADD CONSTRAINT "FK_d2237e8c9624dc07eeaacf68617" FOREIGN KEY ("credit_memo_id", "entity_id") REFERENCES "credit_memo"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "billing_claim" ADD CONSTRAINT "FK_e0837d132ea02884439738c7ece" FOREIGN KEY ("credit_memo_item_id", "entity_id") REFERENCES "credit_memo_item"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "billing_settings" ADD CONSTRAINT "FK_5e0bc26a4bbc46f9e99b8ef864f" FOREIGN KEY ("entity_id") REFERENCES "entity"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "fulfillment_item" ADD CONSTRAINT "FK_632b2b8215787a278e9b61b9300" FOREIGN KEY ("fulfillment_id", "entity_id") REFERENCES "fulfillment"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
];

/**
 * Each entity has its row of settings from the start, so that there is one to lock: invoice settlement on, every
 * negative charge on a credit memo.
 */
const settings = [
  `create function create_billing_settings() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
  begin
    insert into billing_settings (entity_id, invoice_settlement, credit_memo_rule, inclusive_tax_rule, rounding_mode, tax_codes, units)
    values (new.id, true, 'AllNegative', 'NetFirst', 'HALF_UP', '[]', '[]');
    return null;
  end $$`,
  'create trigger entity_billing_settings after insert on entity for each row execute function create_billing_settings()',
  `insert into billing_settings (entity_id, invoice_settlement, credit_memo_rule, inclusive_tax_rule, rounding_mode, tax_codes, units)
   select id, true, 'AllNegative', 'NetFirst', 'HALF_UP', '[]', '[]' from entity`,
];

/** As in the first schema, with one kind of number more. */
const numbers = (
  kinds: string,
) => `create or replace function create_number_sequences() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
  declare
    kind text;
    sequence text;
  begin
    foreach kind in array array[${kinds}] loop
      sequence := format('number.%I', kind || '_' || replace(new.id::text, '-', ''));
      execute 'create sequence ' || sequence;
      execute 'grant usage on sequence ' || sequence || ' to ${appRole}';
    end loop;
    return null;
  end $$`;
const firstKinds = "'account', 'order', 'fulfillment', 'invoice', 'payment'";

const eachEntity = (act: string) => `do $$ declare entity_id uuid; begin
  for entity_id in select id from entity loop
    ${act}
  end loop;
end $$`;
const sequence = "'number.credit_memo_' || replace(entity_id::text, '-', '')";

export class Returns1763787600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      ...tables,
      ...settings,
      numbers(`${firstKinds}, 'credit_memo'`),
      eachEntity(`execute 'create sequence ' || ${sequence};
    execute 'grant usage on sequence ' || ${sequence} || ' to ${appRole}';`),
    ];
    for (const statement of statements) await runner.query(statement);
  }

  /** Refuses where a return or a claim of a credit memo is there already: its columns hold what nothing else does. */
  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      'alter table billing_claim alter column invoice_item_id set not null',
      'alter table billing_claim drop column credit_memo_item_id',
      `do $$ begin
        if exists (select from order_line_item where item_category = 'Return') then raise exception 'There are returns.'; end if;
      end $$`,
      'alter table order_line_item drop column returned_quantity, drop column original_order_line_item_id',
      'drop table fulfillment_item, credit_memo_item, credit_memo, billing_settings',
      'drop type credit_memo_status, credit_memo_rule, inclusive_tax_rule, rounding_mode',
      'drop trigger entity_billing_settings on entity',
      'drop function create_billing_settings',
      numbers(firstKinds),
      eachEntity(`execute 'drop sequence ' || ${sequence};`),
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
