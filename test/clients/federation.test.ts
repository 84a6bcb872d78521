import { getStitchedSchemaFromSupergraphSdl } from '@graphql-tools/federation';
import { composeServices } from '@theguild/federation-composition';
import {
  buildSchema,
  type DocumentNode,
  execute,
  type GraphQLObjectType,
  type GraphQLSchema,
  graphql,
  parse,
} from 'graphql';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { socketClient } from '../support/live';

/* A supergraph of the gateway and a second subgraph, composed and asked by programs of others. */

let gateway: TestGatewayServer;
let client: TestClient;
let stranger: TestClient;
let url: string;
let supergraph: GraphQLSchema;
let fulfillments: { id: string; fulfillmentNumber: string }[];
let invoiceNumber: string;
/** The queries that the router has sent to the gateway. */
let sent: string[] = [];

/** The second subgraph knows parcels, and refers to fulfillments by id and to invoices by number. */
const parcelTypes = `
  type Query { parcels: [Parcel!]! }
  type Parcel @key(fields: "code") { code: ID!, fulfillment: Fulfillment, invoice: Invoice }
  type ParcelConnection { nodes: [Parcel!]!, pageInfo: PageInfo! }
  type PageInfo @shareable { hasNextPage: Boolean!, hasPreviousPage: Boolean!, startCursor: String, endCursor: String }
  type Fulfillment @key(fields: "id") { id: ID!, parcels: ParcelConnection! }
  type Invoice @key(fields: "invoiceNumber", resolvable: false) { invoiceNumber: String! }
`;
const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])';

/** The parcels: two of the first fulfillment, one of each other, and one of a fulfillment that there is not. */
const parcels = () =>
  [...fulfillments.map(({ id }) => id), fulfillments[0].id, 'f'.repeat(32)].map((id, at) => ({
    ...{ __typename: 'Parcel', code: `P${at}`, invoice: { __typename: 'Invoice', invoiceNumber } },
    fulfillment: { __typename: 'Fulfillment', id },
  }));

function parcelSchema(): GraphQLSchema {
  const directives =
    'directive @key(fields: String!, resolvable: Boolean) repeatable on OBJECT directive @shareable on OBJECT';
  const schema = buildSchema(`${directives} scalar _Any union _Entity = Parcel | Fulfillment
    ${parcelTypes} extend type Query { _entities(representations: [_Any!]!): [_Entity]! }`);
  const { parcels: all, _entities: entities } = schema.getQueryType()!.getFields();
  all.resolve = parcels;
  entities.resolve = (_root, { representations }) => representations;
  const pageInfo = { hasNextPage: false, hasPreviousPage: false };
  (schema.getType('Fulfillment') as GraphQLObjectType).getFields().parcels.resolve = ({ id }) => ({
    ...{ pageInfo, nodes: parcels().filter(({ fulfillment }) => fulfillment.id === id) },
  });
  return schema;
}

/** The router, which passes the token of its caller on. */
function routerOver(supergraphSdl: string): GraphQLSchema {
  const second = parcelSchema();
  return getStitchedSchemaFromSupergraphSdl({
    supergraphSdl,
    httpExecutorOpts: {
      headers: (request) => ({ authorization: `Bearer ${request?.context?.token}` }),
      fetch: (address, options) => {
        sent.push(String(options?.body));
        return fetch(address, options as RequestInit) as never;
      },
    },
    onSubschemaConfig: (config) => {
      if (config.name !== 'PARCELS') return;
      config.executor = ({ document, variables }) =>
        execute({ schema: second, document, variableValues: variables }) as never;
    },
  });
}

// biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
async function ask(source: string, { token } = client): Promise<any> {
  sent = [];
  return JSON.parse(JSON.stringify(await graphql({ schema: supergraph, source, contextValue: { token } })));
}

beforeAll(async () => {
  gateway = await testGateway({ server: { federation: true } });
  client = await gateway.client();
  stranger = await gateway.client({ grants: [{ entity: 'Globex', orgs: ['North'] }] });
  url = `${await gateway.server.app.listen({ host: '127.0.0.1', port: 0 })}/graphql`;
  const { orderLineItems } = await orderFor(await client.work(), [{ itemName: 'Phone' }]);
  const entry = { orderLineItemId: orderLineItems[0].id, quantity: '2', fulfillmentDate: '2022-01-01' };
  const billed = { ...entry, state: 'SentToBilling', billTargetDate: '2022-01-01' };
  const { body } = await client.graphql(
    `mutation ($entries: [CreateFulfillmentInput!]!) {
      createFulfillments(input: { fulfillments: $entries, processingOptions: { runBilling: true } }) {
        fulfillments { id fulfillmentNumber } invoices { invoiceNumber } userErrors { code } } }`,
    { entries: [entry, entry, billed] },
  );
  ({ fulfillments } = body.data.createFulfillments);
  [{ invoiceNumber }] = body.data.createFulfillments.invoices;

  const { sdl } = (await client.graphql('{ _service { sdl } }')).body.data._service;
  const typeDefs = (text: string): DocumentNode => parse(text);
  const { supergraphSdl, errors } = composeServices([
    { name: 'fulfillments', url, typeDefs: typeDefs(sdl) },
    { name: 'parcels', url: 'http://127.0.0.1/parcels', typeDefs: typeDefs(`${link} ${parcelTypes}`) },
  ]);
  expect(errors).toBeUndefined();
  supergraph = routerOver(supergraphSdl!);
}, 60_000);
afterEach(() => expect(gateway.failures).toEqual([]));
afterAll(() => gateway.close());

test('a query that begins in another subgraph goes on in the gateway, by id and by number, in one request for each', async () => {
  const { data, errors } = await ask(`{ parcels { code
    fulfillment { id fulfillmentNumber quantity orderLineItem { itemName } } invoice { invoiceNumber amount } } }`);
  // Nothing is there for the last parcel, whose columns cannot be null.
  expect(errors).toMatchObject([{ path: ['parcels', 4, 'fulfillment', 'fulfillmentNumber'] }]);
  const shown = fulfillments.map((each) => ({ ...each, quantity: '2', orderLineItem: { itemName: 'Phone' } }));
  const invoice = { invoiceNumber, amount: '20.00' };
  expect(data.parcels.map(({ fulfillment }: { fulfillment: object }) => fulfillment)).toEqual([
    ...shown,
    shown[0],
    null,
  ]);
  expect(data.parcels.map((parcel: { invoice: object }) => parcel.invoice)).toEqual(data.parcels.map(() => invoice));
  expect(sent.length).toBeLessThanOrEqual(2);
  expect(sent.join()).toContain('_entities');
});

test('a query that begins in the gateway goes on in another subgraph', async () => {
  const { data, errors } = await ask(`{ fulfillments(first: 3, orderBy: { field: createdDate, direction: ASC }) {
    nodes { fulfillmentNumber parcels { nodes { code } pageInfo { hasNextPage } } } pageInfo { hasNextPage } } }`);
  expect(errors).toBeUndefined();
  const codes = Object.fromEntries(
    data.fulfillments.nodes.map((node: { fulfillmentNumber: string; parcels: { nodes: { code: string }[] } }) => [
      node.fulfillmentNumber,
      node.parcels.nodes.map(({ code }) => code),
    ]),
  );
  const [first, second, third] = fulfillments.map(({ fulfillmentNumber }) => fulfillmentNumber);
  expect(codes).toEqual({ [first]: ['P0', 'P3'], [second]: ['P1'], [third]: ['P2'] });
});

test('the token of the caller decides: another tenant sees none of it, and nobody sees it without a token', async () => {
  const query = '{ parcels { code fulfillment { fulfillmentNumber } invoice { amount } } }';
  const { data } = await ask(query, stranger);
  expect(data.parcels).toHaveLength(5);
  expect(JSON.stringify(data)).not.toContain(fulfillments[0].fulfillmentNumber);
  expect(JSON.stringify(data)).not.toContain('20.00');
  const refused = await ask(query, { token: 'none' } as TestClient);
  expect(refused.errors.length).toBeGreaterThan(0);
  expect(JSON.stringify(refused)).toContain('bearer token');
});

test('subscriptions are served beside the router, as without federation', async () => {
  const socket = socketClient(url.replace('/graphql', ''), { authorization: `Bearer ${client.token}` });
  const { fulfillmentNumber, id } = fulfillments[0];
  const live = socket.subscribe({ query: `subscription { fulfillment(key: "${id}") { fulfillmentNumber carrier } }` });
  expect(await live.next()).toEqual({ data: { fulfillment: { fulfillmentNumber, carrier: null } } });
  const { data } = await ask(
    `mutation { updateFulfillment(key: "${id}", input: { carrier: "UPS" }) { fulfillment { carrier } } }`,
  );
  expect(data.updateFulfillment).toEqual({ fulfillment: { carrier: 'UPS' } });
  expect(await live.next()).toEqual({ data: { fulfillment: { fulfillmentNumber, carrier: 'UPS' } } });
  await socket.client.dispose();
});

test('mutations go through the router, with their refusals', async () => {
  const { data } = await ask(`mutation { deleteFulfillment(key: "${fulfillments[2].fulfillmentNumber}", dryRun: true) {
    userErrors { code path } } }`);
  expect(data.deleteFulfillment.userErrors).toMatchObject([{ code: 'NOT_DELETABLE' }]);
});
