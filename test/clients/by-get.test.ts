import { setTimeout as delay } from 'node:timers/promises';
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { Client, cacheExchange, fetchExchange, gql } from '@urql/core';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/* Clients that ask by GET, with their defaults: no more is set than the address and the token. */

// Its types are those of its ES module alone.
const { GraphQLClient } = require('graphql-request') as typeof import('graphql-request', { with: {
  'resolution-mode': 'import',
}});

let gateway: TestGatewayServer;
let client: TestClient;
let url: string;
/** What arrived: the method, and whether its accepted types name the stream of events. */
const arrived: [method: string, stream: boolean][] = [];

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  gateway.server.app.server.on('request', ({ method, headers }) =>
    arrived.push([method!, headers.accept?.includes('text/event-stream') ?? false]),
  );
  url = `${await gateway.server.app.listen({ host: '127.0.0.1', port: 0 })}/graphql`;
}, 60_000);
beforeEach(() => arrived.splice(0));
afterAll(() => gateway.close());

const until = async (holds: () => boolean) => {
  for (let looks = 0; looks < 100 && !holds(); looks++) await delay(20);
};

const query = 'query Who($first: Int) { viewer { name } orders(first: $first) { totalCount } }';
const mutation = 'mutation Add($input: CreateAccountInput!) { createAccount(input: $input) { account { name } } }';
const input = { name: 'By mutation', currency: 'USD' };
const found = { viewer: { name: 'test' }, orders: { totalCount: 0 } };

test('urql sends short queries by GET and mutations by POST, and is answered', async () => {
  const fetchOptions = { headers: { authorization: `Bearer ${client.token}` } };
  const urql = new Client({ url, exchanges: [fetchExchange], fetchOptions });
  const asked = await urql.query(gql(query), { first: 1 }).toPromise();
  expect([asked.error, asked.data]).toMatchObject([undefined, found]);
  const made = await urql.mutation(gql(mutation), { input }).toPromise();
  expect([made.error, made.data]).toMatchObject([undefined, { createAccount: { account: { name: 'By mutation' } } }]);
  const refused = await urql.query(gql('{ orders(first: 1000) { totalCount } }'), {}).toPromise();
  expect(refused.error?.graphQLErrors[0].extensions).toMatchObject({ code: 'PAGE_SIZE' });
  expect(arrived).toEqual([
    ['GET', true],
    ['POST', true],
    ['GET', true],
  ]);
});

test('graphql-request sends queries by GET where it is told to, and is answered', async () => {
  const requests = new GraphQLClient(url, { method: 'GET', headers: { authorization: `Bearer ${client.token}` } });
  expect(await requests.request(query, { first: 1 })).toEqual(found);
  expect(await requests.request(mutation, { input })).toEqual({ createAccount: { account: { name: 'By mutation' } } });
  expect(arrived.map(([method]) => method)).toEqual(['GET', 'POST']);
});

test("urql's document cache asks again for a list that was empty, if the query names its type", async () => {
  const urql = new Client({
    url,
    exchanges: [cacheExchange, fetchExchange],
    fetchOptions: { headers: { authorization: `Bearer ${client.token}` } },
  });
  const shown = { named: [] as number[], unnamed: [] as number[] };
  const follow = (name: keyof typeof shown, context: object) =>
    urql
      .query(gql(`query ${name} { accounts(filter: { name: { eq: "Late" } }) { nodes { name } } }`), {}, context)
      .subscribe(({ data, stale }) => stale || shown[name].push(data.accounts.nodes.length));
  const named = follow('named', { additionalTypenames: ['Account'] });
  const unnamed = follow('unnamed', {});
  await until(() => shown.named.length > 0 && shown.unnamed.length > 0);
  await urql.mutation(gql(mutation), { input: { ...input, name: 'Late' } }).toPromise();
  await until(() => shown.named.length > 1);
  expect(shown).toEqual({ named: [0, 1], unnamed: [0] });
  named.unsubscribe();
  unnamed.unsubscribe();
});

test('Apollo Client sends queries by GET where it is told to, and is answered', async () => {
  const headers = { authorization: `Bearer ${client.token}` };
  const link = new HttpLink({ uri: url, headers, useGETForQueries: true });
  const apollo = new ApolloClient({ link, cache: new InMemoryCache() });
  const { data } = await apollo.query({ query: gql('query Name { viewer { name } }') });
  expect(data).toMatchObject({ viewer: { name: 'test' } });
  const made = await apollo.mutate({ mutation: gql(mutation), variables: { input } });
  expect(made.data).toMatchObject({ createAccount: { account: { name: 'By mutation' } } });
  expect(arrived.map(([method]) => method)).toEqual(['GET', 'POST']);
  apollo.stop();
});

test('a mutation by GET, which no client sends by itself, is told to come by POST', async () => {
  const asked = new URL(url);
  asked.searchParams.set('query', mutation);
  asked.searchParams.set('variables', JSON.stringify({ input: { ...input, name: 'By GET' } }));
  const answer = await fetch(asked, { headers: { authorization: `Bearer ${client.token}` } });
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  const { errors } = (await answer.json()) as { errors: { message: string; extensions: { code: string } }[] };
  expect(errors).toMatchObject([{ extensions: { code: 'METHOD_NOT_ALLOWED' } }]);
  expect(errors[0].message).toMatch(/mutation.*POST/i);
  const { body } = await client.graphql('{ accounts(filter: { name: { eq: "By GET" } }) { totalCount } }');
  expect(body.data.accounts.totalCount).toBe(0);
});
