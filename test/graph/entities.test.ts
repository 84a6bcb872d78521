import { type GraphQLInterfaceType, type GraphQLObjectType, getNamedType, graphql, isLeafType } from 'graphql';
import { schema, serveAsSubgraph } from '../../src/graph/build/schema';
import { GraphContext } from '../../src/graph/context';
import { type Noun, nouns, numberOf } from '../../src/graph/model/nouns';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { type Estate, estate } from '../support/tenant-data';

/* `_entities`: how a router asks for the objects that other subgraphs refer to. */

serveAsSubgraph(true);

let gateway: TestGatewayServer;
let client: TestClient;
let own: Estate;
let entityId: string;
/** Who must not see Acme, North: a client of another org of the entity, and one of another entity. */
const intruders: Record<string, TestClient> = {};

beforeAll(async () => {
  gateway = await testGateway({ server: { federation: true } });
  client = await gateway.client();
  intruders['another org'] = await gateway.client({ grants: [{ entity: 'Acme', orgs: ['South'] }] });
  intruders['another entity'] = await gateway.client({ grants: [{ entity: 'Globex', orgs: ['North'] }] });
  const work = await client.work();
  entityId = work.caller.entityId;
  for (const name of ['First', 'Second']) await estate(gateway, work, name);
  own = await estate(gateway, work, 'Own');
});
afterEach(() => expect(gateway.failures).toEqual([]));
afterAll(() => gateway.close());

type Representation = Record<string, unknown>;

const types = schema()
  .getPossibleTypes(schema().getType('Node') as GraphQLInterfaceType)
  .map(({ name }) => name)
  .sort();
const nounOf = (type: string) =>
  Object.entries(nouns).find(([, { typename }]) => typename === type)?.[0] as Noun | undefined;

const idOf = (type: string): string => {
  if (type === 'BillingSettings') return entityId;
  if (type === 'WebhookEndpoint') return own.webhook.endpoint;
  return type === 'WebhookDelivery' ? own.webhook.delivery : own.ids[nounOf(type)!];
};
const byId = (type: string): Representation => ({ __typename: type, id: idOf(type) });
/** The types with a business number, each with a representation by it. */
const numbered = () =>
  types.flatMap((type): Representation[] => {
    const noun = nounOf(type);
    const number = noun && numberOf(noun);
    return number ? [{ __typename: type, [number]: own.numbers[noun as keyof Estate['numbers']] }] : [];
  });

const query = `query ($of: [_Any!]!) { _entities(representations: $of) { __typename ... on Node { id } } }`;
const asked = async (of: unknown, by = client, headers: Record<string, string> = {}) =>
  (await by.graphql(query, { of }, headers)).body;
const found = async (of: Representation[], by = client) => {
  const { data, errors } = await asked(of, by);
  expect(errors).toBeUndefined();
  return data._entities as ({ __typename: string; id: string } | null)[];
};

const leaves = (type: string) =>
  Object.values((schema().getType(type) as GraphQLObjectType).getFields())
    .filter((field) => isLeafType(getNamedType(field.type)))
    .map(({ name }) => name);

describe('a representation', () => {
  test('of any type with an id gives the object that node gives, with all of its fields', async () => {
    expect(types.length).toBeGreaterThan(15);
    for (const type of types) {
      const all = `... on ${type} { ${leaves(type)} }`;
      const { body } = await client.graphql(
        `query ($of: [_Any!]!, $id: ID!) { _entities(representations: $of) { __typename ${all} } node(id: $id) { __typename ${all} } }`,
        { of: [byId(type)], id: idOf(type) },
      );
      expect([type, body.errors]).toEqual([type, undefined]);
      expect(body.data.node).toMatchObject({ __typename: type, id: idOf(type) });
      expect(body.data._entities).toEqual([body.data.node]);
    }
  });

  test('may name an object by its business number, where the type has one', async () => {
    const all = numbered();
    expect(all.length).toBe(7);
    expect(await found(all)).toEqual(all.map(({ __typename }) => byId(String(__typename))));
    const lower = all.map((each) =>
      Object.fromEntries(
        Object.entries(each).map(([name, value]) => [name, name === '__typename' ? value : `${value}`.toLowerCase()]),
      ),
    );
    expect(await found(lower)).toEqual(lower.map(() => null));
  });

  test('may be written in the document, with variables inside', async () => {
    const { body } = await client.graphql(
      'query ($id: ID!) { _entities(representations: [{ __typename: "Order", id: $id }]) { ... on Order { orderNumber account { id } } } }',
      { id: own.ids.order },
    );
    expect(body).toEqual({
      data: { _entities: [{ orderNumber: own.numbers.order, account: { id: own.ids.account } }] },
    });
  });

  test('goes by its id where it has a number too, and its other fields do not count', async () => {
    const both = { ...byId('Invoice'), invoiceNumber: 'none', amount: 5, __proto__: null };
    const noId = { __typename: 'Invoice', id: null, invoiceNumber: own.numbers.invoice };
    expect(await found([both, noId])).toEqual([byId('Invoice'), byId('Invoice')]);
  });
});

test('entities stand beside other root fields, in fragments and under several names', async () => {
  const text = `query ($of: [_Any!]!, $id: ID!) { ...All first: _entities(representations: $of) { ... on Order { orderNumber } } }
     fragment All on Query { order(key: $id) { id } second: _entities(representations: $of) { ... on BillingDocument { documentNumber }
       ... on Order { orderLineItems(first: 1) { nodes { itemName } } } } missing: node(id: "x") { id } }`;
  const data = {
    order: { id: own.ids.order },
    second: [{ orderLineItems: { nodes: [{ itemName: 'Own' }] } }, { documentNumber: own.numbers.invoice }],
    missing: null,
    first: [{ orderNumber: own.numbers.order }, {}],
  };
  // The second time, the document and its plan are known.
  for (const id of [own.ids.order, own.ids.order]) {
    const { body } = await client.graphql(text, { of: [byId('Order'), byId('Invoice')], id });
    expect(body).toEqual({ data });
  }
});

describe('several representations', () => {
  test('are answered in their order, each as often as it is asked for, with null for what is not there', async () => {
    const unknown = { __typename: 'Order', id: 'f'.repeat(32) };
    const all = [...types, ...[...types].reverse()].map(byId);
    const mixed = all.flatMap((each) => [each, unknown]);
    expect(await found(mixed)).toEqual(all.flatMap((each) => [each, null]));
    expect(await found([])).toEqual([]);
  });

  test('are null where the key names nothing, or an object of another type', async () => {
    const keys = ['', ' ', 'x', own.numbers.order, 'f'.repeat(33), '\u0000', own.ids.invoice];
    expect(await found(keys.map((id) => ({ __typename: 'Order', id })))).toEqual(keys.map(() => null));
    const numbers = ['', '\u0000', 'O-\u0000', own.ids.order, '\ud800'];
    expect(await found(numbers.map((orderNumber) => ({ __typename: 'Order', orderNumber })))).toEqual(
      numbers.map(() => null),
    );
  });

  test('take one statement for each type, however many they are', async () => {
    const counted = async (of: Representation[]) => {
      const work = await client.work();
      const { data, errors } = await graphql({
        schema: schema(),
        source: query,
        variableValues: { of },
        contextValue: new GraphContext(work),
      });
      expect(errors).toBeUndefined();
      expect((data!._entities as unknown[]).filter((each) => each === null)).toEqual([]);
      return work.counter.statements;
    };
    const rows = async (table: string, column: string) =>
      gateway.database.owner<{ key: string }>(`select ${column} as key from ${table} where entity_id = $1`, [entityId]);
    const orders = (await rows('orders', 'id')).map(({ key }) => ({ __typename: 'Order', id: key }));
    const fulfillments = (await rows('fulfillment', 'fulfillment_number')).map(({ key }) => ({
      __typename: 'Fulfillment',
      fulfillmentNumber: key,
    }));
    const hundred = Array.from({ length: 50 }, (_, at) => [
      orders[at % orders.length],
      fulfillments[at % fulfillments.length],
    ]).flat();
    expect(await counted(hundred)).toBe(2);
    expect(await counted(types.map(byId))).toBe(types.length);
    expect([await counted([byId('Order')]), await counted([])]).toEqual([1, 0]);
  });

  test('are at most as many as a page has rows', async () => {
    const many = (count: number) => Array(count).fill(byId('Order'));
    expect(await found(many(100))).toHaveLength(100);
    for (const count of [101, 20_000]) {
      const { errors } = await asked(many(count));
      expect(errors).toMatchObject([
        {
          message: `representations has ${count} entries; at most 100 are allowed.`,
          path: ['_entities'],
          extensions: { code: 'PAGE_SIZE', limit: 'pageSize', allowed: 100, requested: count },
        },
      ]);
    }
  });

  test('cost about what as many ids of nodes cost', async () => {
    const order = '... on Order { orderNumber account { id name } }';
    const price = async (text: string, variables: object) => {
      const { body } = await client.graphql(text, variables, { 'show-cost': 'true' });
      expect(body.errors).toBeUndefined();
      return body.extensions.cost;
    };
    const ids = Array(100).fill(own.ids.order);
    const nodes = await price(`query ($ids: [ID!]!) { nodes(ids: $ids) { ${order} } }`, { ids });
    const entities = await price(`query ($of: [_Any!]!) { _entities(representations: $of) { ${order} } }`, {
      of: ids.map((id) => ({ __typename: 'Order', id })),
    });
    expect(Math.abs(entities.requested - nodes.requested)).toBeLessThan(20);
    expect(entities.actual).toBeGreaterThan(10_000);
    expect(entities.requested).toBeGreaterThan(entities.actual);
  });
});

describe.each(['another org', 'another entity'])('a client of %s', (name) => {
  test('gets null for each foreign object, by its id and by its number', async () => {
    // The settings belong to all orgs of an entity.
    const foreign = types.filter((type) => type !== 'BillingSettings').map(byId);
    const all = [...foreign, ...numbered()];
    expect(await found(all)).not.toContain(null);
    expect(await found(all, intruders[name])).toEqual(all.map(() => null));
    const [settings] = await found([byId('BillingSettings')], intruders[name]);
    expect(settings).toEqual(name === 'another org' ? byId('BillingSettings') : null);
  });

  test('gets its own objects between foreign ones', async () => {
    const by = intruders[name];
    const { body } = await by.graphql(
      'mutation { createAccount(input: { name: "Own", currency: "USD" }) { account { id accountNumber } } }',
    );
    const { id, accountNumber } = body.data.createAccount.account;
    const mine = { __typename: 'Account', id };
    expect(await found([byId('Account'), mine, byId('Order'), { __typename: 'Account', accountNumber }], by)).toEqual([
      null,
      mine,
      null,
      mine,
    ]);
  });
});

describe('a request is refused', () => {
  const order = () => byId('Order');

  test.each<[string, () => unknown, string, string]>([
    [
      'an unknown type',
      () => ({ __typename: 'Parcel', id: '1' }),
      'BAD_REQUEST',
      'representations[1].__typename is "Parcel", which is no entity here.',
    ],
    [
      'a type that is no entity',
      () => ({ __typename: 'PageInfo', id: '1' }),
      'BAD_REQUEST',
      'representations[1].__typename is "PageInfo", which is no entity here.',
    ],
    [
      'an interface',
      () => ({ __typename: 'Node', id: own.ids.order }),
      'BAD_REQUEST',
      'representations[1].__typename is "Node", which is no entity here.',
    ],
    [
      'an inherited name',
      () => ({ __typename: 'constructor', id: '1' }),
      'BAD_REQUEST',
      'representations[1].__typename is "constructor", which is no entity here.',
    ],
    [
      'no type',
      () => ({ id: own.ids.order }),
      'BAD_REQUEST',
      'representations[1].__typename must be the name of an entity.',
    ],
    [
      'a type that is no text',
      () => ({ __typename: ['Order'], id: '1' }),
      'BAD_REQUEST',
      'representations[1].__typename must be the name of an entity.',
    ],
    ['no key', () => ({ __typename: 'Order' }), 'BAD_REQUEST', 'representations[1] has no key of Order.'],
    [
      'a key of null',
      () => ({ __typename: 'Order', id: null }),
      'BAD_REQUEST',
      'representations[1] has no key of Order.',
    ],
    [
      'the key of another type',
      () => ({ __typename: 'Order', invoiceNumber: 'INV00000001' }),
      'BAD_REQUEST',
      'representations[1] has no key of Order.',
    ],
    [
      'a number as id',
      () => ({ __typename: 'Order', id: 7 }),
      'BAD_REQUEST',
      'representations[1].id must be a string.',
    ],
    [
      'an object as number',
      () => ({ __typename: 'Order', orderNumber: {} }),
      'BAD_REQUEST',
      'representations[1].orderNumber must be a string.',
    ],
    ['null', () => null, 'BAD_USER_INPUT', 'at "of[1]"; Expected non-nullable type "_Any!" not to be null.'],
    ['a text', () => 'Order', 'BAD_USER_INPUT', 'at "of[1]"; _Any cannot represent "Order": an object is expected.'],
    ['a list', () => [], 'BAD_USER_INPUT', 'at "of[1]"; _Any cannot represent []: an object is expected.'],
  ])('for a representation with %s, with its place', async (_what, wrong, code, message) => {
    const { errors, data } = await asked([order(), wrong(), order()]);
    expect(errors).toMatchObject([{ message: expect.stringContaining(message), extensions: { code } }]);
    expect(data ?? null).toBeNull();
  });

  test('without the argument, and with null', async () => {
    for (const args of ['', '(representations: null)']) {
      const { body } = await client.graphql(`{ _entities${args} { __typename } }`);
      expect(body.errors[0].extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    }
    expect((await asked(null)).errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  test('soon, where 200,000 representations are wrong, and without the whole of a long name', async () => {
    for (const wrong of [{}, null, 'x']) {
      const { errors } = await asked(Array(200_000).fill(wrong));
      expect(errors).toHaveLength(1);
      expect(JSON.stringify(errors).length).toBeLessThan(2_000);
    }
    const { errors } = await asked([{ __typename: 'x'.repeat(500_000) }]);
    expect(errors[0].message.length).toBeLessThan(200);
  });

  test('without the scope read, without a token, and without an entity of several', async () => {
    const writer = await gateway.client({ scopes: ['order'] });
    expect((await asked([order()], writer)).errors[0].extensions.code).toBe('FORBIDDEN');
    expect((await asked([order()], client, { authorization: '' })).errors[0].extensions.code).toBe('UNAUTHENTICATED');
    const grants = ['Acme', 'Globex'].map((entity) => ({ entity, orgs: ['North'] }));
    const both = await gateway.client({ grants });
    expect((await asked([order()], both)).errors[0].extensions.code).toBe('BAD_REQUEST');
    const { data } = await asked([order()], both, { 'zuora-entity-ids': entityId });
    expect(data._entities).toEqual([order()]);
    const { body } = await both.graphql('{ _service { sdl } }');
    expect(body.data._service.sdl).toContain('type Order implements Node @key(fields: "id")');
  });
});

test('where introspection is off, the schema of the subgraph is not shown, and entities are found all the same', async () => {
  const hidden = await testGateway({
    database: gateway.database,
    server: { federation: true, introspection: false },
  });
  const { access_token: token } = await gateway.server.identity.issue(client.clientId, client.secret);
  const ask = async (payload: object) =>
    (
      await hidden.server.app.inject({
        ...{ method: 'POST', url: '/graphql', headers: { authorization: `Bearer ${token}` }, payload },
      })
    ).json();
  const { data, errors } = await ask({ query: '{ _service { sdl } }' });
  expect([data, errors[0].extensions.code]).toEqual([null, 'FORBIDDEN']);
  expect(await ask({ query, variables: { of: [byId('Order')] } })).toEqual({ data: { _entities: [byId('Order')] } });
  await hidden.server.app.close();
});
