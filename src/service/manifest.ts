import { createHash } from 'node:crypto';
import { Refusal, type UserError, userError } from '../domain/errors';
import { type DocumentText, documentIdOf, mostDocuments } from '../domain/registered-document';

/**
 * Reads a manifest as written by client tools. Apollo's generate-persisted-query-manifest writes a list with ids and
 * bodies. The Relay compiler and the GraphQL Code Generator write an object of texts by id.
 *
 * An id is the hash of its text, and this is checked. With an edited or truncated manifest, clients would run documents
 * that they do not know.
 * @throws Refusal
 */
export function readManifest(manifest: string): DocumentText[] {
  const entries = entriesOf(parsed(manifest));
  if (entries.length === 0) throw wrong('REQUIRED', 'The manifest holds no document.');
  if (entries.length > mostDocuments) {
    const message = `The manifest holds ${entries.length} documents; at most ${mostDocuments} are allowed.`;
    throw wrong('LIMIT_EXCEEDED', message);
  }
  const errors: UserError[] = [];
  const documents = new Map<string, DocumentText>();
  for (const [id, text] of entries) {
    const documentId = documentIdOf(id);
    const problem = problemOf(documentId, text);
    if (problem) errors.push(userError('INVALID_VALUE', problem, ['manifest', id]));
    documents.set(documentId, { documentId, text });
  }
  if (errors.length) throw new Refusal(errors);
  return [...documents.values()];
}

const wrong = (code: 'INVALID_VALUE' | 'REQUIRED' | 'LIMIT_EXCEEDED', message: string) =>
  new Refusal([userError(code, message, ['manifest'])]);

function parsed(manifest: string): unknown {
  try {
    return JSON.parse(manifest);
  } catch (error) {
    throw wrong('INVALID_VALUE', `The manifest is not JSON, or was cut off: ${(error as Error).message}.`);
  }
}

const forms =
  'The manifest must be that of Apollo (format "apollo-persisted-query-manifest", version 1), or an object of texts by id as of Relay or the GraphQL Code Generator';

function entriesOf(manifest: unknown): [id: string, text: string][] {
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) {
    throw wrong('INVALID_VALUE', `The manifest is not an object. ${forms}.`);
  }
  if (!('format' in manifest)) return Object.entries(manifest).map(([id, text]) => [id, textOf(id, text)]);
  const { format, version, operations } = manifest as Record<string, unknown>;
  if (format !== 'apollo-persisted-query-manifest' || version !== 1 || !Array.isArray(operations)) {
    const found = JSON.stringify({ format, version }).slice(0, 200);
    throw wrong('INVALID_VALUE', `The manifest is of another kind or version: ${found}. ${forms}.`);
  }
  return operations.map((operation, at) => {
    const { id, body } = (operation ?? {}) as Record<string, unknown>;
    if (typeof id !== 'string') throw wrong('INVALID_VALUE', `operations[${at}] of the manifest has no id.`);
    return [id, textOf(id, body)];
  });
}

function textOf(id: string, text: unknown): string {
  if (typeof text === 'string') return text;
  throw wrong('INVALID_VALUE', `The document ${id.slice(0, 100)} of the manifest has no text.`);
}

/** The hash algorithms of the tools, by length. Relay's default is MD5, the code generator's is SHA-1. */
const algorithms: Record<number, string> = { 32: 'md5', 40: 'sha1', 64: 'sha256' };

function problemOf(documentId: string, text: string): string | undefined {
  const algorithm = /^[0-9a-f]+$/.test(documentId) ? algorithms[documentId.length] : undefined;
  if (!algorithm) return 'An id must be the MD5, SHA-1 or SHA-256 of its text in hex digits.';
  const hash = createHash(algorithm).update(text).digest('hex');
  return hash === documentId ? undefined : `The id must be the ${algorithm} of the text, which is ${hash}.`;
}
