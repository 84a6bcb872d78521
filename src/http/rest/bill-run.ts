import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLInputObjectType } from 'graphql';
import type { BillRunInput } from '../../domain/bill-run';
import { Refusal, userError } from '../../domain/errors';
import { createBillRun, deleteBillRun, findBillRun, moveBillRun } from '../../service/bill-run';
import { clientIdOf } from '../../service/client';
import type { Work } from '../../service/run/work';
import { sendReply } from '../request';
import { isObject, lookUp, needs, performOnce, type RestOptions, read, render, workOf } from './adapter';

/**
 * The published REST operations on bill runs. A run is carried out in the background, so each reply shows how it begins.
 * Sources: Zuora, "Create a bill run", "Retrieve a bill run", "Post a bill run", "Cancel a bill run", "Delete a bill run".
 */
export function billRunRoutes(app: FastifyInstance, options: RestOptions): void {
  const { services, afterwards } = options;
  /** Carries out a change that takes no body, or none that is of use here. */
  const change = (act: (work: Work, key: string) => Promise<object>) => {
    return async (request: FastifyRequest, reply: FastifyReply) => {
      const work = workOf(request, services);
      const acted = render(request, async () => {
        read(noFields, request.body);
        return act(work, (request.params as { id: string }).id);
      });
      afterwards.after(reply, work, acted);
      return sendReply(reply, await acted);
    };
  };

  app.post('/v1/bill-runs', needs('bill'), async (request, reply) =>
    performOnce(options, { request, reply, body: request.body }, (work) =>
      render(request, async () => {
        const input = read<BillRunInput>('CreateBillRunInput', withAccounts(request.body));
        const { billRun } = await createBillRun(work, input).catch(inPublishedWords);
        return { success: true, ...publishedRun(billRun) };
      }),
    ),
  );
  app.get<{ Params: { id: string } }>('/v1/bill-runs/:id', needs('read'), (request, reply) =>
    lookUp(services, { request, reply }, async (work) => {
      const billRun = await findBillRun(work, request.params.id);
      if (!billRun) throw new Refusal([userError('NOT_FOUND', 'No bill run has this id or number.')]);
      return { success: true, ...publishedRun(billRun) };
    }),
  );
  const moves = { post: 'Post', cancel: 'Cancel' } as const;
  for (const [path, action] of Object.entries(moves)) {
    const move = change(async (work, id) => {
      const { billRun } = await moveBillRun(work, id, action);
      return { success: true, ...publishedRun(billRun) };
    });
    app.put(`/v1/bill-runs/:id/${path}`, needs('bill'), move);
  }
  const remove = change(async (work, id) => ({ success: true, id: (await deleteBillRun(work, id)).deletedId }));
  app.delete('/v1/bill-runs/:id', needs('bill'), remove);
}

/** A body that says nothing. Whatever it says is refused, since it would have no effect. */
const noFields = new GraphQLInputObjectType({ name: 'Body', fields: {} });

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

/** A run under its published names. `name` and the batches of accounts do not exist here. */
const publishedRun = (run: Awaited<ReturnType<typeof createBillRun>>['billRun']): object => ({
  ...{ id: run.id, billRunNumber: run.billRunNumber, status: run.status, autoPost: run.autoPost },
  ...{ targetDate: run.targetDate, invoiceDate: run.invoiceDate },
  billRunFilters: run.accountIds?.map((accountId) => ({ filterType: 'Account', accountId })) ?? null,
  batches: run.accountIds ? null : ['AllBatches'],
  ...{ createdById: clientIdOf(run.createdById), createdDate: run.createdDate },
  ...{ updatedById: clientIdOf(run.updatedById), updatedDate: run.updatedDate },
});
