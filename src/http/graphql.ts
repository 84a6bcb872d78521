import { ApolloServer, type ApolloServerOptionsWithGateway, type ApolloServerPlugin } from '@apollo/server';
import { unwrapResolverError } from '@apollo/server/errors';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import {
  graphqlErrorCodes,
  isRetryableRequest,
  RequestError,
  type RequestErrorCode,
  requestErrorCodes,
} from '../domain/errors';
import { GraphContext } from '../graph/context';
import { carryOut } from '../graph/execution';
import { maxTokens, planMutation } from '../graph/operation';
import { schema } from '../graph/schema';
import { type Hold, hold, type Reply } from '../service/hold';
import { type Services, Work } from '../service/work';
import { codeOfStatus, failureOf, isTooDeep, statusOf, tooDeep } from './errors';
import { answer, graphqlOverHttp } from './graphql-http';
import { type Afterwards, fingerprintOf, idempotencyKey, sendReply } from './request';

interface RequestContext {
  graph: GraphContext;
  request: FastifyRequest;
  /** An unexpected failure, which no reply may bury beside an effect. */
  failure?: unknown;
  /** Nothing could be answered for it: the request fails as a whole, with a status that says so. */
  failed?: boolean;
  /** A mutation has had its effect, whatever became of its result. */
  carriedOut?: boolean;
}

type Context = GraphContext & { http: RequestContext };

/** Apollo's way to another executor than graphql-js: a gateway, here over a schema that is in this process. */
const compiledExecution: ApolloServerOptionsWithGateway<Context>['gateway'] = {
  onSchemaLoadOrUpdate(callback) {
    callback({ apiSchema: schema(), coreSupergraphSdl: '' });
    return () => {};
  },
  load: async () => ({
    executor: ({ queryHash: key, document, request: { operationName, variables }, context }) =>
      carryOut({ key, document, operationName, variables }, context as Context),
  }),
  stop: async () => {},
};

/**
 * Tells what resolvers threw apart: refusals of the request keep their code, outages stay outages, and a fault of ours
 * goes to the log and out with its request id only.
 */
const errors: ApolloServerPlugin<Context> = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operationName, operation, contextValue }) {
        const { request } = contextValue.http;
        // What could not be read as one must not run as if it had no key.
        if (request.unreadable && operation?.operation === 'mutation') {
          throw new RequestError('BAD_REQUEST', 'With a key or dryRun a mutation must be written more simply.');
        }
        request.operation = `${operation?.operation} ${operationName ?? '(unnamed)'}`;
        if (operation?.operation === 'query') await contextValue.onlyReads();
      },
      async didEncounterErrors({ errors: encountered, contextValue, operation }) {
        for (const error of encountered) judge(error, contextValue.http, operation?.operation === 'mutation');
      },
      async willSendResponse({ response, contextValue }) {
        if (response.body.kind === 'single') {
          contextValue.http.failed = !contextValue.http.carriedOut && isFailure(response.body.singleResult);
        }
        if (response.body.kind !== 'single' || contextValue.http.request.headers['show-statements'] !== 'true') return;
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
  const { code, message } = failureOf(original, context.request.id);
  const status = statusOf(code);
  Object.assign(error.extensions, { code, shown: message, ...(!error.path && { http: { status } }) });
  if (status < 500) return;
  context.failure ??= original;
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
  const { shown, final, stacktrace: _, code: given, ...extensions } = formatted.extensions ?? {};
  const status = error instanceof GraphQLError && (error.extensions.http as { status?: number } | undefined)?.status;
  const code = given === 'BAD_REQUEST' && status ? codeOfStatus(status) : String(given);
  if (!(code in requestErrorCodes || code in graphqlErrorCodes)) {
    return { message: 'An unexpected failure.', extensions: { code: 'INTERNAL', retryable: true } };
  }
  const deep = error instanceof GraphQLError && isTooDeep(error.originalError);
  const message = deep ? tooDeep : typeof shown === 'string' ? shown : formatted.message;
  const retryable = !final && isRetryableRequest(code);
  return { ...formatted, message, extensions: { ...extensions, code, ...(retryable && { retryable }) } };
}

export async function graphqlRoute(app: FastifyInstance, services: Services, afterwards: Afterwards): Promise<void> {
  const apollo = new ApolloServer<Context>({
    gateway: compiledExecution,
    introspection: true,
    persistedQueries: false,
    parseOptions: { maxTokens },
    csrfPrevention: true,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      // It would put a resolver on every field of the schema, to find out how long each may be cached.
      ApolloServerPluginCacheControlDisabled(),
      errors,
    ],
    formatError,
    logger: app.log,
  });
  await apollo.start();
  app.addHook('onClose', () => apollo.stop());

  const execute = async (request: FastifyRequest, work: Work, held: boolean): Promise<Reply> => {
    const context: RequestContext = { graph: new GraphContext(work), request };
    const reply = await answer(apollo, request, async () => Object.assign(context.graph, { http: context }));
    // Behind a held effect a failure must not be buried in a reply that is stored: the whole request fails.
    if (context.failure && (held || context.failed)) throw context.failure;
    return reply;
  };

  graphqlOverHttp(app, '/graphql', async (request, reply) => {
    const caller = request.caller!;
    const what = holdOf(request);
    if (what) {
      const held = hold(services, caller, what, (work) => {
        afterwards.after(reply, work, held);
        return execute(request, work, true);
      });
      const { reply: rendered, replayed } = await held;
      return sendReply(reply, rendered, replayed);
    }
    const work = new Work(services, caller);
    const executed = work.whole(() => execute(request, work, false));
    afterwards.after(reply, work, executed);
    return sendReply(reply, await executed);
  });
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
