import { documentKey, draftsOf, type PricedCharge, priced, putPlaceable, roomToPlace } from '../domain/billing';
import type { BillingSettings } from '../domain/billing-settings';
import { type Decimal, fromBillionths } from '../domain/decimal';
import type { BillingDates } from '../domain/invoice';
import {
  maxDocumentItems,
  mayPassLimit,
  type Placeable,
  type PlacedDocument,
  placed,
  tooMuch,
} from '../domain/placing';
import type { ParkedItem } from '../store/bill-run-chunk';
import type { Scoped } from '../store/connection/connection';
import { creditFacts } from '../store/credit';
import { type DueGroup, type Gathered, gatheredAt, gatheredBySale, indexGathered } from '../store/due';
import { type Origin, writeDrafts } from './billing';
import type { Unit } from './run/unit';

/*
 * Accounts that are not billed by set: accounts with returns, or with amounts that a document may not be able to hold.
 * A run and its preview judge their due items one by one and as a whole. Charges are read in pieces and released. Only
 * two amounts of each stay in memory: placing 1,000,000 charges took 317 MB (bench/README.md).
 */

/** The accounts to judge item by item. All their due items were gathered. */
export const accountsByItem = (groups: readonly DueGroup[]): Set<string> =>
  new Set(
    groups.filter(({ hasReturns, amount }) => hasReturns || mayPassLimit(amount)).map(({ accountId }) => accountId),
  );

/** The gathered charges of some accounts, placed on documents. */
interface Placing {
  charges: Placeable;
  documents: PlacedDocument[];
  parked: ParkedItem[];
  /** The charges at positions, with their amounts. */
  chargesAt(positions: readonly number[]): Promise<Map<number, PricedCharge>>;
}

/** Places the gathered charges of these accounts on documents, without writing. `groups` are all gathered groups. */
export async function placeGathered(
  db: Scoped,
  groups: readonly DueGroup[],
  accountIds: ReadonlySet<string>,
  settings: BillingSettings,
): Promise<Placing> {
  const { ranges, size, count } = rangesOf(groups, accountIds);
  const charges = roomToPlace(size);
  const rates = new Array<Decimal | null>(size);
  const isOnePiece = count <= maxDocumentItems;
  const kept = new Map<number, PricedCharge>();
  if (!isOnePiece) await indexGathered(db);
  for await (const piece of pieces(db, [...accountIds], isOnePiece)) {
    let line = { id: '', at: 0 };
    for (const charge of await pricedOf(db, piece, settings)) {
      // The charges of one line item follow each other.
      if (charge.orderLineItemId !== line.id) line = { id: charge.orderLineItemId, at: charge.position };
      putPlaceable(charges, charge.position, charge, line.at);
      rates[charge.position] = charge.taxRate;
      if (isOnePiece) kept.set(charge.position, charge);
    }
  }
  const { documents, parked } = placed(charges, ranges, settings);

  const withAmounts = (charge: Gathered): PricedCharge => ({
    ...charge,
    net: fromBillionths(charges.net[charge.position]),
    tax: fromBillionths(charges.tax[charge.position]),
    taxRate: rates[charge.position],
  });
  const chargesAt = async (positions: readonly number[]): Promise<Map<number, PricedCharge>> =>
    isOnePiece
      ? kept
      : new Map((await gatheredAt(db, positions)).map((charge) => [charge.position, withAmounts(charge)]));
  const parkedCharges = parked.length ? await chargesAt(parked.map(({ at }) => at)) : kept;
  return {
    charges,
    documents,
    parked: parked.map((each) => {
      const { accountId, orderLineItemId, fulfillmentId } = parkedCharges.get(each.at)!;
      const { code, message } = tooMuch(each);
      return { accountId, orderLineItemId, fulfillmentId, code, message };
    }),
    chargesAt,
  };
}

/** The positions of the charges of each group of these accounts, in the order of documents. `count`: of these; `size`: of all groups. */
function rangesOf(groups: readonly DueGroup[], accountIds: ReadonlySet<string>) {
  const ranges: { key: string; positions: number[] }[] = [];
  let size = 0;
  let count = 0;
  for (const group of groups) {
    if (accountIds.has(group.accountId)) {
      const from = size;
      ranges.push({ key: documentKey(group), positions: Array.from({ length: group.count }, (_, at) => from + at) });
      count += group.count;
    }
    size += group.count;
  }
  ranges.sort((a, b) => (a.key < b.key ? -1 : 1));
  return { ranges: ranges.map(({ positions }) => positions), size, count };
}

/**
 * The gathered charges of accounts in pieces. A sale and its returns are in one piece, because they limit each other.
 */
async function* pieces(db: Scoped, accountIds: readonly string[], isOnePiece: boolean): AsyncGenerator<Gathered[]> {
  let after: string | null = null;
  for (;;) {
    const piece: Gathered[] = await gatheredBySale(db, accountIds, after, maxDocumentItems);
    if (piece.length) yield piece;
    if (isOnePiece || piece.length < maxDocumentItems) return;
    after = piece.reduce((last, { saleId }) => (saleId > last ? saleId : last), '');
  }
}

async function pricedOf(
  db: Scoped,
  charges: readonly Gathered[],
  settings: BillingSettings,
): Promise<(PricedCharge & { position: number })[]> {
  const originals = [...new Set(charges.flatMap((charge) => charge.originalOrderLineItemId ?? []))];
  const facts = originals.length ? await creditFacts(db, originals) : new Map();
  return priced(charges, settings, facts);
}

/** Writes documents in batches of about as many items as one invoice holds. */
export async function writePlaced(
  unit: Unit,
  { documents, chargesAt }: Placing,
  dates: BillingDates,
  origin: Origin,
): Promise<void> {
  const invoiceIds: string[] = [];
  let batch: PlacedDocument[] = [];
  let count = 0;
  const write = async () => {
    const charges = await chargesAt(batch.flatMap((document) => document.charges));
    await writeDrafts(
      unit,
      draftsOf(batch, (at) => charges.get(at)!, dates),
      origin,
      invoiceIds,
    );
    batch = [];
    count = 0;
  };
  for (const document of documents) {
    if (batch.length && count + document.charges.length > maxDocumentItems) await write();
    batch.push(document);
    count += document.charges.length;
  }
  if (batch.length) await write();
}
