import { Counter, Gauge, Histogram, type Metric } from 'prom-client';
import { failureOf } from '../failure';

/** What the gauges show, read when metrics are collected. */
interface State {
  subscriptions: number;
  sessions: number;
  shared: number;
}

/** Measures subscriptions and what is read for them. */
export class LiveMeter {
  private readonly runs = new Histogram({
    name: 'gateway_live_run_duration_seconds',
    help: 'Seconds of a run for subscriptions, by kind: live (a live read) or events (a page); by outcome: ok, or the code of the error.',
    labelNames: ['kind', 'outcome'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
    registers: [],
  });
  private readonly lag = new Histogram({
    name: 'gateway_event_lag_seconds',
    help: 'Seconds from a change to when its event is read for those who follow. Events wait for older transactions.',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 60],
    registers: [],
  });
  private readonly ended = new Counter({
    name: 'gateway_subscriptions_ended_total',
    help: 'Subscriptions that have ended, by code of the error; "left" if their client or the server has ended them without one.',
    labelNames: ['code'] as const,
    registers: [],
  });
  private state: () => State = () => ({ subscriptions: 0, sessions: 0, shared: 0 });
  readonly all: readonly Metric[];

  constructor() {
    const gauge = (name: string, help: string, value: keyof State) => {
      const read = () => this.state()[value];
      return new Gauge({
        ...{ name, help, registers: [] },
        collect() {
          this.set(read());
        },
      });
    };
    this.all = [
      ...[this.runs, this.lag, this.ended],
      gauge('gateway_subscriptions', 'Subscriptions at present.', 'subscriptions'),
      gauge(
        'gateway_subscription_connections',
        'Connections with subscriptions, or ready for them, and those with exports.',
        'sessions',
      ),
      gauge('gateway_live_reads', 'Reads at present that subscriptions share: one for all that are equal.', 'shared'),
    ];
  }

  watch(state: () => State): void {
    this.state = state;
  }

  /** Runs and measures a read. */
  async run<T>(kind: 'live' | 'events', read: () => Promise<T>): Promise<T> {
    const began = performance.now();
    let outcome = 'ok';
    try {
      return await read();
    } catch (error) {
      outcome = failureOf(error, '').code;
      throw error;
    } finally {
      this.runs.observe({ kind, outcome }, (performance.now() - began) / 1_000);
    }
  }

  /** An event of this time has been read for all that follow. */
  told(at: string): void {
    this.lag.observe(Math.max(0, Date.now() - Date.parse(at)) / 1_000);
  }

  end(code: string): void {
    this.ended.inc({ code });
  }
}
