import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller, Scope } from '../domain/caller';
import { RequestError } from '../domain/errors';
import { canonical } from '../domain/json';
import { idOf } from '../domain/key';
import type { Reply } from '../service/run/idempotency';
import type { Work } from '../service/run/work';
import type { Identity } from './auth/identity';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope that a route needs; null if the route itself needs none. */
    scope?: Scope | null;
  }
  interface FastifyRequest {
    caller: Caller | null;
    /** The name of the GraphQL operation, for log and metrics. */
    operation: string | null;
    /** Counts the statements, for log and metrics, and holds the time limit. */
    counter: Work['counter'] | null;
    /**
     * The error codes in the reply, for metrics. Refusals by the rules are counted separately
     * (service/run/refusal-channel.ts).
     */
    codes?: readonly string[];
    /** The codes of refusals by the rules before a unit of work began, for the client to see. */
    refused?: readonly string[];
    /** The deprecated parts of the schema that the document uses, for metrics. */
    deprecated?: readonly string[];
    /** The request is known to change nothing. */
    reads: boolean;
    /** The reply is a stream of events, which lasts as long as its client wants. */
    streams?: boolean;
  }
}

const longestKey = 255;

/** The Idempotency-Key of a POST, or undefined. @throws RequestError BAD_REQUEST */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined || request.method !== 'POST') return undefined;
  if (typeof key !== 'string' || key === '' || key.length > longestKey || /[^\x20-\x7e]/.test(key)) {
    throw new RequestError('BAD_REQUEST', `Idempotency-Key must have 1 to ${longestKey} printable ASCII characters.`);
  }
  return key;
}

/**
 * Digest of a request's content and of the orgs that it names. An Idempotency-Key with another digest is refused.
 * Granted orgs do not count, since grants may change between a request and its retry.
 */
export function fingerprintOf(route: string, request: FastifyRequest, asked: unknown): string {
  const orgs = String(request.headers['zuora-org-ids'] ?? '')
    .split(',')
    .map((id) => idOf(id.trim()) ?? '')
    .sort();
  return createHash('sha256')
    .update(JSON.stringify([route, orgs, canonical(asked)]))
    .digest('base64url');
}

/** Zuora-Version must be a number or a date. It is logged and changes nothing. */
function checkVersion(request: FastifyRequest): void {
  const version = request.headers['zuora-version'];
  if (version !== undefined && !/^(\d{1,6}(\.\d{1,6})?|\d{4}-\d\d-\d\d)$/.test(String(version))) {
    throw new RequestError('BAD_REQUEST', 'Zuora-Version must be a number such as 211.0 or a date such as 2025-08-12.');
  }
}

/**
 * Below this plugin every request has a caller with the scope that the route names. Checked before the body is read. A
 * route whose config leaves `scope` out stops the start.
 */
export function authenticated(app: FastifyInstance, identity: Identity): void {
  app.decorateRequest('caller', null);
  app.decorateRequest('operation', null);
  app.decorateRequest('counter', null);
  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.scope === undefined) throw new Error(`${method} ${url} names no scope`);
  });
  app.addHook('onRequest', async (request) => {
    checkVersion(request);
    const caller = await identity.callerOf(request.headers, request.id);
    request.caller = caller;
    request.log = request.log.child({
      clientId: caller.clientId,
      entityId: caller.undecided ? undefined : caller.entityId,
      zuoraVersion: request.headers['zuora-version'],
    });
    const { scope } = request.routeOptions.config;
    if (scope && !caller.scopes.has(scope)) {
      throw new RequestError('FORBIDDEN', `This operation needs the scope "${scope}".`);
    }
    // On the graph the fields decide (graph/guard/rights.ts).
    if (scope && caller.undecided) throw caller.undecided;
  });
}

/** Sends a rendered reply unchanged. */
export function sendReply(
  reply: FastifyReply,
  { status, headers, body }: Omit<Reply, 'body'> & { body: string | Buffer },
  replayed = false,
): FastifyReply {
  // The reply was sent when the time limit was reached.
  if (reply.sent) return reply;
  if (replayed) reply.header('idempotency-replayed', 'true');
  return reply.code(status).headers(headers).send(body);
}

/**
 * Work after replies are sent: captures and voids. A closing server waits for it, so that a clean stop leaves nothing
 * to the sweep.
 */
export class Afterwards {
  private readonly running = new Set<Promise<void>>();

  /**
   * Begins once the request is carried out, and its reply is sent or its client has gone. The work is also owed to a
   * client that goes before its request is carried out.
   */
  after(reply: FastifyReply, work: Work, carriedOut: Promise<unknown>): void {
    const started = this.finish(reply, work, carriedOut);
    this.running.add(started);
    void started.finally(() => this.running.delete(started));
  }

  private async finish(reply: FastifyReply, work: Work, carriedOut: Promise<unknown>): Promise<void> {
    await Promise.allSettled([carriedOut]);
    if (!reply.raw.writableFinished && !reply.raw.destroyed) {
      await new Promise<void>((resolve) => reply.raw.once('close', resolve));
    }
    await work.finish();
  }

  get size(): number {
    return this.running.size;
  }

  async settled(): Promise<void> {
    while (this.running.size) await Promise.allSettled(this.running);
  }
}
