import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../domain/errors';

/** Names of this machine for clients on the machine itself. */
const local = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The requested host name, from the Host header alone. X-Forwarded-Host is ignored: any client can send it, and could
 * name any host.
 */
const hostOf = ({ headers }: Pick<FastifyRequest, 'headers'>): string =>
  (headers.host ?? '').toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');

/**
 * Whether a request uses a local name of this machine. Any web page can make its own name resolve to 127.0.0.1 ("DNS
 * rebinding"). The browser then takes the gateway for a part of that page, and sends the page's name as Host.
 */
export const asksForLocal = (request: FastifyRequest): boolean => local.includes(hostOf(request));

/**
 * Refuses requests for host names that are neither local nor in `names`. A demo, whose page holds the client's secret, is
 * only for users of this machine.
 */
export function onlyFor(app: FastifyInstance, names: readonly string[]): void {
  const check = hostCheck(names);
  app.addHook('onRequest', (request, _reply, done) => {
    check(request);
    done();
  });
}

/** The check of `onlyFor`, also for requests that do not come by way of Fastify. @throws RequestError FORBIDDEN */
export function hostCheck(names: readonly string[]): (request: Pick<FastifyRequest, 'headers'>) => void {
  const allowed = new Set([...local, ...names.map((name) => name.toLowerCase())]);
  return (request) => {
    if (allowed.has(hostOf(request))) return;
    const message = `Host must be one of ${[...allowed].join(', ')}. ALLOWED_HOSTS adds names.`;
    throw new RequestError('FORBIDDEN', message);
  };
}
