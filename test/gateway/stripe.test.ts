import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '../../src/store/id';
import { attempts } from '../support/payment-attempts';
import {
  accountId,
  ask,
  asked,
  attempt,
  database,
  entityId,
  gateway,
  refused,
  standIn,
  visa,
} from '../support/stripe-under-test';

/* What Stripe alone does. The contract of every gateway is in contract.test.ts. */

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
