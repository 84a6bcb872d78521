import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { Refusal } from '../../src/domain/errors';
import { createBillRun, moveBillRun } from '../../src/service/bill-run';
import { carryOn, startWorkers } from '../../src/service/bill-run-worker';
import { createFulfillments } from '../../src/service/fulfillment';
import { transitionFulfillments } from '../../src/service/fulfillment-change';
import type { Work } from '../../src/service/work';
import { BillRunRow } from '../../src/store/bill-run';
import { InvoiceRow } from '../../src/store/invoice';
import { rowsBy } from '../../src/store/write';
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

  test('of an account with more than an invoice takes goes on in several, and reports each', async () => {
    await many(20_100);
    await run();
    await work3();
    const [done] = await runs();
    expect(done).toMatchObject({ status: 'Completed', total: 20_101, done: 20_101 });
    const amounts = (await invoicesOf(done)).map(({ amount }) => amount);
    expect(amounts.sort()).toEqual(['1010', '200000']);
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
    const { orderLineItems } = await orderFor(work, [{ amountPerUnit: '9999999999999' }]);
    const fulfillments = [1, 2].map(() => ({ ...sent, orderLineItemId: orderLineItems[0].id }));
    await createFulfillments(work, { fulfillments });
    const failed = start('--entity', entity, '--target-date', day);
    expect(await failed.ended).toBe(3);
    expect(failed.text()).toContain('is Error: 0 of 2 billed, 2 not');
    expect(failed.text()).toContain('LIMIT_EXCEEDED');
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
