import { randomUUID } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError, type RequestErrorCode } from '../domain/errors';
import { headerOf, trackIdOf } from './caller-headers';
import { unreadableReply } from './errors';

/* What every reply says and every request is held to, whatever its path: docs/http.md has the table. */

export interface HeaderOptions {
  /** Origins whose pages may call the API, or `*`; none where empty. */
  corsOrigins?: readonly string[];
  /** Seconds for Strict-Transport-Security; 0 leaves it out, as what speaks no TLS itself has to. */
  hstsMaxAge?: number;
}

/**
 * A request's id is ours alone; a client traces its requests by Zuora-Track-Id. It has its dashes everywhere: clients of the
 * published API parse it as a UUID.
 */
export const newRequestId = (): string => randomUUID();

/**
 * Of @fastify/helmet's headers those that mean something to JSON. No reply of ours is a page, but for the playground,
 * which sets a policy of its own. `same-origin` keeps other sites from embedding a reply; a fetch by CORS is not subject
 * to it.
 */
const secure = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** What a page of another origin may read of a reply, beside what browsers always show. */
const exposedHeaders = [
  ...['zuora-request-id', 'zuora-track-id', 'idempotency-replayed', 'write-position', 'retry-after', 'allow'],
  ...['www-authenticate', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'],
  ...['etag', 'deprecation', 'sunset'],
];

/**
 * Given twice, each of these says two things, of which Node would take the first or join both, and a proxy before us
 * perhaps the other.
 */
const once = new Set([
  'host',
  ...['authorization', 'content-type', 'content-encoding', 'idempotency-key', 'write-position'],
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

/** Puts on a reply what none may lack, before anything about its request can be refused. */
export function stamp(request: FastifyRequest, reply: FastifyReply, { hstsMaxAge = 0 }: HeaderOptions): void {
  reply.headers({ ...secure, 'zuora-request-id': request.id });
  if (hstsMaxAge > 0) reply.header('strict-transport-security', `max-age=${hstsMaxAge}`);
}

/** The API, as distinct from what is for browsers and for operations: that is never opened to other origins. */
const isApi = (url: string): boolean => /^\/(graphql|v1|oauth|\.well-known)(\/|\?|$)/.test(url);

export async function headers(app: FastifyInstance, options: HeaderOptions): Promise<void> {
  app.addHook('onRequest', async (request, reply) => stamp(request, reply, options));

  const origin = [...(options.corsOrigins ?? [])];
  if (origin.length) {
    // Headers that are asked for are allowed: nothing is sent along by itself, so that a page has no more than it brings.
    const api = { origin, methods: ['GET', 'POST', 'PUT', 'DELETE'], exposedHeaders, maxAge: 600 };
    // Before anything is refused: a page could not read why.
    await app.register(cors, {
      delegator: (request, done) => done(null, isApi(request.url) ? api : { origin: false }),
    });
  }

  app.addHook('onRequest', async (request, reply) => {
    checkOnce(request.raw);
    const trackId = trackIdOf(headerOf(request.headers, 'zuora-track-id'));
    if (!trackId) return;
    reply.header('zuora-track-id', trackId);
    request.log = request.log.child({ trackId });
  });
}

const unreadable: Record<string, [code: RequestErrorCode, message: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'All headers together may have at most 16 KB.'],
};

/** The status that a connection got in place of its request's reply, since the rest of the request could not be read. */
export const unreadableStatus = new WeakMap<Socket, number>();

/**
 * Answers what is no HTTP request, or not a whole one, and ends the connection. The log gets no byte of it, since those
 * may be a token, which Node's error carries along. `owesReply`: a request that came before it on the connection has no reply yet.
 */
export function refuseUnreadable(
  error: NodeJS.ErrnoException & { reason?: string },
  socket: Socket,
  log: FastifyBaseLogger,
  owesReply: boolean,
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [code, message] = unreadable[error.code ?? ''] ?? [
    'BAD_REQUEST',
    `The request is not valid HTTP/1.1: ${error.reason ?? 'it ends too early'}.`,
  ];
  const requestId = newRequestId();
  log.info({ requestId, code, cause: error.code, reason: message }, 'request refused');
  // A client would take this for the reply to the request before, which may be carried out.
  if (owesReply) {
    socket.destroy();
    return;
  }
  if (socket.writable) {
    const { status, body } = unreadableReply(code, message, requestId);
    // A client that ends its side in the middle of a request has gone, as far as anybody can tell.
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
