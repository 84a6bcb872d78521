import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

const remembered = new WeakMap<FieldNode, { nodes: readonly FieldNode[]; names: readonly string[] }>();

/**
 * The names of the fields selected on the rows behind a field: directly below it, or below `nodes` and `edges { node }`
 * of a connection. `@skip` and `@include` are not weighed: a column too many is cheaper than judging them per request.
 * Remembered per node of the document, which is parsed once and used for many requests.
 */
export function selectedFields(info: GraphQLResolveInfo): readonly string[] {
  const known = remembered.get(info.fieldNodes[0]);
  if (
    known &&
    known.nodes.length === info.fieldNodes.length &&
    known.nodes.every((node, at) => node === info.fieldNodes[at])
  ) {
    return known.names;
  }
  const names = new Set<string>();
  for (const node of info.fieldNodes) if (node.selectionSet) collect(node.selectionSet, info, names);
  const result = [...names];
  remembered.set(info.fieldNodes[0], { nodes: info.fieldNodes, names: result });
  return result;
}

const wrappers = new Set(['nodes', 'edges', 'node']);

function collect(set: SelectionSetNode, info: GraphQLResolveInfo, names: Set<string>): void {
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      const name = selection.name.value;
      if (wrappers.has(name) && selection.selectionSet) collect(selection.selectionSet, info, names);
      else names.add(name);
    } else {
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : info.fragments[selection.name.value];
      if (inner) collect(inner.selectionSet, info, names);
    }
  }
}
