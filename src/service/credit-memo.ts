import { applicableAmount, judgeApplication, judgeUnapplication, withApplied } from '../domain/billing-document';
import { add, compare, type Decimal, subtract } from '../domain/decimal';
import type { HistoryAction } from '../domain/history';
import { CreditMemoApplicationRow, CreditMemoRow } from '../store/credit-memo';
import { newId } from '../store/id';
import { InvoiceRow } from '../store/invoice';
import { deleteRows, insertRows, rowsBy, updateRows } from '../store/query/write';
import { type CreditMemoResult, findCreditMemo, findInvoice, gone, lockDocuments } from './billing-document';
import { refuse } from './run/batch';
import type { Unit } from './run/unit';
import type { Work } from './run/work';

/**
 * Applies an amount of a credit memo to an invoice of the same account. Without an amount it applies as much as fits.
 */
export function applyCreditMemo(
  work: Work,
  key: string,
  invoiceKey: string,
  amount: Decimal | null = null,
  dryRun = false,
): Promise<CreditMemoResult> {
  return work.run(dryRun, async (unit) => {
    const { memo, invoice, application } = await lockPair(unit, key, invoiceKey);
    const { invoiceSettlement } = await unit.settings();
    refuse(judgeApplication(memo, invoice, amount, { caller: unit.caller, invoiceSettlement }));
    const applied = amount ?? applicableAmount(memo, invoice);
    if (application) {
      const raised = { ...application, amount: add(application.amount, applied), appliedDate: unit.now };
      await updateRows(unit.db, CreditMemoApplicationRow, [raised], ['amount', 'appliedDate']);
    } else {
      const { entityId, orgId, currency } = memo;
      const ids = { id: newId(), entityId, orgId, creditMemoId: memo.id, invoiceId: invoice.id };
      await insertRows(unit.db, CreditMemoApplicationRow, [
        { ...ids, currency, amount: applied, appliedDate: unit.now },
      ]);
    }
    return settle(unit, 'Apply', memo, invoice, applied);
  });
}

/** Unapplies an amount of a credit memo from an invoice. Without an amount it unapplies everything. */
export function unapplyCreditMemo(
  work: Work,
  key: string,
  invoiceKey: string,
  amount: Decimal | null = null,
  dryRun = false,
): Promise<CreditMemoResult> {
  return work.run(dryRun, async (unit) => {
    const { memo, invoice, application } = await lockPair(unit, key, invoiceKey);
    refuse(judgeUnapplication(memo, application?.amount ?? '0', amount, { caller: unit.caller }));
    const { id, amount: applied } = application!;
    const taken = amount ?? applied;
    if (compare(taken, applied) === 0) {
      await deleteRows(unit.db, CreditMemoApplicationRow, [id]);
    } else {
      const lowered = { ...application!, amount: subtract(applied, taken) };
      await updateRows(unit.db, CreditMemoApplicationRow, [lowered], ['amount']);
    }
    return settle(unit, 'Unapply', memo, invoice, subtract('0', taken));
  });
}

interface Pair {
  memo: CreditMemoRow;
  invoice: InvoiceRow;
  /** The part of the credit memo already applied to the invoice. The lock of the credit memo protects this row. */
  application: CreditMemoApplicationRow | undefined;
}

async function lockPair(unit: Unit, key: string, invoiceKey: string): Promise<Pair> {
  const found = { memo: await findCreditMemo(unit, key), invoice: await findInvoice(unit, invoiceKey, 'invoiceKey') };
  const accountIds = [found.memo.accountId, found.invoice.accountId];
  const locked = await lockDocuments(unit, accountIds, [found.invoice.id], [found.memo.id]);
  const [invoice] = locked.invoices;
  const [memo] = locked.creditMemos;
  if (!invoice) throw gone('invoice', 'invoiceKey');
  if (!memo) throw gone('credit memo');
  const applications = await rowsBy<CreditMemoApplicationRow>(unit.db, CreditMemoApplicationRow, 'creditMemoId', [
    memo.id,
  ]);
  return { memo, invoice, application: applications.find((each) => each.invoiceId === invoice.id) };
}

/** Changes both balances. `amount` is below 0 to unapply. */
async function settle(
  unit: Unit,
  action: HistoryAction,
  memo: CreditMemoRow,
  invoice: InvoiceRow,
  amount: Decimal,
): Promise<CreditMemoResult> {
  const [movedMemo, movedInvoice] = withApplied(memo, invoice, amount);
  const creditMemo = { ...movedMemo, ...unit.touched(memo) };
  const owed = { ...movedInvoice, ...unit.touched(invoice) };
  const touched = ['version', 'updatedDate', 'updatedById'] as const;
  await updateRows(unit.db, InvoiceRow, [owed], ['balance', ...touched]);
  await updateRows(unit.db, CreditMemoRow, [creditMemo], ['appliedAmount', ...touched]);
  unit.note('CreditMemo', action, memo, creditMemo);
  unit.note('Invoice', action, invoice, owed);
  return { creditMemo, invoices: [owed] };
}
