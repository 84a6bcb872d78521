import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { type OperationDefinitionNode, parse } from 'graphql';
import { schemaText } from '../../src/graph/build/schema';
import { createFulfillments } from '../../src/service/fulfillment';
import { ClientProject } from '../support/client';
import { orderFor, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';

/*
 * What Relay's compiler writes is marked as not to be checked by itself: its types are checked where the client uses them.
 */

const projects: ClientProject[] = [];
afterAll(() => {
  for (const project of projects) project.remove();
});

function compiled(schema: string) {
  const project = new ClientProject('relay', schema);
  projects.push(project);
  mkdirSync(path.join(project.folder, 'generated'));
  // The compiler adds to this file, and does not begin one.
  project.write('operations.json', '{}');
  return { project, ran: project.run('relay-compiler', 'relay-compiler') };
}

/** The texts that the compiler has made of the operations, by their names. */
const operationsOf = (project: ClientProject): Record<string, string> =>
  Object.fromEntries(
    Object.values<string>(JSON.parse(project.read('operations.json'))).map((text) => [
      parse(text).definitions.find((each): each is OperationDefinitionNode => each.kind === 'OperationDefinition')!
        .name!.value,
      text,
    ]),
  );

describe("Relay's compiler", () => {
  const { project, ran } = compiled(schemaText());

  test('accepts the schema: connections, node, and the edges and ids that mutations give', () => {
    expect(ran.output).not.toMatch(/error|warn/i);
    expect(ran.ok).toBe(true);
    expect(readdirSync(path.join(project.folder, 'generated'))).toHaveLength(10);
  });

  test('gives types that a strict client uses', () => {
    expect(project.checked()).toEqual({ ok: true, output: '' });
  });

  test('gives types by which a mistake is found', () => {
    const source = project.read('src/orders.ts');
    project.write('src/orders.ts', source.replace('quantity.padStart(5)', 'quantity.toFixed(5)'));
    const { ok, output } = project.checked();
    project.write('src/orders.ts', source);
    expect([ok, output]).toEqual([
      false,
      expect.stringContaining("Property 'toFixed' does not exist on type 'string'"),
    ]);
  });

  const refused: [what: string, from: RegExp, to: string, message: RegExp][] = [
    ['pages do not say where they end', /^ {2}endCursor: String$/m, '  lastCursor: String', /endCursor/],
    ['nothing is found by its id', /^ {2}node\($/m, '  object(', /`?node`?/],
    ['an edge has no cursor', /(type OrderEdge \{[^}]*?) {2}cursor: String!/, '$1  place: String!', /cursor/],
  ];

  test.each(refused)('refuses a schema in which %s', (_what, from, to, message) => {
    const changed = schemaText().replace(from, to);
    expect(changed).not.toBe(schemaText());
    const { ran } = compiled(changed);
    expect([ran.ok, ran.output]).toEqual([false, expect.stringMatching(message)]);
  });
});

describe("the operations as Relay's compiler has made them", () => {
  const { project } = compiled(schemaText());
  const operations = operationsOf(project);
  let gateway: TestGatewayServer;
  let client: TestClient;

  beforeAll(async () => {
    gateway = await testGateway();
    client = await gateway.client();
  });
  afterEach(() => expect(gateway.failures).toEqual([]));
  afterAll(() => gateway.close());

  test('are answered by the gateway: pages to their end, and objects fetched anew by node', async () => {
    const work = await client.work();
    const { order, orderLineItems } = await orderFor(work);
    const [line] = orderLineItems;
    for (let more = 0; more < 2; more++) await orderFor(work);
    const entry = { orderLineItemId: line.id, fulfillmentDate: '2022-01-01', quantity: '1' };
    const { fulfillments } = await createFulfillments(work, { fulfillments: [entry, entry, entry] });
    const asked = new Set<string>();
    const ask = async (name: string, variables: object) => {
      asked.add(name);
      const { body } = await client.graphql(operations[name], variables);
      expect([name, body.errors]).toEqual([name, undefined]);
      return body.data;
    };
    const first = await ask('OrderListQuery', { filter: { category: 'NewSales' } });
    const { totalCount, edges, pageInfo } = first.orders;
    expect([totalCount, edges.length, pageInfo.hasNextPage]).toEqual([3, 2, true]);
    const next = await ask('OrderListPageQuery', {
      count: 2,
      cursor: pageInfo.endCursor,
      filter: { category: 'NewSales' },
    });
    expect([next.orders.edges.length, next.orders.pageInfo.hasNextPage]).toEqual([1, false]);
    const card = await ask('OrderCardQuery', { id: order.id });
    expect(card.node).toMatchObject({ orderNumber: order.orderNumber, orderLineItems: { nodes: [{ id: line.id }] } });
    const last = await ask('FulfillmentListPageQuery', { id: line.id });
    expect(last.node.fulfillments.edges).toHaveLength(2);
    const cursor = last.node.fulfillments.pageInfo.startCursor;
    const before = await ask('FulfillmentListPageQuery', { id: line.id, cursor });
    expect(before.node.fulfillments.edges).toHaveLength(1);
    const input = { fulfillments: [{ ...entry, quantity: '1000' }] };
    const { createFulfillments: created } = await ask('changesCreateMutation', { input });
    expect(created.userErrors).toMatchObject([{ code: 'QUANTITY_EXCEEDED', requested: '1000', available: '500' }]);
    const { deleteFulfillment } = await ask('changesDeleteMutation', { key: fulfillments[0]!.id });
    expect(deleteFulfillment).toMatchObject({ deletedId: fulfillments[0]!.id, userErrors: [] });
    const { nodes } = await ask('changesNodesQuery', { ids: [line.id, fulfillments[0]!.id] });
    expect(nodes.map(({ __typename }: { __typename: string }) => __typename)).toEqual(['OrderLineItem', 'Fulfillment']);
    expect([...asked].sort()).toEqual(Object.keys(operations).sort());
  });
});
