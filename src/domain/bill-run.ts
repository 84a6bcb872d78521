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
