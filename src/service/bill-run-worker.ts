import { type BillRunPhase, billRunPhases, finishedStatus, isPhase, openBillRuns } from '../domain/bill-run';
import { type InvoiceDraft, invoiceHeader, judgeTotal, maxDocumentItems } from '../domain/billing';
import { type Caller, type Scope, scopes } from '../domain/caller';
import { add } from '../domain/decimal';
import { Refusal, type UserErrorCode } from '../domain/errors';
import type { BillingDates } from '../domain/invoice';
import { lockAccountsForBilling } from '../store/account';
import {
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
import { type Connection, Lease } from '../store/connection';
import { billDue, type DueGroup, dueAccounts, dueAmounts, dueCharges, dueGroups } from '../store/due';
import { failureOf } from '../store/failure';
import { newId } from '../store/id';
import { InvoiceRow } from '../store/invoice';
import { deleteRows, insertNumberedRows, updateRows } from '../store/write';
import { refuse } from './batch';
import { priceOf } from './bill-run';
import { moveDocuments, removeDocuments } from './bill-run-phase';
import { documentOf, type Origin, writeDocuments } from './billing';
import { type Services, translated, Unit } from './work';

/** Small accounts share a chunk of about so many items: one transaction, some hundred documents, within a second. */
const chunkSize = 10_000;

/**
 * Carries bill runs on, chunk by chunk. A chunk is one transaction that commits documents, claims and progress together,
 * under the lock of its row: a process that is killed leaves what is committed, and the chunk it was at to whoever comes
 * next. Any number of workers, in any number of processes, share a run.
 */
export async function carryOn(services: Services, isEnded: () => boolean = () => false): Promise<void> {
  const failed = new Map<string, unknown>();
  for (let worked = true; worked && !isEnded(); ) {
    worked = false;
    for (const run of await openRuns(services.db.aside())) {
      if (isEnded() || failed.has(run.id)) continue;
      try {
        worked = (await step(services, run)) || worked;
      } catch (error) {
        // It must not keep those back that come after it, however often it fails.
        services.onFailure(error, `carrying bill run ${run.billRunNumber} on`);
        failed.set(run.id, error);
      }
    }
  }
  for (const error of failed.values()) throw error;
}

/** One step of a run; false where nothing of it is left for this worker. */
export async function step(services: Services, run: BillRunRow): Promise<boolean> {
  if (run.status === 'Pending') return inTransaction(services, (lease) => plan(services, lease, run.id));
  try {
    const worked = await inTransaction(services, (lease) => workChunk(services, lease, run, false));
    if (worked) return true;
  } catch (error) {
    // What may pass, or has to do with the database as a whole, is no account's fault: it is tried again later.
    if (failureOf(error)) throw error;
    services.onFailure(error, `a chunk of bill run ${run.billRunNumber}: its accounts are tried one by one`);
    return inTransaction(services, (lease) => workChunk(services, lease, run, true));
  }
  return inTransaction(services, (lease) => finish(lease, run.id));
}

async function inTransaction<T>(services: Services, act: (lease: Lease) => Promise<T>): Promise<T> {
  const lease = await Lease.take(services.db.working);
  let open = true;
  try {
    await lease.control('begin');
    const result = await act(lease);
    open = false;
    await lease.commit();
    return result;
  } finally {
    await lease.release(open);
  }
}

/** On behalf of whoever made the run, in the orgs that it belongs to. */
const callerOf = (run: BillRunRow): Caller => ({
  clientId: run.createdById,
  entityId: run.entityId,
  orgIds: run.orgIds,
  scopes: new Set<Scope>(scopes),
  requestId: run.billRunNumber,
  trackId: run.trackId,
});

const touched = (run: BillRunRow): Pick<BillRunRow, 'version' | 'updatedDate'> => ({
  version: run.version + 1,
  updatedDate: new Date().toISOString(),
});

/** Finds out what is due, of which accounts, and parts it into chunks. */
async function plan(services: Services, lease: Connection, runId: string): Promise<boolean> {
  const run = await lockRun(lease, runId);
  if (run?.status !== 'Pending') return run !== undefined;
  const unit = new Unit(lease, services, callerOf(run), false);
  // Whole tables are looked through here, which is best done in one go.
  await lease.control('set local enable_seqscan = on');
  const due = await dueAccounts(unit.db, run.accountIds, run.targetDate);
  let chunkId = newId();
  let size = 0;
  const accounts = due.map(({ accountId, orgId, count }) => {
    if (size > 0 && size + count > chunkSize) {
      chunkId = newId();
      size = 0;
    }
    size += count;
    return { id: newId(), chunkId, accountId, orgId, total: count };
  });
  await insertChunks(lease, run, accounts);
  const total = due.reduce((sum, { count }) => sum + count, 0);
  await saveRun(lease, { ...run, ...touched(run), status: 'Processing', total, startedDate: unit.now });
  return true;
}

/** A run whose chunks are all done goes on to its next status, or is gone. */
async function finish(lease: Connection, runId: string): Promise<boolean> {
  const run = await lockRun(lease, runId);
  if (!run || !isPhase(run.status) || (await hasChunks(lease, runId, billRunPhases[run.status].from))) return false;
  const status = finishedStatus(run, await hasChunks(lease, runId, ['Parked']));
  if (status === null) await deleteRun(lease, runId);
  else {
    const finishedDate = openBillRuns.includes(status) ? null : new Date().toISOString();
    await saveRun(lease, { ...run, ...touched(run), status, finishedDate });
  }
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
async function workChunk(services: Services, lease: Lease, seen: BillRunRow, carefully: boolean): Promise<boolean> {
  if (!isPhase(seen.status)) return false;
  const { from, to } = billRunPhases[seen.status];
  const chunkId = await takeChunk(lease, seen.id, from);
  if (!chunkId) return false;
  // Behind the lock of the chunk, since the run may have been finished and put to another act since it was seen. From here
  // on it stays at what it is at, but for one that bills and is canceled, which is not locked out: a chunk that is billed
  // meanwhile is canceled after it, since it is a chunk still.
  const run = await findRun(lease, seen.id);
  if (run?.status !== seen.status) return true;
  const phase = seen.status;
  const all = await chunkAccounts(lease, chunkId);
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
  if (phase !== 'Processing' && (parked || accounts.length < all.length)) await markChunk(lease, chunkId, 'Parked');
  else if (to === null) await deleteChunk(lease, chunkId);
  else await markChunk(lease, chunkId, to);
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
    } catch (error) {
      if (failureOf(error)) throw error;
      await lease.control('rollback to savepoint account');
      services.onFailure(error, `bill run ${run.billRunNumber}, account ${account.accountId}`);
      parked = true;
      await saveAccounts(lease, run.id, [{ ...account, ...reasonOf(error), during: phase }]);
      if (phase === 'Processing') await countRun(lease, run.id, 0, Math.max(account.total - account.done, 0));
    }
  }
  return { whole, parked };
}

function reasonOf(error: unknown): { code: UserErrorCode; message: string } {
  const refusal = translated(error);
  if (refusal instanceof Refusal) {
    const [{ code, message }] = refusal.errors;
    return { code, message };
  }
  return { code: 'UNEXPECTED', message: 'An unexpected failure; the log tells more.' };
}

/** Bills what is due of these accounts; false where more is left than goes into one transaction. */
async function billAccounts(unit: Unit, run: BillRunRow, accounts: readonly BillRunAccountRow[]): Promise<boolean> {
  const origin: Origin = { source: 'BillRun', billRunId: run.id, status: 'Draft' };
  const dates: BillingDates = { targetDate: run.targetDate, documentDate: run.invoiceDate };
  const groups = await dueGroups(
    unit.db,
    accounts.map(({ accountId }) => accountId),
    run.targetDate,
  );
  const withReturns = [...new Set(groups.filter((group) => group.hasReturns).map((group) => group.accountId))];
  const billed = new Map<string, number>();
  // What one invoice takes is also what one transaction does: an account that has more is billed in several.
  let left = maxDocumentItems;

  if (withReturns.length) {
    const charges = await dueCharges(unit.db, withReturns, run.targetDate, left);
    await writeDocuments(unit, charges, dates, origin);
    for (const { accountId } of charges) billed.set(accountId, (billed.get(accountId) ?? 0) + 1);
    left -= charges.length;
  }
  const sales = groups.filter((group) => !withReturns.includes(group.accountId));
  const fitting = sales.filter((group) => {
    left -= group.count;
    return left >= 0 || group === sales[0];
  });
  if (fitting.length) await billSales(unit, fitting, dates, origin, billed);

  await unit.writeHistory();
  await saveAccounts(
    unit.db.connection,
    run.id,
    accounts.map((account) => ({ ...account, done: account.done + (billed.get(account.accountId) ?? 0) })),
  );
  const count = [...billed.values()].reduce((sum, each) => sum + each, 0);
  await countRun(unit.db.connection, run.id, count, 0);
  return left >= 0 && count < maxDocumentItems;
}

/**
 * Bills accounts without returns by set: the database moves the rows, the domain has the say over every amount. The
 * invoices are written first, since items refer to them, and get their totals from what was put on them.
 */
async function billSales(
  unit: Unit,
  groups: readonly DueGroup[],
  dates: BillingDates,
  origin: Origin,
  billed: Map<string, number>,
): Promise<void> {
  const accountIds = [...new Set(groups.map((group) => group.accountId))];
  const settings = await unit.settings();
  const amounts = groups.some((group) => group.isPriced) ? await dueAmounts(unit.db, accountIds, dates.targetDate) : [];
  const headers = groups.map((group) => {
    const draft = invoiceHeader(group, dates);
    return { ...documentOf(unit, draft, origin), ...headerOf(draft) };
  });
  const numbering = unit.numbering('invoice', 'invoiceNumber', headers.length);
  const invoices = await insertNumberedRows<InvoiceRow>(unit.db, InvoiceRow, headers, numbering);
  const prices = amounts.map((amount) => priceOf(amount, settings));
  const sums = new Map(
    (await billDue(unit.db, accountIds, dates.targetDate, invoices, prices, maxDocumentItems)).map((sum) => [
      sum.invoiceId,
      sum,
    ]),
  );
  // A group whose last item has changed its payment term or group meanwhile is left without any.
  const empty = invoices.filter((invoice) => !sums.has(invoice.id));
  if (empty.length)
    await deleteRows(
      unit.db,
      InvoiceRow,
      empty.map(({ id }) => id),
    );
  const totals = invoices
    .filter((invoice) => sums.has(invoice.id))
    .map((invoice) => {
      const { net, tax, count } = sums.get(invoice.id)!;
      billed.set(invoice.accountId, (billed.get(invoice.accountId) ?? 0) + count);
      const amount = add(net, tax);
      return { ...invoice, amountWithoutTax: net, taxAmount: tax, amount, balance: amount };
    });
  refuse(totals.flatMap(judgeTotal));
  await updateRows(unit.db, InvoiceRow, totals, ['amountWithoutTax', 'taxAmount', 'amount', 'balance']);
  for (const invoice of totals) unit.note('Invoice', 'Create', null, invoice);
}

const headerOf = (draft: Omit<InvoiceDraft, 'items'>) => ({
  invoiceNumber: null as unknown as string,
  invoiceDate: draft.documentDate,
  dueDate: draft.dueDate,
  paymentTerm: draft.paymentTerm,
  balance: draft.amount,
  reversed: false,
});

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
      await carryOn(services, () => ended).catch((error) => services.onFailure(error, 'carrying bill runs on'));
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
