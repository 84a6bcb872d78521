import { createHash } from 'node:crypto';
import { ApolloServer, type ApolloServerOptionsWithGateway } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type OperationDefinitionNode, OperationTypeNode } from 'graphql';
import { RequestError } from '../../domain/errors';
import { type Limits, ReplyTooLong } from '../../domain/limits';
import { schema } from '../../graph/build/schema';
import { GraphContext } from '../../graph/context';
import { deprecatedIn } from '../../graph/guard/deprecation';
import { DocumentLimits } from '../../graph/guard/limits';
import { type Operation, prepare } from '../../graph/guard/operation';
import { ParsedDocuments } from '../../graph/guard/parsed-document';
import { judgeRights } from '../../graph/guard/rights';
import { turn } from '../../graph/read/event-loop';
import { run } from '../../graph/read/execution';
import { type Hold, hold, type Reply } from '../../service/run/idempotency';
import { type Services } from '../../service/run/services';
import { Work } from '../../service/run/work';
import { turnFor } from '../body';
import type { Rates } from '../rates';
import { type Afterwards, fingerprintOf, idempotencyKeyOf, sendReply } from '../request';
import type { Unsent } from '../unsent';
import type { Context, RequestContext } from './context';
import { type Asked, operationIn } from './document-request';
import { errors, formatError } from './errors';
import { InFlight } from './in-flight';
import { answer, graphqlOverHttp } from './over-http';
import { price, pricing, settle } from './pricing';
import { RegisteredDocuments } from './registered-document';
import { stringifyResult } from './stringify';

/** Characters of a document from which on it is read, and begins to run, in a turn of its own. */
const longText = 4_000;

/** Apollo's way to another executor than its own: a gateway, here over a schema that is in this process. */
const execution: ApolloServerOptionsWithGateway<Context>['gateway'] = {
  onSchemaLoadOrUpdate(callback) {
    callback({ apiSchema: schema(), coreSupergraphSdl: '' });
    return () => {};
  },
  load: async () => ({
    executor: async ({ context, operation: chosen }) => {
      const { operation } = (context as Context).http;
      // The last line of defence: only what was judged ahead is run, and only where Apollo has judged the same.
      if (!operation || chosen?.operation !== operation.node.operation || nameOf(chosen) !== nameOf(operation.node)) {
        throw new Error('an operation that was not judged ahead has come to be executed');
      }
      return run(operation, context as Context);
    },
  }),
  stop: async () => {},
};

/** How long the text of an operation is, with its fragments. */
const textOf = ({ document }: Operation): number => document.loc?.end ?? 0;

const nameOf = ({ name }: OperationDefinitionNode): string | null => name?.value ?? null;

interface GraphQLOptions {
  services: Services;
  afterwards: Afterwards;
  limits: Limits;
  rates: Rates;
  unsent: Unsent;
  introspection: boolean;
  /** How long a change of registered documents may take until it counts. */
  documentsTtlMs: number;
}

export async function graphqlRoute(
  app: FastifyInstance,
  { services, afterwards, limits, rates, unsent, introspection, documentsTtlMs }: GraphQLOptions,
): Promise<{ documents: RegisteredDocuments; inFlight: InFlight }> {
  const hideSuggestions = !introspection;
  const documentLimits = new DocumentLimits(limits, introspection);
  const parsed = new ParsedDocuments(schema(), documentLimits, hideSuggestions);
  const inFlight = new InFlight(limits);
  const documents = new RegisteredDocuments(services, documentLimits, parsed, app.log, documentsTtlMs);
  app.addHook('onClose', () => documents.close());
  const apollo = new ApolloServer<Context>({
    gateway: execution,
    // Where it is off, it is refused before, in our words.
    introspection: true,
    hideSchemaDetailsFromClientErrors: hideSuggestions,
    // Documents are found by their ids before (registered-document.ts).
    persistedQueries: false,
    documentStore: storeOver(parsed),
    // It guards cookies and networks: a form or an image of another site can send neither our Bearer token nor anything else that
    // signs a request in. It would refuse GET by the defaults of urql and graphql-request.
    csrfPrevention: false,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    stringifyResult,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      // It would put a resolver on every field of the schema, to find out how long each may be cached.
      ApolloServerPluginCacheControlDisabled(),
      pricing(limits),
      errors,
    ],
    formatError,
    logger: app.log,
  });
  app.decorateRequest('search', '');
  app.decorateRequest('byId', false);
  await apollo.start();
  app.addHook('onClose', () => apollo.stop());

  /** Everything that is judged before anything runs. Undefined for what is no operation, which Apollo refuses. */
  const prepared = async (
    request: FastifyRequest,
    asked: Asked & { text?: string },
  ): Promise<Operation | undefined> => {
    if (asked.text === undefined) return undefined;
    if (asked.text.length > longText && !parsed.knows(asked.text)) await turn(asked.text.length);
    const document = parsed.read(asked.text);
    await turnFor(request);
    const wanted = operationIn(asked);
    return wanted && prepare(document, wanted.name, wanted.variables, { hideSuggestions });
  };

  const answerBy = async (
    request: FastifyRequest,
    work: Work,
    held: boolean,
    { operation, cost }: Pick<RequestContext, 'operation' | 'cost'>,
  ): Promise<Reply> => {
    const graph = new GraphContext(work, limits, documentLimits);
    const context: RequestContext = { graph, request, operation, cost };
    if (operation?.node.operation === OperationTypeNode.QUERY) {
      request.reads = true;
      await graph.onlyReads();
    }
    const reply = await answer(apollo, request, async () => Object.assign(graph, { http: context }), request.search);
    // It has too many others waiting: nothing of it was carried out, and none of it is to look as if it had been.
    if (work.counter.refused) throw work.counter.refused;
    request.isLarge ||= graph.reply.isLarge;
    // Behind a held effect a failure must not be buried in a reply that is stored: the whole request fails.
    if (context.failure && (held || context.failed)) throw context.failure;
    if (Buffer.byteLength(reply.body) > limits.reply) {
      request.counter!.limit!.pass(new ReplyTooLong(limits.reply));
      request.counter!.limit!.check();
    }
    // Something failed beyond the operation, such as the writing of its reply, which nobody was told of.
    if (reply.status === 500 && !context.failure) throw unanswered(request);
    return reply;
  };

  const carryOut = async (
    request: FastifyRequest,
    reply: FastifyReply,
    what: Hold | undefined,
    judged: Pick<RequestContext, 'operation' | 'cost'>,
  ): Promise<() => FastifyReply> => {
    const caller = request.caller!;
    const { cost } = judged;
    if (what) {
      const held = hold(services, caller, what, request.counter!, (work) => {
        afterwards.after(reply, work, held);
        return answerBy(request, work, true, judged);
      });
      const { reply: rendered, replayed } = await held;
      if (cost) settle(cost);
      return () => sendReply(reply, rendered, replayed);
    }
    const work = new Work(services, caller, request.counter!);
    const answered = work.whole(() => answerBy(request, work, false, judged));
    afterwards.after(reply, work, answered);
    const rendered = await answered;
    if (cost) settle(cost);
    return () => (isUnchanged(request, reply, rendered) ? reply.code(304).send() : sendReply(reply, rendered));
  };

  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const caller = request.caller!;
    const operation = await prepared(request, await documents.resolve(request));
    if (request.method === 'GET' && operation?.node.operation === OperationTypeNode.MUTATION) {
      reply.header('allow', 'POST');
      throw new RequestError('METHOD_NOT_ALLOWED', 'GET is allowed only for queries. Send the mutation by POST.');
    }
    if (operation) judgeRights(operation, caller);
    if (idempotencyKeyOf(request) !== undefined) await turnFor(request);
    const what = holdOf(request, operation, limits);
    const cost = operation && price(operation, caller.clientId, limits, rates);
    if (operation) note(request, operation);
    // Sixteen documents of fifty root fields each came one after another, and all others behind them.
    if (operation && textOf(operation) > longText) await turn(textOf(operation));
    const leave = cost && (await inFlight.enter(caller.clientId, cost.requested, request.counter!.limit!.signal));
    let send: () => FastifyReply;
    try {
      // While it waited, replies to the requests before it may have been left unread.
      unsent.admit(caller.clientId);
      send = await carryOut(request, reply, what, { operation, cost });
    } finally {
      leave?.();
    }
    // Behind its turn: a reply is awaited until it is out, and nobody is to wait for a client that does not read.
    return send();
  };
  graphqlOverHttp(app, '/graphql', handler);
  graphqlOverHttp(app, '/graphql/:documentId', handler);
  return { documents, inFlight };
}

/**
 * A query by GET and by an id may be kept by its client alone, and asked for again by the tag of its reply, which says
 * whether it is still the same.
 */
function isUnchanged(request: FastifyRequest, reply: FastifyReply, { status, body }: Reply): boolean {
  if (reply.sent || request.method !== 'GET' || !request.byId) return false;
  if (status !== 200 || body.startsWith('{"errors"')) return false;
  // Weak, since the same reply goes out compressed or not.
  const tag = `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
  reply.header('etag', tag).header('cache-control', 'private, no-cache');
  // Beside the origin, which is there where pages of others may ask.
  const origin = reply.getHeader('vary');
  const others = 'accept, accept-encoding, authorization, zuora-entity-ids, zuora-org-ids';
  reply.header('vary', origin ? `${origin}, ${others}` : others);
  const known = String(request.headers['if-none-match'] ?? '').split(',');
  return known.some((each) => each.trim() === tag || each.trim() === '*');
}

/** Whoever is told that he may send the request again must not have the effect of a mutation twice. */
const unanswered = ({ counter }: FastifyRequest): Error =>
  counter?.limit && counter.limit.effect !== 'none'
    ? new RequestError('OUTCOME_UNKNOWN')
    : new Error('the reply to an operation could not be written');

/** For log, metrics and the record of unknown documents. */
function note(request: FastifyRequest, { node, document }: Operation): void {
  const name = nameOf(node);
  request.operation = `${node.operation} ${name ?? '(unnamed)'}`;
  request.noteUnknown?.(name);
  const uses = deprecatedIn(schema(), document);
  if (uses.length) request.deprecated = uses.map(({ coordinate }) => coordinate);
}

/** Apollo finds the documents that were parsed and validated here. Its keys end with the hash of the text. */
const storeOver = (parsed: ParsedDocuments) => ({
  get: async (key: string) => parsed.find(key.slice(-64)),
  set: async () => {},
  delete: async () => false,
});

/**
 * Whether the request is held open until its reply is rendered: a mutation with a key, or one that is a dry run.
 * @throws RequestError ONE_MUTATION_PER_KEY where that holds more than one mutation field
 */
function holdOf(request: FastifyRequest, operation: Operation | undefined, limits: Limits): Hold | undefined {
  const idempotencyKey = idempotencyKeyOf(request);
  if (request.method !== 'POST' || operation?.node.operation !== OperationTypeNode.MUTATION) return undefined;
  const { mutations, dryRun, mayPay } = operation;
  if (idempotencyKey === undefined && !dryRun) return undefined;
  if (mutations.length > 1) throw new RequestError('ONE_MUTATION_PER_KEY');
  // What changes nothing need not be kept: asked again, it is judged again.
  if (dryRun || idempotencyKey === undefined) return { dryRun: true };
  const { query, operationName, variables } = request.body as Record<string, unknown>;
  const asked = [query, operationName ?? null, variables ?? {}];
  const fingerprint = fingerprintOf('POST /graphql', request, asked);
  return { idempotencyKey, fingerprint, longest: limits.keptReply, mayPay };
}
