import { ApolloClient, HttpLink, InMemoryCache, type TypePolicies } from '@apollo/client';
import { Client, fetchExchange, gql } from '@urql/core';
import { cacheExchange, type KeyingConfig } from '@urql/exchange-graphcache';
import { schemaText } from '../../src/graph/build/schema';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { PageApp } from '../support/page-app';

/* The generated modules of docs/frontend.md, in the caches that they are for. */

let gateway: TestGatewayServer;
let client: TestClient;
let app: PageApp;
let url: string;
let ids: string[];
/** What clients say on the console of a developer. */
const said: string[] = [];

beforeAll(async () => {
  for (const level of ['warn', 'error'] as const)
    jest.spyOn(console, level).mockImplementation((...words) => void said.push(words.join(' ')));
  app = new PageApp('docs/frontend.md', schemaText(), ['possible-types.ts', 'apollo/policies.ts', 'urql/keys.ts']);
  expect(app.compiled()).toBe('');
  gateway = await testGateway();
  client = await gateway.client();
  url = `${await gateway.server.app.listen({ host: '127.0.0.1', port: 0 })}/graphql`;
  const { orderLineItems } = await orderFor(await client.work());
  const entry = { orderLineItemId: orderLineItems[0].id, quantity: '2', fulfillmentDate: '2022-01-01' };
  const made = await client.graphql(
    `mutation ($entries: [CreateFulfillmentInput!]!) {
      createFulfillments(input: { fulfillments: $entries }) { fulfillments { id } userErrors { code } } }`,
    { entries: Array(4).fill(entry) },
  );
  // Something for its usage to show.
  await client.graphql('{ nonsense }');
  await gateway.server.days.flush();
  ids = made.body.data.createFulfillments.fulfillments.map(({ id }: { id: string }) => id);
}, 60_000);
afterAll(async () => {
  await gateway.close();
  app.remove();
});

describe('objects without an id', () => {
  const parts = gql`
    query Parts {
      viewer { name orgs { id } entities { id } client { documentMode secrets { id current } usage { day errors { code count } } } }
      fulfillmentCounts { state count }
      fulfillmentSummary(groupBy: state) { key currency count amount }
      billingSettings { id taxCodes { code rate } units { name decimals } }
      previewBillRun(input: { targetDate: "2030-01-01" }) {
        invoiceCount
        totals { currency itemCount account { id paymentMethod { label } } }
        failures { code message }
      }
      invoices { nodes { id allowedActions { action allowed blockedBy { code message } } } pageInfo { endCursor } }
      orderLineItems { nodes { id allowedTransitions { to allowed blockedBy { code } } } }
      accounts { nodes { id paymentMethod { label } } }
      events(first: 100) { nodes { id changes { field before after } } }
    }
  `;
  /** Asks of the same objects what the other query does not. */
  const others = gql`
    query Others {
      viewer { clientId client { secrets { id createdDate } usage(days: 7) { day requests } } }
      previewBillRun(input: { targetDate: "2030-01-01" }) { creditMemoCount }
      invoices { totalCount pageInfo { hasNextPage } }
      accounts { nodes { id paymentMethod { type } } }
    }
  `;
  /** Makes lists shorter: of tax codes, of units, of the actions of the invoice. */
  const change = (count: number) =>
    client.graphql(
      `mutation ($settings: BillingSettingsInput!, $due: ID!, $billed: ID!, $day: Date!) {
        updateBillingSettings(input: $settings) { userErrors { code } }
        due: sendFulfillmentsToBilling(keys: [$due], billTargetDate: $day) { userErrors { code } }
        sendFulfillmentsToBilling(keys: [$billed], billTargetDate: $day, processingOptions: { runBilling: true }) {
          userErrors { code } } }`,
      {
        ...{ due: ids[count], billed: ids[2 + count], day: '2022-01-01' },
        settings: {
          taxCodes: ['A', 'B'].slice(count).map((code) => ({ code, rate: '0.1' })),
          units: ['Each', 'Box'].slice(count).map((name) => ({ name, decimals: 0 })),
        },
      },
    );

  test('are read by parts, and again when they have changed: no part is lost, and no cache complains', async () => {
    const { possibleTypes } = app.load('possible-types');
    const { typePolicies } = app.load('apollo/policies');
    const { keys } = app.load('urql/keys');
    const headers = { authorization: `Bearer ${client.token}` };
    const run = async (apollo: ApolloClient, urql: Client) => {
      for (const query of [parts, others]) {
        await apollo.query({ query, fetchPolicy: 'network-only' });
        const { error } = await urql.query(query, {}, { requestPolicy: 'network-only' }).toPromise();
        expect(error).toBeUndefined();
      }
      return [apollo.readQuery({ query: parts }), urql.readQuery(parts, {})?.data];
    };
    const clientsWith = (policies: TypePolicies, keying: KeyingConfig) =>
      [
        new ApolloClient({
          cache: new InMemoryCache({ possibleTypes, typePolicies: policies }),
          link: new HttpLink({ uri: url, headers }),
        }),
        new Client({
          url,
          fetchOptions: { headers },
          exchanges: [cacheExchange({ possibleTypes, keys: keying }), fetchExchange],
        }),
      ] as const;
    const right = clientsWith(typePolicies, keys);
    const plain = clientsWith({}, {});
    for (const count of [0, 1]) {
      expect((await change(count)).body.errors).toBeUndefined();
      expect(await run(...right)).toEqual([expect.any(Object), expect.any(Object)]);
      expect(said).toEqual([]);
    }
    const [seen] = await run(...right);
    const named = new Set([...JSON.stringify(seen).matchAll(/"__typename":"(\w+)"/g)].map(([, type]) => type));
    // Of these the test has none to show.
    const rest = ['BillRunActionState', 'BillRunFailure', 'FulfillmentTransition', 'RegisteredDocument'];
    expect(Object.keys(keys).filter((type) => !named.has(type))).toEqual(rest);

    const [apollo] = await run(...plain);
    expect(apollo).toBeNull();
    const complaints = said.splice(0).join();
    expect(complaints).toContain('Invalid key');
    // Apollo's warnings are numbers behind this address: 127 is of lost data.
    expect(decodeURIComponent(complaints)).toMatch(/go\.apollo\.dev\S*"message":127\b/);
  });
});
