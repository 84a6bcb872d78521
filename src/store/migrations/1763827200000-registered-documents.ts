import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole, readerRole, systemRole } from '../connection/roles';

/** TypeORM's own output for the classes of rows. */
const up = [
  `CREATE TABLE "registered_document" ("id" uuid NOT NULL, "client_id" uuid NOT NULL, "document_id" text NOT NULL, "hash" text NOT NULL, "text" text NOT NULL, "operation_name" text, "operation_type" text NOT NULL, "cost" integer NOT NULL, "registered_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "retired_date" date, CONSTRAINT "UQ_4eb6eda7c52202df039f21c96e5" UNIQUE ("client_id", "document_id"), CONSTRAINT "PK_0d312c554e46eae40bad4633209" PRIMARY KEY ("id"))`,
  `CREATE INDEX "IDX_1d1413c8ab7e9216e549247426" ON "registered_document" ("client_id", "hash")`,
  `CREATE TABLE "unknown_document" ("client_id" uuid NOT NULL, "hash" text NOT NULL, "operation_name" text, "text" text NOT NULL, "first_seen" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "last_seen" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "count" bigint NOT NULL, CONSTRAINT "PK_dcce42f1cf0542893f374bb8da6" PRIMARY KEY ("client_id", "hash"))`,
  `CREATE INDEX "IDX_39aec82ba4790980ef8b1c8a1d" ON "unknown_document" ("client_id", "last_seen")`,
  `CREATE TYPE "document_mode" AS ENUM('Open', 'LogUnknown', 'RegisteredOnly')`,
  `ALTER TABLE "client" ADD "document_mode" "document_mode" NOT NULL DEFAULT 'Open'`,
  `ALTER TABLE "registered_document" ADD CONSTRAINT "FK_837ffca23e56e1345bdd3770af7" FOREIGN KEY ("client_id") REFERENCES "client"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
  `ALTER TABLE "unknown_document" ADD CONSTRAINT "FK_4447debce6fd879770a2c4249ad" FOREIGN KEY ("client_id") REFERENCES "client"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
];

/**
 * They belong to clients, which are no tenant's: the role for that keeps them. An administrator registers documents in the
 * transaction of a request, as everything else; who may do so for whom is decided before.
 */
const rights = [
  `revoke all on registered_document, unknown_document from ${appRole}`,
  `grant select, insert on registered_document to ${appRole}`,
  `grant select on registered_document, unknown_document to ${readerRole}`,
  `grant select, insert, update, delete on registered_document, unknown_document to ${systemRole}`,
];

const down = [
  'DROP TABLE "unknown_document", "registered_document"',
  'ALTER TABLE "client" DROP COLUMN "document_mode"',
  'DROP TYPE "document_mode"',
];

export class RegisteredDocuments1763827200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...up, ...rights]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of down) await runner.query(statement);
  }
}
