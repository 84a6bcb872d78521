import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Limits } from '../domain/limits';
import { timed } from '../service/run/time-limit';
import type { Rates } from './rates';
import type { Unsent } from './unsent';

/**
 * Below this plugin each client has its rate limits and its bound on unread replies, and each request has its time
 * limit. The plugin must follow `authenticated`. A read is ended early if its client has gone.
 */
export function limited(app: FastifyInstance, limits: Limits, rates: Rates, unsent: Unsent): void {
  app.decorateRequest('reads', false);
  app.addHook('onRequest', (request, _reply, done) => {
    const { clientId } = request.caller!;
    rates.count(clientId);
    unsent.admit(clientId);
    done();
  });
  app.addHook('onSend', (request, reply, body, done) => {
    if (request.caller) reply.headers(rates.headersFor(request.caller.clientId));
    // unsent.ts limits how long the client takes to read.
    request.counter?.limit?.stop();
    done(null, body);
  });
  app.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) {
      return timed(limits.time, async (counter) => {
        // Checked again: concurrent requests all found no unread reply at first.
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
