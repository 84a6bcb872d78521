import type { IncomingMessage } from 'node:http';
import type { Gunzip } from 'node:zlib';
import compress from '@fastify/compress';
import type { FastifyInstance } from 'fastify';
import Negotiator from 'negotiator';

/** Whether a client prefers gzip to a plain reply. x-gzip is another name of gzip (RFC 9110, section 8.4.1.3). */
export function prefersGzip(accepted: string | string[] | undefined): boolean {
  const encodings = String(accepted ?? '').replace(/\bx-gzip\b/gi, 'gzip');
  return new Negotiator({ headers: { 'accept-encoding': encodings } }).encoding(['gzip', 'identity']) === 'gzip';
}

/** Gzip for replies of more than 1,000 bytes, and for request bodies of any length. */
export async function encodings(app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    // Names of encodings are case-insensitive, but the plugin compares them case-sensitively. It does not know x-gzip either.
    headers['content-encoding'] &&= headers['content-encoding'].toLowerCase().replace(/^x-gzip$/, 'gzip');
    // The plugin lets "*" stand for gzip even if the client has excluded gzip by name.
    headers['accept-encoding'] &&= prefersGzip(headers['accept-encoding']) ? 'gzip' : 'identity';
    done();
  });
  await app.register(compress, {
    threshold: 1001,
    encodings: ['gzip'],
    // The plugin knows no lines of JSON. Events are sent as they come, and would wait in the compressor.
    customTypes: /^text\/(?!event-stream)|[+/](json|jsonl|xml)(;|$)/,
    requestEncodings: ['gzip', 'identity'],
    onUnsupportedRequestEncoding: () =>
      Object.assign(new Error('Content-Encoding must be gzip, or be left out.'), { statusCode: 415 }),
    onInvalidRequestPayload: () =>
      Object.assign(new Error('The body is not valid gzip, or is incomplete.'), { statusCode: 400 }),
  });
  // A body that inflates beyond the limit is refused at once. Without this hook, the bytes that had arrived would still
  // be inflated to the end: 130 MB of zeros, at 0.4 s of a processor for each such request.
  app.addHook('onRoute', (route) => {
    route.preParsing = [route.preParsing ?? []].flat();
    route.preParsing.push((request, reply, payload, done) => {
      if (payload !== request.raw) reply.raw.once('close', () => inflateNoMore(request.raw, payload as Gunzip));
      done(null, payload);
    });
  });
}

/**
 * The rest of the body is dropped as it comes, as Node drops that of a plain body. The plugin ends a body together with its
 * inflater: its connection would be read no more, and a client that still sends would wait until it is reset.
 */
function inflateNoMore(raw: IncomingMessage, inflater: Gunzip): void {
  raw.unpipe(inflater.pause());
  const end = () => inflater.destroy();
  if (raw.closed) end();
  else raw.resume().once('close', end);
}
