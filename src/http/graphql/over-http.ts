import { type ApolloServer, type BaseContext, HeaderMap } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from '../../domain/errors';
import type { Reply } from '../../service/run/idempotency';
import { exportFormFor, mediaTypeFor, wantsEvents } from '../media-type';

/* GraphQL over HTTP: the code between Fastify and an Apollo server, for any schema and context. */

/** Adds a GraphQL route: POST, and GET for queries. */
export function graphqlOverHttp(
  app: FastifyInstance,
  url: string,
  handler: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>,
): void {
  app.route({
    ...{ method: ['GET', 'POST'], url, exposeHeadRoute: false, preHandler: checkAccept, handler },
    // Each root field names its own scope (graph/build/schema.ts).
    config: { scope: null },
  });
}

/** A reply with its body as a string, or as the bytes that PostgreSQL sent (stringify.ts). */
export type Rendered = Omit<Reply, 'body'> & { body: string | Buffer };

/** The rendered reply of an Apollo server. `search` replaces the query string of the URL. */
export async function answer<C extends BaseContext>(
  apollo: ApolloServer<C>,
  request: FastifyRequest,
  context: () => Promise<C>,
  search = searchOf(request.url),
): Promise<Rendered> {
  const { method, body } = request;
  const httpGraphQLRequest = { method, headers: headersOf(request), search, body };
  const response = await apollo.executeHTTPGraphQLRequest({ httpGraphQLRequest, context });
  if (response.body.kind !== 'complete') throw new Error('incremental delivery is not served');
  return {
    status: response.status ?? 200,
    headers: Object.fromEntries(response.headers),
    body: response.body.string,
  };
}

/** The query string of a URL, with its question mark. */
export const searchOf = (url: string): string => (url.includes('?') ? url.slice(url.indexOf('?')) : '');

/**
 * Checked before execution: Apollo would refuse only after a mutation was carried out. Apollo uses the same negotiator,
 * so both agree.
 */
function checkAccept(request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  if (request.method !== 'POST' || mediaTypeFor(request) || wantsEvents(request) || exportFormFor(request)) {
    done();
    return;
  }
  const allowed =
    'application/json, application/graphql-response+json, text/event-stream, application/jsonl or text/csv';
  throw new RequestError('NOT_ACCEPTABLE', `Accept must allow ${allowed}, in UTF-8.`);
}

function headersOf(request: FastifyRequest): HeaderMap {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
}
