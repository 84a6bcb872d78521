import type { BillRunStatus } from '../../src/domain/bill-run';
import { bill } from '../../src/service/billing';
import { moveCreditMemo, moveInvoice, type StatusAction } from '../../src/service/billing-document';
import { applyCreditMemo } from '../../src/service/credit-memo';
import { transitionFulfillments } from '../../src/service/fulfillment-change';
import { updateOrderLineItem } from '../../src/service/order-line-item-change';
import type { Work } from '../../src/service/run/work';
import { claimed } from '../../src/store/billing-claim';
import type { FulfillmentRow } from '../../src/store/fulfillment';
import { newId } from '../../src/store/id';
import type { OrderLineItemRow } from '../../src/store/order-line-item';
import { bills, credited, drafted, invoiced, ofBillRun, sisters } from '../support/billed';
import { drift } from '../support/books';
import { refusal } from '../support/facts';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let work: Work;
const today = new Date().toISOString().slice(0, 10);

beforeAll(async () => {
  gateway = await testGateway();
  work = await (await gateway.client()).work();
});
afterEach(async () => {
  expect(await drift(gateway.database.owner)).toEqual({});
  expect(gateway.failures).toEqual([]);
});
afterAll(() => gateway.close());

const claims = async (rows: readonly { id: string }[]) =>
  (
    await claimed(
      work.reads(),
      rows.map(({ id }) => id),
    )
  ).length;
const complete = (rows: readonly FulfillmentRow[]) =>
  transitionFulfillments(work, { keys: rows.map(({ id }) => id), action: 'Complete' });
const history = (id: string) =>
  gateway.database.owner<{ action: string; from_state: string; to_state: string; version: number }>(
    'select action, from_state, to_state, version from history_entry where subject_id = $1 order by version',
    [id],
  );

/** Bills fulfillments as far as they are billable, as a later act would. */
const billAgain = (line: OrderLineItemRow, fulfillments: readonly FulfillmentRow[]) =>
  work.run(false, (unit) =>
    bill(
      unit,
      { fulfillments, lineOf: new Map([[line.id, line]]), sentBefore: fulfillments.map(({ id }) => id) },
      bills,
      [],
    ),
  );

describe('an invoice', () => {
  test('goes from draft to posted and back, and stays billed all the while', async () => {
    const { invoice, fulfillments } = await invoiced(work, ['5', '6']);
    await drafted(gateway, invoice.id);
    const posted = await moveInvoice(work, invoice.invoiceNumber, 'Post');
    expect(posted).toMatchObject({ invoice: { status: 'Posted', postedDate: today, version: 2 }, creditMemos: [] });
    const { invoice: draft } = await moveInvoice(work, invoice.id, 'Unpost');
    expect(draft).toMatchObject({ status: 'Draft', postedDate: null, balance: '110', version: 3 });
    expect(await claims(fulfillments)).toBe(2);
    expect(await history(invoice.id)).toMatchObject([
      { action: 'Create', version: 1 },
      { action: 'Post', to_state: 'Posted', version: 2 },
      { action: 'Unpost', from_state: 'Posted', to_state: 'Draft', version: 3 },
    ]);
  });

  test('N11: that is canceled owes nothing, and no list of open balances has it, nor its sister', async () => {
    const { invoice } = await invoiced(work, ['5']);
    await drafted(gateway, invoice.id);
    const sale = await invoiced(work, ['10']);
    const { memo } = await credited(work, sale, '4');
    await moveCreditMemo(work, memo.id, 'Unpost');
    const client = await gateway.client();
    const open = async () => {
      const { data } = (
        await client.graphql(
          `query ($invoice: ID!, $memo: ID!) {
            invoice(key: $invoice) { balance } creditMemo(key: $memo) { unappliedAmount }
            invoices(filter: { id: { eq: $invoice }, hasBalance: true }) { totalCount }
            creditMemos(filter: { id: { eq: $memo }, hasUnapplied: true }) { totalCount } }`,
          { invoice: invoice.id, memo: memo.id },
        )
      ).body;
      return [
        data.invoice.balance,
        data.invoices.totalCount,
        data.creditMemo.unappliedAmount,
        data.creditMemos.totalCount,
      ];
    };
    expect(await open()).toEqual(['50.00', 1, '40.00', 1]);
    expect((await moveInvoice(work, invoice.id, 'Cancel', true)).invoice.balance).toBe('0');
    await moveInvoice(work, invoice.id, 'Cancel');
    await moveCreditMemo(work, memo.id, 'Cancel');
    expect(await open()).toEqual(['0.00', 0, '0.00', 0]);
  });

  test('that is canceled leaves what it charged in its state, and billable again', async () => {
    const { invoice, fulfillments, orderLineItems } = await invoiced(work, ['5', '6']);
    await complete(fulfillments.slice(0, 1));
    await drafted(gateway, invoice.id);
    expect(await moveInvoice(work, invoice.id, 'Cancel')).toMatchObject({
      invoice: { status: 'Canceled', version: 2 },
    });
    expect(await claims(fulfillments)).toBe(0);
    const rows = await gateway.database.owner<{ state: string }>(
      'select state::text from fulfillment where order_line_item_id = $1 order by id',
      [orderLineItems[0].id],
    );
    expect(rows.map(({ state }) => state)).toEqual(['Complete', 'SentToBilling']);

    const again = await billAgain(
      orderLineItems[0],
      fulfillments.map((row, at) => ({ ...row, state: at ? row.state : 'Complete' })),
    );
    expect(again.invoices).toMatchObject([{ amount: '110', status: 'Posted' }]);
    expect((await billAgain(orderLineItems[0], fulfillments)).invoices).toEqual([]);
  });

  test('of a line item without fulfillments frees the line item', async () => {
    const { orderLineItems } = await orderFor(work, [
      {
        ...{ billingRule: 'TriggerWithoutFulfillment', itemState: 'SentToBilling', billTargetDate: '2022-01-01' },
        quantity: '3',
      },
    ]);
    const [{ id }] = orderLineItems;
    const run = (paymentTerm: string) =>
      updateOrderLineItem(work, id, { paymentTerm, processingOptions: bills }).then(({ invoices }) => invoices);
    const [invoice] = await run('Net 10');
    expect(await run('Net 20')).toEqual([]);
    await drafted(gateway, invoice.id);
    await moveInvoice(work, invoice.id, 'Cancel');
    expect(await run('Net 30')).toMatchObject([{ amount: '30' }]);
  });

  test('K4: what it charges is completed only after it is posted', async () => {
    const { invoice, fulfillments } = await invoiced(work);
    await drafted(gateway, invoice.id);
    expect(await refusal(complete(fulfillments))).toEqual(['NOT_BILLED_YET keys.0']);
    await moveInvoice(work, invoice.id, 'Post');
    await moveInvoice(work, invoice.id, 'Unpost');
    expect(await refusal(complete(fulfillments))).toEqual(['NOT_BILLED_YET keys.0']);
    await moveInvoice(work, invoice.id, 'Post');
    expect((await complete(fulfillments)).fulfillments).toMatchObject([{ state: 'Complete' }]);
  });

  test('is moved only where its status allows it, and otherwise nothing changes', async () => {
    const { invoice } = await invoiced(work);
    const act = (action: StatusAction) => refusal(moveInvoice(work, invoice.id, action));
    expect(await act('Post')).toEqual(['DOCUMENT_STATUS key']);
    expect(await act('Cancel')).toEqual(['DOCUMENT_STATUS key']);
    await moveInvoice(work, invoice.id, 'Unpost');
    expect(await act('Unpost')).toEqual(['DOCUMENT_STATUS key']);
    await moveInvoice(work, invoice.id, 'Cancel');
    for (const action of ['Post', 'Unpost', 'Cancel'] as const)
      expect(await act(action)).toEqual(['DOCUMENT_STATUS key']);
    expect(await refusal(moveInvoice(work, 'INV9', 'Post'))).toEqual(['NOT_FOUND key']);
    expect(await refusal(moveInvoice(work, newId(), 'Post'))).toEqual(['NOT_FOUND key']);
  });

  test('that was paid or credited stays posted', async () => {
    const paid = await invoiced(work);
    const { memo } = await credited(work, paid, '2');
    await applyCreditMemo(work, memo.id, paid.invoice.id, '0.01');
    expect(await refusal(moveInvoice(work, paid.invoice.id, 'Unpost'))).toEqual(['DOCUMENT_IN_USE key']);
    expect(await refusal(moveCreditMemo(work, memo.id, 'Unpost'))).toEqual(['DOCUMENT_IN_USE key']);
  });

  test('dry, shows what would be', async () => {
    const { invoice, fulfillments } = await invoiced(work);
    await drafted(gateway, invoice.id);
    expect((await moveInvoice(work, invoice.id, 'Cancel', true)).invoice.status).toBe('Canceled');
    expect(await claims(fulfillments)).toBe(1);
  });
});

describe('a credit memo', () => {
  test('of a return is posted, unposted and canceled, and the return is then credited anew', async () => {
    const sale = await invoiced(work, ['10']);
    const { memo, fulfillment } = await credited(work, sale, '4');
    const { creditMemo: draft } = await moveCreditMemo(work, memo.creditMemoNumber, 'Unpost');
    expect(draft).toMatchObject({ status: 'Draft', postedDate: null });
    expect(await refusal(complete([fulfillment]))).toEqual(['NOT_BILLED_YET keys.0']);
    expect(await moveCreditMemo(work, memo.id, 'Post')).toMatchObject({
      creditMemo: { status: 'Posted' },
      invoices: [],
    });
    await moveCreditMemo(work, memo.id, 'Unpost');
    await moveCreditMemo(work, memo.id, 'Cancel');
    expect(await claims([fulfillment])).toBe(0);

    const [line] = await gateway.database.owner<{ id: string }>(
      'select order_line_item_id as id from fulfillment where id = $1',
      [fulfillment.id],
    );
    const [sold] = sale.orderLineItems;
    const returned = { ...sold, id: line.id, itemCategory: 'Return' as const, originalOrderLineItemId: sold.id };
    const { creditMemos } = await billAgain(returned, [fulfillment]);
    expect(creditMemos).toMatchObject([{ amount: '40', status: 'Posted' }]);
  });

  test('that was refunded stays posted', async () => {
    const { memo } = await credited(work, await invoiced(work), '2');
    await gateway.database.owner('update credit_memo set refund_amount = 1 where id = $1', [memo.id]);
    expect(await refusal(moveCreditMemo(work, memo.id, 'Unpost'))).toEqual(['DOCUMENT_IN_USE key']);
    await gateway.database.owner('update credit_memo set refund_amount = 0 where id = $1', [memo.id]);
  });
});

describe('an invoice and its sister credit memo', () => {
  test('are posted and unposted together, whichever is named', async () => {
    const { invoice, memo } = await sisters(work);
    expect(memo.sisterInvoiceId).toBe(invoice.id);
    expect(await moveInvoice(work, invoice.id, 'Unpost')).toMatchObject({
      invoice: { status: 'Draft' },
      creditMemos: [{ id: memo.id, status: 'Draft', version: 2 }],
    });
    expect(await moveCreditMemo(work, memo.id, 'Post')).toMatchObject({
      creditMemo: { status: 'Posted', version: 3 },
      invoices: [{ id: invoice.id, status: 'Posted', version: 3 }],
    });
    expect((await history(memo.id)).map(({ action }) => action)).toEqual(['Create', 'Unpost', 'Post']);
    expect((await history(invoice.id)).map(({ action }) => action)).toEqual(['Create', 'Unpost', 'Post']);
  });

  test('are canceled together, and free what both have billed', async () => {
    for (const which of ['invoice', 'memo'] as const) {
      const made = await sisters(work);
      await drafted(gateway, made.invoice.id, made.memo.id);
      expect(await claims(made.fulfillments)).toBe(2);
      const key = made[which].id;
      await (which === 'invoice' ? moveInvoice(work, key, 'Cancel') : moveCreditMemo(work, key, 'Cancel'));
      expect(await claims(made.fulfillments)).toBe(0);
    }
  });

  test('stay as they are where one of them is in use', async () => {
    const { invoice, memo, sale } = await sisters(work);
    await applyCreditMemo(work, memo.id, sale.invoice.id, '1');
    expect(await refusal(moveInvoice(work, invoice.id, 'Unpost'))).toEqual(['DOCUMENT_IN_USE key']);
    expect(await refusal(moveCreditMemo(work, memo.id, 'Unpost'))).toEqual(['DOCUMENT_IN_USE key']);
  });
});

describe('a document of a bill run', () => {
  const made = async (status: BillRunStatus) => {
    const { invoice } = await invoiced(work);
    return { invoice, run: await ofBillRun(gateway, invoice, status) };
  };

  test.each(['Processing', 'PostInProgress', 'CancelInProgress', 'RemoveInProgress'] as const)(
    'is left alone while the run is %s',
    async (status) => {
      const { invoice } = await made(status);
      expect(await refusal(moveInvoice(work, invoice.id, 'Unpost'))).toEqual(['DOCUMENT_IN_USE key']);
      await drafted(gateway, invoice.id);
      for (const action of ['Post', 'Cancel'] as const) {
        expect(await refusal(moveInvoice(work, invoice.id, action))).toEqual(['DOCUMENT_IN_USE key']);
      }
    },
  );

  test('that is unposted takes its run back from Posted to Completed, so that it can be posted again', async () => {
    const { invoice, run } = await made('Posted');
    const standing = () =>
      gateway.database.owner(
        `select r.status::text, r.version, c.status::text as chunk from bill_run r
         join bill_run_chunk c on c.bill_run_id = r.id where r.id = $1`,
        [run],
      );
    const reopened = [{ status: 'Completed', version: 2, chunk: 'Billed' }];
    for (const action of ['Unpost', 'Post', 'Unpost'] as const) {
      await moveInvoice(work, invoice.id, action);
      expect(await standing()).toEqual(reopened);
    }
  });
});
