import { createBillRun, deleteBillRun, moveBillRun } from '../../src/service/bill-run';
import { carryOn } from '../../src/service/bill-run-worker';
import type { Work } from '../../src/service/work';
import { BillRunRow } from '../../src/store/bill-run';
import { InvoiceRow } from '../../src/store/invoice';
import { rowsBy } from '../../src/store/write';
import { deliver, invoiced } from '../support/billed';
import { drift } from '../support/books';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';
import { multiplied } from '../support/many';

/*
 * What becomes of a run of which a part fails.
 */
jest.setTimeout(60_000);

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

const due = (lineId: string) => deliver(work, lineId, ['1'], {});
const created = async () => (await createBillRun(work, { targetDate: '2022-01-01' })).billRun.id;
const look = async (id: string) => (await rowsBy<BillRunRow>(work.reads(), BillRunRow, 'id', [id]))[0];
const statuses = async (id: string) =>
  (await rowsBy<InvoiceRow>(work.reads(), InvoiceRow, 'billRunId', [id])).map(({ status }) => status);

describe('an account that is more than one transaction bills, and fails after the first', () => {
  /** 15,000 items of one invoice group, and 10,001 of another that come to more than an invoice can hold. */
  async function halfBilled(): Promise<string> {
    const { orderLineItems } = await orderFor(work);
    const [{ id }] = orderLineItems;
    await due(id);
    await multiplied(gateway.database, id, 10_000);
    await multiplied(gateway.database, id, 15_000, 'X');
    await gateway.database.owner(
      `update fulfillment f set amount = 9999999999 from order_line_item l
       where l.id = f.order_line_item_id and l.invoice_group_number is null and l.order_id = $1`,
      [orderLineItems[0].orderId],
    );
    const run = await created();
    await carryOn(gateway.services);
    expect(await look(run)).toMatchObject({ status: 'Completed', total: 25_001, done: 15_000, failed: 10_001 });
    expect(gateway.failures.splice(0)).toHaveLength(2);
    return run;
  }

  test('has what was billed of it posted with the run', async () => {
    const run = await halfBilled();
    await moveBillRun(work, run, 'Post');
    await carryOn(gateway.services);
    expect((await look(run)).status).toBe('Posted');
    expect(await statuses(run)).toEqual(['Posted']);
  });

  test('has what was billed of it canceled with the run, which can then be deleted', async () => {
    const run = await halfBilled();
    await moveBillRun(work, run, 'Cancel');
    await carryOn(gateway.services);
    expect(await statuses(run)).toEqual(['Canceled']);
    expect(await deleteBillRun(work, run)).toEqual({ deletedId: run });
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
  await gateway.database.owner(
    `create trigger stop before update on invoice for each row when (old.bill_run_id = '${stuck}') execute function stop()`,
  );
  await moveBillRun(work, stuck, 'Post');
  await due(orderLineItems[0].id);
  const next = await created();
  await expect(carryOn(gateway.services)).rejects.toThrow('stopped');
  expect((await look(next)).status).toBe('Completed');
  expect((await look(stuck)).status).toBe('PostInProgress');
  await gateway.database.owner('drop trigger stop on invoice');
  await carryOn(gateway.services);
  expect((await look(stuck)).status).toBe('Posted');
  const told = gateway.failures.splice(0).map(({ what }) => what);
  expect(told.filter((what) => what.startsWith('carrying bill run '))).toHaveLength(1);
});
