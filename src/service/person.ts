import type { Scope } from '../domain/caller';
import { readClient } from '../store/client';
import type { Connection } from '../store/connection/connection';
import type { Database } from '../store/connection/database';
import { newId } from '../store/id';
import { followToken, insertPerson, type PersonRights, readPerson } from '../store/person';
import { type Grants, grants, isSubject, type NamedGrant, namedRows } from './client';

/*
 * People who sign in at the outside issuer. A person's first token makes a client. Its rights are those of the groups in
 * the token that is presented. The database keeps the groups of the latest token, for what is sent without a token.
 */

/** The part of the database that signing in needs. */
export type SignInDatabase = Pick<Database, 'aside' | 'side'>;

/** What a group gives: scopes and grants by name, which may name orgs that do not exist yet. */
export interface Rights {
  scopes: readonly Scope[];
  grants: readonly NamedGrant[];
}

/** What a verified token says of a person. */
export interface PersonToken {
  subject: string;
  name: string;
  /** The groups that have rights, sorted. */
  groups: readonly string[];
  /** When the token was issued. */
  issuedDate: string;
}

/** How the groups of people become rights. */
export interface GroupPolicy {
  rightsOf(groups: readonly string[]): Rights;
  /** Seconds for which the groups of a token count without it: as long as a token may live. */
  maxLifetime: number;
}

/** The share of `maxLifetime` after which the date of the latest token is written again, though nothing else differs. */
const dateShare = 1 / 24;

/** The grants of a person, or of the client that an operator has linked to the subject. */
type SubjectGrants = Grants & { isPerson: boolean };

/**
 * The grants of the bearer of a token. A client that an operator has linked to the subject has its own grants. Otherwise the
 * bearer is a person, whose first token with a group makes a client. Undefined if the token names no group and there is no
 * client, or if the client of the subject was revoked.
 *
 * A token that is older than the latest one has only groups that both name. So a group that was taken away is gone from
 * the first use of the next token on, whatever older tokens say.
 */
export async function grantsOfToken(
  db: SignInDatabase,
  token: PersonToken,
  policy: GroupPolicy,
): Promise<SubjectGrants | undefined> {
  const { subject, name, groups, issuedDate } = token;
  if (!isSubject(subject)) return undefined;
  const client = (await readClient(db.aside(), { subject })) ?? (await firstSignIn(db.aside(), token, policy));
  if (!client) return undefined;
  if (client.groups === null) return { ...grants(client), isPerson: false };
  const isOlder = issuedDate < client.groupsDate!;
  const counting = isOlder ? groups.filter((group) => client.groups!.includes(group)) : groups;
  const { scopes, grants: granted } = policy.rightsOf(counting);
  const rights = { scopes, grants: rowsOf(granted) };
  const person = await readPerson(db.aside(), client.id, rights);
  if (!person) return undefined;
  const isStale = Date.parse(issuedDate) - Date.parse(client.groupsDate!) > policy.maxLifetime * 1000 * dateShare;
  const differs = !person.isStored || name !== client.name || JSON.stringify(groups) !== JSON.stringify(client.groups);
  if (!isOlder && (differs || isStale)) {
    await followToken(db.side, client.id, { name, groups, groupsDate: issuedDate, ...rights });
  }
  return { ...grants({ ...client, ...person, scopes: [...scopes] }), isPerson: true };
}

/** Makes the client of a person. Another process may have made it meanwhile. */
async function firstSignIn(db: Connection, { subject, name, groups, issuedDate }: PersonToken, policy: GroupPolicy) {
  if (groups.length === 0) return undefined;
  const { scopes, grants: granted } = policy.rightsOf(groups);
  await insertPerson(db, {
    ...{ id: newId(), subject, createdDate: new Date().toISOString() },
    ...{ name, groups, groupsDate: issuedDate, scopes, grants: rowsOf(granted) },
  });
  return readClient(db, { subject });
}

/**
 * The grants of a client for what is sent to it without a token. A person has those of the groups in the latest token, by the
 * present configuration, until `maxLifetime` has passed since that token. Undefined if the client has none any more.
 */
export async function grantsAtPresent(
  db: Connection,
  id: string,
  policy: GroupPolicy | undefined,
): Promise<Grants | undefined> {
  const client = await readClient(db, { id });
  if (!client || client.groups === null) return client && grants(client);
  if (!policy || Date.now() - Date.parse(client.groupsDate!) > policy.maxLifetime * 1000) return undefined;
  const { scopes, grants: granted } = policy.rightsOf(client.groups);
  const person = await readPerson(db, client.id, { scopes, grants: rowsOf(granted) });
  return person && grants({ ...client, ...person, scopes: [...scopes] });
}

const rowsOf = (granted: readonly NamedGrant[]): PersonRights['grants'] =>
  namedRows(granted).map((grant) => ({ ...grant, id: newId() }));
