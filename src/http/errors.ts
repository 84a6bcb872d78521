import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isRetryableRequest, Refusal, RequestError, type RequestErrorCode, requestErrorCodes } from '../domain/errors';
import { translated } from '../service/work';
import { envelope } from './envelope';
import { mediaTypeFor } from './media-type';

export interface Failure {
  /** In `extensions.code` on /graphql. */
  code: RequestErrorCode;
  message: string;
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

export const tooDeep = 'It is nested too deeply.';

/**
 * Out of stack: by some 4,000 levels of a document for what validates it, by more for what parses it. No code of ours
 * goes deeper than what a client has sent.
 */
export const isTooDeep = (error: unknown): boolean => /call stack/.test((error as Error | undefined)?.message ?? '');

/**
 * Any error as a client may see it. What the HTTP layer refused has the code of its status; an outage stays an outage; a
 * fault of ours is masked, and found in the log by its request id.
 */
export function failureOf(thrown: unknown, requestId: string): Failure {
  const error = translated(thrown);
  if (error instanceof RequestError) return { code: error.code, message: error.message };
  // Contention where nothing was to be changed, or behind an effect: no user error of a mutation.
  if (error instanceof Refusal && error.errors[0].code === 'LOCKED_RETRY') {
    return { code: 'TIMEOUT', message: requestErrorCodes.TIMEOUT.meaning };
  }
  if (isTooDeep(error)) return { code: 'BAD_REQUEST', message: tooDeep };
  const { statusCode, message } = error as FastifyError;
  if (statusCode && statusCode >= 400 && statusCode < 500) {
    const code = codeOfStatus(statusCode);
    // What is wrong, in the words of who found it, and what is allowed.
    const allowed = code === 'BAD_REQUEST' ? '' : ` ${requestErrorCodes[code].meaning}`;
    return { code, message: `${message.replace(/\.$/, '')}.${allowed}` };
  }
  return { code: 'INTERNAL', message: `An unexpected failure. Its request id is ${requestId}.` };
}

/** The errors of a GraphQL reply. */
const graphqlErrors = ({ code, message }: Failure) => ({
  errors: [{ message, extensions: { code, ...(isRetryableRequest(code) && { retryable: true }) } }],
});

function send(request: FastifyRequest, reply: FastifyReply, failure: Failure): FastifyReply {
  const { code, message } = failure;
  const status = statusOf(code);
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (status === 503) reply.header('retry-after', '2');
  reply.code(status).type('application/json; charset=utf-8');
  if (request.url.startsWith('/v1/')) return reply.send(envelope(request, failure));
  if (!request.url.startsWith('/graphql')) return reply.send({ message, code });
  const type = mediaTypeFor(request);
  return (type ? reply.type(type) : reply).send(JSON.stringify(graphqlErrors(failure)));
}

/** Answers with a failure, and puts it in the log. */
export function sendFailure(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const failure = failureOf(error, request.id);
  if (statusOf(failure.code) >= 500) request.log.error({ err: error }, 'request failed');
  else request.log.info({ code: failure.code, reason: failure.message }, 'request refused');
  return send(request, reply, failure);
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
 * Answers what Node refuses before there is a request: its path is not known then, and so the reply has the errors of
 * GraphQL beside the envelope of REST.
 */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  // Nobody is there to read it.
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const known: Record<string, RequestErrorCode> = {
    HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
    ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  };
  const code = known[error.code ?? ''] ?? 'BAD_REQUEST';
  const { status, meaning } = requestErrorCodes[code];
  const failure: Failure = { code, message: code === 'BAD_REQUEST' ? 'This is no HTTP/1.1 request.' : meaning };
  const id = randomUUID().replaceAll('-', '');
  const body = JSON.stringify({ ...envelope({ id, method: '' }, failure), ...graphqlErrors(failure) });
  const headers = [
    `HTTP/1.1 ${status} ${code}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `zuora-request-id: ${id}`,
    'connection: close',
  ];
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
}
