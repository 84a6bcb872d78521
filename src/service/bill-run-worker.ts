import { tracingChannel } from 'node:diagnostics_channel';
import { type BillRunPhase, billRunPhases, finishedStatus, isPhase, openBillRuns } from '../domain/bill-run';
import { type Caller, type Scope, scopes } from '../domain/caller';
import { Refusal, type UserErrorCode } from '../domain/errors';
import { lockAccountsForBilling } from '../store/account';
import { analyzeDocuments, type BillRunRow, deleteRun, findRun, lockRun, openRuns, saveRun } from '../store/bill-run';
import {
  type BillRunAccountRow,
  chunkAccounts,
  deleteChunk,
  hasChunks,
  insertChunks,
  markChunk,
  saveAccounts,
  takeChunk,
} from '../store/bill-run-chunk';
import { Connection } from '../store/connection/connection';
import { faultOf } from '../store/connection/failure';
import { type Lease, transaction } from '../store/connection/lease';
import { dueAccounts } from '../store/due';
import { newId } from '../store/id';
import { findBillRun } from './bill-run';
import { billAccounts, countItems, moveDocuments, removeDocuments } from './bill-run-phase';
import { type Services, translated } from './run/services';
import { Unit } from './run/unit';
import { type Work } from './run/work';

/**
 * Small accounts share a chunk of about this many items: one transaction with some hundred documents, within a second.
 */
const chunkSize = 10_000;

/**
 * The most accounts in a chunk. Each account holds its billing lock to the end of the transaction. If the accounts of a
 * chunk are tried one by one, each gathers in its own table and holds six more locks. PostgreSQL with its default
 * settings has room for about 6,400 locks of all sessions.
 */
const mostAccounts = 200;

/**
 * Works on open bill runs, chunk by chunk. A chunk is one transaction that commits documents, claims and progress
 * together, under the lock of its row. After a kill the committed chunks stay, and any worker takes the unfinished
 * chunk. Any number of workers in any number of processes share a run. `only` limits the work to one run.
 */
export async function carryOn(
  services: Services,
  isEnded: () => boolean = () => false,
  only: string | null = null,
): Promise<void> {
  const failed = new Map<string, unknown>();
  for (let worked = true; worked && !isEnded(); ) {
    worked = false;
    for (const run of await openRuns(services.db.aside())) {
      if (isEnded() || failed.has(run.id) || (only !== null && run.id !== only)) continue;
      try {
        worked = (await step(services, run)) || worked;
      } catch (error) {
        // A run that fails must not hold up the runs behind it.
        services.onFailure(error, `work on bill run ${run.billRunNumber}`);
        failed.set(run.id, error);
      }
    }
  }
  for (const error of failed.values()) throw error;
}

/**
 * Works on a run until it is finished. Another process may hold the run's last chunk, so this waits for it. Other runs
 * are left to the servers: the caller of this run must not wait for a run that fails or takes hours.
 */
export async function carryToEnd(services: Services, work: Work, runId: string, workers = 1): Promise<BillRunRow> {
  for (;;) {
    await Promise.all(Array.from({ length: workers }, () => carryOn(services, undefined, runId)));
    const run = await findBillRun(work, runId);
    if (!run) throw new Error('The bill run was deleted meanwhile.');
    if (run.finishedDate) return run;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Work on a chunk of a run, or on the rest of a chunk. `result` is false if no chunk was free. */
export interface ChunkWork {
  run: string;
  phase: BillRunPhase;
  /** The accounts of the chunk are tried one by one, after they have failed together. */
  carefully: boolean;
  /** On the clock of `performance`. */
  began: number;
  result?: unknown;
  error?: unknown;
}

/** Publishes work on chunks for metrics, traces and the log. Without a subscriber it costs nothing. */
export const chunkWork = tracingChannel<unknown, ChunkWork>('order-gateway.bill-run-chunk');

const tryChunk = (services: Services, run: BillRunRow, phase: BillRunPhase, carefully: boolean): Promise<boolean> =>
  chunkWork.tracePromise(
    () => inTransaction(services, run, (lease) => workChunk(services, lease, run, phase, carefully)),
    {
      run: run.billRunNumber,
      phase,
      carefully,
      began: performance.now(),
    },
  );

/** One step of a run. False if nothing is left for this worker. */
export async function step(services: Services, run: BillRunRow): Promise<boolean> {
  if (run.status === 'Pending') return inTransaction(services, run, (lease) => plan(services, lease, run));
  if (!isPhase(run.status)) return false;
  try {
    // In a separate transaction: otherwise other workers would wait for its lock to the end of the chunk.
    await analyzeDocuments(new Connection(services.db.working));
    if (await tryChunk(services, run, run.status, false)) return true;
  } catch (error) {
    // A transient error, or an error of the whole database, is not caused by an account. The chunk is retried later.
    if (faultOf(error)) throw error;
    tell(services, error, `a chunk of bill run ${run.billRunNumber}: the accounts of the chunk are tried one by one`);
    return tryChunk(services, run, run.status, true);
  }
  return inTransaction(services, run, (lease) => finish(services, lease, run));
}

const inTransaction = <T>(services: Services, run: BillRunRow, act: (lease: Lease) => Promise<T>): Promise<T> =>
  transaction(services.db.working, run, act);

/** The caller for a run: the client that started its current phase, with the run's orgs. */
const callerOf = (run: BillRunRow): Caller => ({
  clientId: run.updatedById,
  entityId: run.entityId,
  orgIds: run.orgIds,
  scopes: new Set<Scope>(scopes),
  requestId: run.billRunNumber,
  trackId: run.trackId,
});

/** Finds the due items of all accounts and divides the accounts into chunks. */
async function plan(services: Services, lease: Connection, seen: BillRunRow): Promise<boolean> {
  const run = await lockRun(lease, seen);
  if (run?.status !== 'Pending') return run !== undefined;
  const unit = new Unit(lease, services, callerOf(run), false);
  // This statement reads whole tables: a sequential scan with parallel workers is best.
  await lease.setLocal({ enable_seqscan: 'on', max_parallel_workers_per_gather: '2' });
  const due = await dueAccounts(unit.db, run.accountIds, run.targetDate);
  let chunkId = newId();
  let size = 0;
  let members = 0;
  const accounts = due.map(({ accountId, orgId, count }) => {
    if (members > 0 && (size + count > chunkSize || members === mostAccounts)) {
      chunkId = newId();
      size = 0;
      members = 0;
    }
    size += count;
    members++;
    return { id: newId(), chunkId, accountId, orgId, total: count };
  });
  await insertChunks(lease, run, accounts);
  const total = due.reduce((sum, { count }) => sum + count, 0);
  const started: BillRunRow = { ...run, ...unit.touched(run), status: 'Processing', total, startedDate: unit.now };
  await saveRun(lease, started);
  unit.note('BillRun', 'Start', run, started);
  await unit.writeHistory();
  return true;
}

/** Moves a run whose chunks are all done to its next status, or deletes it. */
async function finish(services: Services, lease: Connection, seen: BillRunRow): Promise<boolean> {
  const run = await lockRun(lease, seen);
  if (!run || !isPhase(run.status) || (await hasChunks(lease, run, billRunPhases[run.status].from))) return false;
  const unit = new Unit(lease, services, callerOf(run), false);
  const status = finishedStatus(run, await hasChunks(lease, run, ['Parked']));
  if (status === null) {
    await deleteRun(lease, run);
    unit.note('BillRun', 'Delete', run, null);
  } else {
    const finishedDate = openBillRuns.includes(status) ? null : unit.now;
    const finished: BillRunRow = { ...run, ...unit.touched(run), status, finishedDate };
    await saveRun(lease, finished);
    unit.note('BillRun', 'Finish', run, finished);
  }
  await unit.writeHistory();
  return true;
}

/** The work of each phase on accounts in one transaction, including history. False if more is left. */
const phaseActs: Record<
  BillRunPhase,
  (unit: Unit, run: BillRunRow, accounts: readonly BillRunAccountRow[]) => Promise<boolean>
> = {
  Processing: billAccounts,
  PostInProgress: (unit, run, accounts) => moveDocuments(unit, run.id, accounts, 'Post'),
  CancelInProgress: (unit, run, accounts) => moveDocuments(unit, run.id, accounts, 'Cancel'),
  RemoveInProgress: (unit, run, accounts) => removeDocuments(unit, run.id, accounts),
};

/** Works on one chunk in the run's phase. False if no chunk is free. */
async function workChunk(
  services: Services,
  lease: Lease,
  seen: BillRunRow,
  phase: BillRunPhase,
  carefully: boolean,
): Promise<boolean> {
  const { from, to } = billRunPhases[phase];
  const chunk = await takeChunk(lease, seen, from);
  if (!chunk) return false;
  // Read after the chunk is locked: the run may have finished and begun another phase since it was seen. From here on
  // its phase stays, with one exception: a run that bills may be canceled. A chunk that is billed meanwhile still
  // belongs to the run, and is canceled afterwards.
  const run = await findRun(lease, seen);
  if (run?.status !== phase) return true;
  const all = await chunkAccounts(lease, chunk);
  // An account that failed in billing is included: earlier transactions may have made drafts of it. These are posted,
  // canceled or removed with the rest.
  const accounts = all.filter(({ during }) => during !== phase);
  const ids = accounts.map((account) => account.accountId);
  const unit = new Unit(lease, services, callerOf(run), false);
  await lockAccountsForBilling(unit.db, ids);
  const { whole, parked } = carefully
    ? await oneByOne(services, lease, run, phase, accounts)
    : { whole: await phaseActs[phase](unit, run, accounts), parked: false };
  if (!whole) return true;
  // Items that could not be billed are left to another run. A chunk is parked if documents could not be posted,
  // canceled or removed, because work on it remains.
  if (phase !== 'Processing' && (parked || accounts.length < all.length)) await markChunk(lease, chunk, 'Parked');
  else if (to === null) await deleteChunk(lease, chunk);
  else await markChunk(lease, chunk, to);
  return true;
}

/** Tries the accounts of a failed chunk one by one. An account that fails again is parked with its reason. */
async function oneByOne(
  services: Services,
  lease: Lease,
  run: BillRunRow,
  phase: BillRunPhase,
  accounts: readonly BillRunAccountRow[],
): Promise<{ whole: boolean; parked: boolean }> {
  let whole = true;
  let parked = false;
  for (const account of accounts) {
    lease.savepoint('account');
    try {
      whole = (await phaseActs[phase](new Unit(lease, services, callerOf(run), false), run, [account])) && whole;
      await lease.control('release savepoint account');
    } catch (error) {
      if (faultOf(error)) throw error;
      await lease.rollbackTo('account');
      tell(services, error, `bill run ${run.billRunNumber}, account ${account.accountId}`);
      parked = true;
      await saveAccounts(lease, run, [{ ...account, ...reasonOf(error), during: phase }]);
      if (phase === 'Processing') {
        const unit = new Unit(lease, services, callerOf(run), false);
        await countItems(unit, run, 0, Math.max(account.total - account.done, 0));
        await unit.writeHistory();
      }
    }
  }
  return { whole, parked };
}

/** A refusal by the rules is no failure. The account holds the reason for readers of the run. */
function tell(services: Services, error: unknown, what: string): void {
  if (!(translated(error) instanceof Refusal)) services.onFailure(error, what);
}

function reasonOf(error: unknown): { code: UserErrorCode; message: string } {
  const refusal = translated(error);
  if (refusal instanceof Refusal) {
    const [{ code, message }] = refusal.errors;
    return { code, message };
  }
  return { code: 'UNEXPECTED', message: 'An unexpected failure. The log has the details.' };
}

const pollEvery = 5_000;

/**
 * Starts the workers of this process. Each works on open runs, then waits until it is woken or some seconds have
 * passed: another process may have created a run, or left one unfinished. Returns a function that ends the workers
 * after their current chunks.
 */
export function startWorkers(services: Services, count: number): () => Promise<void> {
  let ended = false;
  const waiting = new Set<() => void>();
  const wakeAll = () => {
    for (const wake of waiting) wake();
    waiting.clear();
  };
  services.wake = wakeAll;
  const loop = async () => {
    while (!ended) {
      await carryOn(services, () => ended).catch((error) => services.onFailure(error, 'work on bill runs'));
      if (ended) return;
      await new Promise<void>((resolve) => {
        waiting.add(resolve);
        setTimeout(resolve, pollEvery).unref();
      });
    }
  };
  const loops = Array.from({ length: count }, loop);
  return async () => {
    ended = true;
    wakeAll();
    await Promise.all(loops);
  };
}
