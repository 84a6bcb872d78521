import {
  judgeDocument,
  judgeReversalDate,
  judgeReversalForGood,
  reversalDate,
  reversalReasonCode,
} from '../domain/billing-document';
import type { Day } from '../domain/date';
import { dayOf } from '../domain/date';
import { isPositive } from '../domain/decimal';
import { freeClaims } from '../store/billing-claim';
import { creditFacts } from '../store/credit';
import { CreditMemoApplicationRow, CreditMemoItemRow, CreditMemoRow } from '../store/credit-memo';
import { newId } from '../store/id';
import { InvoiceItemRow, InvoiceRow } from '../store/invoice';
import { insertNumberedRows, insertRows, rowsBy, updateRows } from '../store/query/write';
import { findInvoice, gone, holdBillRun, type InvoiceResult, lockDocuments } from './billing-document';
import { refuse } from './run/batch';
import type { Unit } from './run/unit';
import type { Work } from './run/work';

interface Reversal {
  documentDate?: Day | null;
  /** Whether the items of the invoice are billable again. Otherwise they stay billed, for an amount of zero. */
  rebill?: boolean;
  dryRun?: boolean;
}

/**
 * Reverses a posted invoice in full: a credit memo mirrors its items and is applied to it in the same transaction. The
 * invoice stays Posted, owes nothing and is flagged. Source: "Invoice reversal"; re-billing by default is our choice.
 */
export function reverseInvoice(
  work: Work,
  key: string,
  { documentDate, rebill = true, dryRun = false }: Reversal = {},
): Promise<InvoiceResult> {
  return work.run(dryRun, async (unit) => {
    const found = await findInvoice(unit, key);
    const [invoice] = (await lockDocuments(unit, [found.accountId], [found.id], [])).invoices;
    if (!invoice) throw gone('invoice');
    const date = reversalDate(documentDate, invoice, dayOf(unit.now));
    // Held, because a credit memo is created.
    const { invoiceSettlement } = await unit.settings(true);
    const context = { caller: unit.caller, invoiceSettlement, billRun: await holdBillRun(unit, invoice) };
    refuse([...judgeDocument('Reverse', invoice, context), ...judgeReversalDate(date, invoice)]);

    const items = await rowsBy<InvoiceItemRow>(unit.db, InvoiceItemRow, 'invoiceId', [invoice.id]);
    const memo = await writeReversal(unit, invoice, items, date);
    const reversed = { ...invoice, balance: '0', reversed: true, ...unit.touched(invoice) };
    await updateRows(unit.db, InvoiceRow, [reversed], ['balance', 'reversed', 'version', 'updatedDate', 'updatedById']);
    unit.note('Invoice', 'Reverse', invoice, reversed);
    if (rebill) {
      await freeClaims(unit.db, [invoice.id], []);
    } else {
      const lines = [...new Set(items.map((item) => item.orderLineItemId))];
      refuse(judgeReversalForGood((await creditFacts(unit.db, lines)).values()));
    }
    return { invoice: reversed, creditMemos: [memo] };
  });
}

/** The credit memo of a reversal. Its items hold no claim, because the invoice billed what they credit. */
async function writeReversal(
  unit: Unit,
  invoice: InvoiceRow,
  items: readonly InvoiceItemRow[],
  date: Day,
): Promise<CreditMemoRow> {
  const memo: CreditMemoRow = {
    id: newId(),
    ...unit.created(invoice.orgId),
    accountId: invoice.accountId,
    creditMemoNumber: null as unknown as string,
    status: 'Posted',
    creditMemoDate: date,
    targetDate: null,
    postedDate: dayOf(unit.now),
    currency: invoice.currency,
    invoiceGroupNumber: invoice.invoiceGroupNumber,
    amount: invoice.amount,
    amountWithoutTax: invoice.amountWithoutTax,
    taxAmount: invoice.taxAmount,
    appliedAmount: invoice.amount,
    refundAmount: '0',
    reasonCode: reversalReasonCode,
    source: 'API',
    billRunId: null,
    sisterInvoiceId: null,
    reversedInvoiceId: invoice.id,
  };
  const numbering = unit.numbering('credit_memo', 'creditMemoNumber', 1);
  await insertNumberedRows<CreditMemoRow>(unit.db, CreditMemoRow, [memo], numbering);
  unit.note('CreditMemo', 'Create', null, memo);
  const inOrder = [...items].sort((a, b) => (a.id < b.id ? -1 : 1));
  const mirrored = inOrder.map(
    ({ invoiceId: _, chargeAmount, ...item }): CreditMemoItemRow => ({
      ...item,
      id: newId(),
      creditMemoId: memo.id,
      amountWithoutTax: chargeAmount,
    }),
  );
  await insertRows(unit.db, CreditMemoItemRow, mirrored);
  // An invoice of 0 has no amount to apply.
  const applications: CreditMemoApplicationRow[] = isPositive(invoice.amount)
    ? [
        {
          id: newId(),
          entityId: memo.entityId,
          orgId: memo.orgId,
          creditMemoId: memo.id,
          invoiceId: invoice.id,
          currency: memo.currency,
          amount: memo.amount,
          appliedDate: unit.now,
        },
      ]
    : [];
  await insertRows(unit.db, CreditMemoApplicationRow, applications);
  return memo;
}
