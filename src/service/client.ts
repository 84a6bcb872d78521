import { type Scope, scopes } from '../domain/caller';
import { below, Refusal, type UserError, userError } from '../domain/errors';
import { idOf } from '../domain/key';
import type { DocumentMode } from '../domain/registered-document';
import { checkTexts, isBlank } from '../domain/text';
import {
  type ClientWithGrants,
  clientExists,
  countClients,
  insertClient,
  type NewGrant,
  readClient,
  subjectIndex,
  touchSecret,
} from '../store/client';
import type { Connection } from '../store/connection/connection';
import { newId } from '../store/id';
import { makeTenants, missingTenants } from '../store/tenant';
import { hashSecret, longestSecret, matchesSecret, mostSecrets, newSecret, noSecret } from './client-secret';
import { refuse } from './run/batch';

/** The scopes and the access of a client. An entity in which the client sees no org is listed without orgs. */
export interface Grants {
  /** 32 hex digits, like every id. The OAuth client_id is the same id with dashes (`clientIdOf`). */
  id: string;
  name: string;
  scopes: ReadonlySet<Scope>;
  documentMode: DocumentMode;
  entities: readonly GrantedEntity[];
  /** The ids of the client's live secrets. */
  secretIds: readonly string[];
}

interface GrantedEntity {
  id: string;
  name: string;
  orgs: readonly { id: string; name: string }[];
}

/** Access to an entity, by name. `allOrgs` also covers orgs created later. */
export interface NamedGrant {
  entity: string;
  orgs: readonly string[];
  allOrgs?: boolean;
}

export interface NewClient {
  name: string;
  scopes: readonly string[];
  /** Grants by name. Missing entities and orgs are created. */
  grants: readonly NamedGrant[];
  /** Fixed credentials, as in the demo. Absent credentials are generated. */
  clientId?: string;
  secret?: string;
}

export interface Credentials {
  /** 36 characters with dashes. */
  clientId: string;
  secret: string;
}

/**
 * Authenticates a client: returns its grants and the matching secret, or nothing.
 *
 * A refusal takes the same time for an unknown client as for a client with up to three generated secrets. So the time
 * does not reveal which clients exist. A client with a chosen secret, or one made before November 2026, takes longer.
 */
export async function authenticateClient(
  db: Connection,
  clientId: string,
  secret: string,
): Promise<(Grants & { secretId: string }) | undefined> {
  const id = idOf(clientId);
  const client = id === undefined ? undefined : await readClient(db, { id }, true);
  const secrets = client?.secrets ?? [];
  for (let i = 0; i < Math.max(mostSecrets, secrets.length); i++) {
    const matched = await matchesSecret(secret, secrets[i]?.hash ?? noSecret);
    if (!matched || !client || i >= secrets.length) continue;
    await touchSecret(db, secrets[i].id);
    return { ...grants(client), secretId: secrets[i].id };
  }
  return undefined;
}

/** The client's current grants. Undefined if the client does not exist or was revoked. */
export async function grantsOf(db: Connection, clientId: string): Promise<Grants | undefined> {
  const id = idOf(clientId);
  const client = id === undefined ? undefined : await readClient(db, { id });
  return client && grants(client);
}

/** The current grants of the client that an operator has linked to a subject of the external issuer. */
export async function grantsOfSubject(db: Connection, subject: string): Promise<Grants | undefined> {
  const client = isSubject(subject) ? await readClient(db, { subject }) : undefined;
  return client?.groups === null ? grants(client) : undefined;
}

/** The bound of OpenID Connect: at most 255 ASCII characters. */
export const isSubject = (subject: string): boolean => /^[ -~]{1,255}$/.test(subject);

/** The grants of a client as it was read. */
export const grants = ({ id, name, documentMode, entities, secrets, ...client }: ClientWithGrants): Grants => ({
  id,
  name,
  documentMode,
  scopes: new Set(scopes.filter((scope) => client.scopes.includes(scope))),
  entities,
  secretIds: secrets.map((secret) => secret.id),
});

/** An id in the form of OAuth: 36 characters. */
export const clientIdOf = (id: string): string => id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/**
 * Creates a client, and the missing entities and orgs of its grants. The secret is returned only here; the database
 * stores its hash. Throws a Refusal if a value is wrong or the client_id is taken.
 */
export async function createClient(db: Connection, input: NewClient): Promise<Credentials> {
  refuse(check(input));
  const { secret = newSecret() } = input;
  const hash = await hashSecret(secret, { chosen: input.secret !== undefined });
  const clientId = await insert(db, input, null, { id: newId(), hash });
  return { clientId, secret };
}

/**
 * Creates a client that signs in with tokens of the external issuer for this subject. It has no secret: an unneeded
 * secret can only leak. Returns its client_id. Throws a Refusal like `createClient`, or if another client has the
 * subject.
 */
export async function createLinkedClient(
  db: Connection,
  { subject, ...input }: Omit<NewClient, 'secret'> & { subject: string },
): Promise<string> {
  refuse([...check(input), ...checkSubject(subject)]);
  return insert(db, input, subject, undefined);
}

async function insert(
  db: Connection,
  input: NewClient,
  subject: string | null,
  secret: { id: string; hash: string } | undefined,
): Promise<string> {
  const id = (input.clientId && idOf(input.clientId)) ?? newId();
  const client = { id, name: input.name, scopes: [...new Set(input.scopes)], subject };
  const granted = await prepared(db, input.grants);
  try {
    await insertClient(db, { ...client, createdDate: new Date().toISOString() }, secret, granted);
  } catch (error) {
    throw taken(error, clientIdOf(id));
  }
  return clientIdOf(id);
}

/** Creates the missing entities and orgs of grants, and returns the grants as rows. */
export async function prepared(db: Connection, grants: readonly NamedGrant[]): Promise<(NewGrant & { id: string })[]> {
  const named = grants.flatMap(({ entity, orgs }): NewGrant[] =>
    orgs.length > 0 ? orgs.map((org) => ({ entity, org })) : [{ entity, org: null }],
  );
  await makeTenants(db, named);
  return namedRows(grants).map((grant) => ({ ...grant, id: newId() }));
}

/** What the grants name and what does not exist, such as `the org North of Acme`. */
export async function missingFor(db: Connection, grants: readonly NamedGrant[]): Promise<string[]> {
  const missing = await missingTenants(db, namedRows(grants));
  return missing.map(({ entity, org }) => (org === null ? `the entity ${entity}` : `the org ${org} of ${entity}`));
}

/** Grants as rows: one for each org, or one for all orgs of an entity. */
export const namedRows = (grants: readonly NamedGrant[]): NewGrant[] =>
  grants.flatMap(({ entity, orgs, allOrgs }): NewGrant[] =>
    allOrgs ? [{ entity, org: null }] : [...new Set(orgs)].map((org) => ({ entity, org })),
  );

/** Turns a duplicate client_id or subject into a Refusal. Returns any other error unchanged. */
export function taken(error: unknown, clientId: string): unknown {
  const { code, table, constraint } = error as { code?: string; table?: string; constraint?: string };
  if (code !== '23505' || table !== 'client') return error;
  return new Refusal([
    constraint === subjectIndex
      ? userError('DUPLICATE', 'Another client is linked to this subject.', ['subject'])
      : userError('DUPLICATE', `There is a client ${clientId} already.`, ['clientId']),
  ]);
}

function check({ name, scopes: wanted, grants, clientId, secret }: NewClient): UserError[] {
  const errors = [...checkName('name', name), ...checkScopes(wanted)];
  if (grants.length === 0) errors.push(userError('REQUIRED', 'A client needs an entity.', ['grants']));
  for (const [i, grant] of grants.entries()) errors.push(...below(['grants', i], checkGrant(grant)));
  if (clientId !== undefined && idOf(clientId) === undefined) {
    errors.push(
      userError('INVALID_VALUE', 'A client id must be a UUID: 32 hex digits, with or without dashes.', ['clientId']),
    );
  }
  if (secret !== undefined && (secret.length === 0 || secret.length > longestSecret)) {
    errors.push(userError('INVALID_VALUE', `A secret must have 1 to ${longestSecret} characters.`, ['secret']));
  }
  return errors;
}

export function checkScopes(wanted: readonly string[]): UserError[] {
  const unknown = wanted.filter((scope) => !(scopes as readonly string[]).includes(scope));
  if (wanted.length > 0 && unknown.length === 0) return [];
  const what = unknown.length > 0 ? `There is no scope "${unknown.join('", "')}"` : 'A client needs a scope';
  return [userError('INVALID_VALUE', `${what}; the scopes are ${scopes.join(', ')}.`, ['scopes'])];
}

export function checkGrant({ entity, orgs, allOrgs }: NamedGrant): UserError[] {
  const errors = [...checkName('entity', entity), ...orgs.flatMap((org) => checkName('org', org))];
  if (orgs.length === 0 && !allOrgs) errors.push(userError('REQUIRED', 'Name an org, or grant all of them.', ['orgs']));
  return errors;
}

export const checkSubject = (subject: string): UserError[] =>
  isSubject(subject) ? [] : [userError('INVALID_VALUE', 'A subject must have 1 to 255 ASCII characters.', ['subject'])];

export function checkName(field: string, name: string): UserError[] {
  if (isBlank(name)) return [userError('REQUIRED', `${field} must not be empty.`, [field])];
  return checkTexts({ [field]: name }, { [field]: 255 });
}

/** Whether any client exists. */
export const anyClient = (db: Connection): Promise<boolean> => anyClientBut(db, []);

/** Whether any client exists besides these. */
export const anyClientBut = async (db: Connection, clientIds: readonly string[]): Promise<boolean> =>
  (await countClients(db, clientIds)) > 0;

/**
 * Whether the database holds demo data. True even if the demo's first client was revoked: the demo has other clients.
 */
export const isDemo = (db: Connection, demoClientId: string): Promise<boolean> => clientExists(db, idOf(demoClientId)!);
