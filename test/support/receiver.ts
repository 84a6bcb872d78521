import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that a receiver of webhooks got. */
export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
  path: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are read as receivers see them
  json: any;
  at: number;
}

/** Answers a request of a webhook: with a status, or as it likes. */
type Answer = number | ((request: IncomingMessage, response: ServerResponse) => void);

export interface Receiver {
  url: string;
  received: Received[];
  /** How the next requests are answered; 204 at first. May depend on the request. */
  answer: Answer | ((received: Received) => Answer);
  /** Resolves once so many requests have come. */
  until(count: number, ms?: number): Promise<Received[]>;
  /** The most requests that were under way at once. */
  most: number;
  close(): Promise<void>;
}

/** A receiver of webhooks: a real HTTP server on this machine. */
export async function receiver(answer: Receiver['answer'] = 204): Promise<Receiver> {
  let open = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    own.most = Math.max(own.most, ++open);
    response.on('close', () => open--);
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const one = { headers: request.headers, body, path: request.url!, json: JSON.parse(body), at: Date.now() };
      own.received.push(one);
      const chosen =
        typeof own.answer === 'function' && own.answer.length === 1
          ? (own.answer as (r: Received) => Answer)(one)
          : own.answer;
      if (typeof chosen === 'number') response.writeHead(chosen).end();
      else (chosen as (request: IncomingMessage, response: ServerResponse) => void)(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const own: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    received: [],
    answer,
    most: 0,
    async until(count, ms = 15_000) {
      const end = Date.now() + ms;
      while (own.received.length < count) {
        if (Date.now() > end) throw new Error(`got ${own.received.length} of ${count} requests`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return own.received;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return own;
}
