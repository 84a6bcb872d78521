import { createHash } from 'node:crypto';
import type { Caller } from '../domain/caller';
import { dayOf, isDay } from '../domain/date';
import { Refusal, type UserError, userError } from '../domain/errors';
import { idOf } from '../domain/key';
import {
  type DocumentMode,
  type DocumentText,
  documentIdOf,
  documentModes,
  isRetired,
  judgeRegistration,
} from '../domain/registered-document';
import { type ClientWithGrants, readClient, setDocumentMode } from '../store/client';
import type { Connection } from '../store/connection/connection';
import { newId } from '../store/id';
import {
  documentsOf,
  findDocument,
  insertDocuments,
  type LiveDocument,
  liveDocuments,
  lockDocumentsOf,
  noteUnknown,
  type RegisteredDocumentRow,
  retireDocuments,
  type UnknownDocumentRow,
  unknownDocuments,
} from '../store/registered-document';
import { readManifest } from './manifest';
import { refuse } from './run/batch';

/** Checks a document against the schema. The graph layer implements it. */
export type CheckDocument = (
  text: string,
) => Checked | { errors: readonly string[] } | Promise<Checked | { errors: readonly string[] }>;

type Checked = Pick<RegisteredDocumentRow, 'operationName' | 'operationType' | 'cost'> & {
  deprecated: readonly string[];
};

/** The most errors reported for one manifest. Further errors would only repeat them. */
const mostErrors = 100;

interface RegistrationResult {
  /** The documents of the manifest, registered now or before. */
  documents: (RegisteredDocumentRow & { deprecated: readonly string[] })[];
  /** The number of new documents. */
  added: number;
}

/**
 * Registers the documents of a manifest, all or nothing. Documents that are already registered stay unchanged, so that
 * each release of a client can import its manifest again. Documents missing from the manifest stay too, because older
 * releases still run.
 * @throws Refusal
 */
export async function registerDocuments(
  db: Connection,
  clientId: string,
  manifest: string,
  check: CheckDocument,
): Promise<RegistrationResult> {
  const given = readManifest(manifest);
  const checked = new Map<string, Checked>();
  const errors: UserError[] = [];
  for (const { documentId, text } of given) {
    const result = await check(text);
    if ('errors' in result) {
      errors.push(...result.errors.map((error) => userError('INVALID_VALUE', error, ['manifest', documentId])));
      if (errors.length >= mostErrors) break;
    } else {
      checked.set(documentId, result);
    }
  }
  refuse(errors);
  const registered = await lockDocumentsOf(db, clientId);
  const known = new Map(registered.map((row) => [row.documentId, row]));
  refuse(judgeRegistration(given, new Map(registered.map(({ documentId, text }) => [documentId, text]))));
  const registeredDate = new Date().toISOString();
  const added = given
    .filter(({ documentId }) => !known.has(documentId))
    .map((document) => rowOf(clientId, document, checked.get(document.documentId)!, registeredDate));
  await insertDocuments(db, added);
  const rows = new Map([...known, ...added.map((row) => [row.documentId, row] as const)]);
  return {
    documents: given.map(({ documentId }) => ({
      ...rows.get(documentId)!,
      deprecated: checked.get(documentId)!.deprecated,
    })),
    added: added.length,
  };
}

const rowOf = (
  clientId: string,
  document: DocumentText,
  { operationName, operationType, cost }: Pick<RegisteredDocumentRow, 'operationName' | 'operationType' | 'cost'>,
  registeredDate: string,
): RegisteredDocumentRow => ({
  ...{ id: newId(), clientId, ...document, hash: hashOf(document.text) },
  ...{ operationName, operationType, cost, registeredDate, retiredDate: null },
});

/** SHA-256 in hex digits, as clients write it. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Retires documents from a day on; null restores them. A day in the past retires at once. @throws Refusal */
export async function retire(
  db: Connection,
  clientId: string,
  documentIds: readonly string[],
  from: string | null,
): Promise<RegisteredDocumentRow[]> {
  const ids = documentIds.map(documentIdOf);
  const known = new Map((await lockDocumentsOf(db, clientId)).map((row) => [row.documentId, row]));
  const errors = ids.flatMap((id, at) =>
    known.has(id) ? [] : [userError('NOT_FOUND', `The client has no document ${id}.`, ['documentIds', at])],
  );
  if (from !== null && !isDay(from)) {
    errors.push(userError('INVALID_VALUE', `from is "${from}"; a day such as 2026-01-31 is allowed.`, ['from']));
  }
  refuse(errors);
  await retireDocuments(db, clientId, ids, from);
  return ids.map((id) => ({ ...known.get(id)!, retiredDate: from }));
}

/** Sets which documents a client may run besides its registered ones. @throws Refusal */
export async function changeMode(db: Connection, clientId: string, mode: string): Promise<void> {
  if (!(documentModes as readonly string[]).includes(mode)) {
    throw new Refusal([userError('INVALID_VALUE', `mode must be one of ${documentModes.join(', ')}.`, ['mode'])]);
  }
  await setDocumentMode(db, clientId, mode as DocumentMode);
}

interface DocumentReport {
  mode: DocumentMode;
  documents: RegisteredDocumentRow[];
  unknown: UnknownDocumentRow[];
}

/** The registered documents of a client, and the unregistered ones that it ran. */
export async function documentReport(db: Connection, clientId: string): Promise<DocumentReport> {
  const client = await readClient(db, { id: clientId });
  return {
    mode: client!.documentMode,
    documents: await documentsOf(db, clientId),
    unknown: await unknownDocuments(db, clientId),
  };
}

/**
 * The client whose documents a caller manages. The client may see nothing that the caller's request does not see,
 * because its documents run in all of its entities and orgs. A client of several entities is managed on the command
 * line, where there is no caller. @throws Refusal
 */
export async function managedClient(db: Connection, key: string, caller?: Caller): Promise<string> {
  const id = idOf(key);
  const client = id === undefined ? undefined : await readClient(db, { id });
  if (client && (!caller || seesAll(caller, client))) return client.id;
  throw new Refusal([
    userError('NOT_FOUND', 'No client has this id, or you may not manage its documents.', ['clientId']),
  ]);
}

function seesAll({ entityId, orgIds }: Caller, { entities }: Pick<ClientWithGrants, 'entities'>): boolean {
  // A client without grants may later be granted anything. Only the operator manages it.
  if (entities.length === 0) return false;
  return entities.every(({ id, orgs }) => id === entityId && orgs.every((org) => orgIds.includes(org.id)));
}

/** The day that decides which documents are retired. */
export const today = (): string => dayOf(new Date().toISOString());

/** A document that a client may run, by its id or the SHA-256 of its text. Undefined if no such document is served. */
export async function servedDocument(
  db: Connection,
  clientId: string,
  documentId: string,
): Promise<{ id: string; text: string } | { retiredDate: string } | undefined> {
  const row = await findDocument(db, clientId, documentIdOf(documentId));
  if (!row) return undefined;
  return isRetired(row, today()) ? { retiredDate: row.retiredDate! } : { id: row.id, text: row.text };
}

/** All documents that are served, or only those registered since an instant. */
export const servedDocuments = (db: Connection, since?: string): Promise<LiveDocument[]> =>
  liveDocuments(db, today(), since);

/** Unregistered documents that were run, each with its count. */
export type UnknownRuns = Parameters<typeof noteUnknown>[1];

/** Records unregistered documents that were run. */
export const recordUnknown = (db: Connection, runs: UnknownRuns): Promise<void> => noteUnknown(db, runs);
