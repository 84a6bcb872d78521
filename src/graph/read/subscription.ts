import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  getNamedType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  visit,
} from 'graphql';
import type { HistorySubject } from '../../domain/history';
import { type EventFilter, typesOf } from '../../store/event';
import { checkedFilter } from '../filters';
import { argumentsOf, fieldsOf, type Operation, rootFieldsOf, type Variables } from '../guard/operation';
import { InvalidDocument } from '../guard/parsed-document';
import { type SubjectsRead, subjectsOfField, subjectsOfType } from '../model/subjects';
import { argument, definition, field, variable } from './syntax';

/* What a subscription runs: a query of the same selection. */

const known = new WeakMap<DocumentNode, DocumentNode>();

/** A document whose subscriptions are queries. The roots have the same fields, so nothing else changes. */
function withQueries(document: DocumentNode): DocumentNode {
  let found = known.get(document);
  if (!found) {
    found = visit(document, {
      OperationDefinition: (node) =>
        node.operation === OperationTypeNode.SUBSCRIPTION ? { ...node, operation: OperationTypeNode.QUERY } : undefined,
      NamedType: (node) =>
        node.name.value === 'Subscription' ? { ...node, name: { ...node.name, value: 'Query' } } : undefined,
    });
    known.set(document, found);
  }
  return found;
}

/** The query of a live read. */
export function queryOf(operation: Operation): Operation {
  const document = withQueries(operation.document);
  const at = operation.document.definitions.indexOf(operation.node);
  return { ...operation, document, node: document.definitions[at] as OperationDefinitionNode };
}

/** Whether a subscription follows the events. The only other kind is a live read. */
export const followsEvents = (operation: Operation): boolean => rootOf(operation).name.value === 'events';

/**
 * The only root field. Validation counts it without the variables of `@skip` and `@include`.
 * @throws InvalidDocument BAD_USER_INPUT if they leave it out
 */
function rootOf(operation: Operation): FieldNode {
  const [root] = rootFieldsOf(operation);
  if (root) return root.node;
  const why = 'A subscription must have one root field, and @skip or @include leaves it out.';
  throw new InvalidDocument('BAD_USER_INPUT', [new GraphQLError(why, { nodes: operation.node })]);
}

/** The kinds of objects that a query reads. A change of any other kind leaves its answer as it is. */
export function subjectsRead(query: Operation): SubjectsRead {
  const subjects = new Set(subjectsOfType.BillingSettings);
  for (const { parent, definition } of fieldsOf(query)) {
    const type = getNamedType(definition.type).name.replace(/(Connection|Edge)$/, '');
    for (const more of [subjectsOfType[type], subjectsOfField[`${parent}.${definition.name}`]]) {
      if (more === 'all') return 'all';
      for (const subject of more ?? []) subjects.add(subject);
    }
  }
  return subjects;
}

/** The kinds of objects that a filter of events leaves. */
export function subjectsOfEvents(filter: EventFilter | null | undefined): SubjectsRead {
  const types = typesOf(filter ?? {});
  return types ? new Set(types.map((type) => type.split('.')[0] as HistorySubject)) : 'all';
}

/** The most events of one page. */
export const eventsAtOnce = 100;

/** Names that no client can choose: a name of GraphQL has no such character. */
const own = { root: '#page', cursor: '#cursor', node: '#node', after: '#after', first: '#first' };

/** What a subscription of events runs. */
export interface EventQuery {
  /** The name of the root field in replies. */
  name: string;
  /** The cursor to begin behind; undefined: from now on. */
  after: string | undefined;
  filter: EventFilter | null | undefined;
  /** The variables, without one that only says where to begin. */
  shared: Variables;
  /** The query of the events behind a cursor. */
  page(after: string, first: number): Operation;
}

/** A page of events, as the query for it answers. */
interface EventPage {
  edges: Record<string, unknown>[];
  pageInfo: { endCursor: string; hasNextPage: boolean };
}

/** The page in the data of a reply; null if it could not be read. */
export const pageIn = (data: Record<string, unknown>): EventPage | null => (data[own.root] ?? null) as EventPage | null;

/** Takes what the client did not select out of an edge. */
export function takeOwn(edge: Record<string, unknown>): { cursor: string; at: string } {
  const { [own.cursor]: cursor, [own.node]: node } = edge;
  delete edge[own.cursor];
  delete edge[own.node];
  return { cursor: cursor as string, at: (node as { at: string }).at };
}

/**
 * The query reads pages. Each of their edges has what the client selects of an edge, its cursor and its time.
 * @throws InvalidDocument BAD_USER_INPUT for a filter that the list of events refuses
 */
export function eventQuery(operation: Operation): EventQuery {
  const roots = [...rootFieldsOf(operation)];
  const [root] = roots;
  const { after, filter } = argumentsOf(root, operation.variables) as {
    after?: string | null;
    filter?: EventFilter | null;
  };
  judgeFilter(filter);
  const edge = [
    field('cursor', [], { as: own.cursor }),
    field('node', [field('at')], { as: own.node }),
    ...roots.flatMap(({ node }) => node.selectionSet!.selections),
  ];
  const page = field('events', [field('edges', edge), field('pageInfo', [field('endCursor'), field('hasNextPage')])], {
    as: own.root,
    arguments: [
      ...(root.node.arguments ?? []).filter((each) => each.name.value !== 'after'),
      argument('after', variable(own.after)),
      argument('first', variable(own.first)),
    ],
  });
  const query = queryOf(operation);
  const { variableDefinitions = [], ...rest } = query.node;
  const node: OperationDefinitionNode = {
    ...rest,
    variableDefinitions: [...variableDefinitions, definition(own.after, 'String'), definition(own.first, 'Int')],
    directives: [],
    selectionSet: { kind: Kind.SELECTION_SET, selections: [page] },
  };
  const definitions = query.document.definitions.map((each) => (each === query.node ? node : each));
  const document = { ...query.document, definitions };
  return {
    ...{ name: root.node.alias?.value ?? root.node.name.value, after: after ?? undefined, filter },
    shared: withoutBeginning(root.node, operation),
    page: (behind, first) => ({
      ...{ ...query, document, node },
      variables: { ...operation.variables, [own.after]: behind, [own.first]: first },
    }),
  };
}

/** Judged before anything is read: the first page may be read hours later. */
function judgeFilter(filter: EventFilter | null | undefined): void {
  try {
    checkedFilter(filter);
  } catch (error) {
    throw error instanceof GraphQLError ? new InvalidDocument('BAD_USER_INPUT', [error]) : error;
  }
}

function withoutBeginning(root: FieldNode, { document, variables }: Operation): Variables {
  const given = root.arguments?.find((argument) => argument.name.value === 'after')?.value;
  if (given?.kind !== Kind.VARIABLE) return variables;
  const called = given.name.value;
  let uses = 0;
  visit(document, {
    VariableDefinition: () => false,
    Variable: (node) => {
      if (node.name.value === called) uses++;
    },
  });
  const { [called]: _, ...others } = variables;
  return uses === 1 ? others : variables;
}
