import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildSchema, type GraphQLSchema, isNonNullType, isObjectType, validateSchema } from 'graphql';
import { scopes } from '../../../src/domain/caller';
import { schema, schemaText } from '../../../src/graph/build/schema';
import { beyondContract, contract } from '../../support/contract';
import { partsOf, typesOf } from '../../support/schema-parts';

const agreed = new Map(partsOf(buildSchema(contract)).map((part) => [part.place, part.text]));
const actual = new Map(partsOf(schema()).map((part) => [part.place, part.text]));
const rootFields = ['Query', 'Mutation', 'Subscription'].flatMap((root) =>
  Object.values((schema().getType(root) as ReturnType<GraphQLSchema['getQueryType']>)!.getFields()).map(
    (field) => [`${root}.${field.name}`, field] as const,
  ),
);

describe('the schema', () => {
  test('is valid GraphQL', () => {
    expect(validateSchema(schema())).toEqual([]);
    expect(validateSchema(buildSchema(schemaText()))).toEqual([]);
  });

  test('is what schema.graphql holds; npm run generate writes it anew', () => {
    expect(readFileSync(resolve('schema.graphql'), 'utf8')).toBe(schemaText());
  });

  test('keeps its descriptions in the text that clients read', () => {
    const read = partsOf(buildSchema(schemaText()));
    expect(read.length).toBe(partsOf(schema()).length);
    expect(read.filter(({ description }) => !description).map(({ place }) => place)).toEqual([]);
  });

  test.each(rootFields)('%s names one scope, the one that guards it, in its description', (_name, field) => {
    const named = /(?<= )Scope: ([a-z-]+)\.$/.exec(field.description ?? '')?.[1];
    expect(['none', ...scopes]).toContain(named);
    expect(field.extensions.scope ?? 'none').toBe(named);
    expect(field.description!.match(/Scope: /g)).toHaveLength(1);
  });

  test('asks for the scope read on every query and subscription, and on no mutation', () => {
    const odd = rootFields.filter(
      ([place, field]) => (field.extensions.scope === 'read') === place.startsWith('Mutation.'),
    );
    expect(odd.map(([place]) => place)).toEqual([]);
  });
});

describe('the contract', () => {
  test.each(typesOf(buildSchema(contract)).map(({ name }) => name))('%s has exactly its types and defaults', (name) => {
    const places = [...agreed.keys()].filter((place) => place === name || place.startsWith(`${name}.`));
    expect(places.map((place) => [place, actual.get(place)])).toEqual(
      places.map((place) => [place, agreed.get(place)]),
    );
  });

  test('covers all that the schema has, but for what is listed as ours', () => {
    const twin = (place: string) => actual.has(place.replace(/^Subscription\./, 'Query.'));
    const beyond = [...actual.keys()].filter((place) => !agreed.has(place));
    const own = beyond.filter((place) => !(place.startsWith('Subscription.') && twin(place)));
    expect(own.sort()).toEqual([...beyondContract].sort());
  });

  test('has a live twin of every field of Query, but for those that say why not', () => {
    const queries = Object.keys(schema().getQueryType()!.getFields());
    const live = Object.keys(schema().getSubscriptionType()!.getFields());
    expect(queries.filter((name) => !live.includes(name)).sort()).toEqual([
      ...['previewBillRun', 'viewer', 'webhookEndpoint', 'webhookEndpoints'],
    ]);
    expect(live.filter((name) => !queries.includes(name))).toEqual([]);
    for (const name of live.filter((each) => each !== 'events'))
      expect(actual.get(`Subscription.${name}`)).toBe(actual.get(`Query.${name}`));
  });

  test('has no argument more that a client would have to give', () => {
    const required = rootFields.flatMap(([place, field]) =>
      field.args
        .filter((arg) => isNonNullType(arg.type) && arg.defaultValue === undefined)
        .map((arg) => `${place}(${arg.name})`),
    );
    expect(required.filter((place) => agreed.has(place.replace(/\(.*/, '')) && !agreed.has(place))).toEqual([]);
  });
});

describe('what may fail', () => {
  const nullable = (names: readonly string[]) =>
    names.filter((place) => isNonNullType(rootFields.find(([name]) => name === place)![1].type));

  test('every mutation payload is nullable, so that one failure hides no work of another', () => {
    const mutations = rootFields.map(([place]) => place).filter((place) => place.startsWith('Mutation.'));
    expect(mutations.length).toBeGreaterThan(0);
    expect(nullable(mutations)).toEqual([]);
  });

  test('every root connection and object is nullable, so that one failure blanks no screen', () => {
    const queries = rootFields.map(([place]) => place).filter((place) => place.startsWith('Query.'));
    // `nodes` is a list whose entries are nullable; the contract has it so.
    expect(nullable(queries)).toEqual(['Query.nodes']);
  });

  test('every payload tells its userErrors, of the interface that new errors fit into', () => {
    const payloads = typesOf(schema()).filter(({ name }) => name.endsWith('Payload'));
    expect(payloads.length).toBeGreaterThan(0);
    for (const payload of payloads) {
      expect(isObjectType(payload) && String(payload.getFields().userErrors?.type)).toBe('[UserError!]!');
    }
  });
});
