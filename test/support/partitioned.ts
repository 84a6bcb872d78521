import { Client } from 'pg';

/** How many partitions each table of a tenant is made of. */
export const partitions = 4;

/** What a table has beside its columns, as statements that make it anew; `of` is the table. */
const belongings = `
  select format('alter table %s add constraint %I %s', of, conname, pg_get_constraintdef(oid)) as statement, 1 as at
    from pg_constraint where conrelid = of and contype in ('p', 'u')
  union all select pg_get_indexdef(indexrelid), 1 from pg_index
    where indrelid = of and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u'))
  union all select pg_get_statisticsobjdef(oid), 1 from pg_statistic_ext where stxrelid = of
  union all select format('create policy %I on %s for %s to %s using (%s)%s', policyname, of, cmd, array_to_string(roles, ', '), qual,
      ' with check (' || with_check || ')'), 1
    from pg_policies where schemaname = 'public' and tablename = of::text
  union all select format('alter table %s enable row level security', of), 1 from pg_class where oid = of and relrowsecurity
  union all select format('grant %s on %s to %s', privilege_type, of, grantee::regrole), 1
    from pg_class, aclexplode(relacl) where oid = of and grantee <> relowner
  union all select format('grant %s (%I) on %s to %s', privilege_type, attname, of, grantee::regrole), 1
    from pg_attribute, aclexplode(attacl) where attrelid = of
  union all select format('alter table %s add constraint %I %s', of, conname, pg_get_constraintdef(oid)), 2
    from pg_constraint where conrelid = of and contype = 'f'`;

/**
 * Makes every table of a tenant anew, in a migrated database without rows, as PARTITION BY HASH (entity_id). PostgreSQL refuses that
 * for a table with a key that lacks the entity.
 */
export async function partition(url: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'entity_id'
       where c.relkind = 'r' and not c.relispartition and c.relnamespace = 'public'::regnamespace`,
    );
    // The template was partitioned already.
    if (tables.length === 0) return;
    const found: { statement: string; at: number }[] = [];
    for (const { name } of tables)
      found.push(...(await client.query(belongings.replaceAll(/\bof\b/g, `'${name}'::regclass`))).rows);
    const part = (name: string, at: number) =>
      `create table ${name}_${at} partition of ${name} for values with (modulus ${partitions}, remainder ${at})`;
    const statements = [
      'begin',
      ...tables.flatMap(({ name }) => [
        `alter table ${name} rename to plain_${name}`,
        `create table ${name} (like plain_${name} including defaults including constraints) partition by hash (entity_id)`,
        ...Array.from({ length: partitions }, (_, at) => part(name, at)),
      ]),
      `drop table ${tables.map(({ name }) => `plain_${name}`).join(', ')}`,
      // Foreign keys last, when the keys that they refer to are there.
      ...found.sort((a, b) => a.at - b.at).map(({ statement }) => statement),
      'commit',
    ];
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
