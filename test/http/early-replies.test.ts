import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { listening } from '../support/socket';

/* Replies that come before the end of their request, to clients that read nothing before their request is sent. */

let gateway: TestGatewayServer;
let client: TestClient;
let port: number;
beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  port = await listening(gateway.server);
}, 60_000);
afterAll(() => gateway.close());

/** More than the kernel keeps for a connection that nobody reads, compressed too. */
const plain = Buffer.from(randomBytes(12_000_000).toString('hex'));
const gzip = gzipSync(plain, { level: 1 });

/** Sends the whole body, then reads until the connection ends, or until nothing more comes for half a second. */
function answered(path: string, headers: string[], body: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', reject);
    socket.pause();
    const head = [`POST ${path} HTTP/1.1`, 'host: localhost', `authorization: Bearer ${client.token}`, ...headers];
    socket.write([...head, `content-length: ${body.length}`, '', ''].join('\r\n'));
    socket.write(body, () => {
      let text = '';
      const end = () => {
        resolve(text);
        socket.destroy();
      };
      let quiet: NodeJS.Timeout | undefined;
      socket.on('data', (chunk) => {
        text += chunk;
        clearTimeout(quiet);
        quiet = setTimeout(end, 500);
      });
      socket.on('end', end);
      socket.resume();
    });
  });
}

const ofImport = ['content-type: text/csv', 'idempotency-key: early'];
const json = ['content-type: application/json'];
describe.each(['keep-alive', 'close'])('over a connection that is to %s', (connection) => {
  test.each<[string, string, string[], number]>([
    ['an import whose header is refused', '/v1/fulfillments/import', ofImport, 400],
    ['an import with an unknown parameter', '/v1/fulfillments/import?colour=red', ofImport, 400],
    ['a query that is too long', '/graphql', json, 413],
    ['a request of REST that is too long', '/v1/fulfillments', json, 413],
    ['a request with a header twice', '/graphql', [...json, 'authorization: none'], 400],
  ])('%s is answered, compressed or not', async (_what, path, headers, status) => {
    const all = [...headers, `connection: ${connection}`];
    expect(await answered(path, all, plain)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(await answered(path, [...all, 'content-encoding: gzip'], gzip)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });
});

test.each(['keep-alive', 'close'])(
  'a client that never ends its request is ended behind its one reply (%s)',
  async (connection) => {
    const hasty = await testGateway({ server: { receiveTimeoutMs: 1_000 } });
    try {
      const { token } = await hasty.client();
      const socket = connect(await listening(hasty.server), '127.0.0.1');
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()).on('error', () => {}));
      const head = ['POST /v1/fulfillments/import HTTP/1.1', 'host: localhost', `authorization: Bearer ${token}`];
      socket.write([...head, ...json, `connection: ${connection}`, 'content-length: 1000000', '', ''].join('\r\n'));
      const sending = setInterval(() => socket.write('x'), 100);
      const since = Date.now();
      await closed;
      clearInterval(sending);
      expect(Date.now() - since).toBeLessThan(10_000);
      expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400']);
    } finally {
      await hasty.close();
    }
  },
);
