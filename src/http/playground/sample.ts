/** An operation that the playground offers. */
export interface SampleOperation {
  /** Shown in the Samples panel. The tab is named after the operation. */
  title: string;
  summary: string;
  query: string;
  variables?: Record<string, unknown>;
}
