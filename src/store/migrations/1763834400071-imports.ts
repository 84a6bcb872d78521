import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole, readerRole, systemRole } from '../connection/roles';

const tables = [
  `CREATE TABLE "fulfillment_import" ("entity_id" uuid NOT NULL, "client_id" uuid NOT NULL, "key" text NOT NULL, "fingerprint" text NOT NULL, "chunks" integer, "holder" uuid, "held_until" TIMESTAMP(3) WITH TIME ZONE, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "seen_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "PK_fulfillment_import" PRIMARY KEY ("entity_id", "client_id", "key"))`,
  `CREATE INDEX "fulfillment_import_seen" ON "fulfillment_import" ("seen_date")`,
  `CREATE TABLE "fulfillment_import_chunk" ("entity_id" uuid NOT NULL, "client_id" uuid NOT NULL, "key" text NOT NULL, "number" integer NOT NULL, "digests" bytea NOT NULL, "outcome" text NOT NULL, "fulfillment_ids" uuid array NOT NULL, "billed" text, CONSTRAINT "PK_fulfillment_import_chunk" PRIMARY KEY ("entity_id", "client_id", "key", "number"))`,
  `ALTER TABLE "fulfillment_import_chunk" ADD CONSTRAINT "fulfillment_import_chunk_of" FOREIGN KEY ("entity_id", "client_id", "key") REFERENCES "fulfillment_import"("entity_id","client_id","key") ON DELETE CASCADE ON UPDATE NO ACTION`,
];

const both = ['fulfillment_import', 'fulfillment_import_chunk'];
const entity = "(select nullif(current_setting('gateway.entity', true), '')::uuid)";
const policies = [
  ...both.flatMap((table) => [
    `alter table ${table} enable row level security`,
    `create policy in_scope on ${table} to ${appRole} using (entity_id = ${entity}) with check (entity_id = ${entity})`,
    `create policy readable on ${table} for select to ${readerRole} using (true)`,
  ]),
  `create policy outlived on fulfillment_import to ${systemRole} using (seen_date < now() - interval '24 hours')`,
  // Its import says when it is outlived. The system's role reads nothing of a chunk but the key.
  `create policy outlived on fulfillment_import_chunk to ${systemRole} using (true)`,
];

const rights = [
  `grant select (ctid, entity_id, client_id, key, seen_date), delete on fulfillment_import to ${systemRole}`,
  `grant select (ctid, entity_id, client_id, key), delete on fulfillment_import_chunk to ${systemRole}`,
];

export class Imports1763834400071 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...tables, ...policies, ...rights]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table fulfillment_import_chunk, fulfillment_import');
  }
}
