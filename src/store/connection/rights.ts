import { expectedRights } from './expected-rights';
import { appRole, readerRole, systemRole } from './roles';

/*
 * What the roles of the gateway may do in a database. A right is the text of the statement that makes it. So what is
 * missing is at once what to run. PostgreSQL tells what a role may do, however it came by that.
 *
 * pg_dump takes no roles along. A restore into a cluster without them leaves out all policies and grants to them: 121
 * errors of pg_restore. Nothing of that is seen in the tables, and row security without policies shows no rows.
 */

/** What the statement below tells. */
export interface RightsHeld {
  /** The quoted name of the user that asks. Its place in a right is `current_user`. */
  login: string;
  /** The quoted name of the database. Its place in a right is `current_database`. */
  database: string;
  /** The migrations that were applied to the database, by name. */
  applied: string[];
  /** The tables and functions that there are, by the names that rights call them. */
  objects: string[];
  /** The rights, sorted. One with "!" in front is missing, whatever was expected. */
  rights: string[];
}

/** Each privilege on a table. MAINTAIN of PostgreSQL 17 is left out: its versions before do not know the word. */
const onTables = "array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']";

/** From PostgreSQL 16 on a member of a role may be one that cannot become it. */
const canBecome = "case when current_setting('server_version_num')::integer < 160000 then 'MEMBER' else 'SET' end";

/** PostgreSQL opens the table to print them. */
const conditionsOfPolicy = ` || coalesce(' using (' || qual || ')', '') || coalesce(' with check (' || with_check || ')', '')`;

/**
 * One row of `RightsHeld`, for the user that migrates. It takes 40 to 60 ms of a start, and up to 200 with the
 * 14,000 sequences of 2,000 entities.
 * Rights that PUBLIC has on a function are no rights of a role, since PUBLIC may execute each new function.
 */
const rightsStatement = (conditions: boolean): string => `
  with role as (
    select name, r.oid, r.rolsuper, r.rolbypassrls
    from (values ('${appRole}'), ('${readerRole}'), ('${systemRole}')) each (name) join pg_roles r on r.rolname = name
  ), tables as (
    select c.oid, format('%I.%I', nspname, relname) as name, relowner as owner, relrowsecurity as secured
    from pg_class c join pg_namespace n on n.oid = relnamespace
    where nspname in ('public', 'test_gateway') and relkind in ('r', 'p') and not relispartition
  ), functions as (
    select p.oid, format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(p.oid)) as name, proowner as owner,
      has_function_privilege('public', p.oid, 'EXECUTE') as open
    from pg_proc p join pg_namespace n on n.oid = pronamespace where nspname = 'public' and prokind = 'f'
  ), rights as (
    select format('create role %I nologin', name) as statement from role
    union all select format('alter role %I nosuperuser', name) from role where not rolsuper
    union all select format('alter role %I %s', name, case when rolbypassrls then 'bypassrls' else 'nobypassrls' end) from role
    union all select format('grant %I to current_user', name) from role where pg_has_role(oid, ${canBecome})
    union all select format('grant usage on schema %I to %I', nspname, name) from role, pg_namespace n
      where nspname in ('public', 'number', 'test_gateway') and has_schema_privilege(role.oid, n.oid, 'USAGE')
    union all select format('grant temporary on database current_database to %I', name) from role
      where has_database_privilege(oid, current_database(), 'TEMPORARY')
    union all select format('grant %s on table %s to %I', lower(privilege), t.name, role.name)
      from role, tables t, unnest(${onTables}) privilege where has_table_privilege(role.oid, t.oid, privilege)
    union all select format('grant %s (%I) on table %s to %I', lower(privilege_type), attname, t.name, role.name)
      from pg_attribute a join tables t on t.oid = attrelid, aclexplode(attacl) join role on role.oid = grantee
    union all select format('grant execute on function %s to %I', f.name, role.name) from role, functions f
      where not open and has_function_privilege(role.oid, f.oid, 'EXECUTE')
    union all select format('revoke execute on function %s from public', name) from functions where not open
    union all select format('grant usage on all sequences in schema number to %I', name) from role
      where name = '${appRole}' and not exists (select from pg_class
        where relnamespace = to_regnamespace('number') and relkind = 'S' and not has_sequence_privilege(role.oid, oid, 'USAGE'))
    union all select format('alter default privileges for role current_user in schema %I grant %s on tables to %I',
        nspname, lower(privilege_type), role.name)
      from pg_default_acl d join pg_namespace n on n.oid = defaclnamespace, aclexplode(defaclacl) join role on role.oid = grantee
      where defaclrole = current_user::regrole and defaclobjtype = 'r' and nspname in ('public', 'test_gateway')
    union all select format('alter table %s enable row level security', name) from tables where secured
    union all select format('create policy %I on %I.%I as %s for %s to %s', policyname, schemaname, tablename,
        lower(permissive), lower(cmd), array_to_string(roles, ', '))${conditions ? conditionsOfPolicy : ''}
      from pg_policies where schemaname in ('public', 'test_gateway')
        and not (select relispartition from pg_class where oid = format('%I.%I', schemaname, tablename)::regclass)
    union all select format('!alter table %s owner to current_user', name) from tables where not pg_has_role(owner, 'USAGE')
    union all select format('!alter function %s owner to current_user', name) from functions
      where not pg_has_role(owner, 'USAGE') and not exists (select from pg_depend where objid = functions.oid and deptype = 'e')
  )
  select quote_ident(current_user) as login, quote_ident(current_database()) as database, (select array_agg(name::text) from migrations) as applied,
    array(select name from tables union all select name from functions order by 1) as objects,
    (select array_agg(statement order by statement collate "C") from rights) as rights`;

/** What a start asks. It opens no table, so it waits for nobody who has locked one. */
export const rightsHeld = rightsStatement(false);

/** `rightsHeld` with the conditions of policies, by which rights can be made anew. */
export const rightsInFull = rightsStatement(true);

/** Without it all works, but the role that reads plans without statistics (docs/security.md). */
const forSpeed = `alter role ${readerRole} bypassrls`;

/** What identifies a right. PostgreSQL's versions may print the condition of a policy in different ways. */
const keyOf = (right: string): string =>
  right.replace(/^(create policy .*? to [\w, ]+?)(?: using \(| with check \().*$/s, '$1');

/** The object that a right is on: a table or function by its name. */
const objectOf = (right: string): string | undefined =>
  /(?: on (?:table |function )?|^alter table )((?:public|test_gateway)\.\S+?(?:\(.*\))?) (?:to|from|as|enable) /.exec(
    right,
  )?.[1];

/**
 * The rights that the migrations make and the database lacks. Empty where the database has migrations that this program
 * does not know: they may have changed the rights.
 */
function missing({ applied, rights }: RightsHeld, known: readonly string[]): string[] {
  if (applied.some((name) => !known.includes(name))) return [];
  const held = new Set(rights.map(keyOf));
  const lost = expectedRights.filter((right) => right !== forSpeed && !held.has(keyOf(right)));
  return [...rights.filter((right) => right.startsWith('!')).map((right) => right.slice(1)), ...lost];
}

/** Statements that are advised and not demanded: for speed, and against rights that no migration gives. */
export function advised({ applied, rights }: RightsHeld, known: readonly string[]): string[] {
  if (applied.some((name) => !known.includes(name))) return [];
  const expected = new Set(expectedRights.map(keyOf));
  // Objects that are not ours are no matter of ours.
  const objects = new Set(expectedRights.flatMap((right) => objectOf(right) ?? []));
  const beyond = rights.filter((right) => !expected.has(keyOf(right)) && objects.has(objectOf(right) ?? ''));
  return [
    ...(rights.includes(forSpeed) ? [] : [forSpeed]),
    ...together(beyond.filter((right) => right.startsWith('grant '))).map((right) =>
      right.replace(/^grant /, 'revoke ').replace(/ to (\w+)$/, ' from $1'),
    ),
    ...beyond
      .flatMap((right) => /^create (policy \S+ on \S+) /.exec(right)?.[1] ?? [])
      .map((policy) => `drop ${policy}`),
  ];
}

/** Statements that differ in their privileges or objects alone, as one. */
function together(rights: readonly string[]): string[] {
  const merge = (statements: readonly string[], form: RegExp): string[] => {
    const groups = new Map<string, string[]>();
    for (const statement of statements) {
      const [, before, part, after] = form.exec(statement) ?? [undefined, statement, '', ''];
      const group = groups.get(`${before}\0${after}`) ?? [];
      groups.set(`${before}\0${after}`, part ? [...group, part] : group);
    }
    return [...groups].map(([around, parts]) => around.replace('\0', parts.join(', ')));
  };
  const byPrivilege = merge(rights, /^((?:alter default .*? )?grant )(\w+(?: \(\w+\))?)( on .*)$/s);
  return merge(
    byPrivilege,
    /^(grant .* on (?:table|function) |revoke execute on function )(\S+(?:\(.*\))?)( (?:to|from) \w+)$/s,
  );
}

/** The kinds of rights in the order in which their statements can be run. Each right is of one kind. */
const kinds: { name: string; form: RegExp }[] = [
  { name: 'roles', form: /^create role/ },
  { name: 'properties of roles', form: /^alter role/ },
  { name: 'memberships', form: /^grant \w+ to/ },
  { name: 'owners', form: /^alter \w+ .* owner to/ },
  { name: 'grants', form: /^(grant .* on|revoke|alter default) / },
  { name: 'row security of tables', form: /^alter table .* row level security$/ },
  { name: 'policies', form: /^create policy/ },
];

/** The database lacks rights that its migrations have made. The message is a script that makes them. */
export class RightsMissing extends Error {
  constructor(held: RightsHeld, lost: readonly string[]) {
    super(scriptFor(held, lost));
  }
}

/** What is missing, by kind, each with the statements that make it. */
function scriptFor({ rights, objects, login, database }: RightsHeld, lost: readonly string[]): string {
  const gone = [...new Set(lost.flatMap((right) => objectOf(right) ?? []))].filter((name) => !objects.includes(name));
  const made = lost.flatMap((right) => /^create role (\w+)/.exec(right)?.[1] ?? []);
  // A role that is made has no property to be taken from it.
  const wanted = lost.filter(
    (right) => !made.some((role) => right.startsWith(`alter role ${role} no`)) && !gone.includes(objectOf(right) ?? ''),
  );
  if (made.includes(readerRole)) wanted.push(forSpeed);
  const statements = (right: string) => {
    const policy = /^create (policy \S+ on \S+) /.exec(right)?.[1];
    const other = policy !== undefined && rights.some((held) => held.startsWith(`create ${policy} `));
    return other ? [`drop ${policy};`, `${right};`] : [`${right};`];
  };
  const lines = kinds.flatMap(({ name, form }) => {
    const ours = wanted.filter((right) => form.test(right));
    return ours.length ? [`-- missing ${name}: ${ours.length}`, ...together(ours).flatMap(statements)] : [];
  });
  if (gone.length) lines.unshift(`-- missing tables and functions, which no statement here makes: ${gone.join(', ')}`);
  return lines
    .join('\n')
    .replaceAll(/\bcurrent_user\b/g, login)
    .replaceAll(/\bcurrent_database\b/g, database);
}

/** @throws RightsMissing if the database lacks rights that the migrations make. `known`: the migrations of this program */
export function demandRights(held: RightsHeld, known: readonly string[]): void {
  const lost = missing(held, known);
  if (lost.length) throw new RightsMissing(held, lost);
}
