import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  astFromValue,
  buildSchema,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
  print,
  validateSchema,
} from 'graphql';
import { scopes } from '../../src/domain/caller';
import { schema, schemaText } from '../../src/graph/schema';
import { beyondContract, contract } from '../support/contract';

const types = (of: GraphQLSchema): GraphQLNamedType[] =>
  Object.values(of.getTypeMap()).filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type));

/** A type, a field, an argument, an enum value: its place, what it is, and its description. */
interface Part {
  place: string;
  text: string;
  description?: string | null;
}

const typed = (value: GraphQLArgument | GraphQLInputField): string => {
  const given = value.defaultValue === undefined ? null : astFromValue(value.defaultValue, value.type);
  return `${value.type}${given ? ` = ${print(given)}` : ''}`;
};

/** Everything that a schema is made of, one entry for each thing that has a name. */
function parts(of: GraphQLSchema): Part[] {
  return types(of).flatMap((type): Part[] => {
    const { name, description } = type;
    const implemented =
      isObjectType(type) || isInterfaceType(type)
        ? type
            .getInterfaces()
            .map((each) => each.name)
            .sort()
        : [];
    const own: Part = { place: name, text: `${type.astNode?.kind ?? kindOf(type)} ${implemented}`, description };
    if (isEnumType(type)) {
      return [own, ...type.getValues().map((v) => ({ ...v, place: `${name}.${v.name}`, text: 'value' }))];
    }
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields());
      return [own, ...fields.map((f) => ({ ...f, place: `${name}.${f.name}`, text: typed(f) }))];
    }
    if (!isObjectType(type) && !isInterfaceType(type)) return [own];
    const fields = Object.values(type.getFields()).flatMap((field): Part[] => {
      const place = `${name}.${field.name}`;
      const args = field.args.map((arg) => ({ ...arg, place: `${place}(${arg.name})`, text: typed(arg) }));
      return [{ place, text: String(field.type), description: field.description }, ...args];
    });
    return [own, ...fields];
  });
}

const kindOf = (type: GraphQLNamedType): string =>
  isEnumType(type)
    ? 'EnumTypeDefinition'
    : isInputObjectType(type)
      ? 'InputObjectTypeDefinition'
      : isInterfaceType(type)
        ? 'InterfaceTypeDefinition'
        : isObjectType(type)
          ? 'ObjectTypeDefinition'
          : 'ScalarTypeDefinition';

const agreed = new Map(parts(buildSchema(contract)).map((part) => [part.place, part.text]));
const actual = new Map(parts(schema()).map((part) => [part.place, part.text]));
const rootFields = ['Query', 'Mutation'].flatMap((root) =>
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

  test('describes every type, field, argument, input field and enum value', () => {
    const undescribed = parts(schema()).filter(({ description }) => !description || !/\S.*[.!?]$/s.test(description));
    expect(undescribed.map(({ place }) => place)).toEqual([]);
  });

  test('keeps its descriptions in the text that clients read', () => {
    const read = parts(buildSchema(schemaText()));
    expect(read.length).toBe(parts(schema()).length);
    expect(read.filter(({ description }) => !description).map(({ place }) => place)).toEqual([]);
  });

  test.each(rootFields)('%s names one scope, the one that guards it, in its description', (_name, field) => {
    const named = /(?<= )Scope: ([a-z-]+)\.$/.exec(field.description ?? '')?.[1];
    expect(scopes).toContain(named);
    expect(field.extensions.scope).toBe(named);
    expect(field.description!.match(/Scope: /g)).toHaveLength(1);
  });

  test('asks for the scope read on every query, and on no mutation', () => {
    const odd = rootFields.filter(
      ([place, field]) => (field.extensions.scope === 'read') !== place.startsWith('Query.'),
    );
    expect(odd.map(([place]) => place)).toEqual([]);
  });
});

describe('the contract', () => {
  test.each(types(buildSchema(contract)).map(({ name }) => name))('%s has exactly its types and defaults', (name) => {
    const places = [...agreed.keys()].filter((place) => place === name || place.startsWith(`${name}.`));
    expect(places.map((place) => [place, actual.get(place)])).toEqual(
      places.map((place) => [place, agreed.get(place)]),
    );
  });

  test('covers all that the schema has, but for what is listed as ours', () => {
    const beyond = [...actual.keys()].filter((place) => !agreed.has(place));
    expect(beyond).toEqual(beyondContract);
  });

  test('has no argument more that a client would have to give', () => {
    const required = rootFields.flatMap(([place, field]) =>
      field.args
        .filter((arg) => isNonNullType(arg.type) && arg.defaultValue === undefined)
        .map((arg) => `${place}(${arg.name})`),
    );
    expect(required.filter((place) => !agreed.has(place))).toEqual([]);
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
    const payloads = types(schema()).filter(({ name }) => name.endsWith('Payload'));
    expect(payloads.length).toBeGreaterThan(0);
    for (const payload of payloads) {
      expect(isObjectType(payload) && String(payload.getFields().userErrors?.type)).toBe('[UserError!]!');
    }
  });
});
