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
  ...(['RemoveInProgress', 'Error'] as const),
];
const actions: readonly BillRunAction[] = ['Post', 'Cancel', 'Delete'];

/** The status that each act leads to from each status. What is not here is refused. */
const table: Record<BillRunStatus, Partial<Record<BillRunAction, BillRunStatus>>> = {
  Pending: { Cancel: 'CancelInProgress' },
  Processing: { Cancel: 'CancelInProgress' },
  Completed: { Post: 'PostInProgress', Cancel: 'CancelInProgress' },
  PostInProgress: {},
  Posted: {},
  CancelInProgress: {},
  Canceled: { Delete: 'RemoveInProgress' },
  RemoveInProgress: {},
  Error: { Cancel: 'CancelInProgress', Delete: 'RemoveInProgress' },
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

  test('N22: is not Delete where a document of it was ever put to use; Cancel is', () => {
    const used = (status: BillRunStatus, action: BillRunAction) =>
      told(judgeBillRun({ status, posted: false, used: true }, action, aCaller()));
    expect(used('Canceled', 'Delete')).toEqual(['DOCUMENT_IN_USE']);
    expect(used('Error', 'Delete')).toEqual(['DOCUMENT_IN_USE']);
    expect(used('Completed', 'Cancel')).toEqual([]);
  });

  test('is told with the status it has and those in which it could be done', () => {
    const [error] = judgeBillRun({ status: 'Posted', posted: true }, 'Delete', aCaller());
    expect(error.message).toBe('The bill run is Posted, but must be Canceled or Error for Delete.');
  });
});

describe('where a bill run is when its last chunk is done', () => {
  const finished = (status: BillRunStatus, done: number, failed: number, autoPost = false, parked = false) =>
    finishedStatus({ status, autoPost, done, failed }, parked);

  test.each<[string, number, number, BillRunStatus, BillRunStatus]>([
    ['all is billed', 3, 0, 'Completed', 'PostInProgress'],
    ['some could not be billed', 2, 1, 'Completed', 'PostInProgress'],
    ['nothing was due', 0, 0, 'Completed', 'PostInProgress'],
    ['nothing of what was due could be billed', 0, 3, 'Error', 'Error'],
  ])('and %s', (_what, done, failed, drafts, autoPost) => {
    expect(finished('Processing', done, failed)).toBe(drafts);
    expect(finished('Processing', done, failed, true)).toBe(autoPost);
  });

  test('of posting it is Posted, of canceling Canceled, of removing gone, whatever was billed', () => {
    for (const [done, failed] of [
      [3, 0],
      [0, 3],
      [0, 0],
    ]) {
      for (const autoPost of [true, false]) {
        expect(finished('PostInProgress', done, failed, autoPost)).toBe('Posted');
        expect(finished('CancelInProgress', done, failed, autoPost)).toBe('Canceled');
        expect(finished('RemoveInProgress', done, failed, autoPost)).toBeNull();
      }
    }
  });

  test('with accounts that failed it stands where the act can be repeated', () => {
    for (const autoPost of [true, false]) {
      const [posting, canceling, removing] = (['PostInProgress', 'CancelInProgress', 'RemoveInProgress'] as const).map(
        (status) => finished(status, 3, 0, autoPost, true)!,
      );
      expect([judged(posting, 'Post', true), judged(posting, 'Cancel'), judged(posting, 'Cancel', true)]).toEqual([
        [],
        [],
        ['DOCUMENT_STATUS'],
      ]);
      for (const status of [canceling, removing]) {
        expect(actions.map((action) => judged(status, action))).toEqual([['DOCUMENT_STATUS'], [], []]);
      }
    }
  });

  test('a worker has to do with just those runs that an act or a finished step has not brought to rest', () => {
    const begun = billRunActions.map(({ to }) => to);
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
