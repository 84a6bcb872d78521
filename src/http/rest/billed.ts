import type { Billed } from '../../service/billing';
import { number } from './adapter';
import { Nullable } from './shape';

/** What an operation has billed, as the published replies say it. */
export const billedReply = ({ invoices, creditMemos, payments, paidAmount }: Billed) => ({
  invoiceNumbers: invoices.length ? invoices.map((invoice) => invoice.invoiceNumber) : null,
  creditMemoNumbers: creditMemos.length ? creditMemos.map((memo) => memo.creditMemoNumber) : null,
  paidAmount: paidAmount === null ? null : number(paidAmount),
  // The published reply has room for one payment number. With several accounts the graph lists all payments.
  paymentNumber: payments.length === 1 ? payments[0].paymentNumber : null,
});

/** The fields of `billedReply`. */
export const billedFields = {
  invoiceNumbers: new Nullable(['Invoice.invoiceNumber']),
  creditMemoNumbers: new Nullable(['CreditMemo.creditMemoNumber']),
  paidAmount: 'CreateFulfillmentsPayload.paidAmount',
  paymentNumber: new Nullable('Payment.paymentNumber'),
};
