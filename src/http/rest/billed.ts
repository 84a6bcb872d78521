import type { Billed } from '../../service/billing';
import { number } from './adapter';
import { Nullable, Optional } from './shape';

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
  invoiceNumbers: new Nullable([
    'Invoice.invoiceNumber',
    'The numbers of the posted invoices that runBilling made; null if there are none.',
  ]),
  creditMemoNumbers: new Nullable([
    'CreditMemo.creditMemoNumber',
    'The numbers of the posted credit memos that runBilling made; null if there are none.',
  ]),
  paidAmount: 'CreateFulfillmentsPayload.paidAmount',
  paymentNumber: new Nullable('Payment.paymentNumber'),
};

/** The ids of what was billed, as the published reply has them where ids are asked for. */
export const billedIds = ({ invoices, creditMemos, payments }: Billed) => ({
  ...(invoices.length > 0 && { invoiceIds: invoices.map(({ id }) => id) }),
  ...(creditMemos.length > 0 && { creditMemoIds: creditMemos.map(({ id }) => id) }),
  ...(payments.length === 1 && { paymentId: payments[0].id }),
});

/** The fields of `billedIds`. */
export const billedIdFields = {
  invoiceIds: new Optional(['Invoice.id', 'Ids of the invoices, in the order of their numbers.']),
  creditMemoIds: new Optional(['CreditMemo.id', 'Ids of the credit memos, in the order of their numbers.']),
  paymentId: new Optional('Payment.id'),
};
