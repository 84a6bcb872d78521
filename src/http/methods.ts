import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from '../domain/errors';

/**
 * Tells a method that a path has not from a path that does not exist, for every route that is made between this call
 * and that of the function it returns: 405, and `Allow` names those that there are. OPTIONS asks for just that, and
 * neither needs a token: a browser never sends one along with the question whether it may call.
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
      // Before the body is read, whose type would be refused first.
      const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
        reply.header('allow', allow);
        if (request.method === 'OPTIONS') return reply.code(204).send();
        throw new RequestError('METHOD_NOT_ALLOWED', `This path does not support ${request.method}, only ${allow}.`);
      };
      app.route({ method: others, url, onRequest, handler: (_request, reply) => reply });
    }
  };
}
