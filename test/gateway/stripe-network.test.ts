import { setTimeout as delay } from 'node:timers/promises';
import { GatewayFailure, GatewayKeyRefused, GatewayTimeout, withTimeout } from '../../src/gateway/port';
import { newId } from '../../src/store/id';
import { attempts } from '../support/payment-attempts';
import { type Fault, StripeStandIn, standInKey } from '../support/stripe-stand-in';
import {
  accountId,
  ask,
  asked,
  attempt,
  database,
  entityId,
  gateway,
  gatewayAt,
  standIn,
  told,
  visa,
} from '../support/stripe-under-test';

/* What comes between us and Stripe: the network, and the key. */

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
  test.each<[string, Fault[]]>([
    ['fails', ['cut before', 'cut after', 503]],
    ['is limited', [429]],
  ])('is asked again by the library, and nothing is done twice, at whatever step it %s', async (_what, faults) => {
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

  test.each<[Fault, number, string]>([
    // The third answer to the confirmation, behind the intent.
    [429, 3, 'Stripe answered 429 invalid_request_error rate_limit, request req_4'],
    [500, 1, 'Stripe answered 500 api_error, request req_2'],
  ])('that answers %s, %i times, has failed, and the attempt is given up', async (fault, times, message) => {
    const key = await attempt();
    const token = visa();
    await ask(await attempt(), token);
    standIn.asked.length = 0;
    standIn.fail(/confirm$/, fault, times);
    const failure = await ask(key, token).catch((error) => error);
    expect(failure).toBeInstanceOf(GatewayFailure);
    expect([failure.message, failure.cause]).toEqual([message, undefined]);
    expect(new Set(asked(/confirm$/).map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(asked(/confirm$/)).toHaveLength(times);
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
