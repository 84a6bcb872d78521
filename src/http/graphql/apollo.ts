import { ApolloServer, type ApolloServerOptionsWithGateway } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FastifyBaseLogger } from 'fastify';
import type { Limits } from '../../domain/limits';
import { schema } from '../../graph/build/schema';
import type { ParsedDocuments } from '../../graph/guard/parsed-document';
import { run } from '../../graph/read/execution';
import type { Context } from './context';
import { errors, formatError } from './errors';
import { completing } from './result';
import { stringifyResult } from './stringify';

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
      const { node } = operation ?? {};
      if (!operation || chosen.operation !== node?.operation || chosen.name?.value !== node.name?.value) {
        throw new Error('an operation that was not judged ahead has come to be executed');
      }
      return ran ?? run(operation, context as Context, way);
    },
  }),
  stop: async () => {},
};

/** Gives Apollo the documents that were parsed and validated here. Apollo's keys end with the hash of the text. */
const storeOver = (parsed: ParsedDocuments) => ({
  get: async (key: string) => parsed.find(key.slice(-64)),
  set: async () => {},
  delete: async () => false,
});

/** The Apollo server of the graph, not yet started. What it would read, validate or refuse was judged before. */
export function apolloOver(
  parsed: ParsedDocuments,
  limits: Limits,
  hideSuggestions: boolean,
  logger: FastifyBaseLogger,
): ApolloServer<Context> {
  return new ApolloServer<Context>({
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
    logger,
  });
}
