import {
  type BillRunAction,
  type BillRunInput,
  billRunActions,
  judgeBillRun,
  judgeBillRunInput,
} from '../domain/bill-run';
import { type Draft, documentsOf, judgeTotal, maxDocumentItems, priced } from '../domain/billing';
import { taxRateOf } from '../domain/billing-settings';
import { currencyDecimals } from '../domain/currency';
import { dayOf } from '../domain/date';
import { add, type Decimal, multiply, round } from '../domain/decimal';
import { below, Refusal, type UserError, type UserErrorCode, userError } from '../domain/errors';
import { billingDates } from '../domain/invoice';
import { idOf } from '../domain/key';
import { taxOf } from '../domain/tax';
import { AccountRow } from '../store/account';
import { BillRunRow, lockRun, postedRuns, reopenChunks, usedRuns } from '../store/bill-run';
import type { BillingSettingsRow } from '../store/billing-settings';
import { billingSettings } from '../store/billing-settings';
import type { Scoped } from '../store/connection';
import { creditFacts } from '../store/credit';
import { type DueAmount, type DuePrice, dueCharges, dueSums } from '../store/due';
import { newId } from '../store/id';
import { insertNumberedRows, rowsBy, updateRows } from '../store/write';
import { refuse } from './batch';
import { findByKey } from './key';
import type { Unit, Work } from './work';

/**
 * Sets a bill run up; a worker carries it out (bill-run-worker.ts). It bills what is due up to the target date of the
 * accounts named, or of all that the caller sees.
 */
export function createBillRun(work: Work, input: BillRunInput): Promise<{ billRun: BillRunRow }> {
  return work.run(false, async (unit) => {
    refuse(below(['input'], judgeBillRunInput(input)));
    const { clientId, entityId, orgIds, trackId } = unit.caller;
    const row: BillRunRow = {
      id: newId(),
      entityId,
      orgIds: [...orgIds],
      version: 1,
      createdDate: unit.now,
      createdById: clientId,
      updatedDate: unit.now,
      updatedById: clientId,
      billRunNumber: null as unknown as string,
      status: 'Pending',
      targetDate: input.targetDate,
      invoiceDate: input.invoiceDate ?? dayOf(unit.now),
      autoPost: input.autoPost ?? false,
      accountIds: input.accountKeys ? await accountsOf(unit.db, input.accountKeys) : null,
      total: 0,
      done: 0,
      failed: 0,
      startedDate: null,
      finishedDate: null,
      trackId,
    };
    const numbering = unit.numbering('bill_run', 'billRunNumber', 1);
    const [billRun] = await insertNumberedRows<BillRunRow>(unit.db, BillRunRow, [row], numbering);
    unit.note('BillRun', 'Create', null, billRun);
    wakeAfter(unit);
    return { billRun };
  });
}

/** A run by its id or number, as it stands. */
export const findBillRun = (work: Work, key: string): Promise<BillRunRow | undefined> =>
  findByKey<BillRunRow>(work.reads(), BillRunRow, 'billRunNumber', key);

const wakeAfter = (unit: Unit): void => {
  unit.onCommit.push(async () => unit.services.wake?.());
};

/** The accounts that keys name, each once. */
async function accountsOf(scoped: Scoped, keys: readonly string[]): Promise<string[]> {
  const ids = keys.flatMap((key) => idOf(key) ?? []);
  const numbers = keys.filter((key) => !idOf(key) && !key.includes('\0'));
  const rows = [
    ...(ids.length ? await rowsBy<AccountRow>(scoped, AccountRow, 'id', ids, ['id', 'accountNumber']) : []),
    ...(numbers.length
      ? await rowsBy<AccountRow>(scoped, AccountRow, 'accountNumber', numbers, ['id', 'accountNumber'])
      : []),
  ];
  const byKey = new Map(rows.flatMap((row) => [[row.id, row.id] as const, [row.accountNumber, row.id] as const]));
  const seen = new Set<string>();
  const errors: UserError[] = [];
  for (const [at, key] of keys.entries()) {
    const id = byKey.get(idOf(key) ?? key);
    const path = ['input', 'accountKeys', at];
    if (!id) errors.push(userError('NOT_FOUND', 'No account has this id or number.', path));
    else if (seen.has(id)) errors.push(userError('INVALID_VALUE', 'The same account is named twice.', path));
    else seen.add(id);
  }
  refuse(errors);
  return [...seen];
}

/** Begins the posting, canceling or removing of a run, which the workers then carry out (bill-run-phase.ts). */
export function moveBillRun(work: Work, key: string, action: BillRunAction): Promise<{ billRun: BillRunRow }> {
  return work.run(false, async (unit) => {
    const before = await judged(unit, key, action);
    const { to } = billRunActions.find((row) => row.action === action && row.from === before.status)!;
    // The workers act in the name of whoever has begun this, and under the track id of that request.
    const { trackId } = unit.caller;
    const billRun = { ...before, status: to, finishedDate: null, trackId, ...unit.touched(before) };
    await updateRows(
      unit.db,
      BillRunRow,
      [billRun],
      ['status', 'finishedDate', 'trackId', 'version', 'updatedDate', 'updatedById'],
    );
    unit.note('BillRun', action === 'Delete' ? 'Remove' : action, before, billRun);
    await reopenChunks(unit.db.connection, billRun.id);
    wakeAfter(unit);
    return { billRun };
  });
}

/** Begins the removal of a run with its documents. It is RemoveInProgress until it is gone. */
export async function deleteBillRun(work: Work, key: string): Promise<{ deletedId: string }> {
  return { deletedId: (await moveBillRun(work, key, 'Delete')).billRun.id };
}

/** The run, locked so that no document of it is posted by itself meanwhile. */
async function judged(unit: Unit, key: string, action: BillRunAction): Promise<BillRunRow> {
  const found = await findByKey<BillRunRow>(unit.db, BillRunRow, 'billRunNumber', key, ['id']);
  const run = found && (await lockRun(unit.db.connection, found.id));
  if (!run) throw new Refusal([userError('NOT_FOUND', 'No bill run has this id or number.', ['key'])]);
  const posted = (await postedRuns(unit.db, [run.id])).length > 0;
  const used = action === 'Delete' && (await usedRuns(unit.db, [run.id])).length > 0;
  refuse(below(['key'], judgeBillRun({ status: run.status, posted, used }, action, unit.caller)));
  return run;
}

/** The net and the tax of an amount that is due: the one rule for what is billed by set. */
export function priceOf(due: DueAmount, settings: BillingSettingsRow): DuePrice {
  const { roundingMode } = settings;
  const amount = due.isRounded ? due.amount : round(due.amount, currencyDecimals(due.currency), roundingMode);
  const rate = taxRateOf(due.taxCode, settings);
  return { ...due, ...taxOf(amount, { ...due, ...settings, rate }), rate };
}

export interface BillRunPreview {
  invoiceCount: number;
  creditMemoCount: number;
  totals: {
    accountId: string;
    currency: string;
    invoiceAmount: Decimal;
    creditMemoAmount: Decimal;
    itemCount: number;
  }[];
  /** The accounts that the rules would refuse to bill; nothing else of the preview counts them. */
  failures: { accountId: string; code: UserErrorCode; message: string; during: 'Processing' }[];
}

/** Accounts with returns are looked at item by item. */
const allOfThem = 1_000_000;

/** What would go on one document, or on several where it is more than one holds. */
interface Foreseen {
  kind: 'invoice' | 'creditMemo';
  accountId: string;
  currency: string;
  itemCount: number;
  amountWithoutTax: Decimal;
  amount: Decimal;
}

/** What a run would bill now; nothing is written or locked. */
export async function previewBillRun(work: Work, input: BillRunInput): Promise<BillRunPreview> {
  refuse(below(['input'], judgeBillRunInput(input)));
  const scoped = work.reads();
  const accountIds = input.accountKeys ? await accountsOf(scoped, input.accountKeys) : null;
  const settings = await billingSettings(scoped);
  const sums = await dueSums(scoped, accountIds, input.targetDate);
  const withReturns = new Set(sums.filter((sum) => sum.hasReturns).map((sum) => sum.accountId));

  const groups = new Map<string, Foreseen>();
  for (const sum of sums) {
    const { accountId, currency } = sum;
    if (withReturns.has(accountId)) continue;
    const { net, tax } = sum.isPriced ? priceOf(sum, settings) : { net: sum.amount, tax: '0' };
    const times = sum.isPriced ? String(sum.count) : '1';
    const key = JSON.stringify([accountId, currency, sum.paymentTerm, sum.invoiceGroupNumber]);
    const group = groups.get(key) ?? {
      ...{ kind: 'invoice', accountId, currency, itemCount: 0, amountWithoutTax: '0', amount: '0' },
    };
    groups.set(key, {
      ...group,
      itemCount: group.itemCount + sum.count,
      amountWithoutTax: add(group.amountWithoutTax, multiply(net, times)),
      amount: add(group.amount, multiply(add(net, tax), times)),
    } as Foreseen);
  }

  const dates = billingDates(
    { targetDate: input.targetDate, documentDate: input.invoiceDate },
    dayOf(new Date().toISOString()),
  );
  const charges = withReturns.size ? await dueCharges(scoped, [...withReturns], input.targetDate, allOfThem) : [];
  const originals = [...new Set(charges.flatMap((charge) => charge.originalOrderLineItemId ?? []))];
  const facts = originals.length ? await creditFacts(scoped, originals) : new Map();
  const documents = documentsOf(priced(charges, settings, facts), dates, settings);
  const foreseen = (kind: Foreseen['kind']) => (draft: Draft) => ({ ...draft, kind, itemCount: draft.items.length });
  return summedUp([
    ...groups.values(),
    ...documents.invoices.map(foreseen('invoice')),
    ...documents.creditMemos.map(foreseen('creditMemo')),
  ]);
}

function summedUp(all: readonly Foreseen[]): BillRunPreview {
  const failures = new Map<string, BillRunPreview['failures'][number]>();
  for (const each of all) {
    // Which amounts go on which of several documents is not known before.
    const [error] = each.itemCount <= maxDocumentItems ? judgeTotal(each) : [];
    if (error && !failures.has(each.accountId)) {
      const { code, message } = error;
      failures.set(each.accountId, { accountId: each.accountId, code, message, during: 'Processing' });
    }
  }
  const counts = { invoice: 0, creditMemo: 0 };
  const totals = new Map<string, BillRunPreview['totals'][number]>();
  for (const { kind, accountId, currency, itemCount, amount } of all) {
    if (failures.has(accountId)) continue;
    counts[kind] += Math.ceil(itemCount / maxDocumentItems);
    const key = `${accountId} ${currency}`;
    const total = totals.get(key) ?? { accountId, currency, invoiceAmount: '0', creditMemoAmount: '0', itemCount: 0 };
    totals.set(key, {
      ...total,
      [`${kind}Amount`]: add(total[`${kind}Amount`], amount),
      itemCount: total.itemCount + itemCount,
    });
  }
  return {
    invoiceCount: counts.invoice,
    creditMemoCount: counts.creditMemo,
    totals: [...totals].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, total]) => total),
    failures: [...failures.values()].sort((a, b) => (a.accountId < b.accountId ? -1 : 1)),
  };
}
