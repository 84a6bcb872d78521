import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { Connection } from './connection';
import { EntityRow, OrgRow } from './tenant';

/** An OAuth client. `id` is its client_id (36 characters with dashes outside). */
@Entity('client')
export class ClientRow {
  @PrimaryColumn('uuid') id: string;
  @Column('text') name: string;
  @Column('text', { array: true }) scopes: string[];
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
}

/** A secret of a client, stored as a salted scrypt hash; several may be live at once, so that they can be rotated. */
@Entity('client_secret')
@ForeignKey(() => ClientRow, ['clientId'], ['id'], { onDelete: 'CASCADE' })
export class ClientSecretRow {
  @PrimaryColumn('uuid') id: string;
  @Index() @Column('uuid') clientId: string;
  @Column('text') hash: string;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
}

/** What a client may see: an entity, and inside it one org, or every one where `orgId` is null. */
@Entity('client_grant')
@Index(['clientId', 'entityId'])
@ForeignKey(() => ClientRow, ['clientId'], ['id'], { onDelete: 'CASCADE' })
@ForeignKey(() => EntityRow, ['entityId'], ['id'])
@ForeignKey(() => OrgRow, ['orgId', 'entityId'], ['id', 'entityId'])
export class ClientGrantRow {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') clientId: string;
  @Column('uuid') entityId: string;
  @Column('uuid', { nullable: true }) orgId: string | null;
}

/** A client and the entities it may see, each with the orgs it may see there. */
export interface ClientWithGrants {
  id: string;
  name: string;
  scopes: string[];
  entities: { id: string; name: string; orgs: { id: string; name: string }[] }[];
}

/** The hashes of the live secrets of a client, the latest first. The role that reads for requests may not see them. */
export async function readHashes(db: Connection, clientId: string): Promise<string[]> {
  const rows = await db.query<{ hash: string }>(
    'select hash from client_secret where client_id = $1 order by id desc',
    [clientId],
  );
  return rows.map(({ hash }) => hash);
}

/** What a client may do and see, in one statement. An org made later is covered by a grant without org. */
export async function readClient(db: Connection, id: string): Promise<ClientWithGrants | undefined> {
  const [client] = await db.query<ClientWithGrants>(
    `select c.id, c.name, c.scopes,
       (select coalesce(json_agg(json_build_object('id', replace(e.id::text, '-', ''), 'name', e.name, 'orgs', (
            select coalesce(json_agg(json_build_object('id', replace(o.id::text, '-', ''), 'name', o.name)
                                     order by o.name, o.id), '[]')
            from org o
            where o.entity_id = e.id and exists (
              select from client_grant g
              where g.client_id = c.id and g.entity_id = e.id and (g.org_id is null or g.org_id = o.id))
          )) order by e.name, e.id), '[]')
        from entity e
        where e.id in (select g.entity_id from client_grant g where g.client_id = c.id)) as entities
     from client c where c.id = $1`,
    [id],
  );
  return client;
}

/** A grant before its ids are known: entity and org by name; `orgId` is null for every org. */
export interface NewGrant {
  entity: string;
  org: string | null;
}

/** Inserts a client with its first secret and its grants, whose entities and orgs exist by now, in one statement. */
export async function insertClient(
  db: Connection,
  client: ClientRow,
  secret: ClientSecretRow,
  grants: readonly (NewGrant & { id: string })[],
): Promise<void> {
  await db.query(
    `with new_client as (insert into client (id, name, scopes, created_date) values ($1, $2, $3, $4)),
       new_secret as (insert into client_secret (id, client_id, hash, created_date) values ($5, $1, $6, $4))
     insert into client_grant (id, client_id, entity_id, org_id)
     select g.id, $1, e.id, o.id
     from json_to_recordset($7::json) as g(id uuid, entity text, org text)
     join entity e on e.name = g.entity
     left join org o on o.entity_id = e.id and o.name = g.org
     where g.org is null or o.id is not null`,
    [client.id, client.name, client.scopes, client.createdDate, secret.id, secret.hash, JSON.stringify(grants)],
  );
}

/** How many clients there are beside these. */
export async function countClients(db: Connection, butIds: readonly string[]): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    'select count(*)::integer as count from client where id <> all($1::uuid[])',
    [butIds],
  );
  return row.count;
}
