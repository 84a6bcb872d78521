import { RequestError } from '../../domain/errors';
import { documentIdOf } from '../../domain/registered-document';

/* How requests name a document, and how they are made to be as if they had sent it. */

/** What a request says about its document. Values are the client's, and may be anything. */
export interface Asked {
  query?: unknown;
  operationName?: unknown;
  variables?: unknown;
  /** GraphQL over HTTP, appendix A; Relay and the GraphQL Code Generator. */
  documentId?: unknown;
  /** Apollo: `{ version: 1, sha256Hash }`. */
  persistedQuery?: unknown;
}

/** The id that a request names, in the form in which it is kept. @throws RequestError BAD_REQUEST */
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
const isObject = (value: unknown): value is Given =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function inBody(body: unknown): Asked {
  if (Array.isArray(body)) {
    throw new RequestError('BAD_REQUEST', 'Batched operations are not supported: send one operation in each request.');
  }
  if (!isObject(body)) return {};
  const { query, operationName, variables, documentId, extensions } = body;
  const persistedQuery = isObject(extensions) ? extensions.persistedQuery : null;
  return { query, operationName, variables, documentId, persistedQuery };
}

/** As if the text had been sent: Apollo is not told of ids. */
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

/** What is no JSON is left for Apollo to refuse. */
function jsonIn(given: URLSearchParams, name: string): unknown {
  try {
    return JSON.parse(given.get(name) ?? 'null');
  } catch {
    return undefined;
  }
}

/** An empty operationName counts as none: forms and URLs cannot leave a value out in another way. Apollo would look for it. */
export function bodyWithoutEmptyName(body: unknown): unknown {
  return isObject(body) && body.operationName === '' ? { ...body, operationName: null } : body;
}

export function searchWithoutEmptyName(search: string): string {
  const given = new URLSearchParams(search);
  if (given.get('operationName') !== '') return search;
  given.delete('operationName');
  return `?${given}`;
}

/** What a request says about the operation to run; undefined where it has another form than GraphQL over HTTP allows. */
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
