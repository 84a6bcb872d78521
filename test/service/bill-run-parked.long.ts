import { deleteBillRun, moveBillRun } from '../../src/service/bill-run';
import { carryOn } from '../../src/service/bill-run-worker';
import type { Work } from '../../src/service/run/work';
import { runsOf } from '../support/billed';
import { drift } from '../support/books';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';
import { multiplied } from '../support/many';

/*
 * What becomes of a run of which thousands of items fail: so many that one account takes several steps.
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

describe('N13: an account of which many items are parked', () => {
  /** 15,000 items of one invoice group, and 5,001 of another of which an invoice can hold 1,000. */
  async function halfBilled(): Promise<string> {
    const { orderLineItems } = await orderFor(work);
    const [{ id }] = orderLineItems;
    await due(id);
    await multiplied(gateway.database, id, 5_000);
    await multiplied(gateway.database, id, 15_000, 'X');
    await gateway.database.owner(
      `update fulfillment f set amount = 9999999999 from order_line_item l
       where l.id = f.order_line_item_id and l.invoice_group_number is null and l.order_id = $1`,
      [orderLineItems[0].orderId],
    );
    const run = await created();
    await carryOn(gateway.services);
    expect(await look(run)).toMatchObject({ status: 'Completed', total: 20_001, done: 16_000, failed: 4_001 });
    // What the rules refuse is no failure.
    expect(gateway.failures).toEqual([]);
    return run;
  }

  test('has what was billed of it posted with the run', async () => {
    const run = await halfBilled();
    await moveBillRun(work, run, 'Post');
    await carryOn(gateway.services);
    expect((await look(run)).status).toBe('Posted');
    expect(await statuses(run)).toEqual(['Posted', 'Posted']);
  });

  test('has what was billed of it canceled with the run, which can then be deleted', async () => {
    const run = await halfBilled();
    await moveBillRun(work, run, 'Cancel');
    await carryOn(gateway.services);
    expect(await statuses(run)).toEqual(['Canceled', 'Canceled']);
    const parked = await failures(run);
    expect(parked).toHaveLength(4_001);
    expect(parked[0]).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      during: 'Processing',
      orderLineItemId: expect.any(String),
    });
    expect(await deleteBillRun(work, run)).toEqual({ deletedId: run });
    await carryOn(gateway.services);
    expect(await look(run)).toBeUndefined();
  });
});
