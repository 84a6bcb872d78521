import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { prefersGzip } from '../encoding';

export interface PlaygroundOptions {
  /**
   * Credentials that sign the page in. Whoever opens the page gets them, so only the well-known credentials of a demo
   * may be used.
   */
  demo?: { clientId: string; clientSecret: string };
  /** The output folder of the build step. */
  directory?: string;
}

interface Asset {
  type: string;
  body: Buffer;
  gzip: Buffer;
}

const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

const beside = path.resolve(__dirname, '../../../playground');

/** GraphiQL at /playground, from our own files. A browser that opens / is redirected there. */
export function playground({ demo, directory = beside }: PlaygroundOptions): FastifyPluginAsync {
  return async (app) => {
    if (!existsSync(path.join(directory, 'index.html'))) {
      app.get('/playground', (_request, reply) =>
        reply.code(404).send({ message: 'The playground is not part of this build: npm install && npm run build.' }),
      );
      return;
    }

    const { html, assets } = load(directory, demo);

    app.get('/', (request, reply) => {
      reply.header('vary', 'accept');
      if (!request.headers.accept?.includes('text/html')) return reply.callNotFound();
      return reply.redirect('/playground');
    });

    app.get('/playground', (_request, reply) => {
      const nonce = randomBytes(16).toString('base64');
      return (
        secured(reply, contentSecurityPolicy(nonce))
          // The nonce is valid for one reply, and in a demo the page holds the client's secret.
          .header('cache-control', 'no-store')
          .type('text/html; charset=utf-8')
          .send(html(nonce))
      );
    });

    app.get('/playground/*', (request: FastifyRequest<{ Params: { '*': string } }>, reply) => {
      const name = request.params['*'];
      if (name === '') return reply.redirect('/playground');
      // Looked up among the names read at the start, so no path can reach another file.
      const asset = assets.get(name);
      if (!asset) return reply.callNotFound();
      // Workers run under the policy of their own reply: they may load and call nothing.
      secured(reply, "default-src 'none'; frame-ancestors 'none'")
        .header('cache-control', 'public, max-age=31536000, immutable')
        .header('vary', 'accept-encoding')
        .type(asset.type);
      if (!prefersGzip(request.headers['accept-encoding'])) return reply.send(asset.body);
      return reply.header('content-encoding', 'gzip').send(asset.gzip);
    });
  };
}

function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    // Only the one script tag of the page, and the scripts that it imports.
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    // Monaco writes style elements and style attributes as it draws. GraphiQL does not work without them.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function secured(reply: FastifyReply, policy: string): FastifyReply {
  return reply
    .header('content-security-policy', policy)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer');
}

function load(directory: string, demo: PlaygroundOptions['demo']) {
  const urls: { script: string; style: string; workers: Record<string, string> } = JSON.parse(
    readFileSync(path.join(directory, 'urls.json'), 'utf8'),
  );
  // Inside a script element, only "<" could end the element or open a comment.
  const config = JSON.stringify({ demo, workers: urls.workers }).replaceAll('<', '\\u003c');
  const template = readFileSync(path.join(directory, 'index.html'), 'utf8')
    .replace('%style%', () => urls.style)
    .replace('%script%', () => urls.script)
    .replace('"%config%"', () => config);

  const assets = new Map<string, Asset>();
  for (const name of readdirSync(directory)) {
    const type = types[path.extname(name)];
    if (!type) continue;
    const file = path.join(directory, name);
    assets.set(name, { type, body: readFileSync(file), gzip: readFileSync(`${file}.gz`) });
  }
  return { html: (nonce: string) => template.replace('%nonce%', () => nonce), assets };
}
