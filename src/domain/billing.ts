import { paymentTermDays } from './account';
import { type BillingSettings, taxRateOf } from './billing-settings';
import { type Amounts, billed, type CreditFacts, credited, creditedTaxRate, creditOf } from './credit';
import { defaultReasonCode } from './credit-memo';
import { addDays, type Day } from './date';
import { add, compare, type Decimal, isPositive, subtract } from './decimal';
import { type UserError, userError } from './errors';
import { type BillingDates, chargeAmount } from './invoice';
import type { ItemCategory } from './order-line-item';
import { amount, type Extended, type TaxMode } from './price';
import { taxOf } from './tax';

/** Published limit of charges on one invoice. */
export const maxDocumentItems = 20_000;

/** Something to be billed, with the attributes that decide on which document it stands. */
export interface Charge {
  accountId: string;
  orgId: string;
  currency: string;
  /** The line item's own payment term, else the account's. */
  paymentTerm: string;
  invoiceGroupNumber: string | null;
  orderLineItemId: string;
  /** The sale that a return takes back. */
  originalOrderLineItemId: string | null;
  fulfillmentId: string | null;
  itemCategory: ItemCategory;
  chargeName: string;
  quantity: Decimal;
  unitPrice: Decimal;
  /** What a fulfillment was said to come to when its quantity was entered: that is what a sale is charged. */
  amount: Decimal | null;
  unitOfMeasure: string | null;
  taxMode: TaxMode | null;
  taxCode: string | null;
  serviceStartDate: Day | null;
  serviceEndDate: Day | null;
  productCode: string | null;
  purchaseOrderNumber: string | null;
}

/** A charge with its amounts: above 0 for a sale, below 0 for a return. */
export interface PricedCharge extends Charge, Amounts {
  /** Null where no tax code applies, and on a return that makes up for several rates. */
  taxRate: Decimal | null;
}

type Money = Pick<BillingSettings, 'taxCodes' | 'inclusiveTaxRule' | 'roundingMode'>;

/**
 * What each charge comes to. A sale: price x quantity, rounded once, split by the rate that its tax code has now. A
 * return: what creditOf leaves of its sale's bill, by the rate that the sale was billed with, and by that of today where
 * it is not billed yet. Sales come first, wherever they stand: what is billed of them here limits the returns of the same act too.
 * `facts` are those of the sales lines of the returns, by their ids.
 */
export function priced(
  charges: readonly Charge[],
  settings: Money,
  facts: ReadonlyMap<string, CreditFacts>,
): PricedCharge[] {
  const running = new Map(facts);
  const sales = charges.map((charge) => {
    if (charge.itemCategory === 'Return') return null;
    const { quantity, orderLineItemId } = charge;
    const taxRate = taxRateOf(charge.taxCode, settings);
    const amounts =
      charge.amount === null
        ? amountsOf(charge, quantity, taxRate, settings)
        : taxOf(charge.amount, { ...charge, ...settings, rate: taxRate });
    const known = running.get(orderLineItemId);
    if (known) running.set(orderLineItemId, billed(known, quantity, amounts, taxRate));
    return { ...charge, ...amounts, taxRate };
  });
  return charges.map((charge, at) => {
    const sale = sales[at];
    if (sale) return sale;
    const { quantity, originalOrderLineItemId: original } = charge;
    const known = running.get(original!)!;
    const now = taxRateOf(charge.taxCode, settings);
    const by = (rate: Decimal | null) => (part: Decimal) => amountsOf(charge, part, rate, settings);
    const credit = creditOf(quantity, known, { billed: by(known.billedTaxRate), now: by(now) });
    const taxRate = creditedTaxRate(quantity, known, now);
    running.set(original!, credited(known, quantity, credit, taxRate));
    return { ...charge, net: subtract('0', credit.net), tax: subtract('0', credit.tax), taxRate };
  });
}

/** What a quantity of a line item is charged, and the tax on it. */
export function amountsOf(
  line: { unitPrice: Decimal; currency: string; taxMode: TaxMode | null },
  quantity: Decimal,
  rate: Decimal | null,
  { inclusiveTaxRule, roundingMode }: Pick<BillingSettings, 'inclusiveTaxRule' | 'roundingMode'>,
): Amounts {
  const { unitPrice, currency, taxMode } = line;
  const charged = chargeAmount(unitPrice, quantity, currency, roundingMode);
  return taxOf(charged, { taxMode, rate, inclusiveTaxRule, roundingMode, currency });
}

/**
 * The amount of a whole line item less the tax that its price includes; nothing is taken off where tax comes on top.
 * By the rate that its code has now: billing takes the one of its own day. Source: "Order line item fields".
 */
export function amountWithoutTax(
  line: Extended & { taxMode: TaxMode | null; taxCode: string | null },
  settings: Money,
): Decimal {
  const rate = taxRateOf(line.taxCode, settings);
  if (line.taxMode !== 'TaxInclusive' || rate === null) return amount(line, settings.roundingMode);
  return amountsOf({ ...line, unitPrice: line.amountPerUnit }, line.quantity, rate, settings).net;
}

/** 13 digits before the point. Source: "Rounding and precision in Zuora". */
const mostOfDocument = '9999999999999.999999999';

/** Amounts have a published size; a document beyond it could not be shown, let alone paid. */
export function judgeTotal({ amountWithoutTax, amount }: { amountWithoutTax: Decimal; amount: Decimal }): UserError[] {
  const within = [amountWithoutTax, amount].every(
    (value) => compare(value, mostOfDocument) <= 0 && compare(value, `-${mostOfDocument}`) >= 0,
  );
  return within
    ? []
    : [userError('LIMIT_EXCEEDED', `A document would come to ${amount}: more than 13 digits before the point.`)];
}

/** What an invoice and a credit memo have in common before they are written. */
export interface Draft extends BillingDates {
  accountId: string;
  orgId: string;
  currency: string;
  invoiceGroupNumber: string | null;
  amountWithoutTax: Decimal;
  taxAmount: Decimal;
  amount: Decimal;
  /** In the sign of the document: what a credit memo credits is above 0. */
  items: PricedCharge[];
}

export interface InvoiceDraft extends Draft {
  paymentTerm: string;
  dueDate: Day;
}

export interface CreditMemoDraft extends Draft {
  reasonCode: string;
  /** The invoice of the other part of its group, with which it is posted and canceled where the rule is by item. */
  sister: InvoiceDraft | null;
}

export interface Documents {
  invoices: InvoiceDraft[];
  creditMemos: CreditMemoDraft[];
}

/**
 * Puts charges on documents. Those that agree in account, currency, payment term and invoice group number come together,
 * whatever their order or line item; documents come in one fixed order, by account first, so that the numbers of one
 * request are the same on every run. Within a group the settings decide what is invoiced and what is credited.
 * Sources: "Invoice grouping examples"; "Attributes for flexible billing".
 */
export function documentsOf(
  charges: readonly PricedCharge[],
  dates: BillingDates,
  settings: Pick<BillingSettings, 'invoiceSettlement' | 'creditMemoRule'>,
): Documents {
  const groups = new Map<string, PricedCharge[]>();
  for (const charge of charges) {
    const key = JSON.stringify([charge.accountId, charge.currency, charge.paymentTerm, charge.invoiceGroupNumber]);
    const group = groups.get(key);
    if (group) group.push(charge);
    else groups.set(key, [charge]);
  }
  const documents: Documents = { invoices: [], creditMemos: [] };
  for (const [, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { invoiced, credited } = split(group, settings);
    const invoices = chunks(invoiced, maxDocumentItems).map((items) => invoiceOf(items, dates));
    const paired = settings.creditMemoRule === 'AllNegative' || settings.creditMemoRule === 'AllNegativeAndZero';
    documents.invoices.push(...invoices);
    for (const [at, items] of chunks(credited, maxDocumentItems).entries()) {
      const sister = paired ? (invoices[at] ?? invoices.at(-1) ?? null) : null;
      documents.creditMemos.push({ ...creditMemoOf(items, dates), sister });
    }
  }
  return documents;
}

const isNegative = (value: Decimal): boolean => compare(value, '0') < 0;
const netOf = (charges: readonly PricedCharge[]): Decimal => add('0', ...charges.map((charge) => charge.net));
const taxSumOf = (charges: readonly PricedCharge[]): Decimal => add('0', ...charges.map((charge) => charge.tax));

/** Below 0 before tax. The remainder of a bill may be tax alone, and that is no invoice either. */
const takesBack = (charges: readonly PricedCharge[]): boolean => {
  const net = netOf(charges);
  return isNegative(net) || (compare(net, '0') === 0 && isNegative(taxSumOf(charges)));
};

/**
 * What of a group goes on an invoice and what on a credit memo. Signs are judged before tax. Without invoice settlement
 * there are no memos: a return is a negative item, and the invoice may be negative.
 * Source: "Rules for generating invoices and credit memos".
 */
function split(
  group: readonly PricedCharge[],
  { invoiceSettlement, creditMemoRule }: Pick<BillingSettings, 'invoiceSettlement' | 'creditMemoRule'>,
): { invoiced: PricedCharge[]; credited: PricedCharge[] } {
  const by = (credits: (charge: PricedCharge) => boolean) => ({
    invoiced: group.filter((charge) => !credits(charge)),
    credited: group.filter(credits),
  });
  const nothing = () => by(() => false);
  const eachItself = () => by((charge) => takesBack([charge]));
  if (!invoiceSettlement) return nothing();
  // What does not go on one document cannot be judged as one: a part of it might be for less than nothing.
  if (group.length > maxDocumentItems && creditMemoRule !== 'AllNegativeAndZero') return eachItself();
  switch (creditMemoRule) {
    case 'AllNegative':
      return eachItself();
    case 'AllNegativeAndZero':
      return by((charge) => charge.itemCategory === 'Return' && !isPositive(charge.net));
    case 'NetNegative': {
      if (!takesBack(group)) return nothing();
      // A charge group is a line item: several fulfillments of one count together.
      const lines = new Map<string, PricedCharge[]>();
      for (const charge of group)
        lines.set(charge.orderLineItemId, [...(lines.get(charge.orderLineItemId) ?? []), charge]);
      const negative = new Set([...lines].filter(([, own]) => takesBack(own)).map(([id]) => id));
      return by((charge) => negative.has(charge.orderLineItemId));
    }
    case 'NetNegativeNoGrouping': {
      // Where tax turns the sign around, a memo would be for less than nothing: it stays an invoice.
      const total = add(netOf(group), taxSumOf(group));
      return takesBack(group) && !isPositive(total) ? by(() => true) : nothing();
    }
  }
}

function draftOf(items: PricedCharge[], dates: BillingDates): Draft {
  const { accountId, orgId, currency, invoiceGroupNumber } = items[0];
  const amountWithoutTax = netOf(items);
  const taxAmount = taxSumOf(items);
  const total = add(amountWithoutTax, taxAmount);
  return {
    ...dates,
    accountId,
    orgId,
    currency,
    invoiceGroupNumber,
    amountWithoutTax,
    taxAmount,
    amount: total,
    items,
  };
}

const invoiceOf = (items: PricedCharge[], dates: BillingDates): InvoiceDraft => ({
  ...invoiceHeader(items[0], dates),
  ...draftOf(items, dates),
});

/** An invoice that nothing stands on yet. */
export function invoiceHeader(
  { accountId, orgId, currency, paymentTerm, invoiceGroupNumber }: InvoiceKey,
  dates: BillingDates,
): Omit<InvoiceDraft, 'items'> {
  const dueDate = addDays(dates.documentDate, paymentTermDays(paymentTerm) ?? 0);
  const nothing = { amountWithoutTax: '0', taxAmount: '0', amount: '0' };
  return { ...dates, ...nothing, accountId, orgId, currency, paymentTerm, invoiceGroupNumber, dueDate };
}

type InvoiceKey = Pick<Charge, 'accountId' | 'orgId' | 'currency' | 'paymentTerm' | 'invoiceGroupNumber'>;

function creditMemoOf(items: PricedCharge[], dates: BillingDates): Omit<CreditMemoDraft, 'sister'> {
  const flipped = items.map((item) => ({
    ...item,
    net: subtract('0', item.net),
    tax: subtract('0', item.tax),
  }));
  return { ...draftOf(flipped, dates), reasonCode: defaultReasonCode };
}

function chunks<T>(values: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let at = 0; at < values.length; at += size) result.push(values.slice(at, at + size));
  return result;
}
