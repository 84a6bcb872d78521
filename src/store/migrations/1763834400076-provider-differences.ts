import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole, readerRole, systemRole } from '../connection/roles';

/**
 * TypeORM's own output for the classes of rows, but for the partial index and the rights. A difference belongs to an account at
 * the provider: nobody knows the entity of a charge that our books do not have. So the role of requests sees none of them.
 */
const statements = [
  `CREATE TABLE "provider_difference" ("account" text NOT NULL, "charge_id" text NOT NULL, "kind" text NOT NULL, "object_id" text NOT NULL, "ours" text, "theirs" text, "first_seen" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "last_seen" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "resolved_date" TIMESTAMP(3) WITH TIME ZONE, CONSTRAINT "PK_35b2e110be6fd909bdb2a011c00" PRIMARY KEY ("account", "charge_id", "kind", "object_id"))`,
  'CREATE INDEX "provider_difference_unresolved" ON "provider_difference" ("first_seen") WHERE resolved_date IS NULL',
  `CREATE TYPE "public"."payment_dispute_status" AS ENUM('Inquiry', 'InquiryClosed', 'NeedsResponse', 'UnderReview', 'Won', 'Lost', 'Prevented')`,
  `ALTER TABLE "payment" ADD "dispute_status" "public"."payment_dispute_status"`,
  `ALTER TABLE "payment" ADD "dispute_amount" numeric`,
  `ALTER TABLE "payment" ADD "dispute_withdrawn" boolean NOT NULL DEFAULT false`,
  `ALTER TABLE "refund" ADD "provider_refund_id" text`,
  `CREATE INDEX "IDX_cc96440ab4e056ffab635efaf8" ON "payment"  ("entity_id", "org_id", "dispute_status") `,
  `CREATE UNIQUE INDEX "IDX_665e2a63ef696b5dadb5ec260b" ON "refund"  ("entity_id", "provider_refund_id") `,
  `CREATE INDEX "IDX_4aaecd8433097c5ed16e06003b" ON "stripe_intent"  ("entity_id", "created_date", "attempt_id") `,
  `ALTER TABLE "payment" ADD CONSTRAINT "payment_dispute" CHECK ((dispute_status is null) = (dispute_amount is null))`,
  `revoke all on provider_difference from ${appRole}, ${readerRole}`,
  `grant select, insert, update on provider_difference to ${systemRole}`,
];

export class ProviderDifferences1763834400076 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of [
      'alter table payment drop column dispute_withdrawn, drop column dispute_amount, drop column dispute_status',
      'drop type payment_dispute_status',
      'alter table refund drop column provider_refund_id',
      'drop index "IDX_4aaecd8433097c5ed16e06003b"',
      'drop table provider_difference',
    ])
      await runner.query(statement);
  }
}
