import { isDeepStrictEqual } from 'node:util';
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  isAbstractType,
  isLeafType,
  isNonNullType,
} from 'graphql';
import { schema } from '../../../src/graph/build/schema';
import { type Noun, nouns } from '../../../src/graph/model/nouns';
import { subjectsOfField } from '../../../src/graph/model/subjects';
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
const spare: Estate[] = [];
let socket: SocketClient;

interface Twin {
  query: string;
  last?: { data: unknown };
  error?: unknown;
}
const twins: Twin[] = [];

/**
 * Selections of a type, each as narrow as it can be: all columns together, and each other field by itself. Of what a field leads
 * to, the columns.
 */
function selections(type: GraphQLNamedType): string[] {
  const fields = Object.values((type as GraphQLObjectType).getFields());
  const columns = fields.filter((field) => isLeafType(getNamedType(field.type)) && !isJudged(type, field));
  const others = fields.filter((field) => !columns.includes(field) && !needsArguments(field));
  return [columns.map(({ name }) => name).join(' '), ...others.map((field) => asked(field))].map(
    (each) => `{ ${each} }`,
  );
}
const isJudged = (type: GraphQLNamedType, field: GraphQLField<unknown, unknown>) =>
  `${type.name}.${field.name}` in subjectsOfField;
const needsArguments = ({ args }: GraphQLField<unknown, unknown>) =>
  args.some(({ type, defaultValue }) => isNonNullType(type) && defaultValue === undefined);

function asked(field: GraphQLField<unknown, unknown>): string {
  const target = getNamedType(field.type);
  if (isLeafType(target)) return field.name;
  if (!target.name.endsWith('Connection')) return `${field.name} ${columnsOf(target)}`;
  const nodes = schema().getType(target.name.replace(/Connection$/, ''))!;
  return `${field.name}(first: 5) { totalCount nodes ${columnsOf(nodes)} }`;
}
function columnsOf(type: GraphQLNamedType): string {
  if (isAbstractType(type)) return type.name === 'Node' ? '{ __typename id }' : '{ __typename id amount }';
  const fields = Object.values((type as GraphQLObjectType).getFields());
  const columns = fields.filter((field) => isLeafType(getNamedType(field.type)) && !isJudged(type, field));
  return `{ __typename ${columns.map(({ name }) => name).join(' ')} }`;
}

function texts(field: GraphQLField<unknown, unknown>): string[] {
  const target = getNamedType(field.type);
  const { ids } = own;
  if (target.name.endsWith('Connection')) return [asked(field)];
  if (field.name === 'nodes') {
    const parts = '... on Fulfillment { state billed } ... on Invoice { status balance }';
    return [`nodes(ids: ["${ids.fulfillment}", "${ids.invoice}"]) { id ${parts} }`];
  }
  if (field.name === 'node') {
    const { billRunFailure: _, ...found } = ids;
    return Object.entries(found).map(([noun, id]) => {
      const type = schema().getType(nouns[noun as Noun].typename)!;
      return `node(id: "${id}") { ... on ${type.name} ${columnsOf(type)} }`;
    });
  }
  if (field.name === 'fulfillmentSummary')
    return ['state', 'account', 'carrier'].map((by) => `fulfillmentSummary(groupBy: ${by}) ${columnsOf(target)}`);
  const [argument] = field.args;
  if (!argument || !['key', 'id'].includes(argument.name)) return [`${field.name} ${columnsOf(target)}`];
  const keys = field.name === 'fulfillment' ? [ids.fulfillment, own.booked, own.sent] : [ids[field.name as Noun]];
  return keys.flatMap((key) => selections(target).map((each) => `${field.name}(${argument.name}: "${key}") ${each}`));
}

beforeAll(async () => {
  gateway = await testGateway({ server: { limits: { costPerMinute: 1_000_000_000_000 } } });
  client = await gateway.client();
  own = await estate(gateway, await client.work(), 'Own');
  for (const name of ['B', 'C', 'D']) spare.push(await estate(gateway, await client.work(), name));
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
  expect(twins.length).toBeGreaterThan(100);
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
    // An earlier mutation may have left nothing to do. Another estate is in the same lists.
    let done = 0;
    for (const of of [own, ...spare]) done ||= await carriedOut(of);
    expect(done).toBeGreaterThan(0);
    expect(await behind()).toEqual([]);
  },
);
