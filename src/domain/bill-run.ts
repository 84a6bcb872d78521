import type { Caller } from './caller';
import type { Day } from './date';
import { type UserError, userError } from './errors';

/** Source: bill run statuses as published, as far as they occur here. */
export type BillRunStatus =
  | 'Pending'
  | 'Processing'
  | 'Completed'
  | 'PostInProgress'
  | 'Posted'
  | 'CancelInProgress'
  | 'Canceled'
  | 'RemoveInProgress'
  | 'Error';

/**
 * How far a chunk of a run has come. Parked: it was posted, canceled or removed but for accounts that failed; the next
 * act that is begun takes it up again as Billed.
 */
export type BillRunChunkStatus = 'Pending' | 'Billed' | 'Posted' | 'Canceled' | 'Parked';

export type BillRunAction = 'Post' | 'Cancel' | 'Delete';

/**
 * What a caller may do to a run, and the status that begins it. Posting, canceling and removing are then carried out by
 * the workers, chunk by chunk, as billing is. A run with autoPost goes on to posting by itself.
 * Sources: "Overview of bill runs"; "Delete bill runs".
 */
export const billRunActions: readonly { action: BillRunAction; from: BillRunStatus; to: BillRunStatus }[] = [
  { action: 'Post', from: 'Completed', to: 'PostInProgress' },
  { action: 'Cancel', from: 'Pending', to: 'CancelInProgress' },
  { action: 'Cancel', from: 'Processing', to: 'CancelInProgress' },
  { action: 'Cancel', from: 'Completed', to: 'CancelInProgress' },
  { action: 'Cancel', from: 'Error', to: 'CancelInProgress' },
  { action: 'Delete', from: 'Canceled', to: 'RemoveInProgress' },
  { action: 'Delete', from: 'Error', to: 'RemoveInProgress' },
];

/** A run that a worker has to do with. */
export const openBillRuns: readonly BillRunStatus[] = [
  'Pending',
  'Processing',
  'PostInProgress',
  'CancelInProgress',
  'RemoveInProgress',
];

/** What each open status does to which chunks: `to` is where a chunk then is, null where it is gone. */
export const billRunPhases = {
  Processing: { from: ['Pending'], to: 'Billed' },
  PostInProgress: { from: ['Billed'], to: 'Posted' },
  CancelInProgress: { from: ['Pending', 'Billed'], to: 'Canceled' },
  RemoveInProgress: { from: ['Pending', 'Billed', 'Posted', 'Canceled'], to: null },
} as const satisfies Partial<
  Record<BillRunStatus, { from: readonly BillRunChunkStatus[]; to: BillRunChunkStatus | null }>
>;

export type BillRunPhase = keyof typeof billRunPhases;

export const isPhase = (status: BillRunStatus): status is BillRunPhase => status in billRunPhases;

/**
 * Where a run is when its last chunk is done; null where it is gone. One that could bill nothing of what it set out to is
 * an Error. `parked`: accounts failed while it posted, canceled or removed, and their documents are as they were.
 *
 * A run with drafts left to post is Completed, as it is when one of its documents is unposted: posting it once more posts
 * what is left, a draft can be posted by itself, and while none is posted the run can be canceled. Posted would offer no
 * act, Error none that is allowed beside posted documents. One that was to be undone and could not be, wholly, is an
 * Error: what is left of it can be canceled or removed once more, and is not posted by mistake. Our choice: the documents
 * name an Error and do not say when.
 */
export function finishedStatus(
  run: { status: BillRunStatus; autoPost: boolean; done: number; failed: number },
  parked: boolean,
): BillRunStatus | null {
  if (run.status === 'PostInProgress') return parked ? 'Completed' : 'Posted';
  if (run.status === 'CancelInProgress') return parked ? 'Error' : 'Canceled';
  if (run.status === 'RemoveInProgress') return parked ? 'Error' : null;
  if (run.failed > 0 && run.done === 0) return 'Error';
  return run.autoPost ? 'PostInProgress' : 'Completed';
}

export interface BillRunFacts {
  status: BillRunStatus;
  /** Whether a document of it is Posted. */
  posted: boolean;
  /** Whether a document of it was ever paid, credited or offset. For Delete. */
  used?: boolean;
}

/**
 * May this act be done to the run? `posted`: a document of it was posted by itself; that one stays. `used`: so does one that was
 * ever paid, credited or offset (N22), since money must leave a trail; it can be canceled. Our choice.
 */
export function judgeBillRun(run: BillRunFacts, action: BillRunAction, caller: Caller): UserError[] {
  const errors: UserError[] = [];
  if (!caller.scopes.has('bill')) errors.push(userError('PERMISSION_DENIED', 'The client lacks the scope "bill".'));
  const from = billRunActions.filter((row) => row.action === action).map((row) => row.from);
  if (!from.includes(run.status)) {
    errors.push(
      userError('DOCUMENT_STATUS', `The bill run is ${run.status}, but must be ${from.join(' or ')} for ${action}.`),
    );
  } else if (run.posted && action !== 'Post') {
    errors.push(
      userError(
        'DOCUMENT_STATUS',
        'A document of the bill run has been posted. Only a bill run of drafts can be canceled or deleted.',
      ),
    );
  }
  if (action === 'Delete' && run.used) {
    errors.push(
      userError(
        'DOCUMENT_IN_USE',
        'A document of the bill run was paid, credited or offset before. Such a bill run cannot be deleted.',
      ),
    );
  }
  return errors;
}

export interface BillRunInput {
  targetDate: Day;
  invoiceDate?: Day | null;
  accountKeys?: readonly string[] | null;
  autoPost?: boolean | null;
}

/** How many accounts a run may name; one for all names none. */
export const maxRunAccounts = 1000;

export function judgeBillRunInput({ accountKeys }: BillRunInput): UserError[] {
  if (accountKeys == null) return [];
  if (accountKeys.length === 0) {
    return [userError('REQUIRED', 'Name at least one account, or leave accountKeys out for all.', ['accountKeys'])];
  }
  if (accountKeys.length <= maxRunAccounts) return [];
  return [
    userError(
      'LIMIT_EXCEEDED',
      `accountKeys has ${accountKeys.length} entries; at most ${maxRunAccounts} are allowed.`,
      ['accountKeys'],
    ),
  ];
}
