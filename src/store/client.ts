import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { type DocumentMode, documentModes } from '../domain/registered-document';
import type { Connection } from './connection/connection';
import { EntityRow, OrgRow } from './tenant';

/** Unique: no two live clients are linked to one subject. */
export const subjectIndex = 'client_subject';

/**
 * An OAuth client. `id` is its client_id (36 characters with dashes outside); `subject` the one in tokens of the outside
 * issuer. One that was revoked stays, since the history names who changed something by this id.
 */
@Entity('client')
@Index(subjectIndex, { synchronize: false })
export class ClientRow {
  @PrimaryColumn('uuid') id: string;
  @Column('text') name: string;
  @Column('text', { array: true }) scopes: string[];
  @Column('text', { nullable: true }) subject: string | null;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
  /** What it may run besides its registered documents. */
  @Column('enum', { enum: documentModes, enumName: 'document_mode', default: 'Open' }) documentMode: DocumentMode;
  @Column('timestamp with time zone', { precision: 3, nullable: true }) revokedDate: string | null;
}

/** A secret of a client, stored as a salted hash; several may be live at once, so that they can be rotated. */
@Entity('client_secret')
@ForeignKey(() => ClientRow, ['clientId'], ['id'], { onDelete: 'CASCADE' })
export class ClientSecretRow {
  @PrimaryColumn('uuid') id: string;
  @Index() @Column('uuid') clientId: string;
  @Column('text') hash: string;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
  /** When a token was last issued for it, to the minute. */
  @Column('timestamp with time zone', { precision: 3, nullable: true }) lastUsedDate: string | null;
}

/** What a client may see: an entity, and inside it one org, or every one where `orgId` is null. */
@Entity('client_grant')
@Index(['clientId', 'entityId'])
@ForeignKey(() => ClientRow, ['clientId'], ['id'], { onDelete: 'CASCADE' })
@ForeignKey(() => EntityRow, ['entityId'], ['id'])
@ForeignKey(() => OrgRow, ['entityId', 'orgId'], ['entityId', 'id'])
export class ClientGrantRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') clientId: string;
  @Column('uuid', { nullable: true }) orgId: string | null;
}

/** A client, its live secrets, the newest first, and the entities it may see, each with the orgs it may see there. */
export interface ClientWithGrants {
  id: string;
  name: string;
  scopes: string[];
  documentMode: DocumentMode;
  secrets: { id: string; hash: string | null }[];
  entities: { id: string; name: string; orgs: { id: string; name: string }[] }[];
}

/** Which client is meant: by its id, or by the subject that tokens of the outside issuer have. */
export type ClientKey = { id: string } | { subject: string };

/**
 * Everything that identity needs of a client that was not revoked, in one statement. An org made later is covered by a
 * grant without org. `withHashes`: the secrets come with their hashes, which the role that queries run under may not see.
 */
export async function readClient(
  db: Connection,
  key: ClientKey,
  withHashes = false,
): Promise<ClientWithGrants | undefined> {
  const [column, value] = 'id' in key ? ['id', key.id] : ['subject', key.subject];
  const [client] = await db.query<ClientWithGrants>(
    `select c.id, c.name, c.scopes, c.document_mode as "documentMode",
       (select coalesce(json_agg(json_build_object('id', replace(s.id::text, '-', ''), 'hash', ${withHashes ? 's.hash' : 'null'})
                                 order by s.id desc), '[]')
        from client_secret s where s.client_id = c.id) as secrets,
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
     from client c where c.${column} = $1 and c.revoked_date is null`,
    [value],
  );
  return client;
}

/** A grant before its ids are known: entity and org by name; `orgId` is null for every org. */
export interface NewGrant {
  entity: string;
  org: string | null;
}

/** Inserts grants whose entities and orgs exist by now; told which parameters hold the client's id and the grants. */
const insertGrants = (client: string, grants: string) => `
     insert into client_grant (id, client_id, entity_id, org_id)
     select g.id, ${client}, e.id, o.id
     from json_to_recordset(${grants}::json) as g(id uuid, entity text, org text)
     join entity e on e.name = g.entity
     left join org o on o.entity_id = e.id and o.name = g.org
     where g.org is null or o.id is not null`;

/** Inserts a client with its first secret, where it has one, and its grants, in one statement. */
export async function insertClient(
  db: Connection,
  client: Pick<ClientRow, 'id' | 'name' | 'scopes' | 'subject' | 'createdDate'>,
  secret: { id: string; hash: string } | undefined,
  grants: readonly (NewGrant & { id: string })[],
): Promise<void> {
  await db.query(
    `with new_client as (
       insert into client (id, name, scopes, subject, created_date) values ($1, $2, $3, $4, $5)),
     new_secret as (
       insert into client_secret (id, client_id, hash, created_date) select $6::uuid, $1, $7, $5 where $6 is not null)
     ${insertGrants('$1', '$8')}`,
    [
      ...[client.id, client.name, client.scopes, client.subject, client.createdDate],
      ...[secret?.id ?? null, secret?.hash ?? null, JSON.stringify(grants)],
    ],
  );
}

/** Grants a client more; entities and orgs exist by now. */
export async function addGrants(
  db: Connection,
  clientId: string,
  grants: readonly (NewGrant & { id: string })[],
): Promise<void> {
  await db.query(insertGrants('$1::uuid', '$2'), [clientId, JSON.stringify(grants)]);
}

/** That a token was issued for the secret: written once a minute at most, so that a busy client costs no write each time. */
export async function touchSecret(db: Connection, id: string): Promise<void> {
  await db.query(
    `update client_secret set last_used_date = date_trunc('minute', now())
     where id = $1 and (last_used_date is null or last_used_date < date_trunc('minute', now()))`,
    [id],
  );
}

/** Is there such a client, or was there one? */
export async function clientExists(db: Connection, id: string): Promise<boolean> {
  return (await db.query('select from client where id = $1', [id])).length > 0;
}

/** How many clients there are beside these, those counted that were revoked. */
export async function countClients(db: Connection, butIds: readonly string[]): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    'select count(*)::integer as count from client where id <> all($1::uuid[])',
    [butIds],
  );
  return row.count;
}

/** Sets what a client may run besides its registered documents. */
export async function setDocumentMode(db: Connection, id: string, mode: DocumentMode): Promise<void> {
  await db.query('update client set document_mode = $2 where id = $1', [id, mode]);
}
