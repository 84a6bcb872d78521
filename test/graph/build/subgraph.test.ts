import { readFileSync } from 'node:fs';
import {
  type GraphQLObjectType,
  type GraphQLSchema,
  isLeafType,
  isObjectType,
  parse,
  printType,
  validateSchema,
} from 'graphql';
import { schema, schemaText, serveAsSubgraph } from '../../../src/graph/build/schema';
import { sdlOf } from '../../../src/graph/build/subgraph';
import { shareable } from '../../../src/graph/model/federation';
import { lint } from '../../support/schema-lint';

const alone = schema();
const text = schemaText();
serveAsSubgraph(true);
const subgraph = schema();

const printed = (of: GraphQLSchema) =>
  new Map(Object.values(of.getTypeMap()).map((type) => [type.name, printType(type)] as const));

test('a subgraph has two root fields and three types more, and all else is the same', () => {
  const [before, after] = [printed(alone), printed(subgraph)];
  const added = [...after.keys()].filter((name) => !before.has(name));
  expect(added.sort()).toEqual(['_Any', '_Entity', '_Service']);
  for (const [name, type] of before) if (name !== 'Query') expect(after.get(name)).toBe(type);
  const fields = (of: GraphQLSchema) => Object.keys(of.getQueryType()!.getFields());
  expect(fields(subgraph)).toEqual([...fields(alone), '_entities', '_service']);
  expect(validateSchema(subgraph)).toEqual([]);
  // Federation's names begin with an underscore.
  expect(lint(subgraph).filter((problem) => !/_\w+ is not written in (camel|Pascal)Case$/.test(problem))).toEqual([]);
});

test('the committed schema is that without federation, and a process without federation has no other', () => {
  expect(schemaText()).toBe(text);
  expect(text).not.toMatch(/_entities|_service|@key/);
  serveAsSubgraph(false);
  expect(schema()).toBe(alone);
  serveAsSubgraph(true);
  expect(schema()).toBe(subgraph);
});

test('the root fields of federation say what they are and which scope they need', () => {
  const { _entities: entities, _service: service } = subgraph.getQueryType()!.getFields();
  for (const { description } of [entities, service]) expect(description).toMatch(/Scope: read\.$/);
});

test('the SDL has a key for each type with an id of its own, and by the business number where there is one', () => {
  const sdl = sdlOf(alone);
  expect(() => parse(sdl)).not.toThrow();
  expect(sdl).not.toMatch(/_entities|_service|_Any/);
  const keys = [...sdl.matchAll(/^type (\w+) .*?((?: @key\(fields: "\w+"\))+) \{$/gm)].map(([, type, all]) => [
    type,
    [...all.matchAll(/"(\w+)"/g)].map(([, field]) => field),
  ]);
  const ofNodes = Object.values(alone.getTypeMap()).filter(
    (type) => isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node'),
  );
  expect(keys.map(([type]) => type)).toEqual(ofNodes.map(({ name }) => name).sort());
  expect(keys.filter(([, fields]) => fields.length > 1)).toEqual([
    ['Account', ['id', 'accountNumber']],
    ['BillRun', ['id', 'billRunNumber']],
    ['CreditMemo', ['id', 'creditMemoNumber']],
    ['Fulfillment', ['id', 'fulfillmentNumber']],
    ['Invoice', ['id', 'invoiceNumber']],
    ['Order', ['id', 'orderNumber']],
    ['Payment', ['id', 'paymentNumber']],
  ]);
});

test('docs/federation.md names the business numbers among the keys, and the types that others may have', () => {
  const page = readFileSync('docs/federation.md', 'utf8');
  const named = [...page.matchAll(/^\| `([A-Z]\w+)` \| `(\w+)` \|$/gm)].map(([, type, field]) => [type, field]);
  const numbers = [...sdlOf(alone).matchAll(/^type (\w+) .*@key\(fields: "(\w+Number)"\)/gm)];
  expect(named).toEqual(numbers.map(([, type, field]) => [type, field]));
  const [, list] = /^(`PageInfo`.*) are `@shareable`/m.exec(page)!;
  expect([...list.matchAll(/`(\w+)`/g)].map(([, type]) => type)).toEqual(shareable);
});

test('the types that other subgraphs may have too are plain values without references', () => {
  expect([...sdlOf(alone).matchAll(/^type (\w+) @shareable/gm)].map(([, name]) => name)).toEqual([...shareable].sort());
  for (const name of shareable) {
    const fields = Object.values((alone.getType(name) as GraphQLObjectType).getFields());
    expect(fields.every(({ type }) => isLeafType('ofType' in type ? type.ofType : type))).toBe(true);
  }
});
