import { add, type Decimal, subtract } from './decimal';
import type { TaxMode } from './price';

export type CreditMemoStatus = 'Draft' | 'Posted' | 'Canceled';

/** Why a return is credited, where nobody says otherwise. Source: tutorial "Order fulfillment". */
export const defaultReasonCode = 'Return Order';

/**
 * What of a credit memo is still to be used: amount = applied + unapplied + refunded. Nothing of one that is Canceled (N11).
 * Source: "GETCreditMemoType".
 */
export const unappliedCredit = (memo: {
  status: CreditMemoStatus;
  amount: Decimal;
  appliedAmount: Decimal;
  refundAmount: Decimal;
}): Decimal => (memo.status === 'Canceled' ? '0' : subtract(memo.amount, add(memo.appliedAmount, memo.refundAmount)));

/** What an item is said to credit: tax included where the price included it. Source: "GETCreditMemoItemType". */
export const itemAmount = (item: {
  amountWithoutTax: Decimal;
  taxAmount: Decimal;
  taxMode: TaxMode | null;
}): Decimal => (item.taxMode === 'TaxInclusive' ? add(item.amountWithoutTax, item.taxAmount) : item.amountWithoutTax);
