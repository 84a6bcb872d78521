import type { GraphQLField } from 'graphql';
import { RequestError } from '../../../domain/errors';
import { isObject } from '../../../domain/json';
import { schema } from '../../../graph/build/schema';
import type { Work } from '../../../service/run/work';
import { parameterError } from '../envelope';
import { GraphRead } from '../graph-read';
import type { Asked as AskedOfOperation } from '../operation';
import type { Shown } from '../shape';
import { type Filter, id } from './filters';
import { type Askable, type Asked, parametersOf } from './parameters';
import type { Queried } from './queried';
import { type Source, type View, variableOf } from './views';

type Query = Pick<AskedOfOperation<unknown>, 'key' | 'query' | 'limits' | 'rates'>;

/** A page as the graph shows it. Short lists of the graph have no pages. */
type Page = { edges: { cursor: string; node: Shown }[]; pageInfo: { hasNextPage: boolean } } | Shown[];

/** As many rows are read where this program judges some of them: the longest page of the graph. */
const judged = 100;

/**
 * Reads one view by queries of the graph. Each request is one query, and so one statement. Where the graph lacks a condition, this
 * program leaves rows out of a page. Such a page may be short, and `nextPage` then leads on.
 */
export class Reader {
  readonly askable: Askable;
  private readonly list?: GraphRead<{ page: Page }>;
  private readonly below = new Map<string, GraphRead<{ parent: { page: Page } | null }>>();
  private readonly single: GraphRead<{ one: Shown | null }>;
  private readonly name: string;

  constructor(private readonly view: View) {
    const { object, list, parents = {}, filters, sorts } = view;
    this.name = object.type.toLowerCase();
    const paths = pathsOf(object);
    const fields = new Map([[this.name, object.names]]);
    for (const [path, of] of paths) fields.set(path.slice(path.lastIndexOf('.') + 1), of.names);
    const byParent = Object.fromEntries([['id', id('id')], ...Object.keys(parents).map((name) => [name, id(name)])]);
    this.askable = { filters: list ? filters : byParent, sorts, expansions: [...paths.keys()], fields };
    const selection = `${object.selection} ${Object.values(filters).map(selectionOf).join(' ')}`;
    if (list) {
      const { args } = rootField(list);
      const typeOf = (name: string) => args.find((arg) => arg.name === name)!.type;
      const declared = `$filter: ${typeOf('filter')}, $orderBy: ${typeOf('orderBy')}`;
      this.list = this.query(
        declared,
        `page: ${list}(filter: $filter, orderBy: $orderBy, ${page}) { ${edges(selection)} }`,
      );
    }
    for (const [name, source] of Object.entries(parents)) this.below.set(name, this.ofParent(source, selection));
    const { field, argument } = view.one ?? { field: 'node', argument: 'id' };
    const inner = view.one ? selection : `... on ${object.type} { ${selection} }`;
    this.single = this.query('$key: ID!', `one: ${field}(${argument}: $key) { ${inner} }`);
  }

  /** A page of the view. @throws RequestError BAD_PARAMETER */
  async page(work: Work, query: Query): Promise<object> {
    const asked = parametersOf(query.query, this.askable);
    const { filter, keeps } = conditionsOf(asked);
    const rows = keeps.length ? judged : asked.pageSize;
    const found = await this.found(work, query, asked, { filter, rows });
    if (Array.isArray(found)) return { data: found.map((each) => this.shown(each, asked)) };
    const kept = found.edges.filter(({ node }) => keeps.every((keep) => keep(node)));
    const shown = kept.slice(0, asked.pageSize);
    const last =
      kept.length > shown.length ? shown.at(-1) : found.pageInfo.hasNextPage ? found.edges.at(-1) : undefined;
    return { ...(last && { nextPage: last.cursor }), data: shown.map(({ node }) => this.shown(node, asked)) };
  }

  /** One object of the view. @throws RequestError BAD_PARAMETER, NO_SUCH_PATH if the caller sees none */
  async one(work: Work, query: Query): Promise<object> {
    const asked = parametersOf(query.query, this.askable, true);
    const found = await this.find(work, query, asked, query.key);
    if (found) return this.shown(found, asked);
    throw new RequestError(
      'NO_SUCH_PATH',
      `No ${this.view.called} has this id${this.view.one?.argument === 'key' ? ' or number' : ''}.`,
    );
  }

  private async found(
    work: Work,
    query: Query,
    asked: Asked,
    { filter, rows }: { filter: object; rows: number },
  ): Promise<Page> {
    const { limits, rates } = query;
    const variables = { ...this.variables(asked), rows, ...(asked.cursor !== undefined && { after: asked.cursor }) };
    try {
      if (this.list) {
        const ordered = { filter, ...(asked.order && { orderBy: asked.order }) };
        return (await this.list.data(work, limits, { ...variables, ...ordered }, rates)).page;
      }
      const { name, value } = this.parentOf(asked);
      if (name === 'id') return [await this.find(work, query, asked, value)].filter((each) => each !== null);
      const { parent } = await this.below.get(name)!.data(work, limits, { ...variables, parent: value }, rates);
      return parent?.page ?? [];
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== 'BAD_CURSOR') throw error;
      throw parameterError('cursor', error.message);
    }
  }

  private async find(work: Work, { limits, rates }: Query, asked: Asked, key: string): Promise<Shown | null> {
    const { one } = await this.single.data(work, limits, { ...this.variables(asked), key }, rates);
    // Another object with this id is nothing of this view.
    return one && 'id' in one ? one : null;
  }

  /** There is no list of all items. Each belongs to a parent, and is found below it. */
  private parentOf({ conditions }: Asked): { name: string; value: string } {
    const [condition] = conditions;
    if (conditions.length === 1 && condition.operator === 'EQ') return condition;
    const names = Object.keys(this.askable.filters);
    throw parameterError(
      'filter[]',
      `Give one of ${names.map((name) => `${name}.EQ:<id>`).join(', ')}, and nothing else.`,
    );
  }

  private variables({ pageSize, expanded }: Asked): Record<string, unknown> {
    const flags = this.askable.expansions.map((path): [string, boolean] => [variableOf(path), expanded.has(path)]);
    return { first: pageSize, ...Object.fromEntries(flags) };
  }

  private shown(node: Shown, { fields, nulls }: Asked): object {
    return this.view.object.show(node, fields, nulls, this.name);
  }

  private ofParent({ root, argument, field }: Source, selection: string): GraphRead<{ parent: { page: Page } | null }> {
    const type = schema().getType(rootField(root).type.toString().replace('!', '')) as unknown as {
      getFields(): Record<string, GraphQLField<unknown, unknown>>;
    };
    const isPaged = type.getFields()[field].args.some(({ name }) => name === 'first');
    const list = isPaged ? `page: ${field}(${page}) { ${edges(selection)} }` : `page: ${field} { ${selection} }`;
    return this.query('$parent: ID!', `parent: ${root}(${argument}: $parent) { ${list} }`);
  }

  /** A query with those variables that it uses. */
  private query<Data>(declared: string, fields: string): GraphRead<Data> {
    const flags = this.askable.expansions.map((path) => `$${variableOf(path)}: Boolean!`);
    const paging = ['$first: Int!', '$rows: Int!', '$after: String'];
    const used = [...paging, ...flags].filter((each) => new RegExp(`\\${each.split(':')[0]}\\b`).test(fields));
    return new GraphRead(`query Queried${this.view.object.type}(${[declared, ...used].join(', ')}) { ${fields} }`);
  }
}

const page = 'first: $rows, after: $after';
const edges = (selection: string): string => `edges { cursor node { ${selection} } } pageInfo { hasNextPage }`;
const rootField = (name: string) => schema().getQueryType()!.getFields()[name];

/** The value that this program judges, where the graph cannot. */
const selectionOf = ({ path }: Filter): string =>
  path.split('.').reduceRight((inner, step) => (inner ? `${step} { ${inner} }` : step), '');

/** The paths of all expansions, with what they show. */
function pathsOf(object: Queried, before = ''): Map<string, Queried> {
  return new Map(
    object.expansions.flatMap(([name, of]): [string, Queried][] => [
      [before + name, of],
      ...pathsOf(of, `${before}${name}.`),
    ]),
  );
}

/** The filter of the graph, and what this program judges: what the graph has no condition for, or has one already. */
function conditionsOf({ conditions }: Asked): { filter: Record<string, unknown>; keeps: ((node: Shown) => boolean)[] } {
  const filter: Record<string, unknown> = {};
  const keeps: ((node: Shown) => boolean)[] = [];
  for (const {
    filter: { field, path },
    asked: { condition, holds },
  } of conditions) {
    const both = together(filter[field], condition);
    if (both === undefined) keeps.push((node) => holds(valueAt(node, path)));
    else filter[field] = both;
  }
  return { filter, keeps };
}

/** Two conditions on one field as one; undefined if the graph has no such condition. */
function together(one: unknown, other: unknown): unknown {
  if (one === undefined || other === undefined) return other;
  const isFree = isObject(one) && isObject(other) && Object.keys(other).every((key) => !(key in one));
  return isFree ? { ...one, ...other } : undefined;
}

const valueAt = (node: Shown, path: string): unknown =>
  path.split('.').reduce<unknown>((at, step) => (at as Shown | null | undefined)?.[step], node);
