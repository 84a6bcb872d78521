import { paymentTermDays } from './account';
import { currencyDecimals } from './currency';
import { addDays, type Day } from './date';
import { add, compare, type Decimal, multiply, type RoundingMode, round } from './decimal';
import type { FulfillmentState } from './fulfillment';
import type { TaxMode } from './price';

export type InvoiceStatus = 'Draft' | 'Posted' | 'Canceled';

/** Published limit of charges on one invoice. */
export const maxInvoiceItems = 20_000;

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
 * Does billing up to `targetDate` pick this fulfillment up? It has entered SentToBilling at some time, still stands
 * there or is Complete, is due, and no claim says that it is billed already.
 * Source: "Billing documents generation for order line items and fulfillments".
 */
export const isBillable = (
  fulfillment: { state: FulfillmentState; sentToBillingDate: string | null; billTargetDate: Day | null },
  targetDate: Day,
  billed: boolean,
): boolean =>
  !billed &&
  fulfillment.sentToBillingDate !== null &&
  (fulfillment.state === 'SentToBilling' || fulfillment.state === 'Complete') &&
  fulfillment.billTargetDate !== null &&
  fulfillment.billTargetDate <= targetDate;

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

/** Something to be billed, with the attributes that decide on which document it stands. */
export interface Charge {
  accountId: string;
  orgId: string;
  currency: string;
  /** The line item's own payment term, else the account's. */
  paymentTerm: string;
  invoiceGroupNumber: string | null;
  orderLineItemId: string;
  fulfillmentId: string | null;
  chargeName: string;
  quantity: Decimal;
  unitPrice: Decimal;
  unitOfMeasure: string | null;
  taxMode: TaxMode | null;
  serviceStartDate: Day | null;
  serviceEndDate: Day | null;
  productCode: string | null;
  purchaseOrderNumber: string | null;
}

export interface InvoicedCharge extends Charge {
  chargeAmount: Decimal;
  taxAmount: Decimal;
}

export interface InvoiceDraft extends BillingDates {
  accountId: string;
  orgId: string;
  currency: string;
  paymentTerm: string;
  invoiceGroupNumber: string | null;
  dueDate: Day;
  amountWithoutTax: Decimal;
  taxAmount: Decimal;
  amount: Decimal;
  items: InvoicedCharge[];
}

/**
 * Puts charges on invoices. Those that agree in account, currency, payment term and invoice group number share one,
 * whatever their order or line item; documents come in one fixed order, by account first, so that the numbers
 * of one request are the same on every run. Sources: "Invoice grouping examples"; "Attributes for flexible billing".
 */
export function invoicesOf(
  charges: readonly Charge[],
  dates: BillingDates,
  mode: RoundingMode = defaultRounding,
): InvoiceDraft[] {
  const groups = new Map<string, Charge[]>();
  for (const charge of charges) {
    const key = JSON.stringify([charge.accountId, charge.currency, charge.paymentTerm, charge.invoiceGroupNumber]);
    const group = groups.get(key);
    if (group) group.push(charge);
    else groups.set(key, [charge]);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]) => chunks(group, maxInvoiceItems))
    .map((group) => invoiceOf(group, dates, mode));
}

function invoiceOf(charges: readonly Charge[], dates: BillingDates, mode: RoundingMode): InvoiceDraft {
  const { accountId, orgId, currency, paymentTerm, invoiceGroupNumber } = charges[0];
  const items = charges.map((charge) => ({
    ...charge,
    chargeAmount: chargeAmount(charge.unitPrice, charge.quantity, currency, mode),
    taxAmount: '0',
  }));
  const amountWithoutTax = add(...items.map((item) => item.chargeAmount));
  const taxAmount = add(...items.map((item) => item.taxAmount));
  return {
    ...dates,
    accountId,
    orgId,
    currency,
    paymentTerm,
    invoiceGroupNumber,
    dueDate: addDays(dates.documentDate, paymentTermDays(paymentTerm) ?? 0),
    amountWithoutTax,
    taxAmount,
    amount: add(amountWithoutTax, taxAmount),
    items,
  };
}

function chunks<T>(values: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let at = 0; at < values.length; at += size) result.push(values.slice(at, at + size));
  return result;
}

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
