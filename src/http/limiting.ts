import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Limits } from '../domain/limits';
import { timed } from '../service/run/time-limit';
import type { Rates } from './rates';
import type { Unsent } from './unsent';

/**
 * Below this plugin, which comes behind `authenticated`, a client has its requests of a minute, reads its replies, and a
 * request has its time. Reads end early where their client has gone.
 */
export function limited(app: FastifyInstance, limits: Limits, rates: Rates, unsent: Unsent): void {
  app.decorateRequest('reads', false);
  app.addHook('onRequest', async (request) => {
    const { clientId } = request.caller!;
    rates.count(clientId);
    unsent.admit(clientId);
  });
  app.addHook('onSend', (request, reply, body, done) => {
    if (request.caller) reply.headers(rates.headersFor(request.caller.clientId));
    // How long the client takes to read is another matter (unsent.ts).
    request.counter?.limit?.stop();
    done(null, body);
  });
  app.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) {
      return timed(limits.time, async (counter) => {
        // Once more: many requests that come at once all find nothing unread.
        unsent.admit(request.caller!.clientId);
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
