// What differs between two answers to a subscription. The page bundles this file, so it may import nothing of the server.

/** A value that differs: its path, and how it reads before and after. Undefined where there was none. */
export interface ReplyChange {
  path: string;
  before?: string;
  after?: string;
}

/**
 * The values that differ between two replies, in the order of the later one; then those that are gone. Rows of a list are
 * compared by their id, number or state where they have one, so that a row that has moved is not a change.
 */
export function changesBetween(before: unknown, after: unknown): ReplyChange[] {
  const old = leavesOf(before);
  const now = leavesOf(after);
  const changed = [...now].filter(([path, value]) => old.get(path) !== value);
  const gone = [...old].filter(([path]) => !now.has(path));
  return [
    ...changed.map(([path, value]) => ({ path, before: old.get(path), after: value })),
    ...gone.map(([path, value]) => ({ path, before: value })),
  ];
}

function leavesOf(value: unknown, path = '', leaves = new Map<string, string>()): Map<string, string> {
  if (typeof value !== 'object' || value === null) return leaves.set(path, JSON.stringify(value) ?? 'undefined');
  for (const [name, inner] of Object.entries(value)) {
    const step = Array.isArray(value) ? `[${nameOf(inner) ?? name}]` : `${path && '.'}${name}`;
    leavesOf(inner, path + step, leaves);
  }
  return leaves;
}

function nameOf(row: unknown): string | undefined {
  const { id, fulfillmentNumber, state } = (row ?? {}) as Record<string, unknown>;
  const name = id ?? fulfillmentNumber ?? state;
  return typeof name === 'string' ? name : undefined;
}
