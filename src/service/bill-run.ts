import {
  type BillRunAction,
  type BillRunInput,
  billRunActions,
  judgeBillRun,
  judgeBillRunInput,
} from '../domain/bill-run';
import { documentKey } from '../domain/billing';
import { taxRateOf } from '../domain/billing-settings';
import { currencyDecimals } from '../domain/currency';
import { type Day, dayOf } from '../domain/date';
import { add, type Decimal, fromBillionths, multiply, round } from '../domain/decimal';
import { below, Refusal, type UserError, userError } from '../domain/errors';
import { idOf } from '../domain/key';
import { maxDocumentItems } from '../domain/placing';
import { taxOf } from '../domain/tax';
import { AccountRow } from '../store/account';
import { BillRunRow, lockRun, postedRuns, usedRuns } from '../store/bill-run';
import { type ParkedItem, reopenChunks } from '../store/bill-run-chunk';
import type { BillingSettingsRow } from '../store/billing-settings';
import { billingSettings } from '../store/billing-settings';
import type { Scoped } from '../store/connection/connection';
import { type DueAmount, type DueGroup, type DuePrice, type DueSum, dueGroups, dueSums, gatherDue } from '../store/due';
import { newId } from '../store/id';
import { insertNumberedRows, rowsBy, updateRows } from '../store/query/write';
import { accountsByItem, placeGathered } from './bill-run-placing';
import { findByKey } from './key';
import { refuse } from './run/batch';
import type { Unit } from './run/unit';
import type { Work } from './run/work';

/**
 * Creates a bill run. A worker carries it out (bill-run-worker.ts). The run bills everything due up to the target date,
 * for the accounts named or for all that the caller sees.
 */
export function createBillRun(work: Work, input: BillRunInput): Promise<{ billRun: BillRunRow }> {
  return work.run(false, async (unit) => {
    refuse(below(['input'], judgeBillRunInput(input)));
    const { clientId, entityId, orgIds, trackId } = unit.caller;
    const billRun: BillRunRow = {
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
    await insertNumberedRows<BillRunRow>(unit.db, BillRunRow, [billRun], numbering);
    unit.note('BillRun', 'Create', null, billRun);
    wakeAfter(unit);
    return { billRun };
  });
}

/** A run in its current state, by id or number. */
export const findBillRun = (work: Work, key: string): Promise<BillRunRow | undefined> =>
  findByKey<BillRunRow>(work.reads(), BillRunRow, 'billRunNumber', key);

const wakeAfter = (unit: Unit): void => {
  unit.onCommit.push(async () => unit.services.wake?.());
};

/** The ids of the accounts that keys name. Each account may be named once. */
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

/** Begins to post, cancel or remove a run. The workers carry it out (bill-run-phase.ts). */
export function moveBillRun(work: Work, key: string, action: BillRunAction): Promise<{ billRun: BillRunRow }> {
  return work.run(false, async (unit) => {
    const before = await judged(unit, key, action);
    const { to } = billRunActions.find((row) => row.action === action && row.from === before.status)!;
    // The workers act in the name of this caller, and under the track id of this request.
    const { trackId } = unit.caller;
    const billRun = { ...before, status: to, finishedDate: null, trackId, ...unit.touched(before) };
    await updateRows(
      unit.db,
      BillRunRow,
      [billRun],
      ['status', 'finishedDate', 'trackId', 'version', 'updatedDate', 'updatedById'],
    );
    unit.note('BillRun', action === 'Delete' ? 'Remove' : action, before, billRun);
    await reopenChunks(unit.db.connection, billRun);
    wakeAfter(unit);
    return { billRun };
  });
}

/** Begins to remove a run with its documents. The run stays RemoveInProgress until it is deleted. */
export async function deleteBillRun(work: Work, key: string): Promise<{ deletedId: string }> {
  return { deletedId: (await moveBillRun(work, key, 'Delete')).billRun.id };
}

/** The run, locked so that none of its documents is posted on its own meanwhile. */
async function judged(unit: Unit, key: string, action: BillRunAction): Promise<BillRunRow> {
  const found = await findByKey<BillRunRow>(unit.db, BillRunRow, 'billRunNumber', key, ['entityId', 'id']);
  const run = found && (await lockRun(unit.db.connection, found));
  if (!run) throw new Refusal([userError('NOT_FOUND', 'No bill run has this id or number.', ['key'])]);
  const posted = (await postedRuns(unit.db, [run.id])).length > 0;
  const used = action === 'Delete' && (await usedRuns(unit.db, [run.id])).length > 0;
  refuse(below(['key'], judgeBillRun({ status: run.status, posted, used }, action, unit.caller)));
  return run;
}

/** The net and tax of a due amount. All billing by set uses this rule. */
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
  /** The items that no document could hold. No other part of the preview counts them. */
  failures: (ParkedItem & { during: 'Processing' })[];
}

/** Documents that a run would create. */
interface Foreseen {
  kind: 'invoice' | 'creditMemo';
  accountId: string;
  currency: string;
  documentCount: number;
  itemCount: number;
  amount: Decimal;
}

/** Previews a run: documents that it would create now. Nothing is written or locked. */
export async function previewBillRun(work: Work, input: BillRunInput): Promise<BillRunPreview> {
  refuse(below(['input'], judgeBillRunInput(input)));
  const scoped = work.reads();
  const accountIds = input.accountKeys ? await accountsOf(scoped, input.accountKeys) : null;
  const settings = await billingSettings(scoped);
  const sums = await dueSums(scoped, accountIds, input.targetDate);
  const groups = groupsOf(sums, settings);
  const byItem = accountsByItem([...groups.values()]);
  const foreseen = [...groups.values()]
    .filter(({ accountId }) => !byItem.has(accountId))
    .map((group): Foreseen => {
      const { accountId, currency, amount, count } = group;
      const documentCount = Math.ceil(count / maxDocumentItems);
      return { kind: 'invoice', accountId, currency, documentCount, itemCount: count, amount };
    });
  if (byItem.size === 0) return summedUp(foreseen, []);
  const { documents, parked } = await foreseenByItem(work, [...byItem], input.targetDate);
  return summedUp([...foreseen, ...documents], parked);
}

/** The groups of sums, with the total of their sales including tax. */
function groupsOf(sums: readonly DueSum[], settings: BillingSettingsRow): Map<string, DueGroup> {
  const groups = new Map<string, DueGroup>();
  for (const sum of sums) {
    const { net, tax } = sum.isPriced ? priceOf(sum, settings) : { net: sum.amount, tax: '0' };
    const amount = multiply(add(net, tax), sum.isPriced ? String(sum.count) : '1');
    const key = documentKey(sum);
    const group = groups.get(key);
    groups.set(key, {
      ...sum,
      count: sum.count + (group?.count ?? 0),
      amount: group ? add(amount, group.amount) : amount,
      hasReturns: sum.hasReturns || (group?.hasReturns ?? false),
    });
  }
  return groups;
}

/**
 * Documents that a run would create for these accounts, computed by the same functions as in a run. The functions
 * gather in a temporary table, which disappears with the transaction.
 */
function foreseenByItem(
  work: Work,
  accountIds: readonly string[],
  targetDate: Day,
): Promise<{ documents: Foreseen[]; parked: ParkedItem[] }> {
  return work.run(true, async (unit) => {
    await gatherDue(unit.db, accountIds, targetDate, null);
    const groups = await dueGroups(unit.db);
    const { charges, documents, parked } = await placeGathered(
      unit.db,
      groups,
      new Set(accountIds),
      await unit.settings(),
    );
    // The group of each position.
    const groupOf = groups.flatMap((group) => new Array<DueGroup>(group.count).fill(group));
    return {
      parked,
      documents: documents.map(({ kind, charges: positions }): Foreseen => {
        const { accountId, currency } = groupOf[positions[0]];
        let amount = 0n;
        for (const at of positions) amount += charges.net[at] + charges.tax[at];
        return {
          ...{ kind, accountId, currency, documentCount: 1, itemCount: positions.length },
          amount: fromBillionths(kind === 'invoice' ? amount : -amount),
        };
      }),
    };
  });
}

function summedUp(all: readonly Foreseen[], parked: readonly ParkedItem[]): BillRunPreview {
  const counts = { invoice: 0, creditMemo: 0 };
  const totals = new Map<string, BillRunPreview['totals'][number]>();
  for (const { kind, accountId, currency, documentCount, itemCount, amount } of all) {
    counts[kind] += documentCount;
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
    failures: parked.map((item) => ({ ...item, during: 'Processing' })),
  };
}
