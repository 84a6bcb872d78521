import { createReadStream } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type { LineError, RefusedLines, SourceFile } from './refused-lines';

/** How long the gateway may say nothing. An import that waits for the next minute of its budget says nothing for one. */
const silentMs = 120_000;

/** What a request needs. */
export interface ImportRequest {
  origin: string;
  /** The query string, with its question mark, or nothing. */
  query: string;
  clientId: string;
  clientSecret: string;
  key: string;
  source: SourceFile;
}

/** News of an import under way. */
export type News = { lines: number; created: number; refused: number } | { billing: number; of: number };

/** The numbers of the last line. */
export type Totals = Readonly<Record<'lines' | 'created' | 'refused' | 'replayed', number>> &
  Readonly<Partial<Record<'invoices' | 'creditMemos' | 'unbilledChunks', number>>>;

/** An import that ended before its file. */
export class ImportFailed extends Error {
  constructor(
    message: string,
    /** The same request may succeed. */
    readonly mayRetry: boolean,
    /** Seconds to wait before that, if the gateway says so. */
    readonly after?: number,
  ) {
    super(message);
  }
}

const retryable = [408, 409, 429, 502, 503, 504];

/**
 * Sends the file once, and reads the reply while it is sent.
 * @throws ImportFailed
 */
export async function sendFile(
  asked: ImportRequest,
  refused: RefusedLines,
  tell: (news: News) => void,
): Promise<Totals> {
  try {
    const { request, response } = await post(asked, await tokenOf(asked));
    try {
      if (response.statusCode !== 200) throw await refusalOf(response);
      return await readReply(response, refused, tell);
    } finally {
      request.destroy();
    }
  } catch (error) {
    if (error instanceof ImportFailed) throw error;
    throw new ImportFailed(`The gateway at ${asked.origin} cannot be reached: ${reasonOf(error)}.`, true);
  }
}

/** Node hides the reason of a failed fetch in its cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: Error };
  return (cause?.message || message || String((error as { code?: string }).code)).replace(/\.$/, '');
}

async function tokenOf({ origin, clientId, clientSecret }: ImportRequest): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  });
  const response = await fetch(`${origin}/oauth/token`, { method: 'POST', body, signal: AbortSignal.timeout(30_000) });
  if (!response.ok) {
    throw new ImportFailed(
      `The gateway gives no token: HTTP ${response.status}. Check CLIENT_ID and CLIENT_SECRET.`,
      retryable.includes(response.status),
    );
  }
  return ((await response.json()) as { access_token: string }).access_token;
}

async function post({ origin, query, key, source }: ImportRequest, token: string) {
  const url = new URL(`${origin}/v1/fulfillments/import${query}`);
  const request = (url.protocol === 'https:' ? https : http).request(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'idempotency-key': key,
      'content-type': source.form === 'csv' ? 'text/csv' : 'application/jsonl',
      ...(source.zipped && { 'content-encoding': 'gzip' }),
    },
  });
  request.setTimeout(silentMs, () => request.destroy(new Error(`it says nothing for ${silentMs / 1000} s`)));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
    // A file that cannot be read ends the request. A gateway that refuses the file may close the connection meanwhile.
    pipeline(createReadStream(source.path), request).catch(reject);
  });
  // A connection that ends later ends the reply too.
  request.on('error', () => {});
  return { request, response };
}

async function refusalOf(response: IncomingMessage): Promise<ImportFailed> {
  let text = '';
  for await (const chunk of response) text += chunk;
  const status = response.statusCode!;
  const after = Number(response.headers['retry-after']) || undefined;
  let message = `HTTP ${status}`;
  try {
    message = JSON.parse(text).reasons[0].message;
  } catch {
    // A proxy in between has other pages.
  }
  return new ImportFailed(message, retryable.includes(status), after);
}

async function readReply(
  response: IncomingMessage,
  refused: RefusedLines,
  tell: (news: News) => void,
): Promise<Totals> {
  await refused.begin();
  for await (const text of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
    // Most lines say that a fulfillment was created: no need to parse them.
    if (text.startsWith('{"line"') && !text.includes('"errors"')) continue;
    const told = JSON.parse(text);
    if (told.line) await refused.add(told.line, told.errors as LineError[]);
    else if (told.progress) tell(told.progress);
    else if (told.billing) tell({ billing: told.billing.chunk, of: told.billing.of });
    else if (told.totals) {
      await refused.end();
      return told.totals;
    } else if (told.error) throw new ImportFailed(told.error.message, told.error.retryable === true);
  }
  throw new ImportFailed('The reply was cut.', true);
}
