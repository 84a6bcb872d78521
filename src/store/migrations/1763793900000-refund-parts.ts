import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a refund took from which invoices. */
export class RefundParts1763793900000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "refund" ADD "taken" jsonb NOT NULL DEFAULT '[]'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table refund drop column taken');
  }
}
