import { Refusal } from '../../src/domain/errors';
import { moveCreditMemo, moveInvoice } from '../../src/service/billing-document';
import { applyCreditMemo, unapplyCreditMemo } from '../../src/service/credit-memo';
import { transitionFulfillments } from '../../src/service/fulfillment-change';
import { updateOrderLineItem } from '../../src/service/order-line-item-change';
import { reverseInvoice } from '../../src/service/reversal';
import type { Work } from '../../src/service/run/work';
import { CreditMemoRow } from '../../src/store/credit-memo';
import { InvoiceRow } from '../../src/store/invoice';
import { rowsBy } from '../../src/store/query/write';
import { bills, credited, deliver, drafted, invoiced, sisters } from '../support/billed';
import { drift } from '../support/books';
import { orderFor, type TestGatewayServer, testGateway } from '../support/gateway';

/* Acts that meet on the same documents, each on a connection of its own. */
let gateway: TestGatewayServer;
let work: Work;
const rounds = 8;

beforeAll(async () => {
  gateway = await testGateway({ poolSize: 20 });
  work = await (await gateway.client()).work();
});
afterEach(async () => {
  expect(await drift(gateway.database.owner)).toEqual({});
  expect(gateway.failures).toEqual([]);
});
afterAll(() => gateway.close());

/** "done", or the code of the first refusal, of each act. Anything else fails the test. */
async function outcomes(...acts: Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(acts);
  return settled.map((one) => {
    if (one.status === 'fulfilled') return 'done';
    if (!(one.reason instanceof Refusal)) throw one.reason;
    return one.reason.errors[0].code;
  });
}
const invoice = async (id: string) => (await rowsBy<InvoiceRow>(work.reads(), InvoiceRow, 'id', [id]))[0];
const memo = async (id: string) => (await rowsBy<CreditMemoRow>(work.reads(), CreditMemoRow, 'id', [id]))[0];

test('post against cancel of one draft: one of the two happens', async () => {
  for (let round = 0; round < rounds; round++) {
    const made = await invoiced(work);
    await drafted(gateway, made.invoice.id);
    const found = await outcomes(
      moveInvoice(work, made.invoice.id, 'Post'),
      moveInvoice(work, made.invoice.id, 'Cancel'),
    );
    expect([...found].sort()).toEqual(['DOCUMENT_STATUS', 'done']);
    expect((await invoice(made.invoice.id)).status).toBe(found[0] === 'done' ? 'Posted' : 'Canceled');
  }
});

test('an invoice and its sister, each moved at once: they go together, once', async () => {
  for (let round = 0; round < rounds; round++) {
    const made = await sisters(work);
    const found = await outcomes(
      moveInvoice(work, made.invoice.id, 'Unpost'),
      moveCreditMemo(work, made.memo.id, 'Unpost'),
      moveInvoice(work, made.invoice.id, 'Unpost'),
    );
    expect(found.sort()).toEqual(['DOCUMENT_STATUS', 'DOCUMENT_STATUS', 'done']);
  }
});

test('ten that apply the last of a credit memo to ten invoices: one has it', async () => {
  const sale = await invoiced(work, ['10']);
  const credit = (await credited(work, sale, '1')).memo;
  const invoices: string[] = [];
  for (let at = 0; at < 10; at++) invoices.push((await deliver(work, sale.orderLineItems[0].id, ['2'])).invoices[0].id);
  const found = await outcomes(...invoices.map((id) => applyCreditMemo(work, credit.id, id, '10')));
  expect(found.sort()).toEqual([...Array(9).fill('BALANCE_EXCEEDED'), 'done']);
  expect((await memo(credit.id)).appliedAmount).toBe('10');
});

test('credit memos that are all put against one invoice cover it and not a cent more', async () => {
  const sale = await invoiced(work, ['50']);
  const memos: string[] = [];
  for (let at = 0; at < 5; at++) memos.push((await credited(work, sale, '4')).memo.id);
  const [{ id }] = (await deliver(work, sale.orderLineItems[0].id, ['10'])).invoices;
  await outcomes(...memos.map((each) => applyCreditMemo(work, each, id)));
  expect((await invoice(id)).balance).toBe('0');
  await outcomes(
    ...memos.flatMap((each) => [unapplyCreditMemo(work, each, id, '10'), applyCreditMemo(work, each, id)]),
  );
});

test('reverse against apply: the invoice is either reversed or credited', async () => {
  for (let round = 0; round < rounds; round++) {
    const sale = await invoiced(work, ['10']);
    const credit = (await credited(work, sale, '2')).memo;
    const [reversed, applied] = await outcomes(
      reverseInvoice(work, sale.invoice.id),
      applyCreditMemo(work, credit.id, sale.invoice.id),
    );
    expect([reversed, applied].sort()).toEqual(
      reversed === 'done' ? ['BALANCE_EXCEEDED', 'done'] : ['DOCUMENT_IN_USE', 'done'],
    );
    expect((await invoice(sale.invoice.id)).balance).toBe(reversed === 'done' ? '0' : '80');
  }
});

test('ten reversals of one invoice make one credit memo', async () => {
  const sale = await invoiced(work);
  const found = await outcomes(...Array.from({ length: 10 }, () => reverseInvoice(work, sale.invoice.id)));
  expect(found.sort()).toEqual([...Array(9).fill('DOCUMENT_IN_USE'), 'done']);
});

test('unpost against apply of one credit memo: it is either a draft or applied', async () => {
  for (let round = 0; round < rounds; round++) {
    const sale = await invoiced(work, ['10']);
    const credit = (await credited(work, sale, '2')).memo;
    const found = await outcomes(
      moveCreditMemo(work, credit.id, 'Unpost'),
      applyCreditMemo(work, credit.id, sale.invoice.id),
    );
    expect(found.filter((one) => one === 'done')).toHaveLength(1);
  }
});

test('cancel or reverse against runBilling of the same: it is billed once at the end, or not at all', async () => {
  for (let round = 0; round < 2 * rounds; round++) {
    const { orderLineItems } = await orderFor(work, [
      {
        ...{ billingRule: 'TriggerWithoutFulfillment', itemState: 'SentToBilling', billTargetDate: '2022-01-01' },
        quantity: '3',
      },
    ]);
    const run = (paymentTerm: string) =>
      updateOrderLineItem(work, orderLineItems[0].id, { paymentTerm, processingOptions: bills });
    const [{ id }] = (await run('Net 1')).invoices;
    if (round % 2) await drafted(gateway, id);
    const undo = round % 2 ? moveInvoice(work, id, 'Cancel') : reverseInvoice(work, id);
    expect(await outcomes(undo, run('Net 2'), run('Net 3'))).toEqual(['done', 'done', 'done']);
    const [{ count }] = await gateway.database.owner<{ count: number }>(
      `select count(*)::integer as count from invoice_item t join invoice i on i.id = t.invoice_id
       where t.order_line_item_id = $1 and i.status = 'Posted' and not i.reversed`,
      [orderLineItems[0].id],
    );
    expect(count).toBeLessThanOrEqual(1);
  }
});

test('reverse against complete and against returns of what the invoice charges: nothing waits for the other for good', async () => {
  for (let round = 0; round < rounds; round++) {
    const sale = await invoiced(work, ['5', '5']);
    const keys = sale.fulfillments.map(({ id }) => id);
    const found = await outcomes(
      reverseInvoice(work, sale.invoice.id, { rebill: round % 2 === 0 }),
      transitionFulfillments(work, { keys, action: 'Complete' }),
      credited(work, sale, '2'),
    );
    expect(found.every((one) => ['done', 'NOT_BILLED_YET', 'DOCUMENT_IN_USE'].includes(one))).toBe(true);
  }
});

test('acts on many documents of several accounts, in any order, all come to an end', async () => {
  const made = await Promise.all(Array.from({ length: 4 }, () => sisters(work)));
  const acts = made.flatMap(({ invoice: one, memo: other, sale }) => [
    () => moveInvoice(work, one.id, 'Unpost'),
    () => moveCreditMemo(work, other.id, 'Post'),
    () => applyCreditMemo(work, other.id, sale.invoice.id),
    () => unapplyCreditMemo(work, other.id, sale.invoice.id),
    () => reverseInvoice(work, sale.invoice.id),
  ]);
  for (let round = 0; round < 3; round++) {
    const found = await outcomes(...(round % 2 ? [...acts].reverse() : acts).map((act) => act()));
    expect(found).not.toContain('LOCKED_RETRY');
  }
});
