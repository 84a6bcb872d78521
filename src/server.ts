import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { RequestError } from './domain/errors';
import { type Limits, standardLimits } from './domain/limits';
import { onGatewayCall, type ProviderBooks } from './gateway/port';
import { WebhookSender, type WebhookSenderOptions } from './gateway/webhook';
import { serveAsSubgraph } from './graph/build/schema';
import { smallRequestSeen } from './graph/read/event-loop';
import { type AppOptions, openApp } from './http/app';
import { Identity } from './http/auth/identity';
import { addressOf, oauth } from './http/auth/oauth';
import type { OutsideOptions } from './http/auth/outside-issuer';
import type { SignIn } from './http/auth/sign-in';
import { board } from './http/board/plugin';
import { jsonBodies, leaveBodies } from './http/body';
import { Draining } from './http/draining';
import { encodings } from './http/encoding';
import { handleErrors } from './http/errors';
import type { RegisteredDocuments } from './http/graphql/registered-document';
import { graphqlRoute } from './http/graphql/routes';
import { headers } from './http/headers';
import { healthRoutes } from './http/health';
import { hostCheck, onlyFor } from './http/hosts';
import { limited } from './http/limiting';
import { linger } from './http/lingering';
import { serveSockets } from './http/live/socket';
import { Payloads } from './http/live/webhook-payload';
import { WebhookWorker } from './http/live/webhook-worker';
import { watchMethods } from './http/methods';
import { errorsOf, Metrics } from './http/metrics';
import { metricsRoute } from './http/metrics-route';
import { playground } from './http/playground/plugin';
import { providerEvents } from './http/provider-events';
import { Rates } from './http/rates';
import { Afterwards, authenticated } from './http/request';
import { pathOf, statusOf, tellEnd } from './http/request-log';
import { documentRoutes } from './http/rest/document-routes';
import { Imports } from './http/rest/import/route';
import { restRoutes } from './http/rest/operation';
import { operations } from './http/rest/operations';
import { UnderWay } from './http/under-way';
import { Unsent } from './http/unsent';
import { Changes } from './service/changes';
import { ClientDays } from './service/client-day';
import { ClientUse } from './service/client-use';
import type { Services } from './service/run/services';
import type { Tracing } from './tracing';
import { version } from './version';

export interface ServerOptions extends AppOptions {
  services: Services;
  signingKey: string;
  previousSigningKey?: string;
  /** Host names besides the local names. A demo answers no other name. */
  allowedHosts?: readonly string[];
  limits?: Partial<Limits>;
  /** Timeout for a request to arrive; half of it for the headers. The work on a request may take longer. */
  receiveTimeoutMs?: number;
  /** How long a connection may take no bytes of its reply. */
  sendTimeoutMs?: number;
  /** The most bytes of replies that all clients together may leave unread. */
  maxUnsentTotal?: number;
  /** The most WebSockets whose client is not known. */
  maxNamelessSockets?: number;
  /** Whether introspection is allowed. */
  introspection?: boolean;
  /** Whether the graph is served as a subgraph of Apollo Federation 2. Holds for all servers of the process. */
  federation?: boolean;
  /** How long a revoked grant may still work, in milliseconds. */
  grantsTtlMs?: number;
  /** An issuer whose tokens are accepted besides our own. */
  outside?: Omit<OutsideOptions, 'onFailure'>;
  /** How people sign in to the board. */
  boardSignIn?: SignIn;
  /** The public origin of the gateway. */
  publicUrl?: string;
  /** Credentials that sign the playground and the board in. */
  demo?: { clientId: string; clientSecret: string };
  tracing?: Tracing;
  /** The bearer token for /metrics. */
  metricsToken?: string;
  /** Events and lists of the payment provider; unset for the test gateway, which has none. */
  providerBooks?: ProviderBooks;
  /** How webhooks are sent. */
  webhooks?: Omit<WebhookSenderOptions, 'version' | 'local'>;
}

export interface Server {
  app: FastifyInstance;
  identity: Identity;
  documents: RegisteredDocuments;
  /** What clients use, by day. */
  days: ClientDays;
  /** Sends webhooks once it is started. */
  webhooks: WebhookWorker;
  /** Resolves when no work after replies is left. */
  settled(): Promise<void>;
  /** From now on each reply closes its connection. Resolves when the server may be closed without a reset. */
  moment(): Promise<void>;
  /**
   * Ends all requests under way as if their time was up. Also ends requests that are still arriving, and connections
   * with unread replies.
   */
  endRequests(): void;
  /** The requests and the work that a stop waits for. */
  underWay(): UnderWayNow;
}

interface UnderWayNow {
  requests: { requestId: string; method: string; path: string; operation: string | null }[];
  behindReplies: number;
}

const stopped = 'The server is stopping, and the request was ended. Nothing was changed. Try again.';

/** Makes the whole HTTP server over given services, for the process and for tests. The server does not listen yet. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const { services, signingKey, demo, introspection = true, receiveTimeoutMs = 30_000 } = options;
  const limits: Limits = { ...standardLimits, ...options.limits };
  serveAsSubgraph(options.federation ?? false);
  const use = new ClientUse(services);
  const days = new ClientDays(services);
  services.onRefused = (clientId, codes) => days.errors(clientId, codes);
  const rates = new Rates(limits, undefined, use, days);
  use.rates = rates;
  // Asked once requests come: `underWay` is there by then.
  const app = openApp(options, {
    ...{ bodyLimit: limits.body, receiveTimeoutMs },
    hasOtherReply: (socket) => underWay.hasOtherReply(socket),
  });
  const outside = options.outside && { ...options.outside, onFailure: services.onFailure };
  const { previousSigningKey, grantsTtlMs } = options;
  const identity = new Identity({ db: services.db, signingKey, previousSigningKey, grantsTtlMs, outside });
  const afterwards = new Afterwards();
  const metrics = new Metrics(services, version);
  const unwatch = onGatewayCall((call) => metrics.observeCall(call));
  let webhooks: WebhookWorker | undefined;
  const changes = new Changes(services.db, services.onFailure);
  let graph: Awaited<ReturnType<typeof graphqlRoute>> | undefined;

  const { sendTimeoutMs = 20_000, maxUnsentTotal = 268_435_456 } = options;
  const unsent = new Unsent(app.server, { perClient: limits.unsent, total: maxUnsentTotal, timeoutMs: sendTimeoutMs });
  const underWay = new UnderWay((request, reply, end) => {
    if (!request.isLarge) smallRequestSeen();
    leaveBodies(request);
    unsent.end(request);
    const status = statusOf(request, reply, end);
    metrics.observe(request, reply, status);
    if (request.caller)
      days.errors(request.caller.clientId, [...errorsOf(request, status), ...(request.refused ?? [])]);
    tellEnd(request, reply, end, status);
  });
  const draining = new Draining(app.server, underWay);
  options.tracing?.watch(app);
  underWay.watch(app);
  unsent.watch(app);
  linger(app, receiveTimeoutMs);
  await headers(app, options);
  if (demo) onlyFor(app, options.allowedHosts ?? []);
  app.addHook('onSend', (_request, reply, body, done) => {
    // Only this header ends a kept-alive connection without racing a request (draining.ts).
    if (draining.isOn) reply.header('connection', 'close');
    // A cache may store a 404 or 405 by default (RFC 9110, section 15.1), and would serve it after the cause is gone.
    if (reply.statusCode >= 400 && !reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    done(null, body);
  });
  app.addHook('preClose', async () => draining.closeUnused());
  app.addHook('onClose', async () => {
    // For a host with several addresses, Fastify waits for the connections of only one.
    await underWay.none();
    await afterwards.settled();
    unsent.close();
    await Promise.all([changes.close(), use.close(), days.close()]);
    unwatch();
    metrics.close();
  });
  handleErrors(app);
  const refuseOtherMethods = watchMethods(app);

  await encodings(app);
  healthRoutes(app, services, version, () => draining.isOn);
  metricsRoute(app, metrics, { token: options.metricsToken, demo: demo !== undefined });
  await app.register(oauth(identity, options));
  await app.register(async (open) => providerEvents(open, services, options.providerBooks, metrics));
  await app.register(async (open) => {
    // The only public routes with long replies.
    open.addHook('onRequest', async (request) => unsent.admit(addressOf(request.ip)));
    await open.register(playground({ demo }));
    await open.register(board({ demo, signIn: options.boardSignIn }));
    // Where the schema is not shown, neither is the document that is made of it.
    if (introspection) documentRoutes(open, { version, demo });
  });
  await app.register(async (inside) => {
    jsonBodies(inside, limits);
    authenticated(inside, identity);
    limited(inside, limits, rates, unsent);
    graph = await graphqlRoute(inside, {
      ...{ services, afterwards, limits, rates, unsent, introspection, identity, changes, use, days, sendTimeoutMs },
      grantsTtlMs: options.grantsTtlMs ?? 5_000,
    });
    const { documents } = graph;
    webhooks = new WebhookWorker({
      ...{ services, identity, log: app.log },
      payloads: new Payloads({ ...graph, onFailure: services.onFailure }),
      sender: new WebhookSender({ ...options.webhooks, local: services.localWebhooks, version }),
    });
    app.addHook('onClose', () => webhooks!.stop());
    changes.onCommit = () => webhooks!.wake();
    metrics.watch(documents, unsent);
    metrics.watchOperations(graph.inFlight);
    metrics.add([...graph.meter.all, ...graph.exports.meter.all]);
    restRoutes(inside, { services, afterwards, limits, rates }, operations);
  });
  const imports = new Imports();
  await app.register(async (streams) => {
    authenticated(streams, identity);
    imports.route(streams, {
      ...{ services, afterwards, limits, rates, identity, unsent },
      idleMs: receiveTimeoutMs,
    });
  });
  refuseOtherMethods();
  const { live, prepareMessage, documents } = graph!;
  const endSockets = serveSockets(app.server, {
    ...{ live, identity, log: app.log, prepare: prepareMessage },
    checkHost: demo ? hostCheck(options.allowedHosts ?? []) : () => {},
    isBusy: (socket) => underWay.isBusy(socket as Socket),
    count: (clientId) => rates.count(clientId),
    mostNameless: options.maxNamelessSockets ?? 1_000,
    mostUnread: { one: limits.unsent, all: maxUnsentTotal },
  });
  const endSubscriptions = () => {
    live.stop();
    endSockets();
  };
  app.addHook('preClose', async () => {
    endSubscriptions();
    imports.stop();
  });
  await app.ready();
  return {
    ...{ app, identity, documents, webhooks: webhooks!, days },
    settled: () => afterwards.settled(),
    moment: () => {
      endSubscriptions();
      imports.stop();
      return draining.moment();
    },
    endRequests: () => {
      for (const { counter, raw } of underWay.requests) {
        counter?.limit?.pass(new RequestError('UNAVAILABLE', stopped));
        // Node no longer checks the timeouts of arriving requests once the server is closed.
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
