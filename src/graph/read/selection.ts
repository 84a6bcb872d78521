import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

const remembered = new WeakMap<FieldNode, { nodes: readonly FieldNode[]; names: readonly string[] }>();

/**
 * The names of the fields selected on the rows behind a field: directly below it, or below `nodes` and `edges { node }`
 * of a connection. `@skip` and `@include` are ignored: reading a column too many is cheaper than judging them per
 * request. Cached per node of the document, which is parsed once and used for many requests.
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
  const spread = new Set<string>();
  for (const node of info.fieldNodes) if (node.selectionSet) collect(node.selectionSet, info, names, spread);
  const result = [...names];
  remembered.set(info.fieldNodes[0], { nodes: info.fieldNodes, names: result });
  return result;
}

const wrappers = new Set(['nodes', 'edges', 'node']);

/**
 * Each fragment is entered once, however often it is spread. Fragments that spread one another twice would double the
 * work each time.
 */
function collect(set: SelectionSetNode, info: GraphQLResolveInfo, names: Set<string>, spread: Set<string>): void {
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      const name = selection.name.value;
      if (wrappers.has(name) && selection.selectionSet) collect(selection.selectionSet, info, names, spread);
      else names.add(name);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      collect(selection.selectionSet, info, names, spread);
    } else if (!spread.has(selection.name.value)) {
      spread.add(selection.name.value);
      collect(info.fragments[selection.name.value].selectionSet, info, names, spread);
    }
  }
}
