import { bill } from '../../src/service/billing';
import { moveCreditMemo, moveInvoice } from '../../src/service/billing-document';
import { applyCreditMemo, unapplyCreditMemo } from '../../src/service/credit-memo';
import { transitionFulfillments } from '../../src/service/fulfillment-change';
import { reverseInvoice } from '../../src/service/reversal';
import type { Work } from '../../src/service/run/work';
import { claimed } from '../../src/store/billing-claim';
import { CreditMemoApplicationRow, CreditMemoItemRow } from '../../src/store/credit-memo';
import { FulfillmentRow } from '../../src/store/fulfillment';
import { InvoiceItemRow } from '../../src/store/invoice';
import type { OrderLineItemRow } from '../../src/store/order-line-item';
import { rowsBy } from '../../src/store/query/write';
import { bills, credited, deliver, drafted, invoiced, sisters } from '../support/billed';
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
  await work.finish();
  expect(await drift(gateway.database.owner)).toEqual({});
  expect(gateway.failures).toEqual([]);
});
afterAll(() => gateway.close());

const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);
const claims = async (rows: readonly { id: string }[]) => (await claimed(work.reads(), idsOf(rows))).length;

/** What a later billing act makes of these fulfillments. */
const billAgain = async (line: OrderLineItemRow, of: readonly FulfillmentRow[]) => {
  const fulfillments = await rowsBy<FulfillmentRow>(work.reads(), FulfillmentRow, 'id', idsOf(of));
  return work.run(false, (unit) =>
    bill(unit, { fulfillments, lineOf: new Map([[line.id, line]]), sentBefore: idsOf(of) }, bills, []),
  );
};

describe('a reversal', () => {
  test('is a posted credit memo with the items of the invoice, put against it whole', async () => {
    const { invoice, fulfillments } = await invoiced(work, ['5', '6'], { invoiceGroupNumber: 'G' });
    const reversed = await reverseInvoice(work, invoice.invoiceNumber);
    expect(reversed.invoice).toMatchObject({ status: 'Posted', balance: '0', reversed: true, version: 2 });
    const [memo] = reversed.creditMemos;
    expect(memo).toMatchObject({
      ...{ status: 'Posted', creditMemoDate: today, postedDate: today, source: 'API', reasonCode: 'Reversal' },
      ...{ amount: '110', amountWithoutTax: '110', taxAmount: '0', appliedAmount: '110', refundAmount: '0' },
      ...{ reversedInvoiceId: invoice.id, sisterInvoiceId: null, invoiceGroupNumber: 'G', version: 1 },
    });
    const items = await rowsBy<InvoiceItemRow>(work.reads(), InvoiceItemRow, 'invoiceId', [invoice.id]);
    const mirrored = await rowsBy<CreditMemoItemRow>(work.reads(), CreditMemoItemRow, 'creditMemoId', [memo.id]);
    const inOrder = <R extends { id: string }>(rows: R[]) => rows.sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(inOrder(mirrored).map(({ id: _, creditMemoId: __, ...item }) => item)).toEqual(
      inOrder(items).map(({ id: _, invoiceId: __, chargeAmount, ...item }) => ({
        ...item,
        amountWithoutTax: chargeAmount,
      })),
    );
    expect(mirrored.map((item) => item.fulfillmentId).sort()).toEqual(idsOf(fulfillments).sort());
    expect(await rowsBy(work.reads(), CreditMemoApplicationRow, 'creditMemoId', [memo.id])).toMatchObject([
      { invoiceId: invoice.id, amount: '110' },
    ]);
  });

  test('mirrors the tax as well', async () => {
    await gateway.database.owner(`update billing_settings set tax_codes = '[{"code": "VAT", "rate": "0.19"}]'`);
    const { invoice } = await invoiced(work, ['3'], { amountPerUnit: '3.335', taxCode: 'VAT' });
    const { creditMemos } = await reverseInvoice(work, invoice.id);
    expect(creditMemos).toMatchObject([{ amountWithoutTax: '10.01', taxAmount: '1.9', amount: '11.91' }]);
  });

  test('of an invoice over 0 has nothing to be put against it', async () => {
    const { invoice } = await invoiced(work, ['5'], { amountPerUnit: '0' });
    const { invoice: reversed, creditMemos } = await reverseInvoice(work, invoice.id);
    expect(reversed).toMatchObject({ balance: '0', reversed: true });
    expect(creditMemos).toMatchObject([{ amount: '0', appliedAmount: '0' }]);
    expect(await refusal(reverseInvoice(work, invoice.id))).toEqual(['DOCUMENT_IN_USE key']);
  });

  test('is of the day that is asked for, though of none before the invoice', async () => {
    const { orderLineItems } = await orderFor(work);
    const billingOptions = { documentDate: '2022-03-05', targetDate: '2022-03-05' };
    const { invoices } = await deliver(work, orderLineItems[0].id, ['5'], { ...bills, billingOptions });
    const on = (documentDate: string) => reverseInvoice(work, invoices[0].id, { documentDate });
    expect(await refusal(on('2022-03-04'))).toEqual(['INVALID_VALUE documentDate']);
    expect((await on('2022-03-05')).creditMemos).toMatchObject([{ creditMemoDate: '2022-03-05' }]);
  });

  test('is refused where anything is applied, before posting, and a second time', async () => {
    const sale = await invoiced(work, ['5']);
    const { memo } = await credited(work, sale, '1');
    await applyCreditMemo(work, memo.id, sale.invoice.id);
    const reverse = () => refusal(reverseInvoice(work, sale.invoice.id));
    expect(await reverse()).toEqual(['DOCUMENT_IN_USE key']);
    await unapplyCreditMemo(work, memo.id, sale.invoice.id);
    await drafted(gateway, sale.invoice.id);
    expect(await reverse()).toEqual(['DOCUMENT_STATUS key']);
    await moveInvoice(work, sale.invoice.id, 'Post');
    expect(await reverse()).toEqual(['nothing was refused']);
    expect(await reverse()).toEqual(['DOCUMENT_IN_USE key']);
  });

  test('of a paid invoice is refused', async () => {
    const { orderLineItems } = await orderFor(work);
    const paid = await deliver(work, orderLineItems[0].id, ['5'], { ...bills, collectPayment: true });
    expect(await refusal(reverseInvoice(work, paid.invoices[0].id))).toEqual(['DOCUMENT_IN_USE key']);
  });

  test('stays: its invoice is not unposted, nor its credit memo unposted or taken off', async () => {
    const { invoice } = await invoiced(work);
    const [memo] = (await reverseInvoice(work, invoice.id)).creditMemos;
    expect(await refusal(moveInvoice(work, invoice.id, 'Unpost'))).toEqual(['DOCUMENT_IN_USE key']);
    expect(await refusal(moveCreditMemo(work, memo.id, 'Unpost'))).toEqual(['DOCUMENT_IN_USE key']);
    expect(await refusal(unapplyCreditMemo(work, memo.id, invoice.id))).toEqual(['DOCUMENT_IN_USE key']);
  });

  test('leaves a sister of the invoice as it is', async () => {
    const { invoice, memo } = await sisters(work);
    const { creditMemos } = await reverseInvoice(work, invoice.id);
    expect(creditMemos.map(({ id }) => id)).not.toContain(memo.id);
    expect(await refusal(moveCreditMemo(work, memo.id, 'Unpost'))).toEqual(['DOCUMENT_IN_USE key']);
  });

  test('needs invoice settlement', async () => {
    const own = await (await gateway.client({ grants: [{ entity: 'Without settlement', orgs: ['Main'] }] })).work();
    const { entityId } = own.caller;
    await gateway.database.owner('update billing_settings set invoice_settlement = false where entity_id = $1', [
      entityId,
    ]);
    const { invoice } = await invoiced(own);
    expect(await refusal(reverseInvoice(own, invoice.id))).toEqual(['SETTLEMENT_REQUIRED key']);
  });

  test('dry, takes numbers of its own and writes nothing', async () => {
    const { invoice, fulfillments } = await invoiced(work);
    const { creditMemos } = await reverseInvoice(work, invoice.id, { dryRun: true });
    expect(creditMemos[0].creditMemoNumber).toMatch(/^DRYRUN-1 /);
    expect(await claims(fulfillments)).toBe(1);
  });
});

describe('re-billing', () => {
  test('K3: billed, posted, Complete and reversed, a fulfillment is billed again', async () => {
    const { invoice, fulfillments, orderLineItems } = await invoiced(work, ['5', '6']);
    await transitionFulfillments(work, { keys: idsOf(fulfillments), action: 'Complete' });
    expect((await billAgain(orderLineItems[0], fulfillments)).invoices).toEqual([]);
    await reverseInvoice(work, invoice.id);
    expect(await claims(fulfillments)).toBe(0);
    const { invoices } = await billAgain(orderLineItems[0], fulfillments);
    expect(invoices).toMatchObject([{ amount: '110', status: 'Posted', reversed: false }]);
    await reverseInvoice(work, invoices[0].id);
    expect((await billAgain(orderLineItems[0], fulfillments)).invoices).toMatchObject([{ amount: '110' }]);
  });

  test('a fulfillment that is SentToBilling is completed only after it is billed again', async () => {
    const { invoice, fulfillments, orderLineItems } = await invoiced(work);
    const complete = () => transitionFulfillments(work, { keys: idsOf(fulfillments), action: 'Complete' });
    await reverseInvoice(work, invoice.id);
    expect(await refusal(complete())).toEqual(['NOT_BILLED_YET keys.0']);
    await billAgain(orderLineItems[0], fulfillments);
    expect((await complete()).fulfillments).toMatchObject([{ state: 'Complete' }]);
  });

  test('a return that was credited before stays credited, and the sale is billed whole', async () => {
    const sale = await invoiced(work, ['10']);
    const { memo } = await credited(work, sale, '4');
    await reverseInvoice(work, sale.invoice.id);
    const { invoices } = await billAgain(sale.orderLineItems[0], sale.fulfillments);
    expect(invoices).toMatchObject([{ amount: '100' }]);
    await applyCreditMemo(work, memo.id, invoices[0].id);
    expect(await credited(work, sale, '6')).toMatchObject({ memo: { amount: '60' } });
  });
});

describe('a reversal for good', () => {
  const forGood = { rebill: false };

  test('leaves what was charged billed, for nothing: it may be completed, and its return is credited nothing', async () => {
    const sale = await invoiced(work, ['10']);
    await reverseInvoice(work, sale.invoice.id, forGood);
    expect(await claims(sale.fulfillments)).toBe(1);
    expect((await billAgain(sale.orderLineItems[0], sale.fulfillments)).invoices).toEqual([]);
    await transitionFulfillments(work, { keys: idsOf(sale.fulfillments), action: 'Complete' });
    const { memo, fulfillment } = await credited(work, sale, '4');
    // What comes to 0 is no credit: it goes on an invoice.
    expect(memo).toBeUndefined();
    const items = await rowsBy<InvoiceItemRow>(work.reads(), InvoiceItemRow, 'fulfillmentId', [fulfillment.id]);
    expect(items).toMatchObject([{ chargeAmount: '0', taxAmount: '0', quantity: '4' }]);
  });

  test('of one of two bills of a line leaves the other to be credited', async () => {
    const sale = await invoiced(work, ['5']);
    await deliver(work, sale.orderLineItems[0].id, ['5']);
    await reverseInvoice(work, sale.invoice.id, forGood);
    expect((await credited(work, sale, '4')).memo).toMatchObject({ amount: '40' });
    expect((await credited(work, sale, '6')).memo).toMatchObject({ amount: '10' });
  });

  test('is refused where returns were credited with more than would still be billed; with re-billing it is not', async () => {
    const sale = await invoiced(work, ['10']);
    await credited(work, sale, '4');
    expect(await refusal(reverseInvoice(work, sale.invoice.id, forGood))).toEqual(['DOCUMENT_IN_USE rebill']);
    await deliver(work, sale.orderLineItems[0].id, ['4']);
    expect(await refusal(reverseInvoice(work, sale.invoice.id, forGood))).toEqual(['nothing was refused']);
    const other = await invoiced(work, ['10']);
    await credited(work, other, '4');
    expect(await refusal(reverseInvoice(work, other.invoice.id))).toEqual(['nothing was refused']);
  });
});
