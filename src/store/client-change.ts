import { isLiveSecret } from './client';
import type { Connection, Scoped } from './connection/connection';

interface LockedClient {
  /** The client of a person who signs in. */
  isPerson: boolean;
}

/** Locks a client that is not revoked, so that its secrets stay unchanged. Undefined if there is no such client. */
export async function lockClient(db: Connection, id: string): Promise<LockedClient | undefined> {
  const text = 'select groups is not null as "isPerson" from client where id = $1 and revoked_date is null for update';
  const [client] = await db.lock<LockedClient>([`client ${id}`], text, [id]);
  return client;
}

export interface LiveSecret {
  id: string;
  createdDate: string;
  lastUsedDate: string | null;
  /** From then on the secret is not accepted; null if it has no end. */
  endsDate: string | null;
}

const liveSecret =
  's.id, s.created_date as "createdDate", s.last_used_date as "lastUsedDate", s.ends_date as "endsDate"';

/**
 * Adds a secret to a locked client. Removes all but the newest `kept` of its earlier secrets, and returns the removed
 * secrets.
 */
export async function replaceSecret(
  db: Connection,
  clientId: string,
  secret: { id: string; hash: string; createdDate: string },
  kept: number,
): Promise<LiveSecret[]> {
  return db.query<LiveSecret>(
    `with new_secret as (
       insert into client_secret (id, client_id, hash, created_date) values ($2, $1, $3, $4))
     delete from client_secret s using (
       select id from client_secret where client_id = $1 order by created_date desc, id desc offset $5) old
     where s.id = old.id
     returning ${liveSecret}`,
    [clientId, secret.id, secret.hash, secret.createdDate, kept],
  );
}

/** The live secrets of a client, the newest first. */
export const liveSecrets = (db: Connection, clientId: string): Promise<LiveSecret[]> =>
  db.query(`select ${liveSecret} from client_secret s where s.client_id = $1 and ${isLiveSecret} order by s.id desc`, [
    clientId,
  ]);

/** A secret that replaces the others of a client, at the request of the client itself. */
interface OwnRotation {
  clientId: string;
  /** The secret that the client has signed in with. */
  by: string;
  secret: { id: string; hash: string; createdDate: string };
  /** The end of the others, unless they end before. */
  endsDate: string;
  /** The most live secrets afterwards. */
  most: number;
}

/**
 * What came of it. unknown: the client is revoked or does not see the entity. person: it is of a person. ended: the secret that it
 * signed in with has ended meanwhile. full: it would have too many; the transaction must be rolled back.
 */
type RotationOutcome = 'done' | 'unknown' | 'person' | 'ended' | 'full';

/** Adds a secret to a client on its own behalf, in the transaction of the caller. Holds the row of the client. */
export async function rotateOwnSecret(
  scoped: Scoped,
  { clientId, by, secret, endsDate, most }: OwnRotation,
): Promise<RotationOutcome> {
  const [{ outcome }] = await scoped.lock<{ outcome: RotationOutcome }>(
    'client',
    [clientId],
    'select rotate_client_secret($1, $2, $3, $4, $5, $6, $7, $8, $9) as outcome',
    [clientId, by, secret.id, secret.hash, secret.createdDate, endsDate, most],
  );
  return outcome;
}

/** Removes a secret of a client. Returns whether it existed, and how many secrets are left. */
export async function deleteSecret(
  db: Connection,
  clientId: string,
  id: string,
): Promise<{ deleted: boolean; left: number }> {
  const [row] = await db.query<{ deleted: boolean; left: number }>(
    `with gone as (delete from client_secret where client_id = $1 and id = $2 returning id)
     select exists (select from gone) as deleted,
       (select count(*)::integer from client_secret s where client_id = $1 and ${isLiveSecret} and id not in (select id from gone)) as left`,
    [clientId, id],
  );
  return row;
}

/** Revokes a locked client and deletes its secrets. Its grants stay for the record. */
export async function endClient(db: Connection, id: string, revokedDate: string): Promise<void> {
  await db.query(
    `with gone as (delete from client_secret where client_id = $1)
     update client set revoked_date = $2 where id = $1`,
    [id, revokedDate],
  );
}

export interface ClientChange {
  name?: string;
  scopes?: string[];
  /** Null removes the link. */
  subject?: string | null;
}

/** Changes the given fields of a locked client. */
export async function changeClient(db: Connection, id: string, { name, scopes, subject }: ClientChange): Promise<void> {
  await db.query(
    `update client set name = coalesce($2, name), scopes = coalesce($3::text[], scopes),
       subject = case when $4 then $5 else subject end
     where id = $1`,
    [id, name ?? null, scopes ?? null, subject !== undefined, subject ?? null],
  );
}

/** Removes a locked client's grants in an entity. Returns whether it had any. */
export async function removeGrants(db: Connection, clientId: string, entity: string): Promise<boolean> {
  const removed = await db.query(
    'delete from client_grant where client_id = $1 and entity_id = (select id from entity where name = $2) returning id',
    [clientId, entity],
  );
  return removed.length > 0;
}

/** A client as an administrator sees it. `orgs` is null if the client sees the whole entity. */
export interface ListedClient {
  id: string;
  name: string;
  scopes: string[];
  subject: string | null;
  /** The groups of a person in the latest token; null if an operator has made the client. */
  groups: string[] | null;
  createdDate: string;
  revokedDate: string | null;
  entities: { name: string; orgs: string[] | null }[];
  secrets: LiveSecret[];
}

/** Every client, the oldest first. Revoked clients are listed only on request. */
export function allClients(db: Connection, withRevoked: boolean): Promise<ListedClient[]> {
  return db.query<ListedClient>(
    `select c.id, c.name, c.scopes, c.subject, c.groups, c.created_date as "createdDate", c.revoked_date as "revokedDate",
       (select coalesce(json_agg(json_build_object('name', seen.name, 'orgs', seen.orgs) order by seen.name), '[]')
        from (select e.name, case when bool_or(g.org_id is null) then null else array_agg(o.name order by o.name) end as orgs
              from client_grant g join entity e on e.id = g.entity_id left join org o on o.entity_id = g.entity_id and o.id = g.org_id
              where g.client_id = c.id group by e.id) seen) as entities,
       (select coalesce(json_agg(json_build_object('id', replace(s.id::text, '-', ''), 'createdDate', s.created_date,
                                                   'lastUsedDate', s.last_used_date, 'endsDate', s.ends_date) order by s.id), '[]')
        from client_secret s where s.client_id = c.id and ${isLiveSecret}) as secrets
     from client c where c.revoked_date is null or $1 order by c.created_date, c.id`,
    [withRevoked],
  );
}
