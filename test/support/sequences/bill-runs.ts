import fc from 'fast-check';
import { type BillRunAction, judgeBillRun, openBillRuns } from '../../../src/domain/bill-run';
import { type Ask, ask } from './asks';
import { act, idOf, pick, picked, record, several, weighted } from './world';

/* Commands over bill runs, and the steps of the workers that carry them out. */

const move = (weight: number, action: BillRunAction, send: (key: string) => Ask) =>
  act(weight, record({ at: pick }), ({ runs, invoices, memos }, { at }, caller) => {
    const isPosted = (runId: string) =>
      [...invoices, ...memos].some(({ billRunId, status }) => billRunId === runId && status === 'Posted');
    const run = picked(
      runs,
      at,
      ({ id, status }) => judgeBillRun({ status, posted: isPosted(id) }, action, caller).length === 0,
    );
    return send(at.n % 2 ? idOf(run) : (run?.billRunNumber ?? 'none'));
  });

export const billRunActs = {
  createBillRun: act(
    8,
    record({
      of: fc.option(several(pick, 2), { freq: 1 }),
      targetDate: weighted([3, '2022-01-02'], [1, '2022-01-05']),
      autoPost: weighted([2, false], [1, true]),
    }),
    ({ accounts }, { of, ...input }) =>
      ask('createBillRun', {
        input: { ...input, accountKeys: of && [...new Set(of.map((at) => picked(accounts, at)!.accountNumber))] },
      }),
  ),
  postBillRun: move(4, 'Post', (key) => ask('postBillRun', { key })),
  cancelBillRun: move(3, 'Cancel', (key) => ask('cancelBillRun', { key })),
  deleteBillRun: move(3, 'Delete', (key) => ask('deleteBillRun', { key })),
};

/** In a process its own workers do this, at times of their own. */
export const workerActs = {
  step: act(14, record({ at: pick }), ({ runs }, { at }) =>
    ask('step', { run: picked(runs, at, ({ status }) => openBillRuns.includes(status)) }),
  ),
  carryOn: act(4, fc.constant({}), () => ask('carryOn', {})),
};
