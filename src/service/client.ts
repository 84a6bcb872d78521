import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type Scope, scopes } from '../domain/caller';
import { below, Refusal, type UserError, userError } from '../domain/errors';
import { idOf } from '../domain/key';
import { checkTexts } from '../domain/text';
import {
  type ClientWithGrants,
  countClients,
  insertClient,
  type NewGrant,
  readClient,
  readHashes,
} from '../store/client';
import type { Connection } from '../store/connection';
import type { Database } from '../store/database';
import { newId } from '../store/id';
import { makeTenants } from '../store/tenant';

/** What identity needs of the database: the layers above pass the whole one. */
export type ClientDatabase = Pick<Database, 'aside'>;

/** What a client may do and see. An entity that it may see no org of is still listed, with none. */
export interface Grants {
  /** 32 hex digits, as every id; the client_id of OAuth is the same with dashes (`clientIdOf`). */
  id: string;
  name: string;
  scopes: ReadonlySet<Scope>;
  entities: readonly GrantedEntity[];
}

export interface GrantedEntity {
  id: string;
  name: string;
  orgs: readonly { id: string; name: string }[];
}

export interface NewClient {
  name: string;
  scopes: readonly string[];
  /** By name. Entities and orgs that are missing are made. `allOrgs` also covers orgs made later. */
  grants: readonly { entity: string; orgs: readonly string[]; allOrgs?: boolean }[];
  /** Fixed credentials, as the demo has them; otherwise they are made up. */
  clientId?: string;
  secret?: string;
}

export interface Credentials {
  /** 36 characters with dashes. */
  clientId: string;
  secret: string;
}

/** The longest client_secret that OAuth clients of the published API expect. */
const longestSecret = 42;

/** 17 MB and about 35 ms on one thread. What is stored names its own parameters, so these can be raised at any time. */
const parameters = { ln: 14, r: 8, p: 1 };

/** A client has two live secrets while one is replaced by the other. */
const usualSecrets = 2;

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

const derived = (secret: string, salt: Buffer, { ln, r, p }: typeof parameters): Promise<Buffer> =>
  derive(secret, salt, 32, { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r });

/** A secret as it is stored: `$scrypt$ln=14,r=8,p=1$salt$hash`, each time with another salt. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derived(secret, salt, parameters);
  const { ln, r, p } = parameters;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

async function matches(secret: string, stored: string): Promise<boolean> {
  const parts = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([\w-]+)\$([\w-]{43})$/.exec(stored);
  if (!parts) throw new Error('A stored client secret is not a scrypt hash');
  const [ln, r, p] = parts.slice(1, 4).map(Number);
  const hash = await derived(secret, Buffer.from(parts[4], 'base64url'), { ln, r, p });
  return timingSafeEqual(hash, Buffer.from(parts[5], 'base64url'));
}

const noSecret = `$scrypt$ln=${parameters.ln},r=${parameters.r},p=${parameters.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/**
 * The grants of the client whose secret this is, or nothing. A refusal takes the same time for a client that does not
 * exist and for one with a secret or two, so that nobody learns which clients there are.
 */
export async function authenticateClient(
  db: Connection,
  clientId: string,
  secret: string,
): Promise<Grants | undefined> {
  const id = idOf(clientId);
  const client = id === undefined ? undefined : await readClient(db, id);
  const hashes = id === undefined ? [] : await readHashes(db, id);
  for (let i = 0; i < Math.max(usualSecrets, hashes.length); i++) {
    const matched = await matches(secret, hashes[i] ?? noSecret);
    if (matched && client && i < hashes.length) return grants(client);
  }
  return undefined;
}

/** What the client may see and do at this moment, or nothing where there is no such client. */
export async function grantsOf(db: Connection, clientId: string): Promise<Grants | undefined> {
  const id = idOf(clientId);
  const client = id === undefined ? undefined : await readClient(db, id);
  return client && grants(client);
}

const grants = ({ id, name, entities, ...client }: ClientWithGrants): Grants => ({
  id,
  name,
  scopes: new Set(scopes.filter((scope) => client.scopes.includes(scope))),
  entities,
});

/** An id as OAuth has it, in 36 characters. */
export const clientIdOf = (id: string): string => id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/**
 * Creates a client, and the entities and orgs that its grants name where they are missing. The secret is returned
 * this once; only its hash is stored. Throws a Refusal where a value is wrong or the client_id is taken.
 */
export async function createClient(db: Connection, input: NewClient): Promise<Credentials> {
  const errors = check(input);
  if (errors.length > 0) throw new Refusal(errors);
  const id = (input.clientId && idOf(input.clientId)) ?? newId();
  const secret = input.secret ?? randomBytes(30).toString('base64url');
  const named = input.grants.flatMap(({ entity, orgs }): NewGrant[] =>
    orgs.length > 0 ? orgs.map((org) => ({ entity, org })) : [{ entity, org: null }],
  );
  const granted = input.grants.flatMap(({ entity, orgs, allOrgs }): NewGrant[] =>
    allOrgs ? [{ entity, org: null }] : [...new Set(orgs)].map((org) => ({ entity, org })),
  );
  const createdDate = new Date().toISOString();
  const hash = await hashSecret(secret);
  await makeTenants(db, named);
  const client = { id, name: input.name, scopes: [...new Set(input.scopes)], createdDate };
  try {
    await insertClient(
      db,
      client,
      { id: newId(), clientId: id, hash, createdDate },
      granted.map((grant) => ({ ...grant, id: newId() })),
    );
  } catch (error) {
    const { code, table } = error as { code?: string; table?: string };
    if (code !== '23505' || table !== 'client') throw error;
    throw new Refusal([userError('DUPLICATE', `There is a client ${clientIdOf(id)} already.`, ['clientId'])]);
  }
  return { clientId: clientIdOf(id), secret };
}

function check({ name, scopes: wanted, grants, clientId, secret }: NewClient): UserError[] {
  const errors = checkName('name', name);
  const unknown = wanted.filter((scope) => !(scopes as readonly string[]).includes(scope));
  if (wanted.length === 0 || unknown.length > 0) {
    const what = unknown.length > 0 ? `There is no scope "${unknown.join('", "')}"` : 'A client needs a scope';
    errors.push(userError('INVALID_VALUE', `${what}; the scopes are ${scopes.join(', ')}.`, ['scopes']));
  }
  if (grants.length === 0) errors.push(userError('REQUIRED', 'A client needs an entity.', ['grants']));
  for (const [i, { entity, orgs, allOrgs }] of grants.entries()) {
    const wrong = [...checkName('entity', entity), ...orgs.flatMap((org) => checkName('org', org))];
    if (orgs.length === 0 && !allOrgs)
      wrong.push(userError('REQUIRED', 'Name an org, or grant all of them.', ['orgs']));
    errors.push(...below(['grants', i], wrong));
  }
  if (clientId !== undefined && idOf(clientId) === undefined) {
    errors.push(
      userError('INVALID_VALUE', 'A client id is a UUID: 32 hex digits, with or without dashes.', ['clientId']),
    );
  }
  if (secret !== undefined && (secret.length === 0 || secret.length > longestSecret)) {
    errors.push(userError('INVALID_VALUE', `A secret has 1 to ${longestSecret} characters.`, ['secret']));
  }
  return errors;
}

function checkName(field: string, name: string): UserError[] {
  if (name.trim() === '') return [userError('REQUIRED', `${field} is empty.`, [field])];
  return checkTexts({ [field]: name }, { [field]: 255 });
}

/** Is there any client at all? */
export const anyClient = (db: Connection): Promise<boolean> => anyClientBut(db, []);

/** Is there any client beside these? */
export const anyClientBut = async (db: Connection, clientIds: readonly string[]): Promise<boolean> =>
  (await countClients(db, clientIds)) > 0;

/** Was this database filled with demo data? */
export const isDemo = async (db: Connection, demoClientId: string): Promise<boolean> =>
  (await grantsOf(db, demoClientId)) !== undefined;
