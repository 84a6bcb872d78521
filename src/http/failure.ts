import type { FastifyError } from 'fastify';
import { Refusal, RequestError, type RequestErrorCode, requestErrorCodes } from '../domain/errors';
import { type LimitDetails, LimitError } from '../domain/limits';
import { translated } from '../service/run/services';

export interface Failure {
  /** In `extensions.code` on /graphql. */
  code: RequestErrorCode;
  message: string;
  /** The limit that it is for: beside the code, on /graphql. */
  details?: LimitDetails;
  /** Seconds after which the same may be asked again. */
  retryAfter?: number;
}

export const statusOf = (code: RequestErrorCode): number => requestErrorCodes[code].status;

/** The codes of what Fastify, its plugins and Apollo refuse, which have a status only. */
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
 * Any error as a client may see it. What the HTTP layer refused has the code of its status; an outage stays an outage; a
 * fault of ours is masked, and found in the log by its request id.
 */
export function failureOf(thrown: unknown, requestId: string): Failure {
  const error = translated(thrown);
  if (error instanceof RequestError) return failure(error.code, error.message, error);
  // Contention where nothing was to be changed, or behind an effect: no user error of a mutation.
  if (error instanceof Refusal && error.errors[0].code === 'LOCKED_RETRY') {
    return failure('TIMEOUT');
  }
  const { statusCode, message } = error as FastifyError;
  if (statusCode && statusCode >= 400 && statusCode < 500) {
    const code = codeOfStatus(statusCode);
    // What is wrong, in the words of who found it, and what is allowed.
    const allowed = code === 'BAD_REQUEST' ? '' : ` ${requestErrorCodes[code].meaning}`;
    return { code, message: `${message.replace(/\.$/, '')}.${allowed}` };
  }
  return { code: 'INTERNAL', message: `An unexpected failure. The request id is ${requestId}.` };
}

/** When the same may be asked again: most requests with a key are done within a second. */
const secondsAfter: Record<number, number> = { 409: 1, 503: 2 };

export function failure(
  code: RequestErrorCode,
  message: string = requestErrorCodes[code].meaning,
  error?: RequestError,
): Failure {
  const { details, retryAfter } = error instanceof LimitError ? error : {};
  return { code, message, details, retryAfter: retryAfter ?? secondsAfter[statusOf(code)] };
}

/** What `extensions` of an error on /graphql say. */
export const extensionsOf = ({ code, details }: Failure) => ({
  code,
  ...details,
  ...('retryable' in requestErrorCodes[code] && { retryable: true }),
});
