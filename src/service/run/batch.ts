import { Refusal, type UserError, userError } from '../../domain/errors';
import { maxEntries } from '../../domain/fulfillment-create';

/* What mutations of many objects have in common. */

export type OnError = 'RejectAll' | 'SkipFailed';

export interface BatchOptions {
  /** RejectAll refuses everything on any error; SkipFailed carries out what is allowed, judged in request order. */
  onError?: OnError;
  dryRun?: boolean;
}

/** Ends the unit where there is any error. @throws Refusal */
export function refuse(errors: UserError[]): void {
  if (errors.length) throw new Refusal(errors);
}

/** One request takes 1 to 1,000 entries. */
export function judgeCount(count: number, path: string[]): UserError[] {
  if (count === 0) return [userError('REQUIRED', 'Give at least one entry.', path)];
  if (count <= maxEntries) return [];
  return [userError('LIMIT_EXCEEDED', `The request has ${count} entries; at most ${maxEntries} are allowed.`, path)];
}

/** What a batch that was refused shows: null for each entry, and none for more entries than one request takes. */
export const noneOf = (count: number): null[] => Array(count <= maxEntries ? count : 0).fill(null);

/** What goes on after the entries were judged: all or nothing, or those that passed; if none did, nothing. */
export function judged<R>(results: readonly (R | null)[], errors: UserError[], onError: OnError): R[] {
  const accepted = results.filter((result) => result !== null);
  if (errors.length && (onError === 'RejectAll' || accepted.length === 0)) throw new Refusal(errors);
  return accepted;
}
