import { createHash } from 'node:crypto';
import { ApolloServer, type ApolloServerOptionsWithGateway } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Limits } from '../domain/limits';
import { GraphContext } from '../graph/context';
import { carryOut } from '../graph/execution';
import { DocumentLimits } from '../graph/limits';
import { planMutation } from '../graph/operation';
import { schema } from '../graph/schema';
import { type Hold, hold, type Reply } from '../service/hold';
import { type Services, Work } from '../service/work';
import type { Context, RequestContext } from './graphql-context';
import { errors, formatError } from './graphql-errors';
import { answer, graphqlOverHttp } from './graphql-http';
import { pricing } from './pricing';
import type { Rates } from './rates';
import { Documents } from './registered-document';
import { type Afterwards, fingerprintOf, idempotencyKey, sendReply } from './request';

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
    // It guards cookies and networks: a form or an image of another site can send neither our Bearer token nor anything else that
    // signs a request in. It would refuse GET by the defaults of urql and graphql-request.
    csrfPrevention: false,
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
