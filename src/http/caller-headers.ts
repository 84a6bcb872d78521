import type { IncomingHttpHeaders } from 'node:http';
import { RequestError } from '../domain/errors';
import { idOf } from '../domain/key';

/* The headers by which a client narrows its grants for one request. */

/** Repeated headers arrive as one header, joined by commas. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

export function trackIdOf(header: string | undefined): string | null {
  if (header === undefined || header === '') return null;
  if (header.length <= 64 && /^[ -~]+$/.test(header) && !/[:;"']/.test(header)) return header;
  throw new RequestError(
    'BAD_REQUEST',
    'Zuora-Track-Id must have at most 64 printable US-ASCII characters, without colons, semicolons and quotes.',
  );
}

/**
 * The entity of a request, and the orgs that its client may see there. `undecided`: the client has several entities and
 * the request names none.
 */
export function entityOf(
  entities: ReadonlyMap<string, readonly string[]>,
  header: string | undefined,
): { id: string; orgs: readonly string[] } | { undecided: RequestError } {
  if (entities.size === 0) throw new RequestError('FORBIDDEN', 'The client has no entity.');
  const own = () => some([...entities.keys()]);
  if (header === undefined) {
    if (entities.size > 1) {
      const message = `The client has several entities: name one in Zuora-Entity-Ids. ${own()}`;
      return { undecided: new RequestError('BAD_REQUEST', message) };
    }
    const [[id, orgs]] = entities;
    return { id, orgs };
  }
  const id = idOf(header);
  if (id === undefined) {
    throw new RequestError(
      'BAD_REQUEST',
      'Zuora-Entity-Ids must be one entity id: 32 hex digits, with or without dashes.',
    );
  }
  const orgs = entities.get(id);
  if (!orgs) throw new RequestError('FORBIDDEN', `The client has no entity ${id} (Zuora-Entity-Ids). ${own()}`);
  return { id, orgs };
}

/** The orgs that a request sees, out of the orgs of its client. */
export function orgsOf(own: readonly string[], header: string | undefined): readonly string[] {
  if (own.length === 0) throw new RequestError('FORBIDDEN', 'The client has no org in this entity.');
  if (header === undefined) return own;
  const ids = header.split(',').map((part) => idOf(part.trim()));
  if (ids.includes(undefined)) {
    throw new RequestError(
      'BAD_REQUEST',
      'Zuora-Org-Ids must be org ids, separated by commas: 32 hex digits each, with or without dashes. Without this header, all orgs are included.',
    );
  }
  const wanted = new Set(ids as string[]);
  const known = new Set(own);
  const foreign = [...wanted].filter((id) => !known.has(id));
  if (foreign.length > 0) {
    throw new RequestError(
      'FORBIDDEN',
      `The client has no org ${foreign[0]} in this entity (Zuora-Org-Ids). ${some(own)}`,
    );
  }
  return [...wanted];
}

/** The first few allowed ids, for a message. */
const some = (ids: readonly string[]): string =>
  `The client may use ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ` and ${ids.length - 5} more` : ''}.`;
