import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { standardLimits } from '../../src/domain/limits';
import type { Server } from '../../src/server';
import { metricsOf, metricsRequest, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { exchange, listening, requestText } from '../support/socket';

/* Clients that ask for long replies and do not read them, over real sockets. */

interface Line {
  level: number;
  msg: string;
  path?: string;
  operation?: string;
  status?: number;
  unsent?: number;
  cut?: string;
}
const lines: Line[] = [];
const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });

const sendTimeoutMs = 1_000;
/** Two replies do not fit. */
const maxUnsentTotal = 20_000_000;
const limits = { unsent: 1_000_000 };
let gateway: TestGatewayServer;
let client: TestClient;
let port: number;
const sockets: Socket[] = [];

beforeAll(async () => {
  gateway = await testGateway({ server: { logger, sendTimeoutMs, maxUnsentTotal, limits, grantsTtlMs: 5_000 } });
  client = await gateway.client();
  port = await listening(gateway.server);
}, 60_000);
beforeEach(async () => {
  await idle();
  lines.splice(0);
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  expect(lines.filter(({ level }) => level > 30)).toEqual([]);
});
afterAll(() => gateway.close());

/** Aliases that gzip can shorten by a quarter alone: one row is longer than it looks back. */
const aliases = Array.from({ length: 300 }, () => `a${randomBytes(180).toString('base64url').replaceAll('-', '_')}`);
/** Some 14 MB, of which the buffers of both ends hold a third. */
const long = (operation = 'Long') =>
  `query ${operation} { __schema { types { ${aliases.map((alias) => `${alias}: kind`).join(' ')} } } }`;
const create = (name: string) =>
  `mutation Create { createAccount(input: { name: "${name}", currency: "USD" }) { account { name } } }`;

type Headers = [string, string][];
function post(query: string, more: Headers = [], by = client): string {
  const body = JSON.stringify({ query });
  const headers: Headers = [
    ['authorization', `Bearer ${by.token}`],
    ['content-type', 'application/json'],
    ['content-length', String(Buffer.byteLength(body))],
  ];
  return requestText('POST /graphql', [...headers, ...more], body);
}

/** Sends requests, and reads nothing. */
const unread = (...texts: string[]) => unreadAt(port, ...texts);
function unreadAt(at: number, ...texts: string[]): Socket {
  const socket = connect(at, '127.0.0.1').pause();
  sockets.push(socket);
  socket.on('error', () => {});
  if (texts.length) socket.write(texts.join(''));
  return socket;
}

async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 0; !(await met()); looks++) {
    if (looks === 2_000) throw new Error(`what was waited for did not come: ${JSON.stringify(lines)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
const idle = ({ underWay }: Server = gateway.server) => until(() => underWay().requests.length === 0);
const ends = () => lines.filter(({ msg, path }) => msg === 'request' && path !== '/metrics');
const told = ({ operation, status, unsent, cut }: Line) => [operation, status, unsent, cut];
const unsentBytes = async (of = gateway) =>
  Number(/^gateway_unsent_bytes (\d+)$/m.exec(await metricsOf(of.server))![1]);
/** The header that /metrics needs. */
const bearing = `authorization: ${metricsRequest.headers.authorization}\r\n`;
/** How many accounts of this name there are. */
const accounts = async (name: string) =>
  (await gateway.database.owner('select from account where name = $1', [name])).length;

describe('a reply that nobody reads', () => {
  test.each<[string, Headers]>([
    ['as it is', []],
    ['by gzip', [['accept-encoding', 'gzip']]],
  ])('%s counts as unsent, and its connection is ended after SEND_TIMEOUT_MS', async (_how, headers) => {
    const socket = unread(post(long(), headers));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await until(async () => (await unsentBytes()) > 12_000_000);
    // A socket that reads nothing is not told of its end.
    await until(() => ends().length === 1);
    expect(ends().map(told)).toEqual([['query Long', 499, 200, 'SEND_TIMEOUT_MS']]);
    expect(await unsentBytes()).toBe(0);
    socket.resume();
    await closed;
  });

  test.each(['/livez', '/metrics'])('of %s ends its connection too', async (path) => {
    const socket = unread();
    const told = () => lines.filter((line) => line.path === path);
    // Until the kernel takes no more: livez takes some 5,000.
    for (let sent = 0; told().every(({ cut }) => !cut); ) {
      if (told().length === sent) {
        socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n${bearing}\r\n`.repeat(80));
        sent += 80;
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const [first] = told().filter(({ cut }) => cut);
    expect(first).toMatchObject({ status: 499, unsent: 200, cut: 'SEND_TIMEOUT_MS' });
    await idle();
  });

  test('holds no turn that other operations wait for', async () => {
    unread(post(long()));
    await until(async () => (await unsentBytes()) > 12_000_000);
    const body = await metricsOf(gateway.server);
    expect(
      [...body.matchAll(/^gateway_operations_cost\{lane="(\w+)"\} (\d+)$/gm)].map(([, lane, cost]) => [lane, cost]),
    ).toEqual([
      ...[
        ['light', '0'],
        ['heavy', '0'],
      ],
    ]);
  });

  test('that is read slowly and steadily is sent to its end, plain and by gzip', async () => {
    // The time of a request is over when its reply is made.
    const other = await testGateway({ server: { logger, sendTimeoutMs: 2_000, limits: { time: 4_000 } } });
    try {
      const at = await listening(other.server);
      const reader = await other.client();
      const read = (headers: Headers) =>
        new Promise<Buffer>((resolve, reject) => {
          const socket = unreadAt(at, post(long(), [...headers, ['connection', 'close']], reader));
          const chunks: Buffer[] = [];
          // 2 MB/s, which takes longer than the time of a request, and than three times the time-out.
          const began = performance.now();
          let read = 0;
          const timer = setInterval(() => {
            while (read < 2_000 * (performance.now() - began)) {
              const chunk = socket.read(20_000) ?? socket.read();
              if (!chunk) return;
              chunks.push(chunk);
              read += chunk.length;
            }
          }, 10);
          socket.on('readable', () => {}).on('error', reject);
          socket.on('end', () => {
            clearInterval(timer);
            resolve(Buffer.concat(chunks));
          });
        });
      const body = (reply: Buffer) => reply.subarray(reply.indexOf('\r\n\r\n') + 4);
      const [plain, zipped] = await Promise.all([read([]), read([['accept-encoding', 'gzip']])]);
      expect(JSON.parse(body(plain).toString()).data.__schema.types.length).toBeGreaterThan(100);
      expect(gunzipSync(unchunked(body(zipped))).equals(body(plain))).toBe(true);
      await idle(other.server);
      expect(ends().map(told)).toEqual(Array(2).fill(['query Long', 200, undefined, undefined]));
    } finally {
      await other.close();
    }
  });

  test('does not hold a stop up', async () => {
    const other = await testGateway({ server: { logger, sendTimeoutMs: 60_000 } });
    try {
      const at = await listening(other.server);
      unreadAt(at, post(long(), [], await other.client()));
      await until(async () => (await unsentBytes(other)) > 12_000_000);
      while (ends().length === 0) {
        other.server.endRequests();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(ends().map(told)).toEqual([['query Long', 499, 200, 'STOP_TIMEOUT_MS']]);
      expect(other.server.underWay().requests).toEqual([]);
    } finally {
      await other.close();
    }
  });
});

describe('a client that leaves more than MAX_UNSENT unread', () => {
  const refused = {
    message: expect.stringMatching(/^The client has not read \d+ bytes of replies; 1000000 are allowed\./),
    extensions: {
      ...{ code: 'RATE_LIMITED', limit: 'unsent', allowed: 1_000_000, requested: expect.any(Number) },
      retryable: true,
    },
  };

  test('is refused before anything runs, until it reads; others are served', async () => {
    const socket = unread(post(long()));
    await until(async () => (await unsentBytes()) > 12_000_000);
    const answer = await client.graphql(create('Refused'), {}, { 'idempotency-key': 'unread' });
    expect([answer.status, answer.headers['retry-after'], answer.body]).toEqual([429, '1', { errors: [refused] }]);
    expect(answer.body.errors[0].extensions.requested).toBeGreaterThan(12_000_000);
    const rest = await client.request({ method: 'POST', url: '/v1/fulfillments', payload: {} });
    expect([rest.status, rest.body.reasons[0].code, rest.headers['retry-after']]).toEqual([429, 58000070, '1']);
    const another = await gateway.client();
    expect((await another.graphql(create('Served'))).status).toBe(200);
    expect([await accounts('Refused'), await accounts('Served')]).toEqual([0, 1]);

    // One that begins to read is served again, also under the key that was refused.
    socket.resume();
    await until(async () => (await unsentBytes()) === 0);
    const again = await client.graphql(create('Refused'), {}, { 'idempotency-key': 'unread' });
    expect([again.status, again.headers['idempotency-replayed'], await accounts('Refused')]).toEqual([
      ...[200, undefined, 1],
    ]);
  });

  test('is refused as well where it asks for all of it at once', async () => {
    // All have arrived, but for the end of their bodies, before any of them has a reply.
    const text = post(long());
    const asking = Array.from({ length: 8 }, () => unread(text.slice(0, -10)));
    await until(() => gateway.server.underWay().requests.length === 8);
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const socket of asking) socket.write(text.slice(-10));
    await until(() => ends().length >= 6);
    await idle();
    const refused = ends().filter(({ status }) => status === 429);
    const ran = ends().filter(({ unsent }) => unsent === 200);
    expect(refused.length + ran.length).toBe(8);
    // The first one alone, unless another has begun before its reply was made.
    expect(ran.length).toBeLessThanOrEqual(2);
  });

  test('is served again once it has closed the connection', async () => {
    const socket = unread(post(long()));
    await until(async () => (await unsentBytes()) > 12_000_000);
    expect((await client.graphql('{ viewer { name } }')).status).toBe(429);
    socket.destroy();
    await until(async () => (await unsentBytes()) === 0);
    expect((await client.graphql('{ viewer { name } }')).status).toBe(200);
  });

  test('is known by its address where it has no token, and health is told to it all the same', async () => {
    const other = await testGateway({ server: { sendTimeoutMs: 60_000, limits: { unsent: 10_000 } } });
    try {
      const at = await listening(other.server);
      const get = async (path: string) => {
        const text = `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${bearing}connection: close\r\n\r\n`;
        return (await exchange(at, text))[0];
      };
      expect((await get('/playground')).status).not.toBe(429);
      const socket = unreadAt(at);
      const text = `GET /metrics HTTP/1.1\r\nhost: localhost\r\n${bearing}\r\n`.repeat(20);
      // Until the kernel takes no more, and the reply stays.
      for (let stood = 0, before = -1; stood < 20; ) {
        const { length } = other.server.underWay().requests;
        if (length === 0) socket.write(text);
        stood = length > 0 && length === before ? stood + 1 : 0;
        before = length;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const answer = await get('/playground');
      expect([answer.status, answer.headers['retry-after'], JSON.parse(answer.body).code]).toEqual([
        ...[429, '1', 'RATE_LIMITED'],
      ]);
      for (const path of ['/livez', '/readyz', '/metrics'])
        expect([path, (await get(path)).status]).toEqual([path, 200]);
      // Whoever has a token counts for himself.
      expect((await (await other.client()).graphql('{ viewer { name } }')).status).toBe(200);
      socket.destroy();
    } finally {
      await other.close();
    }
  });
});

describe('what all clients leave unread', () => {
  test('beyond MAX_UNSENT_TOTAL ends the connection that reads nothing, and not the one that reads', async () => {
    // Its time to send is not up before the second reply is made.
    const other = await testGateway({ server: { logger, sendTimeoutMs: 15_000, maxUnsentTotal } });
    try {
      const at = await listening(other.server);
      const [idler, reader] = [await other.client(), await other.client()];
      unreadAt(at, post(long('Unread'), [], idler));
      await until(async () => (await unsentBytes(other)) > 12_000_000);
      // Until it is seen that nothing moves: after two looks, of which there is one a second.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      const [answer] = await exchange(at, post(long('Read'), [['connection', 'close']], reader));
      expect(JSON.parse(answer.body).data.__schema.types.length).toBeGreaterThan(100);
      await idle(other.server);
      expect(ends().map(told)).toEqual([
        ['query Unread', 499, 200, 'MAX_UNSENT_TOTAL'],
        ['query Read', 200, undefined, undefined],
      ]);
    } finally {
      await other.close();
    }
  });

  test('never comes to more than that and one reply', async () => {
    const one = (await client.graphql(long())).text.length;
    const many = await Promise.all(Array.from({ length: 6 }, () => gateway.client()));
    for (const each of many) unread(post(long(), [], each), post(long(), [], each));
    let most = 0;
    await until(async () => {
      most = Math.max(most, await unsentBytes());
      return ends().filter(({ cut }) => cut).length >= 5;
    });
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(maxUnsentTotal + one);
  });
});

describe('requests that come ahead of the replies to those before them', () => {
  test('are answered in their order, each after the one before', async () => {
    const names = Array.from({ length: 60 }, (_, at) => `In order ${at}`);
    const close: Headers = [['connection', 'close']];
    const texts = names.map((name, at) => post(create(name), at === 59 ? close : []));
    const answers = await exchange(port, texts.join(''));
    expect(answers.map(({ body }) => JSON.parse(body).data.createAccount.account.name)).toEqual(names);
    const rows = await gateway.database.owner<{ name: string }>(
      "select name from account where name like 'In order %' order by created_date, account_number",
    );
    expect(rows.map(({ name }) => name)).toEqual(names);
  });

  test('are not begun as long as nobody reads these, and are not carried out once the connection has ended', async () => {
    unread(post(long()), post(create('Behind')).repeat(3));
    await until(async () => (await unsentBytes()) > 12_000_000);
    expect(gateway.server.underWay().requests).toHaveLength(4);
    expect(await unsentBytes()).toBeLessThan(maxUnsentTotal);
    await until(() => ends().length === 4);
    const never = [undefined, 499, undefined, 'SEND_TIMEOUT_MS'];
    expect(ends().map(told)).toEqual([['query Long', 499, 200, 'SEND_TIMEOUT_MS'], never, never, never]);
    await gateway.server.settled();
    expect(await accounts('Behind')).toBe(0);
  });

  test('end the connection where there are more than a hundred', async () => {
    const socket = unread();
    const closed = new Promise<void>((resolve) => socket.resume().once('close', () => resolve()));
    socket.write(post(create('Many')).repeat(1_000));
    await closed;
    await idle();
    expect(ends()).toHaveLength(101);
    expect(ends().every(({ status, cut }) => status === 499 && cut === 'pipelined')).toBe(true);
    // The first had its turn.
    expect(await accounts('Many')).toBeLessThanOrEqual(1);
    expect((await client.graphql('{ viewer { name } }')).status).toBe(200);
  });
});

test('the bounds admit the longest replies that there are, several times', () => {
  const { unsent, reply, keptReply } = standardLimits;
  expect(unsent).toBeGreaterThanOrEqual(2 * reply);
  expect(unsent).toBeGreaterThanOrEqual(8 * keptReply);
});

/** What chunks of HTTP/1.1 hold. */
function unchunked(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.subarray(at, end).toString('latin1'), 16);
    if (!size) return Buffer.concat(parts);
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 4 + size;
  }
}
