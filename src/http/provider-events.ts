import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../domain/errors';
import { idOf } from '../domain/key';
import { TooManyWaiting, Turns } from '../domain/turns';
import { EventRefused, GatewayFailure, type ProviderBooks } from '../gateway/port';
import { takeEvent } from '../service/reconciliation';
import type { Services } from '../service/run/services';
import type { EventOutcome, Metrics } from './metrics';

/** Stripe's events have some 10 KB. A longer body is refused before anything is computed over it. */
const longest = 262_144;
/**
 * Events that are worked on at a time: one account has at most half of them. The four connections for work behind replies
 * are needed for payments too, so further events wait here. Stripe sends again what is refused.
 */
const atOnce = 4;
const mostWaiting = 100;

/**
 * POST /gateway/stripe: events of the shared account. POST /gateway/stripe/<entity id>: events of an entity's own account.
 * Each has a secret of its own, so that a forged event costs one computation. No token of ours is needed: the signature
 * says who sends. The reply is 200 only once what follows from the event is committed.
 */
export function providerEvents(
  app: FastifyInstance,
  services: Services,
  books: ProviderBooks | undefined,
  metrics: Pick<Metrics, 'observeEvent'>,
): void {
  // The signature is over the bytes as they came.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  const turns = new Turns(atOnce, mostWaiting);
  const receive = async (request: FastifyRequest, named: string | undefined) => {
    const entityId = named === undefined ? undefined : idOf(named);
    if (!books?.takesEvents(entityId) || (named !== undefined && entityId === undefined)) {
      throw new RequestError('NO_SUCH_PATH', 'No events are taken at this path.');
    }
    let outcome: EventOutcome = 'failed';
    try {
      const event = books.event(entityId, bodyOf(request), String(request.headers['stripe-signature'] ?? ''));
      request.log.info({ event: event.id, type: event.type, account: event.account }, 'event of the payment provider');
      if (event.chargeId !== undefined) {
        const leave = await turns.take(event.account, 1);
        try {
          await takeEvent(services, books, event);
        } finally {
          leave();
        }
      }
      outcome = event.chargeId === undefined ? 'ignored' : 'received';
      return { received: true };
    } catch (error) {
      if (error instanceof EventRefused) outcome = 'refused';
      throw answered(error);
    } finally {
      metrics.observeEvent(outcome);
    }
  };
  const options = { bodyLimit: longest };
  app.post('/gateway/stripe', options, (request) => receive(request, undefined));
  app.post<{ Params: { entity: string } }>('/gateway/stripe/:entity', options, (request) =>
    receive(request, request.params.entity),
  );
}

const bodyOf = ({ body }: FastifyRequest): Buffer => (Buffer.isBuffer(body) ? body : Buffer.alloc(0));

/** The error of the reply. Any 5xx asks Stripe to send the event again, for three days. */
function answered(error: unknown): unknown {
  if (error instanceof EventRefused) return new RequestError('BAD_REQUEST', `Stripe-Signature: ${error.message}.`);
  if (error instanceof TooManyWaiting) return new RequestError('UNAVAILABLE', 'Too many events wait. Send it again.');
  if (error instanceof GatewayFailure)
    return new RequestError('UNAVAILABLE', 'The payment provider cannot be asked at present. Send it again.', error);
  return error;
}
