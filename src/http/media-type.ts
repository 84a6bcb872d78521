import type { FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';

const mediaTypes = ['application/json; charset=utf-8', 'application/graphql-response+json; charset=utf-8'];

/** The form of a GraphQL reply that a client prefers, or undefined where it wants none of the two. */
export function mediaTypeFor(request: FastifyRequest): string | undefined {
  // An empty one counts as none, as it does for Apollo.
  return request.headers.accept ? new Negotiator(request).mediaType(mediaTypes) : mediaTypes[0];
}
