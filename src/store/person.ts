import type { Pool } from 'pg';
import { type ClientRow, entitiesSeen, insertGrants, type NewGrant } from './client';
import { lockClient } from './client-change';
import type { Connection } from './connection/connection';
import { transactionAside } from './connection/lease';

/* Clients of people who sign in at the outside issuer (service/person.ts). */

/** The rights of a person. Grants whose entity or org does not exist give nothing. */
export interface PersonRights {
  scopes: readonly string[];
  grants: readonly (NewGrant & { id: string })[];
}

/** What the latest token of a person says, and the rights that follow from it. */
interface PersonState extends PersonRights {
  name: string;
  groups: readonly string[];
  groupsDate: string;
}

/** The entities and orgs that grants lead to, and whether the client of a person has just these rights in the database. */
interface PersonAccess {
  entities: { id: string; name: string; orgs: { id: string; name: string }[] }[];
  isStored: boolean;
}

/** SQL: the rows of grants by name, which are the JSON parameter. */
const granted = (grants: string): string => `
  select distinct e.id as entity_id, o.id as org_id
  from json_to_recordset(${grants}::json) as w(entity text, org text)
  join entity e on e.name = w.entity
  left join org o on o.entity_id = e.id and o.name = w.org
  where w.org is null or o.id is not null`;

/** What a person with these rights sees. Undefined if the client was revoked. */
export async function readPerson(
  db: Connection,
  id: string,
  { scopes, grants }: PersonRights,
): Promise<PersonAccess | undefined> {
  const [access] = await db.query<PersonAccess>(
    `with granted as materialized (${granted('$2')}),
     stored as materialized (select entity_id, org_id from client_grant where client_id = $1)
     select ${entitiesSeen('granted')} as entities,
       c.scopes = $3::text[]
       and not exists (table granted except table stored) and not exists (table stored except table granted) as "isStored"
     from client c where c.id = $1 and c.revoked_date is null`,
    [id, JSON.stringify(grants), scopes],
  );
  return access;
}

/**
 * Inserts the client of a person, unless the subject has or had a client: a person whose client was revoked gets no other one.
 * Any number of processes may do it at once, and one of them does.
 */
export async function insertPerson(
  db: Connection,
  { id, subject, createdDate, ...state }: PersonState & Pick<ClientRow, 'id' | 'createdDate'> & { subject: string },
): Promise<void> {
  await db.query(
    `with me as (
       insert into client (id, name, scopes, subject, created_date, groups, groups_date)
       select $1::uuid, $2, $3::text[], $4, $5::timestamptz, $6::text[], $7::timestamptz
       where not exists (select from client where subject = $4)
       on conflict do nothing returning id)
     ${insertGrants('me.id', '$8', 'me')}`,
    [
      ...[id, state.name, state.scopes, subject, createdDate, state.groups, state.groupsDate],
      JSON.stringify(state.grants),
    ],
  );
}

/** Lets the client of a person follow a token, unless a later token was there first or the client was revoked. */
export function followToken(pool: Pool, id: string, state: PersonState): Promise<void> {
  return transactionAside(pool, async (lease) => {
    // The lock comes in a statement of its own. The next one then sees the grants that its holder has written.
    if (!(await lockClient(lease, id))) return;
    await lease.query(
      `with me as (
         update client set name = $2, scopes = $3::text[], groups = $4::text[], groups_date = $5::timestamptz
         where id = $1 and groups_date <= $5::timestamptz returning id),
       gone as (delete from client_grant where client_id in (select id from me))
       ${insertGrants('me.id', '$6', 'me')}`,
      [id, state.name, state.scopes, state.groups, state.groupsDate, JSON.stringify(state.grants)],
    );
  });
}
