import { type FieldNode, type GraphQLField, type GraphQLObjectType, getNamedType } from 'graphql';
import { idOf } from '../../../domain/key';
import { everyState, type FulfillmentFilter, type FulfillmentGroupBy, summaries } from '../../../store/fulfillment';
import type { Binding, Json } from '../../../store/query/json';
import * as tree from '../../../store/query/tree';
import { checkedFilter } from '../../filters';
import { type ListedNoun, listedNouns, lists } from '../../model/lists';
import { listOf, numberOf } from '../../model/nouns';
import { NotPlanned, type Planner } from './planner';

/** The arguments of a root field in a request. */
type Arguments = (binding: Binding) => Record<string, unknown>;
/** Plans the value of a root field. */
type Root = (
  planner: Planner,
  nodes: readonly FieldNode[],
  args: Arguments,
  field: GraphQLField<unknown, unknown>,
) => Json;

/** One object by its id or business number. */
function byKey(noun: ListedNoun): Root {
  const { argument } = lists[noun].byKey;
  return (planner, nodes, args) => {
    const row = planner.row(noun, 1);
    const condition = (binding: Binding): string => {
      const { [argument]: key, asOf } = args(binding) as Record<string, string>;
      if (asOf != null) throw new NotPlanned('the past is in the history');
      const id = idOf(key);
      if (id) return row.on(`t.id = ${binding.values.add(id, 'uuid')}`);
      const number = numberOf(noun);
      if (!number || key.includes('\0')) return 'false';
      return row.on(`t.${listOf(noun).table.columns[number].name} = ${binding.values.add(key, 'text')}`);
    };
    return tree.matching(row, [condition], planner.object(noun, row, 1, nodes));
  };
}

const page =
  (noun: ListedNoun): Root =>
  (planner, nodes) =>
    planner.page(noun, planner.row(noun, 1), 1, nodes);

const node: Root = (planner, nodes, args) => {
  const id = (binding: Binding) => binding.values.add(idOf(args(binding).id as string) ?? null, 'uuid');
  return tree.withId('k', [id], planner.anyObject('k.id', 1, nodes));
};

const nodes: Root = (planner, below, args) => {
  const ids = (binding: Binding) => {
    const given = args(binding).ids as string[];
    if (given.length > planner.context.maxPageSize) throw new NotPlanned('too many ids');
    return binding.values.add(
      given.map((id) => idOf(id) ?? null),
      'uuid[]',
    );
  };
  return tree.each('k', [ids], planner.anyObject('k.id', 1, below));
};

const fulfillmentSummary: Root = (planner, nodes, args, field) => {
  const rows = (binding: Binding) => {
    const { groupBy, filter } = args(binding) as { groupBy: FulfillmentGroupBy; filter?: FulfillmentFilter | null };
    return summaries(groupBy, checkedFilter(filter), binding.values);
  };
  return tree.groups([rows], planner.values(getNamedType(field.type) as GraphQLObjectType, nodes, tree.summary));
};

const fulfillmentCounts: Root = (planner, nodes, args, field) => {
  const rows = (binding: Binding) => {
    const { filter } = args(binding) as { filter?: FulfillmentFilter | null };
    return everyState(checkedFilter(filter), binding.values);
  };
  return tree.groups([rows], planner.values(getNamedType(field.type) as GraphQLObjectType, nodes, tree.stateCount));
};

/** What can be planned, by the name of the root field. */
export const roots: Readonly<Record<string, Root>> = {
  ...Object.fromEntries(
    listedNouns.flatMap((noun) => [
      [noun, byKey(noun)],
      [`${noun}s`, page(noun)],
    ]),
  ),
  node,
  nodes,
  billingSettings: (planner, nodes) => planner.settings(1, nodes),
  fulfillmentSummary,
  fulfillmentCounts,
};
