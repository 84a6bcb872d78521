import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole, readerRole, systemRole } from '../connection/roles';

/**
 * Where each client's writes end in the log (client-write.ts). Noted by a function alone: what transactions of a caller may
 * write is rows of its entity, and behind the commit there is no caller any more.
 */
export class ClientWrites1763834400057 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      `CREATE UNLOGGED TABLE "client_write" ("entity_id" uuid NOT NULL, "client_id" uuid NOT NULL, "database" text NOT NULL, "position" bigint NOT NULL, CONSTRAINT "PK_client_write" PRIMARY KEY ("entity_id", "client_id")) with (fillfactor = 50)`,
      `create function note_write(entity uuid, client uuid, log text) returns void
        language sql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
        insert into client_write as t (entity_id, client_id, database, position)
        select entity, client, log, (at - case when mod(at, block) in (24, 40) then mod(at, block) else 0 end)::bigint
        from (select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as at, current_setting('wal_block_size')::numeric as block) present
        on conflict (entity_id, client_id) do update set database = excluded.database,
          position = case when t.database = excluded.database then greatest(t.position, excluded.position) else excluded.position end
      $$`,
      'alter table client_write enable row level security',
      `create policy readable on client_write for select to ${readerRole} using (true)`,
      `revoke all on client_write from ${appRole}, ${systemRole}`,
      `grant select on client_write to ${readerRole}`,
      'revoke execute on function note_write(uuid, uuid, text) from public',
      `grant execute on function note_write(uuid, uuid, text) to ${appRole}, ${systemRole}`,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function note_write(uuid, uuid, text)');
    await runner.query('drop table client_write');
  }
}
