import { createHash } from 'node:crypto';
import { ApolloServer, type ApolloServerOptionsWithGateway, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import { unwrapResolverError } from '@apollo/server/errors';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type DocumentNode, type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { LRUCache } from 'lru-cache';
import { graphqlErrorCodes, RequestError, type RequestErrorCode, requestErrorCodes } from '../domain/errors';
import { LimitError, type Limits } from '../domain/limits';
import { GraphContext } from '../graph/context';
import { costOf } from '../graph/cost';
import { deprecatedIn, deprecationHeaders } from '../graph/deprecation';
import { carryOut } from '../graph/execution';
import { DocumentLimits } from '../graph/limits';
import { planMutation } from '../graph/operation';
import { schema } from '../graph/schema';
import { type Hold, hold, type Reply } from '../service/hold';
import { type Services, Work } from '../service/work';
import { codeOfStatus, extensionsOf, failureOf, statusOf } from './errors';
import { answer, graphqlOverHttp } from './graphql-http';
import type { Rates } from './rates';
import { Documents } from './registered-document';
import { type Afterwards, fingerprintOf, idempotencyKey, sendReply } from './request';

interface RequestContext {
  graph: GraphContext;
  request: FastifyRequest;
  /** What its operation costs, once that is known, and how to give back what its reply does not hold of that. */
  cost?: { requested: number; giveBack: (unused: number) => void };
  /** An unexpected failure, which no reply may bury beside an effect. */
  failure?: unknown;
  /** Nothing could be answered for it: the request fails as a whole, with a status that says so. */
  failed?: boolean;
  /** A mutation has had its effect, whatever became of its result. */
  carriedOut?: boolean;
}

type Context = GraphContext & { http: RequestContext };

/** Apollo's way to another executor than graphql-js: a gateway, here over a schema that is in this process. */
const compiledExecution = (hideSuggestions: boolean): ApolloServerOptionsWithGateway<Context>['gateway'] => ({
  onSchemaLoadOrUpdate(callback) {
    callback({ apiSchema: schema(), coreSupergraphSdl: '' });
    return () => {};
  },
  load: async () => ({
    executor: ({ queryHash: key, document, request: { operationName, variables }, context }) =>
      carryOut({ key, document, operationName, variables }, context as Context, { hideSuggestions }),
  }),
  stop: async () => {},
});

/**
 * Tells what resolvers threw apart: refusals of the request keep their code, outages stay outages, and a fault of ours
 * goes to the log and out with its request id only.
 */
const errors: ApolloServerPlugin<Context> = {
  async requestDidStart() {
    return {
      async didResolveOperation({ document, operationName, operation, contextValue }) {
        const { request } = contextValue.http;
        // Not a matter of validation to graphql, which would call it a fault of ours.
        if (operation?.operation === 'subscription') {
          throw new GraphQLError('There are no subscriptions.', {
            extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
          });
        }
        // What could not be read as one must not run as if it had no key.
        if (request.unreadable && operation?.operation === 'mutation') {
          throw new RequestError('BAD_REQUEST', 'With a key or dryRun a mutation must be written more simply.');
        }
        request.operation = `${operation?.operation} ${operationName ?? '(unnamed)'}`;
        request.noteUnknown?.(operationName ?? null);
        const uses = deprecatedIn(document);
        if (uses.length) request.deprecated = uses.map(({ coordinate }) => coordinate);
        if (operation?.operation !== 'query') return;
        request.reads = true;
        await contextValue.onlyReads();
      },
      async didEncounterErrors({ errors: encountered, contextValue, operation }) {
        for (const error of encountered) judge(error, contextValue.http, operation?.operation === 'mutation');
      },
      async willSendResponse({ response, document, contextValue }) {
        const { http } = contextValue;
        if (document && http.request.deprecated) {
          for (const [name, value] of Object.entries(deprecationHeaders(deprecatedIn(document)))) {
            response.http.headers.set(name, value);
          }
        }
        if (response.body.kind !== 'single') return;
        http.failed = !http.carriedOut && isFailure(response.body.singleResult);
        http.request.codes = response.body.singleResult.errors?.map(({ extensions }) =>
          String(extensions?.code ?? 'INTERNAL'),
        );
        if (http.request.headers['show-statements'] !== 'true') return;
        const { statements } = contextValue.work.counter;
        response.body.singleResult.extensions = { ...response.body.singleResult.extensions, statements };
      },
    };
  },
  async unexpectedErrorProcessingRequest({ requestContext, error }) {
    const { http } = requestContext.contextValue;
    Object.assign(http, { failure: error, failed: true });
  },
};

/** Nothing but errors, each of which is an outage or a fault of ours. */
function isFailure({ data, errors: all }: FormattedExecutionResult): boolean {
  if (!all?.length || Object.values(data ?? {}).some((value) => value !== null)) return false;
  return all.every(({ extensions }) => {
    const code = extensions?.code as RequestErrorCode;
    return code in requestErrorCodes && statusOf(code) >= 500;
  });
}

function judge(error: GraphQLError, context: RequestContext, mutation: boolean): void {
  // What a plugin throws has no path either, but no code.
  const original = error.extensions.code ? unwrapResolverError(error) : (error.originalError ?? error);
  // What graphql and the scalars refuse comes with a code, or before anything has run, and so without a path. The rest
  // of what graphql raises by itself, such as a null where there may be none, is a fault of ours.
  const own = original === error || original instanceof GraphQLError;
  if (own && (!error.path || error.extensions.code)) return;
  if (context.graph.work.isVoid) return;
  const failure = failureOf(original, context.request.id);
  const status = statusOf(failure.code);
  Object.assign(error.extensions, extensionsOf(failure), { shown: failure.message });
  if (!error.path) error.extensions.http = { status };
  if (status < 500) return;
  // Of several, the one after which the request must not simply be sent again.
  if (context.failure === undefined || failure.code === 'OUTCOME_UNKNOWN') context.failure = original;
  context.request.log.error({ err: original, path: error.path }, 'resolver failed');
  // Below a mutation its effect has been committed: the same request again would have it twice.
  if (mutation && error.path && error.path.length > 1) {
    const shown = `The mutation was carried out; this part of its result could not be read. Its request id is ${context.request.id}.`;
    Object.assign(error.extensions, { shown, final: true });
    context.carriedOut = true;
  }
}

/** The message that `judge` has settled on, a code of the table, and never a stack or a text of ours. */
function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const { shown, final, retryable, stacktrace: _, code: given, ...extensions } = formatted.extensions ?? {};
  const status = error instanceof GraphQLError && (error.extensions.http as { status?: number } | undefined)?.status;
  // Apollo's own refusals differ in their status only.
  const code = given === 'BAD_REQUEST' && status ? codeOfStatus(status) : String(given);
  if (!(code in requestErrorCodes || code in graphqlErrorCodes)) {
    return { message: 'An unexpected failure.', extensions: { code: 'INTERNAL', retryable: true } };
  }
  const message = typeof shown === 'string' ? shown : formatted.message;
  return { ...formatted, message, extensions: { ...extensions, code, ...(retryable && !final ? { retryable } : {}) } };
}

/** Prices each operation before it is carried out, refuses what is too much, and tells the price where it is asked for. */
const pricing = (limits: Limits, rates: Rates): ApolloServerPlugin<Context> => ({
  async requestDidStart() {
    return {
      async didResolveOperation({ document, operationName, request: { variables = {} }, contextValue }) {
        const { http } = contextValue;
        const requested = costOf(schema(), document, operationName, variables, limits.pageSize);
        try {
          if (requested > limits.cost) {
            throw new LimitError(
              { limit: 'cost', allowed: limits.cost, requested },
              `The reply may hold ${requested} objects; ${limits.cost} are allowed. Ask for shorter pages, or for less below them.`,
            );
          }
          http.cost = { requested, giveBack: rates.spend(http.request.caller!.clientId, requested) };
        } catch (error) {
          throw refusal(error as LimitError, http.request.id);
        }
      },
      async willSendResponse({ response: { body }, contextValue: { http } }) {
        if (body.kind !== 'single' || !http.cost) return;
        const { requested, giveBack } = http.cost;
        // The outermost object is nobody's.
        const actual = Math.max(0, objectsIn(body.singleResult.data) - 1);
        giveBack(Math.max(0, requested - actual));
        if (http.request.headers['show-cost'] !== 'true') return;
        const cost = { requested, actual, allowed: limits.cost };
        body.singleResult.extensions = { ...body.singleResult.extensions, cost };
      },
    };
  },
});

function objectsIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = Array.isArray(value) ? 0 : 1;
  for (const key in value) count += objectsIn((value as Record<string, unknown>)[key]);
  return count;
}

/** A refusal in Apollo's words. */
function refusal(error: RequestError, requestId: string): GraphQLError {
  const failure = failureOf(error, requestId);
  const headers = new HeaderMap();
  if (failure.retryAfter !== undefined) headers.set('retry-after', String(failure.retryAfter));
  return new GraphQLError(failure.message, {
    extensions: { ...extensionsOf(failure), http: { status: statusOf(failure.code), headers } },
  });
}

interface GraphQLOptions {
  services: Services;
  afterwards: Afterwards;
  limits: Limits;
  rates: Rates;
  introspection: boolean;
  /** How long a change of registered documents may take until it counts. */
  documentsTtlMs: number;
}

export async function graphqlRoute(
  app: FastifyInstance,
  { services, afterwards, limits, rates, introspection, documentsTtlMs }: GraphQLOptions,
): Promise<Documents> {
  const documentLimits = new DocumentLimits(limits, introspection);
  const documents = new Documents(services, documentLimits, app.log, documentsTtlMs);
  app.addHook('onClose', () => documents.close());
  const apollo = new ApolloServer<Context>({
    gateway: compiledExecution(!introspection),
    // Where it is off, it is refused before, in our words.
    introspection: true,
    hideSchemaDetailsFromClientErrors: !introspection,
    // Documents are found by their ids before (registered-document.ts).
    persistedQueries: false,
    documentStore: storeOver(documents.prepared),
    csrfPrevention: true,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      // It would put a resolver on every field of the schema, to find out how long each may be cached.
      ApolloServerPluginCacheControlDisabled(),
      pricing(limits, rates),
      errors,
    ],
    formatError,
    logger: app.log,
  });
  app.decorateRequest('search', '');
  app.decorateRequest('byId', false);
  await apollo.start();
  app.addHook('onClose', () => apollo.stop());

  const execute = async (request: FastifyRequest, work: Work, held: boolean): Promise<Reply> => {
    const context: RequestContext = { graph: new GraphContext(work, limits.pageSize, documentLimits), request };
    const reply = await answer(
      apollo,
      request,
      async () => Object.assign(context.graph, { http: context }),
      request.search,
    );
    // Behind a held effect a failure must not be buried in a reply that is stored: the whole request fails.
    if (context.failure && (held || context.failed)) throw context.failure;
    return reply;
  };

  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const caller = request.caller!;
    const text = await documents.resolve(request);
    if (text !== undefined) documentLimits.check(text);
    const what = holdOf(request);
    if (what) {
      const held = hold(services, caller, what, request.counter!, (work) => {
        afterwards.after(reply, work, held);
        return execute(request, work, true);
      });
      const { reply: rendered, replayed } = await held;
      return sendReply(reply, rendered, replayed);
    }
    const work = new Work(services, caller, request.counter!);
    const executed = work.whole(() => execute(request, work, false));
    afterwards.after(reply, work, executed);
    const rendered = await executed;
    return isUnchanged(request, reply, rendered) ? reply.code(304).send() : sendReply(reply, rendered);
  };
  graphqlOverHttp(app, '/graphql', handler);
  graphqlOverHttp(app, '/graphql/:documentId', handler);
  return documents;
}

/**
 * A query by GET and by an id may be kept by its client alone, and asked for again by the tag of its reply, which says
 * whether it is still the same.
 */
function isUnchanged(request: FastifyRequest, reply: FastifyReply, { status, body }: Reply): boolean {
  if (request.method !== 'GET' || !request.byId || status !== 200 || body.startsWith('{"errors"')) return false;
  // Weak, since the same reply goes out compressed or not.
  const tag = `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
  reply.header('etag', tag).header('cache-control', 'private, no-cache');
  reply.header('vary', 'accept, accept-encoding, authorization, zuora-entity-ids, zuora-org-ids');
  const known = String(request.headers['if-none-match'] ?? '').split(',');
  return known.some((each) => each.trim() === tag || each.trim() === '*');
}

/**
 * Documents that were parsed and validated, and beside those that were prepared some that have come. In characters of
 * their texts: what a document takes is some twenty times that. Apollo's keys end with the hash of the text.
 */
function storeOver(prepared: ReadonlyMap<string, DocumentNode>) {
  const store = new LRUCache<string, DocumentNode>({
    maxSize: 1_500_000,
    sizeCalculation: ({ loc }) => (loc?.end ?? 0) + 1,
  });
  return {
    get: async (key: string) => prepared.get(key.slice(-64)) ?? store.get(key),
    set: async (key: string, document: DocumentNode) => void store.set(key, document),
    delete: async (key: string) => store.delete(key),
  };
}

/** Whether the request is held open until its reply is rendered: a mutation with a key, or one that is a dry run. */
function holdOf(request: FastifyRequest): Hold | undefined {
  if (request.method !== 'POST' || typeof request.body !== 'object' || request.body === null) return undefined;
  const { query, operationName, variables } = request.body as Record<string, unknown>;
  const key = idempotencyKey(request);
  if (typeof query !== 'string' || (key === undefined && !query.includes('dryRun'))) return undefined;
  const plan = planMutation(query, operationName, variables, key !== undefined);
  if (plan === 'unreadable') {
    request.unreadable = true;
    return undefined;
  }
  if (!plan || (key === undefined && !plan.dryRun)) return undefined;
  if (key === undefined) return { dryRun: true };
  const fingerprint = fingerprintOf('POST /graphql', request, [query, operationName ?? null, plan.variables]);
  return { dryRun: plan.dryRun, key, fingerprint };
}
