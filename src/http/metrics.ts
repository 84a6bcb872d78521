import type { FastifyReply, FastifyRequest } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Metric, Registry } from 'prom-client';
import type { UserErrorCode } from '../domain/errors';
import { type GatewayCall, outcomeOf } from '../gateway/port';
import { outcomeOfAttempt, type WebhookAttempt, webhookAttempts } from '../gateway/webhook';
import { type ChunkWork, chunkWork } from '../service/bill-run-worker';
import { refusals } from '../service/run/refusal-channel';
import type { Services } from '../service/run/services';
import { gauges } from './gauges';

/** Failures that nothing waits for: faults of the program, of which none is in a reply. */
export const unhandledRejections = new Counter({
  name: 'gateway_unhandled_rejections_total',
  help: 'Failures of the program that no request waits for. The log has each.',
  registers: [],
});

/** Metrics of the process, registered once for all servers of the process. */
let ofProcess: Registry | undefined;

function processMetrics(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry();
    ofProcess.registerMetric(unhandledRejections);
    collectDefaultMetrics({ register: ofProcess });
    // Removed: sums of gauges that also exist with a label, under names that end like names of counters.
    for (const what of ['handles', 'requests', 'resources'])
      ofProcess.removeSingleMetric(`nodejs_active_${what}_total`);
  }
  return ofProcess;
}

/**
 * Clients choose operation names. Each name and each client makes new series, so further names and clients are counted
 * together.
 */
const mostNames = 200;
const longestName = 100;
const longestApplication = 64;
const other = '(other)';

/** How an event of the payment provider ended. */
export type EventOutcome = 'received' | 'ignored' | 'refused' | 'failed';

/** The status that nginx logs. No reply has it. */
export const clientGone = 499;

const secondsSince = (began: number): number => (performance.now() - began) / 1000;

/** The codes of the errors in a reply. An error after the client has gone is nobody's error. */
export function errorsOf({ codes = [] }: FastifyRequest, status: number): readonly string[] {
  if (status !== clientGone) return codes;
  return codes.filter((code) => code === 'INTERNAL' || code === 'OUTCOME_UNKNOWN');
}

/** Measures requests and the work behind them. Prometheus collects the metrics from /metrics. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly operations = new Set<string>();
  private readonly clients = new Set<string>();
  private readonly applications = new Set<string>();
  private readonly used = new Set<string>();
  private readonly seconds = new Histogram({
    name: 'gateway_request_duration_seconds',
    help: 'Seconds from the arrival of a request to the end of its reply; status 499 if the client had gone before.',
    labelNames: ['route', 'operation', 'status'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.registry],
  });
  private readonly statements = new Histogram({
    name: 'gateway_request_statements',
    help: 'SQL statements of a request; begin, commit, savepoints and signing in are not counted.',
    labelNames: ['route', 'operation'] as const,
    buckets: [0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100],
    registers: [this.registry],
  });

  private readonly errors = new Counter({
    name: 'gateway_request_errors_total',
    help: 'Errors in replies that do not come from the rules, by code; a reply to GraphQL can have several.',
    labelNames: ['code'] as const,
    registers: [this.registry],
  });
  private readonly deprecated = new Counter({
    name: 'gateway_deprecated_uses_total',
    help: 'Requests whose document uses a deprecated part of the schema, by client and by part.',
    labelNames: ['client', 'coordinate'] as const,
    registers: [this.registry],
  });
  private readonly clientRequests = new Counter({
    name: 'gateway_client_requests_total',
    help: 'Requests by client, and by the application and version that it names in apollographql-client-name and -version.',
    labelNames: ['client', 'application', 'version'] as const,
    registers: [this.registry],
  });
  private readonly clientOperations = new Counter({
    name: 'gateway_client_operations_total',
    help: 'Operations by client and by name.',
    labelNames: ['client', 'operation'] as const,
    registers: [this.registry],
  });
  private readonly clientErrors = new Counter({
    name: 'gateway_client_errors_total',
    help: 'Errors in replies to a client, by code.',
    labelNames: ['client', 'code'] as const,
    registers: [this.registry],
  });
  private readonly refused = new Counter({
    name: 'gateway_user_errors_total',
    help: 'Refusals by the business rules, by code: userErrors of mutations and reasons of REST replies.',
    labelNames: ['code'] as const,
    registers: [this.registry],
  });
  private readonly calls = new Histogram({
    name: 'gateway_payment_gateway_call_duration_seconds',
    help: 'Seconds that a call of the payment gateway took, by provider and by outcome: ok, declined, error or timeout.',
    labelNames: ['provider', 'call', 'outcome'] as const,
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [this.registry],
  });
  private readonly chunks = new Histogram({
    name: 'gateway_bill_run_chunk_duration_seconds',
    help: 'Seconds that this process worked on a chunk of a bill run, by phase of the run and by outcome: done or failed.',
    labelNames: ['phase', 'outcome'] as const,
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers: [this.registry],
  });

  private readonly events = new Counter({
    name: 'gateway_payment_provider_events_total',
    help: 'Events of the payment provider, by outcome: received, ignored (no business of ours), refused (not signed) or failed.',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  private readonly lastEvent = new Gauge({
    name: 'gateway_payment_provider_last_event_timestamp_seconds',
    help: 'Unix time of the last event of the payment provider that this process took; 0 if there was none.',
    registers: [this.registry],
  });
  private readonly webhooks = new Histogram({
    name: 'gateway_webhook_attempt_duration_seconds',
    help: 'Seconds that an attempt to deliver a webhook took, by outcome: delivered, refused (another status) or unreachable (no answer).',
    labelNames: ['outcome'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });

  constructor(services: Services, version: string) {
    for (const gauge of gauges(services, version)) this.registry.registerMetric(gauge);
    refusals.subscribe(this.onRefusal);
    chunkWork.asyncEnd.subscribe(this.onChunk);
    webhookAttempts.asyncEnd.subscribe(this.onWebhook);
  }

  private readonly onRefusal = (code: unknown): void => this.refused.inc({ code: code as UserErrorCode });

  private readonly onChunk = (message: unknown): void => {
    const work = message as ChunkWork;
    // The worker found no chunk.
    if (!work.error && work.result === false) return;
    this.chunks.observe({ phase: work.phase, outcome: work.error ? 'failed' : 'done' }, secondsSince(work.began));
  };

  private readonly onWebhook = (message: unknown): void => {
    const attempt = message as WebhookAttempt;
    this.webhooks.observe({ outcome: outcomeOfAttempt(attempt) }, secondsSince(attempt.began));
  };

  observe(request: FastifyRequest, reply: FastifyReply, status: number): void {
    const route = `${request.method} ${request.routeOptions.url ?? '(none)'}`;
    const operation = this.bounded(request.operation ?? '', this.operations);
    // A stream lasts as long as its client wants.
    if (!request.streams) this.seconds.observe({ route, operation, status }, reply.elapsedTime / 1000);
    if (request.counter) this.statements.observe({ route, operation }, request.counter.statements);
    const client = request.caller && this.bounded(request.caller.clientId, this.clients);
    if (client) this.observeClient(request, client, operation);
    for (const code of errorsOf(request, status)) {
      this.errors.inc({ code });
      if (client) this.clientErrors.inc({ client, code });
    }
    for (const coordinate of request.deprecated ?? []) this.deprecated.inc({ client: client!, coordinate });
  }

  private observeClient({ headers }: FastifyRequest, client: string, operation: string): void {
    const application = String(headers['apollographql-client-name'] ?? '').slice(0, longestApplication);
    const version = String(headers['apollographql-client-version'] ?? '').slice(0, longestApplication);
    // No header and no name has a line break.
    const known = this.isKnown(`${client}\n${application}\n${version}`, this.applications);
    this.clientRequests.inc(known ? { client, application, version } : { client, application: other, version: other });
    if (operation === '') return;
    const isUsed = this.isKnown(`${client}\n${operation}`, this.used);
    this.clientOperations.inc({ client, operation: isUsed ? operation : other });
  }

  /** Operations that run, and operations that wait for their turn. */
  watchOperations(inFlight: { states: readonly { lane: string; cost: number; waiting: number }[] }): void {
    const gauge = (name: string, help: string, value: 'cost' | 'waiting') =>
      new Gauge({
        ...{ name, help, labelNames: ['lane'] as const, registers: [this.registry] },
        collect() {
          for (const state of inFlight.states) this.set({ lane: state.lane }, state[value]);
        },
      });
    gauge('gateway_operations_cost', 'Cost of the GraphQL operations that run, by lane: light or heavy.', 'cost');
    gauge('gateway_operations_waiting', 'GraphQL operations that wait for their turn, by lane.', 'waiting');
  }

  /** The registered documents of this process, and its unread replies. */
  watch(documents: { valid: ReadonlySet<string>; invalid: ReadonlySet<string> }, unsent: { total: number }): void {
    new Gauge({
      name: 'gateway_unsent_bytes',
      help: 'Bytes of replies that are made and not out yet, because their clients have not read them.',
      registers: [this.registry],
      collect() {
        this.set(unsent.total);
      },
    });
    new Gauge({
      name: 'gateway_registered_documents',
      help: 'Texts of registered documents that this process has looked at: valid with its version, or invalid.',
      labelNames: ['state'] as const,
      registers: [this.registry],
      collect() {
        this.set({ state: 'valid' }, documents.valid.size);
        this.set({ state: 'invalid' }, documents.invalid.size);
      },
    });
  }

  add(metrics: readonly Metric[]): void {
    for (const metric of metrics) this.registry.registerMetric(metric);
  }

  observeCall(observed: GatewayCall): void {
    const { provider, call, began } = observed;
    this.calls.observe({ provider, call, outcome: outcomeOf(observed) }, secondsSince(began));
  }

  observeEvent(outcome: EventOutcome): void {
    this.events.inc({ outcome });
    if (outcome === 'received' || outcome === 'ignored') this.lastEvent.setToCurrentTime();
  }

  private bounded(given: string, known: Set<string>): string {
    const name = given.slice(0, longestName);
    return this.isKnown(name, known) ? name : other;
  }

  private isKnown(name: string, known: Set<string>): boolean {
    if (known.size < mostNames) known.add(name);
    return known.has(name);
  }

  /** All metrics in the text format of Prometheus, with its content type. */
  async collect(): Promise<{ type: string; text: string }> {
    const all = Registry.merge([processMetrics(), this.registry]);
    return { type: all.contentType, text: await all.metrics() };
  }

  close(): void {
    refusals.unsubscribe(this.onRefusal);
    chunkWork.asyncEnd.unsubscribe(this.onChunk);
    webhookAttempts.asyncEnd.unsubscribe(this.onWebhook);
  }
}
