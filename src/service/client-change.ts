import { Refusal, type UserError, userError } from '../domain/errors';
import { idOf } from '../domain/key';
import { addGrants } from '../store/client';
import {
  allClients,
  type ClientChange,
  changeClient,
  deleteSecret,
  endClient,
  type ListedClient,
  type LiveSecret,
  lockClient,
  removeGrants,
  replaceSecret,
} from '../store/client-change';
import type { Database } from '../store/connection/database';
import { type Lease, transactionAside } from '../store/connection/lease';
import { newId } from '../store/id';
import {
  type Credentials,
  checkGrant,
  checkName,
  checkScopes,
  checkSubject,
  clientIdOf,
  type NamedGrant,
  prepared,
  taken,
} from './client';
import { hashSecret, newSecret, usualSecrets } from './client-secret';
import { refuse } from './run/batch';

/* Changes of existing clients by administrators. Each is one transaction. */

type ClientAdministration = Pick<Database, 'aside' | 'side'>;

const noClient = (clientId: string) =>
  new Refusal([userError('NOT_FOUND', `There is no client ${clientId}, or it was revoked.`, ['clientId'])]);

/** What follows the tokens of a person would be gone with the next one, and a secret would do without them. */
const ofPerson = (clientId: string) =>
  new Refusal([
    userError(
      'FIELD_LOCKED',
      `The client ${clientId} is of a person who signs in. Its name and rights come from the person's tokens and JWT_GROUPS. It can only be revoked.`,
      ['clientId'],
    ),
  ]);

/** Holds the client while `act` runs. Throws a Refusal if the client does not exist, was revoked, or is of a person. */
async function holding<T>(
  { side }: ClientAdministration,
  clientId: string,
  act: (db: Lease, id: string) => Promise<T>,
  { orPerson = false } = {},
): Promise<T> {
  const id = idOf(clientId);
  if (id === undefined) throw noClient(clientId);
  return transactionAside(side, async (lease) => {
    const client = await lockClient(lease, id);
    if (!client) throw noClient(clientId);
    if (client.isPerson && !orPerson) throw ofPerson(clientId);
    return act(lease, id);
  });
}

interface Rotated extends Credentials {
  /** The secrets that the rotation has ended, with the tokens issued for them. */
  ended: readonly LiveSecret[];
}

/**
 * Gives a client a new secret. The previous secret stays live, so that the client can switch without a gap; older
 * secrets end. With `alone`, the previous secret ends too.
 */
export async function rotateSecret(db: ClientAdministration, clientId: string, alone = false): Promise<Rotated> {
  const secret = newSecret();
  const row = { id: newId(), hash: await hashSecret(secret, { chosen: false }), createdDate: new Date().toISOString() };
  return holding(db, clientId, async (lease, id) => {
    const ended = await replaceSecret(lease, id, row, alone ? 0 : usualSecrets - 1);
    return { clientId: clientIdOf(id), secret, ended };
  });
}

/** Ends one secret of a client and the tokens issued for it. Returns how many live secrets are left. */
export function revokeSecret(db: ClientAdministration, clientId: string, secretId: string): Promise<number> {
  return holding(db, clientId, async (lease, id) => {
    const secret = idOf(secretId);
    const { deleted, left } = secret ? await deleteSecret(lease, id, secret) : { deleted: false, left: 0 };
    if (!deleted) refuse([userError('NOT_FOUND', `The client has no secret ${secretId}.`, ['secretId'])]);
    return left;
  });
}

/** Ends a client for good: its secrets, and every token that names it. Rows that it wrote keep its id. */
export function revokeClient(db: ClientAdministration, clientId: string): Promise<void> {
  return holding(db, clientId, (lease, id) => endClient(lease, id, new Date().toISOString()), { orPerson: true });
}

/** New values of a client. Omitted fields stay. */
export interface ClientUpdate extends ClientChange {
  /** The client's access to this entity from now on, which may be none. Its access to other entities stays. */
  grant?: NamedGrant | { entity: string; nothing: true };
}

/** Changes the name, scopes, subject or grants of a client. Throws a Refusal if a value is wrong. */
export async function updateClient(
  db: ClientAdministration,
  clientId: string,
  { grant, ...change }: ClientUpdate,
): Promise<void> {
  refuse(checkUpdate({ grant, ...change }));
  const scopes = change.scopes && [...new Set(change.scopes)];
  await holding(db, clientId, async (lease, id) => {
    await changeClient(lease, id, { ...change, scopes });
    if (!grant) return;
    const removed = await removeGrants(lease, id, grant.entity);
    if (!('nothing' in grant)) return addGrants(lease, id, await prepared(lease, [grant]));
    // A misspelled entity name must not look like a successful removal.
    if (!removed) refuse([userError('NOT_FOUND', `The client sees no org of ${grant.entity}.`, ['grant', 'entity'])]);
  }).catch((error) => {
    throw taken(error, clientId);
  });
}

function checkUpdate({ name, scopes, subject, grant }: ClientUpdate): UserError[] {
  return [
    ...(name === undefined ? [] : checkName('name', name)),
    ...(scopes === undefined ? [] : checkScopes(scopes)),
    ...(subject == null ? [] : checkSubject(subject)),
    ...(grant === undefined || 'nothing' in grant ? [] : checkGrant(grant)),
  ];
}

/** Every client with its scopes, grants and secrets. `withRevoked` includes revoked clients. */
export const listClients = (db: ClientAdministration, withRevoked = false): Promise<ListedClient[]> =>
  allClients(db.aside(), withRevoked);
