import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole, readerRole } from '../connection/roles';

/**
 * The names of clients, for the history: a caller's transaction has no right to the table of clients. The ids come from entries
 * in scope. The scope of the transaction is asked for all the same, as everywhere (row-security).
 */
const clientNames = `create function client_names(entity uuid, orgs uuid[], ids uuid[]) returns table (id uuid, name text)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select c.id, c.name from client c where may_ask(entity, orgs) and c.id = any(ids)
  $$`;

/**
 * People who sign in have a client each. The unique index counts revoked clients too, so a revoked person gets no other client,
 * whatever runs at the same time.
 */
export class People1763834400070 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      'alter table client add groups text[], add groups_date timestamp(3) with time zone',
      `alter table client add constraint client_groups
         check (num_nonnulls(groups, groups_date) = 0 or num_nonnulls(groups, groups_date, subject) = 3)`,
      'create unique index client_person on client (subject) where groups is not null',
      'create index client_of_subject on client (subject)',
      clientNames,
      'revoke execute on function client_names(uuid, uuid[], uuid[]) from public',
      `grant execute on function client_names(uuid, uuid[], uuid[]) to ${appRole}, ${readerRole}`,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  /** The program before would let people in with the rights that they happened to have: their clients are unlinked. */
  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      'drop function client_names(uuid, uuid[], uuid[])',
      'alter table client drop constraint client_groups',
      'update client set subject = null where groups is not null',
      'drop index client_person, client_of_subject',
      'alter table client drop column groups, drop column groups_date',
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
