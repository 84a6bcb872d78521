import {
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql';
import { collectSubfields } from 'graphql/execution/collectFields';
import { holeBegins, holeEnds } from '../../../store/query/json';
import type { GraphContext } from '../../context';
import type { Deferred } from './planner';

/* Fields that this program computes. Their resolvers are those of the other way to read. */

/** What the statement gave for one such field of one object. */
type Given = { row: { id: string } & Record<string, string | null> } & Record<string, unknown>;

/** What graphql-js tells a resolver of its operation. */
export type Info = Pick<GraphQLResolveInfo, 'schema' | 'fragments' | 'variableValues' | 'operation'>;

/** Fills the fields in that the JSON has holes for. */
export async function filled(
  json: Buffer | string,
  deferred: readonly Deferred[],
  context: GraphContext,
  info: Info,
): Promise<Buffer | string> {
  if (!json.includes(holeBegins)) return json;
  const [start, ...rest] = json.toString().split(holeBegins);
  const holes = rest.map((part) => {
    const space = part.indexOf(' ');
    const end = part.indexOf(holeEnds);
    const given = JSON.parse(part.slice(space + 1, end)) as Given;
    return { what: deferred[Number(part.slice(0, space))], given, after: part.slice(end + 1) };
  });
  // What the statement has read need not be read again.
  for (const { what, given } of holes) {
    for (const { name, know } of what.facts) know(context.loaders, given[name], given.row);
  }
  const values = await Promise.all(holes.map(({ what, given }) => computedBy(what, given, context, info)));
  return start + holes.map(({ after }, at) => values[at] + after).join('');
}

async function computedBy(
  { field, parent, nodes }: Deferred,
  { row }: Given,
  context: GraphContext,
  info: Info,
): Promise<string> {
  const path = { prev: undefined, key: field.name, typename: parent.name };
  const own = { ...info, fieldName: field.name, fieldNodes: nodes, returnType: field.type, parentType: parent, path };
  const value = await field.resolve!(row, {}, context, { ...own, rootValue: undefined });
  return completed(field.type, value, nodes, info);
}

/** The JSON of a value that has no resolvers below. */
async function completed(
  type: GraphQLOutputType,
  given: unknown,
  nodes: readonly FieldNode[],
  info: Info,
): Promise<string> {
  const value = await given;
  if (isNonNullType(type)) return completed(type.ofType, value, nodes, info);
  if (value === null || value === undefined) return 'null';
  if (isListType(type)) {
    const all = (value as unknown[]).map((each) => completed(type.ofType as GraphQLOutputType, each, nodes, info));
    return `[${(await Promise.all(all)).join()}]`;
  }
  if (isLeafType(type)) return JSON.stringify(type.serialize(value));
  const object = type as GraphQLObjectType;
  const selected = collectSubfields(info.schema, info.fragments, info.variableValues, object, nodes);
  const fields = [...selected].map(async ([name, below]) => {
    const field = below[0].name.value;
    if (field === '__typename') return `"${name}":"${object.name}"`;
    const each = (value as Record<string, unknown>)[field];
    return `"${name}":${await completed(object.getFields()[field].type, each, below, info)}`;
  });
  return `{${(await Promise.all(fields)).join()}}`;
}
