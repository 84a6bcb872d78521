import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError, type RequestErrorCode, requestErrorCodes } from '../domain/errors';
import { translated } from '../service/work';
import { envelope } from './envelope';

/**
 * An error as it stands in the log: what tells a fault apart, and none of the properties that libraries hang on theirs.
 * PostgreSQL's `detail` is the row that failed, Node's `rawPacket` the request with its token.
 */
export function logged(thrown: unknown): object {
  if (typeof thrown !== 'object' || thrown === null) return { message: String(thrown) };
  const error = thrown as AggregateError & Record<'code' | 'table' | 'column' | 'constraint', string | undefined>;
  const { name: type, message, stack, code, table, column, constraint, cause, errors } = error;
  return {
    ...{ type, message, stack, code, table, column, constraint },
    ...(cause !== undefined && { cause: logged(cause) }),
    ...(Array.isArray(errors) && { errors: errors.map(logged) }),
  };
}

export interface Failure {
  status: number;
  /** In `extensions.code` on /graphql. */
  code: RequestErrorCode;
  message: string;
}

const statusOf = (code: RequestErrorCode): number => requestErrorCodes[code].status;

/**
 * Any error as a client may see it. What the HTTP layer refused keeps its status; an outage stays an outage; a fault of
 * ours is masked, and found in the log by its request id.
 */
export function failureOf(thrown: unknown, requestId: string): Failure {
  const error = translated(thrown);
  if (error instanceof RequestError) return { status: statusOf(error.code), code: error.code, message: error.message };
  const { statusCode, message } = error as FastifyError;
  if (statusCode && statusCode >= 400 && statusCode < 500) return { status: statusCode, code: 'BAD_REQUEST', message };
  return { status: 500, code: 'INTERNAL', message: `An unexpected failure. Its request id is ${requestId}.` };
}

function send(request: FastifyRequest, reply: FastifyReply, failure: Failure): FastifyReply {
  const { status, code, message } = failure;
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (status === 503) reply.header('retry-after', '2');
  // Most requests are done within one.
  if (status === 409) reply.header('retry-after', '1');
  reply.code(status).type('application/json; charset=utf-8');
  if (request.url.startsWith('/v1/')) return reply.send(envelope(request, failure));
  if (request.url.startsWith('/graphql')) return reply.send({ errors: [{ message, extensions: { code } }] });
  return reply.send({ message, code });
}

/** Answers with a failure, and puts it in the log. */
export function sendFailure(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const failure = failureOf(error, request.id);
  if (failure.status >= 500) request.log.error({ err: error }, 'request failed');
  else request.log.info({ code: failure.code, reason: failure.message }, 'request refused');
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
