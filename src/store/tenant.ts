import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { Connection, Scoped } from './connection/connection';
import { newId } from './id';

/** A legal entity: the tenant. No caller in one entity sees rows of another. */
@Entity('entity')
@Unique(['name'])
export class EntityRow {
  @PrimaryColumn('uuid') id: string;
  @Column('text') name: string;
}

/** An organization inside an entity. Each account belongs to one. */
@Entity('org')
@Unique(['entityId', 'name'])
@ForeignKey(() => EntityRow, ['entityId'], ['id'])
export class OrgRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('text') name: string;
}

/**
 * Inserts the missing entities, then the missing orgs. Each statement commits by itself: creating one of them is never
 * wrong, and the next call finds it. A second creator waits for the first instead of failing.
 */
export async function makeTenants(
  db: Connection,
  orgs: readonly { entity: string; org: string | null }[],
): Promise<void> {
  const rows = JSON.stringify(orgs.map(({ entity, org }) => ({ entityId: newId(), entity, orgId: newId(), org })));
  const wanted = 'json_to_recordset($1::json) as w("entityId" uuid, entity text, "orgId" uuid, org text)';
  await db.query(
    `insert into entity (id, name) select distinct on (w.entity) w."entityId", w.entity
     from ${wanted} order by w.entity on conflict (name) do nothing`,
    [rows],
  );
  await db.query(
    `insert into org (id, entity_id, name) select distinct on (e.id, w.org) w."orgId", e.id, w.org
     from ${wanted} join entity e on e.name = w.entity
     where w.org is not null order by e.id, w.org on conflict (entity_id, name) do nothing`,
    [rows],
  );
}

/** Those of the entities and orgs that do not exist. `org` is null if the entity itself does not. */
export function missingTenants(
  db: Connection,
  orgs: readonly { entity: string; org: string | null }[],
): Promise<{ entity: string; org: string | null }[]> {
  return db.query(
    `select distinct w.entity, case when e.id is not null then w.org end as org
     from json_to_recordset($1::json) as w(entity text, org text)
     left join entity e on e.name = w.entity left join org o on o.entity_id = e.id and o.name = w.org
     where e.id is null or (w.org is not null and o.id is null) order by w.entity, org`,
    [JSON.stringify(orgs)],
  );
}

/** SQL: limits a statement to the orgs that the caller sees. */
export const orgInScope = (org: string): string => `${org}.entity_id = $1 and ${org}.id = any($2)`;

/** Orgs by id, limited to those the caller sees. */
export function orgsById(scoped: Scoped, ids: readonly string[]): Promise<{ id: string; name: string }[]> {
  return scoped.query('select id, name from org where entity_id = $1 and id = any($2) and id = any($3)', [ids]);
}

/**
 * Whether the entity has an org besides these. The statement runs under the system's role, because row security hides
 * other orgs from a caller's transaction.
 */
export async function hasOtherOrgs(db: Connection, entityId: string, orgIds: readonly string[]): Promise<boolean> {
  const [{ found }] = await db.query<{ found: boolean }>(
    'select exists (select from org where entity_id = $1 and id <> all($2::uuid[])) as found',
    [entityId, orgIds],
  );
  return found;
}

/** An entity with all its orgs. */
export async function entityByName(
  db: Connection,
  name: string,
): Promise<{ id: string; orgIds: string[] } | undefined> {
  const [entity] = await db.query<{ id: string; orgIds: string[] }>(
    `select e.id, array_agg(o.id) as "orgIds" from entity e join org o on o.entity_id = e.id where e.name = $1 group by e.id`,
    [name],
  );
  return entity;
}

/** Every entity: a few, since each is a company. */
export const allEntities = (db: Connection): Promise<EntityRow[]> => db.query('select id, name from entity');
