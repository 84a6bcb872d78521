import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { RequestError } from '../domain/errors';
import { QuotingError } from './errors';

/** Below this plugin bodies are JSON, and nothing else: text would come through as a string. */
export function jsonBodies(app: FastifyInstance): void {
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
    const text = body.toString();
    parse(request, text, (error, value) => {
      if (error && text !== '') done(new QuotingError('BAD_REQUEST', whyNotJson(text), 'The body is not JSON.'));
      else done(error, value);
    });
  });
  app.addHook('preValidation', async (request) => checkDepth(request.body));
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

/** No body of ours is nested this deeply, and functions that walk one would run out of stack. */
function checkDepth(body: unknown): void {
  let level = [body];
  for (let depth = 0; level.length; depth++) {
    if (depth > deepestBody) throw new RequestError('BAD_REQUEST', `The body is nested deeper than ${deepestBody}.`);
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
}
