import { AsyncLocalStorage } from 'node:async_hooks';
import type { TracingChannel } from 'node:diagnostics_channel';
import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { FastifyInstance } from 'fastify';
import { gatewayCalls, outcomeOf } from './gateway/port';
import { outcomeOfAttempt, webhookAttempts } from './gateway/webhook';
import { operations } from './graph/read/execution';
import { chunkWork } from './service/bill-run-worker';
import { summaryOf } from './statement';
import { statements } from './store/connection/connection';
import { statementName } from './store/connection/prepared';
import { version } from './version';

interface TracingOptions {
  /** The address of a collector for OTLP over HTTP. /v1/traces is appended. */
  endpoint: string;
  serviceName: string;
  /** The share of traces that are recorded. A trace that began elsewhere follows its sender's decision. */
  ratio: number;
  onFailure: (error: unknown) => void;
}

export interface Tracing {
  /**
   * Makes a span for each request of a server, and adds its ids to the request's log. Must come before all other hooks.
   */
  watch(app: FastifyInstance): void;
  /** The ids of the current trace, for a log line. */
  ids(): { traceId?: string; spanId?: string };
  /** Sends the remaining spans, for at most some seconds. */
  stop(): Promise<void>;
}

/** Routes that machines call every few seconds. Their traces are of no interest. */
const unwatched = /^\/(livez|readyz|metrics)$/;
/**
 * Timeout for a batch with its retries. A missing collector delays a stop by this time, and docker kills after 10 s.
 */
const timeoutMillis = 3_000;

/**
 * OpenTelemetry spans of requests and of the channels below. Spans hold names, hashes, codes and durations only. They
 * hold no values, no addresses, and no error messages, which may quote values.
 */
export function startTracing({ endpoint, serviceName, ratio, onFailure }: TracingOptions): Tracing {
  setGlobalErrorHandler(onFailure);
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({ 'service.name': serviceName, 'service.version': version, 'process.pid': process.pid }),
    ),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url, timeoutMillis }) })],
  });
  const tracer = provider.getTracer('order-fulfillment-gateway', version);
  const propagator = new W3CTraceContextPropagator();
  const contexts = new AsyncLocalStorage<Context>();

  followChannels((channel, kind, begin, end) => {
    type M = Parameters<typeof end>[0];
    const spans = new WeakMap<M, Span>();
    channel.start.bindStore(contexts, (message) => {
      const parent = contexts.getStore() ?? ROOT_CONTEXT;
      const { name, attributes, within } = begin(message);
      if (within && !trace.getSpan(parent)) return parent;
      const span = tracer.startSpan(name, { kind, attributes }, parent);
      spans.set(message, span);
      return trace.setSpan(parent, span);
    });
    channel.asyncEnd.subscribe((message) => {
      const span = spans.get(message as M);
      if (!span) return;
      span.setAttributes(end(message as M));
      const { error } = message as M;
      if (error !== undefined) fail(span, (error as { code?: string }).code ?? (error as Error).name);
      span.end();
    });
  });

  return {
    watch(app) {
      app.addHook('onRequest', (request, reply, done) => {
        const route = request.routeOptions.url ?? '(none)';
        if (unwatched.test(route)) return done();
        const parent = propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter);
        const attributes = {
          'http.request.method': request.method,
          'http.route': route,
          'gateway.request_id': request.id,
        };
        const span = tracer.startSpan(`${request.method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
        request.log = request.log.child(idsOf(span));
        reply.raw.once('close', () => {
          // No status if the client has gone before its reply.
          if (reply.raw.headersSent) span.setAttribute('http.response.status_code', reply.statusCode);
          if (reply.statusCode >= 500) fail(span, String(reply.statusCode));
          span.end();
        });
        contexts.run(trace.setSpan(parent, span), done);
      });
    },
    ids: () => {
      const span = trace.getSpan(contexts.getStore() ?? ROOT_CONTEXT);
      return span ? idsOf(span) : {};
    },
    stop: () => provider.shutdown().catch(onFailure),
  };
}

/** Makes a span for each message of a channel. With `within`, only inside a trace. */
type Follow = <M extends { result?: unknown; error?: unknown }>(
  channel: TracingChannel<unknown, M>,
  kind: SpanKind,
  begin: (message: M) => { name: string; attributes: Attributes; within?: boolean },
  end: (message: M) => Attributes,
) => void;

/** The channels with spans, and what each span tells. */
function followChannels(follow: Follow): void {
  follow(
    statements,
    SpanKind.CLIENT,
    ({ text }) => {
      const summary = summaryOf(text);
      const attributes = {
        'db.system.name': 'postgresql',
        'db.query.summary': summary,
        'gateway.statement': statementName(text),
      };
      return { name: summary, attributes, within: true };
    },
    ({ result }) => {
      const { rowCount } = (result ?? {}) as { rowCount?: number | null };
      return typeof rowCount === 'number' ? { 'db.response.returned_rows': rowCount } : {};
    },
  );
  follow(
    operations,
    SpanKind.INTERNAL,
    ({ type, name, hash }) => {
      // The client chooses the name, of any length.
      const short = name?.slice(0, 100);
      const attributes = {
        'graphql.operation.type': type,
        ...(short && { 'graphql.operation.name': short }),
        'gateway.document': hash,
      };
      return { name: `${type} ${short ?? '(unnamed)'}`, attributes };
    },
    ({ result }) => {
      const { errors } = (result ?? {}) as { errors?: unknown[] };
      return errors ? { 'gateway.errors': errors.length } : {};
    },
  );
  follow(
    gatewayCalls,
    SpanKind.CLIENT,
    ({ call, provider, key }) => ({
      name: `payment gateway ${call}`,
      attributes: { 'gateway.payment_attempt': key, 'gateway.payment_provider': provider },
    }),
    (call) => ({ 'gateway.outcome': outcomeOf(call) }),
  );
  follow(
    chunkWork,
    SpanKind.INTERNAL,
    ({ run, phase, carefully }) => ({
      name: `bill run chunk ${phase}`,
      attributes: { 'gateway.bill_run': run, 'gateway.phase': phase, 'gateway.one_by_one': carefully },
    }),
    ({ result }) => ({ 'gateway.found': result !== false }),
  );
  follow(
    webhookAttempts,
    SpanKind.CLIENT,
    ({ endpointId, deliveryId }) => ({
      name: 'webhook',
      attributes: { 'gateway.webhook_endpoint': endpointId, 'gateway.webhook_delivery': deliveryId },
    }),
    (attempt) => ({
      'gateway.outcome': outcomeOfAttempt(attempt),
      ...(typeof attempt.result?.status === 'number' && { 'http.response.status_code': attempt.result.status }),
    }),
  );
}

function idsOf(span: Span): { traceId: string; spanId: string } {
  const { traceId, spanId } = span.spanContext();
  return { traceId, spanId };
}

function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
