import { randomUUID } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError, type RequestErrorCode } from '../domain/errors';
import { headerOf, trackIdOf } from './caller-headers';
import { unreadableReply } from './errors';

/* Headers of every reply, and checks of every request, on any path. docs/http.md has the table. */

export interface HeaderOptions {
  /** Origins whose pages may call the API, or `*`. Empty allows none. */
  corsOrigins?: readonly string[];
  /** Seconds for Strict-Transport-Security. 0 leaves the header out, as a server without TLS must. */
  hstsMaxAge?: number;
}

/**
 * The gateway alone makes request ids; a client traces its requests by Zuora-Track-Id. The id always has dashes,
 * because clients of the published API parse it as a UUID.
 */
export const newRequestId = (): string => randomUUID();

/**
 * The headers of @fastify/helmet that matter for JSON. No reply is a page except the playground, which sets its own
 * policy. `same-origin` keeps other sites from embedding a reply, and does not apply to a fetch by CORS.
 */
const secure = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** The headers that a page of another origin may read, besides the headers that browsers always show. */
const exposedHeaders = [
  ...['zuora-request-id', 'zuora-track-id', 'idempotency-replayed', 'retry-after', 'allow'],
  ...['www-authenticate', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'],
  ...['etag', 'deprecation', 'sunset'],
];

/**
 * Headers that may be given only once. A repeated header has two meanings: Node takes the first or joins both, and a
 * proxy in front may take the other.
 */
const once = new Set([
  'host',
  ...['authorization', 'content-type', 'content-encoding', 'idempotency-key'],
  ...['zuora-entity-ids', 'zuora-track-id', 'zuora-version'],
]);

function checkOnce({ rawHeaders, httpVersion }: IncomingMessage): void {
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at].toLowerCase();
    if (!once.has(name)) continue;
    if (seen.has(name)) throw new RequestError('BAD_REQUEST', `${rawHeaders[at]} is given more than once.`);
    seen.add(name);
  }
  if (!seen.has('host') && httpVersion === '1.1') throw new RequestError('BAD_REQUEST', 'Host is missing.');
}

/** Sets the headers of every reply, before any check can refuse the request. */
export function stamp(request: FastifyRequest, reply: FastifyReply, { hstsMaxAge = 0 }: HeaderOptions): void {
  reply.headers(secure).header('zuora-request-id', request.id);
  if (hstsMaxAge > 0) reply.header('strict-transport-security', `max-age=${hstsMaxAge}`);
}

/** Only the API is opened to other origins. Paths for browsers and for operations never are. */
const isApi = (url: string): boolean => /^\/(graphql|v1(?!\/docs(\/|\?|$))|oauth|\.well-known)(\/|\?|$)/.test(url);

export async function headers(app: FastifyInstance, options: HeaderOptions): Promise<void> {
  app.addHook('onRequest', (request, reply, done) => {
    stamp(request, reply, options);
    done();
  });

  const origin = [...(options.corsOrigins ?? [])];
  if (origin.length) {
    // All requested headers are allowed: browsers send no credentials by themselves, so a page has only the rights that
    // it brings.
    const api = { origin, methods: ['GET', 'POST', 'PUT', 'DELETE'], exposedHeaders, maxAge: 600 };
    // Before any refusal: without these headers a page could not read the reason.
    await app.register(cors, {
      delegator: (request, done) => done(null, isApi(request.url) ? api : { origin: false }),
    });
  }

  app.addHook('onRequest', (request, reply, done) => {
    checkOnce(request.raw);
    const trackId = trackIdOf(headerOf(request.headers, 'zuora-track-id'));
    if (trackId) {
      reply.header('zuora-track-id', trackId);
      request.log = request.log.child({ trackId });
    }
    done();
  });
}

const unreadable: Record<string, [code: RequestErrorCode, message: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'All headers together may have at most 16 KB.'],
};

/** The status that a connection got instead of a reply, because the rest of the request could not be read. */
export const unreadableStatus = new WeakMap<Socket, number>();

/**
 * Answers an invalid or incomplete HTTP request, and ends the connection. The log gets no bytes of the request, since
 * Node's error carries them and they may hold a token. `hasOtherReply`: UnderWay.hasOtherReply.
 */
export function refuseUnreadable(
  error: NodeJS.ErrnoException & { reason?: string },
  socket: Socket,
  log: FastifyBaseLogger,
  hasOtherReply: boolean,
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [code, message] = unreadable[error.code ?? ''] ?? [
    'BAD_REQUEST',
    `The request is not valid HTTP/1.1: ${error.reason ?? 'it ends too early'}.`,
  ];
  const requestId = newRequestId();
  log.info({ requestId, code, cause: error.code, reason: message }, 'request refused');
  // The client would take this reply for the reply to another request, which may be carried out.
  if (hasOtherReply) {
    socket.destroy();
    return;
  }
  if (socket.writable) {
    const { status, body } = unreadableReply(code, message, requestId);
    // A client that ends its side in the middle of a request is taken to have gone.
    if (error.code !== 'HPE_INVALID_EOF_STATE') unreadableStatus.set(socket, status);
    const lines = Object.entries({
      ...secure,
      'zuora-request-id': requestId,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    }).map(([name, value]) => `${name}: ${value}`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}
