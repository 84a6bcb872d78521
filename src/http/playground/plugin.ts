import type { FastifyPluginAsync } from 'fastify';
import { bundleOf, servePage } from '../pages/page';

export interface PlaygroundOptions {
  /**
   * Credentials that sign the page in. Whoever opens the page gets them, so only the well-known credentials of a demo
   * may be used.
   */
  demo?: { clientId: string; clientSecret: string };
  /** The output folder of the build step. */
  directory?: string;
}

/** GraphiQL at /playground, from our own files. A browser that opens / is redirected there. */
export function playground({ demo, directory = bundleOf('playground') }: PlaygroundOptions): FastifyPluginAsync {
  return async (app) => {
    const served = servePage(app, {
      name: 'playground',
      directory,
      config: (workers) => ({ demo, workers }),
      // Monaco writes style elements and style attributes as it draws. GraphiQL does not work without them.
      styles: () => "'self' 'unsafe-inline'",
    });
    if (!served) return;

    app.get('/', (request, reply) => {
      reply.header('vary', 'accept');
      if (!request.headers.accept?.includes('text/html')) return reply.callNotFound();
      return reply.redirect('/playground');
    });
  };
}
