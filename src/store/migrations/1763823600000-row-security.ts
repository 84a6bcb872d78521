import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole, readerRole, systemRole } from '../connection/roles';

/*
 * The second wall. The first is the condition that every statement of the store has (table.ts); behind it, what a transaction
 * on behalf of a caller sees and writes is held by PostgreSQL against the scope that was set when it began (Lease.begin).
 * A scope that is not set lets nothing through.
 */

/**
 * As scalar subqueries they are worked out once for each statement and not for each row, and an index takes them as it
 * takes a parameter.
 */
const entity = "(select nullif(current_setting('gateway.entity', true), '')::uuid)";
const orgs = "(select nullif(current_setting('gateway.orgs', true), '')::uuid[])";

const ofEntity = `entity_id = ${entity}`;
const ofOrg = `${ofEntity} and org_id = any(${orgs}::uuid[])`;

/** Which rows are in scope, by table: every table that has an entity_id. */
const inScope: Record<string, string> = {
  entity: `id = ${entity}`,
  org: `${ofEntity} and id = any(${orgs}::uuid[])`,
  billing_settings: ofEntity,
  // Those of a run that goes over several orgs have no org, and say nothing of any.
  bill_run_chunk: ofEntity,
  idempotency_outcome: ofEntity,
  bill_run: `${ofEntity} and org_ids <@ ${orgs}`,
  ...Object.fromEntries(
    [
      ...['account', 'orders', 'order_line_item', 'fulfillment', 'fulfillment_item', 'bill_run_account'],
      ...['invoice', 'invoice_item', 'invoice_offset', 'credit_memo', 'credit_memo_item', 'credit_memo_application'],
      ...['billing_claim', 'payment', 'payment_application', 'payment_attempt', 'refund', 'history_entry'],
    ].map((table) => [table, ofOrg]),
  ),
};
/** Who the clients are is no matter of any caller: the application's role has no right to these at all. */
const ofClients = ['client', 'client_secret', 'client_grant'];
const secured = [...Object.keys(inScope), 'client_grant'];

/** Made once per cluster and lent to whoever migrates, as the first of them was by the first schema. */
const role = (name: string): string => `do $$ begin
  if not exists (select from pg_roles where rolname = '${name}') then
    begin
      create role ${name} nologin;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
  -- From PostgreSQL 16 on, who makes a role is a member of it but may not yet become it.
  if not (select rolsuper from pg_roles where rolname = current_user)
    and not pg_has_role(current_user, '${name}',
      case when current_setting('server_version_num')::integer < 160000 then 'MEMBER' else 'SET' end) then
    execute format('grant ${name} to %I', current_user);
  end if;
exception when insufficient_privilege then
  raise exception 'The user % may not make or join the role ${name}. An administrator runs once: create role ${name} nologin; grant ${name} to %;',
    current_user, quote_ident(current_user);
end $$`;

/**
 * Row security costs a role that it binds more than its policies, even where these let everything through: conditions by
 * operators that PostgreSQL does not call leakproof, such as the equality of states, are then estimated without statistics,
 * find no index behind a policy, and leave no order to the index (a page of fulfillments by state and date took 0.7 ms in
 * place of 0.3; behind the policies of a scope it read the whole table, in 240). The role that reads can see every row in
 * either case, so it is bound by none where whoever migrates may say so. Otherwise an administrator may.
 */
const unbound = `do $$ begin
  if not (select rolbypassrls from pg_roles where rolname = '${readerRole}') then
    alter role ${readerRole} bypassrls;
  end if;
exception when insufficient_privilege then null;
end $$`;

const policies = [
  ...Object.entries(inScope).map(
    ([table, rows]) => `create policy in_scope on ${table} to ${appRole} using (${rows}) with check (${rows})`,
  ),
  // What guards what is read outside of a transaction is told in docs/security.md.
  ...secured.map((table) => `create policy readable on ${table} for select to ${readerRole} using (true)`),
  ...['entity', 'org', 'client_grant'].map(
    (table) => `create policy of_identity on ${table} to ${systemRole} using (true)`,
  ),
  ...['bill_run', 'bill_run_chunk', 'payment_attempt', 'refund'].map(
    (table) => `create policy left_open on ${table} for select to ${systemRole} using (true)`,
  ),
  `create policy outlived on idempotency_outcome to ${systemRole} using (created_date < now() - interval '24 hours')`,
  ...secured.map((table) => `alter table ${table} enable row level security`),
];

const rights = [
  `revoke all on ${ofClients.join(', ')} from ${appRole}`,
  `revoke insert, update, delete on entity, org from ${appRole}`,
  `grant usage on schema public to ${readerRole}, ${systemRole}`,
  `grant select on all tables in schema public to ${readerRole}`,
  `alter default privileges in schema public grant select on tables to ${readerRole}`,
  `revoke all on client_secret from ${readerRole}`,
  `grant select (id, client_id) on client_secret to ${readerRole}`,
  `grant select, insert on entity, org to ${systemRole}`,
  `grant select, insert, update, delete on ${ofClients.join(', ')} to ${systemRole}`,
  `grant select on bill_run, bill_run_chunk to ${systemRole}`,
  `grant select (id, entity_id, org_id, status, created_date) on payment_attempt, refund to ${systemRole}`,
  // The right to update is what PostgreSQL asks for of who locks a row.
  `grant select (ctid, created_date), update (created_date), delete on idempotency_outcome to ${systemRole}`,
];

// Temporary tables last: the application may make some, and they would be looked for first.
const define = 'security definer set search_path = pg_catalog, public, pg_temp';

/**
 * What a caller may know or do beyond the rows in scope, each as a function of the owner that tells or does this one thing: what
 * the orgs of an entity have in common are its settings, and a document belongs to a run that may go over more orgs than its
 * caller sees. They hold what they are asked against the scope of the transaction; the role that reads without one is
 * told by its name.
 */
const functions = {
  'may_ask(uuid, uuid[])': `create function may_ask(entity uuid, orgs uuid[]) returns boolean language sql stable set search_path = pg_catalog
    return current_setting('role') = '${readerRole}' or coalesce(entity = ${entity} and orgs <@ ${orgs}, false)`,
  'tax_codes_in_use(uuid, uuid[], text[])': `create function tax_codes_in_use(entity uuid, orgs uuid[], codes text[]) returns setof text language sql stable ${define} as $$
    select code from unnest(codes) as code
    where may_ask(entity, orgs) and exists (select from order_line_item l where l.entity_id = entity and l.tax_code = code)
  $$`,
  'has_credit_memo(uuid, uuid[])': `create function has_credit_memo(entity uuid, orgs uuid[]) returns boolean language sql stable ${define} as $$
    select may_ask(entity, orgs) and exists (select from credit_memo m where m.entity_id = entity)
  $$`,
  'bill_run_statuses(uuid, uuid[], uuid[], boolean)': `create function bill_run_statuses(entity uuid, orgs uuid[], ids uuid[], held boolean)
      returns table (id uuid, status bill_run_status) language plpgsql volatile ${define} as $$
    begin
      if not may_ask(entity, orgs) then return; end if;
      if held then
        return query select r.id, r.status from bill_run r
          where r.entity_id = entity and r.org_ids && orgs and r.id = any(ids) order by r.id for no key update;
      else
        return query select r.id, r.status from bill_run r where r.entity_id = entity and r.org_ids && orgs and r.id = any(ids);
      end if;
    end $$`,
  'reopen_bill_run(uuid, uuid[], uuid, uuid, timestamptz, uuid)': `create function reopen_bill_run(entity uuid, orgs uuid[], run uuid, account uuid, at timestamptz, by uuid)
      returns void language sql volatile ${define} as $$
    with chunk as (
      update bill_run_chunk c set status = 'Billed' from bill_run_account a
      where may_ask(entity, orgs) and a.entity_id = entity and a.org_id = any(orgs) and a.bill_run_id = run and a.account_id = account
        and c.id = a.chunk_id and c.status = 'Posted'
    )
    update bill_run r set status = 'Completed', version = r.version + 1, updated_date = greatest(r.updated_date, at), updated_by_id = by
    where may_ask(entity, orgs) and r.entity_id = entity and r.org_ids && orgs and r.id = run and r.status = 'Posted'
  $$`,
};
const signatures = Object.keys(functions);
const grants = [
  `revoke execute on function ${signatures.join(', ')} from public`,
  `grant execute on function ${signatures.join(', ')} to ${appRole}`,
  `grant execute on function ${signatures.filter((each) => /^(may_ask|bill_run_statuses)/.test(each)).join(', ')} to ${readerRole}`,
];

/**
 * What runs with its owner's rights looks for tables in the caller's temporary schema last: named nowhere, it would be the
 * first, and a table of the caller's making would stand for one of ours.
 */
const temporaryLast = `do $$ declare f regprocedure; begin
  for f in select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace and prosecdef loop
    execute format('alter function %s set search_path = pg_catalog, public, pg_temp', f);
  end loop;
end $$`;

export class RowSecurity1763823600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      ...[readerRole, systemRole].map(role),
      unbound,
      ...rights,
      ...Object.values(functions),
      ...grants,
      temporaryLast,
      ...policies,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  /** The roles stay: other databases of the cluster may use them. */
  async down(runner: QueryRunner): Promise<void> {
    const dropped = policies.flatMap((policy) => {
      const [, name, table] = /^create policy (\w+) on (\w+)/.exec(policy) ?? [];
      return name ? [`drop policy ${name} on ${table}`] : [];
    });
    const statements = [
      ...secured.map((table) => `alter table ${table} disable row level security`),
      ...dropped,
      `drop function ${signatures.join(', ')}`,
      ...[readerRole, systemRole].map((name) => `revoke all on all tables in schema public from ${name}`),
      `alter default privileges in schema public revoke select on tables from ${readerRole}`,
      `revoke usage on schema public from ${readerRole}, ${systemRole}`,
      `grant select, insert, update, delete on ${[...ofClients, 'entity', 'org'].join(', ')} to ${appRole}`,
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
