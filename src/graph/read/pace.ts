import {
  type FieldNode,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  isLeafType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import type { GraphContext } from '../context';
import { readingCosts } from '../guard/cost';
import { turn } from './event-loop';

/*
 * Builds a reply: every field counts towards its size (reply-size.ts), and rows come in turns (event-loop.ts).
 *
 * No resolver throws: it rejects. If a row of a list fails at once, graphql-js forgets the promises of the rows before it.
 * When such a promise is rejected, nobody handles the rejection, and that ends the process.
 */

type Resolve = GraphQLFieldResolver<unknown, GraphContext>;

/** A list with more values than this comes row by row. */
const mostAtOnce = 3_000;

/** For fields without a resolver of their own. */
export const property: Resolve = (source, _args, context, info) => {
  const row = source as Record<string, unknown>;
  const value = row[info.fieldName];
  // A connection fetches a part when it is read (connections.ts).
  return typeof value === 'function' ? fetched(value.call(row), context, info) : shown(value, context, info);
};

/**
 * Counts and paces the values that the resolvers of a schema return. Those of introspection are shared by all schemas of the
 * process: 300 milliseconds of introspection went by without a turn for others, and cost nothing.
 */
export function paced(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    const isOurs = !type.name.startsWith('__');
    for (const field of Object.values(type.getFields())) {
      const resolve = field.resolve as Resolve | undefined;
      if (!resolve) continue;
      const own = pacedResolve(resolve, readingCosts[`${type.name}.${field.name}`]);
      // Libraries introspect the schema too, without a context.
      field.resolve = isOurs
        ? own
        : (source, args, context, info) => (context?.reply ? own : resolve)(source, args, context, info);
    }
  }
}

/** A resolver whose values are counted and paced. `reading` is the cost of reading beyond the rows that it returns. */
export const pacedResolve =
  (resolve: Resolve, reading = 0): Resolve =>
  (source, args, context, info) => {
    context.reply.addReading(reading);
    try {
      return fetched(resolve(source, args, context, info), context, info);
    } catch (error) {
      return Promise.reject(error);
    }
  };

const fetched = (value: unknown, context: GraphContext, info: GraphQLResolveInfo): unknown =>
  value instanceof Promise ? value.then((each) => shown(each, context, info)) : shown(value, context, info);

function shown(value: unknown, context: GraphContext, info: GraphQLResolveInfo): unknown {
  const { reply } = context;
  if (typeof value !== 'object' || value === null || isLeafType(getNamedType(info.returnType))) {
    reply.addValue(info.path.key, value);
    return value;
  }
  const isList = Array.isArray(value);
  reply.addObjects(isList ? value.length : 1);
  if (!isList && !reply.isLarge) return value;
  const width = widthOf(info);
  const values = isList ? value.length * width : width;
  if (values <= mostAtOnce && !reply.isLarge) return value;
  try {
    reply.check(info);
  } catch (error) {
    return Promise.reject(error);
  }
  if (!isList || values <= mostAtOnce) return after(turn(values), value, context, info);
  return value.map((each) => after(turn(width), each, context, info));
}

/** Returns a value when its turn has come, unless the request has been ended meanwhile. */
function after(
  waited: Promise<void> | undefined,
  value: unknown,
  { reply }: GraphContext,
  info: GraphQLResolveInfo,
): unknown {
  return waited
    ? reply.waiting(waited).then(() => {
        reply.check(info);
        return value;
      })
    : value;
}

const widths = new WeakMap<FieldNode, number>();

/** Number of values in each object that a field leads to. */
function widthOf({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  let width = 0;
  for (const node of fieldNodes) {
    let own = widths.get(node);
    if (own === undefined) {
      own = node.selectionSet ? fieldsIn(node.selectionSet, fragments, new Set()) : 0;
      widths.set(node, own);
    }
    width += own;
  }
  return width;
}

/** Each fragment is entered once, as in the execution. */
function fieldsIn(
  { selections }: SelectionSetNode,
  fragments: GraphQLResolveInfo['fragments'],
  entered: Set<string>,
): number {
  let count = 0;
  for (const node of selections) {
    if (node.kind === Kind.FIELD) count++;
    else if (node.kind === Kind.INLINE_FRAGMENT) count += fieldsIn(node.selectionSet, fragments, entered);
    else if (!entered.has(node.name.value)) {
      entered.add(node.name.value);
      count += fieldsIn(fragments[node.name.value].selectionSet, fragments, entered);
    }
  }
  return count;
}
