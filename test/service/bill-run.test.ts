import { createBillRun, deleteBillRun, moveBillRun, previewBillRun } from '../../src/service/bill-run';
import { carryOn, step } from '../../src/service/bill-run-worker';
import { moveInvoice } from '../../src/service/billing-document';
import { updateBillingSettings } from '../../src/service/billing-settings';
import { createFulfillments } from '../../src/service/fulfillment';
import { transitionFulfillments } from '../../src/service/fulfillment-change';
import { createOrder, type NewOrderLineItem } from '../../src/service/order';
import { collectPayment } from '../../src/service/payment-collect';
import { refundPayment } from '../../src/service/payment-refund';
import { reverseInvoice } from '../../src/service/reversal';
import type { Work } from '../../src/service/run/work';
import { BillRunRow } from '../../src/store/bill-run';
import { BillRunAccountRow } from '../../src/store/bill-run-chunk';
import { CreditMemoRow } from '../../src/store/credit-memo';
import { HistoryEntryRow } from '../../src/store/history';
import { InvoiceItemRow, InvoiceRow } from '../../src/store/invoice';
import { rowsBy } from '../../src/store/query/write';
import { priceBeyond } from '../support/beyond';
import { drift } from '../support/books';
import { refusal } from '../support/facts';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let work: Work;
let count = 0;

beforeAll(async () => {
  gateway = await testGateway({ poolSize: 12 });
});
/** Each test has an entity of its own, so that a run over all accounts meets what the test has made. */
beforeEach(async () => {
  work = await (await gateway.client({ grants: [{ entity: `Entity ${++count}`, orgs: ['Main'] }] })).work();
});
afterEach(async () => {
  expect(await drift(gateway.database.owner)).toEqual({});
  expect(gateway.failures.splice(0)).toEqual([]);
});
afterAll(() => gateway.close());

const day = '2022-01-01';
const services: Partial<NewOrderLineItem> = {
  billingRule: 'TriggerWithoutFulfillment',
  itemState: 'SentToBilling',
  billTargetDate: day,
  quantity: '3',
  amountPerUnit: '3.335',
};

/** So many fulfillments of 1, sent to billing, on one new account. */
async function delivered(fulfillments: number, more: Partial<NewOrderLineItem> = {}, billTargetDate = day) {
  const perLine = 50;
  const lines = Math.ceil(fulfillments / perLine);
  const sale = await orderFor(work, Array(lines).fill({ quantity: '1000', amountPerUnit: '10', ...more }));
  const made = await createFulfillments(work, {
    fulfillments: Array.from({ length: fulfillments }, (_, at) => ({
      orderLineItemId: sale.orderLineItems[Math.floor(at / perLine)].id,
      fulfillmentDate: day,
      billTargetDate,
      state: 'SentToBilling' as const,
      quantity: '1',
    })),
  });
  return { ...sale, fulfillments: made.fulfillments.map((row) => row!.id) };
}

/** A return of what was delivered, as a whole, sent to billing. */
async function returned(sale: Pick<Awaited<ReturnType<typeof delivered>>, 'account' | 'order'>, quantity: string) {
  const back = {
    ...{ itemName: 'Back', itemCategory: 'Return', quantity, itemState: 'SentToBilling', billTargetDate: day },
    ...{ originalOrderNumber: sale.order.orderNumber, originalOrderLineItemNumber: '1' },
  } as NewOrderLineItem;
  await createOrder(work, {
    ...{ existingAccountNumber: sale.account.accountNumber, orderDate: day, category: 'Return' },
    orderLineItems: [back],
  });
}

async function ran(input: Partial<Parameters<typeof createBillRun>[1]> = {}): Promise<BillRunRow> {
  const { billRun } = await createBillRun(work, { targetDate: '2022-01-02', ...input });
  await carryOn(gateway.services);
  return look(billRun.id);
}
const look = async (id: string): Promise<BillRunRow> =>
  (await rowsBy<BillRunRow>(work.reads(), BillRunRow, 'id', [id]))[0];
const invoices = (run: BillRunRow) => rowsBy<InvoiceRow>(work.reads(), InvoiceRow, 'billRunId', [run.id]);
const memos = (run: BillRunRow) => rowsBy<CreditMemoRow>(work.reads(), CreditMemoRow, 'billRunId', [run.id]);

describe('a bill run', () => {
  test('bills everything that is due of every account, into drafts, and says how far it came', async () => {
    await delivered(3);
    await delivered(2, { paymentTerm: 'Net 5' });
    await orderFor(work, [services, { ...services, itemState: 'Executing' }]);
    await delivered(1, {}, '2022-01-03');
    const run = await ran({ invoiceDate: '2022-02-01' });
    expect(run).toMatchObject({ status: 'Completed', total: 6, done: 6, failed: 0, billRunNumber: 'BR-00000001' });
    expect([run.startedDate, run.finishedDate].map(Boolean)).toEqual([true, true]);
    const made = await invoices(run);
    expect(made.map((invoice) => [invoice.amount, invoice.balance, invoice.status]).sort()).toEqual([
      ['10.01', '10.01', 'Draft'],
      ['20', '20', 'Draft'],
      ['30', '30', 'Draft'],
    ]);
    expect(made.find((invoice) => invoice.amount === '20')).toMatchObject({
      ...{ source: 'BillRun', invoiceDate: '2022-02-01', dueDate: '2022-02-06', targetDate: '2022-01-02' },
      ...{ paymentTerm: 'Net 5', postedDate: null, version: 1 },
    });
  });

  test('leaves the planner with a knowledge of the invoices that it wrote, whose items refer to them', async () => {
    await gateway.database.owner('alter table invoice set (autovacuum_enabled = off)');
    await gateway.database.owner('delete from pg_statistic where starelid = $1::regclass', ['invoice']);
    await gateway.database.owner('update pg_class set relpages = 0, reltuples = 0 where oid = $1::regclass', [
      'invoice',
    ]);
    await delivered(2);
    await ran();
    const [{ known }] = await gateway.database.owner<{ known: boolean }>(
      "select exists (select from pg_stats where tablename = 'invoice' and attname = 'entity_id') as known",
    );
    expect(known).toBe(true);
  });

  test('works on no more accounts at once than the database has locks for', async () => {
    const { account, fulfillments } = await delivered(1);
    // Written beside the services, which would take a minute; a line item of its own is of no account here.
    await gateway.database.owner(
      `with more as (select a, gen_random_uuid() as id, n from account a, generate_series(1, 600) n where a.id = $1),
       made as (insert into account select (jsonb_populate_record(a, jsonb_build_object('id', id, 'account_number', 'M' || n))).* from more)
       insert into fulfillment select (jsonb_populate_record(f, jsonb_build_object('id', gen_random_uuid(),
         'fulfillment_number', f.fulfillment_number || '-' || n, 'account_id', more.id))).* from fulfillment f, more where f.id = $2`,
      [account.id, fulfillments[0]],
    );
    const { billRun } = await createBillRun(work, { targetDate: day });
    await step(gateway.services, billRun);
    const chunks = await gateway.database.owner<{ count: number }>(
      'select count(*)::integer as count from bill_run_account where bill_run_id = $1 group by chunk_id order by chunk_id',
      [billRun.id],
    );
    expect(chunks.map(({ count }) => count)).toEqual([200, 200, 200, 1]);
    for (const action of ['Cancel', 'Delete'] as const) {
      await moveBillRun(work, billRun.id, action);
      await carryOn(gateway.services);
    }
    const others = 'account_id in (select id from account where entity_id = $1 and id <> $2)';
    for (const text of [
      `delete from fulfillment where ${others}`,
      'delete from account where entity_id = $1 and id <> $2',
    ])
      await gateway.database.owner(text, [account.entityId, account.id]);
  });

  test('K3, K4: lets what it drafted be completed once it is posted; reversed, that is billed by the next run', async () => {
    const { fulfillments: keys } = await delivered(2);
    const complete = () => transitionFulfillments(work, { keys, action: 'Complete' });
    const run = await ran();
    expect(await refusal(complete())).toEqual(['NOT_BILLED_YET keys.0', 'NOT_BILLED_YET keys.1']);
    await moveBillRun(work, run.id, 'Post');
    await carryOn(gateway.services);
    expect((await complete()).fulfillments).toMatchObject([{ state: 'Complete' }, { state: 'Complete' }]);
    expect(await ran()).toMatchObject({ total: 0 });
    const [{ id }] = await invoices(run);
    await reverseInvoice(work, id);
    expect(await ran()).toMatchObject({ status: 'Completed', total: 2, done: 2 });
  });

  test('B5: bills nothing twice, whether a run or a request billed it before', async () => {
    const sale = await delivered(3);
    await createFulfillments(work, {
      fulfillments: [
        {
          ...{ orderLineItemId: sale.orderLineItems[0].id, fulfillmentDate: day, quantity: '1' },
          ...{ state: 'SentToBilling', billTargetDate: day },
        },
      ],
      processingOptions: { runBilling: true },
    });
    expect((await ran()).total).toBe(3);
    expect(await ran()).toMatchObject({ status: 'Completed', total: 0, done: 0 });
  });

  test('B2: picks up at a later run what was not due at the first', async () => {
    await delivered(2, {}, '2022-01-03');
    expect((await ran()).total).toBe(0);
    expect((await ran({ targetDate: '2022-01-03' })).total).toBe(2);
  });

  test('bills the accounts that it names and no others', async () => {
    const { account } = await delivered(2);
    const other = await delivered(1);
    const run = await ran({ accountKeys: [account.accountNumber] });
    expect(run).toMatchObject({ total: 2, done: 2 });
    const both = { targetDate: day, accountKeys: [other.account.id, 'A-9', other.account.accountNumber] };
    expect(await refusal(createBillRun(work, both))).toEqual([
      'NOT_FOUND input.accountKeys.1',
      'INVALID_VALUE input.accountKeys.2',
    ]);
    expect(await refusal(createBillRun(work, { targetDate: day, accountKeys: [] }))).toEqual([
      'REQUIRED input.accountKeys',
    ]);
  });

  test('works out taxes and rounds as a request does, and items keep their rate', async () => {
    await updateBillingSettings(work, { taxCodes: [{ code: 'VAT', rate: '0.07775' }] });
    const taxed = { taxCode: 'VAT', amountPerUnit: '239.96' };
    await delivered(2, { ...taxed, taxMode: 'TaxExclusive' });
    await orderFor(work, [{ ...services, ...taxed, taxMode: 'TaxInclusive', quantity: '1.005' }]);
    const run = await ran();
    const made = await invoices(run);
    expect(made.map(({ amountWithoutTax, taxAmount }) => [amountWithoutTax, taxAmount]).sort()).toEqual([
      ['223.76', '17.4'],
      ['479.92', '37.32'],
    ]);
    const items = await rowsBy<InvoiceItemRow>(
      work.reads(),
      InvoiceItemRow,
      'invoiceId',
      made.map(({ id }) => id),
    );
    expect(new Set(items.map((item) => item.taxRate))).toEqual(new Set(['0.07775']));
  });

  test('A3: credits what was returned on a memo, a sister of the invoice of the same group', async () => {
    const sale = await delivered(4);
    await returned(sale, '2');
    const preview = await previewBillRun(work, { targetDate: day });
    expect(preview).toEqual({
      ...{ invoiceCount: 1, creditMemoCount: 1 },
      totals: [
        { accountId: sale.account.id, currency: 'USD', invoiceAmount: '40', creditMemoAmount: '20', itemCount: 5 },
      ],
      failures: [],
    });
    const run = await ran();
    const [invoice] = await invoices(run);
    expect([invoice.amount, run.done]).toEqual(['40', 5]);
    expect(await memos(run)).toMatchObject([{ amount: '20', status: 'Draft', sisterInvoiceId: invoice.id }]);
  });

  test('is previewed as it then turns out', async () => {
    await updateBillingSettings(work, { taxCodes: [{ code: 'VAT', rate: '0.19' }] });
    await delivered(60);
    await delivered(3, { taxCode: 'VAT', amountPerUnit: '0.333' });
    await orderFor(work, [services]);
    const { invoiceCount, totals } = await previewBillRun(work, { targetDate: day });
    const made = await invoices(await ran({ targetDate: day }));
    expect(invoiceCount).toBe(made.length);
    expect(totals.map((total) => total.invoiceAmount).sort()).toEqual(made.map((invoice) => invoice.amount).sort());
  });
});

describe('the documents of a run', () => {
  test('are posted by an act of their own, or by the run itself', async () => {
    const { fulfillments } = await delivered(2);
    const run = await ran();
    await moveBillRun(work, run.billRunNumber, 'Post');
    await carryOn(gateway.services);
    expect((await look(run.id)).status).toBe('Posted');
    expect(await invoices(run)).toMatchObject([{ status: 'Posted', postedDate: expect.any(String), version: 2 }]);
    await transitionFulfillments(work, { keys: fulfillments, action: 'Complete' });

    await delivered(1);
    const posted = await ran({ autoPost: true });
    expect(posted.status).toBe('Posted');
    expect(await invoices(posted)).toMatchObject([{ status: 'Posted' }]);
    expect(await refusal(moveBillRun(work, posted.id, 'Cancel'))).toEqual(['DOCUMENT_STATUS key']);
  });

  test('are canceled with it, free what they had billed, and are gone when it is deleted', async () => {
    await returned(await delivered(2), '1');
    const run = await ran();
    const [invoice] = await invoices(run);
    const [memo] = await memos(run);
    expect(memo.sisterInvoiceId).toBe(invoice.id);
    expect(await refusal(deleteBillRun(work, run.id))).toEqual(['DOCUMENT_STATUS key']);
    await moveBillRun(work, run.id, 'Cancel');
    await carryOn(gateway.services);
    expect((await look(run.id)).status).toBe('Canceled');
    expect(await invoices(run)).toMatchObject([{ status: 'Canceled' }]);
    expect(await deleteBillRun(work, run.id)).toEqual({ deletedId: run.id });
    expect(await look(run.id)).toMatchObject({ status: 'RemoveInProgress', finishedDate: null });
    for (const action of ['Post', 'Cancel', 'Delete'] as const) {
      expect(await refusal(moveBillRun(work, run.id, action))).toEqual(['DOCUMENT_STATUS key']);
    }
    await carryOn(gateway.services);
    expect([await invoices(run), await memos(run), await look(run.id)]).toEqual([[], [], undefined]);
    for (const { id } of [invoice, memo]) {
      const entries = await rowsBy<HistoryEntryRow>(work.reads(), HistoryEntryRow, 'subjectId', [id]);
      expect(entries.sort((a, b) => a.version - b.version)).toMatchObject([
        { action: 'Create', toState: 'Draft', version: 1 },
        { action: 'Cancel', toState: 'Canceled', version: 2 },
        { action: 'Delete', fromState: 'Canceled', toState: null, version: 3, actor: work.caller.clientId },
      ]);
    }
    expect((await ran()).done).toBe(3);
  });

  test('N22: that were ever paid stay: refunded, unposted and canceled, they keep their run from being deleted', async () => {
    const allowed = async (id: string) => {
      const query = 'query ($key: ID!) { billRun(key: $key) { allowedActions { action allowed blockedBy { code } } } }';
      const client = await gateway.client({ grants: [{ entity: `Entity ${count}`, orgs: ['Main'] }] });
      const { body } = await client.graphql(query, { key: id });
      return body.data.billRun.allowedActions.find(({ action }: { action: string }) => action === 'Delete');
    };
    const undone = async (paid: boolean) => {
      const { account } = await delivered(1);
      const run = await ran({ autoPost: true, accountKeys: [account.id] });
      const [{ id }] = await invoices(run);
      if (paid) {
        const { payments } = await collectPayment(work, [id]);
        await work.finish();
        await refundPayment(work, payments[0].id);
        await work.finish();
      } else {
        await moveInvoice(work, id, 'Unpost');
        await moveInvoice(work, id, 'Post');
      }
      await moveInvoice(work, id, 'Unpost');
      await moveBillRun(work, run.id, 'Cancel');
      await carryOn(gateway.services);
      expect(await invoices(run)).toMatchObject([{ status: 'Canceled' }]);
      return run;
    };
    const run = await undone(true);
    expect(await refusal(deleteBillRun(work, run.id))).toEqual(['DOCUMENT_IN_USE key']);
    expect(await invoices(run)).toHaveLength(1);
    // Posted twice, but never paid.
    const free = await undone(false);
    expect(await deleteBillRun(work, free.id)).toEqual({ deletedId: free.id });
    await carryOn(gateway.services);
    expect(await look(free.id)).toBeUndefined();
    expect(await allowed(run.id)).toEqual({
      action: 'Delete',
      allowed: false,
      blockedBy: [{ code: 'DOCUMENT_IN_USE' }],
    });
  });

  test('are removed with a run that is an Error, drafts included, and free what they had billed', async () => {
    await delivered(2);
    const run = await ran();
    await gateway.database.owner("update bill_run set status = 'Error' where id = $1", [run.id]);
    await deleteBillRun(work, run.id);
    await carryOn(gateway.services);
    expect(await look(run.id)).toBeUndefined();
    expect((await ran()).done).toBe(2);
  });

  test('can be canceled before a worker has begun', async () => {
    await delivered(2);
    const { billRun } = await createBillRun(work, { targetDate: day });
    await moveBillRun(work, billRun.id, 'Cancel');
    await carryOn(gateway.services);
    expect(await look(billRun.id)).toMatchObject({ status: 'Canceled', total: 0 });
    expect((await ran()).done).toBe(2);
  });
});

describe('what a run cannot bill', () => {
  test('N13: an item that would carry a document past 13 digits is parked and named, and the rest of its group is billed', async () => {
    await delivered(3);
    const huge = await delivered(3);
    await priceBeyond(gateway.database, huge.account.id, '4999999999999');
    await delivered(1);
    const preview = await previewBillRun(work, { targetDate: day });
    const run = await ran();
    expect(run).toMatchObject({ status: 'Completed', total: 7, done: 6, failed: 1 });
    const failed = (await rowsBy<BillRunAccountRow>(work.reads(), BillRunAccountRow, 'billRunId', [run.id])).filter(
      ({ code }) => code,
    );
    const parked = {
      ...{ accountId: huge.account.id, orderLineItemId: huge.orderLineItems[0].id, code: 'LIMIT_EXCEEDED' },
      fulfillmentId: [...huge.fulfillments].sort()[2],
      message:
        'The billing document would have the amount 14999999999997; at most 13 digits before the decimal point are allowed.',
      during: 'Processing',
    };
    expect(failed).toMatchObject([{ ...parked, total: 1, done: 0 }]);
    expect((await invoices(run)).map(({ amount }) => amount).sort()).toEqual(['10', '30', '9999999999998']);
    expect(preview).toMatchObject({
      invoiceCount: 3,
      totals: [{ itemCount: 3 }, { itemCount: 2, invoiceAmount: '9999999999998' }, { itemCount: 1 }],
      failures: [parked],
    });
    // It stays due, and stands on a document of its own the next time.
    expect((await invoices(await ran())).map(({ amount }) => amount)).toEqual(['4999999999999']);
  });

  test('N13: a return is credited though a sale of its group is parked', async () => {
    const sale = await delivered(2, { amountPerUnit: '4999999999999', quantity: '2' });
    await ran();
    await returned(sale, '1');
    const { account } = sale;
    const lines = [1, 2, 3].map(() => ({ ...services, quantity: '1', amountPerUnit: '4999999999999' }));
    await createOrder(work, {
      ...{ existingAccountNumber: account.accountNumber, orderDate: day },
      orderLineItems: lines.map((line) => ({ itemName: 'More', itemType: 'Product', ...line }) as NewOrderLineItem),
    });
    const preview = await previewBillRun(work, { targetDate: day });
    const run = await ran();
    expect(run).toMatchObject({ status: 'Completed', total: 4, done: 3, failed: 1 });
    expect((await invoices(run)).map(({ amount }) => amount)).toEqual(['9999999999998']);
    expect((await memos(run)).map(({ amount }) => amount)).toEqual(['4999999999999']);
    expect(preview).toMatchObject({
      totals: [{ invoiceAmount: '9999999999998', creditMemoAmount: '4999999999999', itemCount: 3 }],
      failures: [{ accountId: account.id, fulfillmentId: null }],
    });
  });

  test('is all of it: the run is an Error, and may be deleted', async () => {
    const { fulfillments } = await delivered(2);
    await gateway.database.owner('update fulfillment set amount = 99999999999999 where id = any($1)', [fulfillments]);
    const run = await ran();
    expect(run).toMatchObject({ status: 'Error', total: 2, done: 0, failed: 2 });
    gateway.failures.splice(0);
    await deleteBillRun(work, run.id);
    await carryOn(gateway.services);
    expect(await look(run.id)).toBeUndefined();
  });
});
