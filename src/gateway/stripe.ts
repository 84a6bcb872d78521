import type Stripe from 'stripe';
import type { Decimal } from '../domain/decimal';
import type { UserError } from '../domain/errors';
import type { Authorization, ChargeStatus, GatewayCharge } from '../domain/payment';
import type { StripeLedger } from '../store/stripe';
import {
  type AttemptKey,
  type AuthorizationRequest,
  GatewayFailure,
  type PaymentGateway,
  type RefundRequest,
} from './port';
import { type KeyListener, StripeAccounts, type StripeOptions } from './stripe-account';
import { fromMinorUnits, judgeAmount, minorUnits } from './stripe-amount';
import { customerFor } from './stripe-customer';
import { declineReason, isRefused, refusalOf } from './stripe-error';
import { names } from './stripe-metadata';

const voided: Authorization = { approved: false, reason: 'payment voided before' };

/**
 * Stripe behind the payment port: PaymentIntents that are authorized first and captured later, with cards, while the
 * customer is absent.
 *
 * An intent is created without being confirmed, which moves no money. Then its id is committed to our ledger. Only then it is
 * confirmed. So each intent that holds money is in the ledger, and a void finds it. A void that finds none leaves its own
 * row, which keeps an authorization under way from confirming. Between a void and a confirmation that Stripe has, Stripe
 * decides: an intent that was canceled is never confirmed.
 *
 * Capture and cancellation have no idempotency key of ours. Stripe would repeat a failure of its own under the key for 24
 * hours. The state of the intent makes both safe to repeat.
 */
export class StripeGateway implements PaymentGateway {
  readonly provider = 'stripe';
  private readonly accounts: StripeAccounts;

  constructor(
    private readonly ledger: StripeLedger,
    options: StripeOptions,
    onKey?: KeyListener,
  ) {
    this.accounts = new StripeAccounts(options, onKey);
  }

  accountOf(entityId: string): string {
    return this.accounts.of(entityId)?.name ?? `stripe ${entityId}`;
  }

  judge(entityId: string, amount: Decimal, currency: string): UserError[] {
    return [...this.accounts.judge(entityId), ...judgeAmount(amount, currency)];
  }

  describe(token: string) {
    return /^pm_\w{4,250}$/.test(token) ? { type: 'Card', label: `Card at Stripe ...${token.slice(-4)}` } : undefined;
  }

  authorize(request: AuthorizationRequest): Promise<Authorization> {
    return this.ask(request, 'authorize', async (stripe) => {
      try {
        const known = await this.ledger.intentOf(request);
        if (known === null) return voided;
        return known === undefined ? await this.begin(stripe, request) : await this.goOn(stripe, request, known);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal) return refusal;
        throw error;
      }
    });
  }

  private async begin(stripe: Stripe, request: AuthorizationRequest): Promise<Authorization> {
    const { entityId, accountId, id, token, amount, currency } = request;
    const found = await customerFor(stripe, this.ledger, request);
    if ('refusal' in found) return found.refusal;
    const intent = await stripe.paymentIntents.create(
      {
        amount: minorUnits(amount, currency),
        currency: currency.toLowerCase(),
        customer: found.customerId,
        payment_method: token,
        allowed_payment_method_types: ['card'],
        capture_method: 'manual',
        metadata: { [names.attempt]: id, [names.entity]: entityId, [names.account]: accountId },
      },
      { idempotencyKey: `${id}:create` },
    );
    const kept = await this.ledger.record(request, intent.id);
    return kept === null ? voided : this.confirm(stripe, request, kept);
  }

  /** A retry. Stripe may have forgotten the key, or would repeat an answer from before a void: its state counts. */
  private async goOn(stripe: Stripe, attempt: AttemptKey, intentId: string): Promise<Authorization> {
    const intent = await stripe.paymentIntents.retrieve(intentId);
    return intent.status === 'requires_confirmation' ? this.confirm(stripe, attempt, intentId) : answerOf(intent);
  }

  private async confirm(stripe: Stripe, { id }: AttemptKey, intentId: string): Promise<Authorization> {
    try {
      const options = { idempotencyKey: `${id}:confirm` };
      return answerOf(await stripe.paymentIntents.confirm(intentId, { off_session: true }, options));
    } catch (error) {
      // A void was first.
      if (isRefused(error) && error.code === 'payment_intent_unexpected_state')
        return answerOf(await stripe.paymentIntents.retrieve(intentId));
      throw error;
    }
  }

  capture(attempt: AttemptKey): Promise<boolean> {
    return this.ask(attempt, 'capture', async (stripe) => {
      const intentId = await this.ledger.intentOf(attempt);
      if (!intentId) return false;
      try {
        return (await stripe.paymentIntents.capture(intentId)).status === 'succeeded';
      } catch (error) {
        if (!isRefused(error)) throw error;
        const { status } = await stripe.paymentIntents.retrieve(intentId);
        if (status === 'succeeded') return true;
        if (status === 'canceled') return false;
        // Stripe may not have canceled yet what has expired. What was never authorized must stay so.
        if (status === 'requires_capture' && error.code !== 'charge_expired_for_capture') throw error;
        return !(await canceled(stripe, intentId));
      }
    });
  }

  async void(attempt: AttemptKey): Promise<boolean> {
    const intentId = await this.ledger.record(attempt, null);
    return intentId === null || this.ask(attempt, 'void', (stripe) => canceled(stripe, intentId));
  }

  refund(attempt: AttemptKey, { id, amount, currency }: RefundRequest): Promise<boolean> {
    return this.ask(attempt, 'refund', async (stripe) => {
      const intentId = await this.ledger.intentOf(attempt);
      if (!intentId) return false;
      // Stripe forgets idempotency keys after 24 hours, and a refund may be asked for again after days.
      for await (const refund of stripe.refunds.list({ payment_intent: intentId, limit: 100 })) {
        if (refund.metadata?.[names.refund] === id) return isPaidBack(refund);
      }
      const units = minorUnits(amount, currency);
      try {
        const metadata = { [names.refund]: id, [names.attempt]: attempt.id };
        const params = { payment_intent: intentId, amount: units, metadata };
        return isPaidBack(await stripe.refunds.create(params, { idempotencyKey: `${id}:refund` }));
      } catch (error) {
        if (!isRefused(error)) throw error;
        if (error.code === 'charge_disputed' || (await leftOf(stripe, intentId)) < units) return false;
        throw error;
      }
    });
  }

  find(attempt: AttemptKey): Promise<GatewayCharge | undefined> {
    return this.ask(attempt, 'find', async (stripe) => {
      const intentId = await this.ledger.intentOf(attempt);
      if (intentId === undefined) return undefined;
      const { id: key } = attempt;
      if (intentId === null) return { key, status: 'Voided', amount: '0', currency: '', refunded: '0' };
      const intent = await stripe.paymentIntents.retrieve(intentId, { expand: ['latest_charge'] });
      const status = statusOf(intent);
      if (status === undefined) return undefined;
      const currency = intent.currency.toUpperCase();
      const [amount, refunded] = [intent.amount, refundedOf(intent)].map((units) => fromMinorUnits(units, currency));
      return { key, status, amount, currency, refunded };
    });
  }

  /** Closes all connections. Nothing is asked of Stripe from then on. */
  close(): void {
    this.accounts.close();
  }

  /** Asks the entity's account. @throws GatewayFailure */
  private async ask<T>({ entityId }: AttemptKey, call: string, act: (stripe: Stripe) => Promise<T>): Promise<T> {
    const account = this.accounts.of(entityId);
    if (!account) throw new GatewayFailure(`the entity ${entityId} has no account at Stripe`);
    return this.accounts.ask(account, call, act);
  }
}

function answerOf({ status, last_payment_error: error }: Stripe.PaymentIntent): Authorization {
  if (status === 'requires_capture' || status === 'succeeded') return { approved: true };
  if (status === 'canceled') return voided;
  if (status === 'requires_action')
    return { approved: false, reason: 'the customer must authenticate (authentication_required)' };
  if (status === 'requires_payment_method') return { approved: false, reason: declineReason(error ?? {}) };
  throw new GatewayFailure(`Stripe has not decided yet: the intent is ${status}`);
}

/** Whether an intent is canceled by now, be it by this call. False if it was captured before. */
async function canceled(stripe: Stripe, intentId: string): Promise<boolean> {
  try {
    return (await stripe.paymentIntents.cancel(intentId)).status === 'canceled';
  } catch (error) {
    if (!isRefused(error)) throw error;
    const { status } = await stripe.paymentIntents.retrieve(intentId);
    if (status === 'canceled' || status === 'succeeded') return status === 'canceled';
    throw error;
  }
}

/** A refund that is pending was accepted. One that has failed leaves the money with us. */
const isPaidBack = ({ status }: Stripe.Refund): boolean => status !== 'failed' && status !== 'canceled';

/** Minor units of an intent that were refunded. Its latest charge must be expanded. */
const refundedOf = ({ latest_charge: charge }: Stripe.PaymentIntent): number =>
  charge !== null && typeof charge === 'object' ? charge.amount_refunded : 0;

/** Minor units that were captured and not refunded yet. */
async function leftOf(stripe: Stripe, intentId: string): Promise<number> {
  const intent = await stripe.paymentIntents.retrieve(intentId, { expand: ['latest_charge'] });
  return intent.status === 'succeeded' ? intent.amount_received - refundedOf(intent) : 0;
}

function statusOf(intent: Stripe.PaymentIntent): ChargeStatus | undefined {
  switch (intent.status) {
    case 'requires_capture':
      return 'Authorized';
    case 'succeeded':
      return refundedOf(intent) === intent.amount_received ? 'Refunded' : 'Captured';
    case 'canceled':
      return 'Voided';
    case 'requires_payment_method':
    case 'requires_action':
      return 'Declined';
    default:
      return undefined;
  }
}
