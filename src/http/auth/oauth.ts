import { isIP } from 'node:net';
import type { FastifyError, FastifyPluginAsync, FastifyRequest } from 'fastify';
import { scopes } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import { idOf } from '../../domain/key';
import type { Identity } from './identity';
import { ScopeError } from './own-token';

const perMinute = 100;
const minute = 60_000;
const mostAddresses = 10_000;

/** An error of RFC 6749, section 5.2, in the form that OAuth libraries read. */
class TokenError extends Error {
  constructor(
    readonly statusCode: number,
    readonly error:
      | 'invalid_request'
      | 'invalid_client'
      | 'invalid_scope'
      | 'unsupported_grant_type'
      | 'temporarily_unavailable',
    description: string,
  ) {
    super(description);
  }
}

/**
 * The address that rate limits count. For IPv6 it is the network of 64 bits, since a host has the whole network and
 * could use any number of addresses. Even a trusted proxy may pass on a text that is no address.
 */
export function addressOf(ip: string): string {
  if (isIP(ip) !== 6) return isIP(ip) ? ip : 'none';
  const mapped = /^::ffff:([\d.]+)$/i.exec(ip)?.[1];
  if (mapped) return mapped;
  const [head, tail] = ip
    .split('%')[0]
    .split('::')
    .map((part) => part.split(':').filter(Boolean));
  const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail] : head;
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/**
 * Limits token requests per address to the published 100 per minute, in fixed minutes. The counts are in the memory of
 * this process, so several processes behind one address allow as many times more. Behind a proxy, TRUST_PROXY decides
 * which address counts. At most 10,000 addresses are counted; beyond that the address seen first is forgotten.
 */
class AddressLimit {
  private readonly windows = new Map<string, { count: number; ends: number }>();

  /** Counts a request. Returns the seconds to wait if the request exceeds the limit, else 0. */
  take(address: string, now = performance.now()): number {
    let window = this.windows.get(address);
    if (!window || window.ends <= now) {
      this.windows.delete(address);
      if (this.windows.size >= mostAddresses) this.windows.delete(this.windows.keys().next().value as string);
      window = { count: 0, ends: now + minute };
      this.windows.set(address, window);
    }
    window.count++;
    return window.count > perMinute ? Math.ceil((window.ends - now) / 1000) : 0;
  }
}

/** The scheme of RFC 6749, section 2.3.1. No other scheme signs a client in here. */
const basic = /^Basic(?: +|$)/i;

interface OauthOptions {
  /** The public origin of the gateway. The default is the origin that the request came to. */
  publicUrl?: string;
}

/** POST /oauth/token, the client credentials grant, and its metadata for OAuth libraries. */
export function oauth(identity: Pick<Identity, 'issue'>, { publicUrl }: OauthOptions = {}): FastifyPluginAsync {
  return async (app) => {
    await app.register(tokenEndpoint(identity));

    // RFC 8414. Must not be cached: without a configured origin, the reply depends on this one request.
    app.get('/.well-known/oauth-authorization-server', async (request, reply) => {
      const issuer = publicUrl ?? originOf(request);
      reply.header('cache-control', 'no-store');
      return {
        issuer,
        token_endpoint: `${issuer}/oauth/token`,
        grant_types_supported: ['client_credentials'],
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
        scopes_supported: scopes,
        response_types_supported: [],
      };
    });
  };
}

/**
 * The origin that a request came to: its Host, or the host that a trusted proxy reports. A client that forges Host
 * misleads only itself. A value that is no host and port is refused, since it would inject other text into the
 * addresses.
 */
function originOf({ protocol, host }: FastifyRequest): string {
  const origin = `${protocol}://${host}`;
  if (!/^https?:\/\/[\w.:[\]-]+$/.test(origin) || !URL.canParse(origin)) {
    throw new RequestError('BAD_REQUEST', 'Host must be a host name or an IP address, with an optional port.');
  }
  return new URL(origin).origin;
}

function tokenEndpoint(identity: Pick<Identity, 'issue'>): FastifyPluginAsync {
  return async (app) => {
    const limit = new AddressLimit();
    // Content types are per plugin: forms are parsed here and nowhere else, and nothing else is parsed here.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: 4_096 },
      (_request, body, done) => done(null, new URLSearchParams(body as string)),
    );

    app.setErrorHandler((error: FastifyError | TokenError, request, reply) => {
      const status = error.statusCode ?? 500;
      // Faults of the server go to the error handler of the whole server.
      if (status >= 500) throw error;
      const name = error instanceof TokenError ? error.error : 'invalid_request';
      const description =
        error instanceof TokenError
          ? error.message
          : `${error.message}. Send an application/x-www-form-urlencoded form.`;
      request.codes = [name];
      if (status === 401 && basic.test(request.headers.authorization ?? '')) {
        reply.header('www-authenticate', 'Basic realm="oauth", charset="UTF-8"');
      }
      return reply.code(status).send({ error: name, error_description: description });
    });

    app.addHook('onRequest', async (request, reply) => {
      reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
      const wait = limit.take(addressOf(request.ip));
      if (wait === 0) return;
      reply.header('retry-after', wait);
      throw new TokenError(
        429,
        'temporarily_unavailable',
        `This address has sent more than ${perMinute} token requests in a minute. Use a token until it expires.`,
      );
    });

    app.post('/oauth/token', async (request) => {
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
      const grantType = field(form, 'grant_type');
      if (grantType !== 'client_credentials') {
        throw new TokenError(400, 'unsupported_grant_type', 'grant_type must be client_credentials.');
      }
      const { clientId, secret } = credentialsOf(request.headers.authorization, form);
      if (idOf(clientId) === undefined) {
        throw new TokenError(401, 'invalid_client', 'client_id must be a UUID of 36 characters.');
      }
      const wanted = (optional(form, 'scope') ?? '').split(' ').filter(Boolean);
      try {
        return await identity.issue(clientId, secret, wanted);
      } catch (error) {
        if (error instanceof ScopeError) throw new TokenError(400, 'invalid_scope', error.message);
        if (!(error instanceof RequestError) || error.code !== 'UNAUTHENTICATED') throw error;
        throw new TokenError(401, 'invalid_client', error.message);
      }
    });
  };
}

interface Credentials {
  clientId: string;
  secret: string;
}

/**
 * Reads the credentials from the HTTP Basic header or from the form, but not from both (RFC 6749, section 2.3). An
 * equal client_id beside the header is accepted, since some libraries always send it.
 */
function credentialsOf(authorization: string | undefined, form: URLSearchParams): Credentials {
  if (authorization === undefined || !basic.test(authorization)) {
    return { clientId: field(form, 'client_id'), secret: field(form, 'client_secret') };
  }
  const credentials = basicCredentials(authorization.replace(basic, ''));
  if (optional(form, 'client_secret') !== undefined) {
    throw new TokenError(400, 'invalid_request', 'The client signs in by HTTP Basic and by the form: use one of them.');
  }
  const clientId = optional(form, 'client_id');
  if (clientId !== undefined && idOf(clientId) !== idOf(credentials.clientId)) {
    throw new TokenError(400, 'invalid_request', 'The header and the form name different clients.');
  }
  return credentials;
}

/** Each part is form-encoded before the two are joined, so that an id may hold a colon. */
function basicCredentials(encoded: string): Credentials {
  // Buffer accepts any text, and skips what is no base64.
  const text = /^[A-Za-z0-9+/]+=*$/.test(encoded) ? Buffer.from(encoded, 'base64').toString() : '';
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  try {
    const decoded = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));
    if (id && secret) return { clientId: decoded(id), secret: decoded(secret) };
  } catch {
    // A "%" that does not begin an escape.
  }
  throw new TokenError(
    401,
    'invalid_client',
    'Basic must be followed by the base64 of client_id:client_secret, each encoded as in a form.',
  );
}

/** A parameter may be given once. An empty parameter counts as absent (RFC 6749, section 3.2). */
function optional(form: URLSearchParams, name: string): string | undefined {
  const values = form.getAll(name);
  if (values.length > 1) throw invalid(`${name} is given more than once.`);
  return values[0] || undefined;
}

function field(form: URLSearchParams, name: string): string {
  const value = optional(form, name);
  if (value === undefined) throw invalid(`${name} is missing.`);
  return value;
}

const invalid = (what: string): TokenError =>
  new TokenError(
    400,
    'invalid_request',
    `${what} The form may have grant_type, scope, client_id and client_secret, once each. An Authorization header may replace the last two.`,
  );
