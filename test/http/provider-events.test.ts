import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { StripeBooks, stripeEvents } from '../../src/gateway/stripe-books';
import { metricsOf, testGateway } from '../support/gateway';
import { eventSecret, signed, signedEvent } from '../support/stripe-events';
import { type StripeShop, stripeShop } from '../support/stripe-shop';
import { standInKey } from '../support/stripe-stand-in';

let shop: StripeShop;
beforeAll(async () => {
  shop = await stripeShop();
}, 60_000);
afterAll(() => shop.close());

const now = () => Math.floor(Date.now() / 1000);
const nothing = { payment_intent: 'pi_nowhere' };
const asked = () => shop.standIn.asked.length;

test('an event that Stripe has not signed is 400, and nobody is asked for anything', async () => {
  const before = asked();
  const good = signedEvent('refund.created', nothing);
  const forged = signedEvent('refund.created', nothing, { secret: 'whsec_anotherSecretOfNobody' });
  const [time, signature] = good.headers['stripe-signature'].split(',');
  const header = (value: string) => ({ ...good, headers: { ...good.headers, 'stripe-signature': value } });
  const refused = [
    forged,
    { ...good, payload: good.payload.replace('pi_nowhere', 'pi_elsewhere') },
    { ...good, payload: '{}' },
    { ...good, payload: '' },
    header(''),
    header(`${time},v0=${signature.slice(3)}`),
    header(`t=${now() + 1},${signature}`),
    header('a'.repeat(8_000)),
    { payload: good.payload, headers: { 'content-type': 'application/json' } },
    signedEvent('refund.created', nothing, { at: now() - 301 }),
  ];
  for (const event of refused) {
    const { status, text } = await shop.post(event);
    expect([status, JSON.parse(text).code ?? text]).toEqual([400, expect.stringContaining('BAD_REQUEST')]);
    expect(text).not.toMatch(/whsec|pi_/);
  }
  expect(asked()).toBe(before);
  // Still good just before the tolerance ends.
  expect((await shop.post(signedEvent('refund.created', nothing, { at: now() - 290 }))).status).toBe(200);
});

test('an event that is no business of ours is acknowledged', async () => {
  const before = asked();
  for (const [type, object] of [
    ['customer.created', { id: 'cus_1' }],
    ['charge.refunded', { id: 'ch_1', payment_intent: null }],
    ['refund.created', { payment_intent: { id: 7 } }],
    ['payment_intent.succeeded', {}],
    ['', {}],
  ] as const) {
    expect(await shop.post(signedEvent(type, object))).toEqual({ status: 200, text: '{"received":true}' });
  }
  // Bodies with nothing of what an event has.
  for (const payload of ['{}', 'null', '[]', '7', '{"id":null,"type":"refund.created","data":null}'])
    expect([payload, (await shop.post(signed(payload))).status]).toEqual([payload, 200]);
  expect((await shop.post(signed('no JSON'))).status).toBe(400);
  const { payload, headers } = signedEvent('', {});
  expect((await shop.post({ payload, headers: { ...headers, 'content-type': 'text/plain' } })).status).toBe(200);
  expect(asked()).toBe(before);
});

test('docs/payments.md names every event to enable', () => {
  const page = readFileSync(path.resolve(__dirname, '../../../docs/payments.md'), 'utf8');
  const named = stripeEvents.filter((type) => page.includes(`\`${type}\``) || type.startsWith('charge.dispute.'));
  expect(named).toEqual(stripeEvents);
});

test('a body of 1 MB is 413, and other methods are 405', async () => {
  const long = signedEvent('refund.created', { ...nothing, text: 'x'.repeat(1_000_000) });
  expect((await shop.post(long)).status).toBe(413);
  const reply = await fetch(`${shop.address}/gateway/stripe`);
  expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'POST']);
});

test('a path without a secret is 404: an unknown entity, one without an account of its own, and no entity', async () => {
  const event = signedEvent('refund.created', nothing);
  for (const path of [randomUUID(), 'Acme', '%00', 'x'.repeat(300), '00000000-0000-4000-8000-000000000001'])
    expect((await shop.post(event, `/gateway/stripe/${path}`)).status).toBe(404);
  const other = await testGateway();
  const reply = await other.server.app.inject({
    ...{ method: 'POST', url: '/gateway/stripe', headers: event.headers, payload: event.payload },
  });
  await other.close();
  expect(reply.statusCode).toBe(404);
});

test('an event of another account does not open what the first has', async () => {
  const { intent } = await shop.paid();
  const [entityId, key] = [randomUUID().replaceAll('-', ''), 'sk_test_another0001'];
  const another = shop.standIn.newAccount();
  shop.standIn.accounts.set(key, another);
  const secret = 'whsec_another0001secret';
  const books = new StripeBooks(
    { secret: eventSecret, entitySecrets: new Map([[entityId, secret]]) },
    {
      entityKeys: new Map([[entityId, key]]),
      key: standInKey,
      url: shop.standIn.url,
      timeoutMs: 2_000,
      version: 'test',
    },
  );
  const { database, services } = shop.gateway;
  const second = await testGateway({ database, payments: () => services.gateway, server: { providerBooks: books } });
  const post = async (event: ReturnType<typeof signedEvent>, path: string) =>
    (await second.server.app.inject({ method: 'POST', url: path, ...event })).statusCode;
  const own = `/gateway/stripe/${entityId}`;
  const refund = shop.standIn.account.refundByHand(intent.id, 100);
  expect(await post(signedEvent('refund.created', refund), own)).toBe(400);
  expect(await post(signedEvent('refund.created', refund, { secret }), '/gateway/stripe')).toBe(400);
  // Signed by the other account, about a charge of the first: that account has no such charge.
  expect(await post(signedEvent('refund.created', refund, { secret }), own)).toBe(200);
  expect(await database.owner('select from refund')).toEqual([]);
  // A charge of the same id there is unknown to the books.
  another.intents.set(intent.id, { ...intent, amount: 1, amount_received: 1 });
  expect(await post(signedEvent('refund.created', refund, { secret }), own)).toBe(200);
  expect(await database.owner('select account, kind, theirs from provider_difference')).toEqual([
    { account: `stripe ${entityId}`, kind: 'UnknownCharge', theirs: 'Captured 0.01 USD' },
  ]);
  expect(await database.owner('select from refund')).toEqual([]);
  // Both processes at once, over the same books.
  const event = signedEvent('refund.created', refund);
  const answers = await Promise.all([post(event, '/gateway/stripe'), shop.post(event).then(({ status }) => status)]);
  expect(answers).toEqual([200, 200]);
  expect(await database.owner('select amount from refund')).toEqual([{ amount: '1' }]);
  books.close();
  await second.server.app.close();
});

test('Stripe is asked to send again what could not be looked at, and then it counts', async () => {
  const { id, intent } = await shop.paid();
  const event = signedEvent('refund.created', shop.standIn.account.refundByHand(intent.id, 100));
  shop.standIn.fail(/GET .*payment_intents/, 503, 3);
  expect((await shop.post(event)).status).toBe(503);
  shop.standIn.fail(/GET .*payment_intents/, 'cut before', 3);
  expect((await shop.post(event)).status).toBe(503);
  const refunded = () =>
    shop.gateway.database.owner<{ amount: string }>(`select refund_amount as amount from payment where id = '${id}'`);
  expect(await refunded()).toEqual([{ amount: '0' }]);
  // The database is out: whoever commits is cut off.
  const { owner } = shop.gateway.database;
  await owner(`create function cut() returns trigger security definer language plpgsql as
    $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$`);
  await owner('create trigger cut before insert on refund for each row execute function cut()');
  expect((await shop.post(event)).status).toBe(503);
  await owner('drop trigger cut on refund');
  expect(await refunded()).toEqual([{ amount: '0' }]);
  expect((await shop.post(event)).status).toBe(200);
  expect(await refunded()).toEqual([{ amount: '1' }]);
});

test('a key that Stripe refuses to read with is told once, however many events come, and once when it is accepted', async () => {
  const { intent } = await shop.paid();
  const event = signedEvent('refund.created', { payment_intent: intent.id });
  const denied = { begins: 'GET /v1/refunds', right: 'rak_charge_read' };
  shop.standIn.denied.set(standInKey, denied);
  const before = shop.log.length;
  for (let time = 0; time < 3; time++) expect((await shop.post(event)).status).toBe(503);
  expect(shop.log.slice(before).filter(({ level }) => level >= 40)).toEqual([]);
  shop.standIn.denied.clear();
  expect((await shop.post(event)).status).toBe(200);
  expect(shop.told).toEqual([
    expect.stringMatching(/^stripe refunds: the secret key lacks a right at Stripe: rak_charge_read, request req_\d+$/),
    'stripe refunds: accepted',
  ]);
});

test('metrics count events by outcome, and differences that are open', async () => {
  const body = await metricsOf(shop.gateway.server);
  for (const outcome of ['received', 'ignored', 'refused', 'failed'])
    expect(body).toMatch(new RegExp(`gateway_payment_provider_events_total{outcome="${outcome}"} [1-9]`));
  expect(body).toMatch(/gateway_payment_provider_last_event_timestamp_seconds 1\d{9}/);
  expect(body).toMatch(/gateway_payment_provider_differences \d/);
});
