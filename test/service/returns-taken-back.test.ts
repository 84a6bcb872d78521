import type { CreditMemoRule } from '../../src/domain/billing-settings';
import { createBillRun, deleteBillRun, moveBillRun } from '../../src/service/bill-run';
import { carryOn } from '../../src/service/bill-run-worker';
import { moveCreditMemo, moveInvoice } from '../../src/service/billing-document';
import { updateBillingSettings } from '../../src/service/billing-settings';
import { createOrder, type NewOrderLineItem } from '../../src/service/order';
import { reverseInvoice } from '../../src/service/reversal';
import type { Work } from '../../src/service/run/work';
import { BillRunRow } from '../../src/store/bill-run';
import { CreditMemoRow } from '../../src/store/credit-memo';
import { InvoiceRow } from '../../src/store/invoice';
import { rowsBy } from '../../src/store/query/write';
import { drift } from '../support/books';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

/*
 * What is credited for a return after the document of an earlier return of the same sale was taken back.
 */
let gateway: TestGatewayServer;
let work: Work;
let entities = 0;

beforeAll(async () => {
  gateway = await testGateway();
});
beforeEach(async () => {
  work = await (await gateway.client({ grants: [{ entity: `Entity ${++entities}`, orgs: ['Main'] }] })).work();
});
afterEach(async () => {
  expect(await drift(gateway.database.owner)).toEqual({});
  expect(gateway.failures).toEqual([]);
});
afterAll(() => gateway.close());

const day = '2022-01-01';
const due: Partial<NewOrderLineItem> = {
  ...{ billingRule: 'TriggerWithoutFulfillment', itemState: 'SentToBilling', billTargetDate: day },
};

/** Bills what is due, and returns the documents, posted, with what they come to. */
async function ran(autoPost = true) {
  const { billRun } = await createBillRun(work, { targetDate: day, autoPost });
  await carryOn(gateway.services);
  const [run] = await rowsBy<BillRunRow>(work.reads(), BillRunRow, 'id', [billRun.id]);
  expect(run).toMatchObject({ status: autoPost ? 'Posted' : 'Completed', failed: 0 });
  const invoices = await rowsBy<InvoiceRow>(work.reads(), InvoiceRow, 'billRunId', [run.id]);
  const memos = await rowsBy<CreditMemoRow>(work.reads(), CreditMemoRow, 'billRunId', [run.id]);
  const told = [...invoices.map(({ amount }) => `invoice ${amount}`), ...memos.map(({ amount }) => `memo ${amount}`)];
  return { run, invoices, memos, told };
}

/** A billed sale of so many, 10 at 10.00 unless told otherwise, with the line items to come on its account. */
async function shop(creditMemoRule: CreditMemoRule, more: Partial<NewOrderLineItem> = {}) {
  await updateBillingSettings(work, { creditMemoRule });
  const { account, order } = await orderFor(work, [{ ...due, quantity: '10', amountPerUnit: '10', ...more }]);
  const { invoices } = await ran();
  const { accountNumber: existingAccountNumber } = account;
  return {
    invoice: invoices[0],
    back: (quantity: string) =>
      createOrder(work, {
        ...{ existingAccountNumber, orderDate: day, category: 'Return' as const },
        orderLineItems: [
          {
            ...due,
            ...{ itemName: 'Back', itemCategory: 'Return', quantity },
            ...{ originalOrderNumber: order.orderNumber, originalOrderLineItemNumber: '1' },
          } as NewOrderLineItem,
        ],
      }),
    sell: (amountPerUnit: string) =>
      createOrder(work, {
        ...{ existingAccountNumber, orderDate: day },
        orderLineItems: [
          { ...due, itemName: 'Other', itemType: 'Product', quantity: '1', amountPerUnit } as NewOrderLineItem,
        ],
      }),
  };
}

describe.each<CreditMemoRule>(['NetNegative', 'NetNegativeNoGrouping'])(
  'N16: a return that was netted by %s on an invoice that is reversed for good',
  (rule) => {
    test.each([
      ['9', 'invoice 10', '1', 'memo 10'],
      ['2', 'invoice 80', '8', 'memo 80'],
    ])(
      '%s of 10 are closed without credit, and the last are credited their own share',
      async (first, netted, last, credit) => {
        const { back, sell } = await shop(rule);
        await back(first);
        await sell('100');
        const { invoices, told } = await ran();
        expect(told).toEqual([netted]);
        await reverseInvoice(work, invoices[0].id, { rebill: false });
        // It is closed: nothing bills it again.
        expect((await ran()).told).toEqual([]);
        await back(last);
        expect((await ran()).told).toEqual([credit]);
      },
    );
  },
);

describe('N16: after a document of returns was taken back', () => {
  test('with re-billing, the return is credited by the next run, and the last one gets the remainder', async () => {
    const { back, sell } = await shop('NetNegative');
    await back('9');
    await sell('100');
    const { invoices } = await ran();
    await reverseInvoice(work, invoices[0].id);
    await back('1');
    expect((await ran()).told).toEqual(['invoice 0']);
  });

  test('as a draft that is canceled, or whose run is, the return is credited once by the next run', async () => {
    const { back, sell } = await shop('NetNegative');
    await back('9');
    await sell('100');
    const draft = await ran(false);
    await moveInvoice(work, draft.invoices[0].id, 'Cancel');
    const again = await ran(false);
    expect([draft.told, again.told]).toEqual([['invoice 10'], ['invoice 10']]);
    await moveBillRun(work, again.run.id, 'Cancel');
    await carryOn(gateway.services);
    await deleteBillRun(work, again.run.id);
    await carryOn(gateway.services);
    await back('1');
    expect((await ran()).told).toEqual(['invoice 0']);
  });

  test('as a credit memo that is canceled, the return is credited once by the next run', async () => {
    const { back } = await shop('AllNegative');
    await back('9');
    const { memos } = await ran(false);
    await moveCreditMemo(work, memos[0].id, 'Cancel');
    await back('1');
    expect((await ran()).memos.map(({ amount }) => amount)).toEqual(['100']);
  });

  test('several returns, one of them closed: each of the others is credited its share, and never more than the bill', async () => {
    const { back, sell } = await shop('NetNegative', { quantity: '3', amountPerUnit: '3.335' });
    await back('1');
    await sell('100');
    const { invoices, told } = await ran();
    expect(told).toEqual(['invoice 96.66']);
    await back('1');
    expect((await ran()).told).toEqual(['memo 3.34']);
    await reverseInvoice(work, invoices[0].id, { rebill: false });
    await back('1');
    expect((await ran()).told).toEqual(['memo 3.34']);
  });

  test('one of two netted returns is closed, and what comes back last is credited by its share', async () => {
    const { back, sell } = await shop('NetNegative');
    await back('4');
    await sell('100');
    const first = await ran();
    await back('3');
    await sell('50');
    const second = await ran();
    expect([first.told, second.told]).toEqual([['invoice 60'], ['invoice 20']]);
    await reverseInvoice(work, first.invoices[0].id, { rebill: false });
    await back('3');
    expect((await ran()).told).toEqual(['memo 30']);
  });

  test('the bill of the sale itself is reversed for good too, since nothing of it is credited any more', async () => {
    const { invoice, back, sell } = await shop('NetNegative');
    await back('9');
    await sell('100');
    const { invoices } = await ran();
    await expect(reverseInvoice(work, invoice.id, { rebill: false })).rejects.toThrow('have been credited');
    await reverseInvoice(work, invoices[0].id, { rebill: false });
    await reverseInvoice(work, invoice.id, { rebill: false });
    await back('1');
    expect((await ran()).told).toEqual(['invoice 0']);
  });
});
