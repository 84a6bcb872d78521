import type { ApolloServerPlugin } from '@apollo/server';
import { unwrapResolverError } from '@apollo/server/errors';
import { type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { graphqlErrorCodes, type RequestErrorCode, requestErrorCodes } from '../../domain/errors';
import { schema } from '../../graph/build/schema';
import { deprecatedIn, deprecationHeaders } from '../../graph/guard/deprecation';
import { codeOfStatus, extensionsOf, failureOf, statusOf } from '../failure';
import type { Context, RequestContext } from './context';

/**
 * Tells what resolvers threw apart: refusals of the request keep their code, outages stay outages, and a fault of ours
 * goes to the log and out with its request id only.
 */
export const errors: ApolloServerPlugin<Context> = {
  async requestDidStart() {
    return {
      async didEncounterErrors({ errors: encountered, contextValue, operation }) {
        for (const error of encountered) judge(error, contextValue.http, operation?.operation === 'mutation');
      },
      async willSendResponse({ response, document, contextValue }) {
        const { http } = contextValue;
        if (document && http.request.deprecated) {
          for (const [name, value] of Object.entries(deprecationHeaders(deprecatedIn(schema(), document)))) {
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
  // A read whose client has gone was ended for that: it has its line in the log.
  if (failure.code !== 'TIMEOUT' || !context.request.raw.socket.destroyed) {
    context.request.log.error({ err: original, path: error.path }, 'resolver failed');
  }
  // Below a mutation its effect has been committed: the same request again would have it twice.
  if (mutation && error.path && error.path.length > 1) {
    const shown = `The mutation was carried out, but this part of its result could not be read. The request id is ${context.request.id}.`;
    Object.assign(error.extensions, { shown, final: true });
    context.carriedOut = true;
  }
}

/** The message that `judge` has settled on, a code of the table, and never a stack or a text of ours. */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
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
