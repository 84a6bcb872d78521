import { gunzipSync, gzipSync } from 'node:zlib';
import { type Answer, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { exchange, listening, requestText } from '../support/socket';

/* What holds for the headers of every request and reply; docs/http.md has the table. */
const app = 'https://app.example.com';
const other = 'http://localhost:5173';
let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  gateway = await testGateway({ server: { corsOrigins: [app, other], hstsMaxAge: 31_536_000 } });
  client = await gateway.client();
}, 60_000);
afterAll(() => gateway.close());

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';
type Headers = Record<string, string>;
const send = (method: Method, url: string, headers: Headers = {}, payload?: object | string) =>
  client.request({ method, url, headers, payload });

/** One reply of each kind, by the path that it comes from. */
const requests: Record<string, (headers?: Headers) => Promise<Answer>> = {
  'a query': (headers) => send('POST', '/graphql', headers, { query: '{ viewer { __typename } }' }),
  'a REST request': (headers) => send('GET', '/v1/fulfillments/F-1', headers),
  'a query that is none': (headers) => send('POST', '/graphql', headers, { query: '{' }),
  'malformed JSON on /graphql': (headers) => send('POST', '/graphql', json(headers), '{'),
  'malformed JSON on /v1': (headers) => send('POST', '/v1/fulfillments', json(headers), '{'),
  'no token on /graphql': (headers) => send('POST', '/graphql', { ...headers, authorization: '' }, { query: '{' }),
  'no token on /v1': (headers) => send('PUT', '/v1/fulfillments/F-1', { ...headers, authorization: '' }),
  'a token that is none': (headers) =>
    send('GET', '/v1/fulfillments/F-1', { ...headers, authorization: 'Bearer x.y.z' }),
  'an org of someone else': (headers) => send('GET', '/v1/fulfillments/F-1', { ...headers, 'zuora-org-ids': noOrg }),
  'a version that is none': (headers) => send('GET', '/v1/fulfillments/F-1', { ...headers, 'zuora-version': 'x' }),
  'a text': (headers) => send('POST', '/v1/fulfillments', { ...headers, 'content-type': 'text/plain' }, 'a'),
  'too long a body': (headers) => send('POST', '/graphql', json(headers), ' '.repeat(2_097_153)),
  'a method that is not there': (headers) => send('DELETE', '/v1/fulfillments', headers),
  'a path that is not there': (headers) => send('GET', '/v1/nothing', headers),
};
const json = (headers: Headers = {}) => ({ ...headers, 'content-type': 'application/json' });
const noOrg = 'f'.repeat(32);

describe.each(Object.entries(requests))('the reply to %s', (_what, ask) => {
  test('has its own request id, and the track id of the request', async () => {
    const answer = await ask({ 'zuora-track-id': 'order 66/b', 'zuora-request-id': 'mine' });
    expect(answer.headers['zuora-track-id']).toBe('order 66/b');
    expect(answer.headers['zuora-request-id']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect((await ask()).headers).not.toHaveProperty('zuora-track-id');
  });

  test('can be read by a page of a listed origin, and by no other', async () => {
    for (const origin of [app, other]) {
      const { headers } = await ask({ origin });
      expect(headers['access-control-allow-origin']).toBe(origin);
      expect(String(headers['access-control-expose-headers']).split(', ')).toEqual(
        expect.arrayContaining(['zuora-request-id', 'zuora-track-id', 'idempotency-replayed', 'retry-after']),
      );
      expect(headers).not.toHaveProperty('access-control-allow-credentials');
      expect(headers.vary).toMatch(/origin/i);
    }
    for (const origin of ['https://app.example.com.evil.net', 'http://app.example.com', 'null']) {
      expect((await ask({ origin })).headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  test('is not sniffed, framed, embedded or told to others, and asks for TLS where that is configured', async () => {
    expect((await ask()).headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'strict-transport-security': 'max-age=31536000',
    });
  });
});

describe('a preflight', () => {
  const preflight = (url: string, origin: string, headers: Headers = {}) =>
    send('OPTIONS', url, { authorization: '', origin, 'access-control-request-method': 'POST', ...headers });

  test.each(['/graphql', '/v1/fulfillments', '/v1/fulfillment-items/1', '/oauth/token'])(
    'of %s is answered without a token',
    async (url) => {
      const wanted = 'authorization, content-type, idempotency-key, zuora-track-id';
      const { status, headers, text } = await preflight(url, app, { 'access-control-request-headers': wanted });
      expect([status, text]).toEqual([204, '']);
      expect(headers).toMatchObject({
        'access-control-allow-origin': app,
        'access-control-allow-methods': 'GET, POST, PUT, DELETE',
        'access-control-allow-headers': wanted,
        'access-control-max-age': '600',
      });
    },
  );

  test('from another origin allows it nothing', async () => {
    const { headers } = await preflight('/graphql', 'https://evil.net');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  test.each(['/metrics', '/playground', '/v1/docs', '/livez'])(
    'of %s gives no leave: it is for nobody else',
    async (url) => {
      const { status, headers } = await preflight(url, app);
      expect([status, headers.allow]).toEqual([204, 'GET']);
      expect(headers).not.toHaveProperty('access-control-allow-origin');
      expect((await send('GET', url, { origin: app })).headers).not.toHaveProperty('access-control-allow-origin');
    },
  );
});

describe('where it is configured otherwise', () => {
  const under = async (server: object, act: (gateway: TestGatewayServer) => Promise<void>) => {
    const another = await testGateway({ server });
    await act(another).finally(() => another.close());
  };
  const ask = async ({ server }: TestGatewayServer, method: Method) =>
    (
      await server.app.inject({
        method,
        url: '/graphql',
        headers: { origin: app, 'access-control-request-method': 'POST' },
      })
    ).headers;

  test('no page of another origin can call, which is so from the start, and nothing asks for TLS', async () => {
    await under({}, async (another) => {
      for (const method of ['OPTIONS', 'POST'] as const) {
        const names = Object.keys(await ask(another, method));
        expect(names.filter((name) => /^access-control|^strict-transport/.test(name))).toEqual([]);
      }
    });
  });

  test('pages of every origin can', async () => {
    await under({ corsOrigins: ['*'] }, async (another) => {
      for (const method of ['OPTIONS', 'POST'] as const) {
        expect((await ask(another, method))['access-control-allow-origin']).toBe('*');
      }
    });
  });
});

describe('Zuora-Track-Id', () => {
  const doors = [requests['a query'], requests['a REST request']];

  test.each(['a:b', 'a;b', 'a"b', "a'b", 'x'.repeat(65), 'caf\u00e9', 'a\tb', 'a\x7fb'])('%j is 400', async (wrong) => {
    for (const ask of doors) {
      const answer = await ask({ 'zuora-track-id': wrong });
      expect([answer.status, answer.headers['zuora-track-id']]).toEqual([400, undefined]);
      expect(answer.text).toContain('Zuora-Track-Id must have at most 64 printable US-ASCII characters');
    }
  });

  test.each(['x'.repeat(64), 'a b', '{}[]<>@,/?=#~|\\^`!$%&*()_+-.'])('%j comes back as it is', async (right) => {
    for (const ask of doors) expect((await ask({ 'zuora-track-id': right })).headers['zuora-track-id']).toBe(right);
  });
});

describe('Zuora-Version', () => {
  test.each(['211.0', '1', '2025-08-12'])('may be %s, which changes nothing', async (version) => {
    const plain = await requests['a query']();
    expect((await requests['a query']({ 'zuora-version': version })).text).toBe(plain.text);
    const { status } = await requests['a REST request']({ 'zuora-version': version });
    expect(status).toBe(200);
  });

  test.each(['latest', '1.2.3', '2025-08', '-1', '1,2'])('%s is 400 on both doors', async (version) => {
    for (const ask of [requests['a query'], requests['a REST request']]) {
      const answer = await ask({ 'zuora-version': version });
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('Zuora-Version must be a number')]);
    }
  });
});

describe('gzip', () => {
  /** A query whose answer has so many bytes. */
  const sized = async (bytes: number): Promise<string> => {
    const { text } = await client.graphql('{ a: __typename }');
    const aliases: string[] = [];
    let left = bytes - text.length;
    // Each takes 200 characters and ,"":"Query" in the reply; the first field, called a, what is left.
    for (; left > 250; left -= 211) aliases.push(`b${aliases.length}`.padEnd(200, 'b'));
    return `{ ${['a'.repeat(left + 1), ...aliases].map((alias) => `${alias}: __typename`).join(' ')} }`;
  };
  const ask = (query: string, accept: string) =>
    gateway.server.app.inject({
      method: 'POST',
      url: '/graphql',
      headers: { authorization: `Bearer ${client.token}`, 'accept-encoding': accept },
      payload: { query },
    });

  test('is for what is longer than 1,000 bytes', async () => {
    const whole = await ask(await sized(1_000), 'gzip');
    expect([whole.rawPayload.length, whole.headers['content-encoding']]).toEqual([1_000, undefined]);
    const zipped = await ask(await sized(1_001), 'gzip');
    expect([zipped.headers['content-encoding'], zipped.headers.vary]).toEqual([
      'gzip',
      expect.stringMatching(/accept-encoding/i),
    ]);
    expect(gunzipSync(zipped.rawPayload)).toHaveLength(1_001);
    expect(zipped.headers['content-length']).toBe(String(zipped.rawPayload.length));
  });

  test.each([
    ['gzip, deflate, br', 'gzip'],
    ['*', 'gzip'],
    ['br;q=1, gzip;q=0.1', 'gzip'],
    ['gzip;q=0', undefined],
    ['gzip;q=0, *', undefined],
    ['*, gzip;q=0', undefined],
    ['*;q=0', undefined],
    ['gzip;q=0.000, *;q=1', undefined],
    ['identity, gzip;q=0.5', undefined],
    ['gzip;q=0.5, *;q=0', 'gzip'],
    ['deflate, *;q=0.1', 'gzip'],
    ['x-gzip', 'gzip'],
    ['', undefined],
    ['br', undefined],
    ['identity', undefined],
  ])('with Accept-Encoding %s gives %s', async (accept, encoding) => {
    const answer = await ask(await sized(2_000), accept);
    expect([answer.statusCode, answer.headers['content-encoding']]).toEqual([200, encoding]);
  });

  test.each(['gzip', 'GZip'])('is taken as %s on both doors', async (encoding) => {
    const headers = json({ 'content-encoding': encoding });
    const zipped = (body: object) => gzipSync(JSON.stringify(body)) as unknown as string;
    const { body } = await send('POST', '/graphql', headers, zipped({ query: '{ __typename }' }));
    expect(body).toEqual({ data: { __typename: 'Query' } });
    const refused = await send('POST', '/v1/fulfillments', headers, zipped({ fulfillments: [] }));
    expect([refused.status, refused.body.reasons[0].code]).toEqual([200, 58000022]);
  });

  test.each(['br', 'deflate', 'compress', 'gzip, gzip', 'x'])(
    'is the only one that is taken: %s is 415',
    async (encoding) => {
      for (const url of ['/graphql', '/v1/fulfillments']) {
        const answer = await send('POST', url, json({ 'content-encoding': encoding }), '{}');
        expect([answer.status, answer.text]).toEqual([
          415,
          expect.stringContaining('Content-Encoding must be gzip, or be left out.'),
        ]);
      }
    },
  );

  test('and identity, which is none', async () => {
    const answer = await send(
      'POST',
      '/graphql',
      json({ 'content-encoding': 'identity' }),
      '{"query":"{ __typename }"}',
    );
    expect(answer.status).toBe(200);
  });
});

test('a server that is about to stop serves what still comes, and ends the connection with the reply', async () => {
  const stopping = await testGateway();
  try {
    const { token } = await stopping.client();
    const port = await listening(stopping.server);
    const text = requestText('GET /v1/fulfillments/F-1', [
      ['authorization', `Bearer ${token}`],
      ['zuora-track-id', 'last'],
    ]);
    // It has begun to arrive when the server closes, and is there when that has.
    const answered = exchange(port, [text.slice(0, 40), text.slice(40)], 500);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closed = stopping.server.app.close();
    const [{ status, headers, body }] = await answered;
    expect([status, JSON.parse(body).reasons[0].code]).toEqual([200, 50000040]);
    expect(headers).toMatchObject({ 'zuora-track-id': 'last', connection: 'close' });
    await closed;
  } finally {
    await stopping.close();
  }
});
