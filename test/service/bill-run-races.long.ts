import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { BillRunStatus } from '../../src/domain/bill-run';
import type { Refusal } from '../../src/domain/errors';
import { createBillRun, deleteBillRun, moveBillRun } from '../../src/service/bill-run';
import { carryOn, startWorkers, step } from '../../src/service/bill-run-worker';
import { moveInvoice } from '../../src/service/billing-document';
import { createFulfillments } from '../../src/service/fulfillment';
import { transitionFulfillments } from '../../src/service/fulfillment-change';
import type { Work } from '../../src/service/run/work';
import { billingLock } from '../../src/store/account';
import { BillRunRow } from '../../src/store/bill-run';
import { InvoiceRow } from '../../src/store/invoice';
import { rowsBy } from '../../src/store/query/write';
import { drift } from '../support/books';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';
import { multiplied } from '../support/many';

/*
 * Bill runs that meet others, and that are killed. Whatever happens, everything due is billed once.
 */
jest.setTimeout(60_000);

let gateway: TestGatewayServer;
let work: Work;
let entity = '';
let count = 0;

beforeAll(async () => {
  gateway = await testGateway({ poolSize: 16 });
}, 60_000);
beforeEach(async () => {
  entity = `Entity ${++count}`;
  work = await (await gateway.client({ grants: [{ entity, orgs: ['Main'] }] })).work();
});
afterEach(async () => {
  await gateway.server.settled();
  expect(await drift(gateway.database.owner)).toEqual({});
  expect(gateway.failures.splice(0)).toEqual([]);
});
afterAll(() => gateway.close());

const day = '2022-01-01';
const entry = { fulfillmentDate: day, billTargetDate: day, quantity: '1' };
const sent = { ...entry, state: 'SentToBilling' as const };
const options = { runBilling: true, billingOptions: { targetDate: day } };

/** Accounts with one line item each, on which so many fulfillments stand in the state. */
async function accounts(number: number, fulfillments: number, state: 'Booked' | 'SentToBilling' = 'SentToBilling') {
  const made: { accountId: string; lineId: string; ids: string[] }[] = [];
  for (let at = 0; at < number; at++) {
    const { account, orderLineItems } = await orderFor(work, [{ quantity: '1000' }]);
    const [{ id }] = orderLineItems;
    const result = await createFulfillments(work, {
      fulfillments: Array.from({ length: fulfillments }, () => ({ ...entry, state, orderLineItemId: id })),
    });
    made.push({ accountId: account.id, lineId: id, ids: result.fulfillments.map((row) => row!.id) });
  }
  return made;
}

/** Fulfillments of one account without number. */
async function many(number: number): Promise<void> {
  const [{ lineId }] = await accounts(1, 1);
  await multiplied(gateway.database, lineId, number);
}

const runs = () => rowsBy<BillRunRow>(work.reads(), BillRunRow, 'entityId', [work.caller.entityId]);
const invoicesOf = (run: BillRunRow) => rowsBy<InvoiceRow>(work.reads(), InvoiceRow, 'billRunId', [run.id]);
const billed = async (): Promise<number> => {
  const [row] = await gateway.database.owner<{ count: number }>(
    'select count(*)::integer as count from billing_claim where entity_id = $1',
    [work.caller.entityId],
  );
  return row.count;
};
const work3 = () => Promise.all([1, 2, 3].map(() => carryOn(gateway.services)));
const run = () => createBillRun(work, { targetDate: day });

describe('a bill run', () => {
  test('beside another one over the same accounts, each with several workers: everything is billed once', async () => {
    await accounts(12, 20);
    await Promise.all([run(), run(), run()]);
    await work3();
    const all = await runs();
    expect(all.map(({ status }) => status)).toEqual(['Completed', 'Completed', 'Completed']);
    expect(all.reduce((sum, { done }) => sum + done, 0)).toBe(240);
    expect(await billed()).toBe(240);
  });

  test('beside requests that send the same fulfillments to billing and bill them: each is billed once', async () => {
    const made = await accounts(8, 10, 'Booked');
    await run();
    await Promise.all([
      work3(),
      ...made.map(({ ids }) =>
        transitionFulfillments(work, { keys: ids, action: 'SendToBilling', processingOptions: options }),
      ),
      ...made.map(({ lineId }) =>
        createFulfillments(work, { fulfillments: [{ ...sent, orderLineItemId: lineId }], processingOptions: options }),
      ),
    ]);
    await run();
    await work3();
    expect(await billed()).toBe(88);
  });

  test('that is canceled while it is carried out leaves nothing billed, and the next one bills it all', async () => {
    await accounts(30, 10);
    // Small chunks, so that some are done and some are not when the cancel comes.
    const { billRun } = await run();
    const cancel = async () => {
      for (let refused = true; refused; ) {
        await new Promise((resolve) => setTimeout(resolve, 30));
        refused = await moveBillRun(work, billRun.id, 'Cancel').then(
          () => false,
          (error: Refusal) => error.errors[0].code !== 'DOCUMENT_STATUS',
        );
      }
    };
    await Promise.all([work3(), cancel()]);
    await work3();
    const [first] = await runs();
    expect(first.status).toBe('Canceled');
    expect(new Set((await invoicesOf(first)).map(({ status }) => status))).toEqual(new Set(['Canceled']));
    expect(await billed()).toBe(0);
    await run();
    await work3();
    expect(await billed()).toBe(300);
  });

  test('is carried on by the workers of a process as soon as it is made', async () => {
    const stop = startWorkers(gateway.services, 2);
    try {
      await accounts(2, 3);
      const { billRun } = await run();
      await work.finish();
      const look = async () => (await runs()).find(({ id }) => id === billRun.id)!;
      for (let at = 0; at < 100 && (await look()).status !== 'Completed'; at++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(await look()).toMatchObject({ status: 'Completed', done: 6 });
    } finally {
      await stop();
      gateway.services.wake = undefined;
    }
  });

  test('of an account with more than an invoice takes goes on in several, and reports each; it is canceled and removed in several too', async () => {
    await many(20_100);
    await run();
    await work3();
    const [done] = await runs();
    expect(done).toMatchObject({ status: 'Completed', total: 20_101, done: 20_101 });
    const amounts = (await invoicesOf(done)).map(({ amount }) => amount);
    expect(amounts.sort()).toEqual(['1010', '200000']);

    const transactions = async (action: string) => {
      const [{ count }] = await gateway.database.owner<{ count: number }>(
        `select count(distinct transaction_id)::integer as count from history_entry
         where entity_id = $1 and subject_type = 'Invoice' and action = $2`,
        [work.caller.entityId, action],
      );
      return count;
    };
    await moveBillRun(work, done.id, 'Cancel');
    await work3();
    expect([await billed(), await transactions('Cancel')]).toEqual([0, 2]);
    await deleteBillRun(work, done.id);
    await work3();
    expect([await runs(), await invoicesOf(done), await transactions('Delete')]).toEqual([[], [], 2]);
  });
});

describe('a bill run that is removed', () => {
  /** A run over so many accounts that stands there, each account in a chunk of its own, as those of large accounts are. */
  async function standing(number: number, status: BillRunStatus): Promise<BillRunRow> {
    await accounts(number, 2);
    await run();
    await carryOn(gateway.services);
    const [{ id }] = await runs();
    const { owner } = gateway.database;
    await owner(
      `with chunk as (
         insert into bill_run_chunk select a.id, a.entity_id, a.bill_run_id, 'Billed' from bill_run_account a where a.bill_run_id = $1
         returning id)
       update bill_run_account a set chunk_id = a.id where a.bill_run_id = $1 and exists (select from chunk)`,
      [id],
    );
    await owner(
      'delete from bill_run_chunk c where not exists (select from bill_run_account a where a.chunk_id = c.id)',
    );
    if (status === 'Canceled') {
      await moveBillRun(work, id, 'Cancel');
      await carryOn(gateway.services);
    }
    await owner('update bill_run set status = $2 where id = $1', [id, status]);
    return (await runs())[0];
  }
  const removals = () =>
    gateway.database.owner<{ subject_id: string }>(
      "select subject_id from history_entry where entity_id = $1 and action = 'Delete' and subject_type <> 'BillRun'",
      [work.caller.entityId],
    );
  const refused = (act: Promise<unknown>): Promise<string> =>
    act.then(
      () => 'done',
      (error: Refusal) => error.errors.map(({ code }) => code).join(),
    );
  /** Acts that all wait for the run, the first in front. */
  async function inTurn(held: BillRunRow, ...acts: (() => Promise<unknown>)[]): Promise<string[]> {
    await gateway.database.owner('begin');
    await gateway.database.owner('select from bill_run where id = $1 for update', [held.id]);
    const ended: Promise<string>[] = [];
    for (const act of acts) {
      ended.push(refused(act()));
      await gateway.database.blocked(ended.length);
    }
    await gateway.database.owner('commit');
    return Promise.all(ended);
  }

  test('by two callers at once is removed by one of them, and by three workers once', async () => {
    const held = await standing(12, 'Canceled');
    const documents = (await invoicesOf(held)).map(({ id }) => id);
    const remove = () => deleteBillRun(work, held.id);
    expect(await inTurn(held, remove, remove)).toEqual(['done', 'DOCUMENT_STATUS']);
    await work3();
    expect([await runs(), await invoicesOf(held)]).toEqual([[], []]);
    const removed = (await removals()).map((entry) => entry.subject_id.replaceAll('-', ''));
    expect(removed.sort()).toEqual(documents.sort());
  });

  test('just before it is canceled is gone, and just after is canceled first', async () => {
    const held = await standing(3, 'Error');
    const remove = () => deleteBillRun(work, held.id);
    const cancel = () => moveBillRun(work, held.id, 'Cancel');
    expect(await inTurn(held, cancel, remove)).toEqual(['done', 'DOCUMENT_STATUS']);
    await work3();
    expect((await runs())[0].status).toBe('Canceled');
    expect((await invoicesOf(held)).map(({ status }) => status)).toEqual(Array(3).fill('Canceled'));
    await gateway.database.owner("update bill_run set status = 'Error' where id = $1", [held.id]);
    expect(await inTurn(held, remove, cancel)).toEqual(['done', 'DOCUMENT_STATUS']);
    await work3();
    expect([await runs(), await invoicesOf(held), await billed()]).toEqual([[], [], 0]);
  });

  test('is not while it has drafts to post, be it before they are posted or after', async () => {
    const held = await standing(2, 'Completed');
    const remove = () => deleteBillRun(work, held.id);
    const post = () => moveBillRun(work, held.id, 'Post');
    expect(await inTurn(held, remove, post)).toEqual(['DOCUMENT_STATUS', 'done']);
    await work3();
    expect(await refused(remove())).toBe('DOCUMENT_STATUS');
    expect((await invoicesOf(held)).map(({ status }) => status)).toEqual(['Posted', 'Posted']);
  });

  test('keeps out whoever posts a document of it, and is kept out by who has posted one', async () => {
    const held = await standing(2, 'Error');
    const [{ id }] = await invoicesOf(held);
    const remove = () => deleteBillRun(work, held.id);
    const move = (action: 'Post' | 'Unpost') => () => moveInvoice(work, id, action);
    expect(await inTurn(held, move('Post'), remove)).toEqual(['done', 'DOCUMENT_STATUS']);
    await move('Unpost')();
    expect(await inTurn(held, remove, move('Post'))).toEqual(['done', 'DOCUMENT_IN_USE']);
    await work3();
    expect([await runs(), await invoicesOf(held), await billed()]).toEqual([[], [], 0]);
    expect(await refused(move('Post')())).toBe('NOT_FOUND');
  });

  test('waits for whoever is at its account, be it to bill, to pay or to credit', async () => {
    const held = await standing(1, 'Canceled');
    const [{ accountId }] = await invoicesOf(held);
    await deleteBillRun(work, held.id);
    const { owner } = gateway.database;
    await owner('begin');
    await owner(`select pg_advisory_xact_lock(hashtextextended($1::uuid::text, ${billingLock}))`, [accountId]);
    const removal = carryOn(gateway.services);
    await gateway.database.blocked();
    expect(await invoicesOf(held)).toHaveLength(1);
    await owner('commit');
    await removal;
    expect([await runs(), await invoicesOf(held)]).toEqual([[], []]);
  });

  test('is not posted by a worker that saw it as it was before', async () => {
    const held = await standing(2, 'Completed');
    const seen = { ...held, status: 'PostInProgress' as const };
    await moveBillRun(work, held.id, 'Cancel');
    expect(await step(gateway.services, seen)).toBe(true);
    expect((await invoicesOf(held)).map(({ status }) => status)).toEqual(['Draft', 'Draft']);
    await work3();
    expect((await invoicesOf(held)).map(({ status }) => status)).toEqual(['Canceled', 'Canceled']);
  });

  test('by a worker that loses its connection in the midst is seen until it is gone, and anybody carries it on', async () => {
    const held = await standing(4, 'Canceled');
    const documents = (await invoicesOf(held)).map(({ id }) => id);
    const { owner } = gateway.database;
    await deleteBillRun(work, held.id);
    // The third chunk meets an invoice that somebody holds.
    await owner('begin');
    await owner(
      `select from invoice where bill_run_id = $1 and account_id = (
         select account_id from bill_run_account where bill_run_id = $1 order by chunk_id offset 2 limit 1) for update`,
      [held.id],
    );
    const lost = carryOn(gateway.services).catch((error) => error);
    await gateway.database.blocked();
    await owner(
      "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    expect(await lost).toBeInstanceOf(Error);
    await owner('commit');
    expect(gateway.failures.splice(0)).toHaveLength(1);
    expect((await runs())[0]).toMatchObject({ status: 'RemoveInProgress', finishedDate: null });
    expect((await invoicesOf(held)).map(({ status }) => status)).toEqual(['Canceled', 'Canceled']);
    expect(await removals()).toHaveLength(2);
    await carryOn(gateway.services);
    expect([await runs(), await invoicesOf(held)]).toEqual([[], []]);
    const removed = (await removals()).map((entry) => entry.subject_id.replaceAll('-', ''));
    expect(removed.sort()).toEqual(documents.sort());
  });
});

describe('a bill run from the command line', () => {
  const command = path.resolve(__dirname, '../../src/command/bill-run.js');
  const children = new Set<ChildProcess>();
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  function start(...args: string[]) {
    const child = spawn(process.execPath, [command, ...args], {
      env: { PATH: process.env.PATH, DATABASE_URL: gateway.database.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    let text = '';
    child.stdout!.on('data', (chunk) => {
      text += chunk;
    });
    child.stderr!.on('data', (chunk) => {
      text += chunk;
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    return { child, ended, text: () => text };
  }

  test('bills an entity, and sums up what it did', async () => {
    await accounts(3, 4);
    const { ended, text } = start('--entity', entity, '--target-date', day, '--auto-post');
    expect(await ended).toBe(0);
    expect(text()).toMatch(/^BR-00000001 is Posted: 12 of 12 billed, 0 not, in \d+\.\d s\.\n$/);
  });

  test('says what is missing, what does not exist, and that something could not be billed', async () => {
    const missing = start('--entity', entity);
    expect([await missing.ended, missing.text().split('\n')[0]]).toEqual([2, '--target-date is missing.']);
    const unknown = start('--entity', 'Nowhere', '--target-date', day);
    expect([await unknown.ended, unknown.text().split('\n')[0]]).toEqual([2, 'There is no entity "Nowhere".']);
    const { orderLineItems } = await orderFor(work);
    const fulfillments = [1, 2].map(() => ({ ...sent, orderLineItemId: orderLineItems[0].id }));
    await createFulfillments(work, { fulfillments });
    const lineId = orderLineItems[0].id;
    await gateway.database.owner('update fulfillment set amount = 99999999999999 where order_line_item_id = $1', [
      lineId,
    ]);
    const failed = start('--entity', entity, '--target-date', day);
    expect(await failed.ended).toBe(3);
    expect(failed.text()).toContain('is Error: 0 of 2 billed, 2 not');
    expect(failed.text()).toContain('LIMIT_EXCEEDED');
  });

  test('says that something was billed and could not be posted', async () => {
    const [{ accountId }] = await accounts(1, 1);
    const { owner } = gateway.database;
    await owner("create function broken() returns trigger language plpgsql as 'begin raise ''broken''; end'");
    await owner(
      `create trigger broken before update on invoice for each row
       when (old.account_id = '${accountId}' and new.status = 'Posted') execute function broken()`,
    );
    const { ended, text } = start('--entity', entity, '--target-date', day, '--auto-post');
    expect(await ended).toBe(3);
    expect(text()).toMatch(
      /^BR-00000001 is Completed: 1 of 1 billed, 0 not, in \d+\.\d s\.\n {2}A00000001: UNEXPECTED, /,
    );
  });

  test('killed in its midst leaves whole chunks, and whoever comes next bills the rest, once', async () => {
    for (let at = 0; at < 4; at++) await many(10_000);
    const { child, ended } = start('--entity', entity, '--target-date', day, '--workers', '1');
    for (let done = 0; done === 0; ) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      done = (await runs())[0]?.done ?? 0;
    }
    child.kill('SIGKILL');
    await ended;
    const [killed] = await runs();
    expect(killed.done).toBeLessThan(40_004);
    expect(killed.status).toBe('Processing');
    await carryOn(gateway.services);
    expect((await runs())[0]).toMatchObject({ status: 'Completed', total: 40_004, done: 40_004 });
    expect(await billed()).toBe(40_004);
  });
});
