import fc from 'fast-check';
import { standardLimits } from '../../../src/domain/limits';
import { schema } from '../../../src/graph/build/schema';
import { checkDocument } from '../../../src/graph/guard/document-check';
import { DocumentLimits } from '../../../src/graph/guard/limits';
import { hashOf, registerDocuments } from '../../../src/service/registered-document';
import { transactionAside } from '../../../src/store/connection/lease';
import { type Answer, orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { manifestOf } from '../../support/manifest';
import { Choices } from '../../support/random-operations';

// However often a request is sent under one Idempotency-Key, and whatever is odd about it, it has one effect or none.

let gateway: TestGatewayServer;
let client: TestClient;
let account: string;
let line: string;

const documents = {
  createAccount: `mutation Create($name: String!, $currency: String!, $term: String) {
    createAccount(input: { name: $name, currency: $currency, paymentTerm: $term }) { account { id } userErrors { code } } }`,
  updateAccount: `mutation Update($key: ID!, $name: String, $version: Int) {
    updateAccount(key: $key, input: { name: $name }, expectedVersion: $version) { account { version } userErrors { code } } }`,
  deliver: `mutation Deliver($input: CreateFulfillmentsInput!, $onError: OnError, $dryRun: Boolean) {
    createFulfillments(input: $input, onError: $onError, dryRun: $dryRun) { fulfillments { id } userErrors { code } } }`,
  collect: `mutation Collect($line: ID!, $quantity: Decimal!, $bill: BillingOptionsInput, $collect: Boolean, $more: Boolean = false) {
    createFulfillments(input: { fulfillments: [{ orderLineItemId: $line, quantity: $quantity, fulfillmentDate: "2022-01-01"
      state: SentToBilling, billTargetDate: "2022-01-01", customFields: { note__c: $quantity } }]
      processingOptions: { runBilling: true, collectPayment: $collect, billingOptions: $bill } }) {
      fulfillments { id orderLineItem @include(if: $more) { id } } userErrors { code } } }`,
};

const right = (): Record<keyof typeof documents, Record<string, unknown>> => ({
  createAccount: { name: 'A', currency: 'USD', term: 'Net 30' },
  updateAccount: { key: account, name: 'B', version: undefined },
  deliver: {
    input: { fulfillments: [{ orderLineItemId: line, fulfillmentDate: '2022-01-01', quantity: '1' }] },
    onError: 'SkipFailed',
    dryRun: false,
  },
  collect: { line, quantity: '1', bill: { targetDate: '2022-01-31' }, collect: true, more: true },
});

const limits = new DocumentLimits(standardLimits, true);
beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  await transactionAside(gateway.services.db.side, (lease) =>
    registerDocuments(lease, client.clientId, manifestOf(...Object.values(documents)), (text) =>
      checkDocument(schema(), text, limits),
    ),
  );
  const made = await orderFor(await client.work(), [{ quantity: '100000' }]);
  account = made.account.id;
  line = made.orderLineItems[0].id;
});
afterAll(() => gateway.close());

const effects = async () => {
  const [row] = await gateway.database.owner<Record<string, number>>(
    `select (select count(*)::integer from account) as accounts, (select count(*)::integer from fulfillment) as fulfillments,
       (select count(*)::integer from invoice) as invoices, (select count(*)::integer from payment) as payments,
       (select sum(version)::integer from account) as versions`,
  );
  return row;
};

const odd: readonly unknown[] = [null, [], {}, 5, 'x', [null], true, { color: 'red' }];

/** One send of a request: how its document and its operation are named differs, what it asks does not. */
function send(text: string, variables: object, key: string, choices: Choices): Promise<Answer> {
  const operationName = choices.pick([
    undefined,
    undefined,
    undefined,
    'Wrong',
    '',
    null,
    /mutation (\w+)/.exec(text)![1],
  ]);
  const named = operationName === undefined ? {} : { operationName };
  const headers = { 'idempotency-key': key, 'apollo-require-preflight': 'true' };
  const hash = hashOf(text);
  const way = choices.below(10);
  if (way === 0) {
    const search = new URLSearchParams({
      query: text,
      variables: JSON.stringify(variables),
      operationName: operationName ?? '',
    });
    return client.request({ method: 'GET', url: `/graphql?${search}`, headers });
  }
  const url = way === 1 ? `/graphql/${hash}` : '/graphql';
  const asked =
    way === 1
      ? {}
      : way < 4
        ? { documentId: hash }
        : way < 6
          ? { extensions: { persistedQuery: { version: 1, sha256Hash: hash } } }
          : { query: text };
  return client.request({ method: 'POST', url, headers, payload: { ...asked, ...named, variables } });
}

let keys = 0;

test('N sends under one key have one effect or none, whatever is odd about them', async () => {
  let effective = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 2, max: 5 }), fc.boolean(), async (seed, times, together) => {
      const choices = new Choices(seed);
      const name = choices.pick(Object.keys(documents) as (keyof typeof documents)[]);
      const variables = Object.fromEntries(
        Object.entries(right()[name]).flatMap(([key, value]) => {
          if (value === undefined || choices.chance(8)) return [];
          return [[key, choices.chance(12) ? choices.pick(odd) : value]];
        }),
      );
      const key = `key ${++keys}`;
      const before = await effects();
      const sends = Array.from({ length: times }, () => () => send(documents[name], variables, key, choices));
      if (together) await Promise.all(sends.map((each) => each()));
      else for (const each of sends) await each();
      const after = await effects();
      const changed = Object.keys(after).map((what) => after[what] - before[what]);
      expect([name, variables, changed.every((count) => count === 0 || count === 1)]).toEqual([name, variables, true]);
      if (changed.includes(1)) effective++;
    }),
    { numRuns: 300 },
  );
  expect(effective).toBeGreaterThan(100);
}, 120_000);
