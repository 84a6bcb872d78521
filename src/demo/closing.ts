import { createBillRun } from '../service/bill-run';
import { carryToEnd } from '../service/bill-run-worker';
import { applyCreditMemo } from '../service/credit-memo';
import { collectPayment } from '../service/payment-collect';
import { refundPayment } from '../service/payment-refund';
import { reverseInvoice } from '../service/reversal';
import type { Work } from '../service/run/work';
import { AccountRow } from '../store/account';
import type { BillRunRow } from '../store/bill-run';
import { CreditMemoRow } from '../store/credit-memo';
import { InvoiceRow } from '../store/invoice';
import { rowsBy } from '../store/query/write';
import { december, november, october } from './monthly';

/*
 * Closes the months of monthly.ts with one bill run each: the first two are posted, the last is left as drafts. Some of
 * the posted documents are then paid, refunded, credited, reversed and offset.
 */

/** Finds the numbers of an account's documents in a run. */
interface Closed {
  invoice(account: string): string;
  creditMemo(account: string): string;
}

/** Carried out in this process, so that the demo is complete with or without bill run workers. */
async function closeMonth(
  work: Work,
  day: string,
  how: { autoPost?: boolean; accountKeys?: string[] },
): Promise<Closed> {
  const { billRun } = await createBillRun(work, { targetDate: day, invoiceDate: day, ...how });
  await carryToEnd(work.services, work, billRun.id);
  return closed(work, billRun);
}

async function closed(work: Work, run: BillRunRow): Promise<Closed> {
  const scoped = work.reads();
  const invoices = await rowsBy<InvoiceRow>(scoped, InvoiceRow, 'billRunId', [run.id]);
  const creditMemos = await rowsBy<CreditMemoRow>(scoped, CreditMemoRow, 'billRunId', [run.id]);
  const accountIds = [...new Set([...invoices, ...creditMemos].map(({ accountId }) => accountId))];
  const accounts = await rowsBy<AccountRow>(scoped, AccountRow, 'id', accountIds, ['id', 'name']);
  const of = <R extends { accountId: string }>(rows: readonly R[], name: string): R =>
    rows.find(({ accountId }) => accountId === accounts.find((account) => account.name === name)?.id)!;
  return {
    invoice: (account) => of(invoices, account).invoiceNumber,
    creditMemo: (account) => of(creditMemos, account).creditMemoNumber,
  };
}

/** Collects an invoice, and returns the number of the payment. */
async function collected(work: Work, invoiceNumber: string): Promise<string> {
  const { payments } = await collectPayment(work, [invoiceNumber]);
  await work.finish();
  return payments[0].paymentNumber;
}

/** The entity with invoice settlement: credit memos are applied to invoices, and an invoice is reversed. */
export async function settleNorthwind(work: Work): Promise<void> {
  const first = await closeMonth(work, october, { autoPost: true });
  await collected(work, first.invoice('Kapok Clinics'));
  // Paid and refunded in full: the invoice is owed again.
  await refundPayment(work, await collected(work, first.invoice('Larch Hotels')));
  // Reversed before the next run, which bills it again.
  await reverseInvoice(work, first.invoice('Maple Farms'), { documentDate: '2025-11-05' });

  // Two items of Nutmeg Imports exceed the largest amount of an invoice, and are parked. Everything else is billed.
  const second = await closeMonth(work, november, { autoPost: true });
  const kapok = second.invoice('Kapok Clinics');
  await applyCreditMemo(work, second.creditMemo('Kapok Clinics'), kapok);
  await refundPayment(work, await collected(work, kapok), '20.00');
  await applyCreditMemo(work, second.creditMemo('Larch Hotels'), first.invoice('Larch Hotels'), '100.00');
  await work.finish();

  // Only named accounts: the parked items would be parked again. Larch Hotels gets a draft invoice and a draft memo,
  // which are sisters.
  const names = ['Kapok Clinics', 'Larch Hotels', 'Maple Farms'];
  const accounts = await rowsBy<AccountRow>(work.reads(), AccountRow, 'name', names, ['id']);
  await closeMonth(work, december, { accountKeys: accounts.map(({ id }) => id) });
}

/** The entity without invoice settlement: a return is a negative invoice, which offsets the next collection. */
export async function settleSouthwind(work: Work): Promise<void> {
  const first = await closeMonth(work, october, { autoPost: true });
  await closeMonth(work, november, { autoPost: true });
  await collected(work, first.invoice('Olive Resorts'));
  await closeMonth(work, december, {});
}
