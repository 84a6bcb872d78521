import { Gauge } from 'prom-client';
import { watchBacklog } from '../service/backlog';
import type { Services } from '../service/run/services';

/** Gauges read at collection: the database, its replicas, and the work behind replies. */
export function gauges(services: Services, version: string): Gauge[] {
  const { db, gateway } = services;
  const look = watchBacklog(services);
  type Backlog = NonNullable<Awaited<ReturnType<typeof look>>>;
  const gauge = (name: string, help: string, labelNames: string[], collect: (this: Gauge) => void | Promise<void>) =>
    new Gauge({ name, help, labelNames, registers: [], collect });
  /** Without a value if the database does not answer: 0 would mean that nothing waits. */
  const waiting = (name: string, help: string, value: keyof Backlog, labels: Record<string, string> = {}) =>
    gauge(name, `${help} The same from every process.`, Object.keys(labels), async function () {
      const found = await look();
      if (found) this.set(labels, found[value]);
      else this.remove(labels);
    });
  /** What waits for the payment provider: a process has one. */
  const provider = { provider: gateway.provider };

  const build = gauge('gateway_build_info', 'Always 1; its labels say what runs.', ['version', 'node'], () => {});
  build.set({ version, node: process.versions.node }, 1);

  return [
    build,
    gauge(
      'gateway_database_connections',
      'Connections of this process by pool: open, in use and idle among these, and waiting: how many wait for one.',
      ['pool', 'state'],
      function () {
        for (const [name, pool, turns] of db.pools) {
          this.set({ pool: name, state: 'open' }, pool.totalCount);
          this.set({ pool: name, state: 'in_use' }, pool.totalCount - pool.idleCount);
          this.set({ pool: name, state: 'idle' }, pool.idleCount);
          this.set({ pool: name, state: 'waiting' }, turns ? turns.waiting : pool.waitingCount);
        }
      },
    ),
    gauge('gateway_database_connections_max', 'Connections that a pool may have open.', ['pool'], function () {
      for (const [name, pool] of db.pools) this.set({ pool: name }, pool.options.max);
    }),
    gauge('gateway_replica_in_use', 'Whether queries go to this replica: 1 or 0.', ['replica'], function () {
      for (const { name, inUse } of db.replicas?.states ?? []) this.set({ replica: name }, inUse ? 1 : 0);
    }),
    gauge('gateway_replica_lag_seconds', 'Seconds that this replica is behind the primary.', ['replica'], function () {
      for (const { name, behindMs } of db.replicas?.states ?? []) this.set({ replica: name }, behindMs / 1000);
    }),
    gauge('gateway_database_up', 'Whether the database answered within 2 seconds: 1 or 0.', [], async function () {
      this.set((await look()) ? 1 : 0);
    }),
    waiting('gateway_bill_runs_open', 'Bill runs with work that is not done.', 'billRuns'),
    waiting(
      'gateway_bill_run_chunks_waiting',
      'Chunks of open bill runs that are not done, those in progress included.',
      'chunks',
    ),
    waiting(
      'gateway_bill_run_oldest_age_seconds',
      'Longest time in seconds that an open bill run has been in its present status; 0 if none is open.',
      'billRunAge',
    ),
    gauge(
      'gateway_payment_breakers_open',
      'Accounts at the payment gateway that do not answer. This process refuses their payments at once.',
      ['provider'],
      function () {
        this.set(provider, services.breakers.open);
      },
    ),
    waiting('gateway_payment_attempts_open', 'Payment attempts whose outcome is not known yet.', 'attempts', provider),
    waiting(
      'gateway_payment_attempt_oldest_age_seconds',
      'Age in seconds of the oldest open payment attempt; 0 if none is open.',
      'attemptAge',
      provider,
    ),
    waiting(
      'gateway_webhook_deliveries_pending',
      'Deliveries of webhooks to enabled endpoints that are not done.',
      'webhooks',
    ),
    waiting(
      'gateway_webhook_oldest_age_seconds',
      'Age in seconds of the oldest pending delivery to an enabled endpoint; 0 if none is pending.',
      'webhookAge',
    ),
    waiting('gateway_webhook_endpoints_disabled', 'Webhook endpoints that are disabled.', 'disabledWebhooks'),
    waiting('gateway_refunds_open', 'Refunds that the payment gateway has not confirmed yet.', 'refunds', provider),
    waiting(
      'gateway_refund_oldest_age_seconds',
      'Age in seconds of the oldest open refund; 0 if none is open.',
      'refundAge',
      provider,
    ),
  ];
}
