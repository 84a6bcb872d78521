import { drift } from '../support/books';
import { killAll, start } from '../support/process';
import { eventSecret, signedEvent } from '../support/stripe-events';
import { type StripeShop, stripeShop } from '../support/stripe-shop';
import { standInKey } from '../support/stripe-stand-in';

/* Events of Stripe and processes that are killed over them, or have many at once. */

jest.setTimeout(120_000);

let shop: StripeShop;
beforeAll(async () => {
  shop = await stripeShop();
});
afterEach(async () => expect(await drift(shop.gateway.database.owner)).toEqual({}));
afterAll(async () => {
  killAll();
  await shop.close();
});

const lock = 7248;
const process = () =>
  start({
    ...{ DATABASE_URL: shop.gateway.database.url, JWT_SIGNING_KEY: 'a key of thirty-two characters or more' },
    ...{ PAYMENT_GATEWAY: 'stripe', STRIPE_SECRET_KEY: standInKey, STRIPE_API_URL: shop.standIn.url },
    ...{ STRIPE_WEBHOOK_SECRET: eventSecret, LOG_LEVEL: 'silent' },
  });
async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test.each<[string, string]>([
  ['before the refund is written', 'trigger gate before insert on refund for each row'],
  ['while it commits', 'constraint trigger gate after insert on refund deferrable initially deferred for each row'],
  ['when it has done all and not committed', 'trigger gate before insert on provider_difference'],
])('a process is killed %s: the event that is sent again counts once', async (_when, trigger) => {
  const { owner } = shop.gateway.database;
  const { id, intent } = await shop.paid();
  const { payload, headers } = signedEvent('refund.created', shop.standIn.account.refundByHand(intent.id, 400));
  const refunds = () => owner<{ amount: string }>('select amount from refund where payment_id = $1', [id]);
  await owner(`create or replace function gate() returns trigger security definer language plpgsql as
    $$ begin perform pg_advisory_xact_lock_shared(${lock}); return new; end $$`);
  await owner(`create ${trigger} execute function gate()`);
  await owner(`select pg_advisory_lock(${lock})`);
  const [killed, next] = [process(), process()];
  const post = async (origin: string) =>
    (await fetch(`${origin}/gateway/stripe`, { method: 'POST', headers, body: payload })).status;
  const lost = post(await killed.origin).catch(() => 'no reply');
  await until(async () => {
    const waiting = await owner(`select from pg_locks where locktype = 'advisory' and objid = ${lock} and not granted`);
    return waiting.length === 1;
  });
  killed.child.kill('SIGKILL');
  expect(await lost).toBe('no reply');
  expect(await refunds()).toEqual([]);
  // Stripe sends it again while the first transaction may still be there.
  const again = post(await next.origin);
  await owner(`select pg_advisory_unlock(${lock})`);
  expect(await again).toBe(200);
  await owner(`drop trigger gate on ${trigger.includes('provider') ? 'provider_difference' : 'refund'}`);
  expect(await refunds()).toEqual([{ amount: '4' }]);
  expect(await post(await next.origin)).toBe(200);
  expect(await refunds()).toEqual([{ amount: '4' }]);
  next.child.kill('SIGKILL');
});

test('a burst of events waits in line, holds no more connections than its share, and counts once', async () => {
  const { id, intent } = await shop.paid();
  const event = signedEvent('refund.created', shop.standIn.account.refundByHand(intent.id, 100));
  const answers = await Promise.all(Array.from({ length: 115 }, () => shop.post(event)));
  const statuses = answers.map(({ status }) => status);
  expect([...new Set(statuses)].sort()).toEqual([200, 503]);
  expect(await shop.gateway.database.owner(`select amount from refund where payment_id = '${id}'`)).toEqual([
    { amount: '1' },
  ]);
});
