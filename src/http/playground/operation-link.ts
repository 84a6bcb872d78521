// Links that carry an operation. The page bundles this file, so it may import nothing of the server.

/** What a link carries: the operation and its variables, as the editors show them. Never headers, which hold tokens. */
interface LinkedOperation {
  query: string;
  /** Text of the variables editor. */
  variables?: string;
}

/**
 * The part of an address behind its `#`, which a browser sends to no server. So an operation gets into no log, and its
 * length is not bounded by what a server takes.
 */
export function fragmentOf({ query, variables }: LinkedOperation): string {
  const fields = new URLSearchParams({ query });
  if (variables?.trim()) fields.set('variables', variables);
  return `#${fields}`;
}

/** The operation that such a fragment carries; undefined where it carries none. */
export function operationIn(fragment: string): LinkedOperation | undefined {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const query = fields.get('query');
  if (!query) return undefined;
  const variables = fields.get('variables');
  return { query, ...(variables && { variables }) };
}
