import { tracingChannel } from 'node:diagnostics_channel';
import { type BillRunPhase, billRunPhases, finishedStatus, isPhase, openBillRuns } from '../domain/bill-run';
import { type Caller, type Scope, scopes } from '../domain/caller';
import { Refusal, type UserErrorCode } from '../domain/errors';
import { lockAccountsForBilling } from '../store/account';
import {
  analyzeDocuments,
  type BillRunAccountRow,
  type BillRunRow,
  chunkAccounts,
  countRun,
  deleteChunk,
  deleteRun,
  findRun,
  hasChunks,
  insertChunks,
  lockRun,
  markChunk,
  openRuns,
  saveAccounts,
  saveRun,
  takeChunk,
} from '../store/bill-run';
import { Connection, type Lease, transaction } from '../store/connection/connection';
import { faultOf } from '../store/connection/failure';
import { dueAccounts } from '../store/due';
import { newId } from '../store/id';
import { findBillRun } from './bill-run';
import { billAccounts, moveDocuments, removeDocuments } from './bill-run-phase';
import { type Services, translated } from './run/services';
import { Unit } from './run/unit';
import { type Work } from './run/work';

/** Small accounts share a chunk of about so many items: one transaction, some hundred documents, within a second. */
const chunkSize = 10_000;

/**
 * And at most so many accounts. Each has its billing lock to the end of the transaction, and six more where the accounts
 * of a chunk are tried one by one, each of which gathers in a table of its own; a PostgreSQL as it is installed has room
 * for some 6,400 locks of all of its sessions.
 */
const mostAccounts = 200;

/**
 * Carries bill runs on, chunk by chunk. A chunk is one transaction that commits documents, claims and progress together,
 * under the lock of its row: a process that is killed leaves what is committed, and the chunk it was at to whoever comes
 * next. Any number of workers, in any number of processes, share a run. `only`: this run and no other.
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
        // It must not keep those back that come after it, however often it fails.
        services.onFailure(error, `work on bill run ${run.billRunNumber}`);
        failed.set(run.id, error);
      }
    }
  }
  for (const error of failed.values()) throw error;
}

/**
 * Carries a run on until it is finished: another process may be at the last of its chunks. Others are left to the
 * servers: one that cannot go on, or takes hours, is no matter of who waits for this one.
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

/** Work on a chunk of a run, or on what is left of it; `result` is false where there was none to be had. */
export interface ChunkWork {
  run: string;
  phase: BillRunPhase;
  /** Its accounts are tried one by one, after all of them together have failed. */
  carefully: boolean;
  /** By the clock of `performance`. */
  began: number;
  result?: unknown;
  error?: unknown;
}

/** Told of that, for metrics, traces and the log; where nobody listens it costs nothing. */
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

/** One step of a run; false where nothing of it is left for this worker. */
export async function step(services: Services, run: BillRunRow): Promise<boolean> {
  if (run.status === 'Pending') return inTransaction(services, run, (lease) => plan(services, lease, run));
  if (!isPhase(run.status)) return false;
  try {
    // In a transaction of its own: its lock would keep other workers' waiting to the end of the chunk.
    await analyzeDocuments(new Connection(services.db.working));
    if (await tryChunk(services, run, run.status, false)) return true;
  } catch (error) {
    // What may pass, or has to do with the database as a whole, is no account's fault: it is tried again later.
    if (faultOf(error)) throw error;
    tell(services, error, `a chunk of bill run ${run.billRunNumber}: the accounts of the chunk are tried one by one`);
    return tryChunk(services, run, run.status, true);
  }
  return inTransaction(services, run, (lease) => finish(services, lease, run));
}

/** A transaction in the scope of a run. */
const inTransaction = <T>(services: Services, run: BillRunRow, act: (lease: Lease) => Promise<T>): Promise<T> =>
  transaction(services.db.working, run, act);

/** On behalf of whoever has begun what the run is at, in the orgs that it belongs to. */
const callerOf = (run: BillRunRow): Caller => ({
  clientId: run.updatedById,
  entityId: run.entityId,
  orgIds: run.orgIds,
  scopes: new Set<Scope>(scopes),
  requestId: run.billRunNumber,
  trackId: run.trackId,
});

/** Finds out what is due, of which accounts, and parts it into chunks. */
async function plan(services: Services, lease: Connection, seen: BillRunRow): Promise<boolean> {
  const run = await lockRun(lease, seen);
  if (run?.status !== 'Pending') return run !== undefined;
  const unit = new Unit(lease, services, callerOf(run), false);
  // Whole tables are looked through here, which is best done in one go, and by whoever is free.
  await lease.control('set local enable_seqscan = on; set local max_parallel_workers_per_gather = 2');
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

/** A run whose chunks are all done goes on to its next status, or is gone. */
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

/** What each phase does to accounts in one transaction, history included; false where more of them is left to do. */
const phaseActs: Record<
  BillRunPhase,
  (unit: Unit, run: BillRunRow, accounts: readonly BillRunAccountRow[]) => Promise<boolean>
> = {
  Processing: billAccounts,
  PostInProgress: (unit, run, accounts) => moveDocuments(unit, run.id, accounts, 'Post'),
  CancelInProgress: (unit, run, accounts) => moveDocuments(unit, run.id, accounts, 'Cancel'),
  RemoveInProgress: (unit, run, accounts) => removeDocuments(unit, run.id, accounts),
};

/** Does one chunk of what the run is at; false where there is none that nobody else works on. */
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
  // Behind the lock of the chunk, since the run may have been finished and put to another act since it was seen. From here
  // on it stays at what it is at, but for one that bills and is canceled, which is not locked out: a chunk that is billed
  // meanwhile is canceled after it, since it is a chunk still.
  const run = await findRun(lease, seen);
  if (run?.status !== phase) return true;
  const all = await chunkAccounts(lease, chunk);
  // One that was billed in part before it failed has drafts too: they are posted, canceled or removed with the rest.
  const accounts = all.filter(({ during }) => during !== phase);
  const ids = accounts.map((account) => account.accountId);
  const unit = new Unit(lease, services, callerOf(run), false);
  await lockAccountsForBilling(unit.db, ids);
  const { whole, parked } = carefully
    ? await oneByOne(services, lease, run, phase, accounts)
    : { whole: await phaseActs[phase](unit, run, accounts), parked: false };
  if (!whole) return true;
  // What could not be billed is left to another run; of what could not be posted, canceled or removed there is more to do.
  if (phase !== 'Processing' && (parked || accounts.length < all.length)) await markChunk(lease, chunk, 'Parked');
  else if (to === null) await deleteChunk(lease, chunk);
  else await markChunk(lease, chunk, to);
  return true;
}

/** The accounts of a chunk that has failed, each for itself: one that fails again is parked with its reason. */
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
    await lease.control('savepoint account');
    try {
      whole = (await phaseActs[phase](new Unit(lease, services, callerOf(run), false), run, [account])) && whole;
      await lease.control('release savepoint account');
    } catch (error) {
      if (faultOf(error)) throw error;
      await lease.control('rollback to savepoint account');
      tell(services, error, `bill run ${run.billRunNumber}, account ${account.accountId}`);
      parked = true;
      await saveAccounts(lease, run, [{ ...account, ...reasonOf(error), during: phase }]);
      if (phase === 'Processing') await countRun(lease, run, 0, Math.max(account.total - account.done, 0));
    }
  }
  return { whole, parked };
}

/** What the rules refuse is no failure: it stands at the account, for whoever looks at the run. */
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
 * The workers of this process: each carries on whatever run is open, then waits until it is woken or for a while, since
 * a run may have been made, or left behind, by another process. Returns what ends them, after the chunks they are at.
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
