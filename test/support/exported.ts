import { type IncomingMessage, request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { TestClient } from './gateway';

/* Exports as a client of HTTP sees them: with trailers, and with connections that end too early. */

export interface Exported {
  status: number;
  headers: IncomingMessage['headers'];
  trailers: IncomingMessage['trailers'];
  text: string;
  /** Whether the reply came to its end. */
  complete: boolean;
}

export interface Asking {
  accept?: string;
  gzip?: boolean;
  headers?: Record<string, string>;
  path?: string;
  variables?: object;
}

/** Begins an export. Nothing is read until the reply is. */
export function begun(
  port: number,
  client: Pick<TestClient, 'token'>,
  query: string | object,
  { accept = 'application/jsonl', gzip, headers, path = '/graphql', variables }: Asking = {},
): Promise<IncomingMessage> {
  const body = JSON.stringify(typeof query === 'string' ? { query, variables } : query);
  return new Promise((resolve, reject) => {
    const sent = request({
      ...{ port, path, method: 'POST', agent: false },
      headers: {
        ...{ authorization: `Bearer ${client.token}`, 'content-type': 'application/json', accept, ...headers },
        ...(gzip && { 'accept-encoding': 'gzip' }),
      },
    });
    sent.on('response', resolve).on('error', reject).end(body);
  });
}

/** Reads a reply to its end, or to where it is cut off. */
export async function read(reply: IncomingMessage): Promise<Exported> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of reply) chunks.push(chunk);
  } catch {
    // Cut off: `complete` says so.
  }
  const bytes = Buffer.concat(chunks);
  const { statusCode: status, headers, trailers, complete } = reply;
  const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
  return { ...{ status: status!, headers, trailers, text, complete } };
}

/** A whole export. */
export const exported = async (...asked: Parameters<typeof begun>): Promise<Exported> => read(await begun(...asked));

/** The lines of an export, and what its last line says. */
export function linesOf({ text }: Pick<Exported, 'text'>) {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('the last line has no end');
  const all = lines.map((line) => JSON.parse(line));
  return { last: all.pop(), rows: all };
}
