import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { type DocumentMode, documentModes } from '../domain/registered-document';
import type { Connection, Scoped } from './connection/connection';
import { EntityRow, OrgRow } from './tenant';

/** A unique index: no two live clients have the same subject. */
export const subjectIndex = 'client_subject';

/**
 * An OAuth client. `id` is its client_id, shown outside as 36 characters with dashes. `subject` is its subject in
 * tokens of the external issuer. A revoked client stays, because the history names the client of a change by this id.
 *
 * The client of a person who signs in has `groups`, and there is one for each subject, revoked or not (person.ts). Its name,
 * scopes and grants follow the latest token.
 */
@Entity('client')
@Index(subjectIndex, { synchronize: false })
@Index('client_person', { synchronize: false })
@Index('client_of_subject', ['subject'])
@Check('client_groups', 'num_nonnulls(groups, groups_date) = 0 or num_nonnulls(groups, groups_date, subject) = 3')
export class ClientRow {
  @PrimaryColumn('uuid') id: string;
  @Column('text') name: string;
  @Column('text', { array: true }) scopes: string[];
  @Column('text', { nullable: true }) subject: string | null;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
  /** Documents that the client may run besides its registered ones. */
  @Column('enum', { enum: documentModes, enumName: 'document_mode', default: 'Open' }) documentMode: DocumentMode;
  @Column('timestamp with time zone', { precision: 3, nullable: true }) revokedDate: string | null;
  /** The groups of a person in the latest token; null on a client that an operator has made. */
  @Column('text', { array: true, nullable: true }) groups: string[] | null;
  /** When that token was issued, to some share of a token's longest lifetime. */
  @Column('timestamp with time zone', { precision: 3, nullable: true }) groupsDate: string | null;
}

/** A secret of a client, stored as a salted hash. Several may be live at once, which allows rotation. */
@Entity('client_secret')
@ForeignKey(() => ClientRow, ['clientId'], ['id'], { onDelete: 'CASCADE' })
export class ClientSecretRow {
  @PrimaryColumn('uuid') id: string;
  @Index() @Column('uuid') clientId: string;
  @Column('text') hash: string;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
  /** When a token was last issued for this secret, to the minute. */
  @Column('timestamp with time zone', { precision: 3, nullable: true }) lastUsedDate: string | null;
  /** From then on the secret is not accepted; null if it has no end. */
  @Column('timestamp with time zone', { precision: 3, nullable: true }) endsDate: string | null;
}

/** SQL: the secret `s` is accepted. */
export const isLiveSecret = '(s.ends_date is null or s.ends_date > now())';

/** A client's access: an entity, and one org in it, or all of its orgs if `orgId` is null. */
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

/** A client with its live secrets, the newest first. Each entity it may see comes with the orgs it may see there. */
export interface ClientWithGrants {
  id: string;
  name: string;
  scopes: string[];
  documentMode: DocumentMode;
  /** Null if an operator has made the client; otherwise the groups of a person, and the date of their token. */
  groups: string[] | null;
  groupsDate: string | null;
  secrets: { id: string; hash: string | null }[];
  entities: { id: string; name: string; orgs: { id: string; name: string }[] }[];
}

/** Identifies a client: its id, or its subject in tokens of the external issuer. */
type ClientKey = { id: string } | { subject: string };

/** SQL: the entities, each with the orgs, that grants lead to. A grant without org covers orgs created later. */
export const entitiesSeen = (grants: string, of = 'true'): string => `
       (select coalesce(json_agg(json_build_object('id', replace(e.id::text, '-', ''), 'name', e.name, 'orgs', (
            select coalesce(json_agg(json_build_object('id', replace(o.id::text, '-', ''), 'name', o.name)
                                     order by o.name, o.id), '[]')
            from org o
            where o.entity_id = e.id and exists (
              select from ${grants} g where ${of} and g.entity_id = e.id and (g.org_id is null or g.org_id = o.id))
          )) order by e.name, e.id), '[]')
        from entity e where e.id in (select g.entity_id from ${grants} g where ${of}))`;

/**
 * Everything that authentication needs of a client that is not revoked, in one statement. `withHashes` returns the hashes of the secrets, which the reader role may not see.
 */
export async function readClient(
  db: Connection,
  key: ClientKey,
  withHashes = false,
): Promise<ClientWithGrants | undefined> {
  const [column, value] = 'id' in key ? ['id', key.id] : ['subject', key.subject];
  const [client] = await db.query<ClientWithGrants>(
    `select c.id, c.name, c.scopes, c.document_mode as "documentMode", c.groups, c.groups_date as "groupsDate",
       (select coalesce(json_agg(json_build_object('id', replace(s.id::text, '-', ''), 'hash', ${withHashes ? 's.hash' : 'null'})
                                 order by s.id desc), '[]')
        from client_secret s where s.client_id = c.id and ${isLiveSecret}) as secrets,
       ${entitiesSeen('client_grant', 'g.client_id = c.id')} as entities
     from client c where c.${column} = $1 and c.revoked_date is null`,
    [value],
  );
  return client;
}

/** The names of clients by their ids. Ids of no client are left out. */
export function clientNames(scoped: Scoped, ids: readonly string[]): Promise<{ id: string; name: string }[]> {
  return scoped.query('select id, name from client_names($1, $2, $3)', [ids]);
}

/** SQL: the name of a client, for queries. Their role may read the table. */
export const clientName = (id: string): string => `(select named.name from client named where named.id = ${id})`;

/** A grant before its ids are known: entity and org by name. A null `org` means all orgs. */
export interface NewGrant {
  entity: string;
  org: string | null;
}

/**
 * SQL: inserts grants whose entities and orgs already exist. The arguments are the client's id, the parameter with the grants,
 * and a relation of one row, or none: then nothing is inserted.
 */
export const insertGrants = (client: string, grants: string, only = '(values (1)) as only_row') => `
     insert into client_grant (id, client_id, entity_id, org_id)
     select distinct on (e.id, o.id) g.id, ${client}, e.id, o.id
     from ${only} cross join json_to_recordset(${grants}::json) as g(id uuid, entity text, org text)
     join entity e on e.name = g.entity
     left join org o on o.entity_id = e.id and o.name = g.org
     where g.org is null or o.id is not null`;

/** Inserts a client, its first secret if given, and its grants, in one statement. */
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

/** Adds grants to a client. The entities and orgs already exist. */
export async function addGrants(
  db: Connection,
  clientId: string,
  grants: readonly (NewGrant & { id: string })[],
): Promise<void> {
  await db.query(insertGrants('$1::uuid', '$2'), [clientId, JSON.stringify(grants)]);
}

/**
 * Records that a token was issued for the secret. Written at most once a minute, so that a busy client costs few
 * writes.
 */
export async function touchSecret(db: Connection, id: string): Promise<void> {
  await db.query(
    `update client_secret set last_used_date = date_trunc('minute', now())
     where id = $1 and (last_used_date is null or last_used_date < date_trunc('minute', now()))`,
    [id],
  );
}

/** Whether the client exists or once existed. Revoked clients count. */
export async function clientExists(db: Connection, id: string): Promise<boolean> {
  return (await db.query('select from client where id = $1', [id])).length > 0;
}

/** The number of clients besides these, revoked clients included. */
export async function countClients(db: Connection, butIds: readonly string[]): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    'select count(*)::integer as count from client where id <> all($1::uuid[])',
    [butIds],
  );
  return row.count;
}

/** Sets which documents a client may run besides its registered ones. */
export async function setDocumentMode(db: Connection, id: string, mode: DocumentMode): Promise<void> {
  await db.query('update client set document_mode = $2 where id = $1', [id, mode]);
}
