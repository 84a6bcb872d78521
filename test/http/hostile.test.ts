import { request as httpRequest } from 'node:http';
import zlib, { gzipSync } from 'node:zlib';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { exchange, listening, type RawAnswer, requestText } from '../support/socket';

/* Requests that nobody sends by accident, over real sockets. */
const receiveTimeoutMs = 800;
let gateway: TestGatewayServer;
let client: TestClient;
let port: number;
let lineId: string;
/** What inflates the bodies of requests, in the order that they came. */
const inflaters: zlib.Gunzip[] = [];

beforeAll(async () => {
  const { createGunzip } = zlib;
  const value = (options?: zlib.ZlibOptions) => {
    const inflater = createGunzip(options);
    inflaters.push(inflater);
    return inflater;
  };
  Object.defineProperty(zlib, 'createGunzip', { value, configurable: true });
  gateway = await testGateway({ server: { receiveTimeoutMs } });
  client = await gateway.client();
  port = await listening(gateway.server);
  const { orderLineItems } = await orderFor(await client.work());
  lineId = orderLineItems[0].id;
}, 60_000);
afterAll(() => gateway.close());

type Headers = [string, string][];
const signedIn = (): Headers => [
  ['authorization', `Bearer ${client.token}`],
  ['content-type', 'application/json'],
];
const close: Headers = [['connection', 'close']];
const query = JSON.stringify({ query: '{ viewer { __typename } }' });
const post = (headers: Headers, body = query) =>
  exchange(
    port,
    requestText(
      'POST /graphql',
      [...signedIn(), ['content-length', String(Buffer.byteLength(body))], ...headers],
      body,
    ),
  );
const made = async () => (await gateway.database.owner('select from fulfillment')).length;
const create = () =>
  JSON.stringify({ fulfillments: [{ orderLineItemId: lineId, fulfillmentDate: '2022-01-01', quantity: 1 }] });

/** What every refusal has that was made before there was a request. */
function expectRefused(answers: RawAnswer[], status: number, message: string | RegExp): void {
  expect(answers.map((answer) => answer.status)).toEqual([status]);
  const [{ headers, body }] = answers;
  expect(JSON.parse(body).errors).toEqual([expect.objectContaining({ message: expect.stringMatching(message) })]);
  expect(headers['zuora-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers).toMatchObject({ connection: 'close', 'x-content-type-options': 'nosniff' });
}

describe('a body that inflates', () => {
  const send = (body: Buffer, path = '/graphql') =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { ...Object.fromEntries(signedIn()), 'content-encoding': 'gzip' },
      body: new Uint8Array(body),
    });

  const bomb = gzipSync(Buffer.alloc(60_000_000));

  test.each(['/graphql', '/v1/fulfillments'])('from 60 KB to 60 MB is 413 on %s, and is not kept', async (path) => {
    expect(bomb.length).toBeLessThan(65_000);
    const before = process.memoryUsage.rss();
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5);
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(bomb, path)));
    clearInterval(watch);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([413]));
    expect(await answers[0].text()).toMatch(/PAYLOAD_TOO_LARGE|58000020/);
    // 600 MB, had they been inflated; what is there is mostly what the collector has not come to.
    expect(most - before).toBeLessThan(250_000_000);
  });

  test('is not inflated any further once it has been refused', async () => {
    expect((await send(bomb)).status).toBe(413);
    const inflating = inflaters.at(-1)!;
    if (!inflating.closed) await new Promise((resolve) => inflating.once('close', resolve));
    expect(inflating.readableEnded).toBe(false);
  });

  test('to just the limit is read, and to one byte more is not', async () => {
    const filled = (size: number) => gzipSync(query.padEnd(size));
    expect((await send(filled(2_097_152))).status).toBe(200);
    expect((await send(filled(2_097_153))).status).toBe(413);
  });

  test.each([
    ['is cut off', (body: Buffer) => body.subarray(0, -10)],
    ['has a wrong checksum', (body: Buffer) => Buffer.from(body).fill(0, body.length - 8)],
    ['is broken inside', (body: Buffer) => Buffer.from(body).fill(0xff, 12, 30)],
    ['is empty', () => Buffer.alloc(0)],
  ])('but %s is 400', async (_what, damage) => {
    const answer = await send(damage(gzipSync(query)));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('"code":"BAD_REQUEST"');
  });
});

describe('a request that trickles', () => {
  const head = (name: string, value: string) => requestText('POST /graphql', [...signedIn(), [name, value]]);

  test.each<[string, () => string[]]>([
    ['not at all', () => []],
    ['in its headers', () => ['POST /graphql HTTP/1.1\r\nhost: x\r\n', ...Array(100).fill('x: y\r\n')]],
    ['in its body', () => [head('content-length', '1000'), ...Array(100).fill('a')]],
    ['in a body without a length', () => [head('transfer-encoding', 'chunked'), ...Array(100).fill('1\r\na\r\n')]],
  ])('%s is 408, and its connection is closed; others are served meanwhile', async (_how, parts) => {
    const slow = Promise.all(Array.from({ length: 20 }, () => exchange(port, parts(), 50)));
    for (let at = 0; at < 10; at++) expect((await post(close))[0].status).toBe(200);
    for (const answers of await slow) {
      expectRefused(answers, 408, 'The request did not arrive in time.');
      expect(answers[0].open).toBeLessThan(20 * receiveTimeoutMs);
    }
  });

  test('may rest between two requests, and a mutation may take longer than a request to arrive', async () => {
    const { owner, blocked } = gateway.database;
    await owner('begin');
    await owner('select from order_line_item where id = $1 for update', [lineId]);
    const before = await made();
    const body = create();
    const length: Headers = [['content-length', String(body.length)]];
    const first = requestText('POST /graphql', [...signedIn(), ['content-length', String(query.length)]], query);
    const second = requestText('POST /v1/fulfillments', [...signedIn(), ...length, ...close], body);
    const running = exchange(port, [first, second], 2 * receiveTimeoutMs);
    await blocked();
    await new Promise((resolve) => setTimeout(resolve, 2 * receiveTimeoutMs));
    await owner('rollback');
    const answers = await running;
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(JSON.parse(answers[1].body).success).toBe(true);
    expect(await made()).toBe(before + 1);
  });
});

describe('headers that are', () => {
  test('longer than 16 KB are 431', async () => {
    expectRefused(await post([['x-long', 'a'.repeat(17_000)]]), 431, 'All headers together may have at most 16 KB.');
  });

  test('more than 2,000 are all read: a key behind them still counts', async () => {
    const before = await made();
    const body = create();
    const many: Headers = Array(2_500).fill(['a', '']);
    const head: Headers = [...signedIn(), ['content-length', String(body.length)], ...many];
    const text = requestText('POST /v1/fulfillments', [...head, ['idempotency-key', 'last'], ...close], body);
    const [first] = await exchange(port, text);
    const [second] = await exchange(port, text);
    expect([first.status, second.body, second.headers['idempotency-replayed']]).toEqual([200, first.body, 'true']);
    expect(await made()).toBe(before + 1);
  });

  test.each<[string, Headers, RegExp]>([
    ['two lengths', [['content-length', '3']], /Content-Length/],
    ['two lengths that agree', [['content-length', String(query.length)]], /Content-Length/],
    ['a length and chunks', [['transfer-encoding', 'chunked']], /Transfer-Encoding/],
  ])('%s are 400, and nothing behind them is taken for a request', async (_what, headers, reason) => {
    expectRefused(await post(headers, `${query}${requestText('GET /livez', [])}`), 400, reason);
  });

  test.each<[string, string]>([
    ['authorization', 'Bearer other.token.entirely'],
    ['Idempotency-Key', 'b'],
    ['zuora-track-id', 'b'],
    ['zuora-version', '2'],
    ['zuora-entity-ids', 'b'],
    ['content-type', 'application/json'],
    ['content-encoding', 'gzip'],
    ['host', 'y'],
  ])('%s twice are 400, which says so', async (name, value) => {
    const given = signedIn().find(([each]) => each === name) ?? [name.toLowerCase(), 'a'];
    const others: Headers = signedIn().some(([each]) => each === name) ? [] : [given as [string, string]];
    const [{ status, body }] = await post([...others, [name, value], ...close]);
    expect([status, JSON.parse(body).errors[0]]).toEqual([
      400,
      { message: `${name} is given more than once.`, extensions: { code: 'BAD_REQUEST' } },
    ]);
  });

  test.each([
    ['a line break', 'a\r\nset-cookie: b=c'],
    ['a folded line', 'a\r\n set-cookie: b=c'],
    ['a carriage return', 'a\rset-cookie: b=c'],
    ['a line feed', 'a\nset-cookie: b=c'],
    ['a line break in percent', 'a%0d%0aset-cookie=b'],
    ['a nul', 'a\0b'],
  ])('echoed put no header into a reply by %s', async (_what, value) => {
    const answers = await post([['zuora-track-id', value], ...close]);
    expect(answers).toHaveLength(1);
    expect(answers[0].headers).not.toHaveProperty('set-cookie');
    expect([undefined, 'a', value]).toContain(answers[0].headers['zuora-track-id']);
  });
});

describe('what is no request', () => {
  test('without Host is 400, but for HTTP/1.0, and an expectation that nobody knows is ignored', async () => {
    const ask = async (version: string, headers: string) => {
      const [answer] = await exchange(port, `GET /livez HTTP/${version}\r\n${headers}connection: close\r\n\r\n`);
      expect(answer.headers['zuora-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      return [answer.status, answer.body];
    };
    expect(await ask('1.1', '')).toEqual([400, expect.stringContaining('Host is missing.')]);
    expect((await ask('1.0', ''))[0]).toBe(200);
    expect((await ask('1.1', 'host: x\r\nexpect: wonders\r\n'))[0]).toBe(200);
  });

  test.each([
    ['text', 'hello\r\n\r\n', /not valid HTTP\/1.1/],
    ['a method that does not exist', 'BREW /graphql HTTP/1.1\r\nhost: x\r\n\r\n', /not valid HTTP\/1.1/],
    ['TLS', Buffer.from('16030100f8010000f40303', 'hex'), /not valid HTTP\/1.1/],
  ])('%s is 400', async (_what, bytes, message) => {
    expectRefused(await exchange(port, bytes), 400, message);
  });

  test('a path that cannot be decoded is refused without being repeated', async () => {
    const [answer] = await exchange(port, requestText('GET /graphql/%zz?secret=1', [...signedIn(), ...close]));
    expect([answer.status, answer.headers['zuora-request-id']]).toEqual([
      400,
      expect.stringMatching(/^[0-9a-f-]{36}$/),
    ]);
    expect(answer.body).not.toContain('secret');
  });
});

test('a connection that the client leaves before its answer does not undo what it asked for', async () => {
  const { owner, blocked } = gateway.database;
  const before = await made();
  await owner('begin');
  await owner('select from order_line_item where id = $1 for update', [lineId]);
  const headers = { ...Object.fromEntries(signedIn()), 'idempotency-key': 'left' };
  const left = httpRequest({ port, host: '127.0.0.1', path: '/v1/fulfillments', method: 'POST', headers });
  left.on('error', () => {});
  left.end(create());
  await blocked();
  left.destroy();
  await owner('rollback');
  const retry = () => client.request({ method: 'POST', url: '/v1/fulfillments', headers, payload: create() });
  let answer = await retry();
  while (answer.status === 409) answer = await retry();
  expect([answer.status, answer.headers['idempotency-replayed']]).toEqual([200, 'true']);
  expect(await made()).toBe(before + 1);
});
