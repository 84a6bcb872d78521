import { type Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../../../domain/caller';
import { Refusal, RequestError } from '../../../domain/errors';
import { LimitError, type Limits } from '../../../domain/limits';
import type { ProcessingOptions } from '../../../domain/payment';
import {
  type BilledChunk,
  beginImport,
  billChunk,
  endRun,
  goOn,
  type ImportChunk,
  type ImportedChunk,
  type ImportRun,
  importChunk,
  importedChunk,
} from '../../../service/import';
import { tellRefused } from '../../../service/run/refusal-channel';
import type { Services } from '../../../service/run/services';
import { timed } from '../../../service/run/time-limit';
import { Work } from '../../../service/run/work';
import { extensionsOf, failureOf } from '../../failure';
import type { Rates } from '../../rates';
import { differenceOf, endsEarly } from './difference';
import type { ImportFile } from './file';
import { Outlet } from './outlet';

/** What createFulfillments costs for each entry if its reply has the numbers alone (graph/guard/cost.ts). */
export const costOfLine = 562;
/** How often a run shows that it is alive. Its import is held for three times as long. */
const aliveMs = 2_000;
/** How often a chunk is tried again if other requests hold locks, and the pause before the first of these times. */
const mostTries = 5;
const pauseMs = 100;

/** What a run is made of. */
export interface ImportParts {
  services: Services;
  limits: Limits;
  rates: Rates;
  request: FastifyRequest;
  /** Who asks, as of now: a token may be revoked while a file is sent. */
  callerNow: () => Promise<Caller>;
  file: ImportFile;
  /** Absent: the fulfillments are not billed. */
  billing: ProcessingOptions | undefined;
}

/** One request that carries an import on, from its first chunk to the last line of its reply. */
export class ImportingRun {
  private run: ImportRun | undefined;
  private reading: Promise<ImportChunk | undefined> | undefined;
  private alive: NodeJS.Timeout | undefined;
  private caller: Caller;
  /** Number of chunks so far, and of all chunks once the file is read. */
  private count = 0;
  private isWhole = false;
  private lastLine = 0;
  private readonly totals = { lines: 0, created: 0, refused: 0, replayed: 0 };

  constructor(private readonly parts: ImportParts) {
    this.caller = parts.request.caller!;
  }

  /**
   * Takes the import, and carries out its first chunk. Returns its lines; none if the file has none.
   * @throws what the reply's status says: until now nothing is sent
   */
  async begin(key: string, fingerprint: string): Promise<string> {
    const run = await beginImport(this.work(), key, fingerprint);
    this.run = run;
    this.alive = setInterval(() => this.showAlive(run), aliveMs).unref();
    const chunk = await this.parts.file.next();
    if (!chunk) {
      this.checkEnd();
      return '';
    }
    this.readOn();
    const { outcome } = await this.carryOut(chunk, false);
    return outcome;
  }

  /** Carries out the other chunks, bills, and writes the totals, or the reason why it ends before. Never fails. */
  async rest(stream: Writable, first: string, signal: AbortSignal): Promise<void> {
    const outlet = new Outlet(stream, (number) => this.stored(number), signal);
    try {
      if (first) {
        await outlet.chunk(0, first);
        outlet.news(this.progress());
      }
      for (let chunk = await this.reading; chunk; chunk = await this.reading) {
        this.readOn();
        const { outcome } = await this.carryOut(chunk, true);
        await outlet.chunk(chunk.number, outcome);
        outlet.news(this.progress());
      }
      this.checkEnd();
      await outlet.upTo(this.count);
      const billed = await this.billAll(outlet);
      // Whoever reads the last line may send the file again at once.
      await this.end();
      await outlet.line(line({ totals: { ...this.totals, ...billed } }));
    } catch (error) {
      if (!signal.aborted) await this.tell(outlet, error).catch(() => {});
    }
  }

  /** Lets go of the import. May be called twice. */
  async end(): Promise<void> {
    clearInterval(this.alive);
    // A chunk that is read ahead may fail, and nobody waits for it.
    this.reading?.catch(() => {});
    const { run } = this;
    this.run = undefined;
    if (!run) return;
    await endRun(this.work(), run, this.isWhole ? this.count : null).catch((error) => {
      this.parts.services.onFailure(error, 'ending an import');
    });
  }

  private work(counter?: Work['counter']): Work {
    return new Work(this.parts.services, this.caller, counter);
  }

  private showAlive(run: ImportRun): void {
    goOn(this.work(), run).catch((error) => {
      // An outage ends the chunk under way by itself.
      if (error instanceof RequestError && error.code === 'IDEMPOTENCY_IN_PROGRESS') this.parts.file.stop(error);
    });
  }

  /** The next chunk is read while the present one is in the database. */
  private readOn(): void {
    this.reading = this.parts.file.next();
    this.reading.catch(() => {});
  }

  private checkEnd(): void {
    const { committed, chunks } = this.run!;
    if (this.count < Math.max(committed, chunks ?? 0)) throw endsEarly(this.lastLine);
    this.isWhole = true;
  }

  private async carryOut(chunk: ImportChunk, mayWait: boolean): Promise<ImportedChunk> {
    const { limits } = this.parts;
    const lines = this.totals.lines + chunk.lines.length;
    if (lines > limits.importLines) {
      throw new LimitError(
        { limit: 'importLines', allowed: limits.importLines },
        `The file has more than ${limits.importLines} lines. Send the lines after line ${this.lastLine} as a file of their own, with another Idempotency-Key.`,
      );
    }
    await this.pay(chunk.lines.length, mayWait);
    const done = await this.outcomeOf(chunk);
    this.count++;
    this.lastLine = chunk.lines.at(-1)!.line;
    this.totals.lines = lines;
    this.totals.created += done.created;
    this.totals.refused += chunk.lines.length - done.created;
    return done;
  }

  private async outcomeOf(chunk: ImportChunk): Promise<ImportedChunk> {
    const run = this.run!;
    if (run.chunks !== null && chunk.number >= run.chunks) throw differenceOf(undefined, chunk)!;
    if (chunk.number < run.committed) {
      const known = (await importedChunk(this.work(), run, chunk.number))!;
      const difference = differenceOf(known, chunk);
      if (difference) throw difference;
      this.totals.replayed += chunk.lines.length;
      return { outcome: known.outcome, created: known.fulfillmentIds.length, errors: [] };
    }
    return this.repeated(async (counter) => {
      const { services } = this.parts;
      const done = await importChunk(services, this.caller, counter, run, chunk);
      tellRefused(done.errors);
      return done;
    });
  }

  /** Takes the cost of lines from the client's budget of a minute. Later chunks wait for the next minute. */
  private async pay(lines: number, mayWait: boolean): Promise<void> {
    const { rates, file } = this.parts;
    for (;;) {
      file.check();
      try {
        rates.spend(this.caller.clientId, lines * costOfLine);
        return;
      } catch (error) {
        if (!mayWait || !(error instanceof LimitError)) throw error;
        await pause(1_000);
      }
    }
  }

  /** Runs one transaction within the time of a request, and again if other requests held locks. */
  private async repeated<T>(act: (counter: Work['counter']) => Promise<T>): Promise<T> {
    const { limits, request, callerNow } = this.parts;
    const { entityId } = this.caller;
    for (let tries = 1; ; tries++) {
      try {
        this.caller = await callerNow();
        if (this.caller.entityId !== entityId) throw new RequestError('FORBIDDEN');
        return await timed(limits.time, (counter) => {
          const { clientId } = this.caller;
          Object.assign(counter, { requestId: request.id, clientId, mostWaiting: limits.waiting });
          // A stop ends what the request does at present.
          request.counter = counter;
          return act(counter);
        });
      } catch (error) {
        const isContended = error instanceof Refusal && error.errors[0].code === 'LOCKED_RETRY';
        if (!isContended || tries === mostTries) throw error;
        await pause(pauseMs * 2 ** tries * Math.random());
        this.parts.file.check();
      }
    }
  }

  private async stored(number: number): Promise<string> {
    const chunk = await importedChunk(this.work(), this.run!, number);
    if (!chunk) throw new Error(`chunk ${number} of an import is gone`);
    return chunk.outcome;
  }

  private progress(): string {
    const { lines, created, refused } = this.totals;
    return line({ progress: { lines, created, refused } });
  }

  /** Bills chunk by chunk. A chunk that cannot be billed is told, and the others are billed all the same. */
  private async billAll(outlet: Outlet) {
    const { billing, file } = this.parts;
    if (!billing) return {};
    const totals = { invoices: 0, creditMemos: 0, unbilledChunks: 0 };
    for (let number = 0; number < this.count; number++) {
      file.check();
      const done = await this.billed(number, billing);
      if ('errors' in done) totals.unbilledChunks++;
      else {
        totals.invoices += done.invoiceNumbers.length;
        totals.creditMemos += done.creditMemoNumbers.length;
      }
      await outlet.line(line({ billing: { chunk: number + 1, of: this.count, ...done } }));
    }
    return totals;
  }

  private async billed(number: number, billing: ProcessingOptions): Promise<BilledChunk | { errors: object[] }> {
    try {
      return await this.repeated((counter) => billChunk(this.work(counter), this.run!, number, billing));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      tellRefused(error.errors);
      return { errors: error.errors.map(({ code, message }) => ({ code, message })) };
    }
  }

  /** The last line of a reply that ends before its file. */
  private async tell(outlet: Outlet, error: unknown): Promise<void> {
    const { request, services } = this.parts;
    const failed = failureOf(error, request.id);
    request.codes = [failed.code];
    if (failed.code === 'INTERNAL') services.onFailure(error, 'an import');
    else request.log.info({ code: failed.code, reason: failed.message }, 'import ended');
    // In an outage they cannot be read back. The last line is told all the same.
    await outlet.upTo(this.count).catch(() => {});
    await this.end();
    const { code, message } = failed;
    const isSame = !refusedAgain.includes(code);
    const how = isSame
      ? ' Send the same file again with the same Idempotency-Key: the import goes on, and nothing is created twice.'
      : '';
    await outlet.line(
      line({ error: { ...extensionsOf(failed), code, message: `${message}${how}`, afterLine: this.lastLine } }),
    );
  }
}

/** The same file would end at the same place again. */
const refusedAgain: readonly string[] = ['IDEMPOTENCY_MISMATCH', 'QUERY_TOO_COMPLEX', 'PAYLOAD_TOO_LARGE'];

const line = (value: object): string => `${JSON.stringify(value)}\n`;
