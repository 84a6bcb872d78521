import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** Passes connections on to a PostgreSQL without the options that they begin with, as PgBouncer does when told to ignore them. */
export async function poolerWithoutOptions(target: URL): Promise<{ url: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const database = connect(Number(target.port), target.hostname);
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        database.destroy();
      });
    }
    client.once('data', (first) => {
      database.write(withoutOptions(first));
      client.pipe(database);
    });
    database.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = Object.assign(new URL(target.href), { port: String((server.address() as AddressInfo).port) }).href;
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** The startup message: its length, the version of the protocol, names and values that end in zeros, and a zero. */
function withoutOptions(message: Buffer): Buffer {
  const parts = message.subarray(8, -1).toString('latin1').split('\0').slice(0, -1);
  const kept = parts.filter((_, at) => parts[at - (at % 2)] !== 'options');
  const body = Buffer.from(`${kept.map((part) => `${part}\0`).join('')}\0`, 'latin1');
  const head = Buffer.from(message.subarray(0, 8));
  head.writeInt32BE(body.length + 8);
  return Buffer.concat([head, body]);
}
