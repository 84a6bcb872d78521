import { PassThrough, type Readable, type Writable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLInputObjectType } from 'graphql';
import type { Caller } from '../../../domain/caller';
import { RequestError } from '../../../domain/errors';
import { LimitError } from '../../../domain/limits';
import { schema } from '../../../graph/build/schema';
import { Work } from '../../../service/run/work';
import type { Identity } from '../../auth/identity';
import { prefersGzip } from '../../encoding';
import { fingerprintOf, idempotencyKeyOf } from '../../request';
import type { Unsent } from '../../unsent';
import { uploading } from '../../uploading';
import type { RestOptions } from '../adapter';
import { billingOf, importPath, importScope } from './document';
import { ImportFile, type ImportForm } from './file';
import { ImportingRun } from './run';

export interface ImportOptions extends RestOptions {
  identity: Identity;
  unsent: Unsent;
  /** How long a client may send nothing, in milliseconds. */
  idleMs: number;
}

const forms: Readonly<Record<string, ImportForm>> = {
  'text/csv': 'csv',
  'application/jsonl': 'jsonl',
  // The other names of the same form.
  'application/x-ndjson': 'jsonl',
  'application/x-jsonlines': 'jsonl',
};

const formMessage = 'An import is text/csv or application/jsonl, in UTF-8, uncompressed or compressed by gzip.';

/** @throws RequestError UNSUPPORTED_MEDIA_TYPE */
function formOf(type: string): ImportForm {
  const [name, ...parameters] = type.toLowerCase().split(';');
  const form = Object.hasOwn(forms, name.trim()) ? forms[name.trim()] : undefined;
  const charset = /charset\s*=\s*"?([^\s";]*)/.exec(parameters.join(';'))?.[1] ?? 'utf-8';
  if (!form || !/^utf-?8$/.test(charset)) throw new RequestError('UNSUPPORTED_MEDIA_TYPE', formMessage);
  return form;
}

/** @throws RequestError BAD_REQUEST */
function keyOf(request: FastifyRequest): string {
  const key = idempotencyKeyOf(request);
  if (key !== undefined) return key;
  throw new RequestError('BAD_REQUEST', 'An import needs an Idempotency-Key. With it a file that was cut off goes on.');
}

/** Before the body is looked at: the general messages name JSON. @throws RequestError UNSUPPORTED_MEDIA_TYPE */
function checkForm(headers: FastifyRequest['headers']): void {
  formOf(headers['content-type'] ?? '');
  if (!['gzip', 'identity'].includes(headers['content-encoding'] ?? 'identity')) {
    throw new RequestError('UNSUPPORTED_MEDIA_TYPE', formMessage);
  }
}

/**
 * The imports under way in this process. Below this plugin a body is a stream: it has no time limit, and no limit of its length
 * but that of its lines. The time limit of a request holds for each of its chunks.
 */
export class Imports {
  private readonly files = new Map<ImportFile, string>();

  /** Ends all imports after their chunk under way. Each tells its client how to go on. */
  stop(): void {
    for (const file of this.files.keys()) {
      file.stop(new RequestError('UNAVAILABLE', 'The server is stopping. Another one goes on.'));
    }
  }

  /** Adds the route. The plugin must be below `authenticated`. */
  route(app: FastifyInstance, options: ImportOptions): void {
    const { limits, rates, unsent } = options;
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, body, done) => done(null, body));
    const parse = app.getDefaultJsonParser('error', 'error');
    app.addHook('onRequest', (request, _reply, done) => {
      rates.count(request.caller!.clientId);
      unsent.admit(request.caller!.clientId);
      keyOf(request);
      checkForm(request.headers);
      done();
    });
    app.addHook('onSend', (request, reply, body, done) => {
      if (request.caller) reply.headers(rates.headersFor(request.caller.clientId));
      done(null, body);
    });
    app.post(importPath, { config: { scope: importScope } }, async (request, reply) => {
      const caller = request.caller!;
      const key = keyOf(request);
      const form = formOf(request.headers['content-type'] ?? '');
      const billing = billingOf(request.query as Record<string, unknown>, caller);
      this.admit(caller, limits.imports);
      const type = schema().getType('CreateFulfillmentInput') as GraphQLInputObjectType;
      const json = (text: string) => {
        let value: unknown;
        parse(request, text, (error, parsed) => {
          if (error) throw error;
          value = parsed;
        });
        return value;
      };
      const file = new ImportFile(request.body as Readable, form, type, options.idleMs, json);
      this.files.set(file, caller.clientId);
      uploading.add(request.raw.socket);
      // From then on the client must read.
      request.raw.once('end', () => uploading.delete(request.raw.socket));
      request.streams = true;
      const callerNow = () => this.callerNow(options.identity, request);
      const run = new ImportingRun({ ...options, request, callerNow, file, billing });
      const gone = new AbortController();
      reply.raw.once('close', () => {
        if (reply.raw.writableFinished) return;
        gone.abort();
        // No fault of the gateway: the log tells of a client that has gone.
        file.stop(new RequestError('TIMEOUT'));
      });
      const carriedOut = this.carryOut(run, file, { request, reply, key, form, signal: gone.signal }, options.idleMs);
      options.afterwards.after(reply, new Work(options.services, caller), carriedOut);
      await carriedOut;
      return reply;
    });
  }

  private admit({ clientId }: Caller, allowed: number): void {
    const under = [...this.files.values()].filter((id) => id === clientId).length;
    if (under < allowed) return;
    const message = `${under} imports of the client are under way; ${allowed} are allowed. Wait for one to end.`;
    throw new LimitError({ limit: 'imports', allowed, requested: under + 1 }, message, 5);
  }

  private async callerNow(identity: Identity, request: FastifyRequest): Promise<Caller> {
    const caller = await identity.callerOf(request.headers, request.id);
    if (caller.undecided) throw caller.undecided;
    if (!caller.scopes.has('fulfill')) throw new RequestError('FORBIDDEN');
    return caller;
  }

  /** Resolves once the import has ended, whether its client is there or not. */
  private async carryOut(
    run: ImportingRun,
    file: ImportFile,
    asked: {
      request: FastifyRequest;
      reply: FastifyReply;
      key: string;
      form: ImportForm;
      signal: AbortSignal;
    },
    idleMs: number,
  ): Promise<void> {
    const { request, reply, key, form, signal } = asked;
    try {
      await file.begin();
      const fingerprint = fingerprintOf(`POST ${importPath}`, request, { form, header: file.header });
      const first = await run.begin(key, fingerprint);
      const stream = replyStream(request, reply);
      reply.send(stream);
      await run.rest(stream, first, signal);
      stream.end();
    } finally {
      this.files.delete(file);
      uploading.delete(request.raw.socket);
      await run.end();
      dismiss(request, file, idleMs);
    }
  }
}

/** The stream of the reply. Each chunk is flushed, so that a compressed reply shows its progress too. */
function replyStream(request: FastifyRequest, reply: FastifyReply): Writable & Readable {
  reply.code(200).header('content-type', 'application/jsonl; charset=utf-8').header('vary', 'accept-encoding');
  reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no');
  if (!prefersGzip(request.headers['accept-encoding'])) return new PassThrough();
  reply.header('content-encoding', 'gzip');
  return createGzip({ flush: constants.Z_SYNC_FLUSH });
}

/**
 * The rest of a file whose import has ended is read and dropped: a client that still sends would otherwise lose the reply to a
 * reset of its connection.
 */
function dismiss({ raw }: FastifyRequest, file: ImportFile, idleMs: number): void {
  const closed = file.close();
  if (raw.readableEnded || raw.destroyed) return;
  void closed.then(() => raw.unpipe().resume());
  const timer = setTimeout(() => raw.destroy(), idleMs).unref();
  raw.once('close', () => clearTimeout(timer));
}
