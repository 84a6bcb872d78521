import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../domain/errors';
import { LimitError, type Limits } from '../domain/limits';
import { Turns } from '../domain/turns';
import { turn } from '../graph/event-loop';
import { QuotingError } from './errors';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of its body, inflated. */
    bodyBytes: number;
    /** Its body or its reply is large: it is worked on by turns. */
    isLarge: boolean;
    /** To be called at the end of the request. */
    leaveBody?: () => void;
  }
}

/** Bodies up to this length are read at once. */
const smallBody = 32_768;
/**
 * Bytes of the bodies that are worked on at a time: a body of 2 MB takes up to 60 MB once it is read. So many more may wait for
 * each client.
 */
const bodiesAtATime = 8_388_608;
const mostBodies = 32;
const tooManyBodies = `${mostBodies} requests of the client with large bodies wait for their turn already. Send fewer at a time.`;

/**
 * To be awaited before a whole body is gone through: parsed, looked at, coerced, hashed. Each takes some 50 milliseconds with the
 * 600,000 values that a body may have, and sixteen requests that came together took all of their steps in one turn.
 */
export function turnFor({ bodyBytes }: FastifyRequest): Promise<void> | undefined {
  return bodyBytes > smallBody ? turn(bodyBytes / 20) : undefined;
}

/** Below this plugin bodies are JSON, and nothing else: text would come through as a string. */
export function jsonBodies(app: FastifyInstance, { values: mostValues }: Limits): void {
  app.decorateRequest('bodyBytes', 0);
  app.decorateRequest('isLarge', false);
  app.decorateRequest('leaveBody', undefined);
  const bodies = new Turns(bodiesAtATime, mostBodies);
  app.removeContentTypeParser(['text/plain', 'application/json']);
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    // Clients that always name a content type send it with a DELETE too.
    if (body.length === 0 && request.method === 'DELETE') return done(null, undefined);
    const charset = /charset\s*=\s*"?([^\s";]*)/i.exec(request.headers['content-type']!)?.[1];
    if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
      return done(new RequestError('UNSUPPORTED_MEDIA_TYPE', `JSON is sent in UTF-8, not in ${charset}.`));
    }
    // Read as text they would become question marks, and be stored.
    if (!isUtf8(body)) return done(new RequestError('BAD_REQUEST', 'The body holds bytes that are not UTF-8.'));
    request.bodyBytes = body.length;
    request.isLarge = body.length > smallBody;
    const read = () => {
      const text = body.toString();
      parse(request, text, (error, value) => {
        if (error && text !== '') done(new QuotingError('BAD_REQUEST', whyNotJson(text), 'The body is not JSON.'));
        else done(error, value);
      });
    };
    if (!request.isLarge) return read();
    bodies.take(request.caller!.clientId, body.length).then(
      async (leave) => {
        request.leaveBody = leave;
        await turnFor(request);
        read();
      },
      () => done(new LimitError({ limit: 'waiting', allowed: mostBodies }, tooManyBodies, 1)),
    );
  });
  app.addHook('preValidation', async (request) => {
    await turnFor(request);
    checkShape(request.body, mostValues);
  });
  // What reads the body further does so ahead of its first statement.
  app.addHook('preHandler', async (request) => turnFor(request));
}

/** Fastify says only that it is none; the parser says what is wrong and where. */
function whyNotJson(body: string): string {
  try {
    JSON.parse(body);
    return 'The body is refused: no object in it may have a field __proto__, or a constructor with a prototype.';
  } catch (error) {
    return `The body is not JSON: ${(error as Error).message}.`;
  }
}

const deepestBody = 100;

/**
 * No body of ours is nested this deeply, and functions that walk one would run out of stack. Nor does one hold this many values:
 * each is looked at several times before anything is known to be wrong, while nothing else runs.
 */
function checkShape(body: unknown, mostValues: number): void {
  let level = [body];
  let values = 0;
  for (let depth = 0; level.length; depth++) {
    if (depth > deepestBody) throw new RequestError('BAD_REQUEST', `The body is nested deeper than ${deepestBody}.`);
    values += level.length;
    if (values > mostValues) {
      const message = `The body holds more than ${mostValues} values. Send less at once.`;
      throw new LimitError({ limit: 'values', allowed: mostValues }, message);
    }
    const inner: unknown[] = [];
    for (const value of level) {
      // No spread: an argument for each of a million entries is more than the stack holds.
      if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) inner.push(each);
    }
    level = inner;
  }
}
