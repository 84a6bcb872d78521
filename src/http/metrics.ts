import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Services } from '../service/work';

/** What is told of the process itself; begun once, however many servers it makes. */
let ofProcess: Registry | undefined;

function processMetrics(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

/** Operation names are the clients' own, and each makes series of its own: beyond these they are counted together. */
const mostOperations = 200;
const longestName = 100;

/** Counts what requests take, for Prometheus to collect from /metrics. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly operations = new Set<string>();
  private readonly seconds = new Histogram({
    name: 'gateway_request_duration_seconds',
    help: 'Time from the arrival of a request to the end of its reply.',
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

  constructor({ db }: Services) {
    new Gauge({
      name: 'gateway_database_connections',
      help: 'Connections of the pool that serves requests: open, idle among them; and requests that wait for one.',
      labelNames: ['state'] as const,
      registers: [this.registry],
      collect() {
        this.set({ state: 'open' }, db.main.totalCount);
        this.set({ state: 'idle' }, db.main.idleCount);
        this.set({ state: 'waiting' }, db.main.waitingCount);
      },
    });
  }

  observe(request: FastifyRequest, reply: FastifyReply): void {
    const route = `${request.method} ${request.routeOptions.url ?? '(none)'}`;
    const operation = this.bounded(request.operation ?? '');
    this.seconds.observe({ route, operation, status: reply.statusCode }, reply.elapsedTime / 1000);
    if (request.counter) this.statements.observe({ route, operation }, request.counter.statements);
  }

  private bounded(given: string): string {
    const operation = given.slice(0, longestName);
    if (this.operations.size < mostOperations) this.operations.add(operation);
    return this.operations.has(operation) ? operation : '(other)';
  }

  routes(app: FastifyInstance): void {
    app.get('/metrics', async (_request, reply) => {
      const all = Registry.merge([processMetrics(), this.registry]);
      return reply.type(all.contentType).send(await all.metrics());
    });
  }
}
