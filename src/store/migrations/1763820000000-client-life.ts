import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Clients can be revoked and linked to a subject of an outside issuer, and secrets tell when they were last used. */
export class ClientLife1763820000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      'alter table client add subject text, add revoked_date timestamp(3) with time zone',
      'alter table client_secret add last_used_date timestamp(3) with time zone',
      'create unique index client_subject on client (subject) where revoked_date is null',
    ];
    for (const statement of statements) await runner.query(statement);
  }

  /** The program before knows no clients that were revoked: they go, lest they come back to life. */
  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      'delete from client where revoked_date is not null',
      'alter table client_secret drop column last_used_date',
      'alter table client drop column subject, drop column revoked_date',
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
