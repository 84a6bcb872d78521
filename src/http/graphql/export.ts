import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from '../../domain/errors';
import { LimitError } from '../../domain/limits';
import { Turns } from '../../domain/turns';
import { schema } from '../../graph/build/schema';
import { deprecatedIn, deprecationHeaders } from '../../graph/guard/deprecation';
import type { Operation } from '../../graph/guard/operation';
import { type Export, exportOf } from '../../graph/read/export';
import { type Column, columnsOf } from '../../graph/read/export-columns';
import { openSnapshot } from '../../service/run/snapshot';
import { type ExportForm, exportTypes } from '../media-type';
import { csvHeader } from './export-lines';
import { ExportMeter } from './export-meter';
import { ExportRun, type ExportsOptions, left } from './export-run';

/** Seconds until a refused client may try again. Most exports take longer than that, and some end. */
const retryAfter = 5;

/** Queries whose one list is sent to its end, line by line, as it was at one moment. */
export class Exports {
  readonly meter = new ExportMeter();
  private readonly turns: Turns;

  constructor(private readonly options: ExportsOptions) {
    this.turns = new Turns(options.limits.exports);
  }

  /**
   * Sends an export. What can be refused is refused before the first byte, with the status of its code.
   * @throws RequestError BAD_REQUEST, UNAVAILABLE
   * @throws LimitError RATE_LIMITED, PAGE_SIZE, QUERY_TOO_COMPLEX
   */
  async send(
    operation: Operation | undefined,
    form: ExportForm,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const caller = request.caller!;
    if (!operation)
      throw new RequestError(
        'BAD_REQUEST',
        'An export needs a query or the id of one, and may have operationName and variables.',
      );
    if (caller.undecided) throw caller.undecided;
    const asked = exportOf(operation, this.options.limits.pageSize);
    const columns = form === 'csv' ? columnsOf(asked) : undefined;
    const leave = this.turns.tryTake(caller.clientId) ?? this.refuse(caller.clientId);
    request.reads = true;
    let run: ExportRun | undefined;
    try {
      run = await this.begin(asked, columns, request, reply, leave);
      await run.first();
    } catch (error) {
      const why = run?.whyOf(error) ?? error;
      await (run ? run.close(why) : leave());
      throw why;
    }
    return this.stream(run, columns, operation, request, reply);
  }

  private async begin(
    asked: Export,
    columns: readonly Column[] | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
    leave: () => void,
  ): Promise<ExportRun> {
    const { services, limits, live } = this.options;
    live.check();
    const limit = request.counter!.limit!;
    const snapshot = await openSnapshot(services, request.caller!, limits.exportTime);
    try {
      // The client may have left.
      limit.check();
      const run = new ExportRun(asked, columns, snapshot, { ...this.options, meter: this.meter, request, leave });
      // The first page has the time of the request.
      limit.signal.addEventListener('abort', () => snapshot.end(new RequestError('TIMEOUT')));
      reply.raw.once('close', () => run.gone());
      return run;
    } catch (error) {
      await snapshot.close();
      throw error;
    }
  }

  private stream(
    run: ExportRun,
    columns: readonly Column[] | undefined,
    { document }: Operation,
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply {
    request.streams = true;
    if (request.deprecated) reply.headers(deprecationHeaders(deprecatedIn(schema(), document)));
    reply.header('content-type', exportTypes[columns ? 'csv' : 'jsonl']).header('cache-control', 'no-store');
    // Nginx would keep the lines in a file, and read on for a client that does not.
    reply.header('x-accel-buffering', 'no');
    // A trailer is a part of the chunked encoding, which HTTP/1.0 does not have.
    if (columns && request.raw.httpVersion !== '1.0')
      reply.trailer('Page-Info', async () => JSON.stringify(run.reached));
    return reply.send(Readable.from(columns ? table(run, columns) : lines(run), { objectMode: false }));
  }

  private refuse(clientId: string): never {
    const allowed = this.options.limits.exports;
    throw new LimitError(
      { limit: 'exports', allowed },
      `The client has ${this.turns.heldBy(clientId)} of ${this.turns.inUse} exports that run; ${allowed} may run at a time. Try again in ${retryAfter} s.`,
      retryAfter,
    );
  }
}

/** Lines of JSON. The last one says how far they go, and why they go no further. */
async function* lines(run: ExportRun): AsyncGenerator<Buffer | string> {
  try {
    for (let page = await run.page(); page !== undefined; page = await run.page()) yield page;
    yield `${JSON.stringify({ pageInfo: run.reached })}\n`;
  } catch (error) {
    const errors = [await run.fail(error)];
    yield `${JSON.stringify({ errors, pageInfo: run.reached })}\n`;
  } finally {
    await run.close(left);
  }
}

/** A table. One that is not whole ends with its connection: a line would be taken for a row, and a trailer is easily missed. */
async function* table(run: ExportRun, columns: readonly Column[]): AsyncGenerator<Buffer | string> {
  try {
    yield csvHeader(columns);
    for (let page = await run.page(); page !== undefined; page = await run.page()) yield page;
  } catch (error) {
    await run.fail(error);
    run.cut();
  } finally {
    await run.close(left);
  }
}
