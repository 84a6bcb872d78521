import type { Work } from '../../service/run/work';
import { parameterError } from './envelope';
import { GraphRead } from './graph-read';
import type { Asked, QueryParameter } from './operation';
import type { Published, Shown } from './shape';

const defaultSize = 20;
const largest = 40;

/** The parameters of the published lists that count their pages. */
export const pageParameters: Readonly<Record<string, QueryParameter>> = {
  page: {
    description: 'Number of the page, from 1. `nextPage` of a reply leads to the next one.',
    schema: { type: 'integer', minimum: 1, default: 1 },
  },
  pageSize: {
    description: 'How many objects a page has at most.',
    schema: { type: 'integer', minimum: 1, maximum: largest, default: defaultSize },
  },
};

/** A connection of the graph, below a field of the root or at the root itself. */
export interface Listed {
  /** The variables that the arguments use, such as `$key: ID!`. */
  declared: string;
  /** The field of the root that finds the parent, with its arguments. Absent: the list is a field of the root. */
  parent?: string;
  field: string;
  /** The arguments of the list, besides its page. */
  args?: string;
  of: Published;
  /** The most objects that can be skipped. */
  most: number;
}

type Result<P> = { page?: P; parent?: { page: P } | null };
interface PageInfo {
  hasNextPage: boolean;
  endCursor: string | null;
}

/**
 * Pages by number over a connection of the graph, which has cursors. The position is found first, without the objects before it.
 * So a page is two statements, and the first page is one.
 */
export class NumberedPages {
  private readonly position: GraphRead<Result<{ pageInfo: PageInfo }>>;
  private readonly objects: GraphRead<Result<{ nodes: Shown[]; pageInfo: PageInfo }>>;

  constructor(private readonly listed: Listed) {
    const { declared, parent, field, args = '', of, most } = listed;
    const query = (variables: string, page: string, selection: string) => {
      const list = `page: ${field}(${[args, page].filter(Boolean).join(', ')}) { ${selection} }`;
      const declarations = [declared, '$rows: Int!', variables].filter(Boolean).join(', ');
      return `query NumberedPage(${declarations}) { ${parent ? `parent: ${parent} { ${list} }` : list} }`;
    };
    this.position = new GraphRead(query('', 'first: $rows', 'pageInfo { hasNextPage endCursor }'), most);
    const selection = `nodes { ${of.selection} } pageInfo { hasNextPage }`;
    this.objects = new GraphRead(query('$after: String', 'first: $rows, after: $after', selection));
  }

  /**
   * A page of the list as published, and the address of the next one; undefined if there is no parent. `path`: the address of
   * the list.
   * @throws RequestError BAD_PARAMETER
   */
  async page(
    work: Work,
    { query, limits }: Pick<Asked<unknown>, 'query' | 'limits'>,
    path: string,
    variables: Record<string, unknown>,
  ): Promise<{ objects: object[]; nextPage?: string } | undefined> {
    const size = wholeNumber(query, 'pageSize', defaultSize, largest);
    const number = wholeNumber(query, 'page', 1, Math.floor(this.listed.most / size) + 1);
    const skipped = (number - 1) * size;
    let after: string | undefined;
    if (skipped > 0) {
      const before = pageOf(await this.position.data(work, limits, { ...variables, rows: skipped }));
      if (!before) return undefined;
      if (!before.pageInfo.hasNextPage) return { objects: [] };
      after = before.pageInfo.endCursor!;
    }
    const found = pageOf(await this.objects.data(work, limits, { ...variables, rows: size, ...(after && { after }) }));
    if (!found) return undefined;
    const { of } = this.listed;
    const objects = found.nodes.map((each) => of.write(each));
    if (!found.pageInfo.hasNextPage) return { objects };
    const next = { ...query, page: number + 1, pageSize: size } as unknown as Record<string, string>;
    return { objects, nextPage: `${path}?${new URLSearchParams(next)}` };
  }
}

const pageOf = <P>({ page, parent }: Result<P>): P | undefined => page ?? parent?.page;

function wholeNumber(query: Asked<unknown>['query'], name: string, otherwise: number, most: number): number {
  const given = query[name] === undefined ? otherwise : String(query[name]);
  const value = /^\d{1,9}$/.test(String(given)) ? Number(given) : 0;
  if (value >= 1 && value <= most) return value;
  throw parameterError(name, `The value is ${given}; 1 to ${most} is allowed.`);
}
