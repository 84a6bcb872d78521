import type { BillingSettings } from './billing-settings';
import { compare, type Decimal, fromBillionths } from './decimal';
import { type UserError, userError } from './errors';

/** Published limit of charges on one invoice. Source: "Overview of bill runs". */
export const maxDocumentItems = 20_000;

/** 13 digits before the point and 9 after it, in billionths. Source: "Rounding and precision in Zuora". */
const mostOfDocument = 10n ** 22n - 1n;

/**
 * May charges with this total before tax exceed the limit of a document? The threshold is a tenth of the limit: tax is
 * at most 100 %, and 20,000 roundings come nowhere near the rest. Below the threshold the database bills by set,
 * without looking at single items.
 */
export const mayPassLimit = (amount: Decimal): boolean => compare(amount, '1000000000000') >= 0;

/**
 * The columns of charges that placing reads, by position in billing order. Amounts are in billionths; a return's amount
 * is below 0. The columns are separate from the charges, because a million charges take over a gigabyte of memory.
 */
export interface Placeable {
  net: bigint[];
  tax: bigint[];
  isReturn: boolean[];
  /** A number of the order line item, the same for all its charges. */
  line: number[];
}

/** A document with the positions of its charges, ascending. */
export interface PlacedDocument {
  kind: 'invoice' | 'creditMemo';
  charges: number[];
  /**
   * For a credit memo under a rule that credits by item: the position, among all invoices, of the invoice made from the
   * other part of its group. Both are posted and canceled together. Otherwise null.
   */
  sister: number | null;
}

interface Placed {
  documents: PlacedDocument[];
  /** Charges that no document can hold. */
  parked: Parked[];
}

export interface Parked {
  at: number;
  /** The amount that the document would have with this charge. */
  amount: Decimal;
}

export const tooMuch = ({ amount }: Parked): UserError =>
  userError(
    'LIMIT_EXCEEDED',
    `The billing document would have the amount ${amount}; at most 13 digits before the decimal point are allowed.`,
  );

/**
 * Puts groups of charges on documents, in the order of the groups. A group holds positions in billing order, of charges
 * that may share a document.
 */
export function placed(
  charges: Placeable,
  groups: readonly (readonly number[])[],
  settings: Pick<BillingSettings, 'invoiceSettlement' | 'creditMemoRule'>,
): Placed {
  const paired = settings.creditMemoRule === 'AllNegative' || settings.creditMemoRule === 'AllNegativeAndZero';
  const documents: PlacedDocument[] = [];
  const parked: Parked[] = [];
  let invoiceCount = 0;
  for (const group of groups) {
    const { invoices, creditMemos } = placedGroup(charges, group, settings, parked);
    for (const positions of invoices) documents.push({ kind: 'invoice', charges: positions, sister: null });
    for (const [at, positions] of creditMemos.entries()) {
      const sister = paired && invoices.length ? invoiceCount + Math.min(at, invoices.length - 1) : null;
      documents.push({ kind: 'creditMemo', charges: positions, sister });
    }
    invoiceCount += invoices.length;
  }
  return { documents, parked: parked.sort((a, b) => a.at - b.at) };
}

/**
 * Puts a group of charges on invoices and credit memos. The sign of the group is judged over all its charges, before
 * tax, however many documents they fill. Without invoice settlement there are no credit memos: a return is a negative
 * item, and the invoice may be negative.
 *
 * An item goes on the other kind of document if its own kind would fall below 0 with it. That happens only with several
 * documents, for an item that none of them can carry. Our choice: Zuora's documents are silent.
 * Source: "Rules for generating invoices and credit memos".
 */
function placedGroup(
  charges: Placeable,
  group: readonly number[],
  settings: Pick<BillingSettings, 'invoiceSettlement' | 'creditMemoRule'>,
  parked: Parked[],
): { invoices: number[][]; creditMemos: number[][] } {
  const { invoiced, credited } = split(charges, group, settings);
  const fill = (positions: readonly number[], sign: Sign) => filled(charges, positions, sign, parked);
  const below = !settings.invoiceSettlement && takesBack(sumOf(charges, invoiced));
  const invoices = fill(invoiced, below ? 0n : 1n);
  const memos = fill(credited, -1n);
  const left = fill(invoices.left, settings.invoiceSettlement ? -1n : 0n).documents;
  return {
    invoices: [...invoices.documents, ...(settings.invoiceSettlement ? [] : left), ...fill(memos.left, 1n).documents],
    creditMemos: [...memos.documents, ...(settings.invoiceSettlement ? left : [])],
  };
}

interface Sum {
  net: bigint;
  tax: bigint;
}

function sumOf({ net, tax }: Placeable, positions: readonly number[]): Sum {
  const sum = { net: 0n, tax: 0n };
  for (const at of positions) {
    sum.net += net[at];
    sum.tax += tax[at];
  }
  return sum;
}

/**
 * Below 0 before tax, or 0 with a tax below 0: the remainder of a bill may be tax alone, and is not invoiced either.
 */
const takesBack = ({ net, tax }: Sum): boolean => net < 0n || (net === 0n && tax < 0n);

/** Splits a group into the charges to invoice and the charges to credit. */
function split(
  charges: Placeable,
  group: readonly number[],
  { invoiceSettlement, creditMemoRule }: Pick<BillingSettings, 'invoiceSettlement' | 'creditMemoRule'>,
): { invoiced: readonly number[]; credited: readonly number[] } {
  const { net, tax, isReturn, line } = charges;
  const by = (credits: (at: number) => boolean) => ({
    invoiced: group.filter((at) => !credits(at)),
    credited: group.filter(credits),
  });
  const nothing = { invoiced: group, credited: [] };
  if (!invoiceSettlement) return nothing;
  switch (creditMemoRule) {
    case 'AllNegative':
      return by((at) => takesBack({ net: net[at], tax: tax[at] }));
    case 'AllNegativeAndZero':
      return by((at) => isReturn[at] && net[at] <= 0n);
    case 'NetNegative': {
      if (!takesBack(sumOf(charges, group))) return nothing;
      // A charge group is a line item: several fulfillments of a line item count together.
      const lines = new Map<number, Sum>();
      for (const at of group) {
        const sum = lines.get(line[at]);
        if (sum) {
          sum.net += net[at];
          sum.tax += tax[at];
        } else lines.set(line[at], { net: net[at], tax: tax[at] });
      }
      return by((at) => takesBack(lines.get(line[at])!));
    }
    case 'NetNegativeNoGrouping': {
      const sum = sumOf(charges, group);
      // If tax turns the sign around, a credit memo would have an amount below 0, so the group stays on an invoice.
      return takesBack(sum) && sum.net + sum.tax <= 0n ? { invoiced: [], credited: group } : nothing;
    }
  }
}

/**
 * The items that count as negative on a document. 1: items below 0. -1: items above 0 (a memo turns the signs). 0:
 * none.
 */
type Sign = 1n | -1n | 0n;

/**
 * Fills documents in billing order, with at most maxDocumentItems each. If one document can hold everything, there is
 * only one. Otherwise no document falls below 0: a negative item is placed once the total of the current document can
 * carry it, tax included. The first such item in billing order is placed first. `left` are the negative items that no
 * document can carry. An item that would carry a document past 13 digits is parked, and the next item is tried.
 */
function filled(
  charges: Placeable,
  positions: readonly number[],
  sign: Sign,
  parked: Parked[],
): { documents: number[][]; left: number[] } {
  if (positions.length === 0) return { documents: [], left: [] };
  const { net, tax } = charges;
  if (positions.length <= maxDocumentItems && isWithin(sumOf(charges, positions))) {
    return { documents: [[...positions]], left: [] };
  }
  const signed = (at: number): bigint => sign * (net[at] + tax[at]);
  const negatives = new Waiting(
    positions.filter((at) => signed(at) < 0n),
    (at) => -signed(at),
  );
  const documents: number[][] = [];
  let current: number[] = [];
  let sum: Sum = { net: 0n, tax: 0n };
  const place = (at: number): void => {
    // A new document is begun only for an item that fits on it.
    if (current.length === maxDocumentItems) {
      current = [];
      sum = { net: 0n, tax: 0n };
    }
    const after = { net: sum.net + net[at], tax: sum.tax + tax[at] };
    if (!isWithin(after)) {
      parked.push({ at, amount: fromBillionths(sign === -1n ? -(after.net + after.tax) : after.net + after.tax) });
      return;
    }
    if (current.length === 0) documents.push(current);
    current.push(at);
    sum = after;
  };
  for (const at of positions) {
    if (signed(at) < 0n) continue;
    place(at);
    while (current.length < maxDocumentItems) {
      const next = negatives.take(sign * (sum.net + sum.tax));
      if (next === undefined) break;
      place(next);
    }
  }
  for (const document of documents) document.sort((a, b) => a - b);
  return { documents, left: negatives.rest() };
}

const isWithin = ({ net, tax }: Sum): boolean =>
  [net, net + tax].every((value) => -mostOfDocument <= value && value <= mostOfDocument);

/**
 * Negative items that wait for a document, in billing order. A tree of least weights finds the first item that a total
 * can carry in some 20 steps. A linear search would compare each return of a large account with each sale.
 */
class Waiting {
  private readonly size: number;
  private readonly least: (bigint | undefined)[];

  constructor(
    private readonly items: number[],
    weightOf: (at: number) => bigint,
  ) {
    this.size = 2 ** Math.ceil(Math.log2(Math.max(items.length, 1)));
    this.least = new Array(2 * this.size).fill(undefined);
    for (const [at, item] of items.entries()) this.least[this.size + at] = weightOf(item);
    for (let node = this.size - 1; node > 0; node--) this.least[node] = this.lesserBelow(node);
  }

  private lesserBelow(node: number): bigint | undefined {
    const [a, b] = [this.least[2 * node], this.least[2 * node + 1]];
    if (a === undefined || b === undefined) return a ?? b;
    return a <= b ? a : b;
  }

  /** Takes the first item with at most this weight. */
  take(most: bigint): number | undefined {
    const fits = (node: number): boolean => this.least[node] !== undefined && this.least[node] <= most;
    if (!fits(1)) return undefined;
    let node = 1;
    while (node < this.size) node = fits(2 * node) ? 2 * node : 2 * node + 1;
    const item = this.items[node - this.size];
    this.least[node] = undefined;
    for (node >>= 1; node > 0; node >>= 1) this.least[node] = this.lesserBelow(node);
    return item;
  }

  /** The items that were never taken. */
  rest(): number[] {
    return this.items.filter((_, at) => this.least[this.size + at] !== undefined);
  }
}
