import type { FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';

const mediaTypes = ['application/json; charset=utf-8', 'application/graphql-response+json; charset=utf-8'];

/** The media type of a GraphQL reply that a client prefers; undefined if it accepts neither. */
export function mediaTypeFor(request: FastifyRequest): string | undefined {
  // An empty Accept counts as absent, as it does for Apollo.
  return request.headers.accept ? new Negotiator(request).mediaType(mediaTypes) : mediaTypes[0];
}
