import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The history of every change; TypeORM's own output for its class of rows. */
const statements = [
  `CREATE TABLE "history_entry" ("id" uuid NOT NULL, "entity_id" uuid NOT NULL, "org_id" uuid NOT NULL, "subject_type" text NOT NULL, "subject_id" uuid NOT NULL, "at" TIMESTAMP(3) WITH TIME ZONE NOT NULL, "actor" uuid NOT NULL, "track_id" text, "action" text NOT NULL, "from_state" text, "to_state" text, "changes" jsonb NOT NULL, "version" integer NOT NULL, "transaction_id" bigint NOT NULL, CONSTRAINT "PK_b65bd95b0d2929668589d57b97a" PRIMARY KEY ("id"))`,
  `CREATE INDEX "IDX_634dd88afdb3ebee4229eca0aa" ON "history_entry" ("subject_id", "at", "id")`,
  `ALTER TABLE "history_entry" ADD CONSTRAINT "FK_47ef3216c6e463ba12cacff2663" FOREIGN KEY ("org_id", "entity_id") REFERENCES "org"("id","entity_id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  `ALTER TABLE "history_entry" ADD CONSTRAINT "FK_deeff25900cfb20fb16efc00aff" FOREIGN KEY ("entity_id") REFERENCES "entity"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
];

export class History1763780400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table history_entry');
  }
}
