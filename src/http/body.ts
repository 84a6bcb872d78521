import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../domain/errors';
import { LimitError, type Limits } from '../domain/limits';
import { TooManyWaiting, Turns } from '../domain/turns';
import { turn } from '../graph/read/event-loop';
import { QuotingError } from './errors';

declare module 'fastify' {
  interface FastifyRequest {
    /** Bytes of the body after decompression. */
    bodyBytes: number;
    /** The body or the reply is large, and is processed in turns of the event loop. */
    isLarge: boolean;
    /**
     * Functions that give back the request's shares of both capacities. Present while the request holds a share or waits.
     * Null once the request has left: its connection may end before its client is known, and a share that it took
     * afterwards would never be given back.
     */
    shares?: (() => void)[] | null;
  }
}

/** Bodies up to this length are read at once. */
const smallBody = 32_768;
/**
 * Bytes of large bodies that may arrive, and that may be processed, at a time. In multiples of the longest body: a body
 * of 2 MB takes up to 60 MB once it is parsed. mostWaiting: requests of each client that may wait for either.
 */
const arriving = 32;
const workedOn = 4;
const mostWaiting = 200;

async function enter(lane: Turns, request: FastifyRequest, bytes: number): Promise<void> {
  if (request.shares === null) return;
  request.shares ??= [];
  let leave: () => void;
  try {
    leave = await lane.take(request.caller!.clientId, bytes);
  } catch (error) {
    if (!(error instanceof TooManyWaiting)) throw error;
    const message = `${mostWaiting} requests of the client with large bodies wait already. Send fewer at a time.`;
    throw new LimitError({ limit: 'waiting', allowed: mostWaiting }, message, 1);
  }
  if (request.shares) request.shares.push(leave);
  // The client has gone in the meantime.
  else leave();
}

/** Must be called at the end of each request. */
export function leaveBodies(request: FastifyRequest): void {
  const { shares } = request;
  request.shares = null;
  for (const leave of shares ?? []) leave();
}

/**
 * Must be awaited before each step through a whole body: parsing, checking, coercing, hashing. Each step takes some 50
 * milliseconds with the 600,000 values that a body may have. Without it, sixteen concurrent requests took all their
 * steps in one turn of the event loop.
 */
export function turnFor({ bodyBytes }: FastifyRequest): Promise<void> | undefined {
  return bodyBytes > smallBody ? turn(bodyBytes / 20) : undefined;
}

/** Takes a step through a body: a small one at once. */
function inTurn(request: FastifyRequest, act: () => void, done: (error?: Error) => void): void {
  const turn = turnFor(request);
  if (turn) {
    turn.then(act).then(() => done(), done);
    return;
  }
  act();
  done();
}

/** Below this plugin only JSON bodies are accepted. Fastify would pass text through as a string. */
export function jsonBodies(app: FastifyInstance, { values: mostValues, body: longest }: Limits): void {
  app.decorateRequest('bodyBytes', 0);
  app.decorateRequest('isLarge', false);
  const arrivals = new Turns(arriving * longest, mostWaiting);
  const work = new Turns(workedOn * longest, mostWaiting);
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const { 'content-encoding': encoding, 'content-length': length, 'transfer-encoding': transfer } = request.headers;
    // A compressed or chunked body may have the greatest length.
    const bytes = encoding || transfer ? longest : Math.min(Number(length ?? 0), longest);
    if (bytes > smallBody) enter(arrivals, request, bytes).then(() => done(null, payload), done);
    else done(null, payload);
  });
  // A PUT without a body says nothing. axios gives it the type of a form, which would be 415.
  app.addHook('onRequest', ({ method, headers }, _reply, done) => {
    if (method === 'PUT' && headers['content-length'] === '0') delete headers['content-type'];
    done();
  });
  app.removeContentTypeParser(['text/plain', 'application/json']);
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    // Clients that always send a content type also send it with a DELETE.
    if (body.length === 0 && request.method === 'DELETE') return done(null, undefined);
    const charset = /charset\s*=\s*"?([^\s";]*)/i.exec(request.headers['content-type']!)?.[1];
    if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
      return done(new RequestError('UNSUPPORTED_MEDIA_TYPE', `JSON must be sent in UTF-8, not in ${charset}.`));
    }
    // Decoded as text, invalid bytes would become replacement characters, and be stored.
    if (!isUtf8(body)) return done(new RequestError('BAD_REQUEST', 'The body must be UTF-8.'));
    request.bodyBytes = body.length;
    request.isLarge = body.length > smallBody;
    const read = () => {
      const text = body.toString();
      parse(request, text, (error, value) => {
        if (error && text !== '') done(new QuotingError('BAD_REQUEST', whyNotJson(text), 'The body is not JSON.'));
        else done(error, value);
      });
    };
    if (!request.isLarge) {
      // Frees the larger reservation of a compressed or chunked body.
      leaveBodies(request);
      return read();
    }
    enter(work, request, body.length)
      .then(() => turnFor(request))
      .then(read, done);
  });
  app.addHook('preValidation', (request, _reply, done) => {
    inTurn(request, () => checkShape(request.body, mostValues), done);
  });
  // The next step through the body is in the handler, before its first statement.
  app.addHook('preHandler', (request, _reply, done) => inTurn(request, () => {}, done));
}

/** Fastify says only that the body is not JSON. JSON.parse says why and where. */
export function whyNotJson(body: string, what = 'body'): string {
  try {
    JSON.parse(body);
    return `The ${what} must not have a field __proto__, or a field constructor with a field prototype.`;
  } catch (error) {
    return `The ${what} is not JSON: ${(error as Error).message}.`;
  }
}

const deepestBody = 100;

/**
 * Limits the depth and the number of values of a body. No valid body is nested this deeply, and recursive functions
 * would run out of stack. Each value is visited several times before any check fails, and nothing else runs meanwhile.
 */
export function checkShape(body: unknown, mostValues: number): void {
  let level = [body];
  let values = 0;
  for (let depth = 0; level.length; depth++) {
    if (depth > deepestBody)
      throw new RequestError(
        'BAD_REQUEST',
        `The body is nested too deeply; at most ${deepestBody} levels are allowed.`,
      );
    values += level.length;
    if (values > mostValues) {
      const message = `The body has too many values; at most ${mostValues} are allowed. Send less at once.`;
      throw new LimitError({ limit: 'values', allowed: mostValues }, message);
    }
    const inner: unknown[] = [];
    for (const value of level) {
      // No spread: a million entries as arguments overflow the stack.
      if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) inner.push(each);
    }
    level = inner;
  }
}
