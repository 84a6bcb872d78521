import { type GraphQLObjectType, getNamedType, isObjectType } from 'graphql';
import type { Scope } from '../../src/domain/caller';
import { schema } from '../../src/graph/build/schema';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { everything } from '../support/stored';
import { type Estate, estate } from '../support/tenant-data';

// What a client without the scope read learns by its mutations: what they return, and nothing that this leads to.

let gateway: TestGatewayServer;
let own: Estate;
const clients = new Map<Scope, TestClient>();
beforeAll(async () => {
  gateway = await testGateway();
  const all = await gateway.client();
  own = await estate(gateway, await all.work(), 'Own');
  for (const scope of ['order', 'fulfill', 'bill', 'pay'] as const) {
    clients.set(scope, await gateway.client({ scopes: [scope] }));
  }
});
afterAll(() => gateway.close());

/** A mutation for each scope that returns an object, with DRY where it is rehearsed. */
const mutations: Record<'order' | 'fulfill' | 'bill' | 'pay', (selection: string) => string> = {
  order: (selection) =>
    `mutation { updateAccount(key: "${own.ids.account}", dryRun: true, input: { name: "X" }) { account { ${selection} } userErrors { code } } }`,
  fulfill: (selection) =>
    `mutation { updateFulfillment(key: "${own.ids.fulfillment}", dryRun: true, input: { carrier: "X" }) { fulfillment { ${selection} } userErrors { code } } }`,
  bill: (selection) =>
    `mutation { postInvoice(key: "${own.documents.draft.id}", dryRun: true) { invoice { ${selection} } userErrors { code } } }`,
  pay: (selection) =>
    `mutation { collectPayment(invoiceKeys: ["${own.owed}"], dryRun: true) { payments { ${selection} } userErrors { code } } }`,
};
const types = { order: 'Account', fulfill: 'Fulfillment', bill: 'Invoice', pay: 'Payment' };

/** The fields of a type that lead to other objects of the store, found by what they lead to. */
const edgesOf = (type: string): string[] => {
  const values = ['PaymentMethod', 'Org', 'FulfillmentTransition', 'DocumentActionState', 'TransitionBlock'];
  return Object.values((schema().getType(type) as GraphQLObjectType).getFields()).flatMap(({ name, type: of }) => {
    const target = getNamedType(of);
    return 'getFields' in target && !values.includes(target.name)
      ? [`${name} { ${isObjectType(target) && target.name.endsWith('Connection') ? 'totalCount' : '__typename'} }`]
      : [];
  });
};

describe.each(Object.keys(mutations) as (keyof typeof mutations)[])('with the scope %s alone', (scope) => {
  const ask = (selection: string, headers = {}) =>
    clients.get(scope)!.graphql(mutations[scope](selection), {}, headers);

  test('each edge below what a mutation returns is FORBIDDEN, and nothing is done', async () => {
    const edges = edgesOf(types[scope]);
    expect(edges.length).toBeGreaterThan(1);
    const before = await everything(gateway.database, own);
    for (const edge of edges) {
      for (const headers of [{}, { 'idempotency-key': `edge ${scope}` }]) {
        const { status, body } = await ask(edge, headers);
        expect([edge, status, body.data, body.errors[0].extensions.code]).toEqual([edge, 403, undefined, 'FORBIDDEN']);
        expect(body.errors[0].message).toContain(`${types[scope]}.${edge.split(' ')[0]} needs the scope "read"`);
      }
    }
    expect(await everything(gateway.database, own)).toEqual(before);
  });

  test('its columns are shown', async () => {
    const { status, body } = await ask('id version createdDate');
    expect([status, body.errors]).toEqual([200, undefined]);
  });
});

test('what is judged of an object is shown, in a fragment as well, and an edge in a fragment is refused', async () => {
  const client = clients.get('fulfill')!;
  const query = (more: string) =>
    `mutation { updateFulfillment(key: "${own.ids.fulfillment}", dryRun: true, input: { carrier: "X" }) {
      fulfillment { ...shown } userErrors { code ... on VersionConflict { current { id } } } } }
    fragment shown on Fulfillment { allowedTransitions { to blockedBy { code } } editableFields ${more} }`;
  const shown = await client.graphql(query(''));
  expect([shown.status, shown.body.errors, shown.body.data.updateFulfillment.userErrors]).toEqual([200, undefined, []]);
  expect((await client.graphql(query('orderLineItem { id }'))).status).toBe(403);
  expect((await client.graphql(query('orderLineItem @include(if: false) { id }'))).status).toBe(200);
});

test('with read beside it, edges are answered', async () => {
  const client = await gateway.client({ scopes: ['read', 'order'] });
  const { body } = await client.graphql(mutations.order('orders { totalCount }'));
  expect(body.data.updateAccount.account.orders.totalCount).toBeGreaterThan(0);
});
