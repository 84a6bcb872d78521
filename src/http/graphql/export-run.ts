import type { FastifyRequest } from 'fastify';
import { RequestError } from '../../domain/errors';
import type { Limits } from '../../domain/limits';
import { schema } from '../../graph/build/schema';
import { GraphContext } from '../../graph/context';
import { costOf } from '../../graph/guard/cost';
import type { DocumentLimits } from '../../graph/guard/limits';
import { run } from '../../graph/read/execution';
import { type Export, ofPage, type Reached } from '../../graph/read/export';
import type { Column } from '../../graph/read/export-columns';
import { levelOf } from '../../service/run/outage';
import type { Services } from '../../service/run/services';
import type { Snapshot } from '../../service/run/snapshot';
import { extensionsOf, failureOf, statusOf } from '../failure';
import type { Live, Session } from '../live/live';
import type { Rates } from '../rates';
import { cut } from '../unsent';
import { csvLines, jsonLines, type Lines, type Page } from './export-lines';
import type { ExportMeter } from './export-meter';
import type { InFlight } from './in-flight';
import { price, settle, wayFor } from './pricing';

/** The most rows of a page, and about the most that a page may cost. It is in memory until its client has taken it. */
const rowsAtOnce = 500;
const costAtOnce = 1_000_000;

export interface ExportsOptions {
  services: Services;
  limits: Limits;
  documentLimits: DocumentLimits;
  rates: Rates;
  inFlight: InFlight;
  /** Ends exports of clients that lose their rights, and all of them when the server stops. */
  live: Live;
  /** How long a client may take for a page. */
  sendTimeoutMs: number;
}

interface Around extends ExportsOptions {
  meter: ExportMeter;
  request: FastifyRequest;
  /** Gives the turn back. */
  leave: () => void;
}

/** One export that runs. Its pages are read one by one, when the client has taken the one before. */
export class ExportRun {
  /** Where the pages that were sent have ended. */
  reached: Reached;
  private rows = 0;
  private ahead: Lines | undefined;
  private isOver = false;
  /** Rows of the next page, and the most that a page may have. */
  private size: number;
  private readonly most: number;
  private readonly limits: Limits;
  private readonly session: Session;
  private readonly began = performance.now();
  private pause: NodeJS.Timeout | undefined;
  private closed: Promise<void> | undefined;

  constructor(
    private readonly asked: Export,
    private readonly columns: readonly Column[] | undefined,
    private readonly snapshot: Snapshot,
    private readonly around: Around,
  ) {
    // Connections inside a row were held against the limit ahead (graph/read/export.ts).
    this.limits = { ...around.limits, pageSize: Math.max(around.limits.pageSize, rowsAtOnce) };
    this.most = this.rowsOfPage();
    this.size = this.most;
    this.reached = { endCursor: asked.after, hasNextPage: true };
    const { caller, headers, id: requestId } = around.request;
    const end: Session['end'] = (reason) =>
      snapshot.end(reason.kind === 'refused' ? reason.error : new RequestError('UNAVAILABLE', endings[reason.kind]));
    this.session = { ...{ caller: caller!, headers, requestId }, end };
    around.live.openExport(this.session);
    around.meter.running.inc();
  }

  /** Reads the first page, which tells what is refused. @throws what refuses it */
  async first(): Promise<void> {
    this.ahead = await this.read();
  }

  /** The lines of the next page; undefined at the end. @throws what ends the export */
  async page(): Promise<Buffer | string | undefined> {
    clearTimeout(this.pause);
    if (this.isOver) return undefined;
    const { reason } = this.snapshot;
    if (reason) throw reason;
    const { text, count, endCursor, hasNextPage } = this.ahead ?? (await this.read());
    this.ahead = undefined;
    this.reached = { endCursor: endCursor ?? this.reached.endCursor, hasNextPage };
    this.rows += count;
    this.around.meter.rows.inc(count);
    this.isOver = !hasNextPage || this.rows >= this.asked.wanted;
    const { sendTimeoutMs } = this.around;
    // The last page needs no database while it is sent.
    if (this.isOver) await this.close();
    else this.pause = setTimeout(() => this.snapshot.end(tooSlow(sendTimeoutMs)), sendTimeoutMs);
    return count ? text : undefined;
  }

  private async read(): Promise<Lines> {
    const { asked, around, snapshot, limits, columns } = this;
    const first = Math.min(this.size, asked.wanted - this.rows);
    const operation = asked.page(this.reached.endCursor, first);
    const { clientId } = around.request.caller!;
    const cost = price(operation, clientId, limits, around.rates);
    const leave = await around.inFlight.enter(clientId, cost.requested, snapshot);
    try {
      const graph = new GraphContext(snapshot.work, limits, around.documentLimits);
      const { data, errors } = await run(operation, graph, wayFor(cost, limits));
      cost.actual = graph.reply.cost;
      // A page that failed keeps its price: it may have cost the database as much as any.
      if (errors?.length) throw errors[0].originalError ?? errors[0];
      settle(cost);
      // Texts may be much longer than their price says.
      this.size = Math.max(1, Math.min(this.most, Math.floor((first * costAtOnce) / (cost.actual || 1))));
      const page = data![ofPage.page] as Page;
      return columns ? csvLines(page, columns) : jsonLines(page);
    } finally {
      leave();
    }
  }

  private rowsOfPage(): number {
    const { document, node, variables } = this.asked.page(null, rowsAtOnce);
    const { pageSize, reply, cost: allowed } = this.limits;
    const cost = costOf(schema(), document, node.name?.value, variables, pageSize);
    // Half of a reply, so that PostgreSQL may write it (pricing.ts).
    const most = Math.min(costAtOnce, reply / 2, allowed);
    return Math.max(1, Math.min(rowsAtOnce, Math.floor((rowsAtOnce * most) / cost)));
  }

  /** The client has left, or has got everything. */
  gone(): void {
    this.snapshot.end(new RequestError('TIMEOUT'));
    void this.close(left);
  }

  /** What ended the export. What fails because it has ended is not the reason. */
  whyOf(error: unknown): unknown {
    return this.snapshot.reason ?? error;
  }

  /** Closes the export that has failed after its first page. Returns the error of the last line. */
  async fail(error: unknown) {
    const { request } = this.around;
    const { reason } = this.snapshot;
    const failure = failureOf(reason ?? error, request.id);
    if (!reason && statusOf(failure.code) >= 500) request.log[levelOf(error)]({ err: error }, 'export failed');
    await this.close(reason ?? error);
    return { message: failure.message, extensions: extensionsOf(failure) };
  }

  /** Ends the connection, so that nobody takes what was sent for the whole. */
  cut(): void {
    cut(this.around.request.raw.socket, 'export');
  }

  /** Gives back what the export holds, and logs its end. Only the first call counts. */
  close(why?: unknown): Promise<void> {
    this.closed ??= this.end(why);
    return this.closed;
  }

  private async end(why: unknown): Promise<void> {
    const { around, snapshot, rows, columns } = this;
    const { request, live, meter, leave } = around;
    clearTimeout(this.pause);
    live.close(this.session);
    meter.running.dec();
    const code = why === undefined ? 'ok' : why === left ? left : failureOf(why, request.id).code;
    meter.ended.inc({ code });
    if (why !== undefined && why !== left) request.codes = [code];
    request.counter!.statements += snapshot.counter.statements;
    const milliseconds = Math.round(performance.now() - this.began);
    request.log.info(
      { operation: request.operation, form: columns ? 'csv' : 'jsonl', rows, code, milliseconds },
      'export',
    );
    await snapshot.close();
    leave();
  }
}

const tooSlow = (ms: number): RequestError =>
  new RequestError(
    'TIMEOUT',
    `The client has taken more than ${ms} ms for a page of the export. Go on from endCursor.`,
  );

/** Why an export has ended whose client has left. */
export const left = 'left';

const endings = {
  changed: 'The rights of the client have changed. Go on from endCursor.',
  stopping: 'The server is stopping. Go on from endCursor, on another connection.',
} as const;
