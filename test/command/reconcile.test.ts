import { reconcileCommand } from '../../src/command/reconcile';
import { names } from '../../src/gateway/stripe-metadata';
import { signedEvent } from '../support/stripe-events';
import { type StripeShop, stripeShop } from '../support/stripe-shop';
import { standInKey } from '../support/stripe-stand-in';

let shop: StripeShop;
beforeAll(async () => {
  shop = await stripeShop();
}, 60_000);
afterAll(() => shop.close());

async function run(...args: string[]) {
  const lines: string[] = [];
  const errors: string[] = [];
  const env = {
    ...{ DATABASE_URL: shop.gateway.database.url, PAYMENT_GATEWAY: 'stripe', STRIPE_SECRET_KEY: standInKey },
    STRIPE_API_URL: shop.standIn.url,
  };
  const output = { out: (text: string) => lines.push(text), err: (text: string) => errors.push(text) };
  const status = await reconcileCommand(args, env, output);
  // Without the account and the charge.
  const found = lines.slice(0, -1).map((line) => line.split('  ').slice(1).join('  '));
  return { status, found, last: lines.at(-1), errors };
}
const kept = () =>
  shop.gateway.database.owner<{ kind: string }>(
    'select kind from provider_difference where resolved_date is null order by kind',
  );

test('says every difference, keeps it, and moves nothing', async () => {
  const { account } = shop.standIn;
  const [refunded, disputed, gone, changed, fine] = [
    ...[await shop.paid(), await shop.paid(), await shop.paid(), await shop.paid(), await shop.paid()],
  ];
  expect(await run()).toMatchObject({ status: 0, found: [], errors: [] });

  const refund = account.refundByHand(refunded.intent.id, 250);
  account.dispute(disputed.intent.id);
  account.intents.delete(gone.intent.id);
  changed.intent.currency = 'eur';
  const foreign = { ...fine.intent, id: 'pi_foreign', metadata: {} };
  account.intents.set(foreign.id, foreign);
  const { status, found, last } = await run();
  expect([status, last]).toEqual([3, expect.stringMatching(/^5 differences since \d{4}-/)]);
  const line = ({ intent }: { intent: { id: string } }, rest: string) => `${intent.id}  ${rest}`;
  expect(found.sort()).toEqual(
    [
      line(refunded, `UnknownRefund  ${refund.id}  ours: -  theirs: 2.5`),
      line(disputed, `Dispute  ${disputed.intent.id}  ours: -  theirs: NeedsResponse 10, withdrawn`),
      line(gone, `MissingCharge  ${gone.intent.metadata[names.attempt]}  ours: Processed 10 USD  theirs: -`),
      line(changed, `Currency  ${changed.intent.id}  ours: USD  theirs: EUR`),
      'pi_foreign  UnknownCharge  pi_foreign  ours: -  theirs: Captured 10 USD',
    ].sort(),
  );
  expect(await kept()).toHaveLength(5);
  const payments = await shop.gateway.database.owner('select refund_amount, dispute_status from payment');
  expect(payments.every((row) => JSON.stringify(row) === '{"refund_amount":"0","dispute_status":null}')).toBe(true);

  // Events settle what can be settled, and what is as it should be again is a difference no longer.
  for (const { intent } of [refunded, disputed])
    expect((await shop.post(signedEvent('charge.refunded', { payment_intent: intent.id }))).status).toBe(200);
  changed.intent.currency = 'usd';
  account.intents.set(gone.intent.id, gone.intent);
  account.intents.delete(foreign.id);
  expect(await run()).toMatchObject({ status: 0, found: [] });
  expect(await kept()).toEqual([]);
}, 60_000);

test('walks pages and days, and finds what was done lately to an older charge', async () => {
  const { account } = shop.standIn;
  const old = await shop.paid();
  old.intent.created -= 30 * 86_400_000;
  await shop.gateway.database.owner(
    `update stripe_intent set created_date = created_date - interval '30 days' where intent_id = '${old.intent.id}'`,
  );
  // Three pages, of another program that authorizes.
  for (let at = 0; at < 250; at++) {
    const status = 'requires_payment_method';
    account.intents.set(`pi_x${at}`, {
      ...old.intent,
      id: `pi_x${at}`,
      metadata: {},
      status,
      created: Date.now() - 60_000,
    });
  }
  const refunds = Array.from({ length: 3 }, () => account.refundByHand(old.intent.id, 100));
  const { status, found } = await run();
  expect(status).toBe(3);
  expect(found.sort()).toEqual(
    refunds.map(({ id }) => `${old.intent.id}  UnknownRefund  ${id}  ours: -  theirs: 1`).sort(),
  );
  const pages = shop.standIn.asked.filter(
    ({ what, params }) => /GET .*payment_intents$/.test(what) && 'starting_after' in params,
  );
  expect(pages.length).toBeGreaterThanOrEqual(2);
  expect((await run('--since', '2026-01-01')).status).toBe(3);
}, 60_000);

test('refuses what it does not understand, and says why it failed', async () => {
  expect(await run('--since', 'yesterday')).toMatchObject({
    status: 2,
    errors: [expect.stringMatching(/^--since is/)],
  });
  expect(await run('--since', '2999-01-01')).toMatchObject({ status: 2 });
  expect(await run('--apply')).toMatchObject({ status: 2 });
  const { account } = shop.standIn;
  shop.standIn.accounts.delete(standInKey);
  const { status, errors } = await run();
  shop.standIn.accounts.set(standInKey, account);
  expect([status, errors]).toEqual([1, [expect.stringMatching(/^The comparison failed: Stripe does not accept/)]]);
  const output = { out: () => {}, err: (text: string) => errors.push(text) };
  expect(await reconcileCommand([], { DATABASE_URL: shop.gateway.database.url }, output)).toBe(1);
  expect(errors.at(-1)).toMatch(/^The test gateway has no books/);
});
