import fc from 'fast-check';
import { parse, validate } from 'graphql';
import { schema } from '../../../src/graph/build/schema';
import { GraphContext } from '../../../src/graph/context';
import { prepare } from '../../../src/graph/guard/operation';
import { run } from '../../../src/graph/read/execution';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';

let gateway: TestGatewayServer;
let client: TestClient;
let keys: { id: string; account: string; order: string; orderNumber: string };

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  const { account, order, orderLineItems } = await orderFor(await client.work(), [{}, {}]);
  keys = { id: orderLineItems[0].id, account: account.id, order: order.id, orderNumber: order.orderNumber };
});
afterAll(() => gateway.close());

/** The first time a document is parsed and validated; from then on it is known. */
async function thrice(query: string, variables?: object) {
  const { status, text, body } = await client.graphql(query, variables);
  for (let time = 0; time < 2; time++) {
    const again = await client.graphql(query, variables);
    expect([again.status, again.text]).toEqual([status, text]);
  }
  return { status, body };
}

describe('an operation that comes again answers the same, to the byte,', () => {
  test('with aliases, fragments, lists, edges, and what is an interface or a union', async () => {
    const { body } = await thrice(
      `query ($id: ID!, $ids: [ID!]!) {
        a: orderLineItem(id: $id) { ...line also: order { number: orderNumber __typename } }
        orderLineItems(first: 1) { totalCount edges { cursor node { ...line } } pageInfo { hasNextPage endCursor } nodes { id } }
        nodes(ids: $ids) { __typename id ... on Order { orderNumber orderLineItems { nodes { itemNumber } } } ... on Account { name } }
        __typename
      } fragment line on OrderLineItem { id quantity amount customFields allowedTransitions { to allowed blockedBy { code message } } }`,
      { id: keys.id, ids: [keys.order, keys.account, keys.id, '0'.repeat(32)] },
    );
    expect(body.errors).toBeUndefined();
    expect(body.data.a).toMatchObject({ id: keys.id, also: { number: keys.orderNumber, __typename: 'Order' } });
    expect(body.data.orderLineItems).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: true } });
    expect(body.data.nodes).toMatchObject([{ orderNumber: keys.orderNumber }, { name: 'Customer' }, {}, null]);
  });

  test.each([true, false])('with parts that a variable takes in or leaves out (%s)', async (more) => {
    const query = `query ($id: ID!, $more: Boolean!) { orderLineItem(id: $id) {
      id quantity @include(if: $more) ...rest @skip(if: $more) order @include(if: $more) { id ... on Order @skip(if: $more) { state } } } }
      fragment rest on OrderLineItem { itemName quantity }`;
    const { body } = await thrice(query, { id: keys.id, more });
    const { id, order } = keys;
    expect(body.data.orderLineItem).toEqual(
      more ? { id, quantity: '500', order: { id: order } } : { id, itemName: 'Device', quantity: '500' },
    );
  });

  test('with a field that is selected twice, and left in by one of them alone', async () => {
    const query = `query ($id: ID!, $no: Boolean!) {
      orderLineItem(id: $id) { order { orderNumber } order @include(if: $no) { ... @skip(if: $no) { state } } }
    }`;
    const { body } = await thrice(query, { id: keys.id, no: false });
    expect(body.data.orderLineItem).toEqual({ order: { orderNumber: keys.orderNumber } });
  });

  test.each([
    ['below a field', 'order { orderLineItems { nodes { ...NEXT } } }'],
    ['at one place', '...NEXT'],
  ])('with fragments that spread each other twice, and again, %s: the server is not held up', async (_where, more) => {
    const fragment = (at: number) => {
      const next = more.replace('NEXT', `F${at + 1}`);
      return `fragment F${at} on OrderLineItem { id ${/^\w/.test(next) ? `a: ${next} b: ${next}` : `${next} ${next}`} }`;
    };
    const fragments = Array.from({ length: 30 }, (_, at) => fragment(at)).join(' ');
    const query = `query ($id: ID!) { orderLineItem(id: $id) { ...F0 } } ${fragments} fragment F30 on OrderLineItem { itemName }`;
    // Below a field there would be as much to answer as to compile: nothing is found.
    const id = more.startsWith('...') ? keys.id : '0'.repeat(32);
    // By HTTP it would not come this far.
    const operation = prepare({ document: parse(query), hash: query }, null, { id });
    const work = await client.work();
    for (let time = 0; time < 3; time++) {
      const { data } = JSON.parse(JSON.stringify(await run(operation, new GraphContext(work))));
      expect(data.orderLineItem).toEqual(more.startsWith('...') ? { id, itemName: 'Device' } : null);
    }
  });

  test('with several operations in one document', async () => {
    const query = 'query A { viewer { __typename } } query B { billingSettings { __typename } }';
    for (const [operationName, field] of [
      ['A', 'viewer'],
      ['B', 'billingSettings'],
      ['A', 'viewer'],
      ['B', 'billingSettings'],
      ['A', 'viewer'],
    ]) {
      const answer = await client.request({ method: 'POST', url: '/graphql', payload: { query, operationName } });
      expect(Object.keys(answer.body.data)).toEqual([field]);
    }
  });

  test('where it is introspection', async () => {
    const { body } = await thrice(
      '{ __schema { queryType { name } } __type(name: "Order") { fields { name type { kind } } } }',
    );
    expect(body.data.__type.fields.length).toBeGreaterThan(5);
  });

  test.each<[string, string, object | undefined, number, string]>([
    [
      'a variable that does not fit',
      'query ($n: Int) { orders(first: $n) { totalCount } }',
      { n: 'x' },
      400,
      'BAD_USER_INPUT',
    ],
    [
      'a number that is no integer',
      'query ($n: Int) { orders(first: $n) { totalCount } }',
      { n: 1.5 },
      400,
      'BAD_USER_INPUT',
    ],
    ['a variable that is missing', 'query ($k: ID!) { order(key: $k) { id } }', {}, 400, 'BAD_USER_INPUT'],
    ['null where a value must be', 'query ($k: ID!) { order(key: $k) { id } }', { k: null }, 400, 'BAD_USER_INPUT'],
    [
      'a field that the input does not have',
      'query ($f: OrderFilter) { orders(filter: $f) { totalCount } }',
      { f: { color: 'red' } },
      400,
      'BAD_USER_INPUT',
    ],
    [
      'a day that is none, deep in a variable',
      'query ($f: OrderFilter) { orders(filter: $f) { totalCount } }',
      { f: { orderDate: { eq: '2022-02-30' } } },
      400,
      'BAD_USER_INPUT',
    ],
    [
      'a value of an enum that there is not',
      'query ($f: OrderFilter) { orders(filter: $f) { totalCount } }',
      { f: { state: 'Lost' } },
      400,
      'BAD_USER_INPUT',
    ],
  ])('where it refuses %s', async (_what, query, variables, status, code) => {
    const { status: given, body } = await thrice(query, variables);
    expect([given, body.errors.length, body.errors[0].extensions.code, body.data]).toEqual([
      status,
      1,
      code,
      undefined,
    ]);
    expect(body.errors[0].locations).toHaveLength(1);
  });

  test('where one field fails beside others, with path and place in the text', async () => {
    const { status, body } = await thrice(`query {
      viewer { __typename }
      bad: orders(first: 101) { nodes { id } }
      orders(first: 1) { nodes { orderLineItems(after: "nonsense") { nodes { id } } } }
    }`);
    expect(status).toBe(200);
    expect(body.data).toEqual({ viewer: { __typename: 'Viewer' }, bad: null, orders: null });
    const shown = body.errors.map(({ path, locations, extensions }: Record<string, object>) => [
      path,
      locations,
      extensions,
    ]);
    expect(shown).toEqual([
      [['bad'], [{ line: 3, column: 7 }], { code: 'PAGE_SIZE', limit: 'pageSize', allowed: 100, requested: 101 }],
      [['orders', 'nodes', 0, 'orderLineItems'], [{ line: 4, column: 34 }], { code: 'BAD_CURSOR' }],
    ]);
  });

  test('where it may not be asked', async () => {
    const reader = await gateway.client({ scopes: ['read'] });
    const query = 'mutation { createAccount(input: { name: "A", currency: "USD" }) { account { id } } }';
    for (let time = 0; time < 3; time++) {
      const { status, body } = await reader.graphql(query);
      expect([status, body.data, body.errors[0].extensions.code, body.errors[0].path]).toEqual([
        ...[200, { createAccount: null }],
        ...['FORBIDDEN', ['createAccount']],
      ]);
    }
  });

  test('where the rules refuse it, each time', async () => {
    const { body } = await thrice(
      'mutation ($keys: [ID!]!) { bookFulfillments(keys: $keys) { fulfillments { id } userErrors { __typename code message path retryable ... on QuantityExceeded { available } } } }',
      { keys: ['F-99999999'] },
    );
    expect(body.data.bookFulfillments.userErrors).toMatchObject([{ code: 'NOT_FOUND', path: ['keys', '0'] }]);
  });
});

test('mutations of one request that comes again are carried out one after another, each seeing what the last one did', async () => {
  const query = `mutation ($key: ID!) {
    a: updateAccount(key: $key, input: { name: "First" }) { account { name version } }
    b: updateAccount(key: $key, input: { name: "Second" }) { account { name version } }
    c: updateAccount(key: $key, input: { name: "Third" }) { account { name version } }
  }`;
  for (let time = 0; time < 3; time++) {
    const { body } = await client.graphql(query, { key: keys.account });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => body.data[name].account);
    expect([a.name, b.name, c.name]).toEqual(['First', 'Second', 'Third']);
    expect([b.version, c.version]).toEqual([a.version + 1, a.version + 2]);
  }
});

/** Documents over a few types, with fields that are selected in several places and fragments spread in more. */
const documents = fc.integer({ min: 1, max: 2 ** 31 - 1 }).map((seed) => {
  let state = seed;
  const pick = <T>(list: readonly T[]): T => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return list[(state >>> 8) % list.length];
  };
  const leaves: Record<string, string[]> = {
    Query: ['__typename'],
    OrderLineItem: ['id', 'itemName', 'also: itemName', 'quantity', '__typename'],
    Order: ['id', 'orderNumber', 'state'],
    Account: ['id', 'name', 'accountNumber'],
    Node: ['id', '__typename'],
  };
  const branches: Record<string, [field: string, type: string][]> = {
    Query: [
      ['orderLineItem(id: $id)', 'OrderLineItem'],
      ['node(id: $id)', 'Node'],
      ['nodes(ids: $ids)', 'Node'],
    ],
    OrderLineItem: [
      ['order', 'Order'],
      ['account', 'Account'],
    ],
    Order: [['account', 'Account']],
  };
  const narrower: Record<string, string[]> = { Node: ['Node', 'OrderLineItem', 'Order', 'Account'] };
  const fragments: string[] = [];
  const directive = () =>
    pick(['', '', '', ' @include(if: $yes)', ' @include(if: $no)', ' @skip(if: $yes)', ' @skip(if: $no)']);
  const selection = (type: string, depth: number): string => {
    const parts = [pick(leaves[type])];
    for (let count = pick([0, 1, 2, 3]); count > 0; count--) {
      const kind = pick(['leaf', 'branch', 'branch', 'inline', 'fragment']);
      const own = pick(narrower[type] ?? [type]);
      if (kind === 'branch' && branches[type] && depth > 0) {
        const [field, target] = pick(branches[type]);
        parts.push(`${field}${directive()} { ${selection(target, depth - 1)} }`);
      } else if (kind === 'inline' && depth > 0) {
        parts.push(`... on ${own}${directive()} { ${selection(own, depth - 1)} }`);
      } else if (kind === 'fragment' && depth > 0) {
        const body = selection(own, depth - 1);
        fragments.push(`fragment F${fragments.length} on ${own} { ${body} }`);
        parts.push(`...F${fragments.length - 1}${directive()}`, `...F${fragments.length - 1}`);
      } else parts.push(`${pick(leaves[type])}${directive()}`);
    }
    return parts.join(' ');
  };
  const operation = `query ($id: ID!, $ids: [ID!]!, $yes: Boolean!, $no: Boolean!) { ${selection('Query', 4)}
    used: node(id: $id) { id } other: nodes(ids: $ids) { id @include(if: $yes) __typename @skip(if: $no) } }`;
  // Half of them without conditions.
  const plain = pick([true, false]);
  const text = [operation, ...fragments].join('\n');
  return plain ? text.replace(/ @\w+\(if: \$\w+\)/g, '').replace(', $yes: Boolean!, $no: Boolean!', '') : text;
});

test('whatever is selected, and left in or out, the second and third time answer as the first', async () => {
  const work = await client.work();
  const variables = { id: keys.id, ids: [keys.order, keys.account, keys.id], yes: true, no: false };
  await fc.assert(
    fc.asyncProperty(documents, async (text) => {
      const document = parse(text);
      fc.pre(validate(schema(), document).length === 0);
      const operation = prepare({ document, hash: text }, null, variables);
      const once = async () => JSON.parse(JSON.stringify(await run(operation, new GraphContext(work))));
      const first = await once();
      expect(first.errors).toBeUndefined();
      expect(await once()).toEqual(first);
      expect(await once()).toEqual(first);
    }),
    { numRuns: 150 },
  );
});
