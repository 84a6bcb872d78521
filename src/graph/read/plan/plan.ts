import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getArgumentValues,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  visit,
} from 'graphql';
import { collectFields } from 'graphql/execution/collectFields';
import { LRUCache } from 'lru-cache';
import type { Scope } from '../../../domain/caller';
import { type Binding, joined, type Sql } from '../../../store/query/json';
import { schema } from '../../build/schema';
import type { Prepared } from '../../guard/operation';
import { type Deferred, NotPlanned, Planner } from './planner';
import { roots } from './roots';

/** A root field that a statement can answer. */
export interface PlannedRoot {
  /** The name in the reply. */
  name: string;
  nodes: readonly FieldNode[];
  value: Sql;
  usesSettings: boolean;
  /** The names in the reply of each `totalCount`: of lists of the root, and of edges. */
  totals: { root: readonly string[]; edges: readonly string[] };
  scope: Scope;
}

/** An operation as statements can answer it. It does not depend on variables other than those of `@skip` and `@include`. */
export interface Plan {
  /** All root fields in the order of the reply, with their nodes. */
  fields: readonly (readonly [name: string, nodes: readonly FieldNode[]])[];
  planned: readonly PlannedRoot[];
  deferred: readonly Deferred[];
  fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** Operations with some of the root fields alone, by their names. */
  parts: Map<string, OperationDefinitionNode>;
  /** Tells the plan apart from all others. */
  number: number;
  /** Its fields, where one that is costly counts as several. */
  size: number;
}

/** The number of an operation, and the variables that take fields in or leave them out. */
const operations = new WeakMap<OperationDefinitionNode, { number: number; switches: readonly string[] }>();
let numbers = 0;

/**
 * The plans that were used last, by operation and by the values of those variables. They are bounded by their fields, each
 * of which takes almost a kilobyte: with fragments and switches, a text of a kilobyte has sixteen plans of a thousand fields.
 */
const plans = new LRUCache<string, { plan: Plan | null }>({
  maxSize: 200_000,
  sizeCalculation: ({ plan }) => 1 + (plan?.size ?? 0),
});

/** The plan of a query; null if no part of it can be planned. */
export function planOf({ document, node, variables }: Prepared, maxPageSize: number): Plan | null {
  let own = operations.get(node);
  if (!own) {
    own = { number: numbers++, switches: switchesOf(document) };
    operations.set(node, own);
  }
  const key = `${own.number} ${own.switches.map((name) => `${name}=${variables[name]}`).join()}`;
  let known = plans.get(key);
  if (!known) {
    known = { plan: make({ document, node, variables }, maxPageSize) };
    plans.set(key, known);
  }
  return known.plan;
}

/** Plans the queries of a document before they are asked for. Those with `@skip` or `@include` by variables wait for values. */
export function planAhead(document: DocumentNode, maxPageSize: number): void {
  if (switchesOf(document).length) return;
  for (const node of document.definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION || node.operation !== OperationTypeNode.QUERY) continue;
    planOf({ document, node, variables: {} }, maxPageSize);
  }
}

/** The variables that `@skip` and `@include` read. */
function switchesOf(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive({ arguments: given }) {
      for (const { value } of given ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names].sort();
}

function make({ document, node, variables }: Prepared, maxPageSize: number): Plan | null {
  const own = schema();
  const query = own.getQueryType()!;
  const fragments = Object.fromEntries(
    document.definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [])),
  );
  const fields = [...collectFields(own, fragments, variables, query, node.selectionSet)];
  const planned: PlannedRoot[] = [];
  const deferred: Deferred[] = [];
  let size = 0;
  for (const [name, nodes] of fields) {
    const { value: field } = nodes[0].name;
    const definition = query.getFields()[field];
    if (!(field in roots)) continue;
    try {
      const planner = new Planner({ schema: own, fragments, variables, maxPageSize }, deferred.length);
      const args = (binding: Binding) => getArgumentValues(definition, nodes[0], binding.variables);
      const value = joined(roots[field](planner, nodes, args, definition));
      const { usesSettings, totals } = planner;
      const scope = definition.extensions.scope as Scope;
      planned.push({ name, nodes, value, usesSettings, totals, scope });
      deferred.push(...planner.deferred);
      size += planner.size;
    } catch (error) {
      if (!(error instanceof NotPlanned)) throw error;
    }
  }
  if (planned.length === 0) return null;
  return { fields, planned, deferred, fragments, parts: new Map(), number: numbers++, size };
}
