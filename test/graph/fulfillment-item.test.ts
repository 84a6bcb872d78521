import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
let orderLineItemId: string;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  orderLineItemId = (await orderFor(await client.work())).orderLineItems[0].id;
}, 60_000);
afterAll(() => gateway.close());

const errors = 'userErrors { __typename code path ... on QuantityExceeded { requested available } }';

async function asked(query: string, variables: object = {}) {
  const { body } = await client.graphql(query, variables);
  expect(body.errors).toBeUndefined();
  return body.data;
}

const create = (fulfillmentItems: object[], more: object = {}) =>
  asked(
    `mutation ($input: CreateFulfillmentsInput!) { made: createFulfillments(input: $input) {
      fulfillments { id fulfillmentNumber fulfillmentItems { totalCount nodes { id itemIdentifier } } } ${errors} } }`,
    {
      input: {
        fulfillments: [
          { orderLineItemId, fulfillmentDate: '2022-01-01', quantity: 5, state: 'Booked', fulfillmentItems, ...more },
        ],
      },
    },
  ).then(({ made }) => made);

const add = (input: object[], more = '') =>
  asked(
    `mutation ($input: [CreateFulfillmentItemInput!]!) { made: createFulfillmentItems(input: $input ${more}) {
      fulfillmentItems { id itemIdentifier description customFields } deletedId ${errors} } }`,
    { input },
  ).then(({ made }) => made);

describe('a fulfillment', () => {
  test('is created with its items, and shows them in the order of the request', async () => {
    const items = ['C', 'A', 'B'].map((itemIdentifier) => ({ itemIdentifier }));
    const { fulfillments, userErrors } = await create(items);
    expect(userErrors).toEqual([]);
    expect(fulfillments[0].fulfillmentItems).toMatchObject({ totalCount: 3, nodes: items });
  });

  test('shows its items in pages, to the end and back', async () => {
    const { fulfillments } = await create(['A', 'B', 'C', 'D', 'E'].map((itemIdentifier) => ({ itemIdentifier })));
    const page = async (args: string) => {
      const { fulfillment } = await asked(`{ fulfillment(key: "${fulfillments[0].id}") { fulfillmentItems(${args}) {
        nodes { itemIdentifier } pageInfo { hasNextPage startCursor endCursor } } } }`);
      const { nodes, pageInfo } = fulfillment.fulfillmentItems;
      return { seen: nodes.map((node: { itemIdentifier: string }) => node.itemIdentifier).join(''), ...pageInfo };
    };
    const first = await page('first: 2');
    expect(first).toMatchObject({ seen: 'AB', hasNextPage: true });
    const last = await page(`first: 9, after: "${first.endCursor}"`);
    expect(last).toMatchObject({ seen: 'CDE', hasNextPage: false });
    expect((await page(`last: 2, before: "${last.startCursor}"`)).seen).toBe('AB');
  });

  test('T10: an Executing one takes no items, and one of quantity 2 not 3', async () => {
    const path = ['input', 'fulfillments', '0', 'fulfillmentItems'];
    expect(await create([{}], { state: 'Executing' })).toEqual({
      fulfillments: [null],
      userErrors: [{ __typename: 'BusinessError', code: 'ITEMS_NOT_ALLOWED', path }],
    });
    expect(await create([{}, {}, {}], { quantity: 2 })).toEqual({
      fulfillments: [null],
      userErrors: [{ __typename: 'QuantityExceeded', code: 'QUANTITY_EXCEEDED', path, requested: '3', available: '2' }],
    });
  });

  test('tells of its items in its history', async () => {
    const { fulfillments } = await create([]);
    const [{ id, fulfillmentNumber }] = fulfillments;
    const { fulfillmentItems } = await add([{ fulfillmentNumber, itemIdentifier: 'A' }]);
    const { fulfillment } = await asked(
      `{ fulfillment(key: "${id}") { version history { nodes { action version changes { field before after } } } } }`,
    );
    expect(fulfillment.version).toBe(2);
    expect(fulfillment.history.nodes[1]).toEqual({
      ...{ action: 'Update', version: 2 },
      changes: [{ field: 'fulfillmentItems', before: null, after: JSON.stringify(fulfillmentItems) }],
    });
  });
});

describe('an item', () => {
  test('is a node that leads back to its fulfillment', async () => {
    const { fulfillments } = await create([{ itemIdentifier: 'A', description: 'd', customFields: { a__c: 1 } }]);
    const [{ id, fulfillmentItems }] = fulfillments;
    const { node } = await asked(
      `query ($id: ID!) { node(id: $id) { __typename id ... on FulfillmentItem {
        itemIdentifier description customFields fulfillment { id state } } } }`,
      { id: fulfillmentItems.nodes[0].id.toUpperCase() },
    );
    expect(node).toEqual({
      ...{ __typename: 'FulfillmentItem', id: fulfillmentItems.nodes[0].id },
      ...{ itemIdentifier: 'A', description: 'd', customFields: { a__c: 1 } },
      fulfillment: { id, state: 'Booked' },
    });
  });

  test('is added, changed and deleted', async () => {
    const { fulfillments } = await create([]);
    const { fulfillmentNumber } = fulfillments[0];
    const added = await add([{ fulfillmentNumber, itemIdentifier: 'A', customFields: { a__c: 1 } }]);
    const [{ id }] = added.fulfillmentItems;
    expect(added).toEqual({
      fulfillmentItems: [{ id, itemIdentifier: 'A', description: null, customFields: { a__c: 1 } }],
      ...{ deletedId: null, userErrors: [] },
    });
    const { changed } = await asked(
      `mutation ($id: ID!) { changed: updateFulfillmentItem(id: $id, input: { itemIdentifier: "B", customFields: null }) {
        fulfillmentItems { itemIdentifier customFields fulfillment { version } } deletedId ${errors} } }`,
      { id },
    );
    expect(changed).toEqual({
      fulfillmentItems: [{ itemIdentifier: 'B', customFields: null, fulfillment: { version: 3 } }],
      ...{ deletedId: null, userErrors: [] },
    });
    const remove = `mutation ($id: ID!) { deleted: deleteFulfillmentItem(id: $id) { fulfillmentItems { id } deletedId ${errors} } }`;
    expect((await asked(remove, { id })).deleted).toEqual({ fulfillmentItems: [], deletedId: id, userErrors: [] });
    expect((await asked(remove, { id })).deleted).toEqual({
      ...{ fulfillmentItems: [], deletedId: null },
      userErrors: [{ __typename: 'BusinessError', code: 'NOT_FOUND', path: ['id'] }],
    });
    expect((await asked('query ($id: ID!) { node(id: $id) { id } }', { id })).node).toBeNull();
  });
});

describe('the payload', () => {
  test('has null in the place of an entry that was refused', async () => {
    const { fulfillments } = await create([]);
    const entry = { fulfillmentNumber: fulfillments[0].fulfillmentNumber, itemIdentifier: 'A' };
    const unknown = { fulfillmentNumber: 'F-99999999' };
    const notFound = {
      ...{ __typename: 'BusinessError', code: 'NOT_FOUND' },
      path: ['input', '1', 'fulfillmentNumber'],
    };
    expect(await add([entry, unknown])).toEqual({
      ...{ fulfillmentItems: [null, null], deletedId: null },
      userErrors: [notFound],
    });
    const skipped = await add([entry, unknown, entry], ', onError: SkipFailed');
    expect(skipped.fulfillmentItems).toMatchObject([{ itemIdentifier: 'A' }, null, { itemIdentifier: 'A' }]);
    expect(skipped.userErrors).toEqual([notFound]);
  });

  test('of a change that was refused has null for the item', async () => {
    const { fulfillments } = await create([{}]);
    const { changed } = await asked(
      `mutation ($id: ID!) { changed: updateFulfillmentItem(id: $id, input: {}) { fulfillmentItems { id } deletedId ${errors} } }`,
      { id: fulfillments[0].fulfillmentItems.nodes[0].id },
    );
    expect(changed).toEqual({
      ...{ fulfillmentItems: [null], deletedId: null },
      userErrors: [{ __typename: 'BusinessError', code: 'REQUIRED', path: ['input'] }],
    });
  });
});
