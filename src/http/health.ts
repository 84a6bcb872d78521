import type { FastifyInstance } from 'fastify';
import { isReady } from '../service/health';
import type { Services } from '../service/run/services';

/**
 * /livez: the process runs, and in which version. /readyz: the database is reachable, migrations are applied, and the
 * server is not draining.
 */
export function healthRoutes(
  app: FastifyInstance,
  services: Services,
  version: string,
  isDraining: () => boolean,
): void {
  let looking: ReturnType<typeof isReady> | undefined;
  // One look at a time. Anybody may ask, and the connections of the looks are those of the bill runs.
  const look = () => {
    looking ??= isReady(services).finally(() => {
      looking = undefined;
    });
    return looking;
  };
  app.get('/livez', async () => ({ status: 'up', version }));
  app.get('/readyz', async (_request, reply) => {
    const reason = isDraining() ? 'draining' : await look();
    if (reason === 'ready') return { status: 'ready' };
    return reply.code(503).header('retry-after', '2').send({ status: 'not ready', reason });
  });
}
