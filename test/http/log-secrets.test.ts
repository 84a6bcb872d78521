import { gzipSync } from 'node:zlib';
import { createClient } from '../../src/service/client';
import { type TestDatabase, testDatabase } from '../support/database';
import { killAll, type Started, start } from '../support/process';
import { exchange, requestText } from '../support/socket';

/*
 * The real process at the level trace is sent requests of all kinds, good ones and those that fail in every way. What
 * nobody may read in a log stands in each of them, and is looked for in every line.
 */
const signingKey = 'signing-key-5a0f of thirty-two characters';
const marks = {
  wrongSecret: 'wrong-secret-3c51',
  key: 'idempotency-key-77d2',
  variable: 'variable-19be',
  argument: 'argument-4f60',
  restValue: 'rest-value-a83e',
  malformed: 'malformed-body-60c7',
  search: 'in-the-search-0b14',
  cookie: 'cookie-2e9a',
  basic: Buffer.from('user:basic-password-c1f8').toString('base64'),
  otherToken: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.other-token-8d05',
};

let database: TestDatabase;
let gateway: Started;
let origin: string;
let clientId: string;
let secret: string;
let token: string;

beforeAll(async () => {
  database = await testDatabase();
  ({ clientId, secret } = await createClient(database.db.aside(), {
    name: 'Logged',
    scopes: ['read', 'order', 'fulfill', 'bill', 'pay'],
    grants: [{ entity: 'Acme', orgs: ['North'] }],
  }));
  // PostgreSQL tells the whole row that breaks a constraint.
  await database.owner("alter table account add constraint no_broken check (name <> 'Broken')");
  await database.owner("alter table fulfillment add constraint no_broken_carrier check (carrier <> 'Broken')");
  gateway = start({ DATABASE_URL: database.url, JWT_SIGNING_KEY: signingKey, LOG_LEVEL: 'trace' });
  origin = await gateway.origin;
}, 60_000);
afterAll(async () => {
  killAll();
  await database.close();
});

type Headers = Record<string, string>;
const send = async (
  method: string,
  path: string,
  headers: Headers = {},
  body?: string | Buffer,
): Promise<[number, string]> => {
  const answer = await fetch(origin + path, {
    method,
    headers: { authorization: `Bearer ${token}`, cookie: `session=${marks.cookie}`, ...headers },
    body,
  });
  return [answer.status, await answer.text()];
};
const json = { 'content-type': 'application/json' };
const graphql = (query: string, variables: object = {}, headers: Headers = {}) =>
  send('POST', '/graphql', { ...json, ...headers }, JSON.stringify({ query, variables }));
const rest = (body: string | Buffer, headers: Headers = {}) =>
  send('POST', '/v1/fulfillments', { ...json, ...headers }, body);

async function askForTokens(): Promise<void> {
  const form = (more: Headers) =>
    new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: secret, ...more });
  const ask = (more: Headers) => fetch(`${origin}/oauth/token`, { method: 'POST', body: form(more) });
  token = ((await (await ask({})).json()) as { access_token: string }).access_token;
  expect((await ask({ client_secret: marks.wrongSecret })).status).toBe(401);
  expect((await ask({ client_id: marks.wrongSecret })).status).toBe(401);
  expect((await ask({ grant_type: 'password', password: marks.wrongSecret })).status).toBe(400);
  for (const [type, body] of [
    ['application/json', `{"client_secret":"${secret}"}`],
    ['application/x-www-form-urlencoded', `client_secret=${secret}&client_secret=${marks.wrongSecret}`],
    ['application/x-www-form-urlencoded', `client_secret=${secret}${'x'.repeat(5_000)}`],
  ]) {
    const answer = await fetch(`${origin}/oauth/token`, { method: 'POST', headers: { 'content-type': type }, body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
  }
}

const account = `mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id accountNumber } userErrors { code } } }`;
const order = `mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { orderLineItems { nodes { id } } } userErrors { code } } }`;

async function makeLineItem(paymentMethodToken: string): Promise<string> {
  const key = { 'idempotency-key': `${marks.key}-${paymentMethodToken}`, 'zuora-track-id': 'trace me' };
  const [, made] = await graphql(account, { input: { name: 'A', currency: 'USD', paymentMethodToken } }, key);
  const { accountNumber } = JSON.parse(made).data.createAccount.account;
  const line = { itemName: 'Device', itemType: 'Product', itemState: 'Booked', quantity: 500, amountPerUnit: 10 };
  const [, text] = await graphql(order, {
    input: {
      ...{ existingAccountNumber: accountNumber, orderDate: '2022-01-01' },
      orderLineItems: [{ ...line, billingRule: 'TriggerAsFulfillmentOccurs', description: marks.variable }],
    },
  });
  return JSON.parse(text).data.createOrder.order.orderLineItems.nodes[0].id;
}

async function askForEverything(): Promise<void> {
  for (const paymentMethodToken of ['tok_ok', 'tok_declined', 'tok_error']) {
    const orderLineItemId = await makeLineItem(paymentMethodToken);
    const entry = { orderLineItemId, fulfillmentDate: '2022-01-01', quantity: 5, description: marks.restValue };
    const paid = JSON.stringify({
      fulfillments: [{ ...entry, state: 'SentToBilling', billTargetDate: '2022-01-01' }],
      processingOptions: { runBilling: true, collectPayment: true },
    });
    for (let again = 0; again < 2; again++) {
      expect((await rest(paid, { 'idempotency-key': marks.key + paymentMethodToken }))[0]).toBe(200);
    }
    const other = paid.replace('"quantity":5', '"quantity":6');
    // A failure of the gateway is no outcome to keep.
    const kept = paymentMethodToken === 'tok_error' ? 200 : 422;
    expect((await rest(other, { 'idempotency-key': marks.key + paymentMethodToken }))[0]).toBe(kept);
    const broken = JSON.stringify({ fulfillments: [{ ...entry, carrier: 'Broken' }] });
    expect((await rest(broken))[0]).toBe(500);
    expect((await rest(broken, { 'idempotency-key': `${marks.key}-broken` }))[0]).toBe(500);
  }
  const input = { name: 'Broken', currency: 'USD', paymentMethodToken: 'tok_ok' };
  expect((await graphql(account, { input }))[1]).toContain('INTERNAL');
  expect((await graphql(account, { input }, { 'idempotency-key': marks.key }))[0]).toBe(500);
  // Documents, variables and values that do not fit, or are none.
  await graphql(`{ fulfillment(key: "${marks.argument}") { id } }`);
  await graphql(`{ fulfillment(key: "${marks.argument}" }`);
  await graphql(`{ fulfillments(filter: { state: { eq: "${marks.argument}" } }) { nodes { id } } }`);
  await graphql('query ($n: Int) { fulfillments(first: $n) { nodes { id } } }', { n: marks.variable });
  await rest(JSON.stringify({ fulfillments: [{ quantity: marks.restValue }], [marks.restValue]: 1 }));
  const search = new URLSearchParams({
    query: 'query ($k: ID!) { fulfillment(key: $k) { id } }',
    variables: JSON.stringify({ k: marks.variable }),
    access_token: marks.search,
  });
  expect((await send('GET', `/graphql?${search}`))[0]).toBe(200);
  expect((await send('GET', `/graphql?${search}`, { 'content-type': 'text/plain' }))[0]).toBe(415);
  expect((await send('GET', `/v1/nothing?access_token=${marks.search}`))[0]).toBe(404);
  expect((await send('GET', `/v1/fulfillments/%zz?access_token=${marks.search}`))[0]).toBe(400);
  // Bodies that are none.
  for (const body of [
    `{"a": "${marks.malformed}" b}`,
    `${marks.malformed}`,
    `{"${marks.malformed}`,
    `[${marks.malformed}]`,
  ]) {
    expect((await rest(body))[0]).toBe(400);
    expect((await send('POST', '/graphql', json, body))[0]).toBe(400);
    expect((await send('POST', '/graphql', { ...json, 'content-encoding': 'gzip' }, body))[0]).toBe(400);
    expect((await send('POST', '/graphql', { 'content-type': `text/${marks.malformed}` }, body))[0]).toBe(415);
  }
  // Small on its way: of a body that is too long as it comes, the rest meets a connection that is closed.
  const long = gzipSync(marks.malformed.repeat(200_000));
  expect((await rest(long, { 'content-encoding': 'gzip' }))[0]).toBe(413);
  const traced = { authorization: '', 'zuora-track-id': 'trace the refusal' };
  expect((await send('GET', '/v1/fulfillments/F-1', traced))[0]).toBe(401);
  expect((await send('GET', '/v1/fulfillments/F-1', { 'zuora-version': '2025-08-12' }))[0]).toBe(200);
  // Those who may not.
  for (const authorization of [
    marks.otherToken,
    `Bearer ${marks.otherToken}`,
    `Bearer ${token}x`,
    `Basic ${marks.basic}`,
  ]) {
    expect((await send('GET', '/v1/fulfillments/F-1', { authorization }))[0]).toBe(401);
    expect((await send('POST', '/graphql', { ...json, authorization }, '{}'))[0]).toBe(401);
  }
  expect((await rest('{}', { 'idempotency-key': marks.key.repeat(20) }))[0]).toBe(400);
}

/** What Node refuses: its errors carry the bytes along. */
async function sendWhatIsNoRequest(): Promise<void> {
  const port = Number(new URL(origin).port);
  const good: [string, string][] = [['authorization', `Bearer ${token}`]];
  for (const text of [
    requestText('POST /graphql', [...good, ['content-length', '1'], ['content-length', '2']], marks.malformed),
    requestText('POST /graphql', [...good, ['no header', marks.cookie]]),
    requestText('POST /graphql', [...good, ['x-long', marks.cookie.repeat(2_000)]]),
    requestText('POST /graphql', [...good, ...good, ['connection', 'close']]),
  ]) {
    const [{ status }] = await exchange(port, text);
    expect([400, 431]).toContain(status);
  }
}

test('no secret, token, key or value of a request stands in the log, whatever becomes of the request', async () => {
  await askForTokens();
  await askForEverything();
  await sendWhatIsNoRequest();
  // Failures behind replies are logged too.
  await database.owner('alter table idempotency_outcome rename to away');
  expect((await rest('{}', { 'idempotency-key': marks.key }))[0]).toBe(500);
  gateway.child.kill('SIGTERM');
  expect(await gateway.ended).toBe(0);

  const log = gateway.out() + gateway.err();
  // It is the log, of all this.
  for (const told of [
    'no_broken',
    'no_broken_carrier',
    'UNAUTHENTICATED',
    '"trackId":"trace me"',
    'HPE_',
    '"trackId":"trace the refusal","code":"UNAUTHENTICATED"',
    '"zuoraVersion":"2025-08-12"',
  ]) {
    expect(log).toContain(told);
  }
  expect(log.split('"msg":"request"').length).toBeGreaterThan(50);
  const { password } = new URL(database.url);
  const [, claims, signature] = token.split('.');
  const hidden = {
    ...marks,
    signingKey,
    secret,
    token,
    claims,
    signature,
    ...(password && { password }),
    paymentMethod: 'tok_',
  };
  for (const line of log.split('\n')) {
    for (const [what, text] of Object.entries(hidden)) if (line.includes(text)) throw new Error(`${what}: ${line}`);
    expect(line).not.toContain('"Buffer"');
  }
}, 60_000);
