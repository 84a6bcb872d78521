import type { BillRunAction, BillRunStatus } from '../../src/domain/bill-run';
import { moveBillRun } from '../../src/service/bill-run';
import { carryOn, carryToEnd } from '../../src/service/bill-run-worker';
import { moveInvoice } from '../../src/service/billing-document';
import type { Work } from '../../src/service/run/work';
import { InvoiceRow } from '../../src/store/invoice';
import { rowsBy } from '../../src/store/query/write';
import { invoiced, runsOf } from '../support/billed';
import { drift } from '../support/books';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

/*
 * What becomes of a run of which a part fails.
 */
jest.setTimeout(120_000);

let gateway: TestGatewayServer;
let work: Work;
let count = 0;

beforeAll(async () => {
  gateway = await testGateway();
});
beforeEach(async () => {
  work = await (await gateway.client({ grants: [{ entity: `Entity ${++count}`, orgs: ['Main'] }] })).work();
});
afterEach(async () => {
  expect(await drift(gateway.database.owner)).toEqual({});
});
afterAll(() => gateway.close());

const { due, created, look, statuses, failures } = runsOf(() => work);

describe('an account of which the documents fail', () => {
  /** Three accounts in one chunk, one of which has a row that the database refuses to change or remove. */
  async function withBadOne(): Promise<{ run: string; bad: string; good: string[]; mend: () => Promise<void> }> {
    const sales = [await orderFor(work), await orderFor(work), await orderFor(work)];
    for (const { orderLineItems } of sales) await due(orderLineItems[0].id);
    const run = await created();
    await carryOn(gateway.services);
    const [good, bad, other] = sales.map(({ account }) => account.id);
    const name = `bad_${count}`;
    await gateway.database.owner(
      `create function ${name}() returns trigger language plpgsql as 'begin raise ''broken''; end'`,
    );
    const on = `on invoice for each row when (old.account_id = '${bad}') execute function ${name}()`;
    await gateway.database.owner(`create trigger ${name} before update or delete ${on}`);
    const mend = async () => void (await gateway.database.owner(`drop trigger ${name} on invoice`));
    return { run, bad, good: [good, other], mend };
  }
  const acted = async (run: string, action: BillRunAction) => {
    await moveBillRun(work, run, action);
    await carryOn(gateway.services);
  };
  const documents = async (run: string) =>
    Object.fromEntries(
      (await rowsBy<InvoiceRow>(work.reads(), InvoiceRow, 'billRunId', [run])).map((row) => [
        row.accountId,
        row.status,
      ]),
    );
  const logged = () => gateway.failures.splice(0).map(({ what }) => (what.startsWith('a chunk') ? 'chunk' : 'account'));
  const parked = (bad: string, during: BillRunStatus) => [{ accountId: bad, code: 'UNEXPECTED', during }];

  test('is parked with its reason, and the others are posted; posted once more, the run is Posted', async () => {
    const { run, bad, good, mend } = await withBadOne();
    await acted(run, 'Post');
    expect(await look(run)).toMatchObject({ status: 'Completed', total: 3, done: 3, failed: 0 });
    expect((await look(run)).finishedDate).not.toBeNull();
    expect(await documents(run)).toEqual({ [good[0]]: 'Posted', [bad]: 'Draft', [good[1]]: 'Posted' });
    expect(await failures(run)).toMatchObject(parked(bad, 'PostInProgress'));
    expect(logged()).toEqual(['chunk', 'account']);
    await expect(moveBillRun(work, run, 'Cancel')).rejects.toThrow('has been posted');

    await mend();
    await acted(run, 'Post');
    expect(await look(run)).toMatchObject({ status: 'Posted', done: 3, failed: 0 });
    expect([new Set(await statuses(run)), await failures(run), logged()]).toEqual([new Set(['Posted']), [], []]);
  });

  test('can be posted by itself where the run could not, and a run that posts by itself comes to rest', async () => {
    const { run, bad, mend } = await withBadOne();
    await gateway.database.owner('update bill_run set auto_post = true where id = $1', [run]);
    await acted(run, 'Post');
    expect((await look(run)).status).toBe('Completed');
    await mend();
    const [draft] = (await rowsBy<InvoiceRow>(work.reads(), InvoiceRow, 'accountId', [bad])).map(({ id }) => id);
    await moveInvoice(work, draft, 'Post');
    await acted(run, 'Post');
    expect([(await look(run)).status, await failures(run)]).toEqual(['Posted', []]);
    gateway.failures.splice(0);
  });

  test('stays billed where the others are canceled; canceled once more, the run is Canceled', async () => {
    const { run, bad, good, mend } = await withBadOne();
    await acted(run, 'Cancel');
    expect(await look(run)).toMatchObject({ status: 'Error', total: 3, done: 3, failed: 0 });
    expect(await documents(run)).toEqual({ [good[0]]: 'Canceled', [bad]: 'Draft', [good[1]]: 'Canceled' });
    expect(await failures(run)).toMatchObject(parked(bad, 'CancelInProgress'));
    expect(logged()).toEqual(['chunk', 'account']);

    await mend();
    await acted(run, 'Cancel');
    expect(await look(run)).toMatchObject({ status: 'Canceled' });
    expect([new Set(await statuses(run)), await failures(run), logged()]).toEqual([new Set(['Canceled']), [], []]);
  });

  test('keeps the run where the others are removed; removed once more, all of it is gone', async () => {
    const { run, bad, mend } = await withBadOne();
    await acted(run, 'Cancel');
    await acted(run, 'Delete');
    expect(await look(run)).toMatchObject({ status: 'Error', total: 3, done: 3, failed: 0 });
    expect(await documents(run)).toEqual({ [bad]: 'Draft' });
    expect(await failures(run)).toMatchObject(parked(bad, 'RemoveInProgress'));
    expect(logged()).toEqual(['chunk', 'account', 'chunk', 'account']);

    await mend();
    await acted(run, 'Delete');
    expect([await look(run), await documents(run), logged()]).toEqual([undefined, {}, []]);
    const next = await created();
    await carryOn(gateway.services);
    expect(await look(next)).toMatchObject({ done: 3 });
  });
});

test('a run that cannot go on keeps no other back', async () => {
  const { orderLineItems } = await invoiced(work);
  await due(orderLineItems[0].id);
  const stuck = await created();
  await carryOn(gateway.services);
  await gateway.database.owner(
    "create function stop() returns trigger language plpgsql as 'begin raise ''stopped''; end'",
  );
  // No account is at fault where the chunk itself cannot be written.
  await gateway.database.owner(
    `create trigger stop before update on bill_run_chunk for each row when (old.bill_run_id = '${stuck}') execute function stop()`,
  );
  await moveBillRun(work, stuck, 'Post');
  await due(orderLineItems[0].id);
  const next = await created();
  // Who waits for one run is not told of what others fail at.
  expect((await carryToEnd(gateway.services, work, next)).status).toBe('Completed');
  await expect(carryOn(gateway.services)).rejects.toThrow('stopped');
  expect((await look(stuck)).status).toBe('PostInProgress');
  await gateway.database.owner('drop trigger stop on bill_run_chunk');
  await carryOn(gateway.services);
  expect((await look(stuck)).status).toBe('Posted');
  const told = gateway.failures.splice(0).map(({ what }) => what);
  expect(told.filter((what) => what.startsWith('work on bill run '))).toHaveLength(1);
});
