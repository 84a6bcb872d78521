import { execute, type FieldNode, Kind, parse, print, type SelectionNode, typeFromAST, validate } from 'graphql';
import { standardLimits } from '../../src/domain/limits';
import { schema } from '../../src/graph/build/schema';
import { GraphContext } from '../../src/graph/context';
import { checkDocument } from '../../src/graph/guard/document-check';
import { DocumentLimits } from '../../src/graph/guard/limits';
import { hashOf, registerDocuments } from '../../src/service/registered-document';
import { transactionAside } from '../../src/store/connection/lease';
import { type Found, foundOperations } from '../support/found-operations';
import { type Answer, type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { manifestOf } from '../support/manifest';
import { withoutPresent } from '../support/present';
import {
  Choices,
  type Facts,
  type RandomRequest,
  RequestMaker,
  rehearsals,
  variablesFor,
} from '../support/random-operations';
import { everything } from '../support/stored';
import { type Estate, estate } from '../support/tenant-data';

/*
 * An operation means the same the first time and the thousandth, as text, by its hash and as a registered document, with a key
 * and without. Each is sent three times in each way; replies must be equal, and rows untouched. RANDOM_OPERATIONS says how
 * many random ones are made, and RANDOM_SEED from which seed.
 */
const randomCount = Number(process.env.RANDOM_OPERATIONS ?? 150);
const seed = Number(process.env.RANDOM_SEED ?? 20_261_129);

jest.setTimeout(60_000 + randomCount * 1_000);

let gateway: TestGatewayServer;
let client: TestClient;
let own: Estate;
let facts: Facts;
const limits = new DocumentLimits(standardLimits, true);

beforeAll(async () => {
  gateway = await testGateway();
  client = await gateway.client();
  own = await estate(gateway, await client.work(), 'Own');
  const nouns = Object.entries(own.ids).map(([noun, id]): [string, string[]] => [noun, [id]]);
  facts = Object.fromEntries(nouns);
  for (const [noun, number] of Object.entries(own.numbers)) facts = { ...facts, [noun]: [facts[noun][0], number] };
  facts = { ...facts, fulfillment: [...facts.fulfillment, own.booked, own.sent] };
  untouched = await rows();
});
afterAll(() => gateway.close());

type Sent = { text: string; variables?: object; operationName?: string };
type Way = (sent: Sent, headers?: Record<string, string>) => Promise<Answer>;

const post = (payload: object, headers: Record<string, string> = {}) =>
  client.request({ method: 'POST', url: '/graphql', payload, headers });
const ways: Record<string, Way> = {
  'as text': ({ text, ...rest }, headers) => post({ query: text, ...rest }, headers),
  'by its hash': async ({ text, ...rest }, headers) => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: hashOf(text) } };
    const known = await post({ extensions, ...rest }, headers);
    const isUnknown = known.body.errors?.[0].extensions.code === 'PERSISTED_QUERY_NOT_FOUND';
    return isUnknown ? post({ query: text, extensions, ...rest }, headers) : known;
  },
  'by its id': ({ text, ...rest }, headers) => post({ documentId: hashOf(text), ...rest }, headers),
};

const register = (texts: readonly string[]) =>
  transactionAside(gateway.services.db.side, (lease) =>
    registerDocuments(lease, client.clientId, manifestOf(...texts), (text) => checkDocument(schema(), text, limits)),
  );

/**
 * What a reply says, apart from what is settled by chance. Fields that fail side by side are listed as they come, and of two
 * below the same null only the first; so the root fields stand for them. A rehearsal makes up ids anew each time, the present,
 * and cursors, which hold both.
 */
function settled({ status, body }: Answer, kind: 'query' | 'mutation'): string {
  const { errors = [], ...rest } = body as { errors?: { path?: string[] }[] };
  const failed = new Set(errors.map((error) => (error.path ? error.path[0] : JSON.stringify(error))));
  const text = `${status} ${JSON.stringify([rest, [...failed].sort()])}`;
  if (kind === 'query') return withoutPresent(text);
  const ids = new Map<string, string>();
  return text
    .replace(/"WyJ[\w-]{40,}"/g, '"CURSOR"')
    .replace(/[0-9a-f]{32}/g, (id) => ids.get(id) ?? ids.set(id, `id${ids.size}`).get(id)!)
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'INSTANT');
}

/** Sends a request three times in each way, and returns the reply that all of them had. */
async function thrice(request: RandomRequest, mayBeRegistered: boolean): Promise<Answer> {
  const { query: text, variables, operationName, kind } = request;
  const replies = new Map<string, string>();
  let first: Answer | undefined;
  const keyed = kind === 'mutation' ? [undefined, 'key'] : [undefined];
  for (const [way, send] of Object.entries(ways)) {
    if (way === 'by its id' && !mayBeRegistered) continue;
    for (const key of keyed) {
      const headers = key && { 'idempotency-key': `${key} ${hashOf(JSON.stringify([way, request]))}` };
      for (let time = 1; time <= 3; time++) {
        const answer = await send({ text, variables, operationName }, headers || undefined);
        first ??= answer;
        replies.set(settled(answer, kind), `${way}, time ${time}${key ? ', with a key' : ''}`);
      }
    }
  }
  if (replies.size > 1)
    throw new Error(`${JSON.stringify(request)}\n${[...replies].map((each) => each.reverse().join(': ')).join('\n')}`);
  if (first!.status >= 500) throw new Error(`${JSON.stringify(request)}: ${first!.status} ${first!.text}`);
  expect(await rows()).toEqual(untouched);
  return first!;
}

const rows = () => everything(gateway.database, own);
/** What was there before all: nothing that is sent here changes it. */
let untouched: Record<string, string>;

/** What graphql-js makes of a query, asked directly. */
async function direct({ query, variables, operationName }: RandomRequest) {
  const contextValue = new GraphContext(await client.work());
  const document = parse(query);
  const result = await execute({
    ...{ schema: schema(), document, contextValue },
    ...{ variableValues: variables, operationName: operationName || undefined },
  });
  return JSON.parse(JSON.stringify(result));
}

/**
 * graphql-js says so of an argument when its turn comes, and never below what is null; to refuse the operation ahead is ours. Of
 * `asOf` it says nothing.
 */
const isRefused = ({ errors = [] }: { errors?: { message: string }[] }): boolean =>
  errors.some(({ message }) => /must not be (null|in the future|asked for with asOf)|has invalid value/.test(message));

test(`${randomCount} random operations answer the same three times in each way, as graphql-js means them (seed ${seed})`, async () => {
  const choices = new Choices(seed);
  const requests: RandomRequest[] = [];
  while (requests.length < randomCount) {
    const request = new RequestMaker(choices, facts).request();
    if (validate(schema(), parse(request.query)).length === 0) requests.push(request);
  }
  const single = (text: string) => !('errors' in checkDocument(schema(), text, limits));
  for (let at = 0; at < requests.length; at += 200) {
    await register(requests.slice(at, at + 200).flatMap(({ query }) => (single(query) ? [query] : [])));
  }
  const seen = new Map<string, number>();
  for (const request of requests) {
    const { status, body } = await thrice(request, single(request.query));
    const codes = (body.errors ?? []).map((error: { extensions: { code: string } }) => error.extensions.code);
    for (const code of new Set(codes.length ? codes : ['none']))
      seen.set(`${status} ${code}`, (seen.get(`${status} ${code}`) ?? 0) + 1);
    if (request.kind === 'mutation' || codes.includes('QUERY_TOO_COMPLEX')) continue;
    const meant = await direct(request);
    if (status === 200) expect([request, body.data]).toEqual([request, meant.data]);
    else if (meant.data !== undefined)
      expect([request, body.errors, isRefused(body)]).toEqual([request, body.errors, true]);
  }
  // What was tried: without this a generator that makes nothing but refusals would pass as well.
  const tried = Object.fromEntries(seen);
  const share = (key: string) => (tried[key] ?? 0) / randomCount;
  expect(share('200 none')).toBeGreaterThan(0.3);
  expect(share('400 BAD_USER_INPUT')).toBeGreaterThan(0.05);
  expect(share('400 OPERATION_RESOLUTION_FAILURE')).toBeGreaterThan(0.01);
});

/** Some mutations cannot be rehearsed, such as the start of a bill run. */
const mayBeRehearsed = ({ operation }: Found): boolean =>
  operation.operation === 'query' ||
  operation.selectionSet.selections.every(
    (node) => node.kind === Kind.FIELD && rehearsals.some(({ name }) => name === node.name.value),
  );

/** The same operation with each of its mutations rehearsed. */
function rehearsed({ text, operation }: Found): string {
  if (operation.operation !== 'mutation') return text;
  const dryRun = {
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: 'dryRun' },
    value: { kind: Kind.BOOLEAN, value: true },
  } as const;
  const rehearse = (node: FieldNode): SelectionNode => {
    return { ...node, arguments: [...(node.arguments ?? []).filter(({ name }) => name.value !== 'dryRun'), dryRun] };
  };
  const document = parse(text);
  const definitions = document.definitions.map((node) => {
    if (node.kind !== Kind.OPERATION_DEFINITION) return node;
    // One that was a variable's would be left without a use.
    const used = (name: string) =>
      print({ ...node, variableDefinitions: [], selectionSet: selections }).includes(`$${name}`);
    const selections = {
      ...node.selectionSet,
      selections: node.selectionSet.selections.map((each) => (each.kind === Kind.FIELD ? rehearse(each) : each)),
    };
    const variableDefinitions = node.variableDefinitions?.filter(({ variable }) => used(variable.name.value));
    return { ...node, variableDefinitions, selectionSet: selections };
  });
  return print({ ...document, definitions });
}

test('every operation of the tests and the docs answers the same three times in each way', async () => {
  const found = foundOperations();
  expect(found.length).toBeGreaterThan(150);
  const choices = new Choices(seed);
  const requests = found.filter(mayBeRehearsed).flatMap((each): RandomRequest[] => {
    const query = rehearsed(each);
    const document = parse(query);
    if (validate(schema(), document).length) return [];
    const [operation] = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
    const definitions = (operation.variableDefinitions ?? []).map(({ variable, type, defaultValue }) => ({
      name: variable.name.value,
      type: typeFromAST(schema(), type as never)!,
      required: type.kind === Kind.NON_NULL_TYPE && !defaultValue,
    }));
    const variables = variablesFor(definitions as never, choices, facts);
    return [{ query, variables, kind: operation.operation as 'query' | 'mutation' }];
  });
  const valid = requests.filter(({ query }) => !('errors' in checkDocument(schema(), query, limits)));
  await register(valid.map(({ query }) => query));
  for (const request of requests) await thrice(request, valid.includes(request));
});
