import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from '../../domain/errors';
import { prefersGzip } from '../encoding';
import { type DocsPage, docsHtml, docsPolicy } from './docs-page/page';
import { openApi } from './openapi';

interface DocumentOptions {
  /** The version of the gateway, for the document. */
  version: string;
  /** Credentials that are filled in on the page. Whoever opens the page gets them: only those of a demo may be used. */
  demo?: DocsPage['demo'];
  /** The output folder of the build step. */
  directory?: string;
}

interface Asset {
  type: string;
  body: Buffer;
  gzip: Buffer;
}

const beside = path.resolve(__dirname, '../../../docs');
const notBuilt = 'The page is not part of this build: npm install && npm run build.';

/** `/v1/openapi.json` and the page at `/v1/docs`. Neither needs a token: they say nothing about data. */
export function documentRoutes(app: FastifyInstance, { version, demo, directory = beside }: DocumentOptions): void {
  // Made at the first request, and zipped once: 5 ms for each reply otherwise.
  let document: (Asset & { tag: string }) | undefined;
  app.get('/v1/openapi.json', (request, reply) => {
    document ??= tagged({
      type: 'application/json; charset=utf-8',
      body: Buffer.from(JSON.stringify(openApi(version))),
    });
    // A page of another origin may read the document, and a cache may keep it if it asks whether it is still the same.
    reply.header('etag', document.tag).header('cache-control', 'public, no-cache');
    const known = String(request.headers['if-none-match'] ?? '').split(',');
    if (!known.some((each) => each.trim() === document!.tag || each.trim() === '*'))
      return send(request, reply, document);
    return varied(reply).code(304).send();
  });

  const page = existsSync(path.join(directory, 'files.json')) ? load(directory) : undefined;
  app.get('/v1/docs', (_request, reply) => {
    if (!page) throw new RequestError('NO_SUCH_PATH', notBuilt);
    const nonce = randomBytes(16).toString('base64');
    return (
      reply
        .header('content-security-policy', docsPolicy(nonce))
        // The nonce is valid for one reply, and in a demo the page holds the client's secret.
        .header('cache-control', 'no-store')
        .type('text/html; charset=utf-8')
        .send(docsHtml({ ...page.urls, demo }, nonce))
    );
  });
  app.get('/v1/docs/:file', (request: FastifyRequest<{ Params: { file: string } }>, reply) => {
    // Looked up among the names read at the start, so no path can reach another file.
    const asset = page?.assets.get(request.params.file);
    if (!asset) return reply.callNotFound();
    return send(request, reply.header('cache-control', 'public, max-age=31536000, immutable'), asset);
  });
}

/** Weak, since the same document is sent compressed or not. */
function tagged({ type, body }: Omit<Asset, 'gzip'>): Asset & { tag: string } {
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 27);
  return { type, body, gzip: gzipSync(body), tag: `W/"${hash}"` };
}

/** After Origin, which CORS has set if pages of other origins may call the API. */
function varied(reply: FastifyReply): FastifyReply {
  const origin = reply.getHeader('vary');
  return reply.header('vary', origin ? `${origin}, accept-encoding` : 'accept-encoding');
}

function send(request: FastifyRequest, reply: FastifyReply, { type, body, gzip }: Asset): FastifyReply {
  varied(reply).type(type);
  if (!prefersGzip(request.headers['accept-encoding'])) return reply.send(body);
  return reply.header('content-encoding', 'gzip').send(gzip);
}

function load(directory: string) {
  const names: { script: string; style: string } = JSON.parse(readFileSync(path.join(directory, 'files.json'), 'utf8'));
  const asset = (name: string, type: string): [string, Asset] => {
    const file = path.join(directory, name);
    return [name, { type, body: readFileSync(file), gzip: readFileSync(`${file}.gz`) }];
  };
  return {
    urls: { script: `/v1/docs/${names.script}`, style: `/v1/docs/${names.style}` },
    assets: new Map([
      asset(names.script, 'text/javascript; charset=utf-8'),
      asset(names.style, 'text/css; charset=utf-8'),
    ]),
  };
}
