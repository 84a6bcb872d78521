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

/** One thing to bill, with the attributes that decide on its document. */
export interface Charge {
  accountId: string;
  orgId: string;
  currency: string;
  /** The line item's own payment term, else the account's. */
  paymentTerm: string;
  invoiceGroupNumber: string | null;
  orderLineItemId: string;
  /** The sales line item of a return. */
  originalOrderLineItemId: string | null;
  fulfillmentId: string | null;
  itemCategory: ItemCategory;
  chargeName: string;
  quantity: Decimal;
  unitPrice: Decimal;
  /** The amount stored when a fulfillment's quantity was entered. A sale is charged this amount. */
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
  /** Null without a tax code, and on a return that makes up for several rates. */
  taxRate: Decimal | null;
}

/** The settings that decide how amounts are rounded and taxed. */
export type Money = Pick<BillingSettings, 'taxCodes' | 'inclusiveTaxRule' | 'roundingMode'>;

/**
 * Prices each charge. A sale costs price x quantity, rounded once, and is taxed at the present rate of its tax code. A
 * return is credited by creditOf: at the rate at which the sale was billed, or at the present rate if the sale is not
 * billed yet. Sales are priced first, so that sales billed here also limit the returns of the same act. `facts` are the
 * facts of the returned sales line items, by their ids.
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

/** The amount of a quantity of a line item, and its tax. */
function amountsOf(
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
 * The amount of a whole line item without the tax that its price includes. Exclusive tax is not taken off. The tax has
 * the present rate of its code; billing uses the rate of the day of billing.
 * Source: "Order line item fields".
 */
export function amountWithoutTax(
  line: Extended & { taxMode: TaxMode | null; taxCode: string | null },
  settings: Money,
): Decimal {
  const rate = taxRateOf(line.taxCode, settings);
  if (line.taxMode !== 'TaxInclusive' || rate === null) return amount(line, settings.roundingMode);
  return amountsOf({ ...line, unitPrice: line.amountPerUnit }, line.quantity, rate, settings).net;
}

/** The common fields of an invoice and a credit memo that are not written yet. */
export interface Draft extends BillingDates {
  accountId: string;
  orgId: string;
  currency: string;
  invoiceGroupNumber: string | null;
  amountWithoutTax: Decimal;
  taxAmount: Decimal;
  amount: Decimal;
  /** In the sign of the document: a credited amount on a credit memo is above 0. */
  items: PricedCharge[];
}

export interface InvoiceDraft extends Draft {
  paymentTerm: string;
  dueDate: Day;
}

export interface CreditMemoDraft extends Draft {
  reasonCode: string;
  /** Position of the sister invoice among the invoices of the same act; see PlacedDocument. */
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

/** Charges with the same key go on the same document. Documents come in the order of these keys. */
export const documentKey = (charge: Omit<InvoiceKey, 'orgId'>): string =>
  JSON.stringify([charge.accountId, charge.currency, charge.paymentTerm, charge.invoiceGroupNumber]);

/** Enters a charge at a position of the columns that placing.ts reads. `line`: a number of its order line item. */
export function putPlaceable(charges: Placeable, at: number, charge: PricedCharge, line: number): void {
  charges.net[at] = toBillionths(charge.net);
  charges.tax[at] = toBillionths(charge.tax);
  charges.isReturn[at] = charge.itemCategory === 'Return';
  charges.line[at] = line;
}

/**
 * Columns for `size` charges. The arrays are filled out of order: without a size V8 would turn them into hash tables.
 */
export const roomToPlace = (size: number): Placeable => ({
  net: new Array(size),
  tax: new Array(size),
  isReturn: new Array(size),
  line: new Array(size),
});

/**
 * Puts charges on documents. Charges with the same account, currency, payment term and invoice group number share a
 * document, whatever their order or line item. Documents are sorted by key, account first, so that every run of a
 * request gives the same numbers. Within a group the settings decide which charges are invoiced and which are credited
 * (placing.ts).
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

/** The documents to write, with their charges. `chargeAt` returns the charge at a position. */
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

/** An invoice without items. */
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
