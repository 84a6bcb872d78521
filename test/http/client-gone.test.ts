import { connect, type Socket } from 'node:net';
import { constants, gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { metricsOf, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { exchange, requestText } from '../support/socket';

/* Clients that go at any time of a request: each request is in the log and in the metrics, once. */

let gateway: TestGatewayServer;
let client: TestClient;
let port: number;
interface Line {
  level: number;
  msg: string;
  requestId: string;
  path?: string;
  status?: number;
  unsent?: number;
  operation?: string;
  code?: string;
}
const lines: Line[] = [];

beforeAll(async () => {
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  // The grants are known to some requests, and have to be read for others: these go on some milliseconds later.
  gateway = await testGateway({ server: { logger, grantsTtlMs: 15 } });
  client = await gateway.client();
  await orderFor(await client.work());
  port = Number(new URL(await gateway.server.app.listen({ host: '127.0.0.1', port: 0 })).port);
}, 60_000);
beforeEach(() => lines.splice(0));
afterAll(() => gateway.close());

const send = (...texts: string[]): Socket => {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(texts.join(''));
  return socket;
};
const post = (body: object | string, path = '/graphql', length?: number) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return requestText(
    `POST ${path}`,
    [
      ['authorization', `Bearer ${client.token}`],
      ['content-type', path === '/oauth/token' ? 'application/x-www-form-urlencoded' : 'application/json'],
      ['content-length', String(length ?? text.length)],
    ],
    text,
  );
};
const ends = () => lines.filter(({ msg, path }) => msg === 'request' && path !== '/metrics');
const told = ({ path, operation, status, unsent }: Line) => ({ path, operation, status, unsent });
async function until(met: () => boolean): Promise<void> {
  for (let looks = 0; !met(); looks++) {
    if (looks === 1_000) throw new Error(`what was waited for did not come: ${JSON.stringify(lines)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
/** How many requests the metrics have, by status; errors, by code. */
async function counted() {
  const body = await metricsOf(gateway.server);
  const sum = (pattern: RegExp) => [...body.matchAll(pattern)].reduce((all, [, count]) => all + Number(count), 0);
  return {
    gone: sum(/^gateway_request_duration_seconds_count\{[^}]*status="499"\} (\d+)/gm),
    errors: sum(/^gateway_request_errors_total\{[^}]*\} (\d+)/gm),
  };
}

describe.each(['at once', 'after the client is known'])('while the body arrives, %s', (when) => {
  test.each([
    ['/graphql', '{"query"'],
    ['/v1/fulfillments', '{"fulfill'],
    ['/oauth/token', 'grant_typ'],
  ])('of %s', async (path, part) => {
    const before = await counted();
    const socket = send(post(part, path, 1_000));
    await until(() => gateway.server.underWay().requests.length === 1);
    if (when !== 'at once') await new Promise((resolve) => setTimeout(resolve, 200));
    socket.destroy();
    await until(() => ends().length === 1);
    expect(ends().map(told)).toEqual([{ path, operation: undefined, status: 499, unsent: undefined }]);
    expect(lines.filter(({ level }) => level > 30)).toEqual([]);
    expect(await counted()).toEqual({ gone: before.gone + 1, errors: before.errors });
    expect(gateway.server.underWay().requests).toEqual([]);
  });
});

describe.each([false, true])('amid the file of an import, in gzip: %s', (zipped) => {
  const header = 'orderLineItemId,fulfillmentDate,quantity\n';
  test.each([
    ['within its header', header.slice(0, 20)],
    ['behind its header', header],
    ['within its first chunk', `${header}${'x,y,z\n'.repeat(500)}`],
  ])('%s', async (_where, part) => {
    const { errors } = await counted();
    const head = requestText('POST /v1/fulfillments/import', [
      ['authorization', `Bearer ${client.token}`],
      ['idempotency-key', 'gone'],
      ['content-type', 'text/csv'],
      ...(zipped ? [['content-encoding', 'gzip'] as [string, string]] : []),
      ['content-length', '100000'],
    ]);
    const socket = send(head);
    socket.write(zipped ? gzipSync(part, { finishFlush: constants.Z_SYNC_FLUSH }) : part);
    await until(() => gateway.server.underWay().requests.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.destroy();
    await until(() => ends().length === 1);
    expect(ends().map(told)).toEqual([
      { path: '/v1/fulfillments/import', operation: undefined, status: 499, unsent: undefined },
    ]);
    await gateway.server.settled();
    expect(lines.filter(({ level }) => level > 30)).toEqual([]);
    expect(gateway.failures).toEqual([]);
    expect((await counted()).errors).toBe(errors);
  });
});

test.each(['/graphql', '/v1/fulfillments'])('right behind a whole request to %s: it comes to its end', async (path) => {
  for (let time = 1; time <= 20; time++) {
    const text = post('{"query":"{ viewer { name } }"}', path);
    gateway.server.app.server.once('request', () => socket.destroy());
    const socket = send(text);
    await until(() => ends().length === time);
    expect(gateway.server.underWay().requests).toEqual([]);
  }
  expect(ends().map((line) => line.path)).toEqual(Array(20).fill(path));
});

test.each(['/graphql', '/v1/fulfillments'])(
  'before the body of a whole request to %s is read: nobody reads it',
  async (path) => {
    const before = await counted();
    await gateway.database.owner('begin');
    try {
      await gateway.database.owner('lock table client in access exclusive mode');
      await new Promise((resolve) => setTimeout(resolve, 20));
      const socket = send(post('{"query":"{ viewer { name } }"}', path));
      await gateway.database.blocked();
      socket.destroy();
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      await gateway.database.owner('rollback');
    }
    await until(() => ends().length === 1);
    expect(ends().map(told)).toEqual([{ path, operation: undefined, status: 499, unsent: undefined }]);
    expect(await counted()).toEqual({ gone: before.gone + 1, errors: before.errors });
  },
);

describe('while the request waits for a lock', () => {
  beforeEach(async () => {
    await gateway.database.owner('begin');
    await gateway.database.owner('lock table account in access exclusive mode');
  });
  afterEach(() => gateway.database.owner('rollback'));
  const read = { query: 'query Read { accounts { nodes { name } } }' };
  const write = (name: string) => ({
    query: `mutation Write { createAccount(input: {name: "${name}", currency: "USD"}) { account { name } } }`,
  });
  const accounts = (name: string) => gateway.database.owner('select from account where name = $1', [name]);

  test('a read ends, and is no error', async () => {
    const before = await counted();
    const socket = send(post(read));
    await gateway.database.blocked();
    socket.destroy();
    await until(() => ends().length === 1);
    expect(ends().map(told)).toEqual([{ path: '/graphql', operation: 'query Read', status: 499, unsent: 503 }]);
    expect(await counted()).toEqual({ gone: before.gone + 1, errors: before.errors });
  });

  test('a mutation is carried out, and told with the reply that nobody has got', async () => {
    const socket = send(post(write('Alone')));
    await gateway.database.blocked();
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(ends()).toEqual([]);
    await gateway.database.owner('rollback');
    await until(() => ends().length === 1);
    expect(ends().map(told)).toEqual([{ path: '/graphql', operation: 'mutation Write', status: 499, unsent: 200 }]);
    expect(await accounts('Alone')).toHaveLength(1);
  });

  test('one that no request follows gets no refusal of that in place of its reply', async () => {
    const answers = exchange(port, [post(write('Followed')), 'no request\r\n\r\n'], 200);
    await gateway.database.blocked();
    expect(await answers).toEqual([]);
    await gateway.database.owner('rollback');
    await until(() => ends().length === 1);
    expect(ends().map(told)).toEqual([{ path: '/graphql', operation: 'mutation Write', status: 499, unsent: 200 }]);
    expect(await accounts('Followed')).toHaveLength(1);
  });

  test('those whose turn on the connection had not come are never begun, and are told at once', async () => {
    const socket = send(post(write('First')), post(write('Second')), post(read));
    await gateway.database.blocked();
    await until(() => gateway.server.underWay().requests.length === 3);
    socket.destroy();
    await until(() => ends().length === 2);
    await gateway.database.owner('rollback');
    await until(() => ends().length === 3);
    await gateway.server.settled();
    expect(ends().map(({ operation, status, unsent }) => [operation, status, unsent])).toEqual([
      [undefined, 499, undefined],
      [undefined, 499, undefined],
      ['mutation Write', 499, 200],
    ]);
    expect([(await accounts('First')).length, (await accounts('Second')).length]).toEqual([1, 0]);
  });
});

test('a body that cannot be read has the status that its connection was answered', async () => {
  const headers: [string, string][] = [
    ['authorization', `Bearer ${client.token}`],
    ['content-type', 'application/json'],
    ['transfer-encoding', 'chunked'],
  ];
  const [answer] = await exchange(port, [requestText('POST /graphql', headers), 'no chunk\r\n'], 100);
  await until(() => ends().length === 1);
  expect([answer.status, ...ends().map(told)]).toEqual([400, { path: '/graphql', status: 400 }]);
});

test('while the reply is sent', async () => {
  // Some 6 MB, which is more than the buffers of both ends hold.
  const aliases = Array.from({ length: 480 }, (_, at) => `a${at}: description`).join(' ');
  const socket = send(post({ query: `query Long { __schema { types { ${aliases} } } }` }));
  await new Promise<void>((resolve) => socket.once('data', () => resolve()));
  socket.destroy();
  await until(() => ends().length === 1);
  expect(ends().map(told)).toEqual([{ path: '/graphql', operation: 'query Long', status: 499, unsent: 200 }]);
});

test('after the reply it is a request like any other', async () => {
  const socket = send(post({ query: 'query Short { viewer { name } }' }));
  await new Promise<void>((resolve) => socket.once('data', () => resolve()));
  socket.destroy();
  await until(() => ends().length === 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(ends().map(told)).toEqual([{ path: '/graphql', operation: 'query Short', status: 200, unsent: undefined }]);
});
