import { add, type Decimal, subtract } from './decimal';

export type CreditMemoStatus = 'Draft' | 'Posted' | 'Canceled';

/** Why a return is credited, where nobody says otherwise. Source: tutorial "Order fulfillment". */
export const defaultReasonCode = 'Return Order';

/** What of a credit memo is still to be used: amount = applied + unapplied + refunded. */
export const unappliedCredit = (memo: { amount: Decimal; appliedAmount: Decimal; refundAmount: Decimal }): Decimal =>
  subtract(memo.amount, add(memo.appliedAmount, memo.refundAmount));
