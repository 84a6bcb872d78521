import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from '../domain/errors';
import { LimitError, type Limits } from '../domain/limits';
import { TooManyWaiting, Turns } from '../domain/turns';
import { turn } from '../graph/read/event-loop';
import { QuotingError } from './errors';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of its body, inflated. */
    bodyBytes: number;
    /** Its body or its reply is large: it is worked on by turns. */
    isLarge: boolean;
  }
}

/** Bodies up to this length are read at once. */
const smallBody = 32_768;
/**
 * Bytes of the large bodies that arrive, and of those that are worked on, at a time, in multiples of the longest one: a body of
 * 2 MB takes up to 60 MB once it is read. So many more may wait for each client.
 */
const arriving = 32;
const workedOn = 4;
const mostWaiting = 200;

/** What requests hold of both, or wait for. */
const held = new WeakMap<FastifyRequest, (() => void)[]>();

async function enter(lane: Turns, request: FastifyRequest, bytes: number): Promise<void> {
  if (!held.has(request)) held.set(request, []);
  let leave: () => void;
  try {
    leave = await lane.take(request.caller!.clientId, bytes);
  } catch (error) {
    if (!(error instanceof TooManyWaiting)) throw error;
    const message = `${mostWaiting} requests of the client with large bodies wait already. Send fewer at a time.`;
    throw new LimitError({ limit: 'waiting', allowed: mostWaiting }, message, 1);
  }
  const leaves = held.get(request);
  if (leaves) leaves.push(leave);
  // Its client has gone meanwhile.
  else leave();
}

/** To be called at the end of each request. */
export function leaveBodies(request: FastifyRequest): void {
  const leaves = held.get(request);
  if (!leaves) return;
  held.delete(request);
  for (const leave of leaves) leave();
}

/**
 * To be awaited before a whole body is gone through: parsed, looked at, coerced, hashed. Each takes some 50 milliseconds with the
 * 600,000 values that a body may have, and sixteen requests that came together took all of their steps in one turn.
 */
export function turnFor({ bodyBytes }: FastifyRequest): Promise<void> | undefined {
  return bodyBytes > smallBody ? turn(bodyBytes / 20) : undefined;
}

/** Below this plugin bodies are JSON, and nothing else: text would come through as a string. */
export function jsonBodies(app: FastifyInstance, { values: mostValues, body: longest }: Limits): void {
  app.decorateRequest('bodyBytes', 0);
  app.decorateRequest('isLarge', false);
  const arrivals = new Turns(arriving * longest, mostWaiting);
  const work = new Turns(workedOn * longest, mostWaiting);
  app.addHook('preParsing', async (request, _reply, payload) => {
    const { 'content-encoding': encoding, 'content-length': length, 'transfer-encoding': transfer } = request.headers;
    // One that is compressed or comes in chunks may be as long as it may be.
    const bytes = encoding || transfer ? longest : Math.min(Number(length ?? 0), longest);
    if (bytes > smallBody) await enter(arrivals, request, bytes);
    return payload;
  });
  app.removeContentTypeParser(['text/plain', 'application/json']);
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    // Clients that always name a content type send it with a DELETE too.
    if (body.length === 0 && request.method === 'DELETE') return done(null, undefined);
    const charset = /charset\s*=\s*"?([^\s";]*)/i.exec(request.headers['content-type']!)?.[1];
    if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
      return done(new RequestError('UNSUPPORTED_MEDIA_TYPE', `JSON must be sent in UTF-8, not in ${charset}.`));
    }
    // Read as text they would become question marks, and be stored.
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
      // It could have been longer, compressed or in chunks.
      leaveBodies(request);
      return read();
    }
    enter(work, request, body.length)
      .then(() => turnFor(request))
      .then(read, done);
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
    return 'The body must not have a field __proto__, or a field constructor with a field prototype.';
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
      // No spread: an argument for each of a million entries is more than the stack holds.
      if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) inner.push(each);
    }
    level = inner;
  }
}
