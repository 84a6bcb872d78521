import {
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  getNamedType,
  graphql,
  isLeafType,
  isNonNullType,
} from 'graphql';
import { schema } from '../../src/graph/build/schema';
import { GraphContext } from '../../src/graph/context';
import { nouns } from '../../src/graph/model/nouns';
import { createFulfillments } from '../../src/service/fulfillment';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { type Estate, errors, estate, mutation, mutations, queries, withoutDryRun } from '../support/tenant-data';

let gateway: TestGatewayServer;
let client: TestClient;
let stranger: TestClient;
let own: Estate;
let entityId: string;

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  stranger = await gateway.client({ grants: [{ entity: 'Globex', orgs: ['North'] }] });
  const work = await client.work();
  entityId = work.caller.entityId;
  for (const name of ['First', 'Second']) await estate(gateway, work, name);
  own = await estate(gateway, work, 'Own');
});
afterEach(() => expect(gateway.failures).toEqual([]));
afterAll(() => gateway.close());

const nodeTypes = schema()
  .getPossibleTypes(schema().getType('Node') as GraphQLInterfaceType)
  .map(({ name }) => name)
  .sort();

/** The id of one object of each type. */
const idOf = (type: string): string =>
  type === 'BillingSettings'
    ? entityId
    : type === 'WebhookEndpoint'
      ? own.webhook.endpoint
      : type === 'WebhookDelivery'
        ? own.webhook.delivery
        : own.ids[Object.entries(nouns).find(([, { typename }]) => typename === type)![0] as keyof typeof nouns];

async function asked(query: string, variables: object = {}, by = client) {
  const { body } = await by.graphql(query, variables);
  expect([query, body.errors]).toEqual([query, undefined]);
  return body.data;
}

/** An id as others write it. */
const spelled = (id: string) => id.toUpperCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** Every field of a type that needs no fields below it. */
const leaves = (type: string) =>
  Object.values((schema().getType(type) as GraphQLObjectType).getFields()).filter(({ type: of }) =>
    isLeafType(getNamedType(of)),
  );
const fragment = (type: string) => `... on ${type} { ${leaves(type).map(({ name }) => name)} }`;

describe('node and nodes', () => {
  test('there is one object of every type that has an id', () => {
    expect(nodeTypes.length).toBeGreaterThan(10);
    expect(nodeTypes.filter((type) => !/^[0-9a-f]{32}$/.test(idOf(type)))).toEqual([]);
  });

  test.each(nodeTypes)('give the %s of an id with all of its fields, however it is spelled', async (type) => {
    const id = idOf(type);
    const dashed = spelled(id).toLowerCase();
    const query = `query ($ids: [ID!]!, $id: ID!) { nodes(ids: $ids) { ...All } node(id: $id) { ...All } }
      fragment All on Node { __typename id ${fragment(type)} }`;
    const { nodes, node } = await asked(query, { id, ids: [spelled(id), id.toUpperCase(), dashed, id] });
    expect(node).toMatchObject({ __typename: type, id });
    expect(nodes).toEqual([node, node, node, node]);
    const missing = leaves(type).filter(({ name, type: of }) => isNonNullType(of) && node[name] == null);
    expect(missing.map(({ name }) => name)).toEqual([]);
    const root = `${type[0].toLowerCase()}${type.slice(1)}`;
    const way = schema().getQueryType()!.getFields()[root];
    if (!way) return;
    const args = way.args.length ? `(${way.args[0].name}: "${id}")` : '';
    const { found } = await asked(`{ found: ${root}${args} { __typename id ${fragment(type)} } }`);
    expect(node).toEqual(found);
  });

  test('give objects of all types at once, in the order of the ids, each as often as it is asked for', async () => {
    const ids = [...nodeTypes, ...[...nodeTypes].reverse()].map(idOf);
    const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on BillingDocument { documentNumber account { id } }
      ... on Fulfillment { quantity orderLineItem { id } } ... on InvoiceItem { quantity chargeAmount } } }`;
    const { nodes } = await asked(query, { ids });
    expect(nodes.map(({ __typename, id }: Record<string, string>) => [__typename, id])).toEqual(
      [...nodeTypes, ...[...nodeTypes].reverse()].map((type) => [type, idOf(type)]),
    );
    const [memo, invoice] = ['CreditMemo', 'Invoice'].map((type) => nodes[nodeTypes.indexOf(type)]);
    expect([memo, invoice]).toMatchObject([
      { documentNumber: own.numbers.creditMemo, account: { id: own.ids.account } },
      { documentNumber: own.numbers.invoice, account: { id: own.ids.account } },
    ]);
  });

  test('give null for what is no id, for an id that nobody has, and for what another tenant has', async () => {
    const unknown = ['', ' ', 'x', 'F-00000001', own.numbers.fulfillment, 'f'.repeat(32), 'f'.repeat(33), '\u0000'];
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const { nodes } = await asked(query, { ids: [...unknown, own.ids.order] });
    expect(nodes).toEqual([...unknown.map(() => null), { id: own.ids.order }]);
    for (const id of unknown) {
      expect(await asked('query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null });
    }
    const { nodes: foreign } = await asked(query, { ids: nodeTypes.map(idOf) }, stranger);
    expect(foreign).toEqual(nodeTypes.map(() => null));
    expect(await asked(query, { ids: [] })).toEqual({ nodes: [] });
  });

  test('give what is there where an id names something of another type than the fragment', async () => {
    const { node } = await asked(`{ node(id: "${own.ids.order}") { __typename ... on Invoice { amount } } }`);
    expect(node).toEqual({ __typename: 'Order' });
  });

  test('take one statement to tell the types of ids, and one for each type, however many ids there are', async () => {
    const counted = async (ids: string[]) => {
      const work = await client.work();
      const { data, errors: failed } = await graphql({
        schema: schema(),
        source: `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on BillingDocument { documentNumber amount }
          ... on Fulfillment { fulfillmentNumber quantity } ... on HistoryEntry { action at } ... on Payment { amount } } }`,
        variableValues: { ids },
        contextValue: new GraphContext(work),
      });
      expect(failed).toBeUndefined();
      expect((data!.nodes as { id: string }[]).map((node) => node?.id)).toEqual(ids);
      return work.counter.statements;
    };
    const tables = Object.values(nouns).filter(({ typename }) => nodeTypes.includes(typename));
    const stored: { id: string }[][] = [];
    for (const { list } of tables) {
      const text = `select id from ${list.table.name} where entity_id = $1 order by id limit 20`;
      stored.push(await gateway.database.owner(text, [entityId]));
    }
    // The settings and what webhooks have are no rows of a list.
    stored.push([{ id: entityId }], [{ id: own.webhook.endpoint }], [{ id: own.webhook.delivery }]);
    const one = stored.map(([{ id }]) => id);
    const hundred = [...new Set([...one, ...stored.flat().map(({ id }) => id)])].slice(0, 100);
    expect([one.length, hundred.length]).toEqual([nodeTypes.length, 100]);
    expect(await counted(one)).toBe(1 + nodeTypes.length);
    expect(await counted(hundred)).toBe(1 + nodeTypes.length);
    expect([await counted([own.ids.order]), await counted([])]).toEqual([2, 1]);
  });
});

describe('whatever takes an id', () => {
  /** The same request with each id in it written otherwise. */
  const otherwise = (text: string) => text.replace(/"([0-9a-f]{32})"/g, (_, id) => `"${spelled(id)}"`);

  test.each(Object.keys(queries))('%s takes it in upper case and with dashes', async (field) => {
    for (const query of queries[field](own)) {
      // A cursor holds to the filter as it was written.
      const [plain, other] = [await asked(query), await asked(otherwise(query))].map((found) =>
        JSON.stringify(found).replace(/"cursor":"[\w-]+"/g, ''),
      );
      expect(other).toBe(plain);
    }
  });

  test.each(Object.keys(mutations).filter((field) => !(field in withoutDryRun)))(
    '%s takes it in upper case and with dashes',
    async (field) => {
      for (const text of mutations[field](own)) {
        const query = mutation(field, text, true);
        const { payload } = await asked(query);
        expect([query, payload.userErrors]).toEqual([query, []]);
        const told = ({ result, userErrors }: Record<string, unknown>) => [result === null, userErrors];
        expect(told((await asked(otherwise(query))).payload)).toEqual(told(payload));
      }
    },
  );

  // The id of a document is a hash, which has no other spelling here.
  const withId = Object.keys(withoutDryRun).filter(
    (field) => !['createWebhookEndpoint', 'rotateClientSecret'].includes(field),
  );
  test.each(withId)('%s takes it in upper case and with dashes', async (field) => {
    const [byId] = withoutDryRun[field](own);
    expect(otherwise(byId)).not.toBe(byId);
    const { payload } = await asked(mutation(field, otherwise(byId), false));
    expect(payload).toMatchObject({ result: expect.anything(), userErrors: [] });
  });
});

test('an order is created on an account that is named by its number or by its id', async () => {
  const { id } = { id: own.ids.account };
  for (const name of [own.numbers.account, id, spelled(id)]) {
    const line = '{ itemName: "New", itemType: Product, quantity: 1, amountPerUnit: 1 }';
    const input = `{ existingAccountNumber: "${name}", orderDate: "2022-01-01", orderLineItems: [${line}] }`;
    const { payload } = await asked(
      `mutation { payload: createOrder(input: ${input}, dryRun: true) { order { account { id } } ${errors} } }`,
    );
    expect(payload).toEqual({ order: { account: { id } }, userErrors: [] });
  }
});

describe('what has a number', () => {
  const keyed = Object.values(schema().getQueryType()!.getFields()).filter(({ args }) =>
    args.some(({ name }) => name === 'key'),
  );

  test('is looked up by it or by its id alike, at every root field that looks up one object', async () => {
    const lookups = Object.values(schema().getQueryType()!.getFields()).filter(({ type }) =>
      nodeTypes.includes(getNamedType(type).name),
    );
    const numbered = Object.values(nouns).filter((noun) => 'number' in noun);
    expect(keyed.map(({ type }) => String(type)).sort()).toEqual(numbered.map(({ typename }) => typename).sort());
    // A line item is numbered within its order alone, and an entity has one of its settings.
    const others = ['billingSettings', 'orderLineItem', 'webhookEndpoint', 'webhookEndpoints'];
    expect(
      lookups
        .filter((field) => !keyed.includes(field))
        .map(({ name }) => name)
        .sort(),
    ).toEqual(others);
    for (const { name } of keyed) {
      const [byId, byNumber] = queries[name](own);
      const found = await asked(byNumber);
      expect([name, found]).toEqual([name, { result: { id: own.ids[name as keyof typeof own.numbers] } }]);
      expect(await asked(byId)).toEqual(found);
    }
  });

  test('is told by its number as it stands: another spelling is another number', async () => {
    for (const { name } of keyed) {
      const number = own.numbers[name as keyof typeof own.numbers];
      const { result } = await asked(`{ result: ${name}(key: "${number.toLowerCase()}") { id } }`);
      expect([name, result]).toEqual([name, null]);
    }
  });
});

test('a fulfillment is found by what a partner calls it, and several that are called the same', async () => {
  const work = await client.work();
  const base = { orderLineItemId: own.ids.orderLineItem, fulfillmentDate: '2022-01-01', quantity: '1' };
  const { fulfillments } = await createFulfillments(work, {
    fulfillments: ['SHIP-1', 'SHIP-1', 'SHIP-10', null].map((externalId) => ({ ...base, externalId })),
  });
  const [first, second, third] = fulfillments.map((row) => row!.id);
  const named = async (filter: object) => {
    const query = `query ($filter: FulfillmentFilter) { fulfillments(filter: $filter) { nodes { id externalId } } }`;
    const { nodes } = (await asked(query, { filter: { externalId: filter } })).fulfillments;
    return nodes.map(({ id }: { id: string }) => id).sort();
  };
  expect(await named({ eq: 'SHIP-1' })).toEqual([first, second]);
  expect(await named({ in: ['SHIP-10', 'nowhere'] })).toEqual([third]);
  expect(await named({ startsWith: 'SHIP-' })).toEqual([first, second, third]);
  expect(await named({ eq: 'ship-1' })).toEqual([]);
});
