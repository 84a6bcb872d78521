import { setTimeout as delay } from 'node:timers/promises';
import * as fc from 'fast-check';
import { type PaymentGateway, withTimeout } from '../../src/gateway/port';
import { StripeGateway } from '../../src/gateway/stripe';
import { openPool } from '../../src/store/connection/session';
import { newId } from '../../src/store/id';
import { StripeLedger } from '../../src/store/stripe';
import { type TestDatabase, testDatabase } from '../support/database';
import { attempts } from '../support/payment-attempts';
import { type Fault, StripeStandIn, standInKey } from '../support/stripe-stand-in';

/*
 * Random calls of two processes about one attempt, over a network that fails at random. Whatever the calls have answered, the
 * money at Stripe is what they said, and nothing stays reserved once the attempt is settled. A failure prints its seed.
 */

const dayMs = 86_400_000;
const calls = ['authorize', 'authorize', 'authorize', 'capture', 'void', 'refund', 'refund', 'find'] as const;
const requests = [/payment_intents$/, /confirm$/, /capture$/, /cancel$/, /refunds/, /payment_methods\/\w+$/, /attach$/];
const faults: Fault[] = ['cut before', 'cut after', 'silent before', 'silent after', 429, 500, 503];

const call = fc.record({ what: fc.constantFrom(...calls), process: fc.nat(1), refund: fc.nat(2) });
const step = fc.record({
  fault: fc.option(
    fc.record({
      match: fc.constantFrom(...requests),
      fault: fc.constantFrom(...faults),
      times: fc.constantFrom(1, 1, 3),
    }),
  ),
  dayLater: fc.constantFrom(false, false, false, false, false, true),
  /** Made at the same time. */
  calls: fc.array(call, { minLength: 1, maxLength: 2 }),
});
const story = fc.record({
  card: fc.constantFrom('tok_visa', 'tok_visa', 'tok_visa', 'tok_failsAfterCharging', 'tok_chargeCustomerFail'),
  refunds: fc.array(fc.constantFrom('4', '5', '10'), { minLength: 3, maxLength: 3 }),
  steps: fc.array(step, { minLength: 4, maxLength: 10 }),
});
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

let database: TestDatabase;
let pool: ReturnType<typeof openPool>;
let account: Awaited<ReturnType<typeof attempts>>;
beforeAll(async () => {
  database = await testDatabase();
  pool = openPool({ url: database.url }, 8);
  account = await attempts(database);
}, 60_000);
afterAll(async () => {
  await pool.end();
  await database.close();
});

/** Plays a story. Returns what is wrong at its end. */
async function play({ card, refunds: amounts, steps }: Story): Promise<string[]> {
  const standIn = await StripeStandIn.start();
  const opened: StripeGateway[] = [];
  const open = (timeoutMs: number): PaymentGateway => {
    const options = { key: standInKey, url: standIn.url, timeoutMs, version: 'test' };
    const gateway = new StripeGateway(new StripeLedger(pool), options);
    opened.push(gateway);
    return withTimeout(gateway, timeoutMs);
  };
  const processes = [open(1_200), open(1_200)];
  const attempt = await account.attempt();
  // Its own in the ledger, which all stories share.
  const token = `pm_${attempt.id}`;
  standIn.account.methods.set(token, {
    id: token,
    object: 'payment_method',
    type: 'card',
    customer: null,
    token: card,
  });
  const refunds = amounts.map((amount) => ({ id: newId(), amount, currency: 'USD' }));
  const said = { voided: false, captured: false, refunded: new Set<string>() };

  const make = async ({ what, process, refund }: Story['steps'][number]['calls'][number]) => {
    const gateway = processes[process];
    const { accountId } = account;
    if (what === 'authorize') await gateway.authorize({ ...attempt, accountId, token, amount: '10', currency: 'USD' });
    else if (what === 'find') await gateway.find(attempt);
    else if (what === 'capture') said.captured = (await gateway.capture(attempt)) || said.captured;
    else if (what === 'void') said.voided = (await gateway.void(attempt)) || said.voided;
    else if (await gateway.refund(attempt, refunds[refund])) said.refunded.add(refunds[refund].id);
  };
  for (const { fault, dayLater, calls } of steps) {
    if (fault) standIn.fail(fault.match, fault.fault, fault.times);
    if (dayLater) standIn.later += dayMs;
    await Promise.allSettled(calls.map(make));
  }
  // The library may still be asking.
  await delay(4_500);
  standIn.recover();
  standIn.later += dayMs;
  const last = open(30_000);
  const [gone, taken] = [await last.void(attempt), await last.capture(attempt)];
  const { money, intents, refunds: made } = standIn.account;
  const keys = made.map(({ metadata }) => metadata.gateway_refund);
  const wrong = {
    'settled both ways, or neither': gone === taken,
    'still reserved': money.held !== 0,
    'more paid back than taken': money.kept < 0,
    'taken twice': [...intents.values()].filter((intent) => intent.amount_received > 0).length > 1,
    'taken though it was given up': said.voided && taken,
    'given up though it was taken': said.captured && gone,
    'paid back twice under one key': new Set(keys).size < keys.length,
    'not paid back though it said so': [...said.refunded].some((id) => !keys.includes(id)),
  };
  for (const gateway of opened) gateway.close();
  await standIn.close();
  return Object.entries(wrong).flatMap(([what, holds]) => (holds ? what : []));
}

test('random calls over a network that fails at random neither lose nor double money', async () => {
  const seed = Number(process.env.STRIPE_SEED ?? Date.now() % 2 ** 31);
  const stories = fc.sample(story, { numRuns: 100, seed });
  for (let at = 0; at < stories.length; at += 25) {
    const found = await Promise.all(
      stories.slice(at, at + 25).map(async (each, nth) => ({ story: at + nth, wrong: await play(each) })),
    );
    expect([seed, found.filter(({ wrong }) => wrong.length)]).toEqual([seed, []]);
  }
}, 300_000);
