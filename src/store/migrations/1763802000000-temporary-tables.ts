import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole } from '../connection/roles';

const onDatabase = (act: string) => `do $$ begin execute format('${act}', current_database()); end $$`;

/**
 * A bill run gathers what is due in a temporary table. Everybody may make one, unless that was taken back from PUBLIC, as
 * guides to a safer database advise.
 */
export class TemporaryTables1763802000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(onDatabase(`grant temporary on database %I to ${appRole}`));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(onDatabase(`revoke temporary on database %I from ${appRole}`));
  }
}
