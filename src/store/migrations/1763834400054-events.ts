import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole, readerRole } from '../connection/roles';

/**
 * The history in the order in which clients follow it. An entry gets the id of its transaction, behind the base of the
 * present epoch (event-epoch.ts). Entries below the oldest transaction that is still open are complete.
 */
const functions = [
  `create function event_position() returns bigint language sql volatile as
    'select base + pg_current_xact_id()::text::bigint from event_epoch order by epoch desc limit 1'`,
  `create function event_horizon() returns bigint language sql stable as
    'select base + pg_snapshot_xmin(pg_current_snapshot())::text::bigint from event_epoch order by epoch desc limit 1'`,
];

/** As before, but for the position. */
const reopen = (
  position: string,
): string => `create or replace function reopen_bill_run(entity uuid, orgs uuid[], run uuid, account uuid, at timestamptz, by uuid,
      track text default null)
    returns void language sql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
  with chunk as (
    update bill_run_chunk c set status = 'Billed' from bill_run_account a
    where may_ask(entity, orgs) and a.entity_id = entity and a.org_id = any(orgs) and a.bill_run_id = run and a.account_id = account
      and c.id = a.chunk_id and c.status = 'Posted'
  ), reopened as (
    update bill_run r set status = 'Completed', version = r.version + 1, updated_date = greatest(r.updated_date, at), updated_by_id = by
    where may_ask(entity, orgs) and r.entity_id = entity and r.org_ids && orgs and r.id = run and r.status = 'Posted' returning r.*
  )
  insert into history_entry (id, entity_id, org_ids, subject_type, subject_id, at, actor, track_id, action, from_state, to_state,
    changes, version, transaction_id)
  select gen_random_uuid(), r.entity_id, r.org_ids, 'BillRun', r.id, r.updated_date, by, track, 'Reopen', 'Posted', 'Completed',
    '[{"field": "status", "before": "Posted", "after": "Completed"}]', r.version, ${position}
  from reopened r
$$`;

export class Events1763834400054 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      `CREATE TABLE "event_epoch" ("epoch" integer NOT NULL, "base" bigint NOT NULL, "database" text NOT NULL, "began_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "event_epoch_base" CHECK (base >= 0), CONSTRAINT "PK_event_epoch" PRIMARY KEY ("epoch"))`,
      `insert into event_epoch (epoch, base, database, began_date)
        select 1, 0, system_identifier::text || '/' || (select oid from pg_database where datname = current_database()), now()
        from pg_control_system()`,
      `grant select on event_epoch to ${appRole}, ${readerRole}`,
      ...functions,
      'revoke execute on function event_position() from public',
      `grant execute on function event_position() to ${appRole}`,
      'revoke execute on function event_horizon() from public',
      `grant execute on function event_horizon() to ${appRole}, ${readerRole}`,
      reopen('event_position()'),
      'create index history_entry_position on history_entry (entity_id, transaction_id, id)',
      `create index history_entry_type on history_entry (entity_id, ((subject_type || '.' || action) collate "C"), transaction_id, id)`,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      'drop index history_entry_type',
      'drop index history_entry_position',
      reopen('pg_current_xact_id()::text::bigint'),
      'drop function event_horizon()',
      'drop function event_position()',
      'drop table event_epoch',
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
