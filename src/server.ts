import { randomUUID } from 'node:crypto';
import compress from '@fastify/compress';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { type Limits, standardLimits } from './domain/limits';
import { Identity } from './http/auth';
import { handleErrors, sendFailure } from './http/errors';
import { fulfillmentRoutes } from './http/fulfillment';
import { fulfillmentItemRoutes } from './http/fulfillment-item';
import { graphqlRoute } from './http/graphql';
import { healthRoutes } from './http/health';
import { limited } from './http/limiting';
import { Metrics } from './http/metrics';
import { oauth } from './http/oauth';
import type { OutsideOptions } from './http/outside';
import { playground } from './http/playground/plugin';
import { Rates } from './http/rates';
import { Afterwards, authenticated } from './http/request';
import type { Services } from './service/work';

export interface ServerOptions {
  services: Services;
  signingKey: string;
  limits?: Partial<Limits>;
  /** Whether clients may ask for the schema. */
  introspection?: boolean;
  /** How long a revoked grant may still count, in milliseconds. */
  grantsTtlMs?: number;
  /** An issuer whose tokens are taken beside our own. */
  outside?: Omit<OutsideOptions, 'onFailure'>;
  /** Addresses of proxies that are believed about whom they pass on. */
  trustProxy?: string;
  /** Signs the playground in. */
  demo?: { clientId: string; clientSecret: string };
  logger?: FastifyBaseLogger;
}

export interface Server {
  app: FastifyInstance;
  identity: Identity;
  /** Resolves when nothing is left to be done behind replies that have gone out. */
  settled(): Promise<void>;
}

/** The whole HTTP surface over given services: the same for the process and for tests. It listens nowhere yet. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const { services, signingKey, demo, introspection = true } = options;
  const limits: Limits = { ...standardLimits, ...options.limits };
  const rates = new Rates(limits);
  const app = Fastify({
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
    bodyLimit: limits.body,
    // One line per request, written below with what the request turned out to be.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    // A request's id is ours alone; a client traces its requests by Zuora-Track-Id.
    genReqId: () => randomUUID().replaceAll('-', ''),
    requestIdHeader: false,
    trustProxy: options.trustProxy ?? false,
    // What Fastify refuses before it has a route, such as a path that cannot be decoded.
    frameworkErrors: (error, request, reply) => sendFailure(request as FastifyRequest, reply as FastifyReply, error),
    forceCloseConnections: 'idle',
    keepAliveTimeout: 65_000,
    return503OnClosing: true,
  }) as FastifyInstance;
  const outside = options.outside && { ...options.outside, onFailure: services.onFailure };
  const identity = new Identity({ db: services.db, signingKey, grantsTtlMs: options.grantsTtlMs, outside });
  const afterwards = new Afterwards();
  const metrics = new Metrics(services);
  let draining = false;

  app.addHook('onRequest', async (request, reply) => {
    reply.header('zuora-request-id', request.id);
  });
  // Without this a connection that was busy when the server closed would be kept until its keep-alive ends.
  app.addHook('onSend', async (_request, reply, body) => {
    if (draining) reply.header('connection', 'close');
    return body;
  });
  app.addHook('onResponse', async (request, reply) => {
    metrics.observe(request, reply);
    request.log.info(
      {
        method: request.method,
        // Without its query: a GET on /graphql carries variables there.
        path: request.url.split('?')[0],
        ...(request.operation && { operation: request.operation }),
        ...(request.counter && { statements: request.counter.statements }),
        status: reply.statusCode,
        milliseconds: Math.round(reply.elapsedTime * 10) / 10,
      },
      'request',
    );
  });
  app.addHook('preClose', async () => {
    draining = true;
  });
  app.addHook('onClose', () => afterwards.settled());
  handleErrors(app);

  await app.register(compress, { threshold: 1000, encodings: ['gzip'], requestEncodings: ['gzip'] });
  healthRoutes(app, services, () => draining);
  metrics.routes(app);
  await app.register(oauth(identity));
  await app.register(playground({ demo }));
  await app.register(async (inside) => {
    // JSON is the one content type: text would come through as a string.
    inside.removeContentTypeParser(['text/plain', 'application/json']);
    const json = inside.getDefaultJsonParser('error', 'error');
    inside.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
      // Clients that always name a content type send it with a DELETE too.
      if (body === '' && request.method === 'DELETE') done(null, undefined);
      else json(request, body as string, done);
    });
    authenticated(inside, identity, services);
    limited(inside, limits, rates);
    await graphqlRoute(inside, { services, afterwards, limits, rates, introspection });
    fulfillmentRoutes(inside, services, afterwards);
    fulfillmentItemRoutes(inside, services, afterwards);
  });
  await app.ready();
  return { app, identity, settled: () => afterwards.settled() };
}
