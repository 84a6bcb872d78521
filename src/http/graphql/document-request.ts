import { RequestError } from '../../domain/errors';
import { isObject } from '../../domain/json';
import { documentIdOf } from '../../domain/registered-document';

/* How a request names a document by its id, and how the text is put in place of the id. */

/** The parts of a request that name its operation. The values come from the client and may have any type. */
export interface Asked {
  query?: unknown;
  operationName?: unknown;
  variables?: unknown;
  /** GraphQL over HTTP, appendix A; Relay and the GraphQL Code Generator. */
  documentId?: unknown;
  /** Apollo: `{ version: 1, sha256Hash }`. */
  persistedQuery?: unknown;
}

/** The id that a request names, in its stored form. @throws RequestError BAD_REQUEST */
export function idIn({ documentId, persistedQuery }: Asked): string | undefined {
  if (documentId != null) {
    if (typeof documentId !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(documentId)) {
      throw new RequestError('BAD_REQUEST', 'documentId must have 1 to 255 printable ASCII characters.');
    }
    return documentIdOf(documentId);
  }
  if (persistedQuery == null) return undefined;
  const { version, sha256Hash } = persistedQuery as Record<string, unknown>;
  if (version !== 1 || typeof sha256Hash !== 'string' || !/^[0-9a-f]{64}$/i.test(sha256Hash)) {
    throw new RequestError(
      'BAD_REQUEST',
      'extensions.persistedQuery must be { "version": 1, "sha256Hash": <64 hex digits> }.',
    );
  }
  return sha256Hash.toLowerCase();
}

type Given = Record<string, unknown>;
export function inBody(body: unknown): Asked {
  if (Array.isArray(body)) {
    throw new RequestError('BAD_REQUEST', 'Batched operations are not supported: send one operation in each request.');
  }
  if (!isObject(body)) return {};
  const { query, operationName, variables, documentId, extensions } = body;
  const persistedQuery = isObject(extensions) ? extensions.persistedQuery : null;
  return { query, operationName, variables, documentId, persistedQuery };
}

/** The body with the text in place of the id. Apollo does not know about ids. */
export function bodyWith(body: unknown, query: string): Given {
  if (!isObject(body ?? {}))
    throw new RequestError('BAD_REQUEST', 'The body must be an object such as { "variables": { ... } }.');
  const { documentId: _, extensions, ...rest } = (body ?? {}) as Given;
  if (!isObject(extensions)) return { ...rest, query };
  const { persistedQuery: __, ...others } = extensions;
  return { ...rest, query, extensions: others };
}

export function inSearch(search: string): Asked {
  const given = new URLSearchParams(search);
  const extensions = jsonIn(given, 'extensions');
  return {
    query: given.get('query'),
    operationName: given.get('operationName'),
    variables: jsonIn(given, 'variables'),
    documentId: given.get('documentId'),
    persistedQuery: isObject(extensions) ? extensions.persistedQuery : null,
  };
}

/** Text that is not JSON is left to Apollo to refuse. */
function jsonIn(given: URLSearchParams, name: string): unknown {
  try {
    return JSON.parse(given.get(name) ?? 'null');
  } catch {
    return undefined;
  }
}

/**
 * An empty operationName counts as absent, because forms and URLs have no other way to omit a value. Apollo would
 * search for an operation with an empty name.
 */
export function bodyWithoutEmptyName(body: unknown): unknown {
  return isObject(body) && body.operationName === '' ? { ...body, operationName: null } : body;
}

export function searchWithoutEmptyName(search: string): string {
  if (search === '') return search;
  const given = new URLSearchParams(search);
  if (given.get('operationName') !== '') return search;
  given.delete('operationName');
  return `?${given}`;
}

/** The operation name and variables of a request; undefined if their types violate GraphQL over HTTP. */
export function operationIn({
  operationName,
  variables,
}: Asked): { name?: string | null; variables?: Given | null } | undefined {
  if (operationName != null && typeof operationName !== 'string') return undefined;
  if (variables != null && !isObject(variables)) return undefined;
  return { name: operationName, variables };
}

export function searchWith(search: string, query: string): string {
  const given = new URLSearchParams(search);
  const extensions = jsonIn(given, 'extensions');
  given.set('query', query);
  given.delete('documentId');
  if (isObject(extensions)) given.set('extensions', JSON.stringify({ ...extensions, persistedQuery: undefined }));
  return `?${given}`;
}
