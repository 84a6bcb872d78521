import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { RequestError } from '../../domain/errors';
import type { DocumentMode } from '../../domain/registered-document';
import { schema } from '../../graph/build/schema';
import { checkDocument } from '../../graph/guard/document-check';
import type { DocumentLimits } from '../../graph/guard/limits';
import type { ParsedDocuments } from '../../graph/guard/parsed-document';
import { turn } from '../../graph/read/event-loop';
import {
  hashOf,
  recordUnknown,
  servedDocument,
  servedDocuments,
  type UnknownRuns,
} from '../../service/registered-document';
import type { Services } from '../../service/run/services';
import {
  type Asked,
  bodyWith,
  bodyWithoutEmptyName,
  idIn,
  inBody,
  inSearch,
  searchWith,
  searchWithoutEmptyName,
} from './document-request';
import { searchOf } from './over-http';

declare module 'fastify' {
  interface FastifyRequest {
    /** The search of its URL, with the document in it that it names by its id. */
    search: string;
    /** It names its document by an id. */
    byId: boolean;
    /** Puts its document, which is not registered, on record; to be called once it is known that it is one. */
    noteUnknown?: (operationName: string | null) => void;
  }
}

type Served = { text: string } | { retiredDate: string };
interface Found {
  served: Served | undefined;
  until: number;
}

/** What is sent with its hash is remembered so long as there is room: so many documents, and characters. */
const remembered = { max: 2_000, maxSize: 10_000_000, sizeCalculation: (text: string) => text.length + 1 };
const workEvery = 5_000;
/** Beyond so many characters in all they are parsed and validated when they are called, as other documents are: some 100 MB. */
const mostPrepared = 5_000_000;
/** How much earlier than the last one seen a document may have been registered that is seen after it. */
const overlap = 60_000;
const mostUnrecorded = 1_000;
const longestRecorded = 2_000;

/** Finds the text that a request runs: its own, or the one that its client has registered under an id. */
export class RegisteredDocuments {
  private readonly served = new LRUCache<string, Found>({ max: 5_000 });
  /** Automatic persisted queries. Of this process: another one answers PERSISTED_QUERY_NOT_FOUND, and is told then. */
  private readonly automatic = new LRUCache<string, string>(remembered);
  private readonly unrecorded = new Map<string, UnknownRuns[number]>();
  /** Registered documents that were parsed and validated ahead, by the SHA-256 of their texts. */
  readonly valid = new Set<string>();
  /** Those that are not valid with this version: they are refused when they are called. */
  readonly invalid = new Set<string>();
  private preparedUntil: string | undefined;
  private preparedCharacters = 0;
  private working: Promise<void> = Promise.resolve();
  private readonly timer: NodeJS.Timeout;

  /** `ttlMs`: how long a change of documents may take until it counts. */
  constructor(
    private readonly services: Services,
    private readonly limits: DocumentLimits,
    readonly parsed: ParsedDocuments,
    private readonly log: FastifyBaseLogger,
    private readonly ttlMs: number,
  ) {
    this.timer = setInterval(() => this.work(), workEvery).unref();
    this.work();
  }

  /**
   * What a request asks for, with the text that it runs, where it has one. Where it named an id, it is from here on as if it
   * had sent the text.
   * @throws RequestError PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_REQUIRED, BAD_REQUEST
   */
  async resolve(request: FastifyRequest): Promise<Asked & { text?: string }> {
    const { method } = request;
    request.search = searchWithoutEmptyName(searchOf(request.url));
    request.body = bodyWithoutEmptyName(request.body);
    const given = method === 'GET' ? inSearch(request.search) : inBody(request.body);
    const fromPath = (request.params as { documentId?: string }).documentId;
    if (fromPath !== undefined && given.documentId != null && given.documentId !== fromPath) {
      throw new RequestError('BAD_REQUEST', 'The path and documentId name different documents.');
    }
    const asked: Asked = { ...given, documentId: given.documentId ?? fromPath };
    request.byId = asked.documentId != null || asked.persistedQuery != null;
    const text = await this.textFor(request, asked);
    if (request.byId && text !== undefined) {
      if (method === 'GET') request.search = searchWith(request.search, text);
      else request.body = bodyWith(request.body, text);
    }
    return { ...asked, text };
  }

  private async textFor(request: FastifyRequest, asked: Asked): Promise<string | undefined> {
    const { clientId, documentMode: mode = 'Open' } = request.caller!;
    const id = idIn(asked);
    const text = typeof asked.query === 'string' && asked.query !== '' ? asked.query : undefined;
    if (id === undefined) {
      if (text !== undefined) await this.judge(request, clientId, mode, text);
      return text;
    }
    if (text !== undefined && hashOf(text) !== id) {
      throw new RequestError('BAD_REQUEST', 'The id must be the SHA-256 of the document in the request.');
    }
    const found = this.find(clientId, id);
    const served = found instanceof Promise ? await found : found;
    if (served && 'text' in served) return served.text;
    const known = text ?? (mode === 'RegisteredOnly' ? undefined : this.automatic.get(`${clientId} ${id}`));
    if (served && known === undefined) {
      throw new RequestError(
        'PERSISTED_QUERY_NOT_FOUND',
        `The document was retired on ${served.retiredDate}. Ask the operator to restore it.`,
      );
    }
    if (known === undefined) throw new RequestError('PERSISTED_QUERY_NOT_FOUND');
    await this.judge(request, clientId, mode, known);
    this.automatic.set(`${clientId} ${id}`, known);
    return known;
  }

  /** Whether a client may run a text that it sends, or sent before. @throws RequestError PERSISTED_QUERY_REQUIRED */
  private async judge(request: FastifyRequest, clientId: string, mode: DocumentMode, text: string): Promise<void> {
    if (mode === 'Open') return;
    const hash = hashOf(text);
    const served = await this.find(clientId, hash);
    if (served && 'text' in served) return;
    if (mode === 'RegisteredOnly') throw new RequestError('PERSISTED_QUERY_REQUIRED');
    request.noteUnknown = (operationName) => this.note({ clientId, hash, text, operationName });
  }

  /** What is known is told at once: a promise for it was a twentieth of the cost of a small query. */
  private find(clientId: string, documentId: string): Served | undefined | Promise<Served | undefined> {
    const key = `${clientId} ${documentId}`;
    const now = performance.now();
    const known = this.served.get(key);
    if (known && known.until > now) return known.served;
    const looked = servedDocument(this.services.db.aside(), clientId, documentId);
    return looked.then((served) => {
      this.served.set(key, { served, until: now + this.ttlMs });
      return served;
    });
  }

  private note({ clientId, hash, text, operationName }: Omit<UnknownRuns[number], 'count'>): void {
    const key = `${clientId} ${hash}`;
    const known = this.unrecorded.get(key);
    if (!known && this.unrecorded.size >= mostUnrecorded) return;
    this.unrecorded.set(key, {
      ...{ clientId, hash, operationName },
      // Cut between the halves of a character it could not be stored.
      text: text.slice(0, longestRecorded).replace(/[\ud800-\udbff]$/, ''),
      count: String(Number(known?.count ?? 0) + 1),
    });
  }

  private work(): void {
    this.working = this.working.then(() => this.record()).then(() => this.prepare());
  }

  /**
   * Parses and validates what is registered, ahead of its first call, and what is registered later soon after.
   * What is not valid any more is told: the server starts all the same, and serves the rest.
   */
  async prepare(): Promise<void> {
    try {
      const since = this.preparedUntil && new Date(Date.parse(this.preparedUntil) - overlap).toISOString();
      for (const { clientName, documentId, hash, text, operationName, registeredDate } of await servedDocuments(
        this.services.db.aside(),
        since,
      )) {
        if (!this.preparedUntil || registeredDate > this.preparedUntil) this.preparedUntil = registeredDate;
        if (this.valid.has(hash) || this.invalid.has(hash)) continue;
        if (this.preparedCharacters + text.length > mostPrepared) continue;
        // Requests are not to wait for all of them.
        await turn(text.length);
        const checked = checkDocument(schema(), text, this.limits);
        if ('errors' in checked) {
          this.invalid.add(hash);
          const { errors } = checked;
          this.log.warn({ clientName, documentId, operationName, errors }, 'a registered document is not valid');
          continue;
        }
        this.valid.add(hash);
        this.parsed.keep(text, { document: checked.document, hash });
        this.preparedCharacters += text.length;
      }
    } catch (err) {
      this.log.warn({ err }, 'registered documents could not be prepared: each is prepared when it is called');
    }
  }

  /** Puts on record what was run without being registered. What cannot be written is tried again with the next. */
  async record(): Promise<void> {
    const runs = [...this.unrecorded.values()];
    if (runs.length === 0) return;
    this.unrecorded.clear();
    try {
      await recordUnknown(this.services.db.aside(), runs);
    } catch (err) {
      this.log.warn({ err }, 'unregistered documents could not be recorded: this is tried again');
      for (const run of runs) {
        const key = `${run.clientId} ${run.hash}`;
        const since = Number(this.unrecorded.get(key)?.count ?? 0);
        this.unrecorded.set(key, { ...run, count: String(Number(run.count) + since) });
      }
    }
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.working;
    await this.record();
  }
}
