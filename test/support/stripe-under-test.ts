import type { AttemptKey, PaymentGateway } from '../../src/gateway/port';
import { StripeGateway } from '../../src/gateway/stripe';
import { openPool } from '../../src/store/connection/session';
import { StripeLedger } from '../../src/store/stripe';
import { type TestDatabase, testDatabase } from './database';
import { attempts } from './payment-attempts';
import { StripeStandIn, standInKey } from './stripe-stand-in';

/*
 * A gateway to Stripe over a ledger in a database of its own, before a stand-in that is new for each test. Importing this file
 * opens and closes them for the tests of the file that imports it.
 */

export let database: TestDatabase;
let pool: ReturnType<typeof openPool>;
export let entityId: string;
export let accountId: string;
export let attempt: () => Promise<AttemptKey>;
export let standIn: StripeStandIn;
export let gateway: StripeGateway;
export let told: string[];

export const gatewayAt = (url: string, more: object = {}) =>
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

export const visa = (more = {}) => standIn.account.method('tok_visa', more);
export const ask = (key: AttemptKey, token: string, more: object = {}, by: PaymentGateway = gateway) =>
  by.authorize({ ...key, accountId, token, amount: '10', currency: 'USD', ...more });
export const refused = async (token: string, more: object = {}) => {
  const answer = await ask(await attempt(), token, more);
  if (answer.approved) throw new Error('approved');
  return answer;
};
export const asked = (what: RegExp) => standIn.asked.filter((each) => what.test(each.what));
