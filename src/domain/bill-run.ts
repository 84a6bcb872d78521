import type { Caller } from './caller';
import type { Day } from './date';
import { type UserError, userError } from './errors';

/** Source: the published bill run statuses, as far as they occur here. */
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
 * Progress of one chunk of a bill run. Parked: accounts of the chunk failed while it was posted, canceled or removed.
 * The next action on the run takes a parked chunk up again as Billed.
 */
export type BillRunChunkStatus = 'Pending' | 'Billed' | 'Posted' | 'Canceled' | 'Parked';

export type BillRunAction = 'Post' | 'Cancel' | 'Delete';

/**
 * The actions of a caller on a bill run, and the status that begins each action. Workers then post, cancel or remove
 * chunk by chunk, as they bill. A run with autoPost goes on to posting by itself.
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

/** Statuses in which a worker still has work to do. */
export const openBillRuns: readonly BillRunStatus[] = [
  'Pending',
  'Processing',
  'PostInProgress',
  'CancelInProgress',
  'RemoveInProgress',
];

/** Each open status takes chunks from `from` to `to`. A null `to` means that the chunks are deleted. */
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
 * The status of a run after its last chunk; null means that the run is deleted. A run that failed for every account is
 * an Error. `parked`: accounts failed during posting, canceling or removing, and their documents are unchanged.
 *
 * A run with drafts left to post is Completed, as after one of its documents is unposted. The caller can then post the
 * run again, post single drafts, or cancel the run while none of its documents is posted. Posted would offer no action,
 * and Error no action that is allowed beside posted documents.
 *
 * A run that could not be canceled or removed in full is an Error. The caller can cancel or remove the rest again, and
 * cannot post it by mistake. Our choice: Zuora's documents name Error and do not say when a run gets it.
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

interface BillRunFacts {
  status: BillRunStatus;
  /** Whether a document of the run is Posted. */
  posted: boolean;
  /** Whether a document of the run was ever paid, credited or offset. Needed for Delete. */
  used?: boolean;
}

/**
 * May the caller do this to the run? Returns every reason against it. Cancel and Delete are refused if a document of
 * the run is Posted: such a document stays. Delete is also refused if a document was ever paid, credited or offset
 * (N22), since money must leave a trail. Cancel is not. Our choice.
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

/** The most accounts that a run may name. A run for all accounts names none. */
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
