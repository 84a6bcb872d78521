import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { signed, WebhookSender, type WebhookSenderOptions } from '../../src/gateway/webhook';
import { type DnsServer, dnsServer } from '../support/dns-server';
import { type Receiver, receiver } from '../support/receiver';

/* The sender alone, against servers that behave and servers that do not. */

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const act of cleanup.splice(0)) await act();
});

const sender = (options: Partial<WebhookSenderOptions> = { local: true }): WebhookSender => {
  const made = new WebhookSender({ version: '1', ...options });
  cleanup.push(() => made.close());
  return made;
};
async function listening(answer?: Receiver['answer']): Promise<Receiver> {
  const made = await receiver(answer);
  cleanup.push(() => made.close());
  return made;
}
async function named(addressesOf: (name: string) => string[] | null): Promise<DnsServer> {
  const made = await dnsServer(addressesOf);
  cleanup.push(() => made.close());
  return made;
}
/** A server that does with a connection what it likes. */
async function raw(act: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    act(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
const request = (url: string) => ({ url, id: 'msg_1', body: '{"é":1}', secrets: [secret] });

describe('a signature', () => {
  test('is what the test vector of Standard Webhooks says', () => {
    const body = '{"test": 2432232314}';
    const now = new Date(1614265330_000);
    expect(signed({ id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body, secrets: [secret] }, now)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  test('is made by each of several secrets, and either verifies', async () => {
    const to = await listening();
    const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    await sender().send({ ...request(to.url), secrets: [secret, other] });
    const [{ body, headers }] = to.received;
    for (const each of [secret, other]) new Webhook(each).verify(body, headers as Record<string, string>);
    expect(String(headers['webhook-signature']).split(' ')).toHaveLength(2);
    const wrong = new Webhook(`whsec_${Buffer.alloc(32, 8).toString('base64')}`);
    expect(() => wrong.verify(body, headers as Record<string, string>)).toThrow();
  });
});

describe('an answer', () => {
  test.each([200, 201, 204, 299])('of %i is a success', async (status) => {
    const to = await listening(status);
    expect(await sender().send(request(to.url))).toEqual({ status, error: null });
  });

  test.each([400, 404, 410, 429, 500, 503])('of %i is a failure', async (status) => {
    const to = await listening(status);
    expect(await sender().send(request(to.url))).toMatchObject({ status, error: `status ${status}` });
  });

  test('that redirects is a failure, and is not followed', async () => {
    const elsewhere = await listening();
    for (const status of [301, 302, 307, 308]) {
      const to = await listening((_request, response) => response.writeHead(status, { location: elsewhere.url }).end());
      expect(await sender().send(request(to.url))).toMatchObject({
        status,
        error: expect.stringContaining('redirects'),
      });
    }
    expect(elsewhere.received).toEqual([]);
  });

  test('may say when to try again, in seconds or as a date', async () => {
    const to = await listening((_request, response) => response.writeHead(503, { 'retry-after': '30' }).end());
    expect(await sender().send(request(to.url))).toMatchObject({ retryAfterMs: 30_000 });
    const date = new Date(Date.now() + 90_000).toUTCString();
    to.answer = (_request, response) => response.writeHead(429, { 'retry-after': date }).end();
    const { retryAfterMs } = await sender().send(request(to.url));
    expect(retryAfterMs! > 80_000 && retryAfterMs! <= 90_000).toBe(true);
    to.answer = (_request, response) => response.writeHead(429, { 'retry-after': '86400000000000' }).end();
    expect((await sender().send(request(to.url))).retryAfterMs).toBeGreaterThan(3_600_000);
    for (const value of ['nonsense', '-1', '0', new Date(0).toUTCString()]) {
      to.answer = (_request, response) => response.writeHead(429, { 'retry-after': value }).end();
      expect((await sender().send(request(to.url))).retryAfterMs).toBeUndefined();
    }
  });

  test('of 100 MB is judged by its status, and is not read', async () => {
    let written = 0;
    let closed = false;
    const to = await listening((_request, response) => {
      response.writeHead(200, { 'content-length': 100_000_000 });
      response.on('close', () => {
        closed = true;
      });
      const chunk = Buffer.alloc(65_536);
      const more = () => {
        while (written < 100_000_000 && !closed) {
          written += chunk.length;
          if (response.write(chunk)) continue;
          response.once('drain', more);
          return;
        }
      };
      more();
    });
    expect(await sender().send(request(to.url))).toEqual({ status: 200, error: null });
    while (!closed) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(written).toBeLessThan(20_000_000);
  });

  test('that never comes, or never ends, is a failure after 10 seconds', async () => {
    const silent = await raw(() => {});
    const slow = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      const drip = setInterval(() => socket.write('1\r\nx\r\n'), 200);
      socket.on('close', () => clearInterval(drip));
    });
    const header = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const drip = setInterval(() => socket.write('x: y\r\n'), 200);
      socket.on('close', () => clearInterval(drip));
    });
    // The handshake of TLS.
    const secure = (await raw(() => {})).replace('http:', 'https:');
    const began = performance.now();
    const answers = await Promise.all([silent, slow, header, secure].map((url) => sender().send(request(url))));
    for (const answer of answers) {
      expect(answer).toEqual({ status: null, error: 'no answer within 10 seconds' });
    }
    const took = performance.now() - began;
    expect(took > 9_500 && took < 11_500).toBe(true);
  }, 20_000);

  test('that is no HTTP, is cut off, or has headers without end is a failure', async () => {
    const answers = [
      await raw((socket) => socket.end()),
      await raw((socket) => socket.resetAndDestroy()),
      await raw((socket) => socket.end('nonsense\r\n\r\n')),
      await raw((socket) =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
      ),
      await raw((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf')),
      await raw((socket) => socket.end(`HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(1000)}\r\n`.repeat(100)}\r\n`)),
    ];
    for (const url of answers) {
      const { status, error } = await sender().send(request(url));
      expect([url, status, typeof error]).toEqual([url, null, 'string']);
      expect(error).not.toContain('127.0.0.1');
    }
  });
});

describe('connections', () => {
  test('are kept open, and one that the receiver had closed is no failure', async () => {
    const sockets = new Set<Socket>();
    const to = await listening((request, response) => {
      sockets.add(request.socket);
      response.writeHead(200).end();
    });
    const by = sender();
    for (let at = 0; at < 3; at++) expect(await by.send(request(to.url))).toMatchObject({ status: 200 });
    expect(sockets.size).toBe(1);
    // Closed at the moment when the next request is on its way.
    const once = await raw((socket) => {
      let count = 0;
      socket.on('data', () => {
        if (++count === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        else socket.resetAndDestroy();
      });
    });
    for (let at = 0; at < 4; at++) expect(await by.send(request(once))).toMatchObject({ status: 200, error: null });
  });
});

describe('a host', () => {
  test('that leads to a forbidden address is not connected to, whatever its name', async () => {
    const to = await listening();
    const { port } = new URL(to.url);
    const dns = await named(() => ['127.0.0.1']);
    const by = sender({ dnsServers: [dns.address] });
    const answer = await by.send(request(`https://harmless.example.com:${port}/`));
    expect(answer).toEqual({ status: null, error: 'the host leads to a private, local or reserved address' });
    expect(dns.asked).toEqual(['harmless.example.com']);
    expect(to.received).toEqual([]);
  });

  test('with one forbidden address among others is refused as a whole', async () => {
    const dns = await named(() => ['8.8.8.8', '169.254.169.254']);
    const by = sender({ dnsServers: [dns.address] });
    expect(await by.send(request('https://both.example.com/'))).toMatchObject({
      error: expect.stringContaining('leads to'),
    });
  });

  test('is connected to at the address that was judged: the name is looked up once', async () => {
    const to = await listening();
    const { port } = new URL(to.url);
    let count = 0;
    // The first answer is allowed here, and the second would lead to the metadata of a cloud.
    const dns = await named(() => (count++ < 2 ? ['127.0.0.1'] : ['169.254.169.254']));
    const by = sender({ local: true, dnsServers: [dns.address] });
    expect(await by.send(request(`http://rebinding.example.com:${port}/`))).toMatchObject({ status: 204 });
    expect(dns.asked).toEqual(['rebinding.example.com']);
  });

  test('whose name nobody answers for delays no other', async () => {
    const to = await listening();
    const { port } = new URL(to.url);
    const dns = await named((name) => (name.startsWith('silent') ? null : ['127.0.0.1']));
    const by = sender({ local: true, dnsServers: [dns.address] });
    const silent = Array.from({ length: 20 }, (_, at) => by.send(request(`http://silent${at}.example.com:${port}/`)));
    const began = performance.now();
    expect(await by.send(request(`http://healthy.example.com:${port}/`))).toMatchObject({ status: 204 });
    expect(performance.now() - began).toBeLessThan(1_000);
    for (const answer of await Promise.all(silent)) expect(answer).toMatchObject({ status: null });
  }, 20_000);

  test('of a URL that became forbidden since the endpoint was made is not connected to', async () => {
    const to = await listening();
    expect(await sender({}).send(request(to.url))).toMatchObject({
      status: null,
      error: expect.stringContaining('url must'),
    });
    expect(to.received).toEqual([]);
  });
});
