import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import type { DocumentMode } from '../../domain/registered-document';
import { schema } from '../../graph/build/schema';
import { checkDocument } from '../../graph/guard/document-check';
import type { DocumentLimits } from '../../graph/guard/limits';
import type { ParsedDocuments } from '../../graph/guard/parsed-document';
import { turn } from '../../graph/read/event-loop';
import { planAhead } from '../../graph/read/plan/plan';
import type { ClientDays } from '../../service/client-day';
import {
  hashOf,
  recordUnknown,
  servedDocument,
  servedDocuments,
  type UnknownRuns,
} from '../../service/registered-document';
import { tellOutage } from '../../service/run/outage';
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
    /** The query string of the URL, with the document's text in place of its id. */
    search: string;
    /** The request names its document by an id. */
    byId: boolean;
    /** Records the unregistered document. Called once the document is known to be valid. */
    noteUnknown?: Note;
  }
}

/** Records an unregistered document, with the name of its operation. */
type Note = (operationName: string | null) => void;

type Retired = { retiredDate: string };
type Served = { id: string; text: string } | Retired;
interface Found {
  served: Served | undefined;
  until: number;
}

/** Cache of documents that were sent with their hash: its limits in documents and characters. */
const remembered = { max: 2_000, maxSize: 10_000_000, sizeCalculation: (text: string) => text.length + 1 };
const workEvery = 5_000;
/**
 * The most characters of documents that are parsed and validated ahead, which take some 100 MB. Further documents are
 * parsed when they are called.
 */
const mostPrepared = 5_000_000;
/** A document may become visible after a newer one. This is the greatest difference of their registration times. */
const overlap = 60_000;
const mostUnrecorded = 1_000;
const longestRecorded = 2_000;

/** No document is served under an id: there never was one, or it was retired. */
const notServed = (retired: Retired | undefined): RequestError =>
  new RequestError(
    'PERSISTED_QUERY_NOT_FOUND',
    retired && `The document was retired on ${retired.retiredDate}. Ask the operator to restore it.`,
  );

/** Finds the text that a request runs: its own text, or the text that its client has registered under an id. */
export class RegisteredDocuments {
  private readonly served = new LRUCache<string, Found>({ max: 5_000 });
  /**
   * Automatic persisted queries, of this process only. Another process answers PERSISTED_QUERY_NOT_FOUND, and the
   * client then sends the text.
   */
  private readonly automatic = new LRUCache<string, string>(remembered);
  private readonly unrecorded = new Map<string, UnknownRuns[number]>();
  /** Registered documents that were parsed and validated ahead, by the SHA-256 of their texts. */
  readonly valid = new Set<string>();
  /** Registered documents that are not valid with this version. They are refused when they are called. */
  readonly invalid = new Set<string>();
  private preparedUntil: string | undefined;
  private preparedCharacters = 0;
  private working: Promise<void> = Promise.resolve();
  private readonly timer: NodeJS.Timeout;

  /** `ttlMs`: how long a change of documents may take to have effect. */
  constructor(
    private readonly services: Services,
    private readonly limits: DocumentLimits,
    readonly parsed: ParsedDocuments,
    private readonly log: FastifyBaseLogger,
    private readonly ttlMs: number,
    private readonly days: Pick<ClientDays, 'document'>,
  ) {
    this.timer = setInterval(() => this.work(), workEvery).unref();
    this.work();
  }

  /**
   * The operation that a request names, with the text if there is one. If the request names an id, it is changed to
   * carry the text.
   * @throws RequestError PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_REQUIRED, BAD_REQUEST
   */
  async resolve(request: FastifyRequest): Promise<Asked & { text?: string }> {
    const { method } = request;
    request.search = searchWithoutEmptyName(searchOf(request.url));
    request.body = bodyWithoutEmptyName(request.body);
    const asked: Asked & { text?: string } = method === 'GET' ? inSearch(request.search) : inBody(request.body);
    const fromPath = (request.params as { documentId?: string }).documentId;
    if (fromPath !== undefined && asked.documentId != null && asked.documentId !== fromPath) {
      throw new RequestError('BAD_REQUEST', 'The path and documentId name different documents.');
    }
    asked.documentId ??= fromPath;
    request.byId = asked.documentId != null || asked.persistedQuery != null;
    const text = await this.textFor(request.caller!, asked, (note) => {
      request.noteUnknown = note;
    });
    if (request.byId && text !== undefined) {
      if (method === 'GET') request.search = searchWith(request.search, text);
      else request.body = bodyWith(request.body, text);
    }
    asked.text = text;
    return asked;
  }

  /**
   * The text that a caller asks for; undefined if there is none. `isUnknown` gets a function that records an
   * unregistered document.
   * @throws RequestError as `resolve` does
   */
  async textFor(caller: Caller, asked: Asked, isUnknown: (note: Note) => void): Promise<string | undefined> {
    const { clientId, documentMode: mode = 'Open' } = caller;
    const id = idIn(asked);
    const text = typeof asked.query === 'string' && asked.query !== '' ? asked.query : undefined;
    if (id === undefined) {
      if (text !== undefined) await this.judge(clientId, mode, text, isUnknown);
      return text;
    }
    if (text !== undefined && hashOf(text) !== id) {
      throw new RequestError('BAD_REQUEST', 'The id must be the SHA-256 of the document in the request.');
    }
    const found = this.find(clientId, id);
    const served = found instanceof Promise ? await found : found;
    if (served && 'text' in served) return this.used(served);
    const known = text ?? (mode === 'RegisteredOnly' ? undefined : this.automatic.get(`${clientId} ${id}`));
    if (known === undefined) throw notServed(served);
    await this.judge(clientId, mode, known, isUnknown);
    this.automatic.set(`${clientId} ${id}`, known);
    return known;
  }

  /**
   * Checks that the client may run a text that it sends, or sent before. @throws RequestError PERSISTED_QUERY_REQUIRED
   */
  private async judge(
    clientId: string,
    mode: DocumentMode,
    text: string,
    isUnknown: (note: Note) => void,
  ): Promise<void> {
    if (mode === 'Open') return;
    const hash = hashOf(text);
    const served = await this.find(clientId, hash);
    if (served && 'text' in served) {
      this.used(served);
      return;
    }
    if (mode === 'RegisteredOnly') throw new RequestError('PERSISTED_QUERY_REQUIRED');
    isUnknown((operationName) => this.note({ clientId, hash, text, operationName }));
  }

  /** The text of a registered document, for a run that no request asks for. @throws RequestError PERSISTED_QUERY_NOT_FOUND */
  async textOf(clientId: string, documentId: string): Promise<string> {
    const served = await this.find(clientId, documentId);
    if (served && 'text' in served) return this.used(served);
    throw notServed(served);
  }

  private used({ id, text }: { id: string; text: string }): string {
    this.days.document(id);
    return text;
  }

  /** A cached document is returned without a promise: the promise was a twentieth of the cost of a small query. */
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
      // A text cut inside a surrogate pair could not be stored.
      text: text.slice(0, longestRecorded).replace(/[\ud800-\udbff]$/, ''),
      count: String(Number(known?.count ?? 0) + 1),
    });
  }

  private work(): void {
    this.working = this.working.then(() => this.record()).then(() => this.prepare());
  }

  /**
   * Parses and validates registered documents before their first call, and new documents soon after registration.
   * Invalid documents are logged: the server starts all the same, and serves the rest.
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
        // Lets requests run between documents.
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
        planAhead(checked.document, this.limits.pageSize);
        this.preparedCharacters += text.length;
      }
    } catch (err) {
      this.log.warn({ err }, 'registered documents could not be prepared: each is prepared when it is called');
    }
  }

  /** Records the calls of unregistered documents. A failed write is retried with the next one. */
  async record(): Promise<void> {
    const runs = [...this.unrecorded.values()];
    if (runs.length === 0) return;
    this.unrecorded.clear();
    try {
      await recordUnknown(this.services.db.aside(), runs);
    } catch (err) {
      this.log[tellOutage(err) ? 'debug' : 'warn'](
        { err },
        'unregistered documents could not be recorded: this is tried again',
      );
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
