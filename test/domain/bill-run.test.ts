import {
  type BillRunAction,
  type BillRunStatus,
  billRunActions,
  billRunPhases,
  finishedStatus,
  judgeBillRun,
  judgeBillRunInput,
  maxRunAccounts,
  openBillRuns,
} from '../../src/domain/bill-run';
import { scopes } from '../../src/domain/caller';
import { aCaller, told } from '../support/facts';

const statuses: readonly BillRunStatus[] = [
  ...(['Pending', 'Processing', 'Completed', 'PostInProgress', 'Posted', 'CancelInProgress', 'Canceled'] as const),
  'Error',
];
const actions: readonly BillRunAction[] = ['Post', 'Cancel', 'Delete'];

/** The status that each act leads to from each status; Delete leads nowhere. What is not here is refused. */
const table: Record<BillRunStatus, Partial<Record<BillRunAction, BillRunStatus | null>>> = {
  Pending: { Cancel: 'CancelInProgress' },
  Processing: { Cancel: 'CancelInProgress' },
  Completed: { Post: 'PostInProgress', Cancel: 'CancelInProgress' },
  PostInProgress: {},
  Posted: {},
  CancelInProgress: {},
  Canceled: { Delete: null },
  Error: { Cancel: 'CancelInProgress', Delete: null },
};
const cases = statuses.flatMap((status) => actions.map((action) => [action, status] as const));
const judged = (status: BillRunStatus, action: BillRunAction, posted = false, caller = aCaller()) =>
  told(judgeBillRun({ status, posted }, action, caller));

describe('what may be done to a bill run', () => {
  test.each(cases)('%s of one that is %s', (action, status) => {
    const to = table[status][action];
    expect(judged(status, action)).toEqual(to === undefined ? ['DOCUMENT_STATUS'] : []);
    expect(billRunActions.find((row) => row.action === action && row.from === status)?.to).toBe(to);
  });

  test.each(cases)('with a document posted by itself is to post the rest: %s of one that is %s', (action, status) => {
    const allowed = action === 'Post' && status === 'Completed';
    expect(judged(status, action, true)).toEqual(allowed ? [] : ['DOCUMENT_STATUS']);
  });

  test.each(cases)('needs the scope bill and no other: %s of one that is %s', (action, status) => {
    const reasons = judged(status, action);
    expect(judged(status, action, false, aCaller(['bill']))).toEqual(reasons);
    const without = aCaller(scopes.filter((scope) => scope !== 'bill'));
    expect(judged(status, action, false, without)).toEqual(['PERMISSION_DENIED', ...reasons]);
  });

  test('is told with the status it has and those in which it could be done', () => {
    const [error] = judgeBillRun({ status: 'Posted', posted: true }, 'Delete', aCaller());
    expect(error.message).toBe('The bill run is Posted; this is allowed while it is Canceled, Error.');
  });
});

describe('where a bill run is when its last chunk is done', () => {
  const finished = (status: BillRunStatus, done: number, failed: number, autoPost = false) =>
    finishedStatus({ status, autoPost, done, failed });

  test.each<[string, number, number, BillRunStatus, BillRunStatus]>([
    ['all is billed', 3, 0, 'Completed', 'PostInProgress'],
    ['some could not be billed', 2, 1, 'Completed', 'PostInProgress'],
    ['nothing was due', 0, 0, 'Completed', 'PostInProgress'],
    ['nothing of what was due could be billed', 0, 3, 'Error', 'Error'],
  ])('and %s', (_what, done, failed, drafts, autoPost) => {
    expect(finished('Processing', done, failed)).toBe(drafts);
    expect(finished('Processing', done, failed, true)).toBe(autoPost);
  });

  test('of posting it is Posted, of canceling Canceled, whatever was billed', () => {
    for (const [done, failed] of [
      [3, 0],
      [0, 3],
      [0, 0],
    ]) {
      for (const autoPost of [true, false]) {
        expect(finished('PostInProgress', done, failed, autoPost)).toBe('Posted');
        expect(finished('CancelInProgress', done, failed, autoPost)).toBe('Canceled');
      }
    }
  });

  test('a worker has to do with just those runs that an act or a finished step has not brought to rest', () => {
    const begun = billRunActions.flatMap(({ to }) => to ?? []);
    expect(new Set(openBillRuns)).toEqual(new Set([...begun, ...Object.keys(billRunPhases), 'Pending']));
    expect(Object.keys(billRunPhases).sort()).toEqual(openBillRuns.filter((status) => status !== 'Pending').sort());
  });
});

describe('what a bill run is made of', () => {
  const input = (accountKeys?: string[] | null) =>
    told(judgeBillRunInput({ targetDate: '2022-01-01', accountKeys, invoiceDate: null, autoPost: null }));
  const keys = (count: number) => Array.from({ length: count }, (_, at) => `A${at}`);

  test('is every account, or 1 to 1,000 that are named', () => {
    expect(maxRunAccounts).toBe(1000);
    for (const named of [undefined, null, keys(1), keys(1000)]) expect(input(named)).toEqual([]);
    expect(input([])).toEqual(['REQUIRED accountKeys']);
    expect(input(keys(1001))).toEqual(['LIMIT_EXCEEDED accountKeys']);
  });
});
