import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError, type RequestErrorCode, requestErrorCodes } from '../domain/errors';
import { type LimitDetails, LimitError } from '../domain/limits';
import { translated } from '../service/work';
import { envelope } from './envelope';

export interface Failure {
  status: number;
  /** In `extensions.code` on /graphql. */
  code: RequestErrorCode;
  message: string;
  /** The limit that it is for: beside the code, on /graphql. */
  details?: LimitDetails;
  /** Seconds after which the same may be asked again. */
  retryAfter?: number;
}

/** What `extensions` of an error on /graphql say. */
export const extensionsOf = ({ code, details }: Failure) => ({
  code,
  ...details,
  ...('retryable' in requestErrorCodes[code] && { retryable: true }),
});

/**
 * Any error as a client may see it. What the HTTP layer refused keeps its status; an outage stays an outage; a fault of
 * ours is masked, and found in the log by its request id.
 */
export function failureOf(thrown: unknown, requestId: string): Failure {
  const error = translated(thrown);
  if (error instanceof RequestError) {
    const { code, message } = error;
    const { status } = requestErrorCodes[code];
    const retryAfter = error instanceof LimitError ? error.retryAfter : undefined;
    return {
      ...{ status, code, message, retryAfter: retryAfter ?? (status === 503 ? 2 : undefined) },
      ...(error instanceof LimitError && { details: error.details }),
    };
  }
  const { statusCode, message } = error as FastifyError;
  if (statusCode && statusCode >= 400 && statusCode < 500) return { status: statusCode, code: 'BAD_REQUEST', message };
  return { status: 500, code: 'INTERNAL', message: `An unexpected failure. Its request id is ${requestId}.` };
}

function send(request: FastifyRequest, reply: FastifyReply, failure: Failure): FastifyReply {
  const { status, message, code, retryAfter } = failure;
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  reply.code(status).type('application/json; charset=utf-8');
  if (request.url.startsWith('/v1/')) return reply.send(envelope(request, failure));
  if (request.url.startsWith('/graphql'))
    return reply.send({ errors: [{ message, extensions: extensionsOf(failure) }] });
  return reply.send({ message, code });
}

/** Answers with a failure, and puts it in the log. */
export function sendFailure(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const failure = failureOf(error, request.id);
  if (failure.status === 413) failure.details = { limit: 'body', allowed: request.server.initialConfig.bodyLimit! };
  if (failure.status >= 500) request.log.error({ err: error }, 'request failed');
  else {
    const { message: cause } = ((error as Error).cause ?? {}) as { message?: string };
    request.log.info({ code: failure.code, reason: failure.message, ...(cause && { cause }) }, 'request refused');
  }
  return send(request, reply, failure);
}

/** The last word on errors and on routes that do not exist. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendFailure(request, reply, error));
  app.setNotFoundHandler((request, reply) =>
    send(request, reply, {
      status: 404,
      code: 'BAD_REQUEST',
      message: `There is no ${request.method} ${request.url.split('?')[0]}.`,
    }),
  );
}
