import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole, readerRole } from '../connection/roles';

/** TypeORM's own output for the classes of rows. */
const tables = [
  `CREATE TABLE "stripe_intent" ("entity_id" uuid NOT NULL, "attempt_id" uuid NOT NULL, "intent_id" text, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "PK_9b2e7a92ec94630535277f9d310" PRIMARY KEY ("entity_id", "attempt_id"))`,
  `CREATE INDEX "IDX_fc83ad10f3ce0fd1ff8d47aebb" ON "stripe_intent"  ("intent_id") `,
  `CREATE TABLE "stripe_payment_method" ("entity_id" uuid NOT NULL, "id" text NOT NULL, "account_id" uuid NOT NULL, "customer_id" text NOT NULL, "created_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "PK_15baaf55a37b4a14afd13ad2cbb" PRIMARY KEY ("entity_id", "id"))`,
  `CREATE INDEX "IDX_f117cb20dc7484aa93aa98f2ba" ON "stripe_payment_method"  ("entity_id", "account_id") `,
  `ALTER TABLE "stripe_intent" ADD CONSTRAINT "FK_9b2e7a92ec94630535277f9d310" FOREIGN KEY ("entity_id", "attempt_id") REFERENCES "payment_attempt"("entity_id","id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "stripe_payment_method" ADD CONSTRAINT "FK_f117cb20dc7484aa93aa98f2bab" FOREIGN KEY ("entity_id", "account_id") REFERENCES "account"("entity_id","id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
];

const entity = "(select nullif(current_setting('gateway.entity', true), '')::uuid)";
/** An account at Stripe belongs to the entity. A payment method of one org must be known when another org names it. */
const policies = ['stripe_intent', 'stripe_payment_method'].flatMap((table) => [
  `alter table ${table} enable row level security`,
  `create policy in_scope on ${table} to ${appRole} using (entity_id = ${entity}) with check (entity_id = ${entity})`,
  `create policy readable on ${table} for select to ${readerRole} using (true)`,
]);

export class Stripe1763834400074 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...tables, ...policies]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table stripe_payment_method, stripe_intent');
  }
}
