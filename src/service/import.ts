import type { Caller } from '../domain/caller';
import { enoughErrors, isRetryable, Refusal, RequestError, type UserError } from '../domain/errors';
import type { FulfillmentInput } from '../domain/fulfillment-create';
import { judgeProcessingOptions, type ProcessingOptions } from '../domain/payment';
import type { StatementCounter } from '../store/connection/connection';
import { Lease } from '../store/connection/lease';
import { newId } from '../store/id';
import {
  findChunk,
  findImport,
  holdImport,
  type ImportKey,
  keepBilled,
  keepChunk,
  leaveImport,
  takeImport,
} from '../store/import';
import { type Billed, bill } from './billing';
import { createFulfillments } from './fulfillment';
import { lockFulfillments } from './fulfillment-lock';
import { refuse } from './run/batch';
import { noted, type Services, translated } from './run/services';
import { type Held, Work } from './run/work';

/*
 * An import creates fulfillments chunk by chunk. Each chunk is one transaction, which also keeps its outcome. A run holds its
 * import by a time that it moves on. It may wait for its client for hours, and a lock would take a connection for all that
 * time. Behind a pooler such a lock would not even be its own.
 */

/** A run of an import: one request that carries it on. */
export interface ImportRun {
  of: ImportKey;
  holder: string;
  /** Number of the file's first chunks that are committed already. */
  committed: number;
  /** Number of all chunks, if the file was read to its end before. */
  chunks: number | null;
}

/** A line of a chunk: what it asks for, or why it asks for nothing. */
export type ImportLine = { line: number } & ({ entry: FulfillmentInput } | { errors: readonly UserError[] });

/** Consecutive lines of a file. */
export interface ImportChunk {
  /** From 0. */
  number: number;
  lines: readonly ImportLine[];
  /** Digests of the lines, 8 bytes each. */
  digests: Buffer;
}

/** What became of a chunk. */
export interface ImportedChunk {
  /** Its lines of the reply. */
  outcome: string;
  created: number;
  /** Why lines were refused. */
  errors: readonly UserError[];
}

const lost = (): RequestError =>
  new RequestError('IDEMPOTENCY_IN_PROGRESS', 'Another request with this Idempotency-Key has taken the import over.');

/**
 * Begins an import, or goes on with the import under the key.
 * @throws RequestError IDEMPOTENCY_IN_PROGRESS if another request carries it out
 * @throws RequestError IDEMPOTENCY_MISMATCH if its form, columns, options or orgs are others, or its outcome is forgotten
 */
export function beginImport(work: Work, key: string, fingerprint: string): Promise<ImportRun> {
  const { entityId, clientId } = work.caller;
  const of = { entityId, clientId, key };
  return work.run(false, async ({ db: { connection } }) => {
    const holder = newId();
    const isTaken = await takeImport(connection, of, holder, fingerprint);
    // Read afterwards: until then another run may commit further chunks.
    const found = await findImport(connection, of);
    if (found && isTaken) return { of, holder, committed: found.committed, chunks: found.chunks };
    if (found?.isForgotten) {
      throw new RequestError(
        'IDEMPOTENCY_MISMATCH',
        'The import with this Idempotency-Key ended more than 24 hours ago, and its outcome is forgotten. Nothing was done. Choose another key for a new import.',
      );
    }
    if (found && found.fingerprint !== fingerprint) {
      throw new RequestError(
        'IDEMPOTENCY_MISMATCH',
        'This Idempotency-Key was used for an import with another form, other columns, other options or other orgs.',
      );
    }
    throw new RequestError(
      'IDEMPOTENCY_IN_PROGRESS',
      'Another request with this Idempotency-Key carries the import out.',
    );
  });
}

/** Shows that the run is alive: at least every 2 seconds. @throws RequestError if another request has taken over */
export const goOn = (work: Work, { of, holder }: ImportRun): Promise<void> =>
  work.run(false, async ({ db }) => {
    if (!(await holdImport(db.connection, of, holder))) throw lost();
  });

/** Ends a run, so that another may begin at once. `chunks`: the number of chunks, once the file was read to its end. */
export const endRun = (work: Work, { of, holder }: ImportRun, chunks: number | null): Promise<void> =>
  work.run(false, ({ db }) => leaveImport(db.connection, of, holder, chunks));

/** A chunk that is committed already, with the digests of its lines; undefined if it is not. */
export const importedChunk = (work: Work, { of }: ImportRun, number: number) =>
  findChunk(work.services.db.reads(work.counter), of, number);

/**
 * Creates the fulfillments of a chunk, as createFulfillments with SkipFailed does, and keeps the outcome in the same
 * transaction.
 * @throws Refusal LOCKED_RETRY if other requests held locks: nothing was changed
 * @throws RequestError UNAVAILABLE, TIMEOUT, IDEMPOTENCY_IN_PROGRESS
 */
export async function importChunk(
  services: Services,
  caller: Caller,
  counter: StatementCounter,
  { of, holder }: ImportRun,
  { number, lines, digests }: ImportChunk,
): Promise<ImportedChunk> {
  const lease = await Lease.take(services.db.writing, counter).catch((error) => {
    throw translated(error);
  });
  const held: Held = { connection: lease, units: [], mayPay: false, settled: false };
  try {
    lease.begin(caller);
    const made = await makeFulfillments(new Work(services, caller, counter, held), lines);
    const outcome = lines.map((line) => replyLine(line, made.get(line.line)!)).join('');
    const fulfillmentIds = [...made.values()].flatMap((each) => ('id' in each ? [each.id] : []));
    if (!(await keepChunk(lease, of, holder, { number, digests, outcome, fulfillmentIds }))) throw lost();
    counter.limit?.check();
    await services.db.commit(lease, caller);
    const errors = [...made.values()].flatMap((each) => ('errors' in each ? each.errors : []));
    return { outcome, created: fulfillmentIds.length, errors };
  } catch (error) {
    throw noted(services, translated(error));
  } finally {
    await lease.release();
  }
}

/** What became of a line. */
type Made = { id: string; fulfillmentNumber: string } | { errors: readonly UserError[] };

/** What became of each line, by its number. */
async function makeFulfillments(work: Work, lines: readonly ImportLine[]): Promise<Map<number, Made>> {
  const entries = lines.filter((line) => 'entry' in line);
  const made = new Map<number, Made>(lines.flatMap((each) => ('errors' in each ? [[each.line, each]] : [])));
  if (entries.length === 0) return made;
  const input = { fulfillments: entries.map(({ entry }) => entry) };
  let fulfillments: readonly ({ id: string; fulfillmentNumber: string } | null)[] = [];
  let errors: readonly UserError[];
  try {
    const result = await createFulfillments(work, input, { onError: 'SkipFailed' });
    ({ fulfillments, userErrors: errors } = result);
  } catch (error) {
    // If every entry is refused, the refusal names each.
    if (!(error instanceof Refusal) || error.errors.some(({ code }) => isRetryable(code))) throw error;
    ({ errors } = error);
  }
  for (const [at, { line }] of entries.entries()) made.set(line, fulfillments[at] ?? { errors: [] });
  for (const error of errors) {
    const [, , at, ...path] = error.path;
    const entry = entries[Number(at)];
    if (!entry) throw new Refusal([...errors]);
    const refused = made.get(entry.line) as { errors: UserError[] };
    refused.errors.push({ ...error, path });
  }
  return made;
}

/** A line of the reply. Details of errors are for programs that read the graph. */
function replyLine({ line }: ImportLine, made: Made): string {
  const told =
    'errors' in made
      ? { line, errors: made.errors.slice(0, enoughErrors).map(({ code, message, path }) => ({ code, message, path })) }
      : { line, fulfillmentNumber: made.fulfillmentNumber };
  return `${JSON.stringify(told)}\n`;
}

/** What billing made of a chunk. */
export interface BilledChunk {
  invoiceNumbers: string[];
  creditMemoNumbers: string[];
}

/**
 * Bills the fulfillments of a committed chunk, as far as they are due and not billed yet, and keeps what was made. A chunk
 * that is billed already is not billed again.
 * @throws Refusal if it cannot be billed; LOCKED_RETRY if other requests held locks
 */
export async function billChunk(
  work: Work,
  run: ImportRun,
  number: number,
  options: ProcessingOptions,
): Promise<BilledChunk> {
  const { of, holder } = run;
  const chunk = await importedChunk(work, run, number);
  if (!chunk) throw new Error(`chunk ${number} of an import is gone`);
  if (chunk.billed !== null) return JSON.parse(chunk.billed) as BilledChunk;
  const ids = chunk.fulfillmentIds;
  return work.run(false, async (unit) => {
    refuse(judgeProcessingOptions(options, unit.caller.scopes));
    const { found, lines } = await lockFulfillments(unit, ids);
    const due = { fulfillments: [...found.values()], lineOf: lines, sentBefore: ids };
    const billed = told(await bill(unit, due, options, []));
    if (!(await keepBilled(unit.db.connection, of, holder, number, JSON.stringify(billed)))) throw lost();
    return billed;
  });
}

const told = ({ invoices, creditMemos }: Billed): BilledChunk => ({
  invoiceNumbers: invoices.map(({ invoiceNumber }) => invoiceNumber),
  creditMemoNumbers: creditMemos.map(({ creditMemoNumber }) => creditMemoNumber),
});
