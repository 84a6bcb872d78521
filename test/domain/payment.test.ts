import {
  judgeProcessingOptions,
  type PaymentStatus,
  type ProcessingOptions,
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
