import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  getNamedType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields';
import { RequestError } from '../../domain/errors';
import type { PageArgs } from '../build/connection-types';
import { schema } from '../build/schema';
import { argumentsOf, fieldsOf, type Operation } from '../guard/operation';
import { windowOf } from './connections';
import { argument, definition, field, variable } from './syntax';

/* What an export runs: the client's query, page by page. */

/** A query whose one connection is read to its end. */
export interface Export {
  /** The rows that the client wants: `first`; infinite if that is absent. */
  wanted: number;
  /** The cursor to begin behind; null: from the beginning. */
  after: string | null;
  /** The type of the object in a line, and its selection: a node, or an edge. */
  line: { type: GraphQLObjectType; nodes: readonly FieldNode[] };
  operation: Operation;
  fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** The query of the rows behind a cursor. */
  page(after: string | null, first: number): Operation;
}

/** The fields of a page in a reply, in this order. A client cannot choose the names. */
export const ofPage = { page: '#page', rows: '#rows', info: '#info' } as const;
const own = { after: '#after', first: '#first' };

/** The place of a page as its query answers it. */
export interface Reached {
  endCursor: string | null;
  hasNextPage: boolean;
}

const refused = (message: string): RequestError => new RequestError('BAD_REQUEST', message);

/**
 * Reads the operation of an export. `maxPageSize` holds for the connections inside.
 * @throws RequestError BAD_REQUEST, PAGE_SIZE
 */
export function exportOf(operation: Operation, maxPageSize: number): Export {
  const { document, node, variables } = operation;
  if (node.operation !== OperationTypeNode.QUERY) {
    throw refused(`An export is a query, and this is a ${node.operation}. Send it with Accept: application/json.`);
  }
  const fragments = Object.fromEntries(
    document.definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [])),
  );
  const query = schema().getQueryType()!;
  const roots = [...collectFields(schema(), fragments, variables, query, node.selectionSet).values()].filter(
    ([{ name }]) => name.value !== '__typename',
  );
  if (roots.length !== 1) {
    throw refused(`An export has one root field, and this query has ${roots.length}. Send one query for each list.`);
  }
  const [nodes] = roots;
  const root = query.getFields()[nodes[0].name.value];
  const connection = getNamedType(root?.type) as GraphQLObjectType | undefined;
  if (!root?.args.some(({ name }) => name === 'first') || !connection) {
    throw refused(`An export reads a list in pages, such as fulfillments. ${nodes[0].name.value} is no such list.`);
  }
  const wanted = beginningOf(argumentsOf({ definition: root, node: nodes[0], parent: query.name }, variables));
  const [rows, type] = rowsOf(connection, nodes, [
    ...collectSubfields(schema(), fragments, variables, connection, nodes).values(),
  ]);
  for (const inner of fieldsOf(operation)) {
    if (inner.parent === query.name || !inner.definition.args.some(({ name }) => name === 'first')) continue;
    windowOf(argumentsOf(inner, variables) as PageArgs, maxPageSize);
  }
  const page = pages(operation, nodes[0], rows);
  return { ...wanted, line: { type, nodes: rows }, operation, fragments, page };
}

/** @throws RequestError BAD_REQUEST, PAGE_SIZE */
function beginningOf(given: PageArgs): Pick<Export, 'wanted' | 'after'> {
  const { first, after, last, before } = given;
  if (last != null || before != null) {
    throw refused('An export goes forward: last and before are not allowed. To reverse the order, use orderBy.');
  }
  if (first != null && first < 0) {
    throw new RequestError('PAGE_SIZE', `first is ${first}; in an export 0 or more is allowed, and all without first.`);
  }
  return { wanted: first ?? Number.POSITIVE_INFINITY, after: after ?? null };
}

/** The one selection of rows, and the type of a row. @throws RequestError BAD_REQUEST */
function rowsOf(
  connection: GraphQLObjectType,
  [{ name: called }]: readonly FieldNode[],
  selected: readonly (readonly FieldNode[])[],
): [nodes: readonly FieldNode[], type: GraphQLObjectType] {
  const named = (...names: string[]) => selected.filter(([{ name }]) => names.includes(name.value));
  if (named('totalCount').length) {
    throw refused('totalCount is not part of an export. Count the lines, or ask for totalCount in a query of its own.');
  }
  const [rows, ...others] = named('nodes', 'edges');
  if (!rows || others.length) {
    throw refused(`An export selects nodes or edges of ${called.value}, and this one only once.`);
  }
  return [rows, getNamedType(connection.getFields()[rows[0].name.value].type) as GraphQLObjectType];
}

function pages(operation: Operation, root: FieldNode, rows: readonly FieldNode[]): Export['page'] {
  const { node, document, variables } = operation;
  const { variableDefinitions = [], ...rest } = node;
  const below = rows.flatMap(({ selectionSet }) => selectionSet!.selections);
  const selected = field(
    root.name.value,
    [
      field(rows[0].name.value, below, { as: ofPage.rows }),
      field('pageInfo', [field('endCursor'), field('hasNextPage')], { as: ofPage.info }),
    ],
    {
      as: ofPage.page,
      arguments: [
        ...(root.arguments ?? []).filter(({ name }) => name.value !== 'after' && name.value !== 'first'),
        argument('after', variable(own.after)),
        argument('first', variable(own.first)),
      ],
    },
  );
  const paged: OperationDefinitionNode = {
    ...rest,
    variableDefinitions: [...variableDefinitions, definition(own.after, 'String'), definition(own.first, 'Int')],
    selectionSet: { kind: Kind.SELECTION_SET, selections: [selected] },
  };
  const definitions = document.definitions.map((each) => (each === node ? paged : each));
  return (after, first) => ({
    ...operation,
    document: { ...document, definitions },
    node: paged,
    variables: { ...variables, [own.after]: after, [own.first]: first },
  });
}
