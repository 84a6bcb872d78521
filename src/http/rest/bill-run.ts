import type { BillRunInput } from '../../domain/bill-run';
import { Refusal, userError } from '../../domain/errors';
import { isObject } from '../../domain/json';
import { createBillRun, deleteBillRun, findBillRun, moveBillRun } from '../../service/bill-run';
import { clientIdOf } from '../../service/client';
import { operation } from './operation';
import { Made, Published, type Shown, same } from './shape';

const filters = {
  type: ['array', 'null'],
  description: 'The accounts that the run bills, one in each filter; null for all accounts.',
  items: {
    type: 'object',
    required: ['filterType', 'accountId'],
    properties: {
      filterType: { const: 'Account', description: 'The kind of filter.' },
      accountId: { type: 'string', description: 'The id of the account. A new run takes a number too.' },
    },
  },
};

/** A run. `name` and the batches of accounts do not exist here. */
const billRun = new Published('BillRun', {
  ...same('id', 'billRunNumber', 'status', 'autoPost', 'targetDate', 'invoiceDate'),
  billRunFilters: new Made(
    filters,
    ({ accountIds }) => accountsOf(accountIds)?.map((accountId) => ({ filterType: 'Account', accountId })) ?? null,
  ),
  batches: new Made(
    {
      type: ['array', 'null'],
      items: { const: 'AllBatches' },
      description: 'AllBatches, or null if there are filters.',
    },
    ({ accountIds }) => (accountIds ? null : ['AllBatches']),
  ),
  ...same('createdById', 'createdDate', 'updatedById', 'updatedDate'),
});
const accountsOf = (accountIds: unknown) => accountIds as readonly string[] | null;

type Run = Awaited<ReturnType<typeof createBillRun>>['billRun'];
const published = (run: Run): object => {
  const shown: Shown = { ...run, createdById: clientIdOf(run.createdById), updatedById: clientIdOf(run.updatedById) };
  return billRun.write(shown);
};

const key = 'The id or number of the bill run.';

/**
 * The published REST operations on bill runs. A run is carried out in the background, so each reply shows how it begins.
 * Sources: Zuora, "Create a bill run", "Retrieve a bill run", "Post a bill run", "Cancel a bill run", "Delete a bill run".
 */
export const billRunOperations = [
  operation<BillRunInput>({
    ...{ method: 'POST', path: '/v1/bill-runs', scope: 'bill', summary: 'Create a bill run', noun: 'BillRun' },
    body: {
      of: 'CreateBillRunInput',
      but: {
        accountKeys: null,
        billRunFilters: filters,
        batches: { type: ['array', 'null'], items: { const: 'AllBatches' }, description: 'AllBatches, or absent.' },
        billCycleDay: { enum: ['AllBillCycleDays', null], description: 'AllBillCycleDays, or absent.' },
      },
      into: withAccounts,
      example: { targetDate: '2022-01-31', batches: ['AllBatches'] },
    },
    reply: billRun,
    act: async (work, { body }) => published((await createBillRun(work, body).catch(inPublishedWords)).billRun),
  }),
  operation({
    ...{ method: 'GET', path: '/v1/bill-runs/{id}', scope: 'read', summary: 'Retrieve a bill run', noun: 'BillRun' },
    ...{ key, reply: billRun },
    act: async (work, asked) => {
      const found = await findBillRun(work, asked.key);
      if (!found) throw new Refusal([userError('NOT_FOUND', 'No bill run has this id or number.')]);
      return published(found);
    },
  }),
  operation({
    ...{ method: 'PUT', path: '/v1/bill-runs/{id}/post', scope: 'bill', summary: 'Post a bill run', noun: 'BillRun' },
    ...{ key, reply: billRun },
    act: async (work, asked) => published((await moveBillRun(work, asked.key, 'Post')).billRun),
  }),
  operation({
    ...{ method: 'PUT', path: '/v1/bill-runs/{id}/cancel', scope: 'bill' },
    ...{ summary: 'Cancel a bill run', noun: 'BillRun', key, reply: billRun },
    act: async (work, asked) => published((await moveBillRun(work, asked.key, 'Cancel')).billRun),
  }),
  operation({
    ...{ method: 'DELETE', path: '/v1/bill-runs/{id}', scope: 'bill', summary: 'Delete a bill run', noun: 'BillRun' },
    ...{ key, reply: { id: 'id' } },
    act: async (work, asked) => ({ id: (await deleteBillRun(work, asked.key)).deletedId }),
  }),
];

/**
 * The published filters name accounts, one in each. All batches and all bill cycle days are what a run has anyway: accounts
 * here have neither.
 */
function withAccounts(body: unknown): unknown {
  if (!isObject(body)) return body;
  const { batches, billCycleDay, billRunFilters, ...run } = body;
  const rest = {
    ...run,
    ...(!isAll(batches, ['AllBatches']) && { batches }),
    ...(!isAll(billCycleDay, 'AllBillCycleDays') && { billCycleDay }),
  };
  if (!Array.isArray(billRunFilters)) return billRunFilters == null ? rest : { ...rest, billRunFilters };
  const errors = billRunFilters.flatMap((filter, at) => judgeFilter(filter, ['billRunFilters', String(at)]));
  if (errors.length) throw new Refusal(errors.slice(0, mostErrors));
  return { ...rest, accountKeys: billRunFilters.map(({ accountId }) => accountId) };
}

/** @throws a refusal whose paths lead into the filters */
function inPublishedWords(error: unknown): never {
  if (!(error instanceof Refusal)) throw error;
  throw new Refusal(
    error.errors.map(({ path: [input, field, at], ...rest }) => ({
      ...rest,
      path:
        field === 'accountKeys'
          ? [input, 'billRunFilters', ...(at === undefined ? [] : [at, 'accountId'])]
          : [input, field],
    })),
  );
}

const mostErrors = 50;
const isAll = (given: unknown, all: unknown): boolean => given == null || JSON.stringify(given) === JSON.stringify(all);

function judgeFilter(filter: unknown, path: string[]) {
  if (!isObject(filter)) return [userError('INVALID_VALUE', 'A filter is an object.', path)];
  const { filterType, accountId, ...others } = filter;
  const [other] = Object.keys(others);
  if (other !== undefined)
    return [userError('INVALID_VALUE', 'Only filterType and accountId are allowed.', [...path, other])];
  if (filterType !== 'Account')
    return [userError('INVALID_VALUE', 'Only Account is allowed.', [...path, 'filterType'])];
  if (typeof accountId !== 'string')
    return [userError('REQUIRED', 'Give the id of an account.', [...path, 'accountId'])];
  return [];
}
