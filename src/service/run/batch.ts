import { Refusal, type UserError, userError } from '../../domain/errors';
import { maxEntries } from '../../domain/fulfillment-create';

/* Shared parts of mutations of many objects. */

export type OnError = 'RejectAll' | 'SkipFailed';

export interface BatchOptions {
  /**
   * RejectAll refuses everything on any error. SkipFailed carries out the entries that are allowed, judged in request
   * order.
   */
  onError?: OnError;
  dryRun?: boolean;
}

/** How an update changes its object. */
export interface UpdateOptions {
  /** The version that the caller has read. */
  expectedVersion?: number | null;
  dryRun?: boolean;
  /** Whether custom fields that the update does not name stay, as on REST. The graph replaces them as a whole. */
  keepsCustomFields?: boolean;
}

/** Ends the unit if there are errors. @throws Refusal */
export function refuse(errors: UserError[]): void {
  if (errors.length) throw new Refusal(errors);
}

/** One request takes 1 to 1,000 entries. */
export function judgeCount(count: number, path: string[]): UserError[] {
  if (count === 0) return [userError('REQUIRED', 'Give at least one entry.', path)];
  if (count <= maxEntries) return [];
  return [userError('LIMIT_EXCEEDED', `The request has ${count} entries; at most ${maxEntries} are allowed.`, path)];
}

/** The entries of a refused batch: null for each entry. The list is empty if the request has too many entries. */
export const noneOf = (count: number): null[] => Array(count <= maxEntries ? count : 0).fill(null);

/**
 * The accepted results of a batch. RejectAll refuses the batch on any error. SkipFailed refuses it only if every entry
 * failed.
 */
export function judged<R>(results: readonly (R | null)[], errors: UserError[], onError: OnError): R[] {
  const accepted = results.filter((result) => result !== null);
  if (errors.length && (onError === 'RejectAll' || accepted.length === 0)) throw new Refusal(errors);
  return accepted;
}
