import Stripe from 'stripe';
import { isCurrency } from '../domain/currency';
import type { DisputeStatus, ProviderCharge, ProviderDispute, ProviderRefund } from '../domain/reconciliation';
import {
  EventRefused,
  GatewayFailure,
  GatewayTimeout,
  type ListedCharge,
  type ProviderBooks,
  type ProviderEvent,
} from './port';
import { type KeyListener, type StripeAccount, StripeAccounts, type StripeOptions } from './stripe-account';
import { fromMinorUnits } from './stripe-amount';
import { isMissing } from './stripe-error';
import { names } from './stripe-metadata';

/** Secrets that Stripe signs its events with. */
interface StripeSecrets {
  /** The secret of the shared account. */
  secret?: string;
  /** Secrets of entities with an account of their own, by entity id. */
  entitySecrets?: ReadonlyMap<string, string>;
}

/** Seconds by which a signature may be old, against events that were overheard and are sent again. Stripe's own value. */
const tolerance = 300;
/** Stripe's longest page. */
const limit = 100;

/**
 * Events that may change a payment. Their objects name a PaymentIntent, and nothing else of them is used. All others are
 * acknowledged, and change nothing. Source: Stripe, "Types of events".
 */
const handled = new Set([
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'charge.failed',
  'charge.refunded',
  'charge.refund.updated',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.dispute.created',
  'charge.dispute.updated',
  'charge.dispute.closed',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.funds_reinstated',
]);

/** The events that must be enabled at Stripe for an endpoint. */
export const stripeEvents: readonly string[] = [...handled];

const disputeStatuses: Readonly<Record<string, DisputeStatus>> = {
  warning_needs_response: 'Inquiry',
  warning_under_review: 'Inquiry',
  warning_closed: 'InquiryClosed',
  needs_response: 'NeedsResponse',
  appeal_needs_response: 'NeedsResponse',
  won: 'Won',
  lost: 'Lost',
  prevented: 'Prevented',
};

const idOf = (value: unknown): string | undefined => {
  const id = typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : value;
  return typeof id === 'string' ? id : undefined;
};

/** Amounts of currencies that we do not know stay in minor units: they can be of no payment of ours. */
const amountOf = (units: number, currency: string): string =>
  isCurrency(currency.toUpperCase()) && !['clf', 'uyw'].includes(currency)
    ? fromMinorUnits(units, currency)
    : String(units);

/** What is used of an event. Its form is not relied on. */
interface Told {
  id?: unknown;
  type?: unknown;
  data?: { object?: Record<string, unknown> | null } | null;
}

/** Asks an account for one kind of its objects: a restricted key may lack the right to read just these. */
type Ask = <T>(what: string, act: (stripe: Stripe) => Promise<T>) => Promise<T>;

/** Stripe's events and lists. It has clients of its own, so that long lists hold up no payment. */
export class StripeBooks implements ProviderBooks {
  private readonly clients: StripeAccounts;
  private readonly timeoutMs: number;

  constructor(
    private readonly secrets: StripeSecrets,
    options: StripeOptions,
    onKey?: KeyListener,
  ) {
    this.clients = new StripeAccounts(options, onKey);
    this.timeoutMs = options.timeoutMs;
  }

  get accounts(): string[] {
    return this.clients.all.map(({ name }) => name);
  }

  takesEvents(entityId: string | undefined): boolean {
    return this.secretOf(entityId) !== undefined && this.clients.exactly(entityId) !== undefined;
  }

  private secretOf(entityId: string | undefined): string | undefined {
    return entityId === undefined ? this.secrets.secret : this.secrets.entitySecrets?.get(entityId);
  }

  event(entityId: string | undefined, body: Buffer, signature: string): ProviderEvent {
    let event: Told | null;
    try {
      // The library's own check: HMAC-SHA256 over time and body, compared in constant time.
      event = Stripe.webhooks.constructEvent(
        body,
        signature,
        this.secretOf(entityId)!,
        tolerance,
      ) as unknown as Told | null;
    } catch {
      throw new EventRefused('the event is not signed with the secret of this endpoint, or its signature is too old');
    }
    const { name: account } = this.clients.exactly(entityId)!;
    const [id, type] = [String(event?.id), String(event?.type)];
    if (!handled.has(type)) return { account, id, type };
    const object = event?.data?.object ?? {};
    const chargeId = type.startsWith('payment_intent.') ? idOf(object.id) : idOf(object.payment_intent);
    return { account, id, type, chargeId };
  }

  charge(account: string, id: string): Promise<ProviderCharge | undefined> {
    return this.within(account, async (ask) => {
      const intent = await ask('charges', (stripe) =>
        stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] }).catch((error) => {
          if (isMissing(error)) return undefined;
          throw error;
        }),
      );
      if (!intent) return undefined;
      const charge = chargeOf(intent);
      const refunds: ProviderRefund[] = [];
      // A refund that has failed is in no total of the charge, so the list is always asked for.
      await ask('refunds', async (stripe) => {
        for await (const refund of stripe.refunds.list({ payment_intent: id, limit })) refunds.push(refundOf(refund));
      });
      const dispute = latestOf(intent)?.disputed ? await ask('disputes', (stripe) => disputeOf(stripe, id)) : null;
      // The oldest first, as they were made.
      return { ...charge, refunds: refunds.reverse(), dispute };
    });
  }

  async *charges(account: string, from: Date, to: Date): AsyncIterable<ListedCharge[]> {
    const created = { gte: seconds(from), lt: seconds(to) };
    for await (const page of this.pages(account, 'charges', (stripe, after) =>
      stripe.paymentIntents.list({ created, limit, expand: ['data.latest_charge'], ...after }),
    )) {
      yield page.map((intent) => {
        const latest = latestOf(intent);
        return { charge: chargeOf(intent), more: !!latest && (latest.disputed || latest.amount_refunded > 0) };
      });
    }
  }

  async *changedSince(account: string, from: Date): AsyncIterable<string[]> {
    const created = { gte: seconds(from) };
    const named = (page: { payment_intent: unknown }[]) => [
      ...new Set(page.flatMap(({ payment_intent }) => idOf(payment_intent) ?? [])),
    ];
    for await (const page of this.pages(account, 'refunds', (stripe, after) =>
      stripe.refunds.list({ created, limit, ...after }),
    ))
      yield named(page);
    for await (const page of this.pages(account, 'disputes', (stripe, after) =>
      stripe.disputes.list({ created, limit, ...after }),
    ))
      yield named(page);
  }

  /** Closes the connections that are kept open. */
  close(): void {
    this.clients.close();
  }

  /** One page at a time in memory, each within the time of a call. */
  private async *pages<T extends { id: string }>(
    account: string,
    what: string,
    list: (stripe: Stripe, after: { starting_after?: string }) => PromiseLike<Stripe.ApiList<T>>,
  ): AsyncIterable<T[]> {
    let after: { starting_after?: string } = {};
    for (;;) {
      const { data, has_more: more } = await this.within(account, (ask) =>
        ask(what, async (stripe) => list(stripe, after)),
      );
      yield data;
      const last = data.at(-1);
      if (!more || !last) return;
      after = { starting_after: last.id };
    }
  }

  private async within<T>(account: string, act: (ask: Ask) => Promise<T>): Promise<T> {
    const found = this.clients.all.find(({ name }): boolean => name === account) as StripeAccount | undefined;
    if (!found) throw new GatewayFailure(`there is no account ${account} at Stripe`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new GatewayTimeout('Stripe did not answer in time')), this.timeoutMs);
    });
    const ask: Ask = (what, each) => this.clients.ask(found, what, each);
    try {
      return await Promise.race([act(ask), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

const latestOf = ({ latest_charge: charge }: Stripe.PaymentIntent): Stripe.Charge | undefined =>
  charge !== null && typeof charge === 'object' ? charge : undefined;

/** An intent with its latest charge expanded, without refunds and dispute. */
function chargeOf(intent: Stripe.PaymentIntent): ProviderCharge {
  const { id, status, amount, amount_received: received, currency, created } = intent;
  const isCaptured = status === 'succeeded';
  return {
    id,
    createdDate: new Date(created * 1000).toISOString(),
    status: isCaptured
      ? (latestOf(intent)?.amount_refunded ?? 0) === received
        ? 'Refunded'
        : 'Captured'
      : (statuses[status] ?? 'Pending'),
    amount: amountOf(isCaptured ? received : amount, currency),
    currency: currency.toUpperCase(),
    refunds: [],
    dispute: null,
  };
}

const statuses: Readonly<Record<string, 'Authorized' | 'Voided' | 'Declined'>> = {
  requires_capture: 'Authorized',
  canceled: 'Voided',
  requires_payment_method: 'Declined',
  requires_action: 'Declined',
};

const refundOf = ({ id, amount, currency, status, metadata }: Stripe.Refund): ProviderRefund => ({
  id,
  ours: metadata?.[names.refund] ?? null,
  amount: amountOf(amount, currency),
  failed: status === 'failed' || status === 'canceled',
});

/** The latest dispute of an intent. Stripe lists the newest first. */
async function disputeOf(stripe: Stripe, intentId: string): Promise<ProviderDispute | null> {
  const [dispute] = (await stripe.disputes.list({ payment_intent: intentId, limit: 1 })).data;
  if (!dispute) return null;
  const { status, amount, currency, balance_transactions: moved } = dispute;
  return {
    status: disputeStatuses[status] ?? 'UnderReview',
    amount: amountOf(amount, currency),
    // The money left our balance, and has not come back to it.
    withdrawn: moved.reduce((sum, { amount: each }) => sum + each, 0) < 0,
  };
}
