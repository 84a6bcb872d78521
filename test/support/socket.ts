import { connect } from 'node:net';
import type { Server } from '../../src/server';

/* What no HTTP client can be made to send. */

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** How long the connection was open, in milliseconds. */
  open: number;
}

/** Where the server listens by now. */
export async function listening({ app }: Server): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as { port: number }).port;
}

/** All answers that come over one connection, which the server ends. `parts` are sent `pause` milliseconds apart. */
export function exchange(port: number, parts: string | Buffer | string[], pause = 0): Promise<RawAnswer[]> {
  const began = Date.now();
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    let timer: NodeJS.Timeout | undefined;
    const rest = [parts].flat();
    const next = () => {
      if (rest.length === 0 || !socket.writable) return;
      socket.write(rest.shift()!);
      timer = setTimeout(next, pause);
    };
    socket.on('connect', next);
    socket.on('data', (chunk) => chunks.push(chunk));
    // A server that ends a connection on which more is on its way resets it.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answersIn(Buffer.concat(chunks).toString('latin1'), Date.now() - began));
    });
  });
}

function answersIn(text: string, open: number): RawAnswer[] {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return [];
  const [first, ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const from = end + 4;
  const to = headers['content-length'] === undefined ? text.length : from + Number(headers['content-length']);
  return [
    { status: Number(first.split(' ')[1]), headers, body: text.slice(from, to), open },
    ...answersIn(text.slice(to), open),
  ];
}

/** The text of a request. Headers may be repeated, and in any order. */
export const requestText = (line: string, headers: readonly [string, string][], body = ''): string =>
  [`${line} HTTP/1.1`, 'host: x', ...headers.map(([name, value]) => `${name}: ${value}`), '', body].join('\r\n');
