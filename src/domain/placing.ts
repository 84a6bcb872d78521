import type { BillingSettings } from './billing-settings';
import { compare, type Decimal, fromBillionths } from './decimal';
import { type UserError, userError } from './errors';

/** Published limit of charges on one invoice. Source: "Overview of bill runs". */
export const maxDocumentItems = 20_000;

/** 13 digits before the point and 9 after it, in billionths. Source: "Rounding and precision in Zuora". */
const mostOfDocument = 10n ** 22n - 1n;

/**
 * May charges that come to so much before tax pass what a document holds? A tax is 100 % at most, and 20,000 roundings are
 * far from what is left of the tenth. Below it, the database bills by set, and nobody looks at single items.
 */
export const mayPassLimit = (amount: Decimal): boolean => compare(amount, '1000000000000') >= 0;

/**
 * What the placing looks at of charges, by their position in billing order; amounts in billionths, a return's below 0. It
 * is kept apart from the charges, of which a million take over a gigabyte of memory.
 */
export interface Placeable {
  net: bigint[];
  tax: bigint[];
  isReturn: boolean[];
  /** A number of the order line item, the same for all its charges. */
  line: number[];
}

/** A document by the positions of its charges, ascending. */
export interface PlacedDocument {
  kind: 'invoice' | 'creditMemo';
  charges: number[];
  /**
   * Of a credit memo: the place, among all invoices, of the one that is made of the other part of its group. They are
   * posted and canceled together where the rule is by item.
   */
  sister: number | null;
}

export interface Placed {
  documents: PlacedDocument[];
  /** Charges that no document can hold. */
  parked: Parked[];
}

export interface Parked {
  at: number;
  /** What the document would come to with it. */
  amount: Decimal;
}

export const tooMuch = ({ amount }: Parked): UserError =>
  userError(
    'LIMIT_EXCEEDED',
    `The billing document would have the amount ${amount}; at most 13 digits before the decimal point are allowed.`,
  );

/**
 * Puts groups of charges on documents, in the order of the groups. A group holds the positions, in billing order, of what
 * agrees in all that decides on a document.
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
 * Puts a group of charges on invoices and credit memos. The sign
 * is judged over the whole group, before tax, however many documents it takes. Without invoice settlement there are no
 * memos: a return is a negative item, and the invoice may be negative.
 *
 * What cannot stand on its kind of document without pulling it below 0 goes on the other kind. That takes several
 * documents and an item that none of them can carry. Our choice: the documents are silent.
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

/** Below 0 before tax. The remainder of a bill may be tax alone, and that is no invoice either. */
const takesBack = ({ net, tax }: Sum): boolean => net < 0n || (net === 0n && tax < 0n);

/** What of a group goes on invoices and what on credit memos. */
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
      // A charge group is a line item: several fulfillments of one count together.
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
      // Where tax turns the sign around, a memo would be for less than nothing: it stays an invoice.
      return takesBack(sum) && sum.net + sum.tax <= 0n ? { invoiced: [], credited: group } : nothing;
    }
  }
}

/** Which items count as negative on a document: 1 those below 0, -1 (a memo, whose signs are turned) those above, 0 none. */
type Sign = 1n | -1n | 0n;

/**
 * Fills documents in billing order, with at most maxDocumentItems each. Where one document holds everything, it does.
 * Else a negative item is placed as soon as the total of the document being filled can carry it, tax included, the first
 * in billing order first: so no document falls below 0. `left` are negative items that none can carry. An item that would
 * carry a document past 13 digits is parked, and the next one is tried.
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
    // Full or not, a document is begun only for an item that stands on it.
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
 * Items that wait to be carried, in billing order. A tree of least weights finds the first one that a total carries in
 * some 20 steps; looked through one by one, the returns of a large account would each be compared with each sale.
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

  /** Takes the first one that weighs no more. */
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

  /** Those that were never taken. */
  rest(): number[] {
    return this.items.filter((_, at) => this.least[this.size + at] !== undefined);
  }
}
