import { Client, fetchExchange, gql } from '@urql/core';
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
