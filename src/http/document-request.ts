import { RequestError } from '../domain/errors';
import { documentIdOf } from '../domain/registered-document';

/* How requests name a document, and how they are made to be as if they had sent it. */

/** What a request says about its document. Values are the client's, and may be anything. */
export interface Asked {
  query?: unknown;
  /** GraphQL over HTTP, appendix A; Relay and the GraphQL Code Generator. */
  documentId?: unknown;
  /** Apollo: `{ version: 1, sha256Hash }`. */
  persistedQuery?: unknown;
}

/** The id that a request names, in the form in which it is kept. @throws RequestError BAD_REQUEST */
export function idIn({ documentId, persistedQuery }: Asked): string | undefined {
  if (documentId != null) {
    if (typeof documentId !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(documentId)) {
      throw new RequestError('BAD_REQUEST', 'documentId is text of 1 to 255 printable ASCII characters.');
    }
    return documentIdOf(documentId);
  }
  if (persistedQuery == null) return undefined;
  const { version, sha256Hash } = persistedQuery as Record<string, unknown>;
  if (version !== 1 || typeof sha256Hash !== 'string' || !/^[0-9a-f]{64}$/i.test(sha256Hash)) {
    throw new RequestError(
      'BAD_REQUEST',
      'extensions.persistedQuery is { "version": 1, "sha256Hash": <64 hex digits> }.',
    );
  }
  return sha256Hash.toLowerCase();
}

type Given = Record<string, unknown>;
const isObject = (value: unknown): value is Given =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function inBody(body: unknown): Asked {
  if (Array.isArray(body)) {
    throw new RequestError('BAD_REQUEST', 'Batched operations are off: send one operation in a request, not a list.');
  }
  if (!isObject(body)) return {};
  const { query, documentId, extensions } = body;
  return { query, documentId, persistedQuery: isObject(extensions) ? extensions.persistedQuery : null };
}

/** As if the text had been sent: Apollo is not told of ids. */
export function bodyWith(body: unknown, query: string): Given {
  if (!isObject(body ?? {})) throw new RequestError('BAD_REQUEST', 'The body is no object: { "variables": { ... } }.');
  const { documentId: _, extensions, ...rest } = (body ?? {}) as Given;
  if (!isObject(extensions)) return { ...rest, query };
  const { persistedQuery: __, ...others } = extensions;
  return { ...rest, query, extensions: others };
}

export function inSearch(search: string): Asked {
  const given = new URLSearchParams(search);
  const extensions = extensionsIn(given);
  return {
    query: given.get('query'),
    documentId: given.get('documentId'),
    persistedQuery: extensions?.persistedQuery,
  };
}

/** What is no JSON is left for Apollo to refuse. */
function extensionsIn(given: URLSearchParams): Given | undefined {
  try {
    const extensions: unknown = JSON.parse(given.get('extensions') ?? 'null');
    return isObject(extensions) ? extensions : undefined;
  } catch {
    return undefined;
  }
}

export function searchWith(search: string, query: string): string {
  const given = new URLSearchParams(search);
  const extensions = extensionsIn(given);
  given.set('query', query);
  given.delete('documentId');
  if (extensions) given.set('extensions', JSON.stringify({ ...extensions, persistedQuery: undefined }));
  return `?${given}`;
}
