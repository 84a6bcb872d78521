/** The groups of the Samples panel, in its order. */
export const sampleGroups = [
  'Start here',
  'Fulfillments',
  'Line items and returns',
  'Invoices, credit memos, payments',
  'Bill runs',
  'Settings',
  'Changes, live',
] as const;

/** An operation that the playground offers. */
export interface SampleOperation {
  /** Shown in the Samples panel. The tab is named after the operation. */
  title: string;
  summary: string;
  group: (typeof sampleGroups)[number];
  /** The scopes without which it would be refused. A client that lacks one of them is not offered the sample. */
  needs: string[];
  query: string;
  variables?: Record<string, unknown>;
}

/** What an operation does as it comes: only read, write, or write and keep nothing. */
export type SampleKind = 'read' | 'write' | 'rehearsal';

/** The kind of an operation with these variables. A mutation with `dryRun: true` is a rehearsal. */
export function kindOf({ query, variables }: Pick<SampleOperation, 'query' | 'variables'>): SampleKind {
  if (!/^mutation\b/m.test(query)) return 'read';
  return variables?.dryRun === true ? 'rehearsal' : 'write';
}

/** Whether a client with these scopes may run it. Scopes that are not known yet forbid nothing. */
export function isOffered({ needs }: Pick<SampleOperation, 'needs'>, scopes: readonly string[] | undefined): boolean {
  return !scopes || needs.every((scope) => scopes.includes(scope));
}
