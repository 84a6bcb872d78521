import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole } from '../connection/roles';

/**
 * Settings get a version, and have a history as bill runs do. An entry of a bill run belongs to several orgs, one of the
 * settings to none. What happened before is not known: settings begin at version 1 without an entry.
 */
const columns = [
  'alter table billing_settings add version integer not null default 1, add updated_date timestamp(3) with time zone, add updated_by_id uuid',
  'alter table history_entry alter org_id drop not null, add org_ids uuid[]',
  'alter table history_entry add constraint history_entry_orgs check (num_nonnulls(org_id, org_ids) = 1)',
];

const entity = "(select nullif(current_setting('gateway.entity', true), '')::uuid)";
const orgs = "(select nullif(current_setting('gateway.orgs', true), '')::uuid[])";
const policy = (ofOrgs: string): string =>
  `alter policy in_scope on history_entry using (entity_id = ${entity} and ${ofOrgs})
     with check (entity_id = ${entity} and ${ofOrgs})`;
const ofOrg = `org_id = any(${orgs}::uuid[])`;

/**
 * A document that is unposted reopens its run, which may go over more orgs than the caller sees: the entry is written where the
 * run is changed, with its owner's rights. `track` has a default for a process of the version before.
 */
const parameters = 'entity uuid, orgs uuid[], run uuid, account uuid, at timestamptz, by uuid';
const reopened = (more: string, act: string): string => `create function reopen_bill_run(${parameters}${more})
    returns void language sql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
  with chunk as (
    update bill_run_chunk c set status = 'Billed' from bill_run_account a
    where may_ask(entity, orgs) and a.entity_id = entity and a.org_id = any(orgs) and a.bill_run_id = run and a.account_id = account
      and c.id = a.chunk_id and c.status = 'Posted'
  )${act}
$$`;
const update = `update bill_run r set status = 'Completed', version = r.version + 1, updated_date = greatest(r.updated_date, at), updated_by_id = by
    where may_ask(entity, orgs) and r.entity_id = entity and r.org_ids && orgs and r.id = run and r.status = 'Posted'`;
const entry = `insert into history_entry (id, entity_id, org_ids, subject_type, subject_id, at, actor, track_id, action, from_state, to_state,
    changes, version, transaction_id)
  select gen_random_uuid(), r.entity_id, r.org_ids, 'BillRun', r.id, r.updated_date, by, track, 'Reopen', 'Posted', 'Completed',
    '[{"field": "status", "before": "Posted", "after": "Completed"}]', r.version, pg_current_xact_id()::text::bigint
  from reopened r`;

const oldSignature = 'reopen_bill_run(uuid, uuid[], uuid, uuid, timestamptz, uuid)';
const signature = 'reopen_bill_run(uuid, uuid[], uuid, uuid, timestamptz, uuid, text)';
const granted = (of: string): string[] => [
  `revoke execute on function ${of} from public`,
  `grant execute on function ${of} to ${appRole}`,
];

export class WholeHistory1763834400040 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      ...columns,
      policy(`(${ofOrg} or org_ids <@ ${orgs})`),
      `drop function ${oldSignature}`,
      reopened(', track text default null', `, reopened as (\n    ${update} returning r.*\n  )\n  ${entry}`),
      ...granted(signature),
    ];
    for (const statement of statements) await runner.query(statement);
  }

  /** The program before knows no entries but those of one org. */
  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      `drop function ${signature}`,
      reopened('', `\n  ${update}`),
      ...granted(oldSignature),
      'delete from history_entry where org_id is null',
      policy(ofOrg),
      'alter table history_entry drop constraint history_entry_orgs, drop column org_ids, alter org_id set not null',
      'alter table billing_settings drop column version, drop column updated_date, drop column updated_by_id',
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
