import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/* What is refused before the graph or a route has a say has a shape that its door's clients read, and a code of the table. */

let gateway: TestGatewayServer;
let client: TestClient;
let port: number;
const sockets: Socket[] = [];

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  gateway.server.app.server.on('connection', (socket) => sockets.push(socket));
  await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  port = Number(new URL(gateway.server.app.listeningOrigin).port);
}, 60_000);
afterAll(() => gateway.close());

const gzip = (body: Buffer): Record<string, string> => ({
  'content-type': 'application/json',
  'content-encoding': body[0] === 0x1f ? 'gzip' : 'identity',
});
const long = Buffer.from(JSON.stringify({ query: ' '.repeat(3_000_000) }));

const json = { 'content-type': 'application/json' };
type Case = [
  status: number,
  what: string,
  code: string,
  category: number,
  send: (path: string) => { path?: string; method?: 'POST' | 'PUT' | 'PATCH'; headers?: object; payload?: unknown },
];
const cases: Case[] = [
  [
    400,
    'a header of the wrong form',
    'BAD_REQUEST',
    90,
    () => ({ headers: { ...json, 'zuora-version': 'latest' }, payload: '{}' }),
  ],
  [400, 'JSON that is none', 'BAD_REQUEST', 90, () => ({ headers: json, payload: '{' })],
  [401, 'no token', 'UNAUTHENTICATED', 11, () => ({ headers: { authorization: '' }, payload: '{}' })],
  [403, 'an entity of others', 'FORBIDDEN', 10, () => ({ headers: { 'zuora-entity-ids': 'f'.repeat(32) } })],
  [404, 'a path below it', 'NO_SUCH_PATH', 40, (path) => ({ path: `${path}/a/b/c`, headers: json, payload: '{}' })],
  [405, 'another method', 'METHOD_NOT_ALLOWED', 45, () => ({ method: 'PATCH', headers: json, payload: '{}' })],
  [413, 'a long body', 'PAYLOAD_TOO_LARGE', 20, () => ({ headers: json, payload: long })],
  [
    413,
    'a short body that is long',
    'PAYLOAD_TOO_LARGE',
    20,
    () => ({ headers: gzip(gzipSync(long)), payload: gzipSync(long) }),
  ],
  [
    415,
    'a form',
    'UNSUPPORTED_MEDIA_TYPE',
    20,
    () => ({ headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: 'query=%7B__typename%7D' }),
  ],
  [
    415,
    'a body without a type',
    'UNSUPPORTED_MEDIA_TYPE',
    20,
    () => ({ headers: { 'content-type': '' }, payload: '{}' }),
  ],
  [
    415,
    'an encoding we have not',
    'UNSUPPORTED_MEDIA_TYPE',
    20,
    () => ({ headers: { ...json, 'content-encoding': 'br' }, payload: '{}' }),
  ],
];

describe.each(['/graphql', '/v1/fulfillments'])('%s', (door) => {
  test.each(cases)('answers %i to %s', async (status, _what, code, category, send) => {
    const { path = door, method = 'POST', headers, payload } = send(door);
    const answer = await client.request({ method, url: path, headers, payload } as never);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    const message = expect.stringMatching(/^[A-Z].*\.$/);
    const resource = method === 'POST' ? 580000 : 500000;
    const limit = status === 413 && { limit: 'body', allowed: 2_097_152 };
    if (door === '/graphql') expect(answer.body).toEqual({ errors: [{ message, extensions: { code, ...limit } }] });
    else {
      expect(answer.body).toEqual({
        success: false,
        processId: expect.stringMatching(/^[0-9a-f]{16}$/),
        requestId: answer.headers['zuora-request-id'],
        reasons: [{ code: resource * 100 + category, message }],
      });
    }
  });
});

test('a path that cannot be decoded is malformed, and one that is long leads nowhere', async () => {
  const bad = await client.request({ method: 'GET', url: '/v1/fulfillments/%zz' });
  expect([bad.status, bad.body.reasons[0].code]).toEqual([400, 50000090]);
  const far = await client.request({ method: 'GET', url: `/v1/fulfillments/${'x'.repeat(10_000)}` });
  expect([far.status, far.body.reasons[0].code]).toEqual([200, 50000040]);
});

test('other paths say the code and what is wrong', async () => {
  const answer = await client.request({ method: 'GET', url: '/nowhere?a=b' });
  expect([answer.status, answer.body]).toEqual([404, { code: 'NO_SUCH_PATH', message: 'There is no GET /nowhere.' }]);
});

test('a request that comes while the server closes is served, as the last of its connection', async () => {
  const closing = await testGateway();
  const { app } = closing.server;
  const late = await closing.client();
  await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect(Number(new URL(app.listeningOrigin).port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  // A connection on which a request has begun is not closed with the server.
  socket.write(`GET /v1/fulfillments/F-00000001 HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${late.token}\r\n`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const closed = closing.close();
  while (app.server.listening) await new Promise((resolve) => setTimeout(resolve, 10));
  socket.write('\r\n');
  await closed;
  expect(text).toMatch(/^HTTP\/1.1 200 /);
  expect(text).toContain('\r\nconnection: close\r\n');
  expect(text).toContain('"reasons":[{"code":50000040,');
});

describe('where no path is known yet', () => {
  /** Sends bytes, and what comes back until the server closes. */
  async function exchange(bytes: string, then: (socket: Socket) => void = () => {}) {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write(bytes);
    then(socket);
    await closed;
    const [head, body] = text.split('\r\n\r\n');
    return { head: head.split('\r\n'), body: JSON.parse(body) };
  }

  const start = 'POST /graphql HTTP/1.1\r\nhost: a\r\n';
  test.each<[number, string, string, number, string, string]>([
    [431, 'headers of 20 KB', 'HEADERS_TOO_LARGE', 50000020, `${start}a: ${'x'.repeat(20_000)}\r\n\r\n`, ''],
    [400, 'no HTTP', 'BAD_REQUEST', 50000090, 'hello\r\n\r\n', ''],
    [400, 'two lengths', 'BAD_REQUEST', 50000090, `${start}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`, ''],
    [
      400,
      'a length beside chunks',
      'BAD_REQUEST',
      50000090,
      `${start}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n`,
      '',
    ],
    [
      408,
      'a request that does not end',
      'REQUEST_TIMEOUT',
      50000061,
      `${start}content-length: 9\r\n`,
      'ERR_HTTP_REQUEST_TIMEOUT',
    ],
  ])('%i for %s has both shapes', async (status, _what, code, reason, bytes, timeout) => {
    const { head, body } = await exchange(bytes, () => {
      if (!timeout) return;
      // What Node says after half a minute.
      const { server } = gateway.server.app;
      expect(server.requestTimeout).toBe(30_000);
      setTimeout(() => server.emit('clientError', Object.assign(new Error(), { code: timeout }), sockets.at(-1)), 200);
    });
    expect(head[0]).toMatch(`HTTP/1.1 ${status} `);
    const id = head.find((line) => line.startsWith('zuora-request-id: '))?.slice(18);
    expect(head).toEqual(
      expect.arrayContaining(['connection: close', 'content-type: application/json; charset=utf-8']),
    );
    const message = expect.stringMatching(/^[A-Z].*\.$/);
    expect(body).toEqual({
      success: false,
      processId: expect.stringMatching(/^[0-9a-f]{16}$/),
      requestId: id,
      reasons: [{ code: reason, message }],
      errors: [{ message, extensions: { code, ...(timeout && { retryable: true }) } }],
    });
    expect((await client.graphql('{ __typename }')).status).toBe(200);
  });
});
