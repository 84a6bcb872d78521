import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole } from '../connection/roles';

/** Bill runs, applications of credit memos, refunds; TypeORM's own output for the classes of rows. */
const tables = [
  `CREATE TYPE "bill_run_status" AS ENUM('Pending', 'Processing', 'Completed', 'PostInProgress', 'Posted', 'CancelInProgress', 'Canceled', 'Error')`,
  `CREATE TABLE "bill_run" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_ids" uuid array NOT NULL, "version" integer NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "created_by_id" uuid NOT NULL, "updated_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "updated_by_id" uuid NOT NULL, "bill_run_number" text NOT NULL, "status" "bill_run_status" NOT NULL, "target_date" date NOT NULL, "invoice_date" date NOT NULL, "auto_post" boolean NOT NULL, "account_ids" uuid array, "total" integer NOT NULL, "done" integer NOT NULL, "failed" integer NOT NULL, "started_date" TIMESTAMP(3) WITH TIME ZONE, "finished_date" TIMESTAMP(3) WITH TIME ZONE, "track_id" text, CONSTRAINT "UQ_22a06f28bc140b3138a95840ec3" UNIQUE ("id", "entity_id"), CONSTRAINT "UQ_b97baaa25b58eaf4272a699059b" UNIQUE ("entity_id", "bill_run_number"), CONSTRAINT "bill_run_counts" CHECK (done >= 0 and failed >= 0 and done + failed <= total), CONSTRAINT "PK_acc686e3165221e2622968e9520" PRIMARY KEY ("id"))`,
  `CREATE INDEX "IDX_3e1ae2b1582f8d835272af80f9" ON "bill_run" ("entity_id", "updated_date", "id")`,
  `CREATE TYPE "bill_run_chunk_status" AS ENUM('Pending', 'Billed', 'Posted', 'Canceled')`,
  `CREATE TABLE "bill_run_chunk" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "bill_run_id" uuid NOT NULL, "status" "bill_run_chunk_status" NOT NULL, CONSTRAINT "UQ_8edddf4c0e6bb61b4fc54caddbe" UNIQUE ("id", "entity_id"), CONSTRAINT "PK_91afc614d0cde40d446d991c75d" PRIMARY KEY ("id"))`,
  `CREATE INDEX "IDX_7bf2cb4ed0d6debb3e72c44cc7" ON "bill_run_chunk" ("bill_run_id", "status", "id")`,
  `CREATE TABLE "bill_run_account" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "bill_run_id" uuid NOT NULL, "chunk_id" uuid NOT NULL, "account_id" uuid NOT NULL, "total" integer NOT NULL, "done" integer NOT NULL, "code" text, "message" text, CONSTRAINT "UQ_54034aa1ca2b9c5c83843d4e47e" UNIQUE ("bill_run_id", "account_id"), CONSTRAINT "PK_e97ab68d4d2ed80abb2fee7913b" PRIMARY KEY ("id"))`,
  `CREATE INDEX "IDX_c8ca4d637e23003b6d1aec1c8f" ON "bill_run_account" ("chunk_id", "account_id")`,
  `CREATE TABLE "invoice_offset" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "negative_invoice_id" uuid NOT NULL, "invoice_id" uuid NOT NULL, "currency" text NOT NULL, "amount" numeric NOT NULL, "applied_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "invoice_offset_amount" CHECK (amount > 0), CONSTRAINT "PK_b7e2812bcd87bb41c3e1eb1aae2" PRIMARY KEY ("id"))`,
  `CREATE INDEX "IDX_2a5d81b3e69c5387ab87ecb97f" ON "invoice_offset" ("negative_invoice_id", "id")`,
  `CREATE INDEX "IDX_093e3c5c5265f1e8f4430f3e49" ON "invoice_offset" ("invoice_id", "id")`,
  `CREATE TABLE "credit_memo_application" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "credit_memo_id" uuid NOT NULL, "invoice_id" uuid NOT NULL, "currency" text NOT NULL, "amount" numeric NOT NULL, "applied_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "UQ_d10eaf211915e501172d204fead" UNIQUE ("credit_memo_id", "invoice_id"), CONSTRAINT "credit_memo_application_amount" CHECK (amount > 0), CONSTRAINT "PK_bea6c4a64f1117547f37dbd2408" PRIMARY KEY ("id"))`,
  `CREATE INDEX "IDX_4895543972974a37c1e730fa8a" ON "credit_memo_application" ("invoice_id", "id")`,
  `CREATE TYPE "refund_status" AS ENUM('Processing', 'Processed', 'Error')`,
  `CREATE TABLE "refund" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "payment_id" uuid NOT NULL, "amount" numeric NOT NULL, "currency" text NOT NULL, "status" "refund_status" NOT NULL, "created_by_id" uuid NOT NULL, "track_id" text, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "refund_amount" CHECK (amount > 0), CONSTRAINT "PK_f1cefa2e60d99b206c46c1116e5" PRIMARY KEY ("id"))`,
  `CREATE INDEX "IDX_153bb0cb1e5e563051d671bc68" ON "refund" ("payment_id", "id")`,
  `ALTER TABLE "invoice" ADD "bill_run_id" uuid`,
  `ALTER TABLE "credit_memo" ADD "bill_run_id" uuid`,
  `ALTER TABLE "credit_memo" ADD "sister_invoice_id" uuid`,
  `ALTER TABLE "credit_memo" ADD "reversed_invoice_id" uuid`,
  `ALTER TABLE "credit_memo" ADD CONSTRAINT "UQ_1433227806582313f9c84889f46" UNIQUE ("reversed_invoice_id")`,
  `CREATE INDEX "IDX_7651a62bdd1c67e1245681399e" ON "invoice" ("bill_run_id", "updated_date", "id")`,
  `CREATE INDEX "IDX_3cb1d85cdeee5ad9441a443d44" ON "credit_memo" ("bill_run_id", "updated_date", "id")`,
  `ALTER TABLE "bill_run" ADD CONSTRAINT "FK_f1f72ab36938c9f3e3ca9e55f36" FOREIGN KEY ("entity_id") REFERENCES "entity"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "bill_run_chunk" ADD CONSTRAINT "FK_bde3e202ee91ea2785999b49241" FOREIGN KEY ("bill_run_id", "entity_id") REFERENCES "bill_run"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "bill_run_account" ADD CONSTRAINT "FK_21b4893fcfa89a6d6027d31211b" FOREIGN KEY ("org_id", "entity_id") REFERENCES "org"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "bill_run_account" ADD CONSTRAINT "FK_6e87134cfc9de2be558b0f72742" FOREIGN KEY ("account_id", "entity_id") REFERENCES "account"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "bill_run_account" ADD CONSTRAINT "FK_5e9cb2e6c40a6ed2595ed234656" FOREIGN KEY ("chunk_id", "entity_id") REFERENCES "bill_run_chunk"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "bill_run_account" ADD CONSTRAINT "FK_a65015ac30dfc85a8c6e565f4e6" FOREIGN KEY ("bill_run_id", "entity_id") REFERENCES "bill_run"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "invoice" ADD CONSTRAINT "FK_d84efd1e80fdc22344c2f5cfa23" FOREIGN KEY ("bill_run_id", "entity_id") REFERENCES "bill_run"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "invoice_offset" ADD CONSTRAINT "FK_089c9316c692c75bed9873865f9" FOREIGN KEY ("negative_invoice_id", "entity_id") REFERENCES "invoice"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "invoice_offset" ADD CONSTRAINT "FK_71fd883e01fc6ebe93f76dd9a87" FOREIGN KEY ("invoice_id", "entity_id") REFERENCES "invoice"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "credit_memo" ADD CONSTRAINT "FK_a89e0a3aab61ca76c3db0149f7c" FOREIGN KEY ("reversed_invoice_id", "entity_id") REFERENCES "invoice"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "credit_memo" ADD CONSTRAINT "FK_dc36611c0181cc639728e2e1147" FOREIGN KEY ("bill_run_id", "entity_id") REFERENCES "bill_run"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "credit_memo_application" ADD CONSTRAINT "FK_fdd77d8d6f864cf6194a7175c4d" FOREIGN KEY ("invoice_id", "entity_id") REFERENCES "invoice"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "credit_memo_application" ADD CONSTRAINT "FK_ddd08ee456b371db9a6675871f2" FOREIGN KEY ("credit_memo_id", "entity_id") REFERENCES "credit_memo"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "refund" ADD CONSTRAINT "FK_baf8049a53f2a135a868605cc5f" FOREIGN KEY ("payment_id", "entity_id") REFERENCES "payment"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `CREATE INDEX "IDX_c216df5a4af28bcc4a48f6fa14" ON "credit_memo" ("sister_invoice_id")`,
  `ALTER TABLE "credit_memo" ADD CONSTRAINT "FK_402769a198c4c5fc084525d2aed" FOREIGN KEY ("sister_invoice_id", "entity_id") REFERENCES "invoice"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
];

/** What decorators cannot say; the rows name them with synchronize: false. */
const partialIndexes = [
  "create index bill_run_open on bill_run (created_date) where status in ('Pending', 'Processing', 'PostInProgress', 'CancelInProgress')",
  'create index bill_run_failure on bill_run_account (bill_run_id, id) where code is not null',
  "create index refund_open on refund (created_date) where status = 'Processing'",
  "create index invoice_negative on invoice (account_id, invoice_date) where balance < 0 and status = 'Posted'",
  // What billing looks for: by account and date, of what is sent.
  "create index fulfillment_due on fulfillment (account_id, bill_target_date) where state in ('SentToBilling', 'Complete')",
  `create index order_line_item_due on order_line_item (account_id, bill_target_date)
     where billing_rule = 'TriggerWithoutFulfillment' and item_state in ('SentToBilling', 'Complete')`,
];

/**
 * Ids of items that are written by set: they count up in the order of the items, as those do that the program makes. From
 * PostgreSQL 18 on the server has them; before, they are put together of the time, the place in the statement and chance.
 */
const itemId = `do $$ begin
  if current_setting('server_version_num')::integer >= 180000 then
    create function item_id(n bigint) returns uuid language sql volatile return uuidv7();
  else
    create function item_id(n bigint) returns uuid language sql volatile return (
      lpad(to_hex((extract(epoch from statement_timestamp()) * 1000)::bigint + n / 4096), 12, '0') || '7'
        || lpad(to_hex(n % 4096), 3, '0') || substr(gen_random_uuid()::text, 20))::uuid;
  end if;
end $$`;

/** As in the first schema, with the kinds of numbers as they are given here. */
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
const kindsBefore = "'account', 'order', 'fulfillment', 'invoice', 'payment', 'credit_memo'";

const eachEntity = (act: string) => `do $$ declare entity_id uuid; begin
  for entity_id in select id from entity loop
    ${act}
  end loop;
end $$`;
const sequence = "'number.bill_run_' || replace(entity_id::text, '-', '')";

export class Documents1763791200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      ...tables,
      ...partialIndexes,
      itemId,
      numbers(`${kindsBefore}, 'bill_run'`),
      eachEntity(`execute 'create sequence ' || ${sequence};
    execute 'grant usage on sequence ' || ${sequence} || ' to ${appRole}';`),
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      'drop function item_id',
      'drop index fulfillment_due, order_line_item_due, invoice_negative',
      'drop table invoice_offset, credit_memo_application, refund',
      'alter table invoice drop column bill_run_id',
      'alter table credit_memo drop column bill_run_id, drop column sister_invoice_id, drop column reversed_invoice_id',
      'drop table bill_run_account, bill_run_chunk, bill_run',
      'drop type bill_run_status, bill_run_chunk_status, refund_status',
      numbers(kindsBefore),
      eachEntity(`execute 'drop sequence ' || ${sequence};`),
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
