import compress from '@fastify/compress';
import type { FastifyInstance } from 'fastify';

/** Gzip both ways: replies of more than 1,000 bytes, and whatever a request brings. */
export async function encodings(app: FastifyInstance): Promise<void> {
  // Names of encodings have no case; the plugin would compare this one as it is written.
  app.addHook('onRequest', async ({ headers }) => {
    headers['content-encoding'] &&= headers['content-encoding'].toLowerCase();
  });
  await app.register(compress, {
    threshold: 1001,
    encodings: ['gzip'],
    requestEncodings: ['gzip', 'identity'],
    onUnsupportedRequestEncoding: () =>
      Object.assign(new Error('Content-Encoding may be gzip, or be left out.'), { statusCode: 415 }),
    onInvalidRequestPayload: () =>
      Object.assign(new Error('The body is not what gzip makes, or not all of it.'), { statusCode: 400 }),
  });
  // A body that inflates beyond the limit is refused at once, but what had arrived of it would be inflated to its end:
  // 130 MB of zeros, at 0.4 s of a processor for each such request.
  app.addHook('onRoute', (route) => {
    route.preParsing = [route.preParsing ?? []].flat();
    route.preParsing.push(async (request, reply, payload) => {
      if (payload !== request.raw) reply.raw.once('close', () => payload.destroy());
      return payload;
    });
  });
}
