import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError, type RequestErrorCode } from '../domain/errors';
import { InvalidDocument } from '../graph/guard/parsed-document';
import { levelOf } from '../service/run/outage';
import { extensionsOf, type Failure, failure, failureOf, refusalOfGraphQL, statusOf } from './failure';
import { mediaTypeFor } from './media-type';
import { envelope } from './rest/envelope';

/** A refusal whose message quotes the request. The message is only for the client; `logged` is for the log. */
export class QuotingError extends RequestError {
  constructor(
    code: RequestErrorCode,
    message: string,
    readonly logged: string,
  ) {
    super(code, message);
  }
}

const graphqlErrors = (refused: Failure) => ({
  errors: [{ message: refused.message, extensions: extensionsOf(refused) }],
});

/**
 * Sends refusals by GraphQL before a resolver runs. Their messages quote the request, so the log gets only the codes.
 */
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
  if (/^\/(v1|object-query)\//.test(request.url)) return reply.send(envelope(request, refused));
  if (!request.url.startsWith('/graphql')) return reply.send({ message, code });
  const type = mediaTypeFor(request);
  return (type ? reply.type(type) : reply).send(JSON.stringify(graphqlErrors(refused)));
}

/** Sends a failure as the reply, and logs it. */
export function sendFailure(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const ofGraph = request.url.startsWith('/graphql') ? refusalOfGraphQL(error) : undefined;
  const invalid = error instanceof InvalidDocument ? error : ofGraph;
  if (invalid) return sendInvalid(request, reply, invalid);
  // The error of a body that was cut off looks like the error of a lost database.
  const cut = request.raw.destroyed && request.raw.complete === false;
  const failed = cut ? failure('BAD_REQUEST') : failureOf(error, request.id);
  if (failed.code === 'PAYLOAD_TOO_LARGE') {
    failed.details = { limit: 'body', allowed: request.server.initialConfig.bodyLimit! };
  }
  // A read is also ended when its client has gone.
  if (cut || (failed.code === 'TIMEOUT' && reply.raw.destroyed)) request.log.info('the client has gone');
  else if (statusOf(failed.code) >= 500) request.log[levelOf(error)]({ err: error }, 'request failed');
  else {
    const { message: cause } = ((error as Error).cause ?? {}) as { message?: string };
    const reason = error instanceof QuotingError ? error.logged : failed.message;
    request.log.info({ code: failed.code, reason, ...(cause && { cause }) }, 'request refused');
  }
  return send(request, reply, failed);
}

/** Handles all errors that are left, and requests for unknown routes. */
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
 * The reply to a request that Node refuses while parsing. The path is not known yet, so the body has both the GraphQL
 * errors and the REST envelope.
 */
export function unreadableReply(code: RequestErrorCode, message: string, id: string) {
  const refused = failure(code, message);
  return {
    status: statusOf(code),
    body: JSON.stringify({ ...envelope({ id, method: '' }, refused), ...graphqlErrors(refused) }),
  };
}
