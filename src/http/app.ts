import type { Socket } from 'node:net';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { sendFailure } from './errors';
import { type HeaderOptions, newRequestId, refuseUnreadable, stamp } from './headers';
import { WebSocketOnly } from './live/socket';
import { RequestLog } from './request-log';
import { uploading } from './uploading';

export interface AppOptions extends HeaderOptions {
  /** Addresses of trusted proxies, whose forwarded headers count. */
  trustProxy?: string;
  logger?: FastifyBaseLogger;
}

interface AppLimits {
  /** The longest body in bytes. */
  bodyLimit: number;
  receiveTimeoutMs: number;
  /** Whether the client of a connection would take a refusal for another reply. */
  hasOtherReply: (socket: Socket) => boolean;
}

/** Fastify and the server of Node, without hooks and routes. */
export function openApp(
  options: AppOptions,
  { bodyLimit, receiveTimeoutMs, hasOtherReply }: AppLimits,
): FastifyInstance {
  const app = Fastify({
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
    bodyLimit,
    // A long key gets NOT_FOUND, on REST as on the graph.
    routerOptions: { maxParamLength: 16_384 },
    // One line for each request, written at its end (request-log.ts).
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    childLoggerFactory: (log, fields) => new RequestLog(log, fields),
    genReqId: newRequestId,
    requestIdHeader: false,
    // Refusals by Fastify before routing, such as a path that cannot be decoded. No hook runs for them.
    frameworkErrors: ({ statusCode }, request, reply) => {
      stamp(request as FastifyRequest, reply as FastifyReply, options);
      // The message of the error would repeat the URL, which may hold values that must not be logged.
      const error = Object.assign(new Error('The path cannot be decoded.'), { statusCode });
      sendFailure(request as FastifyRequest, reply as FastifyReply, error);
    },
    clientErrorHandler: (error, socket) => {
      // Node asks once for each request.
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && uploading.has(socket)) return;
      refuseUnreadable(error, socket, app.log, hasOtherReply(socket));
    },
    // No connectionTimeout: a connection is silent while its request waits for a lock.
    requestTimeout: receiveTimeoutMs,
    http: {
      IncomingMessage: WebSocketOnly,
      headersTimeout: receiveTimeoutMs / 2,
      connectionsCheckingInterval: receiveTimeoutMs / 10,
      // Checked in headers.ts: Node's refusal would have no request id.
      requireHostHeader: false,
    },
    trustProxy: options.trustProxy ?? false,
    forceCloseConnections: 'idle',
    keepAliveTimeout: 65_000,
    // Requests that arrive during the close are served.
    return503OnClosing: false,
  }) as FastifyInstance;
  // Node would drop headers after the 2,000th, maybe an Idempotency-Key. All headers have at most 16 KB.
  app.server.maxHeadersCount = 0;
  // An unknown Expect header is ignored. Node would answer it by itself.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  return app;
}
