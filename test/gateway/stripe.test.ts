import { setTimeout as delay } from 'node:timers/promises';
import {
  type AttemptKey,
  GatewayFailure,
  GatewayKeyRefused,
  GatewayTimeout,
  type PaymentGateway,
  withTimeout,
} from '../../src/gateway/port';
import { StripeGateway } from '../../src/gateway/stripe';
import { openPool } from '../../src/store/connection/session';
import { newId } from '../../src/store/id';
import { StripeLedger } from '../../src/store/stripe';
import { type TestDatabase, testDatabase } from '../support/database';
import { attempts } from '../support/payment-attempts';
import { type Fault, StripeStandIn, standInKey } from '../support/stripe-stand-in';

/* What Stripe alone does, and what the network does to it. The contract of every gateway is in contract.test.ts. */

let database: TestDatabase;
let pool: ReturnType<typeof openPool>;
let entityId: string;
let accountId: string;
let attempt: () => Promise<AttemptKey>;
let standIn: StripeStandIn;
let gateway: StripeGateway;
let told: string[];

const gatewayAt = (url: string, more: object = {}) =>
  new StripeGateway(
    new StripeLedger(pool),
    { key: standInKey, url, timeoutMs: 10_000, version: 'test', ...more },
    (account, call, reason) => told.push(`${account} ${call}: ${reason ?? 'accepted'}`),
  );

beforeAll(async () => {
  database = await testDatabase();
  pool = openPool({ url: database.url }, 4);
  ({ entityId, accountId, attempt } = await attempts(database));
}, 60_000);
afterAll(async () => {
  await pool.end();
  await database.close();
});
beforeEach(async () => {
  told = [];
  standIn = await StripeStandIn.start();
  gateway = gatewayAt(standIn.url);
  // Names of customers are those of one server.
  await database.owner('delete from stripe_payment_method');
});
afterEach(async () => {
  gateway.close();
  await standIn.close();
});

const visa = (more = {}) => standIn.account.method('tok_visa', more);
const ask = (key: AttemptKey, token: string, more: object = {}, by: PaymentGateway = gateway) =>
  by.authorize({ ...key, accountId, token, amount: '10', currency: 'USD', ...more });
const refused = async (token: string, more: object = {}) => {
  const answer = await ask(await attempt(), token, more);
  if (answer.approved) throw new Error('approved');
  return answer;
};
const asked = (what: RegExp) => standIn.asked.filter((each) => what.test(each.what));

describe('a payment', () => {
  test('is created without moving money, recorded, and only then confirmed', async () => {
    const key = await attempt();
    const confirmation = standIn.hold(/confirm$/, 'before');
    const answer = ask(key, visa());
    while (!confirmation.waiting) await delay(5);
    expect(standIn.account.money).toEqual({ held: 0, kept: 0 });
    const [intent] = standIn.account.intents.values();
    expect(await database.owner('select intent_id from stripe_intent where attempt_id = $1', [key.id])).toEqual([
      { intent_id: intent.id },
    ]);
    expect(intent.metadata).toEqual({
      ...{ gateway_attempt: key.id, gateway_entity: entityId, gateway_account: accountId },
    });
    confirmation.open();
    expect(await answer).toEqual({ approved: true });
    expect(standIn.account.money).toEqual({ held: 1000, kept: 0 });
  });

  test('that is asked for twice at the same time is made once', async () => {
    const key = await attempt();
    const token = visa();
    const creation = standIn.hold(/POST .*payment_intents$/, 'before');
    const answers = [ask(key, token), ask(key, token)];
    // The second finds the key in use.
    while (asked(/POST .*payment_intents$/).length < 2) await delay(5);
    creation.open();
    expect(await Promise.all(answers)).toEqual([{ approved: true }, { approved: true }]);
    expect([standIn.account.intents.size, standIn.account.money.held]).toEqual([1, 1000]);
  });

  test('that something between us and Stripe has answered is a failure', async () => {
    standIn.fail(/payment_methods/, 'page');
    await expect(ask(await attempt(), visa())).rejects.toThrow('Stripe answered nothing that can be read');
  });

  test('is never confirmed where it could not be recorded', async () => {
    const key = await attempt();
    await database.owner('alter table stripe_intent rename to away');
    await expect(ask(key, visa())).rejects.toThrow();
    await database.owner('alter table away rename to stripe_intent');
    expect(asked(/confirm/)).toEqual([]);
    expect(standIn.account.money.held).toBe(0);
  });

  test('attaches a payment method to a customer of the account, which is made once', async () => {
    const [first, second] = [visa(), visa()];
    await ask(await attempt(), first);
    await ask(await attempt(), first);
    await ask(await attempt(), second);
    expect(standIn.account.customers.size).toBe(1);
    const [{ id, metadata }] = standIn.account.customers.values();
    expect(metadata).toEqual({ gateway_entity: entityId, gateway_account: accountId });
    expect([...standIn.account.methods.values()].map(({ customer }) => customer)).toEqual([id, id]);
    // A method that is known is charged in two requests.
    expect(asked(/payment_methods|customers/).map(({ what }) => what.replace(/pm_\d+/, ':id'))).toEqual([
      ...['GET /v1/payment_methods/:id', 'POST /v1/customers', 'POST /v1/payment_methods/:id/attach'],
      ...['GET /v1/payment_methods/:id', 'POST /v1/payment_methods/:id/attach'],
    ]);
  });

  test('makes a new customer where the shop has deleted the old one, and does not charge what went with it', async () => {
    const token = visa();
    await ask(await attempt(), token);
    const [{ id }] = standIn.account.customers.values();
    standIn.account.customers.delete(id);
    expect((await refused(token)).reason).toBe('the payment method cannot be charged (resource_missing)');
    expect(await ask(await attempt(), visa())).toEqual({ approved: true });
    expect([...standIn.account.customers.keys()]).toEqual([expect.not.stringContaining(id)]);
  });

  test('keeps the customer that the shop has attached a payment method to', async () => {
    // A note of the shop's own means nothing here.
    standIn.account.customers.set('cus_own', { id: 'cus_own', metadata: { account: 'A-1' } });
    expect(await ask(await attempt(), visa({ customer: 'cus_own' }))).toEqual({ approved: true });
    expect([...standIn.account.intents.values()].map(({ customer }) => customer)).toEqual(['cus_own']);
    expect(standIn.account.customers.size).toBe(1);
  });

  test('is refused with a payment method of another account, however it came there', async () => {
    const other = (await attempts(database, 'Acme')).accountId;
    const token = visa();
    await ask(await attempt(), token);
    const foreign = { approved: false, reason: 'the payment method belongs to another account' };
    expect(await refused(token, { accountId: other })).toEqual(foreign);
    const [{ id: customer }] = standIn.account.customers.values();
    expect(await refused(visa({ customer }), { accountId: other })).toEqual(foreign);
    expect(standIn.account.money.held).toBe(1000);
  });

  test.each([
    ['tok_chargeCustomerFail', 'Your card was declined (generic_decline)'],
    ['tok_visa_chargeDeclinedInsufficientFunds', 'Your card has insufficient funds (insufficient_funds)'],
    [
      'tok_threeDSecure2Required',
      'Your card was declined. This transaction requires authentication (authentication_required)',
    ],
    // A thief would learn that the card is known as stolen.
    ['tok_visa_chargeDeclinedStolenCard', 'the card was declined (generic_decline)'],
  ])('is declined with the reason of Stripe: %s', async (token, reason) => {
    expect(await refused(standIn.account.method(token))).toEqual({ approved: false, reason });
    expect(standIn.account.money.held).toBe(0);
  });

  test.each([
    ['too small', { amount: '0.49' }, 'INVALID_VALUE', 'Amount must be at least $0.50 usd'],
    ['too large', { amount: '1000000' }, 'LIMIT_EXCEEDED', 'Amount must be no more than $999,999.99'],
    ['in a currency that Stripe does not know', { currency: 'KPW' }, 'INVALID_VALUE', 'does not take this currency'],
  ])('is refused under its own code if it is %s', async (_what, more, code, text) => {
    const answer = await refused(visa(), more);
    expect(answer).toEqual({ approved: false, code, reason: expect.stringContaining(text) });
  });

  test('is refused with what is no card, or was taken away from its customer', async () => {
    expect((await refused(visa({ type: 'sepa_debit' }))).reason).toBe(
      'a payment method of the type sepa_debit cannot be reserved; only cards can',
    );
    const token = visa();
    await ask(await attempt(), token);
    standIn.account.methods.get(token)!.customer = null;
    const { reason } = await refused(token);
    expect(reason).toBe('the payment method cannot be charged (payment_method)');
  });

  test('that was authorized more than seven days ago can never be captured', async () => {
    const key = await attempt();
    await ask(key, visa());
    standIn.later = 8 * 86_400_000;
    expect(await gateway.capture(key)).toBe(false);
    expect(await gateway.find(key)).toMatchObject({ status: 'Voided' });
  });

  test('is made once, and paid back once, also after Stripe has forgotten the keys', async () => {
    const key = await attempt();
    const token = visa();
    await ask(key, token);
    standIn.later = 2 * 86_400_000;
    expect(await ask(key, token)).toEqual({ approved: true });
    await gateway.capture(key);
    const refund = { id: newId(), amount: '4', currency: 'USD' };
    expect(await gateway.refund(key, refund)).toBe(true);
    standIn.later = 4 * 86_400_000;
    expect(await gateway.refund(key, refund)).toBe(true);
    expect(standIn.account.money).toEqual({ held: 0, kept: 600 });
    expect(standIn.account.refunds).toHaveLength(1);
  });

  test('finds its refund behind more of them than a page has', async () => {
    const key = await attempt();
    await ask(key, visa(), { amount: '500' });
    await gateway.capture(key);
    const first = { id: newId(), amount: '1', currency: 'USD' };
    await gateway.refund(key, first);
    const [made] = standIn.account.refunds;
    for (let at = 0; at < 150; at++) standIn.account.refunds.unshift({ ...made, id: `re_${at}`, metadata: {} });
    standIn.later = 2 * 86_400_000;
    expect(await gateway.refund(key, first)).toBe(true);
    expect(standIn.account.refunds).toHaveLength(151);
    expect(asked(/GET .*refunds/)).toHaveLength(3);
  });

  test('is not paid back once it is disputed, or where the refund has failed', async () => {
    const [disputed, failed] = [await attempt(), await attempt()];
    const token = visa();
    for (const key of [disputed, failed]) {
      await ask(key, token);
      await gateway.capture(key);
    }
    standIn.account.disputed.add([...standIn.account.intents.keys()][0]);
    const refund = () => ({ id: newId(), amount: '4', currency: 'USD' });
    expect(await gateway.refund(disputed, refund())).toBe(false);
    const again = refund();
    expect(await gateway.refund(failed, again)).toBe(true);
    standIn.account.refunds[0].status = 'failed';
    expect(await gateway.refund(failed, again)).toBe(false);
  });
});

describe('a network that fails', () => {
  /** A payment method of a given name, attached to the shop's own customer unless told otherwise. */
  const tokenAt = (server: StripeStandIn, id: string, customer: string | null = 'cus_own'): string => {
    server.account.customers.set('cus_own', { id: 'cus_own', metadata: {} });
    server.account.methods.set(id, { id, object: 'payment_method', type: 'card', customer, token: 'tok_visa' });
    return id;
  };
  const steps: [string, RegExp][] = [
    ['the retrieval of the payment method', /GET .*payment_methods/],
    ['the new customer', /POST .*customers$/],
    ['the attachment', /attach$/],
    ['the new intent', /POST .*payment_intents$/],
    ['the confirmation', /confirm$/],
    ['the capture', /capture$/],
    ['the refund', /POST .*refunds$/],
    ['the cancellation', /cancel$/],
  ];
  const faults: Fault[] = ['cut before', 'cut after', 503];

  test('is asked again by the library, and nothing is done twice, at whatever step it fails', async () => {
    await Promise.all(
      steps.flatMap(([name, match]) =>
        faults.map(async (fault) => {
          const server = await StripeStandIn.start();
          const own = gatewayAt(server.url);
          const [key, gone] = [await attempt(), await attempt()];
          // Each has payment methods of its own: the ledger knows them by name.
          const token = tokenAt(server, `pm_${name}_${fault}`.replaceAll(' ', '_'), null);
          server.fail(match, fault);
          const done = [
            await ask(key, token, {}, own),
            await own.capture(key),
            await own.refund(key, { id: newId(), amount: '4', currency: 'USD' }),
            await ask(gone, token, {}, own),
            await own.void(gone),
          ];
          const { money, intents, refunds } = server.account;
          expect([name, fault, done]).toEqual([
            name,
            fault,
            [{ approved: true }, true, true, { approved: true }, true],
          ]);
          expect([name, fault, money, intents.size, refunds.length]).toEqual([
            ...[name, fault, { held: 0, kept: 600 }],
            ...[2, 1],
          ]);
          own.close();
          await server.close();
        }),
      ),
    );
  });

  test('that never answers is a time-out, after which nothing stays reserved, though the library asks again', async () => {
    const cases = [/payment_intents$/, /confirm$/].flatMap((match) =>
      (['silent before', 'silent after'] as const).map((fault) => ({ match, fault })),
    );
    await Promise.all(
      cases.map(async ({ match, fault }, at) => {
        const server = await StripeStandIn.start();
        const hasty = gatewayAt(server.url, { timeoutMs: 200 });
        const limited = withTimeout(hasty, 200);
        const key = await attempt();
        const token = tokenAt(server, `pm_silent_${at}`);
        await database.owner("insert into stripe_payment_method values ($1, $2, $3, 'cus_own', now())", [
          ...[entityId, token, accountId],
        ]);
        server.fail(match, fault);
        await expect(ask(key, token, {}, limited)).rejects.toThrow(GatewayTimeout);
        expect(await limited.void(key)).toBe(true);
        while (server.asked.filter(({ what }) => match.test(what)).length < 2) await delay(20);
        await delay(200);
        expect([match, fault, server.account.money]).toEqual([match, fault, { held: 0, kept: 0 }]);
        expect(await ask(key, token, {}, hasty)).toEqual({ approved: false, reason: 'payment voided before' });
        hasty.close();
        await server.close();
      }),
    );
  });

  test('that has a late confirmation behind a void leaves nothing reserved', async () => {
    const key = await attempt();
    const confirmation = standIn.hold(/confirm$/, 'before');
    const answer = ask(key, visa());
    while (!confirmation.waiting) await delay(5);
    expect(await gateway.void(key)).toBe(true);
    confirmation.open();
    expect(await answer).toEqual({ approved: false, reason: 'payment voided before' });
    expect(standIn.account.money.held).toBe(0);
  });

  test.each<[Fault, string]>([
    [429, 'Stripe answered 429 invalid_request_error rate_limit, request req_2'],
    [500, 'Stripe answered 500 api_error, request req_2'],
  ])('answers %s as a failure, and the attempt is given up', async (fault, message) => {
    const key = await attempt();
    const token = visa();
    await ask(await attempt(), token);
    standIn.asked.length = 0;
    standIn.fail(/confirm$/, fault);
    const failure = await ask(key, token).catch((error) => error);
    expect(failure).toBeInstanceOf(GatewayFailure);
    expect([failure.message, failure.cause]).toEqual([message, undefined]);
    expect(await gateway.void(key)).toBe(true);
    expect(standIn.account.money.held).toBe(1000);
  });

  test('that has kept a failure under the key of a refund is asked again once the key is forgotten', async () => {
    const key = await attempt();
    await ask(key, visa());
    await gateway.capture(key);
    const refund = { id: newId(), amount: '4', currency: 'USD' };
    standIn.fail(/POST .*refunds$/, 500);
    for (let time = 0; time < 2; time++) await expect(gateway.refund(key, refund)).rejects.toThrow('500');
    standIn.later = 25 * 3_600_000;
    expect(await gateway.refund(key, refund)).toBe(true);
    expect(standIn.account.money.kept).toBe(600);
  });
});

describe('a key', () => {
  test('that Stripe refuses is named once, without the key, and once more when it is accepted', async () => {
    const own = gatewayAt(standIn.url, { key: 'sk_test_wrong0001' });
    const key = await attempt();
    for (let time = 0; time < 3; time++) {
      const failure = await ask(key, visa(), {}, own).catch((error) => error);
      expect(failure).toBeInstanceOf(GatewayKeyRefused);
      expect(`${failure.stack}${JSON.stringify(failure)}`).not.toContain('sk_test');
    }
    standIn.accounts.set('sk_test_wrong0001', standIn.account);
    expect(await ask(key, visa(), {}, own)).toEqual({ approved: true });
    expect(told).toEqual([
      expect.stringMatching(/^stripe authorize: Stripe does not accept the secret key, request req_\d+$/),
      'stripe authorize: accepted',
    ]);
    own.close();
  });

  test('that lacks a right is told apart by what needs the right', async () => {
    standIn.denied.set(standInKey, { begins: 'POST /v1/refunds', right: 'rak_charge_write' });
    const key = await attempt();
    await ask(key, visa());
    await gateway.capture(key);
    const refund = { id: newId(), amount: '4', currency: 'USD' };
    for (let time = 0; time < 2; time++) await expect(gateway.refund(key, refund)).rejects.toThrow(GatewayKeyRefused);
    expect(await gateway.find(key)).toMatchObject({ status: 'Captured' });
    expect(told).toEqual([
      expect.stringMatching(/^stripe refund: the secret key lacks a right at Stripe: rak_charge_write, request/),
    ]);
  });

  test('of an entity goes to the account of the entity, and an entity without one collects nothing', async () => {
    const other = await attempts(database, 'Globex');
    standIn.accounts.set('rk_test_globex01', standIn.newAccount());
    const globex = standIn.accounts.get('rk_test_globex01')!;
    const entityKeys = new Map([[other.entityId, 'rk_test_globex01']]);
    const both = gatewayAt(standIn.url, { entityKeys });
    const theirs = { ...(await other.attempt()), accountId: other.accountId };
    expect(await ask(theirs, globex.method('tok_visa'), theirs, both)).toEqual({ approved: true });
    expect(await ask(await attempt(), visa(), {}, both)).toEqual({ approved: true });
    expect([globex.money.held, standIn.account.money.held]).toEqual([1000, 1000]);
    expect([both.accountOf(entityId), both.accountOf(other.entityId)]).toEqual(['stripe', `stripe ${other.entityId}`]);
    const alone = gatewayAt(standIn.url, { key: undefined, entityKeys });
    expect(alone.judge(other.entityId, '1', 'USD')).toEqual([]);
    expect(alone.judge(entityId, '1', 'USD')).toMatchObject([{ code: 'INVALID_VALUE' }]);
    await expect(ask(await attempt(), visa(), {}, alone)).rejects.toThrow('has no account at Stripe');
    for (const each of [both, alone]) each.close();
  });
});
