import { currencyDecimals } from './currency';
import type { Day } from './date';
import { compare, type Decimal, multiply, type RoundingMode, round } from './decimal';
import type { FulfillmentState } from './fulfillment';
import type { OrderLineItemState } from './order-line-item';

export type InvoiceStatus = 'Draft' | 'Posted' | 'Canceled';

/** Rounding of extended amounts where no other mode is set. Source: "Data type rounding rules". */
export const defaultRounding: RoundingMode = 'HALF_UP';

/** Dates of a billing act. `targetDate` is the cut-off, `documentDate` is printed and starts the payment term. */
export interface BillingDates {
  targetDate: Day;
  documentDate: Day;
}

/** targetDate defaults to today, documentDate to targetDate. Source: BillingOptions schema. */
export function billingDates(
  options: { targetDate?: Day | null; documentDate?: Day | null } | null | undefined,
  today: Day,
): BillingDates {
  const targetDate = options?.targetDate ?? today;
  return { targetDate, documentDate: options?.documentDate ?? targetDate };
}

/**
 * Does billing up to `targetDate` pick this fulfillment, or this line item without fulfillments, up? It has entered
 * SentToBilling at some time, still stands there or is Complete, is due, and no claim says that it is billed already.
 * Source: "Billing documents generation for order line items and fulfillments".
 */
export const isBillable = (
  billed: {
    state: FulfillmentState | OrderLineItemState;
    sentToBillingDate: string | null;
    billTargetDate: Day | null;
  },
  targetDate: Day,
  claimed: boolean,
): boolean =>
  !claimed &&
  billed.sentToBillingDate !== null &&
  (billed.state === 'SentToBilling' || billed.state === 'Complete') &&
  billed.billTargetDate !== null &&
  billed.billTargetDate <= targetDate;

/**
 * What a quantity is charged: price x quantity, rounded once, to the decimals of the currency. Each item is rounded
 * on its own; no true-up against the line item's amount is documented. Sources: "Data type rounding rules";
 * "Invoice-level rounding".
 */
export const chargeAmount = (
  amountPerUnit: Decimal,
  quantity: Decimal,
  currency: string,
  mode: RoundingMode = defaultRounding,
): Decimal => round(multiply(amountPerUnit, quantity), currencyDecimals(currency), mode);

/** What each account owes on these invoices, only where that is positive: nothing else is ever collected. */
export function amountsToCollect<I extends { accountId: string; currency: string; balance: Decimal }>(
  invoices: readonly I[],
): Map<string, I[]> {
  const groups = new Map<string, I[]>();
  for (const invoice of invoices) {
    if (compare(invoice.balance, '0') <= 0) continue;
    const key = `${invoice.accountId} ${invoice.currency}`;
    groups.set(key, [...(groups.get(key) ?? []), invoice]);
  }
  return groups;
}
