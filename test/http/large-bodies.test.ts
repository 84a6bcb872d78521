import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { listening } from '../support/socket';

/* What large bodies hold while they arrive, and while they are worked on. A body is 64 KB at most here: 32 of them may arrive at a time. */
const longest = 65_536;
let gateway: TestGatewayServer;
let client: TestClient;
let other: TestClient;
let port: number;

beforeAll(async () => {
  gateway = await testGateway({ server: { limits: { body: longest } } });
  client = await gateway.client();
  other = await gateway.client();
  port = await listening(gateway.server);
}, 60_000);
afterAll(() => gateway.close());

const asking = (padding: number) =>
  JSON.stringify({ query: '{ viewer { clientId } }', variables: { padding: 'x'.repeat(padding) } });
const large = asking(60_000);

const post = async ({ token }: TestClient, body: string | Buffer, headers: Record<string, string> = {}) => {
  const reply = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: body as never,
  });
  return { status: reply.status, headers: reply.headers, body: (await reply.json()) as never };
};

async function idle(): Promise<void> {
  while (gateway.server.underWay().requests.length) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** A socket that has sent the head of a request, and a part of its body. */
function begun({ token }: TestClient): Promise<Socket> {
  const head = `POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${longest}\r\n\r\n{"query":"`;
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  return new Promise((resolve) => socket.once('connect', () => socket.write(head, () => resolve(socket))));
}

/** Such sockets, once the server has seen all of them. */
async function unfinished(sender: TestClient, count: number): Promise<Socket[]> {
  // A client has its reply a moment before the server has come to the end of the request.
  await idle();
  const sockets = await Promise.all(Array.from({ length: count }, () => begun(sender)));
  // Until all of them have come as far as they come.
  while (gateway.server.underWay().requests.length < count) await new Promise((resolve) => setTimeout(resolve, 10));
  return sockets;
}

async function gone(sockets: Socket[]): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await idle();
}

test('a client with many bodies that never end keeps neither others nor its own small requests waiting', async () => {
  const sockets = await unfinished(client, 100);
  expect((await post(other, large)).status).toBe(200);
  expect((await post(client, asking(10))).status).toBe(200);
  await gone(sockets);
  // What they held is free again, however often.
  for (let time = 0; time < 3; time++) await gone(await unfinished(client, 40));
  const answers = await Promise.all(Array.from({ length: 100 }, () => post(client, large)));
  expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200));
});

test('beyond 200 that wait, a client is told to send fewer', async () => {
  const sockets = await unfinished(client, 16 + 200);
  const { status, headers, body } = await post(client, large);
  const [{ message, extensions }] = (body as { errors: { message: string; extensions: object }[] }).errors;
  expect([status, headers.get('retry-after'), extensions]).toEqual([
    429,
    '1',
    { code: 'RATE_LIMITED', limit: 'waiting', allowed: 200, retryable: true },
  ]);
  expect(message).toContain('large bodies wait already');
  expect((await post(other, large)).status).toBe(200);
  await gone(sockets);
  expect((await post(client, large)).status).toBe(200);
});

test('a client whose connections end before the server knows who it is holds nothing afterwards', async () => {
  // Its first requests wait until the database has said what the client may do.
  const newcomer = await gateway.client();
  const sockets = await Promise.all(Array.from({ length: 16 }, () => begun(newcomer)));
  for (const socket of sockets) socket.resetAndDestroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  await idle();
  expect((await post(newcomer, large)).status).toBe(200);
});

test('a short body that is compressed holds its place only until it is read', async () => {
  const zipped = gzipSync(asking(100));
  const answers = await Promise.all(
    Array.from({ length: 150 }, () => post(client, zipped, { 'content-encoding': 'gzip' })),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(150).fill(200));
});
