import { createHash } from 'node:crypto';
import type { ApolloServer } from '@apollo/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OperationTypeNode } from 'graphql';
import { RequestError } from '../../domain/errors';
import { type Limits, ReplyTooLong } from '../../domain/limits';
import { GraphContext } from '../../graph/context';
import type { DocumentLimits } from '../../graph/guard/limits';
import type { Operation } from '../../graph/guard/operation';
import { mayMutate } from '../../graph/guard/rights';
import { run } from '../../graph/read/execution';
import { type Hold, hold } from '../../service/run/idempotency';
import type { Services } from '../../service/run/services';
import { Work } from '../../service/run/work';
import { mediaTypeFor } from '../media-type';
import { type Afterwards, fingerprintOf, idempotencyKeyOf, sendReply } from '../request';
import type { Context, RequestContext } from './context';
import { answer, type Rendered } from './over-http';
import { settle, wayFor } from './pricing';
import { complete, headersFor } from './result';
import { stringifyResult } from './stringify';

/** An operation with its price. */
type Judged = Pick<RequestContext, 'operation' | 'cost'>;

interface AnsweringOptions {
  apollo: ApolloServer<Context>;
  services: Services;
  afterwards: Afterwards;
  limits: Limits;
  documentLimits: DocumentLimits;
}

/** Carries out operations that were judged and priced, and answers them. */
export class Answering {
  constructor(private readonly options: AnsweringOptions) {}

  /**
   * Carries out the operation of a request, and returns the function that sends its reply: sending waits for the client.
   * Without an operation Apollo refuses the request.
   */
  async carryOut(
    request: FastifyRequest,
    reply: FastifyReply,
    what: Hold | undefined,
    judged: Judged,
  ): Promise<() => FastifyReply> {
    const { services, afterwards } = this.options;
    const caller = request.caller!;
    const { cost } = judged;
    if (what) {
      const held = hold(services, caller, what, request.counter!, async (work) => {
        afterwards.after(reply, work, held);
        const answered = await this.answer(request, work, true, judged);
        return { ...answered, body: answered.body.toString() };
      });
      const { reply: rendered, replayed } = await held;
      if (cost) settle(cost);
      return () => sendReply(reply, rendered, replayed);
    }
    const work = new Work(services, caller, request.counter!);
    const answered = work.whole(() => this.answer(request, work, false, judged));
    // A query leaves no work.
    if (!request.reads) afterwards.after(reply, work, answered);
    const rendered = await answered;
    if (cost) settle(cost);
    return () => (isUnchanged(request, reply, rendered) ? reply.code(304).send() : sendReply(reply, rendered));
  }

  private async answer(
    request: FastifyRequest,
    work: Work,
    held: boolean,
    { operation, cost }: Judged,
  ): Promise<Rendered> {
    const { apollo, limits, documentLimits } = this.options;
    const graph = new GraphContext(work, limits, documentLimits);
    const context: RequestContext = { graph, request, operation, cost, way: wayFor(cost, limits) };
    if (operation?.node.operation === OperationTypeNode.QUERY) {
      request.reads = true;
      await graph.onlyReads();
    }
    if (operation && isPlain(request)) context.ran = run(operation, graph, context.way);
    const reply =
      (await answerAhead(context, limits)) ??
      (await answer(apollo, request, async () => Object.assign(graph, { http: context }), request.search));
    // Too many requests of the client wait already. Nothing was carried out, and the reply must not look as if
    // something was.
    if (work.counter.refused) throw work.counter.refused;
    request.isLarge ||= graph.reply.isLarge;
    // After a held effect a failure must not be hidden in a stored reply, so the whole request fails.
    if (context.failure && (held || context.failed)) throw context.failure;
    if (Buffer.byteLength(reply.body) > limits.reply) {
      request.counter!.limit!.pass(new ReplyTooLong(limits.reply));
      request.counter!.limit!.check();
    }
    // A failure outside the operation, such as in writing the reply, which no error reported.
    if (reply.status === 500 && !context.failure) throw unanswered(request);
    return reply;
  }
}

/** Whether Apollo would accept the request. Its query, operation name and variables have been read already. */
function isPlain({ method, body }: FastifyRequest): boolean {
  if (method !== 'POST') return false;
  const { extensions } = body as { extensions?: unknown };
  return extensions === undefined || (typeof extensions === 'object' && !Array.isArray(extensions));
}

/**
 * The reply to an operation that was run ahead and has no errors. Apollo has nothing left to do for it, and takes a tenth of the
 * server's time for a small query. Errors are left to Apollo and its plugins.
 */
async function answerAhead(context: RequestContext, limits: Limits): Promise<Rendered | undefined> {
  const ran = await context.ran?.catch(() => undefined);
  if (!ran || ran.errors) return undefined;
  const result = { data: ran.data };
  complete(result, context, limits);
  const headers = {
    'cache-control': 'no-store',
    'content-type': mediaTypeFor(context.request)!,
    ...headersFor(context),
  };
  return { status: 200, headers, body: await stringifyResult(result) };
}

/**
 * Makes the reply to a GET by id cacheable for its client alone. The client revalidates it by its ETag. Returns true if
 * the client has the present reply.
 */
function isUnchanged(request: FastifyRequest, reply: FastifyReply, { status, body }: Rendered): boolean {
  if (reply.sent || request.method !== 'GET' || !request.byId) return false;
  if (status !== 200 || body.indexOf('{"errors"') === 0) return false;
  // Weak, since the same reply is sent compressed or not.
  const tag = `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
  reply.header('etag', tag).header('cache-control', 'private, no-cache');
  // After Origin, which CORS has set if pages of other origins may call the API.
  const origin = reply.getHeader('vary');
  const others = 'accept, accept-encoding, authorization, zuora-entity-ids, zuora-org-ids';
  reply.header('vary', origin ? `${origin}, ${others}` : others);
  const known = String(request.headers['if-none-match'] ?? '').split(',');
  return known.some((each) => each.trim() === tag || each.trim() === '*');
}

/** After an effect the client must not be told to retry, because a retry would repeat the mutation. */
const unanswered = ({ counter }: FastifyRequest): Error =>
  counter?.limit && counter.limit.effect !== 'none'
    ? new RequestError('OUTCOME_UNKNOWN')
    : new Error('the reply to an operation could not be written');

/**
 * Whether the transaction stays open until the reply is rendered: for a mutation with an Idempotency-Key, and for a dry
 * run. Not for a mutation whose scope the caller lacks. The mutation refuses it, and a reply that is stored under the key
 * must not be sent to a token that can less than the first.
 * @throws RequestError ONE_MUTATION_PER_KEY if such a request has more than one mutation field
 */
export function holdOf(request: FastifyRequest, operation: Operation | undefined, limits: Limits): Hold | undefined {
  const idempotencyKey = idempotencyKeyOf(request);
  if (request.method !== 'POST' || operation?.node.operation !== OperationTypeNode.MUTATION) return undefined;
  const { mutations, dryRun, mayPay } = operation;
  if (idempotencyKey === undefined && !dryRun) return undefined;
  if (mutations.length > 1) throw new RequestError('ONE_MUTATION_PER_KEY');
  if (!mayMutate(operation, request.caller!)) return undefined;
  // A dry run need not be stored: a retry judges it again.
  if (dryRun || idempotencyKey === undefined) return { dryRun: true };
  const { query, operationName, variables } = request.body as Record<string, unknown>;
  const asked = [query, operationName ?? null, variables ?? {}];
  const fingerprint = fingerprintOf('POST /graphql', request, asked);
  return { idempotencyKey, fingerprint, longest: limits.keptReply, mayPay };
}
