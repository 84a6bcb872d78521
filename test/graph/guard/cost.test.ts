import { type GraphQLObjectType, getNullableType, introspectionFromSchema, isListType, parse } from 'graphql';
import { schema } from '../../../src/graph/build/schema';
import { costOf, countCosts, objectCost, readingCosts, sizes } from '../../../src/graph/guard/cost';

const cost = (document: string, variables: Record<string, unknown> = {}, operationName?: string) =>
  costOf(schema(), parse(document), operationName, variables, 100);

/** What stands in a reply under a name: a value of so many characters, an object with what is in it, a list. */
const value = (name: string, length: number) => name.length + 4 + length;
const object = (name: string, ...inside: number[]) => value(name, entry(...inside));
const entry = (...inside: number[]) => inside.reduce((sum, each) => sum + each, objectCost);
const list = (name: string, size: number, ...inside: number[]) => value(name, size * entry(...inside));
/** A page of rows: its list is no longer than two brackets, for which there is a price where there is no row. */
const page = (name: string, size: number, ...inside: number[]) =>
  object(name, value('nodes', 2), size * entry(...inside));
const id = value('id', 34);

test.each<[what: string, document: string, variables: Record<string, unknown>, cost: number]>([
  [
    'values by their names and usual lengths',
    '{ fulfillment(key: "F-1") { id fulfillmentNumber state fulfillmentDate version createdDate quantity billed customFields } }',
    {},
    object(
      'fulfillment',
      ...[id, value('fulfillmentNumber', 24), value('state', 16), value('fulfillmentDate', 12), value('version', 5)],
      ...[value('createdDate', 26), value('quantity', 10), value('billed', 5), value('customFields', 1_000)],
    ),
  ],
  ['a value by its alias', '{ order(key: "O-1") { theIdOfIt: id } }', {}, object('order', value('theIdOfIt', 34))],
  [
    'objects below one another',
    '{ order(key: "O-1") { account { org { name } } } }',
    {},
    object('order', object('account', object('org', value('name', 24)))),
  ],
  ['a page, of 20 where nothing else is said', '{ orders { nodes { id } } }', {}, page('orders', 20, id)],
  ['the first of a page', '{ orders(first: 7) { nodes { id } } }', {}, page('orders', 7, id)],
  ['the last of a page', '{ orders(last: 7) { nodes { id } } }', {}, page('orders', 7, id)],
  [
    'a count of a whole list',
    '{ orders { totalCount } }',
    {},
    object('orders', value('totalCount', 5), countCosts.root),
  ],
  [
    'counts of what belongs to the objects of a page',
    '{ orders(first: 7) { nodes { orderLineItems { ...C } } } } fragment C on OrderLineItemConnection { totalCount }',
    {},
    page('orders', 7, object('orderLineItems', value('totalCount', 5), countCosts.edge)),
  ],
  [
    'what is summed up',
    '{ fulfillmentSummary(groupBy: state) { key } }',
    {},
    list('fulfillmentSummary', 10, value('key', 24)) + readingCosts['Query.fulfillmentSummary'],
  ],
  [
    'rows with cursors, and where the page ends',
    '{ orders(first: 3) { edges { cursor node { id } } pageInfo { hasNextPage } } }',
    {},
    object(
      'orders',
      value('edges', 2),
      3 * entry(value('cursor', 120), object('node', id)),
      object('pageInfo', value('hasNextPage', 5)),
    ),
  ],
  ['a page of a variable', 'query ($n: Int) { orders(first: $n) { nodes { id } } }', { n: 5 }, page('orders', 5, id)],
  [
    'of a variable that is left to its default',
    'query ($n: Int = 4) { orders(first: $n) { nodes { id } } }',
    {},
    page('orders', 4, id),
  ],
  ['of null', 'query ($n: Int = 4) { orders(first: $n) { nodes { id } } }', { n: null }, page('orders', 20, id)],
  ['a page that will be refused', '{ orders(first: 1000000) { nodes { id } } }', {}, page('orders', 100, id)],
  [
    'a page that will be refused for being below nothing',
    '{ orders(first: -5) { nodes { id } } }',
    {},
    page('orders', 0),
  ],
  [
    'pages within a page',
    '{ orders(first: 10) { nodes { orderLineItems(first: 5) { nodes { id } } } } }',
    {},
    page('orders', 10, page('orderLineItems', 5, id)),
  ],
  [
    'a fragment on a page',
    '{ orders(first: 10) { ...P } } fragment P on OrderConnection { nodes { id account { id } } }',
    {},
    page('orders', 10, id, object('account', id)),
  ],
  [
    'a fragment on pages of two sizes',
    '{ a: orders(first: 10) { ...P } b: orders(first: 2) { ...P } } fragment P on OrderConnection { nodes { id } }',
    {},
    page('a', 10, id) + page('b', 2, id),
  ],
  [
    'aliases, each',
    '{ a: order(key: "O-1") { id } b: order(key: "O-1") { id } }',
    {},
    object('a', id) + object('b', id),
  ],
  [
    'fragments on the types of an interface, each',
    '{ node(id: "x") { ... on Order { account { id } } ... on Account { org { id } } } }',
    {},
    object('node', object('account', id), object('org', id)),
  ],
  [
    'a list that is no page',
    '{ fulfillment(key: "F-1") { invoiceItems { invoice { id } } } }',
    {},
    object('fulfillment', list('invoiceItems', 2, object('invoice', id))),
  ],
  [
    'objects by a list of ids',
    'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
    { ids: Array(70) },
    list('nodes', 70, id),
  ],
  ['by ids written out', `{ nodes(ids: [${'"x" '.repeat(30)}]) { id } }`, {}, list('nodes', 30, id)],
  [
    'what is left out',
    'query ($no: Boolean!, $yes: Boolean = true) { orders @include(if: $no) { nodes { id } } viewer @skip(if: $yes) { orgs { id } } }',
    { no: false },
    0,
  ],
  [
    'and what is left in',
    'query ($no: Boolean!) { orders @skip(if: $no) { nodes { id } } }',
    { no: false },
    page('orders', 20, id),
  ],
])('%s: %s', (_what, document, variables, expected) => {
  expect(cost(document, variables)).toBe(expected);
});

describe('the lists that a mutation returns are as long as the longest list of its input', () => {
  const create = (
    input: string,
  ) => `mutation ($fulfillments: [CreateFulfillmentInput!]!, $input: CreateFulfillmentsInput!) {
    createFulfillments(input: ${input}) { fulfillments { id } invoices { invoiceItems(first: 100) { nodes { id } } } userErrors { code } } }`;
  const entries = Array(300).fill({ fulfillmentItems: Array(1_000).fill({}) });
  const expected = object(
    'createFulfillments',
    ...[value('fulfillments', 2), value('invoices', 2), value('userErrors', 2)],
    300 * (entry(id) + entry(page('invoiceItems', 100, id)) + entry(value('code', 16))),
  );

  test('be it a variable, a variable within, or written out', () => {
    expect(cost(create('$input'), { input: { fulfillments: entries } })).toBe(expected);
    expect(cost(create('{ fulfillments: $fulfillments }'), { fulfillments: entries })).toBe(expected);
    expect(cost(create(`{ fulfillments: [${'{ fulfillmentItems: [{} {} {}] } '.repeat(300)}] }`))).toBe(expected);
  });

  test('and at least ten', () => {
    expect(cost('mutation { bookFulfillments(keys: ["F-1"]) { fulfillments { id } } }')).toBe(
      object('bookFulfillments', value('fulfillments', 2), 10 * entry(id)),
    );
  });
});

test('of several operations the one that is asked for is priced, and none where it is not there', () => {
  const document = 'query A { viewer { clientId } } query B { orders { nodes { id } } }';
  expect([cost(document, {}, 'A'), cost(document, {}, 'B'), cost(document, {}, 'C'), cost(document)]).toEqual([
    object('viewer', value('clientId', 24)),
    page('orders', 20, id),
    0,
    0,
  ]);
});

test('fragments that double at each of a hundred levels take no longer than others', () => {
  const levels = Array.from({ length: 100 }, (_, at) => `fragment F${at} on Viewer { ...F${at + 1} ...F${at + 1} }`);
  const document = `{ viewer { ...F0 } } ${levels.join(' ')} fragment F100 on Viewer { orgs { id } }`;
  expect(cost(document)).toBeCloseTo(2 ** 100 * list('orgs', 10, id), -20);
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
