import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole } from '../connection/roles';

/**
 * Ends a transaction in which a statement wrote fewer rows than it was given: some are gone, or out of its scope. The
 * caller cannot check this itself, since the commit is in the same message as the last writes.
 */
const allWritten = `create function all_written(written bigint, given integer, target text) returns boolean language plpgsql volatile as $$
  begin
    if written <> given then
      raise exception '% rows of % are gone or out of scope', given - written, target;
    end if;
    return true;
  end $$`;

export class AllWritten1763834400053 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(allWritten);
    await runner.query('revoke execute on function all_written(bigint, integer, text) from public');
    await runner.query(`grant execute on function all_written(bigint, integer, text) to ${appRole}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function all_written(bigint, integer, text)');
  }
}
