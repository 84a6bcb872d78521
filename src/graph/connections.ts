import type { GraphQLResolveInfo } from 'graphql';
import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';
import { RequestError } from '../domain/errors';
import { LimitError } from '../domain/limits';
import { checkedOrder, count, type List, type Listed, type Order, type PageQuery, page } from '../store/list';
import type { GraphContext } from './context';
import { countCosts } from './cost';
import { decodeCursor, encodeCursor, signatureOf } from './cursor';
import { checkedFilter } from './filters';
import { edgeOrders, type ManyEdge, type ManyTarget, manyEdges } from './loaders';
import { columnsOf, listOf, type Noun, type RowOf, show } from './nouns';
import { selectedFields } from './selection';

export const defaultPageSize = 20;

@ObjectType({
  description: 'Where a page stands in its list. Source: Relay, "GraphQL Cursor Connections Specification".',
  simpleResolvers: true,
})
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether rows follow this page: they are asked for with endCursor as after.' })
  hasNextPage: boolean;
  @Field(() => Boolean, {
    description: 'Whether rows precede this page: they are asked for with startCursor as before.',
  })
  hasPreviousPage: boolean;
  @Field(() => String, { nullable: true, description: 'The cursor of the first row; null on an empty page.' })
  startCursor: string | null;
  @Field(() => String, { nullable: true, description: 'The cursor of the last row; null on an empty page.' })
  endCursor: string | null;
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description:
      'How many rows from the start, or behind `after`: 0 to 100, else PAGE_SIZE. 20 where neither first nor last is given.',
  })
  first?: number | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Rows behind this cursor only, such as the endCursor of the page before; goes with first. One of another list, filter or order is refused with BAD_CURSOR.',
  })
  after?: string | null;
  @Field(() => Int, {
    nullable: true,
    description: 'How many rows from the end, or ahead of `before`: 0 to 100, else PAGE_SIZE; not together with first.',
  })
  last?: number | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Rows ahead of this cursor only, such as the startCursor of the page behind; goes with last. One of another list, filter or order is refused with BAD_CURSOR.',
  })
  before?: string | null;
}

/** Page arguments with the filter and order of a list. */
export interface ListArgs extends PageArgs {
  filter?: object | null;
  orderBy?: Order | null;
}

/** What a connection resolves to. Rows and total are each fetched only when selected. */
export interface Connection<R> {
  nodes: () => Promise<R[]>;
  edges: () => Promise<{ cursor: string; node: R }[]>;
  pageInfo: () => Promise<PageInfo>;
  totalCount: () => Promise<number>;
}

/** The connection and edge types of a noun: all of one shape. */
export function connectionType<T extends object>(node: ClassType<T>, name: string): ClassType<Connection<T>> {
  @ObjectType(`${name}Edge`, {
    description: `A place in a list of ${name} objects, and what stands there.`,
    simpleResolvers: true,
  })
  class Edge {
    @Field(() => String, {
      description:
        'Names this place in this list, with this filter and order; for after and before. Not to be taken apart.',
    })
    cursor: string;
    @Field(() => node, { description: `The ${name} that stands at this place.` }) node: T;
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name} objects.`, simpleResolvers: true })
  class ConnectionClass {
    @Field(() => [Edge], { description: 'The rows of this page, each with its cursor.' }) edges: never;
    @Field(() => [node], { description: 'The rows of this page, without cursors.' }) nodes: never;
    @Field(() => PageInfo, { description: 'Where this page stands in the list, and how to go on from it.' })
    pageInfo: never;
    @Field(() => Int, {
      description:
        'How many rows the whole list has with this filter. Counted only when selected, by a statement of its own.',
    })
    totalCount: never;
  }
  return ConnectionClass as unknown as ClassType<Connection<T>>;
}

interface Window {
  size: number;
  backward: boolean;
  cursor: string | null;
}

/** @throws RequestError PAGE_SIZE, BAD_REQUEST */
function windowOf({ first, after, last, before }: PageArgs, maxPageSize: number): Window {
  if (first != null && last != null) throw new RequestError('PAGE_SIZE', 'Give first or last, not both.');
  const backward = last != null || (before != null && first == null);
  if (backward ? after != null : before != null) {
    throw new RequestError('BAD_REQUEST', 'after is not allowed with last, and before is not allowed with first.');
  }
  const size = (backward ? last : first) ?? Math.min(defaultPageSize, maxPageSize);
  if (size < 0 || size > maxPageSize) {
    throw new LimitError(
      { limit: 'pageSize', allowed: maxPageSize, requested: size },
      `${backward ? 'last' : 'first'} is ${size}; 0 to ${maxPageSize} is allowed.`,
    );
  }
  return { size, backward, cursor: (backward ? before : after) ?? null };
}

/** A list as one field of a document asks for it: the same for every parent that the field stands below. */
interface Asked {
  query: PageQuery;
  /** Signs the cursors. */
  signature: () => string;
}

function askedOf(
  { maxPageSize }: GraphContext,
  name: string,
  noun: Noun,
  args: ListArgs,
  info: GraphQLResolveInfo,
): Asked {
  const definition = listOf(noun);
  const filter = checkedFilter(args.filter);
  const { size, backward, cursor } = windowOf(args, maxPageSize);
  const order = checkedOrder(definition, args.orderBy ?? edgeOrders[name]);
  let signed: string | undefined;
  const signature = () => {
    signed ??= signatureOf(name, order, filter);
    return signed;
  };
  const from = cursor === null ? null : decodeCursor(cursor, signature(), definition.sorts[order.field]);
  const fields = selectedFields(info);
  const withoutCursors = !fields.includes('cursor') && !fields.includes('pageInfo');
  const properties = columnsOf(noun, fields);
  return {
    query: { properties, filter, order, limit: size + 1, from, backward, withoutCursors },
    signature,
  };
}

/** A page of a list, fetched and counted when that is first asked for. One for each parent: a class, so that it is small. */
class Page<R> implements Connection<R> {
  private fetched: Promise<{ rows: Listed<R>[]; more: boolean }> | undefined;

  constructor(
    private readonly asked: Asked,
    private readonly fetch: () => Promise<Listed<R>[]>,
    readonly totalCount: () => Promise<number>,
  ) {}

  private rows(): Promise<{ rows: Listed<R>[]; more: boolean }> {
    this.fetched ??= this.cut();
    return this.fetched;
  }

  private async cut(): Promise<{ rows: Listed<R>[]; more: boolean }> {
    const all = await this.fetch();
    const { limit, backward } = this.asked.query;
    const more = all.length >= limit;
    const rows = more ? all.slice(0, limit - 1) : all;
    return { rows: backward ? [...rows].reverse() : rows, more };
  }

  private cursorOf(row: Listed<R>): string {
    // Then nobody reads it.
    if (this.asked.query.withoutCursors) return '';
    return encodeCursor(this.asked.signature(), { value: row.sortValue, id: row.id });
  }

  async nodes(): Promise<R[]> {
    return (await this.rows()).rows;
  }

  async edges(): Promise<{ cursor: string; node: R }[]> {
    return (await this.rows()).rows.map((node) => ({ cursor: this.cursorOf(node), node }));
  }

  async pageInfo(): Promise<PageInfo> {
    const { rows, more } = await this.rows();
    const { backward, from } = this.asked.query;
    return {
      hasNextPage: backward ? Boolean(from) : more,
      hasPreviousPage: backward ? more : Boolean(from),
      startCursor: rows.length ? this.cursorOf(rows[0]) : null,
      endCursor: rows.length ? this.cursorOf(rows[rows.length - 1]) : null,
    };
  }
}

/** A list of the root, in the caller's scope. */
export function rootConnection<N extends Noun>(
  context: GraphContext,
  noun: N,
  args: ListArgs,
  info: GraphQLResolveInfo,
): Connection<RowOf<N>> {
  const definition: List<RowOf<N>> = listOf(noun);
  const scoped = context.work.reads();
  const asked = askedOf(context, noun, noun, args, info);
  const fetch = async () => (await page(scoped, definition, asked.query)).map((row) => show(noun, row));
  return new Page(asked, fetch, () => {
    context.reply.addReading(countCosts.root);
    return count(scoped, definition, args.filter);
  });
}

/** A to-many edge of a row. */
export function edgeConnection<E extends ManyEdge>(
  context: GraphContext,
  edge: E,
  parentId: string,
  args: ListArgs,
  info: GraphQLResolveInfo,
): Connection<ManyTarget<E>> {
  const { loaders } = context;
  const { asked, pages, totals } = loaders.atField(edge, info.fieldNodes, () => {
    const asked = askedOf(context, edge, manyEdges[edge].target, args, info);
    return { asked, pages: loaders.pages(edge, asked.query), totals: loaders.totals(edge, args.filter) };
  });
  return new Page<ManyTarget<E>>(
    asked,
    () => pages.load(parentId),
    () => {
      context.reply.addReading(countCosts.edge);
      return totals.load(parentId);
    },
  );
}

/** A to-many edge that is short by its nature and comes whole. */
export const edgeList = <E extends ManyEdge>(
  { loaders }: GraphContext,
  edge: E,
  parentId: string,
  info: GraphQLResolveInfo,
): Promise<ManyTarget<E>[]> =>
  loaders
    .atField(edge, info.fieldNodes, () => {
      const properties = columnsOf(manyEdges[edge].target, selectedFields(info));
      return loaders.pages(edge, { properties, limit: 1000, backward: false });
    })
    .load(parentId);
