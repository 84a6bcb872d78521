import { StripeGateway } from '../../src/gateway/stripe';
import { StripeLedger } from '../../src/store/stripe';
import { type Case, type CrashProvider, describeCrashes, ownSteps } from '../support/payment-crash';
import { StripeStandIn, standInKey } from '../support/stripe-stand-in';

let standIn: StripeStandIn;
let gateway: StripeGateway;

const cards: Record<string, string> = {
  tok_ok: 'tok_visa',
  tok_declined: 'tok_chargeCustomerFail',
  tok_error: 'tok_failsAfterCharging',
};

const provider: CrashProvider = {
  open: async () => {
    standIn = await StripeStandIn.start();
  },
  close: async () => {
    gateway.close();
    await standIn.close();
  },
  payments: (pool) => {
    const options = { key: standInKey, url: standIn.url, timeoutMs: 5_000, version: 'test' };
    gateway = new StripeGateway(new StripeLedger(pool), options);
    return gateway;
  },
  env: () => ({ PAYMENT_GATEWAY: 'stripe', STRIPE_SECRET_KEY: standInKey, STRIPE_API_URL: standIn.url }),
  token: (token) => standIn.account.method(cards[token]),
  hold: ({ match, at }) => standIn.hold(match, at),
  mirror: async (owner) => {
    const { account } = standIn;
    const charges = [...account.intents.values()]
      // A void that came first, or a crash: never confirmed, so it moved nothing.
      .filter(({ status }) => status !== 'requires_confirmation')
      .map((intent) => ({
        ...{ key: intent.metadata.gateway_attempt, amount: intent.amount, refunded: account.refundedOf(intent) },
        ...{ status: intent.status },
      }));
    const refunds = account.refunds.map(({ payment_intent, metadata, amount }) => ({
      ...{
        key: metadata.gateway_refund,
        charge: account.intents.get(payment_intent)!.metadata.gateway_attempt,
        amount,
      },
    }));
    await owner('delete from test_gateway.refund');
    await owner('delete from test_gateway.charge');
    await owner(
      `insert into test_gateway.charge (key, token, amount, currency, status, refunded, created_date)
       select key, '', trim_scale(amount / 100), 'USD', (case status when 'requires_capture' then 'Authorized' when 'canceled' then 'Voided'
         when 'succeeded' then case when refunded = amount then 'Refunded' else 'Captured' end else 'Declined' end)::test_gateway.charge_status,
         trim_scale(refunded / 100), now()
       from json_to_recordset($1::json) as c(key uuid, amount numeric, refunded numeric, status text)`,
      [JSON.stringify(charges)],
    );
    await owner(
      `insert into test_gateway.refund (key, charge_key, amount)
       select key, charge, trim_scale(amount / 100) from json_to_recordset($1::json) as r(key uuid, charge uuid, amount numeric)`,
      [JSON.stringify(refunds)],
    );
  },
};

/** Each request to Stripe that changes something, before and after its effect. */
const requestSteps = Object.fromEntries(
  Object.entries({
    'a customer is made': /POST .*customers$/,
    'the payment method is attached': /attach$/,
    'the intent is made': /POST .*payment_intents$/,
    'the intent is confirmed': /confirm$/,
    'the intent is captured': /capture$/,
    'the intent is canceled': /cancel$/,
    'the money is paid back': /POST .*refunds$/,
  }).flatMap(([what, match]) =>
    (['before', 'after'] as const).map((at) => [
      `${at} ${what}`,
      { request: { match, at }, ...(/capture|cancel|refunds/.test(match.source) && { behindReply: true as const }) },
    ]),
  ),
);
const steps = {
  ...ownSteps,
  ...requestSteps,
  'before the intent is recorded': {
    trigger: 'before insert on stripe_intent for each row when (new.intent_id is not null)',
  },
  'while it commits the record': {
    trigger: 'after insert on stripe_intent for each row when (new.intent_id is not null)',
  },
  'before it looks for what to give up': {
    trigger: 'before insert on stripe_intent for each row when (new.intent_id is null)',
    behindReply: true as const,
  },
};
const both = (what: string) => [`before ${what}`, `after ${what}`];
const at = (token: string, ...gates: string[]): Case[] => gates.map((gate) => ({ token, gate }));

describeCrashes({
  provider,
  steps,
  collecting: [
    ...at('tok_ok', 'before its attempt is written', ...both('a customer is made')),
    ...at('tok_ok', ...both('the payment method is attached'), ...both('the intent is made')),
    ...at('tok_ok', 'before the intent is recorded', 'while it commits the record', ...both('the intent is confirmed')),
    ...at('tok_ok', 'before its payment is written', 'before its history is written', 'while it commits'),
    ...at('tok_ok', ...both('the intent is captured'), 'when it has captured and not said so'),
    ...at('tok_ok', 'while it commits that it has captured'),
    ...at('tok_declined', ...both('the intent is confirmed'), 'before it writes that it was declined'),
    ...at('tok_error', 'after the intent is confirmed', 'before it looks for what to give up'),
    ...at('tok_error', ...both('the intent is canceled'), 'when it was given up and not said so'),
  ],
  refunding: [
    ...at('tok_ok', 'before its refund is written', 'while it commits its refund', ...both('the money is paid back')),
    ...at('tok_ok', 'when it was paid back and not said so', 'while it commits that it was paid back'),
  ],
  outcomes: { tok_ok: 'paid', tok_declined: 'PAYMENT_DECLINED', tok_error: 'PAYMENT_FAILED' },
});
