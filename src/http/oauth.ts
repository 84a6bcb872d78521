import { isIP } from 'node:net';
import type { FastifyError, FastifyPluginAsync } from 'fastify';
import { RequestError } from '../domain/errors';
import { idOf } from '../domain/key';
import type { Identity } from './auth';

const perMinute = 100;
const minute = 60_000;
const mostAddresses = 10_000;

/** An error of RFC 6749, section 5.2, in the form that OAuth libraries read. */
class TokenError extends Error {
  constructor(
    readonly statusCode: number,
    readonly error: 'invalid_request' | 'invalid_client' | 'unsupported_grant_type' | 'temporarily_unavailable',
    description: string,
  ) {
    super(description);
  }
}

/**
 * What counts as one address. Of IPv6 that is a network of 64 bits, which every host has to itself: by single addresses
 * one host would be as many as it likes. A proxy that is believed may still pass on what is no address.
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
 * Token requests per address, the published 100 per minute in fixed minutes. It lives in the memory of this process:
 * several processes behind one address allow as many times more. Behind a proxy, TRUST_PROXY says whose address counts.
 * It knows 10,000 addresses; beyond that the one seen first is forgotten.
 */
class AddressLimit {
  private readonly windows = new Map<string, { count: number; ends: number }>();

  /** Counts a request; how many seconds to wait where it is one too many, else 0. */
  take(address: string, now = Date.now()): number {
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

/** POST /oauth/token: the client credentials grant, with the credentials in the form and not in a header. */
export function oauth(identity: Pick<Identity, 'issue'>): FastifyPluginAsync {
  return async (app) => {
    const limit = new AddressLimit();
    // A plugin has content types of its own: the form is read here and nowhere else, and nothing else is read here.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: 4_096 },
      (_request, body, done) => done(null, new URLSearchParams(body as string)),
    );

    app.setErrorHandler((error: FastifyError | TokenError, request, reply) => {
      const status = error.statusCode ?? 500;
      // What is not the client's doing is for the error handler of the whole server.
      if (status >= 500) throw error;
      const name = error instanceof TokenError ? error.error : 'invalid_request';
      const description =
        error instanceof TokenError
          ? error.message
          : `${error.message}. Send an application/x-www-form-urlencoded form.`;
      request.codes = [name];
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
        `More than ${perMinute} token requests in a minute from this address. Use a token until it expires.`,
      );
    });

    app.post('/oauth/token', async (request) => {
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
      const grantType = field(form, 'grant_type');
      if (grantType !== 'client_credentials') {
        throw new TokenError(400, 'unsupported_grant_type', 'grant_type must be client_credentials.');
      }
      const clientId = field(form, 'client_id');
      const secret = field(form, 'client_secret');
      if (idOf(clientId) === undefined) {
        throw new TokenError(401, 'invalid_client', 'A client_id is a UUID of 36 characters.');
      }
      try {
        return await identity.issue(clientId, secret);
      } catch (error) {
        if (!(error instanceof RequestError) || error.code !== 'UNAUTHENTICATED') throw error;
        throw new TokenError(401, 'invalid_client', error.message);
      }
    });
  };
}

function field(form: URLSearchParams, name: string): string {
  const values = form.getAll(name);
  if (values.length === 1 && values[0] !== '') return values[0];
  const what = values.length > 1 ? `${name} is given more than once.` : `${name} is missing.`;
  throw new TokenError(
    400,
    'invalid_request',
    `${what} The form takes grant_type, client_id and client_secret, once each.`,
  );
}
