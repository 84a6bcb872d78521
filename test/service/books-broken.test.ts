import { createBillRun, moveBillRun } from '../../src/service/bill-run';
import { carryOn } from '../../src/service/bill-run-worker';
import { applyCreditMemo } from '../../src/service/credit-memo';
import { createFulfillmentItems } from '../../src/service/fulfillment-item';
import { collectPayment } from '../../src/service/payment-collect';
import { refundPayment } from '../../src/service/payment-refund';
import { reverseInvoice } from '../../src/service/reversal';
import { credited, deliver, invoiced, sisters } from '../support/billed';
import { stated, unfound, unsettled } from '../support/books';
import { type TestGatewayServer, testGateway } from '../support/gateway';

/* The books themselves: each statement of theirs finds what is broken on purpose. */
let gateway: TestGatewayServer;
let owner: TestGatewayServer['database']['owner'];
let breaks: Record<string, string>;

beforeAll(async () => {
  gateway = await testGateway();
  owner = gateway.database.owner;
  const work = await (await gateway.client()).work();
  const sale = await invoiced(work, ['5']);
  const [line] = sale.orderLineItems;
  const [delivery] = sale.fulfillments;
  await createFulfillmentItems(work, [{ fulfillmentNumber: delivery.id, itemIdentifier: 'SN-1' }]);
  const { memo } = await credited(work, sale, '2');
  await applyCreditMemo(work, memo.id, sale.invoice.id, '5');
  const paid = await invoiced(work);
  const [payment] = (await collectPayment(work, [paid.invoice.id])).payments;
  await work.finish();
  await refundPayment(work, payment.id, '4');
  await work.finish();
  const reversed = await invoiced(work, ['1', '2']);
  await reverseInvoice(work, reversed.invoice.id, { rebill: false });
  const pair = await sisters(work);
  await deliver(work, line.id, ['3'], {});
  const { billRun } = await createBillRun(work, { targetDate: '2022-01-02' });
  await carryOn(gateway.services);
  await moveBillRun(work, billRun.id, 'Post');
  await carryOn(gateway.services);

  const invoice = `where id = '${sale.invoice.id}'`;
  const lineItem = `where id = '${line.id}'`;
  const fulfillment = `where id = '${delivery.id}'`;
  const unclaimed = `delete from billing_claim where id = '${delivery.id}'`;
  const run = `where id = '${billRun.id}'`;
  breaks = {
    'counters of a line item that are not the sums of its fulfillments': `update fulfillment set quantity = quantity - 1 ${fulfillment}`,
    'line items returned otherwise than their returns say, or more than can be': `update order_line_item set returned_quantity = returned_quantity - 1 ${lineItem}`,
    'orders in another state than their line items make': `update orders set state = 'Complete'`,
    'invoices that are not the sum of their items, or owe otherwise than was paid, credited and offset': `update invoice set balance = balance - 1 ${invoice}`,
    'invoices that owe more than they are for, or the other way round': `update invoice set balance = amount + 1 ${invoice}`,
    'documents that are not posted and have been put to use': `update credit_memo set status = 'Draft', posted_date = null where id = '${memo.id}'`,
    'payments and credits put against an invoice of another account or currency': `update payment set currency = 'EUR'`,
    'payments that are not what was applied and refunded of them': `update payment set applied_amount = applied_amount - 1`,
    'offsets between accounts or currencies, or of more than there was to offset': `insert into invoice_offset (id, entity_id, org_id, invoice_id, negative_invoice_id, currency, amount, applied_date)
      select gen_random_uuid(), entity_id, org_id, id, '${paid.invoice.id}', currency, 1, now() from invoice ${invoice}`,
    'credit memos that are not the sum of their items, or of which something else is applied': `update credit_memo set applied_amount = applied_amount + 1 where id = '${memo.id}'`,
    'reversals that are not the whole of a posted invoice, flagged and settled by them': `update invoice set reversed = true, balance = 0 ${invoice}`,
    'documents that are posted without a date, or have one and are not posted': `update invoice set posted_date = null ${invoice}`,
    'sisters that stand elsewhere than each other': `update credit_memo set status = 'Draft', posted_date = null where id = '${pair.memo.id}'`,
    'things that stand on another number of live items than they are claimed': unclaimed,
    'items with another claim than their document gives them': unclaimed,
    'reversed invoices of which one part is billed for good and the other again': `delete from billing_claim where id = '${reversed.fulfillments[0].id}'`,
    'sales credited with more than was billed for as much, or with less of it once all came back': `update credit_memo_item set amount_without_tax = 1000 where credit_memo_id = '${memo.id}'`,
    'bill runs that counted otherwise than what stands on their documents': `update bill_run set done = done - 1 ${run}`,
    'accounts of bill runs that counted otherwise than what stands on their documents': `update bill_run_account set done = done + 1`,
    'bill runs in another status than their chunks and documents': `update bill_run set status = 'Processing', finished_date = null ${run}`,
    'documents that their bill run has another part of': `update bill_run_chunk set status = 'Pending'`,
    'histories with another number of entries than the version': `update invoice set version = version + 1 ${invoice}`,
    'objects that have left a final state': `update history_entry set from_state = 'Canceled', to_state = 'Draft' where subject_id = '${sale.invoice.id}'`,
    'fulfillments with more items than may be, or in a state that takes none': `update fulfillment set state = 'Canceled' ${fulfillment}`,
    'fulfillments of line items that take none': `update fulfillment set fulfillment_type = 'Return' ${fulfillment}`,
    'items of what was never sent to billing, or of another quantity than it has': `update invoice_item set quantity = quantity + 1 where invoice_id = '${sale.invoice.id}'`,
    'line items with a tax code that is not configured': `update order_line_item set tax_code = 'NONE' ${lineItem}`,
    'credit memos without invoice settlement': 'update billing_settings set invoice_settlement = false',
    'money that was taken otherwise than we say': 'update test_gateway.charge set amount = amount + 1',
    'money that was paid back otherwise than we say': 'update test_gateway.refund set amount = amount + 1',
    'attempts, payments and refunds that have not come to their end': `update refund set status = 'Processing'`,
    'attempts that ended otherwise than their payment': `update payment_attempt set status = 'Voided'`,
  };
});
afterAll(() => gateway.close());

test('have nothing to find in what the services have made', async () => {
  expect(await unsettled(owner)).toEqual({});
  expect(await unfound(owner, gateway.database.db, '2022-01-02')).toEqual({});
});

test('are all here', () => {
  expect(Object.keys(breaks).sort()).toEqual([...stated].sort());
});

test.each(stated)('find %s', async (what) => {
  await owner('begin');
  try {
    await owner(breaks[what]);
    expect(Object.keys(await unsettled(owner))).toContain(what);
  } finally {
    await owner('rollback');
  }
});

test('find what a bill run would bill again', async () => {
  await owner('create table kept as select * from billing_claim limit 1');
  await owner('delete from billing_claim where id in (select id from kept)');
  expect(await unfound(owner, gateway.database.db, '2022-01-02')).toEqual({
    'due otherwise than a bill run finds it': [expect.objectContaining({ found_alone: true })],
  });
  await owner('insert into billing_claim select * from kept');
});
