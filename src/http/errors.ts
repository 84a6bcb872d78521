import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal, RequestError, type RequestErrorCode, requestErrorCodes } from '../domain/errors';
import { type LimitDetails, LimitError } from '../domain/limits';
import { InvalidDocument } from '../graph/parsed-document';
import { translated } from '../service/work';
import { envelope } from './envelope';
import { mediaTypeFor } from './media-type';

/** A refusal whose message quotes the request, which is for the client alone; `logged` is for the log. */
export class QuotingError extends RequestError {
  constructor(
    code: RequestErrorCode,
    message: string,
    readonly logged: string,
  ) {
    super(code, message);
  }
}

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

function failure(
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

const graphqlErrors = (refused: Failure) => ({
  errors: [{ message: refused.message, extensions: extensionsOf(refused) }],
});

/** What GraphQL refuses before anything runs. The log gets the codes: the messages quote the request. */
function sendInvalid(request: FastifyRequest, reply: FastifyReply, { errors }: InvalidDocument): FastifyReply {
  request.codes = errors.map(({ extensions }) => String(extensions.code));
  request.log.info({ code: request.codes[0], errors: errors.length }, 'request refused');
  reply.code(400).type(mediaTypeFor(request) ?? 'application/json; charset=utf-8');
  return reply.send(JSON.stringify({ errors }));
}

function send(request: FastifyRequest, reply: FastifyReply, refused: Failure): FastifyReply {
  const { code, message, retryAfter } = refused;
  const status = statusOf(code);
  request.codes = [code];
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  reply.code(status).type('application/json; charset=utf-8');
  if (request.url.startsWith('/v1/')) return reply.send(envelope(request, refused));
  if (!request.url.startsWith('/graphql')) return reply.send({ message, code });
  const type = mediaTypeFor(request);
  return (type ? reply.type(type) : reply).send(JSON.stringify(graphqlErrors(refused)));
}

/** Answers with a failure, and puts it in the log. */
export function sendFailure(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof InvalidDocument) return sendInvalid(request, reply, error);
  // The error of a body that was cut off reads like that of a database that was lost.
  const cut = request.raw.destroyed && request.raw.complete === false;
  const failed = cut ? failure('BAD_REQUEST') : failureOf(error, request.id);
  if (failed.code === 'PAYLOAD_TOO_LARGE') {
    failed.details = { limit: 'body', allowed: request.server.initialConfig.bodyLimit! };
  }
  // So is a read ended when nobody waits for it.
  if (cut || (failed.code === 'TIMEOUT' && reply.raw.destroyed)) request.log.info('the client has gone');
  else if (statusOf(failed.code) >= 500) request.log.error({ err: error }, 'request failed');
  else {
    const { message: cause } = ((error as Error).cause ?? {}) as { message?: string };
    const reason = error instanceof QuotingError ? error.logged : failed.message;
    request.log.info({ code: failed.code, reason, ...(cause && { cause }) }, 'request refused');
  }
  return send(request, reply, failed);
}

/** The last word on errors and on routes that do not exist. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendFailure(request, reply, error));
  app.setNotFoundHandler((request, reply) =>
    send(request, reply, {
      code: 'NO_SUCH_PATH',
      message: `There is no ${request.method} ${request.url.split('?')[0]}.`,
    }),
  );
}

/**
 * The reply to what Node refuses before there is a request: its path is not known then, and so it has the errors of GraphQL
 * beside the envelope of REST.
 */
export function unreadableReply(code: RequestErrorCode, message: string, id: string) {
  const refused = failure(code, message);
  return {
    status: statusOf(code),
    body: JSON.stringify({ ...envelope({ id, method: '' }, refused), ...graphqlErrors(refused) }),
  };
}
