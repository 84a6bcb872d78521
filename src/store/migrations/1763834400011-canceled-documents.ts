import type { MigrationInterface, QueryRunner } from 'typeorm';

const unapplied = (condition: string): string =>
  `create index credit_memo_kind on credit_memo (entity_id, org_id, status, (case when ${condition} then 1 else 0 end))`;

/** A canceled document owes nothing, and has nothing left to apply: those canceled before kept their balances. */
export class CanceledDocuments1763834400011 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("update invoice set balance = 0 where status = 'Canceled' and balance <> 0");
    await runner.query('drop index credit_memo_kind');
    await runner.query(unapplied("amount > applied_amount + refund_amount and status <> 'Canceled'"));
  }

  /** What was paid, credited or offset cannot be canceled, so all of it was owed. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("update invoice set balance = amount where status = 'Canceled'");
    await runner.query('drop index credit_memo_kind');
    await runner.query(unapplied('amount > applied_amount + refund_amount'));
  }
}
