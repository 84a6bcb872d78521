import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** An address in front of PostgreSQL servers, as a load balancer or a virtual address is one. */
export interface TestProxy {
  /** The URL of a database behind it. */
  url(target: string): string;
  /** New connections lead to this port. */
  lead(port: number): void;
  /** Passes nothing on any more on the connections that are open, in either direction, and leaves them open. */
  silence(): void;
  /** Accepts new connections, and passes nothing on. */
  deaf: boolean;
  /** Connections that have been made through it. */
  connections: number;
  /** Ends the connections that are open. */
  cut(): void;
  close(): Promise<void>;
}

export async function proxyTo(port: number): Promise<TestProxy> {
  const pairs = new Set<[Socket, Socket?]>();
  let target = port;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    proxy.connections++;
    client.on('error', () => {});
    if (proxy.deaf) {
      pairs.add([client]);
      return;
    }
    const database = connect(target, '127.0.0.1');
    const pair: [Socket, Socket] = [client, database];
    pairs.add(pair);
    database.on('error', () => {});
    for (const [from, to] of [pair, [database, client]]) {
      from.on('data', (data) => to.write(data));
      from.on('end', () => to.end());
      from.on('close', () => {
        if (from.listenerCount('data') > 0) to.destroy();
        if (client.destroyed && database.destroyed) pairs.delete(pair);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const all = () => [...pairs].flatMap((pair) => pair.filter((socket) => socket !== undefined));
  const proxy: TestProxy = {
    url: (of) => Object.assign(new URL(of), { port: String((server.address() as AddressInfo).port) }).href,
    lead: (to) => {
      target = to;
    },
    silence: () => {
      for (const socket of all()) {
        socket.removeAllListeners('data').removeAllListeners('end');
        // What comes is taken and forgotten, so the sender's system sees nothing wrong.
        socket.resume();
      }
    },
    deaf: false,
    connections: 0,
    cut: () => {
      for (const socket of all()) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of all()) socket.destroy();
        server.close(() => resolve());
      }),
  };
  return proxy;
}
