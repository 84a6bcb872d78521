import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../domain/errors';
import { asksForLocal } from './hosts';
import type { Metrics } from './metrics';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Takes the same time for every wrong token: digests of equal length are compared to their end. */
function hasToken({ headers }: FastifyRequest, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(given), digest(token));
}

/** Asked from this machine, and not on behalf of somebody else: by a proxy that runs on it and says so, or by a web page. */
const isLocal = (request: FastifyRequest): boolean =>
  /^(::ffff:)?127\.|^::1$/.test(request.socket.remoteAddress ?? '') &&
  asksForLocal(request) &&
  !['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => name in request.headers);

/**
 * GET /metrics. It tells the names of operations, how much is earned when and what is broken, which is not for everybody
 * who reaches the port: with a token for who has that, without for this machine alone.
 */
export function metricsRoute(app: FastifyInstance, metrics: Metrics, token: string | undefined): void {
  app.get('/metrics', async (request, reply) => {
    if (token !== undefined) {
      if (!hasToken(request, token))
        throw new RequestError('UNAUTHENTICATED', '/metrics needs the bearer token METRICS_TOKEN.');
    } else if (!isLocal(request)) {
      throw new RequestError('FORBIDDEN', '/metrics is for this machine alone unless METRICS_TOKEN is set.');
    }
    const { type, text } = await metrics.collect();
    return reply.type(type).send(text);
  });
}
