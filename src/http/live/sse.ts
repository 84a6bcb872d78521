import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from '../../domain/errors';
import type { Operation } from '../../graph/guard/operation';
import { extensionsOf, failureOf } from '../failure';
import type { Ending, Live, Session } from './live';
import type { Answer } from './subscriber';

/*
 * Subscriptions as server-sent events, in the "distinct connections mode" of graphql-sse: a request for each, and the
 * events "next" and "complete". The handler of graphql-sse itself takes answers as they come and keeps them for a client
 * that does not read.
 */

/** A comment, for proxies that end connections without traffic. */
const ping = ':\n\n';
const pingEveryMs = 12_000;

const event = (name: string, data: string): string => `event: ${name}\ndata: ${data}\n\n`;

const errorEvent = (error: unknown, requestId: string): string => {
  const failure = failureOf(error, requestId);
  return event('next', JSON.stringify({ errors: [{ message: failure.message, extensions: extensionsOf(failure) }] }));
};

/** Sends the answers to a subscription until the client leaves. */
export function sendEvents(
  live: Live,
  operation: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { headers, id: requestId } = request;
  let ending: Ending | undefined;
  const session: Session = {
    ...{ caller: request.caller!, headers, requestId },
    end(reason) {
      ending = reason;
      live.close(session);
    },
  };
  live.open(session);
  let answers: AsyncGenerator<Answer>;
  try {
    answers = live.subscribe(session, operation, requestId);
  } catch (error) {
    live.close(session);
    throw error;
  }
  if (reply.raw.destroyed) live.close(session);
  else reply.raw.once('close', () => live.close(session));
  request.streams = true;
  reply.header('content-type', 'text/event-stream; charset=utf-8');
  // Nginx would gather the events otherwise.
  reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no');
  return reply.send(
    Readable.from(
      eventsOf(answers, requestId, () => ending),
      { objectMode: false },
    ),
  );
}

async function* eventsOf(answers: AsyncGenerator<Answer>, requestId: string, ending: () => Ending | undefined) {
  let tick: NodeJS.Timeout | undefined;
  try {
    yield ping;
    let next = answers.next();
    for (;;) {
      const pause = new Promise<'ping'>((resolve) => {
        tick = setTimeout(resolve, pingEveryMs, 'ping');
      });
      const turn = await Promise.race([next, pause]);
      clearTimeout(tick);
      if (turn === 'ping') {
        yield ping;
        continue;
      }
      if (turn.done) break;
      yield event('next', turn.value.text);
      next = answers.next();
    }
    const reason = ending();
    if (reason?.kind === 'refused') yield errorEvent(reason.error, requestId);
    // Without "complete", the client connects again.
    if (reason && reason.kind !== 'refused') return;
  } catch (error) {
    yield errorEvent(error, requestId);
  } finally {
    clearTimeout(tick);
    await answers.return(undefined);
  }
  yield event('complete', '');
}

export const notStreamed = () =>
  new RequestError(
    'NOT_ACCEPTABLE',
    'A subscription is sent as server-sent events: Accept must allow text/event-stream. Or subscribe over a WebSocket.',
  );
