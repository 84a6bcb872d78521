import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

// A client of several entities that names none asks who it is, and which entities it may choose from.

let gateway: TestGatewayServer;
let client: TestClient;
beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client({
    grants: [
      { entity: 'Acme', orgs: ['North'] },
      { entity: 'Globex', orgs: ['South'] },
    ],
  });
});
afterAll(() => gateway.close());

const codes = (body: { errors?: { extensions: { code: string } }[] }) => body.errors?.map((e) => e.extensions.code);

test('viewer, the schema and __typename are answered without an entity', async () => {
  const query = `{ __typename viewer { ...who } again: viewer { entities { id } } __type(name: "Viewer") { name } }
    fragment who on Viewer { clientId scopes entities { name } __typename }`;
  const { status, body } = await client.graphql(query);
  expect([status, body.errors]).toEqual([200, undefined]);
  expect(body.data.viewer).toMatchObject({
    clientId: client.clientId,
    entities: [{ name: 'Acme' }, { name: 'Globex' }],
  });
  expect(body.data.__type).toEqual({ name: 'Viewer' });
});

test.each([
  ['its entity', '{ viewer { entity { name } } }', {}],
  ['its orgs, in a fragment', '{ viewer { ...its } } fragment its on Viewer { orgs { name } }', {}],
  ['a list', '{ viewer { clientId } orders(first: 1) { totalCount } }', {}],
  ['a mutation', 'mutation { createAccount(input: { name: "A", currency: "USD" }) { account { id } } }', {}],
  [
    'a field that a variable leaves in',
    'query ($x: Boolean!) { viewer { clientId entity @include(if: $x) { id } } }',
    { x: true },
  ],
])('%s needs one: the whole request is BAD_REQUEST', async (_what, query, variables) => {
  for (const headers of [{}, { 'idempotency-key': 'undecided' }]) {
    const { status, body } = await client.graphql(query, variables, headers as Record<string, string>);
    expect([status, codes(body), body.data]).toEqual([400, ['BAD_REQUEST'], undefined]);
    expect(body.errors[0].message).toContain('Zuora-Entity-Ids');
  }
  expect(await gateway.database.owner('select 1 from account')).toEqual([]);
});

test('a field that a variable leaves out needs none', async () => {
  const query =
    'query ($x: Boolean!) { viewer { clientId entity @include(if: $x) { id } } orders @include(if: $x) { totalCount } }';
  const { status, body } = await client.graphql(query, { x: false });
  expect([status, body]).toEqual([200, { data: { viewer: { clientId: client.clientId } } }]);
});

test('REST needs one', async () => {
  const { status, body } = await client.request({ method: 'GET', url: '/v1/fulfillments/F-00000001' });
  expect([status, body.success]).toEqual([400, false]);
  expect(body.reasons[0].message).toContain('Zuora-Entity-Ids');
});

test('viewer shows entity and orgs where one is named', async () => {
  const [, globex] = (await client.graphql('{ viewer { entities { id } } }')).body.data.viewer.entities;
  const { body } = await client.graphql(
    '{ viewer { entity { name } orgs { name } } }',
    {},
    { 'zuora-entity-ids': globex.id },
  );
  expect(body).toEqual({ data: { viewer: { entity: { name: 'Globex' }, orgs: [{ name: 'South' }] } } });
});
