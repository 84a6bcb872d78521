import type { FastifyError } from 'fastify';
import { GraphQLError } from 'graphql';
import { graphqlErrorCodes, Refusal, RequestError, type RequestErrorCode, requestErrorCodes } from '../domain/errors';
import { type LimitDetails, LimitError } from '../domain/limits';
import { InvalidDocument } from '../graph/guard/parsed-document';
import { translated } from '../service/run/services';

export interface Failure {
  /** `extensions.code` on /graphql. */
  code: RequestErrorCode;
  message: string;
  /** The limit behind the refusal: in `extensions` on /graphql. */
  details?: LimitDetails;
  /** Seconds to wait before a retry. */
  retryAfter?: number;
}

export const statusOf = (code: RequestErrorCode): number => requestErrorCodes[code].status;

/** Codes for refusals by Fastify, its plugins and Apollo, which have only a status. */
const codesOfOthers: readonly RequestErrorCode[] = [
  'NO_SUCH_PATH',
  'METHOD_NOT_ALLOWED',
  'NOT_ACCEPTABLE',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
];
export const codeOfStatus = (status: number): RequestErrorCode =>
  codesOfOthers.find((code) => statusOf(code) === status) ?? 'BAD_REQUEST';

/**
 * A refusal by a resolver with a code of GraphQL's own, such as a null in a filter. Undefined for any other error. Whoever runs
 * a query without Apollo may get it as it is.
 */
export function refusalOfGraphQL(error: unknown): InvalidDocument | undefined {
  if (!(error instanceof GraphQLError)) return undefined;
  const code = String(error.extensions.code);
  return code in graphqlErrorCodes ? new InvalidDocument(code as keyof typeof graphqlErrorCodes, [error]) : undefined;
}

/**
 * Any error as the client may see it. A refusal by the HTTP layer gets the code of its status. An outage stays an
 * outage. An internal fault is masked, and found in the log by its request id.
 */
export function failureOf(thrown: unknown, requestId: string): Failure {
  const error = translated(thrown);
  if (error instanceof RequestError) return failure(error.code, error.message, error);
  // Lock contention in a read, or after a committed effect, is no user error of a mutation.
  if (error instanceof Refusal && error.errors[0].code === 'LOCKED_RETRY') {
    return failure('TIMEOUT');
  }
  const refused = refusalOfGraphQL(error);
  if (refused) return { code: 'BAD_REQUEST', message: refused.errors[0].message };
  const { statusCode, message } = error as FastifyError;
  if (statusCode && statusCode >= 400 && statusCode < 500) {
    const code = codeOfStatus(statusCode);
    // The words of the refusing library, and the rule from the table.
    const allowed = code === 'BAD_REQUEST' ? '' : ` ${requestErrorCodes[code].meaning}`;
    return { code, message: `${message.replace(/\.$/, '')}.${allowed}` };
  }
  return { code: 'INTERNAL', message: `An unexpected failure. The request id is ${requestId}.` };
}

/** Seconds to wait before a retry. Most requests with an Idempotency-Key are done within a second. */
const secondsAfter: Record<number, number> = { 409: 1, 503: 2 };

export function failure(
  code: RequestErrorCode,
  message: string = requestErrorCodes[code].meaning,
  error?: RequestError,
): Failure {
  const { details, retryAfter } = error instanceof LimitError ? error : {};
  return { code, message, details, retryAfter: retryAfter ?? secondsAfter[statusOf(code)] };
}

/** The `extensions` of an error on /graphql. */
export const extensionsOf = ({ code, details }: Failure) => ({
  code,
  ...details,
  ...('retryable' in requestErrorCodes[code] && { retryable: true }),
});
