import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../domain/errors';
import { asksForLocal } from './hosts';
import type { Metrics } from './metrics';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Takes the same time for every wrong token, since it compares digests of equal length. */
function hasToken({ headers }: FastifyRequest, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(given), digest(token));
}

/**
 * Whether a request to a demo comes from this machine for its own user. A request through a proxy that names itself, or from
 * a web page, does not count. A proxy may name itself in no way: Nginx does not, unless it is told to. A demo has nothing to
 * lose by that.
 */
const isLocal = (request: FastifyRequest): boolean =>
  /^(::ffff:)?127\.|^::1$/.test(request.socket.remoteAddress ?? '') &&
  asksForLocal(request) &&
  !['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => name in request.headers);

/**
 * GET /metrics. The metrics tell operation names, the revenue over time and what is broken. Not everybody who reaches the
 * port may read them: clients need the token METRICS_TOKEN. Without it nobody may, but for this machine on a demo.
 */
export function metricsRoute(
  app: FastifyInstance,
  metrics: Metrics,
  { token, demo }: { token: string | undefined; demo: boolean },
): void {
  app.get('/metrics', async (request, reply) => {
    if (token !== undefined) {
      if (!hasToken(request, token))
        throw new RequestError('UNAUTHENTICATED', '/metrics needs the bearer token METRICS_TOKEN.');
    } else if (!demo) {
      throw new RequestError('FORBIDDEN', '/metrics is closed, because METRICS_TOKEN is not set.');
    } else if (!isLocal(request)) {
      throw new RequestError('FORBIDDEN', '/metrics of a demo is for this machine alone unless METRICS_TOKEN is set.');
    }
    const { type, text } = await metrics.collect();
    return reply.type(type).send(text);
  });
}
