import { createHash } from 'node:crypto';
import { ApolloServer, type ApolloServerOptionsWithGateway } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type OperationDefinitionNode, OperationTypeNode } from 'graphql';
import type { Caller } from '../../domain/caller';
import { RequestError } from '../../domain/errors';
import { type Limits, ReplyTooLong } from '../../domain/limits';
import { schema } from '../../graph/build/schema';
import { GraphContext } from '../../graph/context';
import { deprecatedIn } from '../../graph/guard/deprecation';
import { DocumentLimits } from '../../graph/guard/limits';
import { type Operation, prepare } from '../../graph/guard/operation';
import { ParsedDocuments } from '../../graph/guard/parsed-document';
import { judgeRights, mayMutate } from '../../graph/guard/rights';
import { turn } from '../../graph/read/event-loop';
import { run } from '../../graph/read/execution';
import type { Changes } from '../../service/changes';
import type { ClientDays } from '../../service/client-day';
import type { ClientUse } from '../../service/client-use';
import { type Hold, hold } from '../../service/run/idempotency';
import { type Services } from '../../service/run/services';
import { Work } from '../../service/run/work';
import type { Identity } from '../auth/identity';
import { checkShape, turnFor } from '../body';
import { Live } from '../live/live';
import { LiveMeter } from '../live/meter';
import { Reader } from '../live/reader';
import { notStreamed, sendEvents } from '../live/sse';
import { acceptsEvents, exportFormFor, mediaTypeFor, wantsEvents } from '../media-type';
import type { Rates } from '../rates';
import { type Afterwards, fingerprintOf, idempotencyKeyOf, sendReply } from '../request';
import type { Unsent } from '../unsent';
import type { Context, RequestContext } from './context';
import { type Asked, inBody, operationIn } from './document-request';
import { errors, formatError } from './errors';
import { Exports } from './export';
import { InFlight } from './in-flight';
import { answer, graphqlOverHttp, type Rendered } from './over-http';
import { price, settle, wayFor } from './pricing';
import { RegisteredDocuments } from './registered-document';
import { complete, completing, headersFor } from './result';
import { stringifyResult } from './stringify';

/** Characters of a document above which it is parsed, and started, in its own turn of the event loop. */
const longText = 4_000;

/** A gateway is Apollo's only way to another executor. This gateway runs the schema in this process. */
const execution: ApolloServerOptionsWithGateway<Context>['gateway'] = {
  onSchemaLoadOrUpdate(callback) {
    callback({ apiSchema: schema(), coreSupergraphSdl: '' });
    return () => {};
  },
  load: async () => ({
    executor: async ({ context, operation: chosen }) => {
      const { operation, way, ran } = (context as Context).http;
      // Last check: only the prepared operation runs, and only if Apollo has chosen the same operation.
      if (!operation || chosen?.operation !== operation.node.operation || nameOf(chosen) !== nameOf(operation.node)) {
        throw new Error('an operation that was not judged ahead has come to be executed');
      }
      return ran ?? run(operation, context as Context, way);
    },
  }),
  stop: async () => {},
};

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

/** Length of the operation's document, with its fragments. */
const textOf = ({ document }: Operation): number => document.loc?.end ?? 0;

const nameOf = ({ name }: OperationDefinitionNode): string | null => name?.value ?? null;

interface GraphQLOptions {
  services: Services;
  afterwards: Afterwards;
  limits: Limits;
  rates: Rates;
  unsent: Unsent;
  introspection: boolean;
  /** How long a change of grants or of registered documents may take to have effect. */
  grantsTtlMs: number;
  identity: Identity;
  changes: Changes;
  use: ClientUse;
  /** How long a client may read nothing of its reply. */
  sendTimeoutMs: number;
  days: ClientDays;
}

/** What serves the graph, for what else serves it or watches it. */
interface Graph {
  documents: RegisteredDocuments;
  inFlight: InFlight;
  live: Live;
  meter: LiveMeter;
  exports: Exports;
  prepareMessage(caller: Caller, payload: unknown): Promise<Operation>;
  parsed: ParsedDocuments;
  reader: Reader;
}

export async function graphqlRoute(app: FastifyInstance, options: GraphQLOptions): Promise<Graph> {
  const { services, afterwards, limits, rates, unsent, introspection, grantsTtlMs, identity, changes, use, days } =
    options;
  const hideSuggestions = !introspection;
  const documentLimits = new DocumentLimits(limits, introspection);
  const parsed = new ParsedDocuments(schema(), documentLimits, hideSuggestions);
  const inFlight = new InFlight(limits);
  const documents = new RegisteredDocuments(services, documentLimits, parsed, app.log, grantsTtlMs, days);
  app.addHook('onClose', () => documents.close());
  const meter = new LiveMeter();
  const reader = new Reader({ services, limits, documentLimits, rates, inFlight, log: app.log, meter });
  const live = new Live({ identity, changes, reader, limits, grantsTtlMs, log: app.log, meter, use });
  const exports = new Exports({ ...options, documentLimits, inFlight, live });
  const apollo = new ApolloServer<Context>({
    gateway: execution,
    // Disabled introspection is refused earlier, with our own message.
    introspection: true,
    hideSchemaDetailsFromClientErrors: hideSuggestions,
    // Documents are found by their ids earlier (registered-document.ts).
    persistedQueries: false,
    documentStore: storeOver(parsed),
    // CSRF prevention protects cookies and networks. A form or image of another site cannot send our Bearer token, and
    // nothing else signs a request in. CSRF prevention would refuse the default GET requests of urql and
    // graphql-request.
    csrfPrevention: false,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    stringifyResult,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      // It would add a resolver to every field of the schema, to compute how long the field may be cached.
      ApolloServerPluginCacheControlDisabled(),
      errors,
      completing(limits),
    ],
    formatError,
    logger: app.log,
  });
  app.decorateRequest('search', '');
  app.decorateRequest('byId', false);
  await apollo.start();
  app.addHook('onClose', () => apollo.stop());

  /** All checks before execution. Undefined if the request has no operation; Apollo refuses such a request. */
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
  ): Promise<Rendered> => {
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
      const held = hold(services, caller, what, request.counter!, async (work) => {
        afterwards.after(reply, work, held);
        const answered = await answerBy(request, work, true, judged);
        return { ...answered, body: answered.body.toString() };
      });
      const { reply: rendered, replayed } = await held;
      if (cost) settle(cost);
      return () => sendReply(reply, rendered, replayed);
    }
    const work = new Work(services, caller, request.counter!);
    const answered = work.whole(() => answerBy(request, work, false, judged));
    // A query leaves no work.
    if (!request.reads) afterwards.after(reply, work, answered);
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
    if (operation && isStreamed(request, operation)) {
      note(request, operation);
      return sendEvents(live, operation, request, reply);
    }
    const form = exportFormFor(request);
    if (form) {
      if (operation) note(request, operation);
      return exports.send(operation, form, request, reply);
    }
    if (idempotencyKeyOf(request) !== undefined) await turnFor(request);
    const what = holdOf(request, operation, limits);
    const cost = operation && price(operation, caller.clientId, limits, rates);
    if (operation) note(request, operation);
    // Without this turn, sixteen documents of fifty root fields each ran one after another, and all other requests
    // waited.
    if (operation && textOf(operation) > longText) await turn(textOf(operation));
    const leave = cost && (await inFlight.enter(caller.clientId, cost.requested, request.counter!.limit!));
    let send: () => FastifyReply;
    try {
      // Checked again: while the operation waited, earlier replies may have been left unread.
      unsent.admit(caller.clientId);
      send = await carryOut(request, reply, what, { operation, cost });
    } finally {
      leave?.();
    }
    // Sent after the turn ends: sending waits for the client, and no other operation may wait for a client that does
    // not read.
    return send();
  };
  /** The operation of a message over a WebSocket, after all checks that a request has. */
  const prepareMessage = async (caller: Caller, payload: unknown): Promise<Operation> => {
    rates.count(caller.clientId);
    checkShape(payload, limits.values);
    const asked = inBody(payload);
    let unknown: ((operationName: string | null) => void) | undefined;
    const text = await documents.textFor(caller, asked, (record) => {
      unknown = record;
    });
    const wanted = operationIn(asked);
    if (text === undefined || !wanted) {
      const parts = 'query, documentId or extensions.persistedQuery, and may have operationName and variables';
      throw new RequestError('BAD_REQUEST', `The payload must have ${parts}.`);
    }
    if (text.length > longText && !parsed.knows(text)) await turn(text.length);
    const operation = prepare(parsed.read(text), wanted.name, wanted.variables, { hideSuggestions });
    judgeRights(operation, caller);
    unknown?.(nameOf(operation.node));
    return operation;
  };
  graphqlOverHttp(app, '/graphql', handler);
  graphqlOverHttp(app, '/graphql/:documentId', handler);
  return { documents, inFlight, live, meter, exports, prepareMessage, parsed, reader };
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
 * Whether the answer is a stream of events: to a subscription always, to others if the client takes nothing else.
 * @throws RequestError NOT_ACCEPTABLE
 */
function isStreamed(request: FastifyRequest, { node }: Operation): boolean {
  if (node.operation !== OperationTypeNode.SUBSCRIPTION) return wantsEvents(request);
  if (acceptsEvents(request)) return true;
  throw notStreamed();
}

/** Sets the operation name and the deprecated parts for log and metrics, and records an unregistered document. */
function note(request: FastifyRequest, { node, document }: Operation): void {
  const name = nameOf(node);
  request.operation = `${node.operation} ${name ?? '(unnamed)'}`;
  request.noteUnknown?.(name);
  const uses = deprecatedIn(schema(), document);
  if (uses.length) request.deprecated = uses.map(({ coordinate }) => coordinate);
}

/** Gives Apollo the documents that were parsed and validated here. Apollo's keys end with the hash of the text. */
const storeOver = (parsed: ParsedDocuments) => ({
  get: async (key: string) => parsed.find(key.slice(-64)),
  set: async () => {},
  delete: async () => false,
});

/**
 * Whether the transaction stays open until the reply is rendered: for a mutation with an Idempotency-Key, and for a dry
 * run. Not for a mutation whose scope the caller lacks. The mutation refuses it, and a reply that is stored under the key
 * must not be sent to a token that can less than the first.
 * @throws RequestError ONE_MUTATION_PER_KEY if such a request has more than one mutation field
 */
function holdOf(request: FastifyRequest, operation: Operation | undefined, limits: Limits): Hold | undefined {
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
