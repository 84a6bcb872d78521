import fc from 'fast-check';
import {
  applicableAmount,
  type DocumentAction,
  type DocumentContext,
  judgeApplication,
  judgeDocument,
  judgeUnapplication,
} from '../../../src/domain/billing-document';
import type { Caller } from '../../../src/domain/caller';
import { currencyDecimals } from '../../../src/domain/currency';
import { compare, multiply, round, subtract } from '../../../src/domain/decimal';
import { judgeRefund } from '../../../src/domain/payment';
import type { CreditMemoRow } from '../../../src/store/credit-memo';
import type { InvoiceRow } from '../../../src/store/invoice';
import { type Ask, ask } from './asks';
import { act, idOf, type Pick, pick, picked, record, several, type World, weighted } from './world';

/* Commands over invoices, credit memos and payments. What fits is what the rules of the domain allow. */

const keyOf = (number: string | undefined, row: { id: string } | undefined, { n }: Pick): string =>
  n % 2 ? idOf(row) : (number ?? 'none');
const invoiceKey = (row: InvoiceRow | undefined, at: Pick) => keyOf(row?.invoiceNumber, row, at);
const memoKey = (row: CreditMemoRow | undefined, at: Pick) => keyOf(row?.creditMemoNumber, row, at);

/** What the rules look at besides a document, as far as the world tells. */
function contextOf(world: World, document: InvoiceRow | CreditMemoRow, caller: Caller): DocumentContext {
  const invoiceId = 'invoiceNumber' in document ? document.id : document.sisterInvoiceId;
  const group = [
    ...world.invoices.filter(({ id }) => id === invoiceId),
    ...world.memos.filter((memo) => memo.sisterInvoiceId !== null && memo.sisterInvoiceId === invoiceId),
  ];
  return {
    caller,
    billRun: world.runs.find(({ id }) => id === document.billRunId)?.status ?? null,
    sisters: group.filter(({ id }) => id !== document.id),
    invoiceSettlement: world.settings.invoiceSettlement,
    // That what it pays with does not fail is no rule, but little came of it else.
    paymentMethod: world.accounts.find(({ id }) => id === document.accountId)?.paymentMethodToken === 'tok_ok',
  };
}
const fits =
  (world: World, action: DocumentAction, caller: Caller) =>
  (document: InvoiceRow | CreditMemoRow): boolean =>
    judgeDocument(action, document, contextOf(world, document, caller)).length === 0;

const one = record({ at: pick });
const onInvoice = (weight: number, action: DocumentAction, send: (key: string) => Ask) =>
  act(weight, one, (world, { at }, caller) =>
    send(invoiceKey(picked(world.invoices, at, fits(world, action, caller)), at)),
  );
const onMemo = (weight: number, action: DocumentAction, send: (key: string) => Ask) =>
  act(weight, one, (world, { at }, caller) => send(memoKey(picked(world.memos, at, fits(world, action, caller)), at)));

/** Null is all that fits; the last is more than there ever is. */
const amount = fc.constantFrom(null, null, 'half', 'half', '0.01', '99999');
const amountOf = (given: string | null, most: string | undefined, currency: string | undefined): string | null => {
  if (given !== 'half') return given;
  const half = round(multiply(most ?? '1', '0.5'), currencyDecimals(currency ?? 'USD'), 'UP');
  return compare(half, '0') > 0 ? half : '1';
};

interface Pair {
  memo: CreditMemoRow;
  invoice: InvoiceRow;
}
const named = (pair: Pair | undefined, at: Pick) => ({
  key: memoKey(pair?.memo, at),
  invoiceKey: invoiceKey(pair?.invoice, at),
});

export const documentActs = {
  postInvoice: onInvoice(5, 'Post', (key) => ask('postInvoice', { key })),
  unpostInvoice: onInvoice(3, 'Unpost', (key) => ask('unpostInvoice', { key })),
  cancelInvoice: onInvoice(3, 'Cancel', (key) => ask('cancelInvoice', { key })),
  reverseInvoice: act(
    4,
    record({ at: pick, rebill: weighted([2, true], [1, false]) }),
    (world, { at, rebill }, caller) =>
      ask('reverseInvoice', {
        key: invoiceKey(picked(world.invoices, at, fits(world, 'Reverse', caller)), at),
        rebill,
      }),
  ),
  postCreditMemo: onMemo(5, 'Post', (key) => ask('postCreditMemo', { key })),
  unpostCreditMemo: onMemo(4, 'Unpost', (key) => ask('unpostCreditMemo', { key })),
  cancelCreditMemo: onMemo(3, 'Cancel', (key) => ask('cancelCreditMemo', { key })),
  applyCreditMemo: act(10, record({ at: pick, amount }), (world, { at, amount }, caller) => {
    const pairs = world.memos.flatMap((memo) => world.invoices.map((invoice): Pair => ({ memo, invoice })));
    const pair = picked(
      pairs,
      at,
      ({ memo, invoice }) => judgeApplication(memo, invoice, null, contextOf(world, memo, caller)).length === 0,
    );
    const most = pair && applicableAmount(pair.memo, pair.invoice);
    return ask('applyCreditMemo', { ...named(pair, at), amount: amountOf(amount, most, pair?.memo.currency) });
  }),
  unapplyCreditMemo: act(5, record({ at: pick, amount }), (world, { at, amount }, caller) => {
    const uses = world.applications.flatMap(({ creditMemoId, invoiceId, amount: applied }) => {
      const memo = world.memos.find(({ id }) => id === creditMemoId);
      const invoice = world.invoices.find(({ id }) => id === invoiceId);
      return memo && invoice ? [{ memo, invoice, applied }] : [];
    });
    const use = picked(
      uses,
      at,
      ({ memo, applied }) => judgeUnapplication(memo, applied, null, contextOf(world, memo, caller)).length === 0,
    );
    return ask('unapplyCreditMemo', { ...named(use, at), amount: amountOf(amount, use?.applied, use?.memo.currency) });
  }),
  collectPayment: act(7, record({ of: several(pick, 3) }), (world, { of }, caller) => {
    const keys = of.map((at) => invoiceKey(picked(world.invoices, at, fits(world, 'CollectPayment', caller)), at));
    return ask('collectPayment', { invoiceKeys: of[0].any ? keys : [...new Set(keys)] });
  }),
  refundPayment: act(6, record({ at: pick, amount }), ({ payments }, { at, amount }) => {
    const payment = picked(payments, at, (one) => judgeRefund(one, null).length === 0);
    const left = payment && subtract(payment.amount, payment.refundAmount);
    return ask('refundPayment', {
      key: keyOf(payment?.paymentNumber, payment, at),
      amount: amountOf(amount, left, payment?.currency),
    });
  }),
};
