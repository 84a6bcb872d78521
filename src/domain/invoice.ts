import { currencyDecimals } from './currency';
import type { Day } from './date';
import { add, compare, type Decimal, isPositive, multiply, type RoundingMode, round, subtract } from './decimal';
import type { FulfillmentState } from './fulfillment-state';
import type { OrderLineItemState } from './order-line-item';

export type InvoiceStatus = 'Draft' | 'Posted' | 'Canceled';

/** Rounding mode of extended amounts if no other mode is set. Source: "Data type rounding rules". */
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
 * Does billing up to `targetDate` take this fulfillment, or this line item without fulfillments? It must have entered
 * SentToBilling, be SentToBilling or Complete now, and be due. `claimed` means that it is billed already.
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
 * The charge for a quantity: price x quantity, rounded once to the decimals of the currency. Each item is rounded
 * alone: no true-up against the line item's amount is documented.
 * Sources: "Data type rounding rules"; "Invoice-level rounding".
 */
export const chargeAmount = (
  amountPerUnit: Decimal,
  quantity: Decimal,
  currency: string,
  mode: RoundingMode = defaultRounding,
): Decimal => round(multiply(amountPerUnit, quantity), currencyDecimals(currency), mode);

/** The invoices to collect, by account and currency. An invoice with a balance of 0 or less is never collected. */
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

interface Owing {
  id: string;
  accountId: string;
  currency: string;
  invoiceDate: Day;
  balance: Decimal;
}

/** The amount that a negative invoice takes off another invoice. */
interface Offset {
  negativeInvoiceId: string;
  invoiceId: string;
  amount: Decimal;
}

/**
 * Offsets negative invoices, which exist where invoice settlement is off. A negative invoice reduces the next
 * collection of its account in its currency, the oldest invoices first on both sides. An unused rest waits for the next
 * collection. Our choice: Zuora's documents leave offsets to the payment run.
 */
export function offsetsOf(owing: readonly Owing[], negative: readonly Owing[]): Offset[] {
  const credit = new Map<string, { id: string; left: Decimal }[]>();
  for (const { id, accountId, currency, balance } of oldestFirst(negative)) {
    const key = `${accountId} ${currency}`;
    credit.set(key, [...(credit.get(key) ?? []), { id, left: subtract('0', balance) }]);
  }
  const offsets: Offset[] = [];
  for (const { id: invoiceId, accountId, currency, balance } of oldestFirst(owing)) {
    let open = balance;
    for (const from of credit.get(`${accountId} ${currency}`) ?? []) {
      if (!isPositive(open)) break;
      if (!isPositive(from.left)) continue;
      const amount = compare(open, from.left) < 0 ? open : from.left;
      offsets.push({ negativeInvoiceId: from.id, invoiceId, amount });
      open = subtract(open, amount);
      from.left = subtract(from.left, amount);
    }
  }
  return offsets;
}

const oldestFirst = <I extends Owing>(invoices: readonly I[]): I[] =>
  [...invoices].sort((a, b) => (`${a.invoiceDate} ${a.id}` < `${b.invoiceDate} ${b.id}` ? -1 : 1));

/** The balances after offsets, by invoice id. Untouched invoices are absent. */
export function balancesBehind(
  invoices: readonly { id: string; balance: Decimal }[],
  offsets: readonly Offset[],
): Map<string, Decimal> {
  const before = new Map(invoices.map(({ id, balance }) => [id, balance]));
  const after = new Map<string, Decimal>();
  const balance = (id: string): Decimal => after.get(id) ?? before.get(id)!;
  for (const { invoiceId, negativeInvoiceId, amount } of offsets) {
    after.set(invoiceId, subtract(balance(invoiceId), amount));
    after.set(negativeInvoiceId, add(balance(negativeInvoiceId), amount));
  }
  return after;
}
