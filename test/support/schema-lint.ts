import {
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isObjectType,
} from 'graphql';
import { isDay } from '../../src/domain/date';
import { deprecationReason as form } from '../../src/graph/guard/deprecation';
import { type Part, partsOf, typesOf } from './schema-parts';

/*
 * What is asked of the schema as a document. The linters there are for GraphQL want another version of it or of Node, and
 * none of them asks whether a description says anything.
 */

/** What is wrong with a schema, one line each: empty where all is well. */
export const lint = (schema: GraphQLSchema): string[] => [
  ...partsOf(schema).flatMap((part) =>
    [...described(part), ...deprecated(part), ...named(part), ...kept(part)].map((what) => `${part.place} ${what}`),
  ),
  ...typesOf(schema).flatMap((type) => shaped(type).map((what) => `${type.name} ${what}`)),
];

function described({ name, above, description }: Part): string[] {
  if (!description?.trim()) return ['has no description'];
  if (!description.endsWith('.')) return ['has a description without a full stop'];
  const known = new Set([name, ...above].flatMap(wordsOf));
  const told = new Set(wordsOf(description).filter((word) => !known.has(word) && !fillers.has(word)));
  return told.size < leastWords ? ['has a description that says little more than its name'] : [];
}

/** The words of a text or a name, without what makes them plural, past or lasting. */
const wordsOf = (text: string): string[] =>
  (text.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+/g) ?? []).map((word) =>
    word
      .toLowerCase()
      .replace(/(ing|ed|s)$/, '')
      .replace(/e$/, ''),
  );

/** How many words a description has at least that are neither fillers nor words of the name. */
const leastWords = 2;
const fillers = new Set(
  wordsOf(`a about after all an and any are as at be been by can do each for from has have here how if in is it its may more
    must no none not of on one only or other out own so than that the their them there these they this those to under was
    what when where whether which who whose will with`),
);

function deprecated({ deprecationReason }: Part): string[] {
  if (deprecationReason == null) return [];
  const [, since, until] = form.exec(deprecationReason) ?? [];
  if (!since || !isDay(since) || !isDay(until)) {
    return ['is deprecated, but not as "Deprecated since 2026-01-31: use X. Removal not before 2027-01-31."'];
  }
  return until > since ? [] : ['may be removed no later than it was deprecated'];
}

function named({ kind, name }: Part): string[] {
  if (kind === 'value') return [];
  const form = kind === 'type' ? /^[A-Z][A-Za-z]*$/ : /^[a-z][A-Za-z]*$/;
  return form.test(name) ? [] : [`is not written in ${kind === 'type' ? 'PascalCase' : 'camelCase'}`];
}

/** Ids that are not those of objects of the graph, and the key of a group of a summary. */
const texts = [
  ...['clientId', 'createdById', 'updatedById', 'externalId', 'trackId', 'FulfillmentSummary.key'],
  // Of other systems.
  ...['productRatePlanChargeId', 'communicationProfileId'],
];

/** What a name lets expect of the type. */
function kept({ place, name, type }: Part): string[] {
  if (!type) return [];
  const { name: of } = getNamedType(type);
  if (of === 'Float') return ['is a Float; what is counted in decimals is a Decimal'];
  if (/^(id|key)s?$|(Id|Key)s?$/.test(name) && !['ID', 'IDFilter'].includes(of)) {
    return texts.includes(name) || texts.includes(place) ? [] : [`is of the type ${of}; an id or key is an ID`];
  }
  if (/Date$/.test(name) && !/^Date(Time)?(Filter)?$/.test(of)) return [`is of the type ${of}, not Date or DateTime`];
  return [];
}

/** What the name of a type lets expect of its parts. */
function shaped(type: GraphQLNamedType): string[] {
  const { name } = type;
  if (isEnumType(type)) {
    const names = type.getValues().map((value) => value.name);
    const forms = [/^[A-Z][A-Za-z]*$/, /^[a-z][A-Za-z]*$/, /^[A-Z][A-Z_]*$/];
    return forms.some((form) => names.every((each) => form.test(each))) ? [] : ['has values of several spellings'];
  }
  if (isInputObjectType(type)) {
    return /(Input|Entry|Filter|Order)$/.test(name) ? [] : ['is an input named as none: Input, Entry, Filter or Order'];
  }
  if (!isObjectType(type)) return [];
  const fields = type.getFields();
  const has = (expected: Record<string, string>) =>
    Object.entries(expected)
      .filter(([field, of]) => String(fields[field]?.type) !== of)
      .map(([field, of]) => `has no field ${field}: ${of}`);
  const of = name.replace(/(Connection|Edge)$/, '');
  const found: string[] = [];
  if (name.endsWith('Connection')) {
    const lists = { edges: `[${of}Edge!]!`, nodes: `[${of}!]!` };
    found.push(...has({ ...lists, pageInfo: 'PageInfo!', totalCount: 'Int!' }));
  }
  if (name.endsWith('Edge')) found.push(...has({ cursor: 'String!', node: `${of}!` }));
  if (name === 'PageInfo') {
    const cursors = { startCursor: 'String', endCursor: 'String' };
    found.push(...has({ hasNextPage: 'Boolean!', hasPreviousPage: 'Boolean!', ...cursors }));
  }
  if (name.endsWith('Payload')) found.push(...has({ userErrors: '[UserError!]!' }));
  for (const field of Object.values(fields)) {
    const { name: result } = getNamedType(field.type);
    if (name === 'Mutation' && !result.endsWith('Payload')) found.push(`has ${field.name}, which gives no payload`);
    const args = new Map(field.args.map((arg) => [arg.name, String(arg.type)]));
    // Events are followed, and deliveries looked through from the newest: neither is read backwards.
    const ways = ['events', 'deliveries'].includes(field.name)
      ? ['first', 'after']
      : ['first', 'after', 'last', 'before'];
    const pages = ways.every((arg) => /^(Int|String)$/.test(args.get(arg) ?? ''));
    if (result.endsWith('Connection') && !pages) found.push(`has ${field.name}, which cannot be paged through`);
  }
  return found;
}
