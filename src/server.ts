import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { RequestError } from './domain/errors';
import { type Limits, standardLimits } from './domain/limits';
import { onGatewayCall, outcomeOf } from './gateway/port';
import { smallRequestSeen } from './graph/read/event-loop';
import { Identity } from './http/auth/identity';
import { addressOf, oauth } from './http/auth/oauth';
import type { OutsideOptions } from './http/auth/outside-issuer';
import { jsonBodies, leaveBodies } from './http/body';
import { Draining } from './http/draining';
import { encodings } from './http/encoding';
import { handleErrors, sendFailure } from './http/errors';
import type { RegisteredDocuments } from './http/graphql/registered-document';
import { graphqlRoute } from './http/graphql/routes';
import { type HeaderOptions, headers, newRequestId, refuseUnreadable, stamp, unreadableStatus } from './http/headers';
import { healthRoutes } from './http/health';
import { onlyFor } from './http/hosts';
import { limited } from './http/limiting';
import { watchMethods } from './http/methods';
import { clientGone, Metrics } from './http/metrics';
import { metricsRoute } from './http/metrics-route';
import { playground } from './http/playground/plugin';
import { Rates } from './http/rates';
import { Afterwards, authenticated } from './http/request';
import { fulfillmentRoutes } from './http/rest/fulfillment';
import { fulfillmentItemRoutes } from './http/rest/fulfillment-item';
import { UnderWay } from './http/under-way';
import { cuts, Unsent } from './http/unsent';
import type { Services } from './service/run/services';
import type { Tracing } from './tracing';
import { version } from './version';

export interface ServerOptions extends HeaderOptions {
  services: Services;
  signingKey: string;
  previousSigningKey?: string;
  /** Names of this machine beside its local ones: a demo answers for no other. */
  allowedHosts?: readonly string[];
  limits?: Partial<Limits>;
  /** How long a request may take to arrive, and half of that its headers. What is done for it may take longer. */
  receiveTimeoutMs?: number;
  /** How long a connection may take nothing of its reply. */
  sendTimeoutMs?: number;
  /** How many bytes of replies may wait for all clients together to take them. */
  maxUnsentTotal?: number;
  /** Whether clients may ask for the schema. */
  introspection?: boolean;
  /** How long a revoked grant may still count, in milliseconds. */
  grantsTtlMs?: number;
  /** An issuer whose tokens are taken beside our own. */
  outside?: Omit<OutsideOptions, 'onFailure'>;
  /** Addresses of proxies that are believed about whom they pass on. */
  trustProxy?: string;
  /** The origin that clients know the gateway by. */
  publicUrl?: string;
  /** Signs the playground in. */
  demo?: { clientId: string; clientSecret: string };
  logger?: FastifyBaseLogger;
  tracing?: Tracing;
  /** Who may read /metrics from elsewhere. */
  metricsToken?: string;
}

export interface Server {
  app: FastifyInstance;
  identity: Identity;
  documents: RegisteredDocuments;
  /** Resolves when nothing is left to be done behind replies that have gone out. */
  settled(): Promise<void>;
  /** From now on each reply is its connection's last. Resolves when the server may be closed without a reset. */
  moment(): Promise<void>;
  /** Ends all requests under way as if their time was up, those that are still arriving, and replies that nobody reads. */
  endRequests(): void;
  /** What a stop waits for. */
  underWay(): UnderWayNow;
}

export interface UnderWayNow {
  requests: { requestId: string; method: string; path: string; operation: string | null }[];
  behindReplies: number;
}

const stopped = 'The server is stopping, and the request was ended. Nothing was changed. Try again.';

const pathOf = ({ url }: FastifyRequest): string => url.split('?')[0];

/** The whole HTTP surface over given services: the same for the process and for tests. It listens nowhere yet. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const { services, signingKey, demo, introspection = true, receiveTimeoutMs = 30_000 } = options;
  const limits: Limits = { ...standardLimits, ...options.limits };
  const rates = new Rates(limits);
  const app = Fastify({
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
    bodyLimit: limits.body,
    // A key is not found however long it is, on REST as on the graph.
    routerOptions: { maxParamLength: 16_384 },
    // One line per request, written below with what the request turned out to be.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: newRequestId,
    requestIdHeader: false,
    // What Fastify refuses before it has a route, such as a path that cannot be decoded: no hook runs.
    frameworkErrors: ({ statusCode }, request, reply) => {
      stamp(request as FastifyRequest, reply as FastifyReply, options);
      // The error's own text repeats the address, and with it what may not stand in the log.
      const error = Object.assign(new Error('The path cannot be decoded.'), { statusCode });
      sendFailure(request as FastifyRequest, reply as FastifyReply, error);
    },
    clientErrorHandler: (error, socket) => refuseUnreadable(error, socket, app.log, underWay.owesReply(socket)),
    // No connectionTimeout: a connection is silent for as long as its request waits for a lock.
    requestTimeout: receiveTimeoutMs,
    http: {
      headersTimeout: receiveTimeoutMs / 2,
      connectionsCheckingInterval: receiveTimeoutMs / 10,
      // Judged below, as every header: Node's refusal would have no request id.
      requireHostHeader: false,
    },
    trustProxy: options.trustProxy ?? false,
    forceCloseConnections: 'idle',
    keepAliveTimeout: 65_000,
    // What still arrives is served.
    return503OnClosing: false,
  }) as FastifyInstance;
  const outside = options.outside && { ...options.outside, onFailure: services.onFailure };
  const { previousSigningKey, grantsTtlMs } = options;
  const identity = new Identity({ db: services.db, signingKey, previousSigningKey, grantsTtlMs, outside });
  const afterwards = new Afterwards();
  const metrics = new Metrics(services, version);
  const unwatch = onGatewayCall((call) => metrics.observeCall(call.call, outcomeOf(call), call.began));
  let documents: RegisteredDocuments | undefined;

  // Node would drop what comes after the 2,000th, an Idempotency-Key among them. There are 16 KB at most.
  app.server.maxHeadersCount = 0;
  // An expectation that nobody knows is ignored, where Node would answer by itself.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  const { sendTimeoutMs = 20_000, maxUnsentTotal = 268_435_456 } = options;
  const unsent = new Unsent(app.server, { perClient: limits.unsent, total: maxUnsentTotal, timeoutMs: sendTimeoutMs });
  const underWay = new UnderWay((request, reply, { gone, replied }) => {
    if (!request.isLarge) smallRequestSeen();
    leaveBodies(request);
    unsent.end(request);
    const cut = gone && cuts.get(request.raw.socket);
    const status = gone ? (unreadableStatus.get(request.raw.socket) ?? clientGone) : reply.statusCode;
    metrics.observe(request, reply, status);
    request.log.info(
      {
        method: request.method,
        // Without its query: a GET on /graphql carries variables there.
        path: pathOf(request),
        ...(request.operation && { operation: request.operation }),
        ...(request.counter && { statements: request.counter.statements }),
        status,
        ...(gone && replied && { unsent: reply.statusCode }),
        ...(cut && { cut }),
        milliseconds: Math.round(reply.elapsedTime * 10) / 10,
      },
      'request',
    );
  });
  const draining = new Draining(app.server, underWay);
  options.tracing?.watch(app);
  underWay.watch(app);
  unsent.watch(app);
  await headers(app, options);
  if (demo) onlyFor(app, options.allowedHosts ?? []);
  app.addHook('onSend', async (_request, reply, body) => {
    // The one way to end a kept-alive connection that no request can run into (draining.ts).
    if (draining.isOn) reply.header('connection', 'close');
    // A cache may keep a 404 or 405 by its own judgement (RFC 9110, section 15.1), which would outlive the reason.
    if (reply.statusCode >= 400 && !reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    return body;
  });
  app.addHook('preClose', async () => draining.closeUnused());
  app.addHook('onClose', async () => {
    // Of a host with several addresses Fastify waits for the connections of one.
    await underWay.none();
    await afterwards.settled();
    unsent.close();
    unwatch();
    metrics.close();
  });
  handleErrors(app);
  const refuseOtherMethods = watchMethods(app);

  await encodings(app);
  healthRoutes(app, services, version, () => draining.isOn);
  metricsRoute(app, metrics, options.metricsToken);
  await app.register(oauth(identity, options));
  await app.register(async (open) => {
    // The one part for those whom nobody knows that has long replies.
    open.addHook('onRequest', async (request) => unsent.admit(addressOf(request.ip)));
    await open.register(playground({ demo }));
  });
  await app.register(async (inside) => {
    jsonBodies(inside, limits);
    authenticated(inside, identity, services);
    limited(inside, limits, rates, unsent);
    const documentsTtlMs = options.grantsTtlMs ?? 5_000;
    const graph = await graphqlRoute(inside, {
      services,
      afterwards,
      limits,
      rates,
      unsent,
      introspection,
      documentsTtlMs,
    });
    documents = graph.documents;
    metrics.watch(documents, unsent);
    metrics.watchOperations(graph.inFlight);
    fulfillmentRoutes(inside, { services, afterwards, limits });
    fulfillmentItemRoutes(inside, { services, afterwards, limits });
  });
  refuseOtherMethods();
  await app.ready();
  return {
    ...{ app, identity, documents: documents! },
    settled: () => afterwards.settled(),
    moment: () => draining.moment(),
    endRequests: () => {
      for (const { counter, raw } of underWay.requests) {
        counter?.limit?.pass(new RequestError('UNAVAILABLE', stopped));
        // Node does not look at its time limits for arriving requests any more once the server is closed.
        if (!raw.complete) raw.destroy();
      }
      unsent.cutUnread('STOP_TIMEOUT_MS');
    },
    underWay: () => ({
      requests: underWay.requests.map((request) => ({
        ...{ requestId: request.id, method: request.method, path: pathOf(request), operation: request.operation },
      })),
      behindReplies: afterwards.size,
    }),
  };
}
