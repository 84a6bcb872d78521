import { itemAmount, unappliedCredit } from '../../src/domain/credit-memo';

describe('the unapplied amount of a credit memo', () => {
  test('is what is neither applied nor refunded', () => {
    const unapplied = (amount: string, appliedAmount: string, refundAmount: string) =>
      unappliedCredit({ status: 'Posted', amount, appliedAmount, refundAmount });
    expect(unapplied('60', '0', '0')).toBe('60');
    expect(unapplied('60', '10.5', '9.5')).toBe('40');
    expect(unapplied('60', '20', '40')).toBe('0');
  });

  test('N11: is 0 once it is Canceled', () => {
    expect(unappliedCredit({ status: 'Canceled', amount: '60', appliedAmount: '0', refundAmount: '0' })).toBe('0');
  });
});

describe('the amount of an item of a credit memo', () => {
  const item = { amountWithoutTax: '2.87', taxAmount: '0.12' };

  test('includes tax where the price included it', () => {
    expect(itemAmount({ ...item, taxMode: 'TaxInclusive' })).toBe('2.99');
  });

  test('excludes tax where it was added to the price, or where nothing is said', () => {
    expect(itemAmount({ ...item, taxMode: 'TaxExclusive' })).toBe('2.87');
    expect(itemAmount({ ...item, taxMode: null })).toBe('2.87');
  });
});
