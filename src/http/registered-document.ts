import type { FastifyBaseLogger } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../domain/caller';
import { RequestError } from '../domain/errors';
import { type DocumentMode, documentIdOf } from '../domain/registered-document';
import {
  documentModeOf,
  hashOf,
  recordUnknown,
  servedDocument,
  servedDocuments,
  type UnknownRuns,
} from '../service/registered-document';
import type { Services } from '../service/work';

/** What a request says about its document. Values are the client's, and may be anything. */
export interface Asked {
  query?: unknown;
  operationName?: unknown;
  /** GraphQL over HTTP, appendix A; Relay and the GraphQL Code Generator. */
  documentId?: unknown;
  /** Apollo: `{ version: 1, sha256Hash }`. */
  persistedQuery?: unknown;
}

type Served = { text: string } | { retiredDate: string };

/** What is sent with its hash is remembered so long as there is room: so many documents, and characters. */
const remembered = { max: 2_000, maxSize: 10_000_000, sizeCalculation: (text: string) => text.length + 1 };
const recordEvery = 5_000;
const mostUnrecorded = 1_000;
const longestRecorded = 2_000;

/** Finds the text that a request runs: its own, or the one that its client has registered under an id. */
export class Documents {
  private readonly modes: LRUCache<string, DocumentMode>;
  private readonly served: LRUCache<string, { found: Served | undefined }>;
  /** Automatic persisted queries. Of this process: another one answers PERSISTED_QUERY_NOT_FOUND, and is told then. */
  private readonly automatic = new LRUCache<string, string>(remembered);
  private readonly unrecorded = new Map<string, UnknownRuns[number]>();
  private readonly timer: NodeJS.Timeout;

  /** `ttlMs`: how long a change of a client's documents or mode may take until it counts. */
  constructor(
    private readonly services: Services,
    private readonly log: FastifyBaseLogger,
    ttlMs: number,
  ) {
    const db = () => services.db.reads();
    this.modes = new LRUCache({ max: 1_000, ttl: ttlMs, fetchMethod: (clientId) => documentModeOf(db(), clientId) });
    this.served = new LRUCache({
      max: 5_000,
      ttl: ttlMs,
      fetchMethod: async (key) => {
        const [clientId, documentId] = key.split(' ');
        return { found: await servedDocument(db(), clientId, documentId) };
      },
    });
    this.timer = setInterval(() => void this.record(), recordEvery).unref();
  }

  /**
   * The text to run. @throws RequestError PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_REQUIRED, BAD_REQUEST
   */
  async textFor({ clientId }: Caller, asked: Asked): Promise<string | undefined> {
    const id = idIn(asked);
    const text = typeof asked.query === 'string' && asked.query !== '' ? asked.query : undefined;
    if (id === undefined) return text === undefined ? undefined : this.judged(clientId, text, asked.operationName);
    if (text !== undefined && hashOf(text) !== id) {
      throw new RequestError('BAD_REQUEST', 'The id is not the SHA-256 of the document that came with it.');
    }
    const served = await this.find(clientId, id);
    if (served && 'text' in served) return served.text;
    const mode = (await this.modes.fetch(clientId))!;
    const known = text ?? (mode === 'RegisteredOnly' ? undefined : this.automatic.get(`${clientId} ${id}`));
    if (served && known === undefined) {
      throw new RequestError(
        'PERSISTED_QUERY_NOT_FOUND',
        `The document was retired on ${served.retiredDate}. Ask whoever runs this server to restore it.`,
      );
    }
    if (known === undefined) throw new RequestError('PERSISTED_QUERY_NOT_FOUND');
    const judged = await this.judged(clientId, known, asked.operationName);
    this.automatic.set(`${clientId} ${id}`, judged);
    return judged;
  }

  /** A text that is sent itself, or was so before: whether its client may run it. */
  private async judged(clientId: string, text: string, operationName: unknown): Promise<string> {
    const mode = (await this.modes.fetch(clientId))!;
    if (mode === 'Open') return text;
    const hash = hashOf(text);
    const served = await this.find(clientId, hash);
    if (served && 'text' in served) return text;
    if (mode === 'RegisteredOnly') throw new RequestError('PERSISTED_QUERY_REQUIRED');
    this.note(clientId, hash, text, operationName);
    return text;
  }

  private async find(clientId: string, documentId: string): Promise<Served | undefined> {
    return (await this.served.fetch(`${clientId} ${documentId}`))!.found;
  }

  private note(clientId: string, hash: string, text: string, operationName: unknown): void {
    const key = `${clientId} ${hash}`;
    const known = this.unrecorded.get(key);
    if (!known && this.unrecorded.size >= mostUnrecorded) return;
    const name = typeof operationName === 'string' ? operationName : /\b(?:query|mutation)\s+(\w+)/.exec(text)?.[1];
    this.unrecorded.set(key, {
      ...{ clientId, hash, operationName: name?.slice(0, 255) ?? null, text: text.slice(0, longestRecorded) },
      count: String(Number(known?.count ?? 0) + 1),
    });
  }

  /** Puts on record what was run without being registered. What cannot be written is tried again with the next. */
  async record(): Promise<void> {
    const runs = [...this.unrecorded.values()];
    if (runs.length === 0) return;
    this.unrecorded.clear();
    try {
      await recordUnknown(this.services.db.aside(), runs);
    } catch (err) {
      this.log.warn({ err }, 'unknown documents could not be put on record');
      for (const run of runs) {
        const key = `${run.clientId} ${run.hash}`;
        const since = Number(this.unrecorded.get(key)?.count ?? 0);
        this.unrecorded.set(key, { ...run, count: String(Number(run.count) + since) });
      }
    }
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.record();
  }
}

/** The id that a request names, in the form in which it is kept. @throws RequestError BAD_REQUEST */
function idIn({ documentId, persistedQuery }: Asked): string | undefined {
  if (documentId != null) {
    if (typeof documentId !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(documentId)) {
      throw new RequestError('BAD_REQUEST', 'documentId is text of 1 to 255 printable ASCII characters.');
    }
    return documentIdOf(documentId);
  }
  if (persistedQuery == null) return undefined;
  const { version, sha256Hash } = persistedQuery as Record<string, unknown>;
  if (version !== 1 || typeof sha256Hash !== 'string' || !/^[0-9a-f]{64}$/i.test(sha256Hash)) {
    throw new RequestError(
      'BAD_REQUEST',
      'extensions.persistedQuery is { "version": 1, "sha256Hash": <64 hex digits> }.',
    );
  }
  return sha256Hash.toLowerCase();
}
