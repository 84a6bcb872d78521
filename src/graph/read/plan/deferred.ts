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
import type { Noun, RowOf } from '../../model/nouns';
import type { Deferred } from './planner';

/* Fields that this program computes. Their resolvers are those of the other way to read. */

/** What the statement gave for one such field of one object. */
interface Facts {
  row: { id: string };
  other?: { id: string } | null;
  posted?: boolean;
}

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
    const facts = JSON.parse(part.slice(space + 1, end)) as Facts;
    return { what: deferred[Number(part.slice(0, space))], facts, after: part.slice(end + 1) };
  });
  for (const { what, facts } of holes) know(what, facts, context);
  const values = await Promise.all(holes.map(({ what, facts }) => computedBy(what, facts, context, info)));
  return start + holes.map(({ after }, at) => values[at] + after).join('');
}

/** What the statement has read need not be read again. */
function know({ other }: Deferred, facts: Facts, { loaders }: GraphContext): void {
  if (other && facts.other) loaders.knowRow(other.noun, other.columns, facts.other as RowOf<Noun> & { id: string });
  if (facts.posted !== undefined) loaders.knowPosted(facts.row.id, facts.posted);
}

async function computedBy(
  { field, parent, nodes }: Deferred,
  { row }: Facts,
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
