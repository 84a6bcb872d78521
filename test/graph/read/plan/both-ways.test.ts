import {
  type ExecutionResult,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  isLeafType,
  Kind,
  parse,
  typeFromAST,
  validate,
} from 'graphql';
import { schema } from '../../../../src/graph/build/schema';
import { GraphContext } from '../../../../src/graph/context';
import { prepare } from '../../../../src/graph/guard/operation';
import { InvalidDocument } from '../../../../src/graph/guard/parsed-document';
import { allNouns, listOf, nouns } from '../../../../src/graph/model/nouns';
import { run, type Way } from '../../../../src/graph/read/execution';
import { planOf } from '../../../../src/graph/read/plan/plan';
import { Work } from '../../../../src/service/run/work';
import { type StatementRun, statements } from '../../../../src/store/connection/connection';
import { foundOperations } from '../../../support/found-operations';
import { type TestGatewayServer, testGateway } from '../../../support/gateway';
import { withoutPresent } from '../../../support/present';
import {
  Choices,
  type Facts,
  type RandomRequest,
  RequestMaker,
  variablesFor,
} from '../../../support/random-operations';
import { type Estate, estate, queries } from '../../../support/tenant-data';

/*
 * A query answers the same by its plan and by its resolvers. RANDOM_QUERIES says how many random ones are made, and
 * RANDOM_SEED from which seed.
 */
const randomCount = Number(process.env.RANDOM_QUERIES ?? 2_000);
const seed = Number(process.env.RANDOM_SEED ?? 20_261_130);
jest.setTimeout(60_000 + randomCount * 100);

let gateway: TestGatewayServer;
/** Two orgs of one tenant, and another tenant. */
let estates: Estate[];
let facts: Facts;
/** Callers of both orgs, of one, of the other, and of the other tenant. */
let callers: Work[];

beforeAll(async () => {
  gateway = await testGateway();
  const acme = (orgs: string[]) => gateway.client({ grants: [{ entity: 'Acme', orgs }] });
  const [north, south] = [await acme(['North']), await acme(['South'])];
  const other = await gateway.client({ grants: [{ entity: 'Other', orgs: ['North'] }] });
  const both = await acme(['North', 'South']);
  estates = [];
  for (const client of [north, south, other]) estates.push(await estate(gateway, await client.work(), 'Estate'));
  callers = await Promise.all([both, north, south, other].map((client) => client.work()));
  const known: Record<string, string[]> = {};
  for (const own of estates) {
    for (const [noun, id] of Object.entries({ ...own.ids, settings: own.entityId })) {
      known[noun] ??= [];
      known[noun].push(id);
    }
    for (const [noun, number] of Object.entries(own.numbers)) known[noun].push(number);
    known.fulfillment.push(own.booked, own.sent);
  }
  facts = known;
  await oddValues();
}, 120_000);
afterAll(() => gateway.close());

/** Texts, amounts and instants that are hard to write, and nulls, in rows of every table. */
async function oddValues(): Promise<void> {
  const texts = [
    '\'é\u2028\u2029 "quoted" \\ / <cursor> $1 t.id \u{1f600}\'',
    "E'\\b\\f\\n\\r\\t\\x01\\x1f\\x7f'",
    "''",
  ];
  for (const noun of allNouns) {
    const { name, columns } = listOf(noun).table;
    const written = Object.entries(columns).flatMap(([property, { name: column, type, nullable }]) => {
      const free = /Name$|^name$|description|reasonCode|carrier|System$|Location$|Identifier|trackId/.test(property);
      if (type === 'text' && free) {
        return [`${column} = (array[${texts}${nullable ? ', null' : ''}])[1 + n % ${texts.length + Number(nullable)}]`];
      }
      if (type === 'timestamp with time zone') {
        return [`${column} = ${column} + (array['0', '120 ms', '7 ms', '1 s'])[1 + n % 4]::interval`];
      }
      if (property === 'currency') return [`${column} = (array['USD', 'JPY', 'KWD', 'CLF'])[1 + n % 4]`];
      if (property === 'inlineDiscountType') {
        return [`${column} = (array['None', 'Percentage', 'FixedAmount'])[1 + n % 3]::${type}`];
      }
      if (property === 'inlineDiscountPerUnit') return [`${column} = (array[null, 12.50, 0.5])[1 + n % 3]`];
      if (property === 'customFields') {
        return [
          `${column} = (array['{"a__c": 1.50, "é__c": "\\u2028\\"", "z__c": null}', '{}', null])[1 + n % 3]::jsonb`,
        ];
      }
      return [];
    });
    if (written.length === 0) continue;
    await gateway.database.owner(
      `update ${name} t set ${written.join(', ')} from (select id as of, row_number() over (order by id)::integer as n from ${name}) numbered where of = t.id`,
    );
  }
}

/** What a query answers, and how many statements it takes. */
async function answer(request: RandomRequest, caller: Work, way: Way) {
  const { query, variables, operationName } = request;
  const counter = { statements: 0 };
  const work = new Work(gateway.services, caller.caller, counter);
  const operation = prepare({ document: documentOf(query), hash: query }, operationName, variables);
  const result = JSON.parse(
    withoutPresent(JSON.stringify(await run(operation, new GraphContext(work), way))),
  ) as ExecutionResult;
  // Fields that fail side by side are listed as they come, and of several below the same null only the first.
  const failed = new Set(result.errors?.map(({ path }) => path?.[0]));
  // Where all of the data is null, what has failed besides is a matter of time.
  return {
    data: result.data,
    failed: result.data ? [...failed].sort() : failed.size > 0,
    statements: counter.statements,
  };
}

const documents = new Map<string, ReturnType<typeof parse>>();
/** A document is parsed once, as by a server: its plan is kept with it. */
function documentOf(query: string): ReturnType<typeof parse> {
  const known = documents.get(query) ?? parse(query);
  documents.set(query, known);
  return known;
}

/** Whether the query came to be answered: its plan and its resolvers answered the same. */
async function compared(request: RandomRequest, caller: Work): Promise<boolean> {
  try {
    const byLoaders = await answer(request, caller, 'loaders');
    const planned = await answer(request, caller, 'planned');
    const { statements: _, ...expected } = byLoaders;
    const { statements: __, ...found } = planned;
    try {
      expect(found).toEqual(expected);
    } catch (error) {
      throw new Error(`${JSON.stringify(request)}\n${(error as Error).message}`);
    }
    return true;
  } catch (error) {
    // Refused before it is run by either.
    if (error instanceof InvalidDocument) return false;
    throw error;
  }
}

afterEach(() => expect(gateway.failures).toEqual([]));

test('every field of a query, with what is hard to write, for every caller', async () => {
  for (const caller of callers) {
    for (const of of estates) {
      for (const query of Object.values(queries).flatMap((each) => each(of))) {
        expect(await compared({ query, kind: 'query' }, caller)).toBe(true);
      }
    }
  }
});

test.each(allNouns.filter((noun) => `${noun}s` in schema().getQueryType()!.getFields()))(
  'the leaves of every %s, forward and backward, by each order',
  async (noun) => {
    const type = schema().getType(nouns[noun].typename) as GraphQLObjectType;
    const fields = Object.values(type.getFields());
    const leaves = fields.filter(({ type }) => isLeafType(getNamedType(type))).map(({ name }) => name);
    const page = `edges { cursor node { ${leaves.join(' ')} } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount`;
    for (const field of Object.keys(listOf(noun).sorts)) {
      for (const window of ['first: 2', 'last: 2', 'first: 0', 'last: 0', 'first: 100']) {
        for (const direction of ['ASC', 'DESC']) {
          const query = `{ all: ${noun}s(${window}, orderBy: { field: ${field}, direction: ${direction} }) { ${page} } }`;
          expect(await compared({ query, kind: 'query' }, callers[0])).toBe(true);
        }
      }
    }
  },
);

test('every field of every noun has a plan, so that one of them does not send a whole root field to the resolvers', () => {
  const below = (field: GraphQLField<unknown, unknown>): string => {
    const type = getNamedType(field.type);
    if (isLeafType(type)) return '';
    return type.name.endsWith('Connection') ? '{ totalCount nodes { __typename } }' : '{ __typename }';
  };
  for (const { typename } of Object.values(nouns)) {
    for (const field of Object.values((schema().getType(typename) as GraphQLObjectType).getFields())) {
      // A failure of a bill run has no id.
      const inside = `... on ${typename} { ${field.name} ${below(field)} }`;
      const query =
        typename === 'BillRunFailure'
          ? `{ billRuns { nodes { failures { nodes { ${inside} } } } } }`
          : `{ nodes(ids: []) { ${inside} } }`;
      const operation = prepare({ document: parse(query), hash: query });
      expect([inside, planOf(operation, 100)?.planned.length]).toEqual([inside, 1]);
    }
  }
});

test('pages behind and before a cursor', async () => {
  const query = `query ($first: Int, $after: String, $last: Int, $before: String) {
    historyOf: account(key: "${estates[0].ids.account}") { history(first: 1) { pageInfo { endCursor } } }
    fulfillments(first: $first, after: $after, last: $last, before: $before, orderBy: { field: createdDate }) {
      nodes { id createdDate } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
  const walk = async (variables: Record<string, unknown>) => {
    expect(await compared({ query, variables, kind: 'query' }, callers[0])).toBe(true);
    const { data } = await answer({ query, variables, kind: 'query' }, callers[0], 'planned');
    return (data as never as { fulfillments: { pageInfo: { startCursor: string; endCursor: string } } }).fulfillments
      .pageInfo;
  };
  let { endCursor } = await walk({ first: 1 });
  for (let page = 0; page < 3; page++) ({ endCursor } = await walk({ first: 1, after: endCursor }));
  const { startCursor } = await walk({ last: 1, before: endCursor });
  await walk({ last: 2, before: startCursor });
  expect(await compared({ query, variables: { first: 2, after: 'no cursor' }, kind: 'query' }, callers[0])).toBe(true);
});

test('arguments that are refused below rows of which some wait for others, and some do not', async () => {
  // graphql-js leaves a promise alone if another row fails at once. Its rejection would end the process.
  for (const direction of ['ASC', 'DESC']) {
    const query = `{ orderLineItems(orderBy: { field: createdDate, direction: ${direction} }) {
      nodes { originalOrderLineItem { id } history(first: -1) { totalCount } } } }`;
    const { failed } = await answer({ query, kind: 'query' }, callers[0], 'loaders');
    expect(failed).toEqual(['orderLineItems']);
    expect(await compared({ query, kind: 'query' }, callers[0])).toBe(true);
  }
});

test('every query of the tests and the docs', async () => {
  const found = foundOperations().filter(({ operation }) => operation.operation === 'query');
  let answered = 0;
  let planned = 0;
  for (const [at, { text, operation }] of found.entries()) {
    const definitions = (operation.variableDefinitions ?? []).map(({ variable, type, defaultValue }) => ({
      name: variable.name.value,
      type: typeFromAST(schema(), type as never) as unknown as GraphQLInputType,
      required: type.kind === Kind.NON_NULL_TYPE && !defaultValue,
    }));
    const variables = variablesFor(definitions, new Choices(at), facts);
    const request: RandomRequest = { query: text, variables, kind: 'query' };
    if (!(await compared(request, callers[0]))) continue;
    answered++;
    planned += Number(planOf(prepare({ document: documentOf(text), hash: text }, null, variables), 100) !== null);
  }
  expect(answered).toBeGreaterThan(50);
  // What a client asks about itself has no plan.
  expect(planned / answered).toBeGreaterThan(0.65);
});

test(`${randomCount} random queries (seed ${seed})`, async () => {
  const choices = new Choices(seed);
  let answered = 0;
  for (let made = 0; made < randomCount; ) {
    const request = new RequestMaker(choices, facts).request();
    if (request.kind !== 'query' || validate(schema(), parse(request.query)).length) continue;
    made++;
    answered += Number(await compared(request, choices.pick(callers)));
    documents.clear();
  }
  expect(answered / randomCount).toBeGreaterThan(0.4);
});

test('the text of a statement holds no value of a client', async () => {
  const texts: string[] = [];
  const note = (each: unknown) => texts.push((each as StatementRun).text);
  statements.start.subscribe(note);
  try {
    const secret = 'S3cr3tV4lue';
    const query = `query ($text: String!, $in: [String!], $day: Date!) {
      account(key: "${secret}") { id }
      fulfillments(filter: { carrier: { startsWith: $text }, externalId: { eq: "${secret}" }, trackingNumber: { in: $in }, fulfillmentDate: { gte: $day } }) {
        nodes { id orderLineItem { fulfillments(first: 77, filter: { carrier: { eq: "${secret}" } }) { totalCount } } } }
    }`;
    await compared({ query, variables: { text: secret, in: [secret], day: '2031-07-13' }, kind: 'query' }, callers[0]);
  } finally {
    statements.start.unsubscribe(note);
  }
  expect(texts.length).toBeGreaterThan(2);
  for (const text of texts) expect(text).not.toMatch(/S3cr3tV4lue|2031-07-13|77/);
});
