import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CspEvaluator } from 'csp_evaluator';
import { CspParser } from 'csp_evaluator/dist/parser';
import Fastify, { type FastifyInstance, type InjectOptions } from 'fastify';
import { documentRoutes } from '../../../src/http/rest/document-routes';
import { openApi } from '../../../src/http/rest/openapi';
import { operations } from '../../../src/http/rest/operations';
import { version } from '../../../src/version';
import { type TestGatewayServer, testGateway } from '../../support/gateway';

let gateway: TestGatewayServer;
let bare: FastifyInstance;
beforeAll(async () => {
  execFileSync(process.execPath, [path.resolve(__dirname, '../../../src/http/rest/docs-page/build.js')]);
  gateway = await testGateway();
  bare = Fastify();
  documentRoutes(bare, { version, demo: { clientId: 'demo', clientSecret: '</script><b>' } });
}, 60_000);
afterAll(() => Promise.all([gateway.close(), bare.close()]));

/** A request without a token. */
const ask = (options: InjectOptions, app = gateway.server.app) => app.inject({ method: 'GET', ...options });
const document = { url: '/v1/openapi.json' };

describe('GET /v1/openapi.json', () => {
  test('answers everybody with the document, whatever they accept', async () => {
    for (const accept of ['application/json', '*/*', 'text/csv', 'no media type', '']) {
      const reply = await ask({ ...document, headers: { accept } });
      expect([accept, reply.statusCode, reply.headers['content-type']]).toEqual([
        ...[accept, 200, 'application/json; charset=utf-8'],
      ]);
      expect(reply.json()).toEqual(openApi(version));
    }
  });

  test('is sent zipped to those who ask for it', async () => {
    const { headers, rawPayload } = await ask({ ...document, headers: { 'accept-encoding': 'gzip' } });
    expect([headers['content-encoding'], headers.vary]).toEqual(['gzip', 'accept-encoding']);
    expect(JSON.parse(gunzipSync(rawPayload).toString())).toEqual(openApi(version));
  });

  test('is not sent again to a client that has it', async () => {
    const { headers } = await ask(document);
    expect(headers['cache-control']).toBe('public, no-cache');
    for (const known of [headers.etag!, '*', `"other", ${headers.etag}`]) {
      const reply = await ask({ ...document, headers: { 'if-none-match': known } });
      expect([known, reply.statusCode, reply.body, reply.headers.etag]).toEqual([known, 304, '', headers.etag]);
    }
    for (const known of ['"other"', '', String(headers.etag).slice(0, -2)])
      expect((await ask({ ...document, headers: { 'if-none-match': known } })).statusCode).toBe(200);
  });

  test('answers HEAD without a body, and no other method', async () => {
    const { body, headers } = await ask(document);
    const head = await ask({ ...document, method: 'HEAD' });
    expect([head.statusCode, head.body, head.headers.etag]).toEqual([200, '', headers.etag]);
    expect(head.headers['content-length']).toBe(String(Buffer.byteLength(body)));
    const posted = await ask({ ...document, method: 'POST', payload: {} });
    expect([posted.statusCode, posted.headers.allow, posted.json().success]).toEqual([405, 'GET', false]);
  });
});

describe('GET /v1/docs', () => {
  test('is a page under a policy in which csp_evaluator finds nothing', async () => {
    const { statusCode, headers, body } = await ask({ url: '/v1/docs' });
    expect([statusCode, headers['content-type'], headers['cache-control']]).toEqual([
      ...[200, 'text/html; charset=utf-8', 'no-store'],
    ]);
    const policy = String(headers['content-security-policy']);
    expect(new CspEvaluator(new CspParser(policy).csp).evaluate().map(({ description }) => description)).toEqual([]);
    const [, nonce] = /'nonce-([^']+)'/.exec(policy)!;
    expect(body.match(/<script\b/g)).toHaveLength(2);
    expect(body.split(`<script nonce="${nonce}"`)).toHaveLength(3);
    const again = await ask({ url: '/v1/docs' });
    expect(again.headers['content-security-policy']).not.toBe(policy);
  });

  test('has its files here, named by their content, zipped for those who ask', async () => {
    const { body } = await ask({ url: '/v1/docs' });
    const urls = [...body.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, url]) => url);
    expect(urls).toHaveLength(2);
    for (const url of urls) {
      const plain = await ask({ url });
      expect([plain.statusCode, plain.headers['cache-control']]).toEqual([
        ...[200, 'public, max-age=31536000, immutable'],
      ]);
      const zipped = await ask({ url, headers: { 'accept-encoding': 'gzip' } });
      expect(gunzipSync(zipped.rawPayload).equals(plain.rawPayload)).toBe(true);
    }
  });

  test.each(['files.json', '..%2ffiles.json', '%2e%2e%2f%2e%2e%2fpackage.json', ''])(
    'serves no other file: %s',
    async (name) => {
      const { statusCode, body } = await ask({ url: `/v1/docs/${name}` });
      expect(statusCode).toBe(404);
      expect(JSON.parse(body).success).toBe(false);
    },
  );

  test('has credentials in a demo alone, and nothing in them ends the script', async () => {
    expect((await ask({ url: '/v1/docs' })).body).toContain('const demo = null;');
    const { body } = await ask({ url: '/v1/docs' }, bare);
    expect(body).toContain('const demo = {"clientId":"demo","clientSecret":"\\u003c/script>\\u003cb>"};');
  });

  test('says so where the page was not built', async () => {
    const app = Fastify();
    documentRoutes(app, { version, directory: '/nowhere' });
    expect((await ask({ url: '/v1/docs' }, app)).body).toContain('not part of this build');
    await app.close();
  });
});

interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  header: { key: string; value: string; disabled?: boolean }[];
  url: { raw: string; variable: { key: string }[] };
  body?: { raw: string };
}

test('each operation refuses a parameter that it does not take, and names those that it takes', async () => {
  const client = await gateway.client();
  for (const { method, path, query = {} } of operations) {
    const reply = await client.request({ method: method as 'GET', url: `${path.replace(/\{\w+\}/, 'x')}?dryRun=true` });
    expect([method, path, reply.status]).toEqual([method, path, 400]);
    const [{ code, message }] = reply.body.reasons;
    expect([path, code % 100, message]).toEqual([
      path,
      27,
      expect.stringMatching(/^dryRun: No parameter has this name/),
    ]);
    for (const name of Object.keys(query)) expect(message.toLowerCase()).toContain(name.toLowerCase());
  }
});

test('a parameter that is not taken changes nothing, and uses up no Idempotency-Key', async () => {
  const client = await gateway.client();
  const body = { name: 'Asked twice', accountNumber: 'A-TWICE', currency: 'USD' };
  const create = (url: string) =>
    client.request({ method: 'POST', url, headers: { 'idempotency-key': 'once' }, payload: body });
  expect((await create('/v1/accounts?validate=true')).status).toBe(400);
  expect((await create('/v1/accounts?returnIds=true&returnIds=true')).status).toBe(400);
  expect((await create('/v1/accounts')).body).toMatchObject({ success: true });
});

test('the Postman collection has each operation once, and the gateway answers each of its requests', async () => {
  const collection = JSON.parse(readFileSync('docs/postman-collection.json', 'utf8'));
  const folders: { item: { name: string; request: Request }[] }[] = collection.item;
  const requests = folders.flatMap(({ item }) => item);
  // The import is a stream, and so no operation.
  const names = ['Import fulfillments', ...operations.map(({ summary }) => summary)];
  expect(requests.map(({ name }) => name).sort()).toEqual(names.sort());

  const client = await gateway.client();
  for (const { name, request } of requests) {
    const { method, url, header, body } = request;
    const headers = Object.fromEntries(
      header.filter(({ disabled }) => !disabled).map(({ key, value }) => [key, value]),
    );
    const path = url.raw.replace('{{baseUrl}}', '').replace(/:\w+/g, 'x');
    expect(path.match(/\bx\b/g)?.length ?? 0).toBe(url.variable.length);
    const reply = await client.request({ method, url: path, headers, ...(body && { payload: body.raw }) });
    // A query says by its status that there is no such object.
    const isQuery = path.startsWith('/object-query/');
    expect([name, path, reply.status]).toEqual([name, path, isQuery && path.includes('/x') ? 404 : 200]);
    // Nothing is wrong with the form of a body. The import answers in lines, and its refusals have a status.
    const categories = (reply.body?.reasons ?? []).map(({ code }: { code: number }) => code % 100);
    expect([name, categories.filter((category: number) => category >= 20 && category < 30)]).toEqual([name, []]);
  }
});
