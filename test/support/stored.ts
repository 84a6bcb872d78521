import type { TestDatabase } from './database';
import type { Estate } from './tenant-data';

/**
 * Everything that stands in the database of an org, to the letter, by table: in every table that knows orgs, and what belongs to
 * the org's bill runs or to its entity as a whole. One statement, prepared once: some tests ask behind each of a thousand requests.
 */
export async function everything(
  database: TestDatabase,
  { orgId }: Pick<Estate, 'orgId'>,
): Promise<Record<string, string>> {
  const preparing = prepared.get(database) ?? prepare(database);
  prepared.set(database, preparing);
  await preparing;
  const tables = await database.owner<{ name: string; rows: string }>(`execute everything('${orgId}')`);
  return Object.fromEntries(tables.map(({ name, rows }) => [name, rows]));
}

const prepared = new WeakMap<TestDatabase, Promise<void>>();

async function prepare({ owner }: TestDatabase): Promise<void> {
  const tables = await owner<{ name: string; column: string | null }>(
    `select e.attrelid::regclass::text as name, o.attname::text as column from pg_attribute e
     join pg_class c on c.oid = e.attrelid and c.relkind = 'r'
     left join pg_attribute o on o.attrelid = e.attrelid and o.attname in ('org_id', 'org_ids')
     where e.attname = 'entity_id' order by 1`,
  );
  const parts = tables.map(({ name, column }) => {
    const whose =
      name === 'org'
        ? 'id = $1'
        : name === 'bill_run_chunk'
          ? 'bill_run_id in (select id from bill_run where $1 = any(org_ids))'
          : column === 'org_ids'
            ? '$1 = any(org_ids)'
            : column === 'org_id'
              ? 'org_id = $1'
              : // What a client stores under a key of its own is its own.
                name === 'idempotency_outcome'
                ? 'false and $1::uuid is null'
                : 'entity_id = (select entity_id from org where id = $1)';
    return `select '${name}' as name, coalesce(jsonb_agg(to_jsonb(t) order by to_jsonb(t)), '[]')::text as rows
      from ${name} t where ${whose}`;
  });
  await owner(`prepare everything(uuid) as ${parts.join(' union all ')}`);
}
