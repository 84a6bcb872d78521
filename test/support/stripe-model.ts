import { currenciesOf } from '../../src/domain/currency';

/*
 * An account at Stripe, as far as its published behaviour matters to the gateway: what objects there are, which states an
 * intent walks through, and what is refused with which error.
 */

type Fields = Record<string, unknown>;
/** Parameters of a request, as the form has them: nested names as objects. */
export type Params = Record<string, never>;

/** An error as Stripe's API answers it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: Fields & { message: string },
  ) {
    super(body.message);
  }
}

const invalid = (message: string, more: Fields = {}, status = 400) =>
  new ApiError(status, { type: 'invalid_request_error', message, ...more });
const missing = (what: string, id: string, param: string) =>
  invalid(`No such ${what}: '${id}'`, { code: 'resource_missing', param }, 404);

/** How a card behaves when it is charged, by Stripe's test token. */
const cards: Record<string, Fields | null> = {
  tok_visa: null,
  tok_chargeCustomerFail: {
    ...{ code: 'card_declined', decline_code: 'generic_decline', message: 'Your card was declined.' },
  },
  tok_visa_chargeDeclinedInsufficientFunds: {
    ...{ code: 'card_declined', decline_code: 'insufficient_funds', message: 'Your card has insufficient funds.' },
  },
  tok_visa_chargeDeclinedStolenCard: {
    ...{ code: 'card_declined', decline_code: 'stolen_card', message: 'Your card was declined: it is stolen.' },
  },
  tok_threeDSecure2Required: {
    ...{ code: 'authentication_required', decline_code: 'authentication_required' },
    message: 'Your card was declined. This transaction requires authentication.',
  },
};

/** A card with which Stripe fails after it has authorized. No card of Stripe's own. */
const failing = 'tok_failsAfterCharging';

interface Method {
  id: string;
  object: 'payment_method';
  type: string;
  customer: string | null;
  token: string;
}
export interface Intent {
  id: string;
  object: 'payment_intent';
  status: string;
  amount: number;
  amount_received: number;
  currency: string;
  customer: string;
  payment_method: string;
  latest_charge: string | null;
  last_payment_error: Fields | null;
  cancellation_reason: string | null;
  metadata: Fields;
  created: number;
}
interface Refund {
  id: string;
  object: 'refund';
  payment_intent: string;
  amount: number;
  currency: string;
  status: string;
  metadata: Fields;
  created: number;
}
interface Dispute {
  id: string;
  object: 'dispute';
  payment_intent: string;
  amount: number;
  currency: string;
  status: string;
  balance_transactions: { amount: number }[];
  created: number;
}

const dayMs = 86_400_000;
const wholeTens = ['BHD', 'JOD', 'KWD', 'OMR', 'TND'];
const supported3 = currenciesOf(3).filter((each) => !['IQD', 'LYD'].includes(each));

export class StripeModel {
  readonly customers = new Map<string, Fields & { id: string; metadata: Fields }>();
  readonly methods = new Map<string, Method>();
  readonly intents = new Map<string, Intent>();
  readonly refunds: Refund[] = [];
  /** Charges that are charged back, so that nothing can be paid back. */
  readonly disputed = new Set<string>();
  readonly disputes: Dispute[] = [];
  private made = 0;

  /** `now` in milliseconds. */
  constructor(readonly now: () => number) {}

  private id(prefix: string): string {
    return `${prefix}_${String(++this.made).padStart(14, '0')}`;
  }

  /** A payment method over a test token, as a page of the shop makes it; attached if a customer is given. */
  method(token: string, { type = 'card', customer = null as string | null } = {}): string {
    const id = this.id('pm');
    this.methods.set(id, { id, object: 'payment_method', type, customer, token });
    return id;
  }

  /** What Stripe holds or has taken and not paid back, in minor units, by intent. */
  get money(): { held: number; kept: number } {
    let [held, kept] = [0, 0];
    for (const intent of this.intents.values()) {
      if (this.current(intent).status === 'requires_capture') held += intent.amount;
      kept += intent.amount_received - this.refundedOf(intent);
    }
    return { held, kept };
  }

  refundedOf({ id }: Intent): number {
    const own = this.refunds.filter((refund) => refund.payment_intent === id && refund.status !== 'failed');
    return own.reduce((sum, { amount }) => sum + amount, 0);
  }

  handle(method: string, path: string, params: Params): unknown {
    const [, noun, id, verb] = path.replace(/^\/v1/, '').split('/');
    switch (`${method} ${noun}${id ? '/:id' : ''}${verb ? `/${verb}` : ''}`) {
      case 'POST customers': {
        const customer = { id: this.id('cus'), object: 'customer', metadata: params.metadata ?? {} };
        this.customers.set(customer.id, customer);
        return customer;
      }
      case 'POST payment_methods':
        return this.methods.get(this.method((params.card as Fields).token as string));
      case 'GET payment_methods/:id': {
        const found = this.methodOf(id, 'payment_method');
        const expanded = found.customer && params.expand && this.customers.get(found.customer);
        return { ...found, customer: expanded || found.customer };
      }
      case 'POST payment_methods/:id/attach':
        return this.attach(this.methodOf(id, 'payment_method'), params.customer);
      case 'POST payment_intents':
        return this.create(params);
      case 'GET payment_intents/:id': {
        const intent = this.intentOf(id);
        if (!params.expand) return intent;
        return this.expanded(intent);
      }
      case 'POST payment_intents/:id/confirm':
        return this.confirm(this.intentOf(id), params);
      case 'POST payment_intents/:id/capture':
        return this.capture(this.intentOf(id));
      case 'POST payment_intents/:id/cancel':
        return this.cancel(this.intentOf(id));
      case 'POST refunds':
        return this.refund(params);
      case 'GET refunds':
        return page(noun, this.refunds, params);
      case 'GET disputes':
        return page(noun, this.disputes, params);
      case 'GET payment_intents': {
        const all = [...this.intents.values()].reverse().map((intent) => this.current(intent));
        return page(noun, all, params, (intent) => this.expanded(intent));
      }
      default:
        throw invalid(`Unrecognized request URL (${method}: ${path}).`, {}, 404);
    }
  }

  private methodOf(id: string, param: string): Method {
    const method = this.methods.get(id);
    if (!method) throw missing('PaymentMethod', id, param);
    return method;
  }

  private intentOf(id: string): Intent {
    const intent = this.intents.get(id);
    if (!intent) throw missing('payment_intent', id, 'intent');
    return this.current(intent);
  }

  /** An authorization ends after seven days: Stripe cancels the intent. */
  private current(intent: Intent): Intent {
    if (intent.status === 'requires_capture' && this.now() - intent.created > 7 * dayMs) {
      Object.assign(intent, { status: 'canceled', cancellation_reason: 'automatic' });
    }
    return intent;
  }

  private attach(method: Method, customer: string): Method {
    if (!this.customers.has(customer)) throw missing('customer', customer, 'customer');
    if (method.customer && method.customer !== customer)
      throw invalid('The payment method you provided has already been attached to a customer.');
    method.customer = customer;
    return method;
  }

  private create(params: Params): Intent {
    const known =
      /^(amount|currency|customer|payment_method|allowed_payment_method_types|capture_method|metadata|expand)$/;
    const unknown = Object.keys(params).find((name) => !known.test(name));
    if (unknown) throw invalid(`Received unknown parameter: ${unknown}`, { code: 'parameter_unknown', param: unknown });
    const [amount, currency] = [Number(params.amount), String(params.currency)];
    const code = currency.toUpperCase();
    if (['KPW', ...currenciesOf(4), ...currenciesOf(3).filter((each) => !supported3.includes(each))].includes(code))
      throw invalid(`Invalid currency: ${currency}. Stripe currently supports these currencies: usd, ...`, {
        param: 'currency',
      });
    if (!Number.isInteger(amount) || amount < 1)
      throw invalid(`Invalid integer: ${params.amount}`, { code: 'parameter_invalid_integer', param: 'amount' });
    if (wholeTens.includes(code) && amount % 10) throw invalid('The last digit must be 0.', { param: 'amount' });
    if (['ISK', 'UGX'].includes(code) && amount % 100) throw invalid('The decimals must be 00.', { param: 'amount' });
    if (code === 'USD' && amount < 50)
      throw invalid('Amount must be at least $0.50 usd', { code: 'amount_too_small', param: 'amount' });
    if (amount > 99_999_999)
      throw invalid('Amount must be no more than $999,999.99', { code: 'amount_too_large', param: 'amount' });
    const method = this.methodOf(params.payment_method, 'payment_method');
    if (!this.customers.has(params.customer)) throw missing('customer', params.customer, 'customer');
    if (method.customer !== params.customer)
      throw invalid('The payment method does not belong to the customer.', { param: 'payment_method' });
    const intent: Intent = {
      ...{ id: this.id('pi'), object: 'payment_intent' as const, status: 'requires_confirmation' },
      ...{ amount, amount_received: 0, currency, customer: params.customer, payment_method: method.id },
      ...{ latest_charge: null, last_payment_error: null, cancellation_reason: null },
      ...{ metadata: params.metadata ?? {}, created: this.now() },
    };
    this.intents.set(intent.id, intent);
    return intent;
  }

  private unexpected(intent: Intent, verb: string) {
    const message = `This PaymentIntent's status is ${intent.status}, so it cannot be ${verb}.`;
    return invalid(message, { code: 'payment_intent_unexpected_state', payment_intent: { ...intent } });
  }

  private confirm(intent: Intent, params: Params): Intent {
    if (!['requires_confirmation', 'requires_payment_method'].includes(intent.status))
      throw this.unexpected(intent, 'confirmed');
    const { token } = this.methodOf(intent.payment_method, 'payment_method');
    const declined = cards[token];
    if (declined && (declined.code !== 'authentication_required' || String(params.off_session) === 'true')) {
      const error = { type: 'card_error', message: '', ...declined };
      Object.assign(intent, { status: 'requires_payment_method', last_payment_error: error });
      throw new ApiError(402, { ...error, payment_intent: { ...intent } });
    }
    Object.assign(intent, { status: 'requires_capture', latest_charge: this.id('ch') });
    if (token === failing) throw new ApiError(500, { type: 'api_error', message: 'An unknown error occurred.' });
    return intent;
  }

  private capture(intent: Intent): Intent {
    if (intent.status !== 'requires_capture') throw this.unexpected(intent, 'captured');
    return Object.assign(intent, { status: 'succeeded', amount_received: intent.amount });
  }

  private cancel(intent: Intent): Intent {
    if (['succeeded', 'canceled'].includes(intent.status)) throw this.unexpected(intent, 'canceled');
    return Object.assign(intent, { status: 'canceled', cancellation_reason: null });
  }

  private refund(params: Params): Refund {
    const intent = this.intentOf(params.payment_intent);
    const left = intent.amount_received - this.refundedOf(intent);
    const amount = Number(params.amount);
    if (intent.status !== 'succeeded')
      throw invalid(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`);
    if (this.disputed.has(intent.id)) throw invalid('The charge has been charged back.', { code: 'charge_disputed' });
    if (left === 0) throw invalid('The charge has already been refunded.', { code: 'charge_already_refunded' });
    if (amount > left) throw invalid('Refund amount is greater than unrefunded amount on charge', { param: 'amount' });
    const refund: Refund = {
      ...{ id: this.id('re'), object: 'refund' as const, payment_intent: intent.id, amount, currency: intent.currency },
      ...{ status: 'succeeded', metadata: params.metadata ?? {}, created: this.now() },
    };
    this.refunds.unshift(refund);
    return refund;
  }

  /** A refund that a person makes in the Dashboard, or by another program. */
  refundByHand(intent: string, amount: number): Refund {
    return this.refund({ payment_intent: intent, amount } as never);
  }

  /** A dispute of a charge. The money is withdrawn at once unless it is an inquiry. */
  dispute(intentId: string, status = 'needs_response', amount?: number): Dispute {
    const intent = this.intentOf(intentId);
    const dispute: Dispute = {
      ...{ id: this.id('dp'), object: 'dispute', payment_intent: intentId, currency: intent.currency, status },
      ...{ amount: amount ?? intent.amount, balance_transactions: [], created: this.now() },
    };
    if (!status.startsWith('warning')) dispute.balance_transactions.push({ amount: -dispute.amount - 1500 });
    this.disputes.unshift(dispute);
    return dispute;
  }

  private expanded(intent: Intent) {
    const { id, latest_charge: charge } = intent;
    const disputed = this.disputes.some(({ payment_intent }) => payment_intent === id);
    return {
      ...shown(intent),
      latest_charge: charge && { id: charge, amount_refunded: this.refundedOf(intent), disputed },
    };
  }
}

/** Stripe tells times in seconds. The model counts milliseconds. */
const shown = <T extends Listed>(each: T): T => ({ ...each, created: Math.floor(each.created / 1000) });

interface Listed {
  id: string;
  created: number;
  payment_intent?: string;
}

/** A page of a list that has the newest first. Times are in seconds, and pages are cut by the last object before them. */
function page<T extends Listed>(noun: string, all: readonly T[], params: Params, show: (each: T) => object = shown) {
  const { gte, lt } = (params.created ?? {}) as { gte?: string; lt?: string };
  const seconds = ({ created }: T) => Math.floor(created / 1000);
  const found = all.filter(
    (each) =>
      (params.payment_intent === undefined || each.payment_intent === params.payment_intent) &&
      (gte === undefined || seconds(each) >= Number(gte)) &&
      (lt === undefined || seconds(each) < Number(lt)),
  );
  const from = params.starting_after ? found.findIndex(({ id }) => id === params.starting_after) + 1 : 0;
  const to = from + Number(params.limit ?? 10);
  return { object: 'list', url: `/v1/${noun}`, data: found.slice(from, to).map(show), has_more: to < found.length };
}
