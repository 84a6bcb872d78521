import { applyCreditMemo, unapplyCreditMemo } from '../../src/service/credit-memo';
import type { Work } from '../../src/service/run/work';
import { CreditMemoApplicationRow, CreditMemoRow } from '../../src/store/credit-memo';
import { newId } from '../../src/store/id';
import { InvoiceRow } from '../../src/store/invoice';
import { rowsBy } from '../../src/store/query/write';
import { credited, deliver, drafted, invoiced } from '../support/billed';
import { drift } from '../support/books';
import { refusal } from '../support/facts';
import { type TestGatewayServer, testGateway } from '../support/gateway';

let gateway: TestGatewayServer;
let work: Work;

beforeAll(async () => {
  gateway = await testGateway();
  work = await (await gateway.client()).work();
});
afterEach(async () => {
  expect(await drift(gateway.database.owner)).toEqual({});
  expect(gateway.failures).toEqual([]);
});
afterAll(() => gateway.close());

/** An invoice of 100, another of 30, and a memo of 60 of the same account. */
async function account() {
  const sale = await invoiced(work, ['10']);
  const { memo } = await credited(work, sale, '6');
  const { invoices } = await deliver(work, sale.orderLineItems[0].id, ['3']);
  return { memo, invoice: sale.invoice, small: invoices[0] };
}
const balance = async ({ id }: { id: string }) =>
  (await rowsBy<InvoiceRow>(work.reads(), InvoiceRow, 'id', [id]))[0].balance;
const applied = async ({ id }: { id: string }) =>
  (await rowsBy<CreditMemoRow>(work.reads(), CreditMemoRow, 'id', [id]))[0].appliedAmount;
const applications = async ({ id }: { id: string }) =>
  (await rowsBy<CreditMemoApplicationRow>(work.reads(), CreditMemoApplicationRow, 'creditMemoId', [id])).map(
    ({ amount }) => amount,
  );

describe('applying', () => {
  test('puts all that fits against the invoice where no amount is given', async () => {
    const { memo, invoice, small } = await account();
    const first = await applyCreditMemo(work, memo.creditMemoNumber, small.invoiceNumber);
    expect(first).toMatchObject({
      creditMemo: { appliedAmount: '30', version: 2 },
      invoices: [{ balance: '0', version: 2 }],
    });
    await applyCreditMemo(work, memo.id, invoice.id);
    expect([await applied(memo), await balance(invoice), await balance(small)]).toEqual(['60', '70', '0']);
    expect((await applications(memo)).sort()).toEqual(['30', '30']);
  });

  test('raises what is put against the same invoice already', async () => {
    const { memo, invoice } = await account();
    for (const amount of ['0.1', '0.2']) await applyCreditMemo(work, memo.id, invoice.id, amount);
    expect(await applications(memo)).toEqual(['0.3']);
    expect([await applied(memo), await balance(invoice)]).toEqual(['0.3', '99.7']);
    const entries = await gateway.database.owner(
      'select subject_type, action, version from history_entry where subject_id = any($1) and action = $2 order by 1, 3',
      [[memo.id, invoice.id], 'Apply'],
    );
    expect(entries).toEqual(
      ['CreditMemo', 'Invoice'].flatMap((subject_type) =>
        [2, 3].map((version) => ({ subject_type, action: 'Apply', version })),
      ),
    );
  });

  test('is refused beyond either balance, and changes nothing', async () => {
    const { memo, invoice, small } = await account();
    expect(await refusal(applyCreditMemo(work, memo.id, invoice.id, '60.01'))).toEqual(['BALANCE_EXCEEDED amount']);
    expect(await refusal(applyCreditMemo(work, memo.id, small.id, '30.01'))).toEqual(['BALANCE_EXCEEDED amount']);
    expect(await refusal(applyCreditMemo(work, memo.id, small.id, '0'))).toEqual(['INVALID_VALUE amount']);
    await applyCreditMemo(work, memo.id, small.id);
    expect(await refusal(applyCreditMemo(work, memo.id, small.id))).toEqual(['BALANCE_EXCEEDED invoiceKey']);
    await applyCreditMemo(work, memo.id, invoice.id);
    expect(await refusal(applyCreditMemo(work, memo.id, invoice.id))).toEqual(['BALANCE_EXCEEDED key']);
  });

  test('needs both posted, of one account and one currency', async () => {
    const [one, two] = [await account(), await account()];
    expect(await refusal(applyCreditMemo(work, one.memo.id, two.invoice.id))).toEqual(['INVALID_VALUE invoiceKey']);
    await gateway.database.owner("update invoice set currency = 'EUR' where id = $1", [one.small.id]);
    expect(await refusal(applyCreditMemo(work, one.memo.id, one.small.id))).toEqual(['CURRENCY_MISMATCH invoiceKey']);
    await drafted(gateway, one.invoice.id, two.memo.id);
    expect(await refusal(applyCreditMemo(work, one.memo.id, one.invoice.id))).toEqual(['DOCUMENT_STATUS invoiceKey']);
    expect(await refusal(applyCreditMemo(work, two.memo.id, two.invoice.id))).toEqual(['DOCUMENT_STATUS key']);
    expect(await refusal(applyCreditMemo(work, newId(), two.invoice.id))).toEqual(['NOT_FOUND key']);
    expect(await refusal(applyCreditMemo(work, two.memo.id, 'INV9'))).toEqual(['NOT_FOUND invoiceKey']);
  });
});

describe('unapplying', () => {
  test('takes it all off where no amount is given, or so much of it', async () => {
    const { memo, invoice, small } = await account();
    await applyCreditMemo(work, memo.id, invoice.id, '25');
    await applyCreditMemo(work, memo.id, small.id, '10');
    await unapplyCreditMemo(work, memo.id, invoice.id, '5');
    expect((await applications(memo)).sort()).toEqual(['10', '20']);
    expect([await applied(memo), await balance(invoice)]).toEqual(['30', '80']);
    const all = await unapplyCreditMemo(work, memo.creditMemoNumber, invoice.invoiceNumber);
    expect(all).toMatchObject({ creditMemo: { appliedAmount: '10' }, invoices: [{ balance: '100' }] });
    await unapplyCreditMemo(work, memo.id, small.id, '10');
    expect(await applications(memo)).toEqual([]);
  });

  test('is refused beyond what is put against that invoice', async () => {
    const { memo, invoice, small } = await account();
    expect(await refusal(unapplyCreditMemo(work, memo.id, invoice.id))).toEqual(['BALANCE_EXCEEDED key']);
    await applyCreditMemo(work, memo.id, invoice.id, '25');
    expect(await refusal(unapplyCreditMemo(work, memo.id, invoice.id, '25.01'))).toEqual(['BALANCE_EXCEEDED amount']);
    expect(await refusal(unapplyCreditMemo(work, memo.id, small.id))).toEqual(['BALANCE_EXCEEDED invoiceKey']);
    expect(await refusal(unapplyCreditMemo(work, memo.id, 'INV9'))).toEqual(['NOT_FOUND invoiceKey']);
  });
});
