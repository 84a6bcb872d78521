import WebSocket from 'ws';
import { schemaText } from '../../src/graph/build/schema';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { PageApp } from '../support/page-app';

let gateway: TestGatewayServer;
let client: TestClient;
let app: PageApp;
const warnings: string[] = [];

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  const address = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  const token = `export const token = async (fresh = false): Promise<string> => fresh ? '${client.token}' : '${client.token}';`;
  app = new PageApp('docs/frontend.md', schemaText(), { 'token.ts': token });
  app.project.write('src/send.ts', app.project.read('src/send.ts').replace('http://localhost:4000', address));
  console.time('codegen');
  expect(app.project.run('@graphql-codegen/cli', 'graphql-codegen', '--config', 'codegen.json')).toMatchObject({ ok: true });
  console.timeEnd('codegen');
  app.project.write('src/relay/generated/.keep', '');
  console.log(app.project.run('relay-compiler', 'relay-compiler'));
  console.log(app.compiled().output);
  Object.assign(globalThis, { WebSocket });
}, 60_000);
afterAll(async () => {
  app.load('socket').socket.dispose();
  await gateway.close();
  app.remove();
});

test('x', async () => {
  jest.spyOn(console, 'warn').mockImplementation((...args) => void warnings.push(args.join(' ')));
  const { orderLineItems } = await orderFor(await client.work());
  const entry = { orderLineItemId: orderLineItems[0].id, quantity: '2', fulfillmentDate: '2022-01-01' };
  const made = await client.graphql('mutation($i: CreateFulfillmentsInput!){createFulfillments(input:$i){fulfillments{id version} userErrors{code}}}', { i: { fulfillments: [entry, entry, entry] } });
  const [one, two] = made.body.data.createFulfillments.fulfillments;
  const { apollo } = app.load('apollo/client');
  const { urql } = app.load('urql/client');
  const { Fulfillments, Book } = app.load('documents');
  const a = await apollo.query({ query: Fulfillments, variables: { first: 2 } });
  console.log(JSON.stringify(a), Object.keys(apollo.extract()));
  const b = await apollo.mutate({ mutation: Book, variables: { id: one.id, version: one.version } });
  console.log(JSON.stringify(b));
  const u = await urql.query(Fulfillments, { first: 2 }).toPromise();
  console.log(JSON.stringify(u.data), u.error);
  const ub = await urql.mutation(Book, { id: two.id, version: 7 }).toPromise();
  console.log(JSON.stringify(ub.data), ub.error);
  const ub2 = await urql.mutation(Book, { id: two.id, version: two.version }).toPromise();
  console.log(JSON.stringify(ub2.data), ub2.error);
  const { fetchQuery } = require('relay-runtime');
  const { environment } = app.load('relay/environment');
  const { listQuery } = app.load('relay/list');
  const r = await fetchQuery(environment, listQuery, {}).toPromise();
  console.log(JSON.stringify(r), JSON.stringify(environment.getStore().getSource()).slice(0, 3000));
  console.log(warnings);
});
