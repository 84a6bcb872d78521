import { billRunPhases, finishedStatus, openBillRuns } from '../domain/bill-run';
import { type InvoiceDraft, invoiceHeader, judgeTotal, maxDocumentItems } from '../domain/billing';
import { type Caller, type Scope, scopes } from '../domain/caller';
import { dayOf } from '../domain/date';
import { add } from '../domain/decimal';
import { Refusal, type UserErrorCode } from '../domain/errors';
import type { BillingDates } from '../domain/invoice';
import { lockAccountsForBilling } from '../store/account';
import {
  type BillRunAccountRow,
  type BillRunRow,
  chunkAccounts,
  countRun,
  draftsOfRun,
  findRun,
  hasChunks,
  insertChunks,
  lockRun,
  markChunk,
  openRuns,
  releaseClaims,
  saveAccounts,
  saveRun,
  takeChunk,
} from '../store/bill-run';
import { type Connection, Lease } from '../store/connection';
import { CreditMemoRow } from '../store/credit-memo';
import { billDue, type DueGroup, dueAccounts, dueAmounts, dueGroups, gatherDue, gatheredCharges } from '../store/due';
import { failureOf } from '../store/failure';
import { newId } from '../store/id';
import { InvoiceRow } from '../store/invoice';
import { insertNumberedRows, updateRows } from '../store/write';
import { refuse } from './batch';
import { findBillRun, priceOf } from './bill-run';
import { documentOf, type Origin, writeDocuments } from './billing';
import { type Services, translated, Unit, type Work } from './work';

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

/** Carries runs on until this one is finished: another process may be at the last of its chunks. */
export async function carryToEnd(services: Services, work: Work, runId: string, workers = 1): Promise<BillRunRow> {
  for (;;) {
    await Promise.all(Array.from({ length: workers }, () => carryOn(services)));
    const run = (await findBillRun(work, runId))!;
    if (run.finishedDate) return run;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** One step of a run; false where nothing of it is left for this worker. */
export async function step(services: Services, run: BillRunRow): Promise<boolean> {
  if (run.status === 'Pending') return inTransaction(services, (lease) => plan(services, lease, run.id));
  if (!(run.status in billRunPhases)) return false;
  try {
    const worked = await inTransaction(services, (lease) => workChunk(services, lease, run.id, false));
    if (worked) return true;
  } catch (error) {
    // What may pass, or has to do with the database as a whole, is no account's fault: it is tried again later.
    if (failureOf(error)) throw error;
    services.onFailure(error, `a chunk of bill run ${run.billRunNumber}: its accounts are tried one by one`);
    return inTransaction(services, (lease) => workChunk(services, lease, run.id, true));
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
  const run = await lockRun(lease, runId, 'no key update');
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
  await saveRun(lease, { ...run, ...touched(run), status: 'Processing', total: sum(due), startedDate: unit.now });
  return true;
}

/** A run whose chunks are all done goes on to its next status. */
async function finish(lease: Connection, runId: string): Promise<boolean> {
  const run = await lockRun(lease, runId, 'no key update');
  const phase = run && billRunPhases[run.status as keyof typeof billRunPhases];
  if (!run || !phase || (await hasChunks(lease, runId, phase.from))) return false;
  const status = finishedStatus(run);
  const finishedDate = openBillRuns.includes(status) ? null : new Date().toISOString();
  await saveRun(lease, { ...run, ...touched(run), status, finishedDate });
  return true;
}

/** Does one chunk of what the run is at; false where there is none that nobody else works on. */
async function workChunk(services: Services, lease: Lease, runId: string, carefully: boolean): Promise<boolean> {
  // Not locked: a chunk that is billed while the run is being canceled is canceled after it, since it is a chunk still.
  const run = await findRun(lease, runId);
  const phase = run && billRunPhases[run.status as keyof typeof billRunPhases];
  if (!run || !phase) return false;
  const chunkId = await takeChunk(lease, runId, phase.from);
  if (!chunkId) return false;
  // One that was billed in part before it failed has drafts too: they are posted or canceled with the rest.
  const accounts = (await chunkAccounts(lease, chunkId)).filter(
    ({ code }) => code === null || run.status !== 'Processing',
  );
  const ids = accounts.map((account) => account.accountId);
  const unit = new Unit(lease, services, callerOf(run), false);
  await lockAccountsForBilling(unit.db, ids);
  if (run.status === 'Processing') {
    const whole = carefully
      ? await billOneByOne(services, lease, run, accounts)
      : await billAccounts(unit, run, accounts);
    if (whole) await markChunk(lease, chunkId, 'Billed');
    return true;
  }
  if (run.status === 'PostInProgress') await moveDocuments(unit, run, ids, 'Posted');
  else {
    await releaseClaims(lease, run.id, ids);
    await moveDocuments(unit, run, ids, 'Canceled');
  }
  await unit.writeHistory();
  await markChunk(lease, chunkId, phase.to);
  return true;
}

/** The accounts of a chunk that has failed, each for itself: one that fails again is parked with its reason. */
async function billOneByOne(
  services: Services,
  lease: Lease,
  run: BillRunRow,
  accounts: readonly BillRunAccountRow[],
): Promise<boolean> {
  let whole = true;
  for (const account of accounts) {
    await lease.control('savepoint account');
    try {
      whole = (await billAccounts(new Unit(lease, services, callerOf(run), false), run, [account])) && whole;
    } catch (error) {
      if (failureOf(error)) throw error;
      await lease.control('rollback to savepoint account');
      services.onFailure(error, `bill run ${run.billRunNumber}, account ${account.accountId}`);
      await saveAccounts(lease, run.id, [{ ...account, ...reasonOf(error) }]);
      await countRun(lease, run.id, 0, Math.max(account.total - account.done, 0));
    }
  }
  return whole;
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
  const ids = accounts.map(({ accountId }) => accountId);
  // What one invoice takes is also what one transaction does: an account that has more is billed in several.
  await gatherDue(unit.db, ids, run.targetDate, maxDocumentItems);
  const groups = await dueGroups(unit.db);
  let count = sum(groups);
  const whole = count < maxDocumentItems;
  // The last may have been cut: it is left to the next transaction, so that it is not on more invoices than it need be.
  if (!whole && groups.length > 1) count -= groups.pop()!.count;
  const withReturns = [...new Set(groups.filter((group) => group.hasReturns).map((group) => group.accountId))];
  if (withReturns.length) {
    await writeDocuments(unit, await gatheredCharges(unit.db, withReturns, count), dates, origin);
  }
  const sales = groups.filter((group) => !withReturns.includes(group.accountId));
  if (sales.length) await billSales(unit, sales, dates, origin);

  const billed = new Map<string, number>();
  for (const { accountId, count } of groups) billed.set(accountId, (billed.get(accountId) ?? 0) + count);
  await unit.writeHistory();
  await saveAccounts(
    unit.db.connection,
    run.id,
    accounts.map((account) => ({ ...account, done: account.done + (billed.get(account.accountId) ?? 0) })),
  );
  await countRun(unit.db.connection, run.id, count, 0);
  return whole;
}

const sum = (groups: readonly { count: number }[]): number => groups.reduce((sum, { count }) => sum + count, 0);

/**
 * Bills accounts without returns by set: the database moves the rows, the domain has the say over every amount. The
 * invoices are written first, since items refer to them, and get their totals from what was put on them.
 */
async function billSales(unit: Unit, groups: readonly DueGroup[], dates: BillingDates, origin: Origin): Promise<void> {
  const settings = await unit.settings();
  const amounts = groups.some((group) => group.isPriced) ? await dueAmounts(unit.db) : [];
  const headers = groups.map((group) => {
    const draft = invoiceHeader(group, dates);
    return { ...documentOf(unit, draft, origin), ...headerOf(draft) };
  });
  const numbering = unit.numbering('invoice', 'invoiceNumber', headers.length);
  const invoices = await insertNumberedRows<InvoiceRow>(unit.db, InvoiceRow, headers, numbering);
  const prices = amounts.map((amount) => priceOf(amount, settings));
  const sums = new Map((await billDue(unit.db, invoices, prices)).map((sum) => [sum.invoiceId, sum]));
  const totals = invoices.map((invoice) => {
    const { net, tax } = sums.get(invoice.id)!;
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

/** Posts or cancels the drafts that the run made of these accounts. */
async function moveDocuments(
  unit: Unit,
  run: BillRunRow,
  accountIds: readonly string[],
  status: 'Posted' | 'Canceled',
): Promise<void> {
  const postedDate = status === 'Posted' ? dayOf(unit.now) : null;
  const action = status === 'Posted' ? 'Post' : 'Cancel';
  const columns = ['status', 'postedDate', 'version', 'updatedDate', 'updatedById'] as const;
  const invoices = await draftsOfRun(unit.db, InvoiceRow, run.id, accountIds);
  const invoicesAfter = invoices.map((document) => ({ ...document, status, postedDate, ...unit.touched(document) }));
  await updateRows(unit.db, InvoiceRow, invoicesAfter, columns);
  for (const [at, document] of invoices.entries()) unit.note('Invoice', action, document, invoicesAfter[at]);
  const memos = await draftsOfRun(unit.db, CreditMemoRow, run.id, accountIds);
  const memosAfter = memos.map((document) => ({ ...document, status, postedDate, ...unit.touched(document) }));
  await updateRows(unit.db, CreditMemoRow, memosAfter, columns);
  for (const [at, document] of memos.entries()) unit.note('CreditMemo', action, document, memosAfter[at]);
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
