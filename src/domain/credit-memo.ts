import { add, type Decimal, subtract } from './decimal';
import type { TaxMode } from './price';

export type CreditMemoStatus = 'Draft' | 'Posted' | 'Canceled';

/** The default reason for crediting a return. Source: tutorial "Order fulfillment". */
export const defaultReasonCode = 'Return Order';

/**
 * The unused rest of a credit memo: amount = applied + unapplied + refunded. A Canceled memo has none (N11).
 * Source: "GETCreditMemoType".
 */
export const unappliedCredit = (memo: {
  status: CreditMemoStatus;
  amount: Decimal;
  appliedAmount: Decimal;
  refundAmount: Decimal;
}): Decimal => (memo.status === 'Canceled' ? '0' : subtract(memo.amount, add(memo.appliedAmount, memo.refundAmount)));

/** The shown amount of a credit memo item: with tax if the price included tax. Source: "GETCreditMemoItemType". */
export const itemAmount = (item: {
  amountWithoutTax: Decimal;
  taxAmount: Decimal;
  taxMode: TaxMode | null;
}): Decimal => (item.taxMode === 'TaxInclusive' ? add(item.amountWithoutTax, item.taxAmount) : item.amountWithoutTax);
