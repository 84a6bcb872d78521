import {
  type ChargeBooks,
  type Difference,
  differenceOf,
  missingCharge,
  type ProviderCharge,
  reconciled,
  unknownCharge,
} from '../domain/reconciliation';
import type { ProviderBooks } from '../gateway/port';
import { keepDifferences, openCharges, unresolvedDifferences } from '../store/provider-difference';
import { booksOfIntents, type CapturedIntent, capturedIntents } from '../store/stripe';
import type { Services } from './run/services';

/** A difference of one charge of an account at the provider. */
export interface Found extends Difference {
  account: string;
  chargeId: string;
}

/** Looks at a charge that changes meanwhile. */
const mostLooks = 3;
/** Kept differences that are looked at again. */
const mostKept = 1_000;

/** An account at the provider, with the entities that collect with it. */
interface Side {
  account: string;
  entityIds: readonly string[];
}

/**
 * Compares the books with what the provider has: charges made in the period, and charges that were refunded or disputed in
 * it. Differences that were kept before are looked at again. Changes nothing but the list of differences. Memory is bounded
 * by one page. @throws GatewayFailure
 */
export async function* compareBooks(
  services: Services,
  books: ProviderBooks,
  entityIds: readonly string[],
  since: Date,
  until: Date,
): AsyncIterable<Found> {
  const kept = await unresolvedDifferences(services.db.aside(), mostKept);
  for (const account of books.accounts) {
    const own = entityIds.filter((id) => services.gateway.accountOf(id) === account);
    const walk = new Walk(services, books, { account, entityIds: own });
    yield* walk.period(since, until);
    yield* walk.changedSince(since);
    const old = kept.filter((each) => each.account === account);
    for (const id of new Set(old.map(({ chargeId }) => chargeId))) yield* walk.olderThan(since, id);
  }
}

class Walk {
  /** Older charges that were looked at: as many as were refunded or disputed in the period. */
  private readonly older = new Set<string>();
  /** Charges whose differences were told. */
  private readonly told = new Set<string>();

  constructor(
    private readonly services: Services,
    private readonly books: ProviderBooks,
    private readonly side: Side,
  ) {}

  /**
   * Charges that were made in a period, on either side. The provider lists the newest first. So once a page is read, what of
   * ours is as new and was not listed is looked for by itself. Two clocks differ a little, which costs a look.
   */
  async *period(from: Date, to: Date): AsyncIterable<Found> {
    let upper = to;
    let [before, listed] = [new Set<string>(), new Set<string>()];
    for await (const page of this.books.charges(this.side.account, from, to)) {
      const ids = page.map(({ charge }) => charge.id);
      [before, listed] = [listed, new Set(ids)];
      const ours = await this.booksOf(ids);
      const open = await openCharges(this.services.db.aside(), this.side.account, ids);
      for (const { charge, more } of page) {
        const own = ours.get(charge.id);
        const hasMore = more || !!own?.refunds.length || !!own?.payment?.disputeStatus;
        // The list and the books are not of one moment. What seems to differ is looked at by itself.
        if (open.has(charge.id) || hasMore || compared(charge, own).length) yield* this.look(charge.id);
      }
      const lower = page.length ? new Date(page.at(-1)!.charge.createdDate) : upper;
      yield* this.unlisted(lower, upper, [before, listed]);
      upper = lower;
    }
    yield* this.unlisted(from, upper, [listed]);
  }

  private async *unlisted(from: Date, to: Date, listed: readonly ReadonlySet<string>[]): AsyncIterable<Found> {
    let after: CapturedIntent | undefined;
    do {
      const page = await capturedIntents(this.services.db.reads(), this.side.entityIds, from, to, after);
      for (const { intentId: id } of page) if (!listed.some((each) => each.has(id))) yield* this.look(id);
      after = page.at(-1);
    } while (after);
  }

  /** Older charges that have a refund or a dispute of the period. */
  async *changedSince(since: Date): AsyncIterable<Found> {
    for await (const page of this.books.changedSince(this.side.account, since)) {
      for (const id of page) yield* this.olderThan(since, id);
    }
  }

  /** Looks at a charge that is not of the period. */
  async *olderThan(since: Date, id: string): AsyncIterable<Found> {
    if (this.older.has(id)) return;
    this.older.add(id);
    const charge = await this.books.charge(this.side.account, id);
    if (!charge || Date.parse(charge.createdDate) < since.getTime()) yield* this.look(id);
  }

  private booksOf(ids: readonly string[]): Promise<Map<string, ChargeBooks>> {
    return booksOfIntents(this.services.db.reads(), this.side.entityIds, ids);
  }

  /** Compares one charge while its books stay the same. One that keeps changing is under way, and is no difference. */
  private async *look(chargeId: string): AsyncIterable<Found> {
    const { account } = this.side;
    if (this.told.has(chargeId)) return;
    for (let time = 0; time < mostLooks; time++) {
      const before = (await this.booksOf([chargeId])).get(chargeId);
      const charge = await this.books.charge(account, chargeId);
      const after = (await this.booksOf([chargeId])).get(chargeId);
      if (JSON.stringify(before) !== JSON.stringify(after)) continue;
      const found = charge ? compared(charge, after) : after ? [missingCharge(after)] : [];
      await keepDifferences(this.services.db.aside(), account, chargeId, found);
      if (found.length) this.told.add(chargeId);
      yield* found.map((each) => ({ account, chargeId, ...each }));
      return;
    }
  }
}

/** Everything that differs, also what an event would settle. */
function compared(charge: ProviderCharge, books: ChargeBooks | undefined): Difference[] {
  if (!books) return unknownCharge(charge);
  const { steps, differences } = reconciled(charge, books);
  return [...differences, ...steps.map((step) => differenceOf(step, charge.id))];
}
