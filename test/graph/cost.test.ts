import { type GraphQLObjectType, getNullableType, introspectionFromSchema, isListType, parse } from 'graphql';
import { costOf, sizes } from '../../src/graph/cost';
import { schema } from '../../src/graph/schema';

const cost = (document: string, variables: Record<string, unknown> = {}, operationName?: string) =>
  costOf(schema(), parse(document), operationName, variables, 100);

test.each<[what: string, document: string, variables: Record<string, unknown>, cost: number]>([
  ['a field of the root that leads to one object', '{ order(key: "O-1") { id state } }', {}, 1],
  ['objects below one another', '{ order(key: "O-1") { account { org { name } } } }', {}, 3],
  ['a page, of 20 where nothing else is said', '{ orders { nodes { id } } }', {}, 1 + 20],
  ['the first of a page', '{ orders(first: 7) { nodes { id } } }', {}, 1 + 7],
  ['the last of a page', '{ orders(last: 7) { nodes { id } } }', {}, 1 + 7],
  ['a page that is counted alone', '{ orders { totalCount } }', {}, 1],
  [
    'rows with cursors, and where the page ends',
    '{ orders(first: 3) { edges { node { id } } pageInfo { hasNextPage } } }',
    {},
    1 + 3 * 2 + 1,
  ],
  ['a page of a variable', 'query ($n: Int) { orders(first: $n) { nodes { id } } }', { n: 5 }, 1 + 5],
  [
    'of a variable that is left to its default',
    'query ($n: Int = 4) { orders(first: $n) { nodes { id } } }',
    {},
    1 + 4,
  ],
  ['of null', 'query ($n: Int = 4) { orders(first: $n) { nodes { id } } }', { n: null }, 1 + 20],
  ['a page that will be refused', '{ orders(first: 1000000) { nodes { id } } }', {}, 1 + 100],
  ['a page that will be refused for being below nothing', '{ orders(first: -5) { nodes { id } } }', {}, 1],
  [
    'pages within a page',
    '{ orders(first: 10) { nodes { orderLineItems(first: 5) { nodes { id } } } } }',
    {},
    1 + 10 * (1 + 1 + 5),
  ],
  [
    'a fragment on a page',
    '{ orders(first: 10) { ...P } } fragment P on OrderConnection { nodes { id account { id } } }',
    {},
    1 + 10 * 2,
  ],
  [
    'a fragment on pages of two sizes',
    '{ a: orders(first: 10) { ...P } b: orders(first: 2) { ...P } } fragment P on OrderConnection { nodes { id } }',
    {},
    11 + 3,
  ],
  ['aliases, each', '{ a: order(key: "O-1") { id } b: order(key: "O-1") { id } }', {}, 2],
  [
    'fragments on the types of an interface, each',
    '{ node(id: "x") { ... on Order { account { id } } ... on Account { org { id } } } }',
    {},
    3,
  ],
  ['a list that is no page', '{ fulfillment(key: "F-1") { invoiceItems { invoice { id } } } }', {}, 1 + 2 * 2],
  ['objects by a list of ids', 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: Array(70) }, 70],
  ['by ids written out', `{ nodes(ids: [${'"x" '.repeat(30)}]) { id } }`, {}, 30],
  [
    'what is left out',
    'query ($no: Boolean!, $yes: Boolean = true) { orders @include(if: $no) { nodes { id } } viewer @skip(if: $yes) { orgs { id } } }',
    { no: false },
    0,
  ],
  ['and what is left in', 'query ($no: Boolean!) { orders @skip(if: $no) { nodes { id } } }', { no: false }, 21],
])('%s: %s', (_what, document, variables, expected) => {
  expect(cost(document, variables)).toBe(expected);
});

describe('the lists that a mutation returns are as long as the longest list of its input', () => {
  const create = (
    input: string,
  ) => `mutation ($fulfillments: [CreateFulfillmentInput!]!, $input: CreateFulfillmentsInput!) {
    createFulfillments(input: ${input}) { fulfillments { id } invoices { invoiceItems(first: 100) { nodes { id } } } userErrors { code } } }`;
  const entries = Array(300).fill({ fulfillmentItems: Array(1_000).fill({}) });
  const expected = 1 + 300 + 300 * (1 + 1 + 100) + 300;

  test('be it a variable, a variable within, or written out', () => {
    expect(cost(create('$input'), { input: { fulfillments: entries } })).toBe(expected);
    expect(cost(create('{ fulfillments: $fulfillments }'), { fulfillments: entries })).toBe(expected);
    expect(cost(create(`{ fulfillments: [${'{ fulfillmentItems: [{} {} {}] } '.repeat(300)}] }`))).toBe(expected);
  });

  test('and at least ten', () => {
    expect(cost('mutation { bookFulfillments(keys: ["F-1"]) { fulfillments { id } } }')).toBe(11);
  });
});

test('of several operations the one that is asked for is priced, and none where it is not there', () => {
  const document = 'query A { viewer { clientId } } query B { orders { nodes { id } } }';
  expect([cost(document, {}, 'A'), cost(document, {}, 'B'), cost(document, {}, 'C'), cost(document)]).toEqual([
    1, 21, 0, 0,
  ]);
});

test('fragments that double at each of a hundred levels take no longer than others', () => {
  const levels = Array.from({ length: 100 }, (_, at) => `fragment F${at} on Viewer { ...F${at + 1} ...F${at + 1} }`);
  const document = `{ viewer { ...F0 } } ${levels.join(' ')} fragment F100 on Viewer { orgs { id } }`;
  expect(cost(document)).toBe(1 + 2 ** 100 * 10);
});

test('every size that is declared is that of a list', () => {
  const types = new Map([...Object.entries(schema().getTypeMap())]);
  for (const name of Object.keys(sizes)) {
    const [type, field] = name.split('.');
    const found = (types.get(type) as GraphQLObjectType | undefined)?.getFields()[field];
    expect([name, found && isListType(getNullableType(found.type))]).toEqual([name, true]);
  }
});

test('the schema has about as many types and fields as its introspection is priced for', () => {
  const { types } = introspectionFromSchema(schema()).__schema;
  const fields = types.flatMap((type) => ('fields' in type && type.fields ? type.fields : []));
  expect(types.length).toBeLessThan(sizes['__Schema.types']);
  expect(fields.length / types.length).toBeLessThan(sizes['__Type.fields']);
});
