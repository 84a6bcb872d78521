import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { names } from '../../src/gateway/stripe-metadata';
import { refundPayment } from '../../src/service/payment-refund';
import { drift } from '../support/books';
import type { TestClient, TestGatewayServer } from '../support/gateway';
import { settled } from '../support/settled';
import { signedEvent } from '../support/stripe-events';
import { type StripeShop, stripeShop } from '../support/stripe-shop';
import type { StripeStandIn } from '../support/stripe-stand-in';

/* Events of Stripe, sent to the gateway over HTTP, and what they do to the books. */

let shop: StripeShop;
let standIn: StripeStandIn;
let gateway: TestGatewayServer;
let client: TestClient;

beforeAll(async () => {
  shop = await stripeShop();
  ({ standIn, gateway, client } = shop);
}, 60_000);
afterEach(async () => {
  await gateway.server.settled();
  expect(await drift(gateway.database.owner)).toEqual({});
});
afterAll(() => shop.close());

const post: StripeShop['post'] = (event) => shop.post(event);
const send = async (type: string, object: object): Promise<number> => (await post(signedEvent(type, object))).status;
const paid = () => shop.paid();

const text = `query ($id: ID!) { payment(key: $id) {
  status refundAmount unappliedAmount disputeStatus disputeAmount disputeWithdrawn
  history(first: 50) { nodes { action changes { field before after } } } } }`;
async function payment(id: string) {
  const { body } = await client.graphql(text, { id });
  const { history, ...rest } = body.data.payment;
  return { ...rest, actions: history.nodes.map(({ action }: { action: string }) => action) };
}
const balance = async (id: string) =>
  (await client.graphql('query ($id: ID!) { invoice(key: $id) { balance } }', { id })).body.data.invoice.balance;
const differences = (chargeId: string) =>
  gateway.database.owner(
    `select kind, object_id as object, ours, theirs, resolved_date is null as open from provider_difference
     where charge_id = $1 order by kind, object_id`,
    [chargeId],
  );

describe('a dispute', () => {
  test('flags the payment, moves no balance, and each change of it is an entry of the history', async () => {
    const { id, invoiceId, intent } = await paid();
    const dispute = standIn.account.dispute(intent.id, 'warning_needs_response');
    expect(await send('charge.dispute.created', dispute)).toBe(200);
    const flag = { disputeStatus: 'Inquiry', disputeAmount: '10.00', disputeWithdrawn: false };
    expect(await payment(id)).toMatchObject({
      ...flag,
      status: 'Processed',
      actions: ['Create', 'Capture', 'Dispute'],
    });

    dispute.status = 'needs_response';
    dispute.balance_transactions.push({ amount: -2500 });
    expect(await send('charge.dispute.funds_withdrawn', dispute)).toBe(200);
    expect(await payment(id)).toMatchObject({ disputeStatus: 'NeedsResponse', disputeWithdrawn: true });
    dispute.status = 'won';
    dispute.balance_transactions.push({ amount: 2500 });
    for (const type of ['charge.dispute.closed', 'charge.dispute.funds_reinstated', 'charge.dispute.updated'])
      expect(await send(type, dispute)).toBe(200);
    const { actions, ...after } = await payment(id);
    expect(after).toMatchObject({ disputeStatus: 'Won', disputeWithdrawn: false, refundAmount: '0.00' });
    expect(actions).toEqual(['Create', 'Capture', 'Dispute', 'Dispute', 'Dispute']);
    expect(await balance(invoiceId)).toBe('0.00');

    const { body } = await client.graphql('{ payments(filter: { disputeStatus: Won }) { nodes { id } } }');
    expect(body.data.payments.nodes).toEqual([{ id }]);
    await settled(gateway.database);
    const told = await client.graphql('{ events(filter: { type: { eq: "Payment.Dispute" } }) { totalCount } }');
    expect(told.body.data.events.totalCount).toBe(3);
  });

  test('is told by its present state, whatever the event says', async () => {
    const { id, intent } = await paid();
    const dispute = standIn.account.dispute(intent.id, 'lost', 400);
    expect(await send('charge.dispute.created', { ...dispute, status: 'needs_response' })).toBe(200);
    expect(await payment(id)).toMatchObject({ disputeStatus: 'Lost', disputeAmount: '4.00', disputeWithdrawn: true });
  });

  test('is as the later look has it, where two processes look at once', async () => {
    const { id, intent } = await paid();
    const dispute = standIn.account.dispute(intent.id);
    const event = signedEvent('charge.dispute.created', dispute);
    const gate = standIn.hold(/GET .*disputes/, 'after');
    const earlier = post(event);
    while (gate.waiting === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    // The first has its answer on the way. From now on nobody waits.
    standIn.hold(/nothing/, 'after');
    dispute.status = 'lost';
    const later = post(event);
    await new Promise((resolve) => setTimeout(resolve, 300));
    gate.open();
    expect([(await earlier).status, (await later).status]).toEqual([200, 200]);
    expect(await payment(id)).toMatchObject({ disputeStatus: 'Lost' });
  });
});

describe('a refund made at the provider', () => {
  test('moves the balances as our own does, and counts once however often it is told', async () => {
    const { id, invoiceId, intent } = await paid();
    const refund = standIn.account.refundByHand(intent.id, 400);
    const event = signedEvent('refund.created', refund);
    const answers = await Promise.all([
      post(event),
      post(event),
      send('charge.refunded', { payment_intent: intent.id }),
    ]);
    expect(answers).toMatchObject([{ status: 200 }, { status: 200 }, 200]);
    expect((await post(event)).status).toBe(200);
    const after = { status: 'Processed', refundAmount: '4.00', actions: ['Create', 'Capture', 'Refund'] };
    expect(await payment(id)).toMatchObject(after);
    expect(await balance(invoiceId)).toBe('4.00');
    expect(
      await gateway.database.owner(
        'select amount, status::text, provider_refund_id as at from refund where payment_id = $1',
        [id],
      ),
    ).toEqual([{ amount: '4', status: 'Processed', at: refund.id }]);

    // The rest may be paid back by us.
    const work = await client.work();
    await refundPayment(work, id);
    await work.finish();
    expect(await payment(id)).toMatchObject({ status: 'Refunded', refundAmount: '10.00' });
    expect(standIn.account.refundedOf(intent)).toBe(1000);
  });

  test('that fails later is taken back, as one of ours is', async () => {
    const { id, invoiceId, intent } = await paid();
    const byHand = standIn.account.refundByHand(intent.id, 300);
    const work = await client.work();
    await refundPayment(work, id, '2');
    await work.finish();
    expect(await send('refund.created', byHand)).toBe(200);
    expect([await payment(id), await balance(invoiceId)]).toMatchObject([{ refundAmount: '5.00' }, '5.00']);
    for (const refund of standIn.account.refunds) if (refund.payment_intent === intent.id) refund.status = 'failed';
    for (let time = 0; time < 2; time++) expect(await send('refund.failed', byHand)).toBe(200);
    expect([await payment(id), await balance(invoiceId)]).toMatchObject([
      { refundAmount: '0.00', status: 'Processed', actions: expect.arrayContaining(['FailRefund']) },
      '0.00',
    ]);
  });

  test('of our own is known by its id, and not counted twice', async () => {
    const { id, intent } = await paid();
    const work = await client.work();
    await refundPayment(work, id, '1.5');
    await work.finish();
    const own = standIn.account.refunds.find(({ payment_intent }) => payment_intent === intent.id)!;
    for (const type of ['refund.created', 'refund.updated', 'charge.refund.updated'])
      expect(await send(type, own)).toBe(200);
    expect(await payment(id)).toMatchObject({ refundAmount: '1.50' });
    expect(await differences(intent.id)).toEqual([]);
  });

  test('that the rules cannot place is listed, and resolved once it is gone', async () => {
    const { id, intent } = await paid();
    const refund = standIn.account.refundByHand(intent.id, 400);
    refund.metadata = { [names.refund]: randomUUID() };
    expect(await send('refund.created', refund)).toBe(200);
    const listed = { kind: 'UnknownRefund', object: refund.id, ours: null, theirs: '4' };
    expect(await differences(intent.id)).toEqual([{ ...listed, open: true }]);
    expect(await payment(id)).toMatchObject({ refundAmount: '0.00' });
    refund.status = 'canceled';
    expect(await send('refund.updated', refund)).toBe(200);
    expect(await differences(intent.id)).toEqual([{ ...listed, open: false }]);
  });
});

describe('what our side does not know', () => {
  test('a charge of another program is listed, and one that took no money is not', async () => {
    const { intent } = await paid();
    const foreign = { ...intent, id: 'pi_foreign', metadata: {} };
    standIn.account.intents.set(foreign.id, foreign);
    expect(await send('payment_intent.succeeded', foreign)).toBe(200);
    expect(await differences(foreign.id)).toEqual([
      { kind: 'UnknownCharge', object: 'pi_foreign', ours: null, theirs: 'Captured 10 USD', open: true },
    ]);
    const failed = { ...foreign, id: 'pi_failed', status: 'requires_payment_method' };
    standIn.account.intents.set(failed.id, failed);
    expect(await send('payment_intent.payment_failed', failed)).toBe(200);
    expect(await send('payment_intent.canceled', { id: 'pi_nowhere' })).toBe(200);
    expect([...(await differences('pi_failed')), ...(await differences('pi_nowhere'))]).toEqual([]);
    for (const each of [foreign, failed]) standIn.account.intents.delete(each.id);
  });

  test('an amount that differs is listed, and nothing is moved by it', async () => {
    const { id, intent } = await paid();
    const { amount, amount_received } = intent;
    standIn.account.refundByHand(intent.id, 100);
    Object.assign(intent, { amount: 900, amount_received: 900 });
    expect(await send('charge.refunded', { payment_intent: intent.id })).toBe(200);
    expect(await differences(intent.id)).toMatchObject([{ kind: 'Amount', ours: '10', theirs: '9' }]);
    expect(await payment(id)).toMatchObject({ refundAmount: '0.00' });
    Object.assign(intent, { amount, amount_received });
    expect(await send('charge.refunded', { payment_intent: intent.id })).toBe(200);
    expect(await payment(id)).toMatchObject({ refundAmount: '1.00' });
    expect(await differences(intent.id)).toMatchObject([{ open: false }]);
  });

  test('an authorization that the provider gave up makes the invoice owed again', async () => {
    // Committed, and the process ends before it captures.
    const { id, invoiceId } = await shop.collected();
    const intent = [...standIn.account.intents.values()].at(-1)!;
    intent.status = 'canceled';
    expect(await send('payment_intent.canceled', intent)).toBe(200);
    expect(await payment(id)).toMatchObject({ status: 'Error' });
    expect(await balance(invoiceId)).toBe('10.00');
  });
});

test('events in any order, some of them twice, end in the same books', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 5 }), async (seed, parts) => {
      const { id, invoiceId, intent } = await paid();
      const { account } = standIn;
      const events = Array.from({ length: parts }, () => account.refundByHand(intent.id, 100)).flatMap((refund) => [
        signedEvent('refund.created', refund),
        signedEvent('charge.refunded', { payment_intent: intent.id }),
      ]);
      const dispute = account.dispute(intent.id);
      events.push(signedEvent('charge.dispute.created', structuredClone(dispute)));
      dispute.status = 'lost';
      events.push(signedEvent('charge.dispute.closed', structuredClone(dispute)));
      const failing = account.refunds.find(({ payment_intent }) => payment_intent === intent.id)!;
      const order = [...events, ...events.slice(0, 3), signedEvent('refund.failed', failing)]
        .map((event, at) => ({ event, key: Math.imul(seed ^ (at * 2654435761), 0x9e3779b1) >>> 0 }))
        .sort((a, b) => a.key - b.key)
        .map(({ event }) => event);
      for (const [at, event] of order.entries()) {
        if (at === 2) failing.status = 'failed';
        // Two at a time.
        if (at % 2 === 0) {
          const both = await Promise.all(order.slice(at, at + 2).map((each) => post(each)));
          expect(both.map(({ status }) => status)).toEqual(both.map(() => 200));
        } else expect((await post(event)).status).toBe(200);
      }
      const owed = `${parts - 1}.00`;
      expect(await payment(id)).toMatchObject({ refundAmount: owed, disputeStatus: 'Lost', disputeWithdrawn: true });
      expect(await balance(invoiceId)).toBe(owed);
      expect(await drift(gateway.database.owner)).toEqual({});
    }),
    { numRuns: 3 },
  );
}, 60_000);
