import { paymentTermDays } from './account';
import { type BillingSettings, taxRateOf } from './billing-settings';
import { type Amounts, billed, type CreditFacts, credited, creditedTaxRate, creditOf } from './credit';
import { defaultReasonCode } from './credit-memo';
import { addDays, type Day } from './date';
import { add, type Decimal, subtract, toBillionths } from './decimal';
import { type BillingDates, chargeAmount } from './invoice';
import type { ItemCategory } from './order-line-item';
import { type Parked, type Placeable, type PlacedDocument, placed } from './placing';
import { amount, type Extended, type TaxMode } from './price';
import { taxOf } from './tax';

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
export function priced<C extends Charge>(
  charges: readonly C[],
  settings: Money,
  facts: ReadonlyMap<string, CreditFacts>,
): (C & PricedCharge)[] {
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
  /** Its place among the invoices of the same act; see PlacedDocument. */
  sister: number | null;
}

export interface Drafts {
  invoices: InvoiceDraft[];
  creditMemos: CreditMemoDraft[];
}

export interface Documents extends Drafts {
  /** Charges that no document can hold. */
  parked: Parked[];
}

/** What decides on which document something stands. Documents come in the order of these keys. */
export const documentKey = (charge: Omit<InvoiceKey, 'orgId'>): string =>
  JSON.stringify([charge.accountId, charge.currency, charge.paymentTerm, charge.invoiceGroupNumber]);

/** What the placing looks at of one more charge. `line`: a number of its order line item. */
export function putPlaceable(charges: Placeable, at: number, charge: PricedCharge, line: number): void {
  charges.net[at] = toBillionths(charge.net);
  charges.tax[at] = toBillionths(charge.tax);
  charges.isReturn[at] = charge.itemCategory === 'Return';
  charges.line[at] = line;
}

/** Room for so many. Filled out of order, an array that grows would become a table of hashes. */
export const roomToPlace = (size: number): Placeable => ({
  net: new Array(size),
  tax: new Array(size),
  isReturn: new Array(size),
  line: new Array(size),
});

/**
 * Puts charges on documents. Those that agree in account, currency, payment term and invoice group number come together,
 * whatever their order or line item; documents come in one fixed order, by account first, so that the numbers of one
 * request are the same on every run. Within a group the settings decide what is invoiced and what is credited (placing.ts).
 * Sources: "Invoice grouping examples"; "Attributes for flexible billing".
 */
export function documentsOf(
  charges: readonly PricedCharge[],
  dates: BillingDates,
  settings: Pick<BillingSettings, 'invoiceSettlement' | 'creditMemoRule'>,
): Documents {
  const placeable = roomToPlace(charges.length);
  const groups = new Map<string, number[]>();
  const lines = new Map<string, number>();
  for (const [at, charge] of charges.entries()) {
    const line = lines.get(charge.orderLineItemId) ?? at;
    lines.set(charge.orderLineItemId, line);
    putPlaceable(placeable, at, charge, line);
    const key = documentKey(charge);
    const group = groups.get(key);
    if (group) group.push(at);
    else groups.set(key, [at]);
  }
  const inOrder = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  const { documents, parked } = placed(placeable, inOrder, settings);
  return { ...draftsOf(documents, (at) => charges[at], dates), parked };
}

/** Documents as they are to be written, with their charges by position. */
export function draftsOf(
  documents: readonly PlacedDocument[],
  chargeAt: (at: number) => PricedCharge,
  dates: BillingDates,
): Drafts {
  const drafts: Drafts = { invoices: [], creditMemos: [] };
  for (const { kind, charges, sister } of documents) {
    const items = charges.map(chargeAt);
    if (kind === 'invoice') drafts.invoices.push(invoiceOf(items, dates));
    else drafts.creditMemos.push({ ...creditMemoOf(items, dates), sister });
  }
  return drafts;
}

const netOf = (charges: readonly PricedCharge[]): Decimal => add('0', ...charges.map((charge) => charge.net));
const taxSumOf = (charges: readonly PricedCharge[]): Decimal => add('0', ...charges.map((charge) => charge.tax));

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
