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
  | 'Error';

/** How far a chunk of a run has come; each step is a transaction of its own. */
export type BillRunChunkStatus = 'Pending' | 'Billed' | 'Posted' | 'Canceled';

export type BillRunAction = 'Post' | 'Cancel' | 'Delete';

/**
 * What a caller may do to a run, and the status that begins it. Posting and canceling are then carried out by the
 * workers, chunk by chunk, as billing is. A run with autoPost goes on to posting by itself.
 * Sources: "Overview of bill runs"; "Delete bill runs".
 */
export const billRunActions: readonly { action: BillRunAction; from: BillRunStatus; to: BillRunStatus | null }[] = [
  { action: 'Post', from: 'Completed', to: 'PostInProgress' },
  { action: 'Cancel', from: 'Pending', to: 'CancelInProgress' },
  { action: 'Cancel', from: 'Processing', to: 'CancelInProgress' },
  { action: 'Cancel', from: 'Completed', to: 'CancelInProgress' },
  { action: 'Cancel', from: 'Error', to: 'CancelInProgress' },
  { action: 'Delete', from: 'Canceled', to: null },
  { action: 'Delete', from: 'Error', to: null },
];

/** A run that a worker has to do with. */
export const openBillRuns: readonly BillRunStatus[] = ['Pending', 'Processing', 'PostInProgress', 'CancelInProgress'];

/** What each open status does to which chunks, and where the run is when none is left. */
export const billRunPhases = {
  Processing: { from: ['Pending'], to: 'Billed' },
  PostInProgress: { from: ['Billed'], to: 'Posted' },
  CancelInProgress: { from: ['Pending', 'Billed'], to: 'Canceled' },
} as const satisfies Partial<Record<BillRunStatus, { from: readonly BillRunChunkStatus[]; to: BillRunChunkStatus }>>;

/** Where a run is when its last chunk is done. One that could bill nothing of what it set out to is an Error. */
export function finishedStatus(run: {
  status: BillRunStatus;
  autoPost: boolean;
  done: number;
  failed: number;
}): BillRunStatus {
  if (run.status === 'PostInProgress') return 'Posted';
  if (run.status === 'CancelInProgress') return 'Canceled';
  if (run.failed > 0 && run.done === 0) return 'Error';
  return run.autoPost ? 'PostInProgress' : 'Completed';
}

export interface BillRunFacts {
  status: BillRunStatus;
  /** How many of its documents are Posted, and how many are in use or reversed. */
  posted: boolean;
}

/** May this act be done to the run? `posted`: a document of it was posted by itself; that one stays. */
export function judgeBillRun(run: BillRunFacts, action: BillRunAction, caller: Caller): UserError[] {
  const errors: UserError[] = [];
  if (!caller.scopes.has('bill')) errors.push(userError('PERMISSION_DENIED', 'The client lacks the scope "bill".'));
  const from = billRunActions.filter((row) => row.action === action).map((row) => row.from);
  if (!from.includes(run.status)) {
    errors.push(
      userError('DOCUMENT_STATUS', `The bill run is ${run.status}; this is allowed while it is ${from.join(', ')}.`),
    );
  } else if (run.posted && action !== 'Post') {
    errors.push(
      userError('DOCUMENT_STATUS', 'A document of the bill run has been posted; only a run of drafts can be undone.'),
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
    userError('LIMIT_EXCEEDED', `${accountKeys.length} accounts; a run names at most ${maxRunAccounts}.`, [
      'accountKeys',
    ]),
  ];
}
