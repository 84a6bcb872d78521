import fc from 'fast-check';
import { add, compare, subtract } from '../../src/domain/decimal';
import type { InvoiceStatus } from '../../src/domain/invoice';
import {
  type InvoicePart,
  judgeProcessingOptions,
  judgeRefund,
  type PaymentStatus,
  type ProcessingOptions,
  paidAmount,
  refunded,
  refundFailed,
  unappliedAmount,
} from '../../src/domain/payment';
import { told } from '../support/facts';

describe('processing options', () => {
  const judge = (options: ProcessingOptions | null | undefined, ...scopes: string[]) =>
    told(judgeProcessingOptions(options, new Set(scopes)));

  test('may be absent, empty or false, whatever the scopes', () => {
    for (const options of [undefined, null, {}, { runBilling: false, collectPayment: false }, { runBilling: null }]) {
      expect(judge(options)).toEqual([]);
    }
    expect(judge({ billingOptions: { targetDate: '2022-01-02' } })).toEqual([]);
  });

  test('run billing with the scope bill, and collect with pay beside it', () => {
    expect(judge({ runBilling: true }, 'bill')).toEqual([]);
    expect(judge({ runBilling: true, collectPayment: true }, 'bill', 'pay')).toEqual([]);
    expect(judge({ runBilling: true }, 'fulfill', 'pay')).toEqual(['PERMISSION_DENIED runBilling']);
    expect(judge({ runBilling: true, collectPayment: true }, 'bill')).toEqual(['PERMISSION_DENIED collectPayment']);
    expect(judge({ runBilling: true, collectPayment: true })).toEqual([
      'PERMISSION_DENIED runBilling',
      'PERMISSION_DENIED collectPayment',
    ]);
  });

  test('never collect without billing: there would be nothing to collect', () => {
    for (const runBilling of [undefined, null, false]) {
      expect(judge({ runBilling, collectPayment: true }, 'bill', 'pay')).toEqual(['INVALID_VALUE collectPayment']);
    }
  });
});

describe('the unapplied amount of a payment', () => {
  const unapplied = (status: PaymentStatus, amount: string, appliedAmount: string, refundAmount: string) =>
    unappliedAmount({ status, amount, appliedAmount, refundAmount });

  test('is what is neither applied nor refunded', () => {
    expect(unapplied('Processed', '100', '60.5', '0')).toBe('39.5');
    expect(unapplied('Processed', '100', '60', '40')).toBe('0');
    expect(unapplied('Processing', '100', '100', '0')).toBe('0');
    expect(unapplied('Refunded', '100', '0', '100')).toBe('0');
  });

  test('is nothing where no money was taken', () => {
    expect(unapplied('Error', '100', '0', '0')).toBe('0');
    expect(unapplied('Voided', '100', '0', '0')).toBe('0');
  });
});

test('the paid amount is the total of payments in one currency, and none in several or of none', () => {
  const paid = (...payments: [amount: string, currency: string][]) =>
    paidAmount(payments.map(([amount, currency]) => ({ amount, currency })));
  expect(paid(['10', 'USD'], ['0.5', 'USD'])).toBe('10.5');
  expect([paid(), paid(['10', 'USD'], ['10', 'JPY'])]).toEqual([null, null]);
});

const aPayment = (more: object = {}) => ({
  status: 'Processed' as PaymentStatus,
  ...{ amount: '100', appliedAmount: '100', refundAmount: '0', currency: 'USD' },
  ...more,
});

describe('a refund', () => {
  const judge = (amount: string | null, more: object = {}) => told(judgeRefund(aPayment(more), amount));

  test('N20: needs money that was taken, and tells to wait for it', () => {
    expect(judgeRefund(aPayment({ status: 'Processing' }), '1')).toEqual([
      {
        code: 'PAYMENT_PENDING',
        message: 'The payment is Processing, but must be Processed for a refund. Try again in a moment.',
        path: ['key'],
      },
    ]);
    for (const status of ['Error', 'Voided', 'Refunded'])
      expect(judge('1', { status })).toEqual(['DOCUMENT_STATUS key']);
  });

  test('is of more than nothing, in the decimals of the currency, and of what is left at most', () => {
    expect([judge(null), judge('100'), judge('0.01'), judge('60', { refundAmount: '40' })]).toEqual([[], [], [], []]);
    for (const amount of ['0', '-1', '0.001']) expect(judge(amount)).toEqual(['INVALID_VALUE amount']);
    expect(judge('0.5', { currency: 'JPY' })).toEqual(['INVALID_VALUE amount']);
    expect(judge('100.01')).toEqual(['BALANCE_EXCEEDED amount']);
    expect(judge('60.01', { refundAmount: '40' })).toEqual(['BALANCE_EXCEEDED amount']);
  });

  const applications = [
    { invoiceId: 'a', amount: '50' },
    { invoiceId: 'b', amount: '30' },
  ];
  const taken = (amount: string, more: object = {}) => {
    const behind = refunded(aPayment(more), applications, amount);
    return [behind.taken.map((part) => `${part.from.invoiceId} ${part.amount}`).join(), behind.appliedAmount];
  };

  test('takes what is unapplied first, then the applications from the last to the first', () => {
    const some = { appliedAmount: '80' };
    expect(taken('20', some)).toEqual(['', '80']);
    expect(taken('20.01', some)).toEqual(['b 0.01', '79.99']);
    expect(taken('50', some)).toEqual(['b 30', '50']);
    expect(taken('99', some)).toEqual(['b 30,a 49', '1']);
    expect(taken('30', { ...some, refundAmount: '20' })).toEqual(['b 30', '50']);
  });

  test('of all that is left makes the payment Refunded', () => {
    expect(refunded(aPayment({ appliedAmount: '80' }), applications, '99.99').status).toBe('Processed');
    expect(refunded(aPayment({ appliedAmount: '80' }), applications, '100')).toMatchObject({
      ...{ status: 'Refunded', refundAmount: '100', appliedAmount: '0' },
    });
  });

  test('that fails goes back to the invoices that still owe it, and stays unapplied for the rest', () => {
    const payment = aPayment({ status: 'Refunded', appliedAmount: '0', refundAmount: '100' });
    const refund = { amount: '100', taken: ['a', 'b', 'c', 'd'].map((invoiceId) => ({ invoiceId, amount: '25' })) };
    const invoices = new Map([
      ['a', { status: 'Posted' as const, balance: '25' }],
      ['b', { status: 'Posted' as const, balance: '10' }],
      ['c', { status: 'Canceled' as const, balance: '25' }],
      ['d', { status: 'Posted' as const, balance: '-5' }],
    ]);
    expect(refundFailed(payment, refund, invoices)).toEqual({
      ...{ status: 'Processed', appliedAmount: '35', refundAmount: '0' },
      putBack: [
        { invoiceId: 'a', amount: '25' },
        { invoiceId: 'b', amount: '10' },
      ],
    });
  });
});

/* Cents, so that the books below are kept without the arithmetic under test. */
const cents = (value: string) => Math.round(Number(value) * 100);
const ofCents = (value: number) => add(String(value / 100), '0');

test('whatever is refunded, fails, is collected again or credited: balance = amount - paid - credited, and no cent is paid back twice', () => {
  const act = fc.record({
    kind: fc.constantFrom('refund', 'refundAll', 'fail', 'credit', 'payAgain', 'cancel'),
    at: fc.nat(5),
    amount: fc.integer({ min: 1, max: 20_000 }),
  });
  const story = fc.record({
    amounts: fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 4 }),
    unapplied: fc.nat(3_000),
    acts: fc.array(act, { maxLength: 15 }),
  });
  fc.assert(
    fc.property(story, ({ amounts, unapplied, acts }) => {
      const invoices = new Map(
        amounts.map((amount, at) => [
          String(at),
          { amount, others: 0, status: 'Posted' as InvoiceStatus, balance: '0' },
        ]),
      );
      const total = amounts.reduce((sum, amount) => sum + amount, unapplied);
      const payment = aPayment({ amount: ofCents(total), appliedAmount: ofCents(total - unapplied) });
      let applications: InvoicePart[] = amounts.map((amount, at) => ({
        invoiceId: String(at),
        amount: ofCents(amount),
      }));
      const refunds: { amount: string; taken: InvoicePart[]; failed: boolean }[] = [];
      const move = (parts: readonly InvoicePart[], by: typeof add | typeof subtract) => {
        for (const { invoiceId, amount } of parts) {
          const invoice = invoices.get(invoiceId)!;
          invoice.balance = by(invoice.balance, amount);
        }
      };
      for (const { kind, at, amount } of acts) {
        const invoice = invoices.get(String(at % amounts.length))!;
        if (kind === 'refund' || kind === 'refundAll') {
          const asked = kind === 'refundAll' ? null : ofCents(amount);
          if (judgeRefund(payment, asked).length) continue;
          const value = asked ?? subtract(payment.amount, payment.refundAmount);
          const { taken, ...behind } = refunded(payment, applications, value);
          const parts = taken.map((part) => ({ invoiceId: part.from.invoiceId, amount: part.amount }));
          expect(new Set(parts.map(({ invoiceId }) => invoiceId)).size).toBe(parts.length);
          applications = applications
            .map((each) => ({
              ...each,
              amount: subtract(each.amount, taken.find(({ from }) => from === each)?.amount ?? '0'),
            }))
            .filter((each) => each.amount !== '0');
          Object.assign(payment, behind);
          move(parts, add);
          refunds.push({ amount: value, taken: parts, failed: false });
        } else if (kind === 'fail') {
          const refund = refunds.filter(({ failed }) => !failed)[at];
          if (!refund) continue;
          const { putBack, ...behind } = refundFailed(payment, refund, invoices);
          refund.failed = true;
          Object.assign(payment, behind);
          move(putBack, subtract);
          applications = [
            ...applications.map((each) => {
              const part = putBack.find(({ invoiceId }) => invoiceId === each.invoiceId);
              return part ? { ...each, amount: add(each.amount, part.amount) } : each;
            }),
            ...putBack.filter((part) => applications.every(({ invoiceId }) => invoiceId !== part.invoiceId)),
          ];
        } else if (kind === 'cancel') {
          if (applications.every(({ invoiceId }) => invoiceId !== String(at % amounts.length)) && invoice.others === 0)
            invoice.status = 'Canceled';
        } else if (compare(invoice.balance, '0') > 0 && invoice.status === 'Posted') {
          // A credit memo, or a payment of its own.
          const part = Math.min(amount, cents(invoice.balance));
          invoice.balance = subtract(invoice.balance, ofCents(part));
          invoice.others += part;
        }
        const applied = applications.reduce((sum, each) => sum + cents(each.amount), 0);
        const back = refunds.filter(({ failed }) => !failed).reduce((sum, each) => sum + cents(each.amount), 0);
        expect([cents(payment.appliedAmount), cents(payment.refundAmount)]).toEqual([applied, back]);
        expect(applied + back).toBeLessThanOrEqual(total);
        expect(payment.status).toBe(back === total ? 'Refunded' : 'Processed');
        expect(cents(unappliedAmount(payment))).toBe(total - applied - back);
        for (const [id, { amount, others, balance }] of invoices) {
          const paid = applications.filter(({ invoiceId }) => invoiceId === id);
          expect(cents(balance)).toBe(amount - others - paid.reduce((sum, each) => sum + cents(each.amount), 0));
          expect(compare(balance, '0')).toBeGreaterThanOrEqual(0);
        }
      }
    }),
    { numRuns: 500 },
  );
});
