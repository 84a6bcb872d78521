import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole } from '../connection/roles';

/**
 * What the planner knows of the tables that a bill run fills. The check of a foreign key looks a row up by id and entity,
 * and while nothing is known of a table every index that begins with the entity promises one row as well: the first of
 * them is taken, and walked through as a whole for each row that is written, up to the day when something analyzes the
 * table. PostgreSQL does so by itself once a minute, a bill run writes a thousand invoices in less.
 *
 * Only an owner may analyze, and the application owns nothing: hence a function with its owner's rights, which takes no
 * argument and does nothing while the statistics are of at least half of the table.
 */
const analyzeDocuments = `
create function analyze_documents() returns void language plpgsql security definer set search_path = pg_catalog, public as $$
  declare
    grown text;
  begin
    foreach grown in array array['invoice', 'credit_memo'] loop
      if (select pg_relation_size(oid) > 2 * relpages::bigint * current_setting('block_size')::bigint
          from pg_class where oid = ('public.' || grown)::regclass) then
        execute 'analyze (skip_locked) public.' || grown;
      end if;
    end loop;
  end $$`;

export class Statistics1763813100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(analyzeDocuments);
    await runner.query('revoke all on function analyze_documents() from public');
    await runner.query(`grant execute on function analyze_documents() to ${appRole}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function analyze_documents()');
  }
}
