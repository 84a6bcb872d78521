import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from '../domain/errors';

/**
 * Answers 405 for a known path with an unknown method, where Fastify would answer 404. `Allow` names the methods of the
 * path. Covers every route added between this call and the call of the returned function. OPTIONS gets `Allow` as well.
 * Neither needs a token: a browser never sends a token with a preflight request.
 */
export function watchMethods(app: FastifyInstance): () => void {
  const paths = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = paths.get(url) ?? paths.set(url, new Set()).get(url)!;
    for (const each of [method].flat()) methods.add(each);
  });
  return () => {
    for (const [url, methods] of paths) {
      const named = [...methods].filter((each) => each !== 'HEAD' && each !== 'OPTIONS');
      const others = app.supportedMethods.filter((each) => !methods.has(each));
      if (named.length === 0 || others.length === 0) continue;
      const allow = named.join(', ');
      // Before the body is read: its content type would be refused first.
      const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
        reply.header('allow', allow);
        if (request.method === 'OPTIONS') return reply.code(204).send();
        throw new RequestError('METHOD_NOT_ALLOWED', `This path does not support ${request.method}, only ${allow}.`);
      };
      app.route({ method: others, url, onRequest, handler: (_request, reply) => reply });
    }
  };
}
