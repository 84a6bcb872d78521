import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { prefersGzip } from '../encoding';

/** A bundled page of the server's own. */
export interface Page {
  /** The page is served at `/<name>`, and its files below. */
  name: string;
  /** The folder that the build step has written: `dist/<name>`. */
  directory: string;
  /** What the page finds in its element `<name>-config`, given the addresses of its workers by label. */
  config: (workers: Record<string, string>) => object;
  /** The page's style-src; `nonce` is the source that admits the nonce of the reply. */
  styles: (nonce: string) => string;
  /** Origins besides our own that the page may call. */
  connect?: string[];
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

/** Where the build step puts the bundle of a page. */
export const bundleOf = (name: string): string => path.resolve(__dirname, '../../..', name);

/** Serves a page under a strict policy, and its files. False if the page was not built; then a reply says so. */
export function servePage(app: FastifyInstance, page: Page): boolean {
  const url = `/${page.name}`;
  if (!existsSync(path.join(page.directory, 'index.html'))) {
    app.get(url, (_request, reply) =>
      reply.code(404).send({ message: `The ${page.name} is not part of this build: npm install && npm run build.` }),
    );
    return false;
  }
  const { html, assets } = load(page);

  app.get(url, (_request, reply) => {
    const nonce = randomBytes(16).toString('base64');
    return (
      secured(reply, contentSecurityPolicy(page, `'nonce-${nonce}'`))
        // The nonce is valid for one reply, and in a demo the page holds the client's secret.
        .header('cache-control', 'no-store')
        .type('text/html; charset=utf-8')
        .send(html(nonce))
    );
  });

  app.get(`${url}/*`, (request: FastifyRequest<{ Params: { '*': string } }>, reply) => {
    const name = request.params['*'];
    if (name === '') return reply.redirect(url);
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
  return true;
}

function contentSecurityPolicy({ styles, connect = [] }: Page, nonce: string): string {
  return [
    "default-src 'none'",
    // Only the one script tag of the page, and the scripts that it imports.
    `script-src ${nonce} 'strict-dynamic'`,
    `style-src ${styles(nonce)}`,
    "img-src 'self' data:",
    "font-src 'self' data:",
    `connect-src ${["'self'", ...connect].join(' ')}`,
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

function load({ directory, config }: Page) {
  const urls: { script: string; style: string; workers: Record<string, string> } = JSON.parse(
    readFileSync(path.join(directory, 'urls.json'), 'utf8'),
  );
  // Inside a script element, only "<" could end the element or open a comment.
  const json = JSON.stringify(config(urls.workers)).replaceAll('<', '\\u003c');
  const template = readFileSync(path.join(directory, 'index.html'), 'utf8')
    .replace('%style%', () => urls.style)
    .replace('%script%', () => urls.script)
    .replace('"%config%"', () => json);

  const assets = new Map<string, Asset>();
  for (const name of readdirSync(directory)) {
    const type = types[path.extname(name)];
    if (!type) continue;
    const file = path.join(directory, name);
    assets.set(name, { type, body: readFileSync(file), gzip: readFileSync(`${file}.gz`) });
  }
  return { html: (nonce: string) => template.replace('%nonce%', () => nonce), assets };
}
