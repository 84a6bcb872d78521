import { Counter, Gauge, type Metric } from 'prom-client';

/** Measures exports. */
export class ExportMeter {
  readonly running = new Gauge({ name: 'gateway_exports', help: 'Exports at present.', registers: [] });
  readonly rows = new Counter({ name: 'gateway_export_rows_total', help: 'Rows of exports.', registers: [] });
  readonly ended = new Counter({
    name: 'gateway_exports_ended_total',
    help: 'Exports that have ended, by code: ok, the code of the error, or "left" if their client has left.',
    labelNames: ['code'] as const,
    registers: [],
  });

  /** All metrics, for the registry of a server. */
  get all(): readonly Metric[] {
    return [this.running, this.rows, this.ended];
  }
}
