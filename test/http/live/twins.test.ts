import { isDeepStrictEqual } from 'node:util';
import {
  type GraphQLField,
  type GraphQLNamedType,
  getNamedType,
  isAbstractType,
  isLeafType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { schema } from '../../../src/graph/build/schema';
import { type Noun, nouns } from '../../../src/graph/model/nouns';
import { carryOn } from '../../../src/service/bill-run-worker';
import { type TestClient, type TestGatewayServer, testGateway } from '../../support/gateway';
import { type SocketClient, socketClient } from '../../support/live';
import { type Estate, estate, mutation, mutations } from '../../support/tenant-data';

/*
 * Each live read says the same as its query, whatever has changed: after each kind of mutation, all of them are compared. A kind
 * of object that is missing in graph/model/subjects.ts leaves one of them as it was.
 */

jest.setTimeout(180_000);

let gateway: TestGatewayServer;
let client: TestClient;
let own: Estate;
let socket: SocketClient;

interface Twin {
  query: string;
  last?: { data: unknown };
  error?: unknown;
}
const twins: Twin[] = [];

/** All that can be selected without arguments, so many edges deep. */
function selection(type: GraphQLNamedType, depth: number): string {
  if (isAbstractType(type)) return type.name === 'Node' ? '{ __typename id }' : '{ __typename id amount }';
  if (!isObjectType(type)) return '';
  const parts = Object.values(type.getFields()).flatMap((field) => part(field, depth));
  return `{ __typename ${parts.join(' ')} }`;
}
function part(field: GraphQLField<unknown, unknown>, depth: number): string[] {
  const target = getNamedType(field.type);
  if (field.args.some(({ type, defaultValue }) => isNonNullType(type) && defaultValue === undefined)) return [];
  if (isLeafType(target)) return [field.name];
  if (target.name.endsWith('Connection')) {
    if (depth === 0) return [];
    const nodes = schema().getType(target.name.replace(/Connection$/, ''))!;
    return [`${field.name}(first: 3) { totalCount nodes ${selection(nodes, depth - 1)} }`];
  }
  const isValue = isObjectType(target) && !('id' in target.getFields());
  if (isValue) return [`${field.name} ${selection(target, depth)}`];
  return depth === 0 ? [] : [`${field.name} ${selection(target, depth - 1)}`];
}

function texts(field: GraphQLField<unknown, unknown>): string[] {
  const target = getNamedType(field.type);
  const { ids } = own;
  if (target.name.endsWith('Connection')) {
    const nodes = schema().getType(target.name.replace(/Connection$/, ''))!;
    return [
      `${field.name}(first: 20) { totalCount nodes ${selection(nodes, 0)} }`,
      `${field.name}(first: 2) { nodes ${selection(nodes, 1)} }`,
    ];
  }
  if (field.name === 'nodes') {
    const parts = '... on Fulfillment { state billed } ... on Invoice { status balance }';
    return [`nodes(ids: ["${ids.fulfillment}", "${ids.invoice}"]) { id ${parts} }`];
  }
  if (field.name === 'node') {
    const { billRunFailure: _, ...found } = ids;
    return Object.entries(found).map(([noun, id]) => {
      const type = schema().getType(nouns[noun as Noun].typename)!;
      return `node(id: "${id}") { ... on ${type.name} ${selection(type, 1)} }`;
    });
  }
  if (field.name === 'fulfillmentSummary')
    return ['state', 'account', 'carrier'].map((by) => `fulfillmentSummary(groupBy: ${by}) ${selection(target, 0)}`);
  const [argument] = field.args;
  const isKey = argument && ['key', 'id'].includes(argument.name);
  const keys = field.name === 'fulfillment' ? [ids.fulfillment, own.booked, own.sent] : [ids[field.name as Noun]];
  return isKey
    ? keys.map((key) => `${field.name}(${argument.name}: "${key}") ${selection(target, 2)}`)
    : [`${field.name} ${selection(target, 0)}`];
}

beforeAll(async () => {
  gateway = await testGateway({ server: { limits: { costPerMinute: 1_000_000_000_000 } } });
  client = await gateway.client();
  own = await estate(gateway, await client.work(), 'Own');
  const address = await gateway.server.app.listen({ host: '127.0.0.1', port: 0 });
  socket = socketClient(address, { authorization: `Bearer ${client.token}` });
  for (const field of Object.values(schema().getSubscriptionType()!.getFields())) {
    if (field.name === 'events') continue;
    for (const text of texts(field)) {
      const twin: Twin = { query: text };
      twins.push(twin);
      socket.client.subscribe(
        { query: `subscription { ${text} }` },
        {
          next: (value) => {
            twin.last = value as { data: unknown };
          },
          error: (error) => {
            twin.error = error;
          },
          complete: () => {},
        },
      );
    }
  }
});
afterAll(async () => {
  await socket.client.dispose();
  await gateway.close();
});

/** Where two answers differ first. */
function firstDifference(live: unknown, asked: unknown, path = ''): string | undefined {
  if (isDeepStrictEqual(live, asked)) return undefined;
  if (typeof live !== 'object' || typeof asked !== 'object' || !live || !asked)
    return `${path}: ${JSON.stringify(live)?.slice(0, 60)}, asked ${JSON.stringify(asked)?.slice(0, 60)}`;
  for (const key of new Set([...Object.keys(live), ...Object.keys(asked)])) {
    const found = firstDifference(live[key as never], asked[key as never], `${path}.${key}`);
    if (found) return found;
  }
  return path;
}

/** The live reads that differ from their queries, after what it takes at most to tell. */
async function behind(patienceMs = 4_000): Promise<string[]> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const different: string[] = [];
    for (const { query, last, error } of twins) {
      const { body } = await client.graphql(`{ ${query} }`);
      if (error || body.errors || !isDeepStrictEqual(last, body)) {
        const what = error ?? body.errors ?? firstDifference(last, body);
        different.push(`${query.slice(0, 60)}: ${JSON.stringify(what)?.slice(0, 300)}`);
      }
    }
    if (different.length === 0 || performance.now() > deadline) return different;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('all live reads begin with the answers of their queries', async () => {
  expect(twins.length).toBeGreaterThan(40);
  expect(await behind(30_000)).toEqual([]);
});

test.each(Object.keys(mutations).filter((field) => field !== 'registerDocuments'))(
  'all live reads say what their queries say after %s',
  async (field) => {
    const carriedOut = async (of: Estate) => {
      let done = 0;
      for (const text of mutations[field](of)) {
        const { body } = await client.graphql(mutation(field, text, false));
        expect(body.errors).toBeUndefined();
        if (body.data.payload.userErrors.length === 0) done++;
        await carryOn(gateway.services);
      }
      return done;
    };
    // An earlier mutation may have left nothing to do. What is new comes first in the lists.
    if ((await carriedOut(own)) === 0)
      expect(await carriedOut(await estate(gateway, await client.work(), 'New'))).toBeGreaterThan(0);
    expect(await behind()).toEqual([]);
  },
);
