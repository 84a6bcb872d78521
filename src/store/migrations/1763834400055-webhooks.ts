import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole, readerRole, systemRole } from '../connection/roles';

/** TypeORM's own output for the classes of rows. */
const tables = [
  `CREATE TYPE "webhook_delivery_status" AS ENUM('Pending', 'Delivered', 'Failed')`,
  `CREATE TABLE "webhook_endpoint" ("entity_id" uuid NOT NULL, "id" uuid NOT NULL, "client_id" uuid NOT NULL, "url" text NOT NULL, "description" text, "event_types" text array, "document_id" text, "enabled" boolean NOT NULL, "disabled_reason" text, "position" bigint NOT NULL, "position_id" uuid NOT NULL, "epoch" integer NOT NULL, "resent_until" bigint, "version" integer NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "updated_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "PK_4d2227f910c2e5be926f3a9b894" PRIMARY KEY ("entity_id", "id"))`,
  `CREATE INDEX "IDX_ecf00eb82583acf1ce82432e14" ON "webhook_endpoint"  ("entity_id", "client_id", "id") `,
  `CREATE TABLE "webhook_secret" ("entity_id" uuid NOT NULL, "id" uuid NOT NULL, "endpoint_id" uuid NOT NULL, "secret" text NOT NULL, "ends_date" TIMESTAMP(3) WITH TIME ZONE, CONSTRAINT "PK_c40f5ae50e4c6a244a5f5b78187" PRIMARY KEY ("entity_id", "id"))`,
  `CREATE INDEX "IDX_4ae2ee6654b61c113a39e38473" ON "webhook_secret"  ("entity_id", "endpoint_id") `,
  `CREATE TABLE "webhook_delivery" ("entity_id" uuid NOT NULL, "id" uuid NOT NULL, "endpoint_id" uuid NOT NULL, "entry_id" uuid, "position" bigint NOT NULL, "subject_id" uuid NOT NULL, "status" "public"."webhook_delivery_status" NOT NULL, "attempts" integer NOT NULL, "next_attempt_date" TIMESTAMP(3) WITH TIME ZONE, "claim" uuid, "response_status" integer, "error" text, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "delivered_date" TIMESTAMP(3) WITH TIME ZONE, CONSTRAINT "PK_b3740e1a874dbbaaf7b737fbb81" PRIMARY KEY ("entity_id", "id"))`,
  `ALTER TABLE "webhook_endpoint" ADD CONSTRAINT "FK_5b1c3f89ef180d8f17f67bab167" FOREIGN KEY ("client_id") REFERENCES "client"("id") ON DELETE CASCADE ON UPDATE NO ACTION`,
  `ALTER TABLE "webhook_endpoint" ADD CONSTRAINT "FK_e2e998337e0b628e6a47c574781" FOREIGN KEY ("entity_id") REFERENCES "entity"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "webhook_secret" ADD CONSTRAINT "FK_4ae2ee6654b61c113a39e384737" FOREIGN KEY ("entity_id", "endpoint_id") REFERENCES "webhook_endpoint"("entity_id","id") ON DELETE CASCADE ON UPDATE NO ACTION`,
  `ALTER TABLE "webhook_delivery" ADD CONSTRAINT "FK_afe06f276ed6d6a255cb6d20fa3" FOREIGN KEY ("entity_id", "entry_id") REFERENCES "history_entry"("entity_id","id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "webhook_delivery" ADD CONSTRAINT "FK_020a90a0a230e425739dbf18866" FOREIGN KEY ("entity_id", "endpoint_id") REFERENCES "webhook_endpoint"("entity_id","id") ON DELETE CASCADE ON UPDATE NO ACTION`,
];

/** The event's place among those of the endpoint. It also keeps an event from being there twice. */
const place = 'position, (coalesce(entry_id, id))';
const indexes = [
  `create unique index webhook_delivery_order on webhook_delivery (entity_id, endpoint_id, ${place})`,
  `create index webhook_delivery_open on webhook_delivery (entity_id, endpoint_id, status, ${place}) where status <> 'Delivered'`,
  `create index webhook_delivery_lane on webhook_delivery (entity_id, endpoint_id, subject_id, ${place}) where status = 'Pending'`,
  `create index webhook_delivery_due on webhook_delivery (entity_id, endpoint_id, next_attempt_date)
    where status = 'Pending' and next_attempt_date is not null`,
  `create index webhook_delivery_done on webhook_delivery (delivered_date) where status = 'Delivered'`,
];

const all = ['webhook_endpoint', 'webhook_secret', 'webhook_delivery'];
const entity = "(select nullif(current_setting('gateway.entity', true), '')::uuid)";
const policies = [
  ...all.flatMap((table) => [
    `alter table ${table} enable row level security`,
    `create policy in_scope on ${table} to ${appRole} using (entity_id = ${entity}) with check (entity_id = ${entity})`,
    `create policy readable on ${table} for select to ${readerRole} using (true)`,
    `create policy of_workers on ${table} to ${systemRole} using (true)`,
  ]),
  `create policy of_workers on history_entry for select to ${systemRole} using (true)`,
];

/**
 * The system role finds and records what is due. Of events it sees only that there are some: what they say is read in the
 * scope of the client. Secrets sign, so only the workers read them.
 */
const rights = [
  `revoke all on webhook_secret from ${readerRole}`,
  `revoke select on webhook_secret from ${appRole}`,
  `grant select (entity_id, id, endpoint_id, ends_date) on webhook_secret to ${appRole}`,
  `grant select on webhook_endpoint, webhook_secret, webhook_delivery to ${systemRole}`,
  `grant update (status, claim, attempts, next_attempt_date, response_status, error, delivered_date), delete on webhook_delivery to ${systemRole}`,
  `grant select (entity_id, id, transaction_id) on history_entry to ${systemRole}`,
  `grant select on event_epoch to ${systemRole}`,
  `grant execute on function event_horizon() to ${systemRole}`,
];

export class Webhooks1763834400055 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...tables, ...indexes, ...policies, ...rights]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      `drop policy of_workers on history_entry`,
      'drop table webhook_delivery, webhook_secret, webhook_endpoint',
      'drop type webhook_delivery_status',
      `revoke select on history_entry, event_epoch from ${systemRole}`,
      `revoke select (entity_id, id, transaction_id) on history_entry from ${systemRole}`,
      `revoke execute on function event_horizon() from ${systemRole}`,
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
