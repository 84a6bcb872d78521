import type { BillRunStatus } from '../../src/domain/bill-run';
import {
  actionsOf,
  applicableAmount,
  type CreditMemoFacts,
  type DocumentAction,
  type DocumentContext,
  documentActions,
  enterDocument,
  type InvoiceFacts,
  judgeApplication,
  judgeDocument,
  judgeReversalDate,
  judgeReversalForGood,
  judgeUnapplication,
  reversalDate,
  withApplied,
} from '../../src/domain/billing-document';
import { type Scope, scopes } from '../../src/domain/caller';
import type { CreditFacts } from '../../src/domain/credit';
import { told } from '../support/facts';

const settled = { accountId: 'a', currency: 'USD' };
const invoice = (more: Partial<InvoiceFacts> = {}) => ({
  ...{ ...settled, invoiceNumber: 'INV1', amount: '100', balance: '100', reversed: false },
  ...{ status: 'Posted' as const, ...more },
});
const memo = (more: Partial<CreditMemoFacts> = {}) => ({
  ...{ ...settled, creditMemoNumber: 'CM1', amount: '60', appliedAmount: '0', refundAmount: '0' },
  ...{ status: 'Posted' as const, reversedInvoiceId: null, ...more },
});
const all: DocumentContext = {
  caller: { scopes: new Set(scopes) },
  ...{ billRun: null, sisters: [], invoiceSettlement: true, paymentMethod: true },
};
const codes = (action: DocumentAction, document: InvoiceFacts | CreditMemoFacts, more: Partial<DocumentContext> = {}) =>
  judgeDocument(action, document, { ...all, ...more }).map(({ code }) => code);

const statuses = ['Draft', 'Posted', 'Canceled'] as const;

describe('what can be done', () => {
  const allowed = {
    Invoice: { Draft: ['Post', 'Cancel'], Posted: ['Unpost', 'Reverse', 'CollectPayment'], Canceled: [] },
    CreditMemo: { Draft: ['Post', 'Cancel'], Posted: ['Unpost', 'Apply'], Canceled: [] },
  };

  test.each(statuses)('to a document that is %s and unused', (status) => {
    for (const kind of ['Invoice', 'CreditMemo'] as const) {
      const document = kind === 'Invoice' ? invoice({ status }) : memo({ status });
      const found = actionsOf(kind).filter(({ action }) => codes(action, document).length === 0);
      expect(found.map(({ action }) => action)).toEqual(allowed[kind][status]);
      for (const { action, from } of actionsOf(kind)) {
        if (from !== status) expect([action, ...codes(action, document)]).toEqual([action, 'DOCUMENT_STATUS']);
      }
    }
  });

  test('needs a scope: pay to collect, bill for all else', () => {
    for (const { action, document, from } of documentActions) {
      const status = from as 'Draft';
      const one =
        document === 'Invoice'
          ? invoice({ status })
          : memo({ status, appliedAmount: action === 'Unapply' ? '1' : '0' });
      const needed: Scope = action === 'CollectPayment' ? 'pay' : 'bill';
      expect(codes(action, one, { caller: { scopes: new Set([needed]) } })).toEqual([]);
      const without = { caller: { scopes: new Set(scopes.filter((scope) => scope !== needed)) } };
      expect(codes(action, one, without)).toEqual(['PERMISSION_DENIED']);
    }
  });

  test('to an invoice that was paid in part or whole, credited, offset or reversed is to collect what is left', () => {
    for (const [used, collect] of [
      [{ balance: '40' }, []],
      [{ balance: '0' }, ['BALANCE_EXCEEDED']],
      [{ balance: '0', reversed: true }, ['BALANCE_EXCEEDED']],
    ] as const) {
      expect(codes('Unpost', invoice(used))).toEqual(['DOCUMENT_IN_USE']);
      expect(codes('Reverse', invoice(used))).toEqual(['DOCUMENT_IN_USE']);
      expect(codes('CollectPayment', invoice(used))).toEqual(collect);
    }
    expect(codes('Reverse', invoice({ amount: '0', balance: '0', reversed: true }))).toEqual(['DOCUMENT_IN_USE']);
  });

  test('to a negative invoice is neither to reverse it nor to collect it, unless it comes to 0', () => {
    const negative = invoice({ amount: '-60', balance: '-60' });
    expect(codes('Reverse', negative)).toEqual(['BALANCE_EXCEEDED']);
    expect(codes('CollectPayment', negative)).toEqual(['BALANCE_EXCEEDED']);
    expect(codes('Unpost', negative)).toEqual([]);
    expect(codes('Unpost', invoice({ amount: '-60', balance: '-20' }))).toEqual(['DOCUMENT_IN_USE']);
    expect(codes('Reverse', invoice({ amount: '0', balance: '0' }))).toEqual([]);
  });

  test('to a credit memo that was applied or refunded is not to unpost it', () => {
    expect(codes('Unpost', memo({ appliedAmount: '1' }))).toEqual(['DOCUMENT_IN_USE']);
    expect(codes('Unpost', memo({ refundAmount: '1' }))).toEqual(['DOCUMENT_IN_USE']);
    expect(codes('Apply', memo({ appliedAmount: '20', refundAmount: '40' }))).toEqual(['BALANCE_EXCEEDED']);
    expect(codes('Unapply', memo({ appliedAmount: '1' }))).toEqual([]);
    expect(codes('Unapply', memo())).toEqual(['BALANCE_EXCEEDED']);
  });

  test('to a credit memo that reverses an invoice is nothing', () => {
    for (const appliedAmount of ['60', '0']) {
      const reversal = memo({ reversedInvoiceId: 'i', amount: appliedAmount, appliedAmount });
      for (const { action } of actionsOf('CreditMemo')) expect(codes(action, reversal)).toHaveLength(1);
      expect(codes('Unpost', reversal)).toEqual(['DOCUMENT_IN_USE']);
    }
    expect(codes('Unapply', memo({ reversedInvoiceId: 'i', appliedAmount: '60' }))).toEqual(['DOCUMENT_IN_USE']);
  });

  test('without invoice settlement is neither to reverse nor to apply', () => {
    const off = { invoiceSettlement: false };
    expect(codes('Reverse', invoice(), off)).toEqual(['SETTLEMENT_REQUIRED']);
    expect(codes('Apply', memo(), off)).toEqual(['SETTLEMENT_REQUIRED']);
    expect(codes('Unpost', invoice(), off)).toEqual([]);
  });

  test('without a payment method is not to collect, unless negative invoices cover it', () => {
    const missing = ['PAYMENT_METHOD_MISSING'];
    expect(codes('CollectPayment', invoice(), { paymentMethod: false })).toEqual(missing);
    expect(codes('CollectPayment', invoice(), { paymentMethod: false, credit: '99.99' })).toEqual(missing);
    expect(codes('CollectPayment', invoice(), { paymentMethod: false, credit: '100' })).toEqual([]);
  });

  test('while its bill run is under way is only what leaves its status alone', () => {
    const atWork: BillRunStatus[] = ['Processing', 'PostInProgress', 'CancelInProgress', 'RemoveInProgress'];
    const atRest: BillRunStatus[] = ['Pending', 'Completed', 'Posted', 'Canceled', 'Error'];
    for (const billRun of [...atWork, ...atRest]) {
      const expected = atWork.includes(billRun) ? ['DOCUMENT_IN_USE'] : [];
      for (const action of ['Post', 'Cancel'] as const) {
        expect(codes(action, invoice({ status: 'Draft' }), { billRun })).toEqual(expected);
        expect(codes(action, memo({ status: 'Draft' }), { billRun })).toEqual(expected);
      }
      for (const action of ['Unpost', 'Reverse'] as const)
        expect(codes(action, invoice(), { billRun })).toEqual(expected);
      expect(codes('Apply', memo(), { billRun })).toEqual([]);
      expect(codes('CollectPayment', invoice(), { billRun })).toEqual([]);
    }
  });

  test('to a document of which a sister cannot go along is not to move it; its money moves all the same', () => {
    const applied = { sisters: [memo({ appliedAmount: '1' })] };
    expect(codes('Unpost', invoice(), applied)).toEqual(['DOCUMENT_IN_USE']);
    expect(codes('Reverse', invoice(), applied)).toEqual([]);
    expect(codes('CollectPayment', invoice(), applied)).toEqual([]);
    expect(codes('Unpost', memo(), { sisters: [invoice({ balance: '1' })] })).toEqual(['DOCUMENT_IN_USE']);
    expect(codes('Post', memo({ status: 'Draft' }), { sisters: [invoice()] })).toEqual(['DOCUMENT_STATUS']);
    expect(codes('Post', memo({ status: 'Draft' }), { sisters: [invoice({ status: 'Draft' })] })).toEqual([]);
  });
});

test('a document has a posted date while it is Posted', () => {
  const draft = { status: 'Draft' as const, postedDate: null };
  const posted = { status: 'Posted', postedDate: '2022-01-02' };
  expect(enterDocument(draft, 'Post', '2022-01-02')).toEqual(posted);
  expect(enterDocument({ status: 'Posted' as const, postedDate: '2022-01-01' }, 'Unpost', '2022-01-02')).toEqual(draft);
  expect(enterDocument(draft, 'Cancel', '2022-01-02')).toEqual({ ...draft, status: 'Canceled' });
  // N11
  const owing = { ...draft, balance: '10' };
  expect(enterDocument(owing, 'Cancel', '2022-01-02')).toEqual({ ...draft, status: 'Canceled', balance: '0' });
  expect(enterDocument(owing, 'Post', '2022-01-02').balance).toBe('10');
});

describe('a reversal', () => {
  const dated = { invoiceDate: '2022-01-10' };

  test('is of today, or of the day of its invoice where that is yet to come', () => {
    expect(reversalDate(null, dated, '2022-02-01')).toBe('2022-02-01');
    expect(reversalDate(undefined, dated, '2022-01-01')).toBe('2022-01-10');
    expect(reversalDate('2022-03-01', dated, '2022-02-01')).toBe('2022-03-01');
  });

  test('is not dated before its invoice', () => {
    expect(judgeReversalDate('2022-01-10', dated)).toEqual([]);
    expect(told(judgeReversalDate('2022-01-09', dated))).toEqual(['INVALID_VALUE documentDate']);
  });

  test('for good leaves no more credited than billed', () => {
    const facts = (more: Partial<CreditFacts>): CreditFacts => ({
      ...{ billedQuantity: '10', billedNet: '50', billedTax: '5', billedTaxRate: '0.1', taxRates: ['0.1'] },
      ...{ creditedQuantity: '5', creditedNet: '50', creditedTax: '5', neverBilled: false, ...more },
    });
    expect(judgeReversalForGood([])).toEqual([]);
    expect(judgeReversalForGood([facts({})])).toEqual([]);
    expect(told(judgeReversalForGood([facts({}), facts({ billedNet: '49.99' })]))).toEqual(['DOCUMENT_IN_USE rebill']);
    expect(told(judgeReversalForGood([facts({ billedTax: '0' })]))).toEqual(['DOCUMENT_IN_USE rebill']);
  });
});

describe('applying a credit memo', () => {
  const judge = (m = memo(), i = invoice(), amount: string | null = null) => told(judgeApplication(m, i, amount, all));

  test('takes the least of both balances where no amount is given', () => {
    expect(judge()).toEqual([]);
    expect(applicableAmount(memo(), invoice())).toBe('60');
    expect(applicableAmount(memo({ appliedAmount: '10', refundAmount: '20' }), invoice())).toBe('30');
    expect(applicableAmount(memo(), invoice({ balance: '0.01' }))).toBe('0.01');
  });

  test('takes any amount above 0 within both balances, in whole units of the currency', () => {
    for (const amount of ['0.01', '59.9', '60']) expect(judge(memo(), invoice(), amount)).toEqual([]);
    for (const amount of ['0', '-1', '0.001'])
      expect(judge(memo(), invoice(), amount)).toEqual(['INVALID_VALUE amount']);
    expect(judge(memo(), invoice(), '60.01')).toEqual(['BALANCE_EXCEEDED amount']);
    expect(judge(memo(), invoice({ balance: '20' }), '20.01')).toEqual(['BALANCE_EXCEEDED amount']);
    const yen = { currency: 'JPY' };
    expect(judge({ ...memo(), ...yen }, { ...invoice(), ...yen }, '1.5')).toEqual(['INVALID_VALUE amount']);
  });

  test('needs an invoice that is posted and owes something, of the same account and currency', () => {
    expect(judge(memo(), invoice({ status: 'Draft' }))).toEqual(['DOCUMENT_STATUS invoiceKey']);
    expect(judge(memo(), invoice({ status: 'Canceled' }))).toEqual(['DOCUMENT_STATUS invoiceKey']);
    expect(judge(memo(), { ...invoice(), accountId: 'b' })).toEqual(['INVALID_VALUE invoiceKey']);
    expect(judge(memo(), { ...invoice(), currency: 'EUR' })).toEqual(['CURRENCY_MISMATCH invoiceKey']);
    for (const balance of ['0', '-5']) {
      expect(judge(memo(), invoice({ balance }))).toEqual(['BALANCE_EXCEEDED invoiceKey']);
    }
  });

  test('tells what is wrong with the memo and the invoice together', () => {
    expect(judge(memo({ status: 'Draft' }), { ...invoice({ balance: '0' }), currency: 'EUR' }, '-1')).toEqual([
      'DOCUMENT_STATUS key',
      'CURRENCY_MISMATCH invoiceKey',
      'BALANCE_EXCEEDED invoiceKey',
    ]);
  });

  test('moves both balances, and taking it off moves them back', () => {
    const [applied, owed] = withApplied(memo({ appliedAmount: '0.1' }), invoice(), '0.2');
    expect([applied.appliedAmount, owed.balance]).toEqual(['0.3', '99.8']);
    const [again, back] = withApplied(applied, owed, '-0.2');
    expect([again.appliedAmount, back.balance]).toEqual(['0.1', '100']);
  });
});

describe('taking a credit memo off an invoice', () => {
  const applied = memo({ appliedAmount: '25' });
  const judge = (put: string, amount: string | null = null) => told(judgeUnapplication(applied, put, amount, all));

  test('takes what is put against that invoice, and no more', () => {
    expect(judge('10')).toEqual([]);
    expect(judge('10', '10')).toEqual([]);
    expect(judge('10', '10.01')).toEqual(['BALANCE_EXCEEDED amount']);
    expect(judge('10', '0')).toEqual(['INVALID_VALUE amount']);
    expect(judge('0')).toEqual(['BALANCE_EXCEEDED invoiceKey']);
  });
});
