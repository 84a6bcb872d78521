import Stripe from 'stripe';
import { type AttemptKey, GatewayFailure, type PaymentGateway } from '../../src/gateway/port';
import { StripeGateway } from '../../src/gateway/stripe';
import { TestGateway } from '../../src/gateway/test-gateway';
import { Connection } from '../../src/store/connection/connection';
import { openPool } from '../../src/store/connection/session';
import { newId } from '../../src/store/id';
import { StripeLedger } from '../../src/store/stripe';
import { TestGatewayLedger } from '../../src/store/test-gateway';
import { type TestDatabase, testDatabase } from '../support/database';
import { attempts } from '../support/payment-attempts';
import { StripeStandIn, standInKey } from '../support/stripe-stand-in';

/*
 * What the service relies on, of every gateway behind the port. A new provider is one more entry below.
 *
 * Against Stripe itself, in test mode, with a key of one's own:
 *
 *   STRIPE_CONTRACT_KEY=sk_test_... npx jest gateway/contract
 *
 * It makes some thirty PaymentIntents of a few dollars there. Without the variable the tests of it do not exist.
 */

interface Opened {
  gateway: PaymentGateway;
  /** Makes a payment method that pays, or one that is declined when it is charged. */
  token(kind: 'pays' | 'declines'): Promise<string>;
  close(): Promise<void>;
}
type Open = (database: TestDatabase) => Promise<Opened>;

const timeoutMs = 20_000;

const openTestGateway: Open = async ({ url }) => {
  const pool = openPool({ url }, 2);
  return {
    gateway: new TestGateway(new TestGatewayLedger(new Connection(pool))),
    token: async (kind) => ({ pays: 'tok_ok', declines: 'tok_declined' })[kind],
    close: () => pool.end(),
  };
};

/** Stripe's test card of each kind. The second can be attached to a customer, and is declined afterwards. */
const cards = { pays: 'tok_visa', declines: 'tok_chargeCustomerFail' };

const openStripe = async ({ url }: TestDatabase, key: string, api?: string): Promise<Opened> => {
  const pool = openPool({ url }, 4);
  const gateway = new StripeGateway(new StripeLedger(pool), { key, url: api, timeoutMs, version: 'test' });
  const { protocol, hostname, port } = new URL(api ?? 'https://api.stripe.com');
  const stripe = new Stripe(key, {
    ...{ host: hostname, port: port || 443, telemetry: false },
    protocol: protocol === 'http:' ? 'http' : 'https',
  });
  return {
    gateway,
    token: async (kind) => {
      const made = await stripe.paymentMethods.create({ type: 'card', card: { token: cards[kind] } });
      return made.id;
    },
    close: async () => {
      gateway.close();
      await pool.end();
    },
  };
};

const gateways: [string, Open][] = [
  ['the test gateway', openTestGateway],
  [
    'Stripe, as the stand-in has it',
    async (database) => {
      const standIn = await StripeStandIn.start();
      const opened = await openStripe(database, standInKey, standIn.url);
      return {
        ...opened,
        close: async () => {
          await opened.close();
          await standIn.close();
        },
      };
    },
  ],
];
const ownKey = process.env.STRIPE_CONTRACT_KEY;
if (ownKey) gateways.push(['Stripe itself, in test mode', (database) => openStripe(database, ownKey)]);

describe.each(gateways)('%s', (_name, open) => {
  let database: TestDatabase;
  let opened: Opened;
  let gateway: PaymentGateway;
  let entityId: string;
  let accountId: string;
  let token: string;
  /** An attempt as the service has committed it before it asks. */
  let attempt: () => Promise<AttemptKey>;

  beforeAll(async () => {
    database = await testDatabase();
    opened = await open(database);
    ({ gateway } = opened);
    ({ entityId, accountId, attempt } = await attempts(database));
    token = await opened.token('pays');
  }, 60_000);
  afterAll(async () => {
    await opened.close();
    await database.close();
  });

  const authorize = (key: AttemptKey, more: object = {}) =>
    gateway.authorize({ ...key, accountId, token, amount: '12.34', currency: 'USD', ...more });
  const refund = (key: AttemptKey, id: string, amount: string) => gateway.refund(key, { id, amount, currency: 'USD' });
  const captured = async () => {
    const key = await attempt();
    expect(await authorize(key)).toEqual({ approved: true });
    expect(await gateway.capture(key)).toBe(true);
    return key;
  };

  test('reserves an amount, and takes it once it is captured', async () => {
    const key = await attempt();
    expect(await authorize(key)).toEqual({ approved: true });
    const charge = { key: key.id, amount: '12.34', currency: 'USD', refunded: '0' };
    expect(await gateway.find(key)).toEqual({ ...charge, status: 'Authorized' });
    expect(await gateway.capture(key)).toBe(true);
    expect(await gateway.capture(key)).toBe(true);
    expect(await gateway.find(key)).toEqual({ ...charge, status: 'Captured' });
  });

  test('authorizes an attempt once, however often it is asked, also at the same time', async () => {
    const key = await attempt();
    const answers = await Promise.allSettled([authorize(key), authorize(key), authorize(key)]);
    // One of them may find the other under way. Nothing is refused.
    for (const answer of answers) {
      if (answer.status === 'fulfilled') expect(answer.value).toEqual({ approved: true });
      else expect(answer.reason).toBeInstanceOf(GatewayFailure);
    }
    expect(await authorize(key)).toEqual({ approved: true });
    expect(await gateway.capture(key)).toBe(true);
    expect(await authorize(key)).toEqual({ approved: true });
    expect(await refund(key, newId(), '12.34')).toBe(true);
    expect(await refund(key, newId(), '0.5')).toBe(false);
  });

  test('says why a payment is declined, again and again, and reserves nothing', async () => {
    const key = await attempt();
    const declining = await opened.token('declines');
    for (let time = 0; time < 2; time++) {
      expect(await authorize(key, { token: declining })).toEqual({
        approved: false,
        reason: expect.stringMatching(/card.*declined[^.]*$/),
      });
    }
    expect(await gateway.find(key)).toMatchObject({ status: 'Declined' });
    expect(await gateway.capture(key)).toBe(false);
    expect(await gateway.void(key)).toBe(true);
  });

  test('charges nothing to a payment method that it does not know', async () => {
    const key = await attempt();
    expect(await authorize(key, { token: 'pm_0000000000000000' })).toMatchObject({ approved: false });
    expect(await gateway.capture(key)).toBe(false);
    expect(await gateway.void(key)).toBe(true);
  });

  test('gives an amount up, as often as it is asked to, and never takes it then', async () => {
    const key = await attempt();
    await authorize(key);
    for (let time = 0; time < 2; time++) expect(await gateway.void(key)).toBe(true);
    expect(await gateway.find(key)).toMatchObject({ status: 'Voided' });
    expect(await gateway.capture(key)).toBe(false);
    expect(await authorize(key)).toEqual({ approved: false, reason: 'payment voided before' });
    expect(await gateway.find(key)).toMatchObject({ status: 'Voided' });
  });

  test('authorizes nothing whose void came first', async () => {
    const key = await attempt();
    expect(await gateway.void(key)).toBe(true);
    expect(await authorize(key)).toEqual({ approved: false, reason: 'payment voided before' });
    expect(await gateway.capture(key)).toBe(false);
    expect(await gateway.void(key)).toBe(true);
    expect(await gateway.find(key)).toMatchObject({ status: 'Voided' });
  });

  test('reserves nothing in the end where a void and an authorization meet', async () => {
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        const key = await attempt();
        const [, gone] = await Promise.allSettled([authorize(key), gateway.void(key)]);
        if (gone.status === 'fulfilled') expect(gone.value).toBe(true);
        expect(await gateway.void(key)).toBe(true);
        expect(await gateway.capture(key)).toBe(false);
        expect(['Voided', 'Declined']).toContain((await gateway.find(key))!.status);
      }),
    );
  });

  test('does not give up what is captured', async () => {
    const key = await captured();
    expect(await gateway.void(key)).toBe(false);
    expect(await gateway.find(key)).toMatchObject({ status: 'Captured' });
  });

  test('pays back in parts, each once under its key, and never more than was taken', async () => {
    const key = await captured();
    const [first, second] = [newId(), newId()];
    for (let time = 0; time < 2; time++) expect(await refund(key, first, '4')).toBe(true);
    expect(await Promise.all([refund(key, second, '5.1'), refund(key, second, '5.1')])).toEqual([true, true]);
    expect(await gateway.find(key)).toMatchObject({ status: 'Captured', refunded: '9.1' });
    expect(await refund(key, newId(), '3.25')).toBe(false);
    expect(await refund(key, newId(), '3.24')).toBe(true);
    expect(await gateway.find(key)).toMatchObject({ status: 'Refunded', refunded: '12.34' });
    expect(await refund(key, newId(), '1')).toBe(false);
    expect(await refund(key, first, '4')).toBe(true);
  });

  test('pays nothing back of what it has not captured', async () => {
    const [reserved, gone, unknown] = [await attempt(), await attempt(), await attempt()];
    await authorize(reserved);
    await gateway.void(gone);
    for (const key of [reserved, gone, unknown]) expect(await refund(key, newId(), '1')).toBe(false);
    expect(await gateway.find(reserved)).toMatchObject({ status: 'Authorized', refunded: '0' });
    expect(await gateway.void(reserved)).toBe(true);
  });

  test('knows nothing of an attempt that it was never asked for', async () => {
    const key = await attempt();
    expect([await gateway.find(key), await gateway.capture(key)]).toEqual([undefined, false]);
  });

  test('counts an amount of a currency without decimals, as of one with two', async () => {
    const key = await attempt();
    expect(await authorize(key, { amount: '1234', currency: 'JPY' })).toEqual({ approved: true });
    expect(await gateway.find(key)).toMatchObject({ amount: '1234', currency: 'JPY' });
    expect(await gateway.void(key)).toBe(true);
  });

  test('describes a payment method by what may be shown, and knows a token by its form', () => {
    expect(gateway.describe(token)).toEqual({ type: expect.any(String), label: expect.stringMatching(/\w{4}/) });
    expect(gateway.describe(token)!.label).not.toContain(token);
    for (const wrong of ['', 'nonsense', 'pm_', '__proto__', `${token}'`])
      expect(gateway.describe(wrong)).toBeUndefined();
  });

  test('judges an amount, and has an account for each entity', () => {
    expect(gateway.judge(entityId, '12.34', 'USD')).toEqual([]);
    expect(gateway.accountOf(entityId)).toEqual(expect.any(String));
    expect(['test', 'stripe']).toContain(gateway.provider);
  });
});
