import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CspEvaluator } from 'csp_evaluator';
import { CspParser } from 'csp_evaluator/dist/parser';
import Fastify, { type FastifyInstance } from 'fastify';
import { parse } from 'graphql';
import { type BoardOptions, board } from '../../src/http/board/plugin';
import { headers } from '../../src/http/headers';
import { sampleOperations } from '../../src/http/playground/operations';
import { type PlaygroundOptions, playground } from '../../src/http/playground/plugin';

const out = path.resolve(__dirname, '../..');
const buildStep = path.join(out, 'src/http/pages/build.js');
const demo = { clientId: '00000000-0000-4000-8000-000000000001', clientSecret: 'demo-</script>-secret' };
const build = () => execFileSync(process.execPath, [buildStep], { encoding: 'utf8' });

const apps: FastifyInstance[] = [];
function start(options: PlaygroundOptions = {}): FastifyInstance {
  const app = Fastify();
  app.register(playground(options));
  apps.push(app);
  return app;
}

const get = (app: FastifyInstance, url: string, headers: Record<string, string> = {}) =>
  app.inject({ method: 'GET', url, headers });

async function configOf(app: FastifyInstance) {
  const { body } = await get(app, '/playground');
  return JSON.parse(/<script type="application\/json"[^>]*>(.*?)<\/script>/s.exec(body)?.[1] ?? '');
}

describe('the playground', () => {
  beforeAll(() => {
    build();
  }, 60_000);
  afterAll(() => Promise.all(apps.map((app) => app.close())));

  test('serves a page under a policy in which csp_evaluator finds nothing', async () => {
    const { statusCode, headers, body } = await get(start(), '/playground');
    expect(statusCode).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['cache-control']).toBe('no-store');

    const policy = String(headers['content-security-policy']);
    expect(new CspEvaluator(new CspParser(policy).csp).evaluate().map((finding) => finding.description)).toEqual([]);
    const { directives } = new CspParser(policy).csp;
    expect(directives['connect-src']).toEqual(["'self'"]);
    expect(directives['worker-src']).toEqual(["'self'"]);
    expect(directives['frame-ancestors']).toEqual(["'none'"]);
    expect(body).toContain(`<script type="module" nonce="${/'nonce-([^']+)'/.exec(policy)?.[1]}"`);
  });

  test('keeps its policy where every reply has one', async () => {
    const app = Fastify();
    apps.push(app);
    await headers(app, {});
    app.register(playground({}));
    expect((await get(app, '/playground')).headers['content-security-policy']).toMatch(/script-src 'nonce-/);
    expect((await get(app, '/nothing')).headers['content-security-policy']).not.toContain('script-src');
  });

  test('gives each answer a nonce of its own', async () => {
    const app = start();
    const policies = await Promise.all([get(app, '/playground'), get(app, '/playground')]);
    expect(new Set(policies.map(({ headers }) => headers['content-security-policy'])).size).toBe(2);
  });

  test('has every file that the page and its scripts refer to', async () => {
    const app = start();
    const page = (await get(app, '/playground')).body;
    const seen = new Set<string>();
    const open = [...page.matchAll(/"(\/playground\/[^"]+)"/g)].map((match) => match[1]);
    expect(open.length).toBe(5);
    for (let url = open.pop(); url; url = open.pop()) {
      if (seen.has(url)) continue;
      seen.add(url);
      const { statusCode, headers, body } = await get(app, url);
      expect({ url, statusCode }).toEqual({ url, statusCode: 200 });
      expect(headers['content-type']).toBe(`text/${url.endsWith('.css') ? 'css' : 'javascript'}; charset=utf-8`);
      expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
      expect(headers['x-content-type-options']).toBe('nosniff');
      if (url.endsWith('.js')) {
        for (const [, name] of body.matchAll(/(?:from|import\(?)\s*"\.\/([\w.-]+\.js)"/g))
          open.push(`/playground/${name}`);
      }
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  test('refers to no other host', async () => {
    const { body } = await get(start(), '/playground');
    expect([...body.matchAll(/(?:src|href)="(?!\/playground\/|data:)[^"]*"/g)]).toEqual([]);
  });

  test('sends a file compressed to who accepts that, and only to them', async () => {
    const app = start();
    const url = /src="([^"]+)"/.exec((await get(app, '/playground')).body)?.[1] ?? '';
    const plain = await get(app, url);
    const zipped = await get(app, url, { 'accept-encoding': 'br;q=1, gzip;q=0.8' });
    const refused = await get(app, url, { 'accept-encoding': 'gzip;q=0, identity' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(refused.headers['content-encoding']).toBeUndefined();
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(zipped.headers.vary).toBe('accept-encoding');
    expect(gunzipSync(zipped.rawPayload).equals(plain.rawPayload)).toBe(true);
  });

  test.each([
    '/playground/../package.json',
    '/playground/%2e%2e/%2e%2e/package.json',
    '/playground/..%2f..%2fpackage.json',
    '/playground//etc/passwd',
    '/playground/stamp.json',
    '/playground/index.html',
    '/playground/__proto__',
  ])('does not give out %s', async (url) => {
    expect((await get(start({ demo }), url)).statusCode).toBe(404);
  });

  test('sends a browser from / to the page, and tells other clients that there is nothing', async () => {
    const app = start();
    const browser = await get(app, '/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
    expect([browser.statusCode, browser.headers.location]).toEqual([302, '/playground']);
    const client = await get(app, '/', { accept: 'application/json' });
    expect(client.statusCode).toBe(404);
    expect(client.headers['content-type']).toContain('application/json');
    expect((await get(app, '/playground/')).headers.location).toBe('/playground');
  });

  test('holds credentials in a demo', async () => {
    expect((await configOf(start({ demo }))).demo).toEqual(demo);
  });

  test('holds no credentials outside a demo', async () => {
    expect(await configOf(start())).not.toHaveProperty('demo');
  });

  test('is left out, with a word about it, where it was not built', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'playground-'));
    try {
      const app = start({ directory });
      const { statusCode, body } = await get(app, '/playground');
      expect(statusCode).toBe(404);
      expect(JSON.parse(body).message).toContain('npm run build');
      expect((await get(app, '/', { accept: 'text/html' })).statusCode).toBe(404);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('is not built again while nothing has changed', () => {
    const stamp = path.join(out, 'playground/stamp.json');
    const before = statSync(stamp).mtimeMs;
    expect(build()).toBe('');
    expect(statSync(stamp).mtimeMs).toBe(before);
  });
});

describe('the board', () => {
  const signIn = { issuer: 'https://issuer.example/realm', clientId: 'board', scope: 'openid', resource: 'https://us' };
  const startBoard = (options: BoardOptions) => {
    const app = Fastify();
    app.register(board(options));
    apps.push(app);
    return app;
  };
  beforeAll(() => {
    build();
  }, 60_000);

  test('is served under a policy without inline styles or scripts, in which csp_evaluator finds nothing', async () => {
    const { statusCode, headers, body } = await get(startBoard({ demo }), '/board');
    expect([statusCode, headers['cache-control']]).toEqual([200, 'no-store']);
    const policy = String(headers['content-security-policy']);
    const { csp } = new CspParser(policy);
    expect(new CspEvaluator(csp).evaluate().map((finding) => finding.description)).toEqual([]);
    expect(policy).not.toContain('unsafe');
    expect(csp.directives['connect-src']).toEqual(["'self'"]);
    for (const [, url] of body.matchAll(/"(\/board\/[^"]+)"/g))
      expect([url, (await get(startBoard({ demo }), url)).statusCode]).toEqual([url, 200]);
    expect([...body.matchAll(/(?:src|href)="(?!\/board\/|data:)[^"]*"/g)]).toEqual([]);
  });

  test('may call the issuer at which people sign in, and then holds no credentials', async () => {
    const { headers, body } = await get(startBoard({ demo, signIn }), '/board');
    const { directives } = new CspParser(String(headers['content-security-policy'])).csp;
    expect(directives['connect-src']).toEqual(["'self'", 'https://issuer.example']);
    expect(body).toContain(JSON.stringify({ issuer: signIn }));
    expect(body).not.toContain('secret');
  });

  test('is nowhere that nobody could sign in to it', async () => {
    expect((await get(startBoard({}), '/board')).statusCode).toBe(404);
  });

  test.each(['/board/manifest.json', '/board/stamp.json', '/board/..%2fplayground/stamp.json', '/board/__proto__'])(
    'does not give out %s',
    async (url) => {
      expect((await get(startBoard({ demo }), url)).statusCode).toBe(404);
    },
  );
});

describe('the sample operations', () => {
  test.each(sampleOperations)('"$title" parses, and holds one operation with a name', ({ query }) => {
    const { definitions } = parse(query);
    expect(definitions).toHaveLength(1);
    expect(definitions[0]).toMatchObject({ kind: 'OperationDefinition', name: { value: expect.any(String) } });
  });

  test.each(sampleOperations)('"$title" gives a value to each of its variables, and to no other', (sample) => {
    const [definition] = parse(sample.query).definitions;
    const declared = 'variableDefinitions' in definition ? definition.variableDefinitions : [];
    expect(Object.keys(sample.variables ?? {})).toEqual(declared?.map(({ variable }) => variable.name.value));
  });

  test('names differ, since the tabs are named after them', () => {
    const names = sampleOperations.map(({ query }) => /^(?:query|mutation|subscription) (\w+)/m.exec(query)?.[1]);
    expect(new Set(names).size).toBe(sampleOperations.length);
  });

  test('the opening one has no variables, which GraphiQL would not show', () => {
    expect(sampleOperations[0].variables).toBeUndefined();
  });

  test('lines fit the editor of a small laptop', () => {
    const long = sampleOperations.flatMap(({ query }) => query.split('\n')).filter((line) => line.length > 52);
    expect(long).toEqual([]);
  });

  test('the seed request is the published body of "Create fulfillments", in its order', () => {
    const published = `{
      "fulfillments": [
        {
          "billTargetDate": "2022-01-01",
          "fulfillmentDate": "2022-01-01",
          "fulfillmentType": "Delivery",
          "orderLineItemId": "4028828c82819b740182821bb23e15c4",
          "quantity": 5,
          "state": "SentToBilling"
        },
        {
          "billTargetDate": "2022-01-01",
          "fulfillmentDate": "2022-01-01",
          "fulfillmentType": "Delivery",
          "orderLineItemId": "4028828c82819b740182821bb23e15c4",
          "quantity": 5,
          "state": "SentToBilling"
        }
      ],
      "processingOptions": {
        "billingOptions": {
          "documentDate": "2022-01-01",
          "targetDate": "2022-01-01"
        },
        "collectPayment": true,
        "runBilling": true
      }
    }`;
    const sample = sampleOperations.find(({ query }) => query.includes('createFulfillments('));
    expect(JSON.stringify(sample?.variables?.input)).toBe(JSON.stringify(JSON.parse(published)));
  });
});
