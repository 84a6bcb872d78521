import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Limits } from '../domain/limits';
import { timed } from '../service/timed';
import type { Rates } from './rates';

/**
 * Below this plugin, which comes behind `authenticated`, a client has its requests of a minute, and a request its time. Reads
 * end early where their client has gone.
 */
export function limited(app: FastifyInstance, limits: Limits, rates: Rates): void {
  app.decorateRequest('reads', false);
  app.addHook('onRequest', async (request) => rates.count(request.caller!.clientId));
  app.addHook('onSend', (request, reply, body, done) => {
    if (request.caller) reply.headers(rates.headersFor(request.caller.clientId));
    done(null, body);
  });
  app.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) {
      return timed(limits.time, async (counter) => {
        request.counter = counter;
        Object.assign(counter, {
          requestId: request.id,
          clientId: request.caller!.clientId,
          mostWaiting: limits.waiting,
        });
        reply.raw.once('close', () => {
          if (!reply.raw.writableFinished && (request.reads || request.method === 'GET')) counter.limit?.pass();
        });
        return handler.call(this, request, reply);
      });
    };
  });
}
