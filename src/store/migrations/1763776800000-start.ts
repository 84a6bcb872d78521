import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole } from '../connection/roles';

/**
 * The first schema. Tables, types, keys and indexes are TypeORM's own output for the classes of rows (a test keeps the
 * two equal); the rest, which it has no words for, is written by hand below.
 */
const enumTypes = [
  `CREATE TYPE "order_category" AS ENUM('NewSales', 'Return')`,
  `CREATE TYPE "order_state" AS ENUM('Executing', 'Complete', 'Canceled')`,
  `CREATE TYPE "item_type" AS ENUM('Product', 'Fee', 'Services')`,
  `CREATE TYPE "item_category" AS ENUM('Sales', 'Return')`,
  `CREATE TYPE "order_line_item_state" AS ENUM('Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled')`,
  `CREATE TYPE "billing_rule" AS ENUM('TriggerWithoutFulfillment', 'TriggerAsFulfillmentOccurs')`,
  `CREATE TYPE "inline_discount_type" AS ENUM('Percentage', 'FixedAmount', 'None')`,
  `CREATE TYPE "tax_mode" AS ENUM('TaxInclusive', 'TaxExclusive')`,
  `CREATE TYPE "fulfillment_type" AS ENUM('Delivery', 'Return')`,
  `CREATE TYPE "fulfillment_state" AS ENUM('Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled')`,
  `CREATE TYPE "invoice_status" AS ENUM('Draft', 'Posted', 'Canceled')`,
  `CREATE TYPE "payment_status" AS ENUM('Processing', 'Processed', 'Error', 'Voided', 'Refunded')`,
  `CREATE TYPE "payment_attempt_status" AS ENUM('Open', 'Declined', 'Voided', 'Captured', 'Failed')`,
  `CREATE TYPE "test_gateway"."charge_status" AS ENUM('Authorized', 'Captured', 'Voided', 'Refunded', 'Declined')`,
];

const tables = [
  `CREATE TABLE "entity" ("id" uuid NOT NULL, "name" text NOT NULL, CONSTRAINT "UQ_ce98a0de53c542ba78252b89550" UNIQUE ("name"), CONSTRAINT "PK_50a7741b415bc585fcf9c984332" PRIMARY KEY ("id"))`,
  `CREATE TABLE "org" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "name" text NOT NULL, CONSTRAINT "UQ_2aae810e59ce1dab6d89db80b0e" UNIQUE ("id", "entity_id"), CONSTRAINT "UQ_0b66e14b2e1a434ff8a80e2ba43" UNIQUE ("entity_id", "name"), CONSTRAINT "PK_703783130f152a752cadf7aa751" PRIMARY KEY ("id"))`,
  `CREATE TABLE "account" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "version" integer NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "created_by_id" uuid NOT NULL, "updated_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "updated_by_id" uuid NOT NULL, "account_number" text NOT NULL, "name" text NOT NULL, "currency" text NOT NULL, "payment_term" text NOT NULL, "payment_method_token" text, CONSTRAINT "UQ_08bb65a64a92aa501c39bbf669a" UNIQUE ("id", "entity_id"), CONSTRAINT "UQ_3801e096eb8c41bb2b286a5c434" UNIQUE ("entity_id", "account_number"), CONSTRAINT "PK_54115ee388cdb6d86bb4bf5b2ea" PRIMARY KEY ("id"))`,
  `CREATE TABLE "client" ("id" uuid NOT NULL, "name" text NOT NULL, "scopes" text array NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "PK_96da49381769303a6515a8785c7" PRIMARY KEY ("id"))`,
  `CREATE TABLE "client_secret" ("id" uuid NOT NULL, "client_id" uuid NOT NULL, "hash" text NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "PK_74827b41df46571d3fda33bd692" PRIMARY KEY ("id"))`,
  `CREATE TABLE "client_grant" ("id" uuid NOT NULL, "client_id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid, CONSTRAINT "PK_1beea425ea1b53836a8194f25d9" PRIMARY KEY ("id"))`,
  `CREATE TABLE "orders" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "version" integer NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "created_by_id" uuid NOT NULL, "updated_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "updated_by_id" uuid NOT NULL, "account_id" uuid NOT NULL, "order_number" text NOT NULL, "order_date" date NOT NULL, "category" "order_category" NOT NULL, "state" "order_state" NOT NULL, "description" text, "reason_code" text, CONSTRAINT "UQ_d10ae5e03f966203a3645efa9d6" UNIQUE ("id", "entity_id"), CONSTRAINT "UQ_4a377794daac50ebf900384a935" UNIQUE ("entity_id", "order_number"), CONSTRAINT "PK_710e2d4957aa5878dfe94e4ac2f" PRIMARY KEY ("id"))`,
  `CREATE TABLE "order_line_item" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "version" integer NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "created_by_id" uuid NOT NULL, "updated_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "updated_by_id" uuid NOT NULL, "order_id" uuid NOT NULL, "account_id" uuid NOT NULL, "item_number" text NOT NULL, "item_name" text NOT NULL, "item_type" "item_type", "item_category" "item_category" NOT NULL, "item_state" "order_line_item_state" NOT NULL, "billing_rule" "billing_rule" NOT NULL, "quantity" numeric NOT NULL, "fulfilled_quantity" numeric NOT NULL, "sent_quantity" numeric NOT NULL, "fulfillment_count" integer NOT NULL, "open_fulfillment_count" integer NOT NULL, "unit_of_measure" text, "currency" text NOT NULL, "list_price_per_unit" numeric NOT NULL, "amount_per_unit" numeric NOT NULL, "inline_discount_type" "inline_discount_type" NOT NULL, "inline_discount_per_unit" numeric, "tax_mode" "tax_mode", "tax_code" text, "bill_target_date" date, "sent_to_billing_date" TIMESTAMP(3) WITH TIME ZONE, "transaction_start_date" date, "transaction_end_date" date, "payment_term" text, "invoice_group_number" text, "product_code" text, "purchase_order_number" text, "description" text, "custom_fields" jsonb, CONSTRAINT "UQ_6469f13388dcaaebd9ea0c9efe8" UNIQUE ("id", "entity_id"), CONSTRAINT "UQ_ad055ec2c7d3be4ec2ec32d664f" UNIQUE ("order_id", "item_number"), CONSTRAINT "order_line_item_counts" CHECK (open_fulfillment_count >= 0 and open_fulfillment_count <= fulfillment_count and fulfillment_count <= 100), CONSTRAINT "order_line_item_sent" CHECK (sent_quantity >= 0 and sent_quantity <= fulfilled_quantity), CONSTRAINT "order_line_item_fulfilled" CHECK (fulfilled_quantity >= 0 and fulfilled_quantity <= quantity), CONSTRAINT "order_line_item_quantity" CHECK (quantity > 0), CONSTRAINT "PK_c4c5bcb010a01f13385ef7e8b49" PRIMARY KEY ("id"))`,
  `CREATE TABLE "fulfillment" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "version" integer NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "created_by_id" uuid NOT NULL, "updated_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "updated_by_id" uuid NOT NULL, "order_line_item_id" uuid NOT NULL, "order_id" uuid NOT NULL, "account_id" uuid NOT NULL, "fulfillment_number" text NOT NULL, "fulfillment_type" "fulfillment_type" NOT NULL, "state" "fulfillment_state" NOT NULL, "fulfillment_date" date NOT NULL, "quantity" numeric NOT NULL, "amount" numeric NOT NULL, "currency" text NOT NULL, "bill_target_date" date, "sent_to_billing_date" TIMESTAMP(3) WITH TIME ZONE, "description" text, "carrier" text, "tracking_number" text, "fulfillment_system" text, "fulfillment_location" text, "external_id" text, "exclude_item_billing_from_revenue_accounting" boolean NOT NULL, "exclude_item_booking_from_revenue_accounting" boolean NOT NULL, "custom_fields" jsonb, CONSTRAINT "UQ_5a6da0b595b73e1f72e61d21475" UNIQUE ("id", "entity_id"), CONSTRAINT "UQ_ec000ad6e870f10444ca0a93705" UNIQUE ("entity_id", "fulfillment_number"), CONSTRAINT "fulfillment_sent" CHECK (state not in ('SentToBilling', 'Complete') or (bill_target_date is not null and sent_to_billing_date is not null)), CONSTRAINT "fulfillment_quantity" CHECK (quantity > 0), CONSTRAINT "PK_50c102da132afffae660585981f" PRIMARY KEY ("id"))`,
  `CREATE TABLE "idempotency_outcome" ("entity_id" uuid NOT NULL, "client_id" uuid NOT NULL, "key" text NOT NULL, "fingerprint" text NOT NULL, "status" integer NOT NULL, "headers" jsonb NOT NULL, "body" text NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "PK_9d7fd4ad9abd125fbac89d65909" PRIMARY KEY ("entity_id", "client_id", "key"))`,
  `CREATE TABLE "invoice" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "version" integer NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "created_by_id" uuid NOT NULL, "updated_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "updated_by_id" uuid NOT NULL, "account_id" uuid NOT NULL, "invoice_number" text NOT NULL, "status" "invoice_status" NOT NULL, "invoice_date" date NOT NULL, "due_date" date NOT NULL, "target_date" date, "posted_date" date, "currency" text NOT NULL, "payment_term" text NOT NULL, "invoice_group_number" text, "amount" numeric NOT NULL, "amount_without_tax" numeric NOT NULL, "tax_amount" numeric NOT NULL, "balance" numeric NOT NULL, "source" text NOT NULL, "reversed" boolean NOT NULL, CONSTRAINT "UQ_48dc693ff0516f4f1e56017f8e8" UNIQUE ("id", "entity_id"), CONSTRAINT "UQ_7d4633aa8907119b190275a8f90" UNIQUE ("entity_id", "invoice_number"), CONSTRAINT "invoice_sum" CHECK (amount = amount_without_tax + tax_amount), CONSTRAINT "PK_15d25c200d9bcd8a33f698daf18" PRIMARY KEY ("id"))`,
  `CREATE TABLE "invoice_item" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "invoice_id" uuid NOT NULL, "order_line_item_id" uuid NOT NULL, "fulfillment_id" uuid, "charge_name" text NOT NULL, "currency" text NOT NULL, "quantity" numeric NOT NULL, "unit_price" numeric NOT NULL, "unit_of_measure" text, "charge_amount" numeric NOT NULL, "tax_amount" numeric NOT NULL, "tax_mode" "tax_mode", "tax_code" text, "tax_rate" numeric, "service_start_date" date, "service_end_date" date, "product_code" text, "purchase_order_number" text, CONSTRAINT "UQ_d9115fb2ebac8bcc620209ad824" UNIQUE ("id", "entity_id"), CONSTRAINT "PK_621317346abdf61295516f3cb76" PRIMARY KEY ("id"))`,
  `CREATE TABLE "billing_claim" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "invoice_item_id" uuid NOT NULL, CONSTRAINT "PK_dd1c495a9470c1f71068c1bcbd4" PRIMARY KEY ("id"))`,
  `CREATE TABLE "payment" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "version" integer NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "created_by_id" uuid NOT NULL, "updated_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "updated_by_id" uuid NOT NULL, "account_id" uuid NOT NULL, "payment_number" text NOT NULL, "status" "payment_status" NOT NULL, "amount" numeric NOT NULL, "applied_amount" numeric NOT NULL, "refund_amount" numeric NOT NULL, "currency" text NOT NULL, "effective_date" date NOT NULL, "attempt_id" uuid NOT NULL, CONSTRAINT "UQ_a5ce3945d1d61956161e7f84d42" UNIQUE ("attempt_id"), CONSTRAINT "UQ_bd6324a35a921506a8b4a07b20b" UNIQUE ("id", "entity_id"), CONSTRAINT "UQ_f68a06ed3bb7a3a67b9e9f95a45" UNIQUE ("entity_id", "payment_number"), CONSTRAINT "payment_amount" CHECK (amount > 0), CONSTRAINT "PK_fcaec7df5adf9cac408c686b2ab" PRIMARY KEY ("id"))`,
  `CREATE TABLE "payment_application" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "payment_id" uuid NOT NULL, "invoice_id" uuid NOT NULL, "currency" text NOT NULL, "amount" numeric NOT NULL, "applied_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "payment_application_amount" CHECK (amount > 0), CONSTRAINT "PK_c5ef59ca781f304514e37deddb7" PRIMARY KEY ("id"))`,
  `CREATE TABLE "payment_attempt" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "account_id" uuid NOT NULL, "amount" numeric NOT NULL, "currency" text NOT NULL, "status" "payment_attempt_status" NOT NULL, "message" text, "created_by_id" uuid NOT NULL, "track_id" text, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "updated_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "PK_a5ce3945d1d61956161e7f84d42" PRIMARY KEY ("id"))`,
  `CREATE TABLE "test_gateway"."charge" ("key" uuid NOT NULL, "token" text NOT NULL, "amount" numeric NOT NULL, "currency" text NOT NULL, "status" "test_gateway"."charge_status" NOT NULL, "refunded" numeric NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "charge_refunded" CHECK (refunded >= 0 and refunded <= amount), CONSTRAINT "PK_3a5949ee71dd3735147ef4bcaad" PRIMARY KEY ("key"))`,
  `CREATE TABLE "test_gateway"."refund" ("key" uuid NOT NULL, "charge_key" uuid NOT NULL, "amount" numeric NOT NULL, CONSTRAINT "PK_22d773c99d7602e7b67a7ee0c40" PRIMARY KEY ("key"))`,
];

const indexes = [
  `CREATE INDEX "IDX_2e410ab8eeaf61f8ea5e680636" ON "account" ("entity_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_cb1b3757da11f378ca1f3e98d5" ON "client_secret" ("client_id")`,
  `CREATE INDEX "IDX_5b714702ae305e4a65a68965e2" ON "client_grant" ("client_id", "entity_id")`,
  `CREATE INDEX "IDX_349616e3a44dfe3c01f639a44a" ON "orders" ("account_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_c5b52df18862a8fd51169c50da" ON "orders" ("entity_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_2e0462081a9903142686f136eb" ON "order_line_item" ("order_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_ba7d9001ac093bd76d7a364ddd" ON "order_line_item" ("account_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_18cedbbccc88f00bc70ce523ca" ON "order_line_item" ("entity_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_fdb1f632deb2ed268d9f37e227" ON "fulfillment" ("entity_id", "state", "bill_target_date", "id")`,
  `CREATE INDEX "IDX_14b8182b8ea2af8c52ed0de618" ON "fulfillment" ("account_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_968282e3c6d253ec1fc13658df" ON "fulfillment" ("order_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_6873ac676b9ab846d97b34be7e" ON "fulfillment" ("order_line_item_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_81f82f40561d42bc7f3ef2e7a2" ON "fulfillment" ("entity_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_1beb79ef92cbfb166d9efe88d8" ON "idempotency_outcome" ("created_date")`,
  `CREATE INDEX "IDX_f211b40d0d2071ec282913c124" ON "invoice" ("account_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_3d8ab2c963b5f8b5d3c51033e1" ON "invoice" ("entity_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_f17c45411b07ece4d3fc2488f6" ON "invoice_item" ("fulfillment_id", "id")`,
  `CREATE INDEX "IDX_90595d621068ffed0cf46739dd" ON "invoice_item" ("order_line_item_id", "id")`,
  `CREATE INDEX "IDX_91287936d9f318f8d1ce54f772" ON "invoice_item" ("invoice_id", "id")`,
  `CREATE INDEX "IDX_645ee2fe88bd2a5c80e1adcf9e" ON "billing_claim" ("invoice_item_id")`,
  `CREATE INDEX "IDX_82744966f75cbcbbd8cfd78fd7" ON "payment" ("account_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_b542e7e9b4e68cc1ae346d3257" ON "payment" ("entity_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_d6033f0d5177c596d3bf0e7472" ON "payment_application" ("invoice_id", "id")`,
  `CREATE INDEX "IDX_89750489647d1ea57817881597" ON "payment_application" ("payment_id", "id")`,
];

const foreignKeys = [
  `ALTER TABLE "org" ADD CONSTRAINT "FK_be5a587528d192c7a4388e42896" FOREIGN KEY ("entity_id") REFERENCES "entity"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "account" ADD CONSTRAINT "FK_1722d9ba805b1b7cc7cd77e9cda" FOREIGN KEY ("org_id", "entity_id") REFERENCES "org"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "client_secret" ADD CONSTRAINT "FK_cb1b3757da11f378ca1f3e98d57" FOREIGN KEY ("client_id") REFERENCES "client"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
  `ALTER TABLE "client_grant" ADD CONSTRAINT "FK_21932ae97e594a4d85d9974b558" FOREIGN KEY ("org_id", "entity_id") REFERENCES "org"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "client_grant" ADD CONSTRAINT "FK_411824a09d2f8ed94eb3bf0ee5f" FOREIGN KEY ("entity_id") REFERENCES "entity"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "client_grant" ADD CONSTRAINT "FK_a0b6fcf059678c1e8a3e9aabc9e" FOREIGN KEY ("client_id") REFERENCES "client"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
  `ALTER TABLE "orders" ADD CONSTRAINT "FK_92d1d99c9681e694067b8f47b73" FOREIGN KEY ("account_id", "entity_id") REFERENCES "account"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "order_line_item" ADD CONSTRAINT "FK_c3f41952f4bddc147a046a501a9" FOREIGN KEY ("account_id", "entity_id") REFERENCES "account"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "order_line_item" ADD CONSTRAINT "FK_40013ef4f8aef5fae2b426093ca" FOREIGN KEY ("order_id", "entity_id") REFERENCES "orders"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "fulfillment" ADD CONSTRAINT "FK_03919d4d3b9db64b6b27c1475ba" FOREIGN KEY ("account_id", "entity_id") REFERENCES "account"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "fulfillment" ADD CONSTRAINT "FK_e1f449b56094ddc1754f257730f" FOREIGN KEY ("order_id", "entity_id") REFERENCES "orders"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "fulfillment" ADD CONSTRAINT "FK_ba10a05a09ad0270769a856d5fe" FOREIGN KEY ("order_line_item_id", "entity_id") REFERENCES "order_line_item"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "invoice" ADD CONSTRAINT "FK_07aff0ba6ee57be4689d005c5ba" FOREIGN KEY ("account_id", "entity_id") REFERENCES "account"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "invoice_item" ADD CONSTRAINT "FK_0a091837808de9f52a3d674da01" FOREIGN KEY ("fulfillment_id", "entity_id") REFERENCES "fulfillment"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "invoice_item" ADD CONSTRAINT "FK_aed35c5bc6ea350ea14b5c93128" FOREIGN KEY ("order_line_item_id", "entity_id") REFERENCES "order_line_item"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "invoice_item" ADD CONSTRAINT "FK_e505cb9cc327029c72db7b82a55" FOREIGN KEY ("invoice_id", "entity_id") REFERENCES "invoice"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "billing_claim" ADD CONSTRAINT "FK_503fe2ff7f64db3936a7b80a6c7" FOREIGN KEY ("invoice_item_id", "entity_id") REFERENCES "invoice_item"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "payment" ADD CONSTRAINT "FK_fd01836816d6cf1dbc25ff42662" FOREIGN KEY ("account_id", "entity_id") REFERENCES "account"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "payment_application" ADD CONSTRAINT "FK_d0c571dba51e83168ecae851e88" FOREIGN KEY ("invoice_id", "entity_id") REFERENCES "invoice"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "payment_application" ADD CONSTRAINT "FK_1c40374a25f5adb90afe669b6ce" FOREIGN KEY ("payment_id", "entity_id") REFERENCES "payment"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "payment_attempt" ADD CONSTRAINT "FK_71c9e69be886cea54cbc353f769" FOREIGN KEY ("account_id", "entity_id") REFERENCES "account"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "test_gateway"."refund" ADD CONSTRAINT "FK_5f21284b1fc967ceac56a9627bc" FOREIGN KEY ("charge_key") REFERENCES "test_gateway"."charge"("key") ON DELETE NO ACTION ON UPDATE NO ACTION`,
];

/**
 * The application's role, made once per cluster and lent to whoever migrates; two databases may do so at once. Where the
 * user may do neither, the error says what an administrator has to run.
 */
const role = `do $$ begin
  if not exists (select from pg_roles where rolname = '${appRole}') then
    begin
      create role ${appRole} nologin;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
  -- From PostgreSQL 16 on, who makes a role is a member of it but may not yet become it.
  if not (select rolsuper from pg_roles where rolname = current_user)
    and not pg_has_role(current_user, '${appRole}',
      case when current_setting('server_version_num')::integer < 160000 then 'MEMBER' else 'SET' end) then
    execute format('grant ${appRole} to %I', current_user);
  end if;
exception when insufficient_privilege then
  raise exception 'The user % may not make or join the role ${appRole}. An administrator runs once: create role ${appRole} nologin; grant ${appRole} to %;',
    current_user, quote_ident(current_user);
end $$`;

/** Tables of later migrations are granted by the default privileges. */
const grants = [
  `grant usage on schema public, number, test_gateway to ${appRole}`,
  `grant select, insert, update, delete on all tables in schema public, test_gateway to ${appRole}`,
  `alter default privileges in schema public grant select, insert, update, delete on tables to ${appRole}`,
  `alter default privileges in schema test_gateway grant select, insert, update, delete on tables to ${appRole}`,
  `revoke all on migrations from ${appRole}`,
  `grant select on migrations to ${appRole}`,
];

/**
 * Business numbers come from one sequence per entity and kind, made with the entity; the function runs as its owner,
 * since the application's role may create nothing. A sequence takes no lock for the length of a transaction, as a
 * counter in a table would; the price is a gap after a rollback.
 */
const numbers = [
  `create function create_number_sequences() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
  declare
    kind text;
    sequence text;
  begin
    foreach kind in array array['account', 'order', 'fulfillment', 'invoice', 'payment'] loop
      sequence := format('number.%I', kind || '_' || replace(new.id::text, '-', ''));
      execute 'create sequence ' || sequence;
      execute 'grant usage on sequence ' || sequence || ' to ${appRole}';
    end loop;
    return null;
  end $$`,
  'create trigger entity_number_sequences after insert on entity for each row execute function create_number_sequences()',
  `create function business_number(prefix text, kind text, entity uuid) returns text language sql volatile as $$
    select prefix || lpad(n::text, greatest(8, length(n::text)), '0')
    from (select nextval(('number.' || kind || '_' || replace(entity::text, '-', ''))::regclass) as n) as taken
  $$`,
];

/** Indexes that the decorators cannot say; the rows name them with synchronize: false. */
const partialIndexes = ["create index payment_attempt_open on payment_attempt (created_date) where status = 'Open'"];

export class Start1763776800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      role,
      'create schema number',
      'create schema test_gateway',
      ...enumTypes,
      ...tables,
      ...indexes,
      ...foreignKeys,
      ...partialIndexes,
      ...numbers,
      ...grants,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  /** There is nothing before the first schema: drop the database instead. */
  async down(): Promise<void> {
    throw new Error('The first migration cannot be reverted; drop the database instead.');
  }
}
