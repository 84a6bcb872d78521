import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import Negotiator from 'negotiator';

const mediaTypes = ['application/json; charset=utf-8', 'application/graphql-response+json; charset=utf-8'];

const eventStream = 'text/event-stream';

/** Whether a client takes server-sent events. Some name them in every Accept, beside what they prefer. */
export const acceptsEvents = ({ headers }: FastifyRequest): boolean =>
  !headers.accept || new Negotiator({ headers }).mediaType([eventStream]) !== undefined;

/** Whether a client asks for server-sent events by name, and accepts no other form of a reply. */
export const wantsEvents = (request: FastifyRequest): boolean =>
  acceptsEvents(request) && /text\/event-stream/i.test(request.headers.accept ?? '') && !mediaTypeFor(request);

/** The forms of an export, with their media types. */
export const exportTypes = {
  jsonl: 'application/jsonl; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
} as const;
export type ExportForm = keyof typeof exportTypes;

/**
 * The form of an export that a client asks for by name, and prefers to a usual reply. Undefined for all others: a browser
 * accepts everything.
 */
export function exportFormFor({ method, headers }: FastifyRequest): ExportForm | undefined {
  if (method !== 'POST' || !/application\/jsonl|text\/csv/i.test(headers.accept ?? '')) return undefined;
  const preferred = new Negotiator({ headers }).mediaType([...mediaTypes, ...Object.values(exportTypes)]);
  return preferred === exportTypes.jsonl ? 'jsonl' : preferred === exportTypes.csv ? 'csv' : undefined;
}

/** By Accept. Clients send few different ones, and each request asks twice. */
const known = new LRUCache<string, { type?: string }>({ max: 100 });

/** The media type of a GraphQL reply that a client prefers; undefined if it accepts neither. */
export function mediaTypeFor(request: FastifyRequest): string | undefined {
  const { accept } = request.headers;
  // An empty Accept counts as absent, as it does for Apollo.
  if (!accept) return mediaTypes[0];
  let found = known.get(accept);
  if (!found) {
    found = { type: new Negotiator(request).mediaType(mediaTypes) };
    known.set(accept, found);
  }
  return found.type;
}
