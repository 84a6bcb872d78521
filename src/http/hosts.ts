import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../domain/errors';

/** What this machine is called by those who are on it. */
const local = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The name that a request asks for, from its Host alone. X-Forwarded-Host does not count: whoever may send one could name
 * what is asked for here.
 */
const hostOf = ({ headers }: FastifyRequest): string =>
  (headers.host ?? '').toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');

/**
 * Whether a request asks for this machine by a name of its own. A web page anywhere can have its own name lead to 127.0.0.1
 * ("DNS rebinding"): the browser then takes what is there for a part of the page, and sends the page's name along as Host.
 */
export const asksForLocal = (request: FastifyRequest): boolean => local.includes(hostOf(request));

/** Refuses requests for other names: what is here is for whoever sits at this machine, such as the secret of the demo. */
export function onlyFor(app: FastifyInstance, names: readonly string[]): void {
  const allowed = new Set([...local, ...names.map((name) => name.toLowerCase())]);
  app.addHook('onRequest', async (request) => {
    if (allowed.has(hostOf(request))) return;
    const message = `Host must be one of ${[...allowed].join(', ')}. ALLOWED_HOSTS adds names.`;
    throw new RequestError('FORBIDDEN', message);
  });
}
