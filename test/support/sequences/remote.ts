import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isObjectType,
} from 'graphql';
import type { Ask } from './asks';

/* Commands as requests to a process. */

const schema = buildSchema(readFileSync(path.resolve(__dirname, '../../../../schema.graphql'), 'utf8'));
const fields = schema.getMutationType()!.getFields();
export const mutations = Object.keys(fields);

/** What is asked for, which shows the id and the version of every object that it has made or changed. */
export function requestOf({ field, args }: Ask): { query: string; variables: object } {
  const { args: known, type } = fields[field];
  const given = known.filter(({ name }) => name in args);
  const declared = given.map((arg) => `$${arg.name}: ${arg.type}`).join(', ');
  const passed = given.map(({ name }) => `${name}: $${name}`).join(', ');
  const payload = getNamedType(type);
  const shown = Object.values(isObjectType(payload) ? payload.getFields() : {}).flatMap(selectionOf);
  return {
    query: `mutation (${declared}) { done: ${field}(${passed}) { userErrors { code } ${shown.join(' ')} } }`,
    variables: Object.fromEntries(
      given.map(({ name, type }) => [name, fitted(type, (args as Record<string, unknown>)[name])]),
    ),
  };
}

/** A value with the fields alone that a client can give: the services take some more where the graph takes many at once. */
function fitted(type: GraphQLInputType, value: unknown): unknown {
  const nullable = getNullableType(type);
  if (value == null) return value;
  if (isListType(nullable)) return (value as unknown[]).map((each) => fitted(nullable.ofType, each));
  if (!isInputObjectType(nullable)) return value;
  const known = nullable.getFields();
  const entries = Object.entries(value).filter(([name]) => name in known);
  return Object.fromEntries(entries.map(([name, each]) => [name, fitted(known[name].type, each)]));
}

function selectionOf({ name, type }: GraphQLField<unknown, unknown>): string[] {
  const named = getNamedType(type);
  if (name === 'deletedId') return [name];
  return isObjectType(named) && named.getFields().version ? [`${name} { __typename id version }`] : [];
}

export interface Told {
  __typename: string;
  id: string;
  version: number;
}

/** Every object that a reply speaks of. */
export function toldBy(reply: unknown): Told[] {
  if (typeof reply !== 'object' || reply === null) return [];
  if ('version' in reply) return [reply as Told];
  return Object.values(reply).flatMap(toldBy);
}
