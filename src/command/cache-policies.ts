import {
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isListType,
  isObjectType,
} from 'graphql';
import { schema } from '../graph/build/schema';

/*
 * Prints into docs/frontend.md what the cache of a frontend must know of the schema. By hand, the lists of the page would
 * miss the next type or field.
 */

interface Place {
  parent: GraphQLObjectType;
  field: GraphQLField<unknown, unknown>;
}

const objectTypes = (): GraphQLObjectType[] =>
  Object.values(schema().getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
    .sort((a, b) => (a.name < b.name ? -1 : 1)) as GraphQLObjectType[];

const hasId = (type: GraphQLObjectType): boolean => 'id' in type.getFields();
const isConnection = ({ name }: GraphQLObjectType): boolean => name.endsWith('Connection');
const isList = ({ field }: Place): boolean => isListType(getNullableType(field.type));

/** Kinds of objects that no cache keeps by a key, and that say so by their names or interfaces: no table lists them. */
const hasKnownForm = (type: GraphQLObjectType): boolean =>
  /^(Query|Mutation|Subscription|PageInfo)$|(Connection|Edge|Payload)$/.test(type.name) ||
  type.getInterfaces().some(({ name }) => name === 'UserError');

/** The fields that lead to a type. Subscription is left out, because its fields are those of Query. */
const placesOf = (target: GraphQLObjectType): Place[] =>
  objectTypes()
    .filter(({ name }) => name !== 'Subscription')
    .flatMap((parent) =>
      Object.values(parent.getFields())
        .filter(({ type }) => getNamedType(type) === target)
        .map((field) => ({ parent, field })),
    );

/** Objects without an id that a cache keeps inside the object that leads to them. */
const embeddedTypes = (): GraphQLObjectType[] => objectTypes().filter((type) => !hasId(type) && !hasKnownForm(type));

/**
 * Each type without an id: where it is found, and why it has none.
 * @throws if a type does not give its reason: its description then needs a sentence "No id: ..."
 */
export function embeddedRows(): [type: string, places: string, reason: string][] {
  return embeddedTypes().map((type) => {
    const [, reason] = /No id: (.*?\.)(?: |$)/.exec(type.description ?? '') ?? [];
    if (!reason) throw new Error(`The description of ${type.name} does not say why it has no id: "No id: ...".`);
    const places = placesOf(type).map(({ parent, field }) => `\`${parent.name}.${field.name}\``);
    return [`\`${type.name}\``, places.join(', '), `${reason[0].toUpperCase()}${reason.slice(1)}`];
  });
}

/** The module of `possibleTypes`, for Apollo Client and for urql's Graphcache. */
export function possibleTypesModule(): string {
  const lines = Object.values(schema().getTypeMap())
    .filter(isAbstractType)
    .map((type) => {
      const members = schema().getPossibleTypes(type);
      return `  ${type.name}: ${listed(members.map(({ name }) => name).sort(), '  ')},`;
    });
  return typescript('possible-types.ts', ['export const possibleTypes = {', ...lines.sort(), '};']);
}

/**
 * The module of `typePolicies` for Apollo Client. Without it, Apollo replaces a part of an object by what another query
 * asked of that part, and warns of lost data whenever a list gets shorter.
 */
export function apolloPoliciesModule(): string {
  const connections = objectTypes().filter(isConnection);
  const parts = embeddedTypes().filter((type) =>
    placesOf(type).some((place) => !isList(place) && (place.parent.name === 'Query' || !hasKnownForm(place.parent))),
  );
  const policies = objectTypes().flatMap((type) => {
    const isPart = parts.includes(type);
    if (!isPart && !hasId(type) && type.name !== 'Query') return [];
    const lists = Object.values(type.getFields()).filter(
      (field) => isList({ parent: type, field }) && isCompositeType(getNamedType(field.type)),
    );
    const policy = [
      ...(isPart ? ['part'] : []),
      ...(lists.length ? [`lists(${lists.map(({ name }) => `'${name}'`).join(', ')})`] : []),
    ];
    if (policy.length === 0) return [];
    const text = policy.length === 1 ? policy[0] : `{ ${policy.map((each) => `...${each}`).join(', ')} }`;
    return [`  ${type.name}: ${text},`];
  });
  return typescript('apollo/policies.ts', [
    '// A list is replaced by the list of a later reply. A part keeps what other queries have asked of it.',
    'const lists = (...names: string[]) => ({',
    '  fields: Object.fromEntries(names.map((name) => [name, { merge: false }])),',
    '});',
    'const part = { merge: true };',
    "const connection = { ...part, ...lists('edges', 'nodes') };",
    `const connections = ${listed(
      connections.map(({ name }) => name),
      '',
    )};`,
    '',
    'export const typePolicies = {',
    '  ...Object.fromEntries(connections.map((name) => [name, connection])),',
    '  PageInfo: part,',
    ...policies,
    '};',
  ]);
}

/** The module of `keys` for urql's Graphcache, which otherwise warns of each object without an id. */
export const graphcacheKeysModule = (): string =>
  typescript('urql/keys.ts', [
    `const embedded = ${listed(
      embeddedTypes().map(({ name }) => name),
      '',
    )};`,
    '',
    'export const keys = Object.fromEntries(embedded.map((name) => [name, () => null]));',
  ]);

const typescript = (file: string, lines: string[]): string => ['```ts', `// ${file}`, ...lines, '```'].join('\n');

/** A list of names as source text, in lines of at most 120 characters. */
function listed(names: string[], indent: string): string {
  const lines: string[] = [''];
  for (const name of names) {
    const last = lines.length - 1;
    const longer = `${lines[last]}${lines[last] && ' '}'${name}',`;
    if (longer.length + indent.length + 2 > 120) lines.push(`'${name}',`);
    else lines[last] = longer;
  }
  return `[\n${lines.map((line) => `${indent}  ${line}`).join('\n')}\n${indent}]`;
}
