import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole } from '../connection/roles';

/**
 * The next number of an account or an order that nobody has chosen, in whatever org: hence with its owner's rights. It tells
 * nothing of the numbers that it steps over. Gaps are allowed; a look for each number would slow down documents, whose
 * numbers nobody chooses.
 */
const freeNumber = `create function free_number(prefix text, kind text, entity uuid) returns text language plpgsql volatile
    security definer set search_path = pg_catalog, public, pg_temp as $$
  declare
    number text;
    taken boolean;
  begin
    loop
      number := business_number(prefix, kind, entity);
      if kind = 'account' then
        taken := exists (select from account a where a.entity_id = entity and a.account_number = number);
      else
        taken := exists (select from orders o where o.entity_id = entity and o.order_number = number);
      end if;
      if not taken then return number; end if;
    end loop;
  end $$`;

export class FreeNumbers1763834400010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(freeNumber);
    await runner.query('revoke execute on function free_number(text, text, uuid) from public');
    await runner.query(`grant execute on function free_number(text, text, uuid) to ${appRole}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function free_number(text, text, uuid)');
  }
}
