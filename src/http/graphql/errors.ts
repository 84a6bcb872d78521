import type { ApolloServerPlugin } from '@apollo/server';
import { unwrapResolverError } from '@apollo/server/errors';
import { type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { graphqlErrorCodes, type RequestErrorCode, requestErrorCodes } from '../../domain/errors';
import { levelOf } from '../../service/run/outage';
import { codeOfStatus, extensionsOf, type Failure, failureOf, statusOf } from '../failure';
import type { Context, RequestContext } from './context';

/**
 * Classifies the errors of resolvers. Refusals keep their code, and outages stay outages. An internal fault is logged,
 * and the client sees only its request id.
 */
export const errors: ApolloServerPlugin<Context> = {
  async requestDidStart() {
    return {
      async didEncounterErrors({ errors: encountered, contextValue, operation }) {
        for (const error of encountered) judge(error, contextValue.http, operation?.operation === 'mutation');
      },
      async willSendResponse({ response, contextValue }) {
        const { http } = contextValue;
        if (response.body.kind !== 'single') return;
        http.failed = !http.carriedOut && isFailure(response.body.singleResult);
        http.request.codes = response.body.singleResult.errors?.map(({ extensions }) =>
          String(extensions?.code ?? 'INTERNAL'),
        );
      },
    };
  },
  async unexpectedErrorProcessingRequest({ requestContext, error }) {
    const { http } = requestContext.contextValue;
    Object.assign(http, { failure: error, failed: true });
  },
};

/** Whether a result has no data, and only errors that are outages or internal faults. */
export function isFailure({ data, errors: all }: FormattedExecutionResult): boolean {
  if (!all?.length || Object.values(data ?? {}).some((value) => value !== null)) return false;
  return all.every(({ extensions }) => {
    const code = extensions?.code as RequestErrorCode;
    return code in requestErrorCodes && statusOf(code) >= 500;
  });
}

/**
 * The failure behind an error of a resolver. Undefined if the error itself is for the client: errors of graphql and of
 * scalars have a code, or come before execution and so have no path. Other errors of graphql are internal faults, such as a
 * null in a non-null field.
 */
function failureBehind(error: GraphQLError, requestId: string): { original: unknown; failure: Failure } | undefined {
  // An error thrown by a plugin has no path either, but also no code.
  const original = error.extensions.code ? unwrapResolverError(error) : (error.originalError ?? error);
  const own = original === error || original instanceof GraphQLError;
  if (own && (!error.path || error.extensions.code)) return undefined;
  return { original, failure: failureOf(original, requestId) };
}

/** The errors of a query that is run without Apollo. `onFailure` gets outages and internal faults. */
export const shownErrors = (
  errors: readonly GraphQLError[],
  requestId: string,
  onFailure: (error: unknown, path: GraphQLError['path']) => void,
): GraphQLFormattedError[] =>
  errors.map((error) => {
    const { original, failure } = failureBehind(error, requestId) ?? {};
    if (!failure) return formatError(error.toJSON(), error);
    if (statusOf(failure.code) >= 500) onFailure(original, error.path);
    const { locations, path } = error.toJSON();
    return { message: failure.message, locations, path, extensions: extensionsOf(failure) };
  });

function judge(error: GraphQLError, context: RequestContext, mutation: boolean): void {
  const { original, failure } = failureBehind(error, context.request.id) ?? {};
  if (!failure || context.graph.work.isVoid) return;
  const status = statusOf(failure.code);
  Object.assign(error.extensions, extensionsOf(failure), { shown: failure.message });
  if (!error.path) error.extensions.http = { status };
  if (status < 500) return;
  // Of several failures, keeps the one after which the client must not simply retry.
  if (context.failure === undefined || failure.code === 'OUTCOME_UNKNOWN') context.failure = original;
  // A read was ended because its client has gone. The request has its own log line.
  if (failure.code !== 'TIMEOUT' || !context.request.raw.socket.destroyed) {
    context.request.log[levelOf(original)]({ err: original, path: error.path }, 'resolver failed');
  }
  // Below a mutation field the effect is committed: a retry would repeat it.
  if (mutation && error.path && error.path.length > 1) {
    const shown = `The mutation was carried out, but this part of its result could not be read. The request id is ${context.request.id}.`;
    Object.assign(error.extensions, { shown, final: true });
    context.carriedOut = true;
  }
}

/** The message chosen by `judge`, and a code of the table, but no stack and no internal text. */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const { shown, final, retryable, stacktrace: _, code: given, ...extensions } = formatted.extensions ?? {};
  const status = error instanceof GraphQLError && (error.extensions.http as { status?: number } | undefined)?.status;
  // Apollo's own refusals differ only in their status.
  const code = given === 'BAD_REQUEST' && status ? codeOfStatus(status) : String(given);
  if (!(code in requestErrorCodes || code in graphqlErrorCodes)) {
    return { message: 'An unexpected failure.', extensions: { code: 'INTERNAL', retryable: true } };
  }
  const message = typeof shown === 'string' ? shown : formatted.message;
  return { ...formatted, message, extensions: { ...extensions, code, ...(retryable && !final ? { retryable } : {}) } };
}
