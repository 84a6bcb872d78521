import type { GraphQLResolveInfo } from 'graphql';
import { RequestError } from '../../domain/errors';
import { defaultPageSize, LimitError } from '../../domain/limits';
import {
  checkedOrder,
  count,
  type Listed,
  type Order,
  type PageQuery,
  type Position,
  page,
} from '../../store/query/list';
import type { PageArgs, PageInfo } from '../build/connection-types';
import type { GraphContext } from '../context';
import { checkedFilter } from '../filters';
import { countCosts } from '../guard/cost';
import { edges, type PageEdge, type ShortEdge, type TargetOf } from '../model/edges';
import { listOf, type Noun, type RowOf } from '../model/nouns';
import { columnsOf } from './columns';
import { decodeCursor, encodeCursor, signatureOf } from './cursor';
import { selectedFields } from './selection';
import { showInPlace } from './show';

/** Page arguments with the filter and order of a list. */
export interface ListArgs extends PageArgs {
  filter?: object | null;
  orderBy?: Order | null;
}

/** The value of a connection. Rows and total are each fetched only if selected. */
export interface RelayConnection<R> {
  nodes: () => Promise<R[]>;
  edges: () => Promise<{ cursor: string; node: R }[]>;
  pageInfo: () => Promise<PageInfo>;
  totalCount: () => Promise<number>;
}

interface Window {
  size: number;
  backward: boolean;
  cursor: string | null;
}

/** @throws RequestError PAGE_SIZE, BAD_REQUEST */
export function windowOf({ first, after, last, before }: PageArgs, maxPageSize: number): Window {
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

/** A page as the arguments of a field ask for it. */
interface PageAsked {
  filter: object | null | undefined;
  order: Order;
  size: number;
  backward: boolean;
  from: Position | null;
  /** Returns the signature of the cursors, computed at the first call. */
  signature: () => string;
}

/**
 * Reads the arguments of a list. `name` is the edge, or the noun of a list of the root; `usual` is its order if the client
 * names none.
 * @throws RequestError PAGE_SIZE, BAD_CURSOR, BAD_REQUEST
 */
export function pageAsked(maxPageSize: number, name: string, noun: Noun, args: ListArgs, usual?: Order): PageAsked {
  const definition = listOf(noun);
  const filter = checkedFilter(args.filter);
  const { size, backward, cursor } = windowOf(args, maxPageSize);
  const order = checkedOrder(definition, args.orderBy ?? usual);
  let signed: string | undefined;
  const signature = () => {
    signed ??= signatureOf(name, order, filter);
    return signed;
  };
  const from = cursor === null ? null : decodeCursor(cursor, signature(), definition.sorts[order.field]);
  return { filter, order, size, backward, from, signature };
}

/** A list as one field of a document requests it. All parents of the field share it. */
export interface Asked {
  query: PageQuery;
  signature: () => string;
}

function askedOf(
  { maxPageSize }: GraphContext,
  name: string,
  noun: Noun,
  args: ListArgs,
  info: GraphQLResolveInfo,
  usual?: Order,
): Asked {
  const { size, signature, ...asked } = pageAsked(maxPageSize, name, noun, args, usual);
  const fields = selectedFields(info);
  const withoutCursors = !fields.includes('cursor') && !fields.includes('pageInfo');
  return { query: { ...asked, properties: columnsOf(noun, fields), limit: size + 1, withoutCursors }, signature };
}

/** A page of a list, fetched and counted on demand. Every parent has one, so a class keeps each page small. */
export class Page<R> implements RelayConnection<R> {
  private fetched: Promise<{ rows: Listed<R>[]; more: boolean }> | undefined;

  constructor(
    protected readonly asked: Asked,
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

  protected cursorOf(row: Listed<R>): string {
    // Nobody reads the cursor then.
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
): RelayConnection<RowOf<N>> {
  const definition = listOf(noun);
  const scoped = context.work.reads();
  const asked = askedOf(context, noun, noun, args, info);
  const fetch = async () => (await page(scoped, definition, asked.query)).map((row) => showInPlace(noun, row));
  return new Page(asked, fetch, () => {
    context.reply.addReading(countCosts.root);
    return count(scoped, definition, args.filter);
  });
}

/** An edge to many rows, in pages. */
export function edgeConnection<E extends PageEdge>(
  context: GraphContext,
  edge: E,
  parentId: string,
  args: ListArgs,
  info: GraphQLResolveInfo,
): RelayConnection<TargetOf<E>> {
  const { loaders } = context;
  const { asked, pages, totals } = loaders.atField(edge, info.fieldNodes, () => {
    const { target, order } = edges[edge];
    const asked = askedOf(context, edge, target, args, info, order);
    return { asked, pages: loaders.pages(edge, asked.query), totals: loaders.totals(edge, args.filter) };
  });
  return new Page<TargetOf<E>>(
    asked,
    () => pages.load(parentId),
    () => {
      context.reply.addReading(countCosts.edge);
      return totals.load(parentId);
    },
  );
}

/** An edge to a few rows, without pages. */
export const edgeList = <E extends ShortEdge>(
  { loaders }: GraphContext,
  edge: E,
  parentId: string,
  info: GraphQLResolveInfo,
): Promise<TargetOf<E>[]> =>
  loaders
    .atField(edge, info.fieldNodes, () => {
      const properties = columnsOf(edges[edge].target, selectedFields(info));
      return loaders.pages(edge, { properties, limit: 1000, backward: false });
    })
    .load(parentId);
