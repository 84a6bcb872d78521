import { changeLine } from '../../src/domain/order-line-item-change';
import { amount, discount, listPrice, type Price, type PriceInput, priceOf } from '../../src/domain/price';
import { someSettings, told } from '../support/facts';

/** A sales line item of 10 with the price that this input makes. */
const line = (input: PriceInput) => ({
  itemCategory: 'Sales' as const,
  itemState: 'Executing' as const,
  unitOfMeasure: null,
  quantity: '10',
  currency: 'USD',
  transactionStartDate: null,
  transactionEndDate: null,
  ...(priceOf(input) as Price),
});
const plain = line({ listPricePerUnit: '100' });
const own = line({ listPricePerUnit: '100', amountPerUnit: '80' });
const percent = line({ listPricePerUnit: '100', inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '5' });
const fixed = line({ listPricePerUnit: '100', inlineDiscountType: 'FixedAmount', inlineDiscountPerUnit: '10' });

/** amountPerUnit / listPrice / discount / amount, as the worked cases are written, or the errors. */
const figures = (before: typeof plain, change: PriceInput & { quantity?: string }): string => {
  const after = changeLine(before, change, someSettings());
  if (Array.isArray(after)) return told(after).join();
  const amounts = [listPrice, discount, amount].map((of) => of(after, 'HALF_UP'));
  return [after.amountPerUnit, ...amounts].join('/');
};

describe('a changed price', () => {
  test('A5: 5 % off a list price of 100, times 10', () => {
    const off = { inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '5' } as const;
    expect(figures(plain, off)).toBe('95/1000/50/950');
    expect(figures(fixed, off)).toBe('95/1000/50/950');
    expect(figures(own, off)).toBe('95/1000/50/950');
  });

  test('A6: 10 each off a list price of 100, times 10', () => {
    const off = { inlineDiscountType: 'FixedAmount', inlineDiscountPerUnit: '10' } as const;
    expect(figures(plain, off)).toBe('90/1000/100/900');
    expect(figures(percent, { inlineDiscountType: 'FixedAmount', inlineDiscountPerUnit: '10' })).toBe(
      '90/1000/100/900',
    );
  });

  test('A8: a list price of 100 without any other, times 10', () => {
    expect(figures(own, { amountPerUnit: null })).toBe('100/1000/0/1000');
  });

  test('takes the quantity along', () => {
    expect(figures(percent, { quantity: '20' })).toBe('95/2000/100/1900');
    expect(figures(percent, { quantity: '20', listPricePerUnit: '10' })).toBe('9.5/200/10/190');
  });

  test('is made anew from what stays: the discount with a new list price, the list price with a new discount', () => {
    expect(figures(percent, { listPricePerUnit: '200' })).toBe('190/2000/100/1900');
    expect(figures(percent, { inlineDiscountPerUnit: '7.5' })).toBe('92.5/1000/75/925');
    expect(figures(fixed, { listPricePerUnit: '50' })).toBe('40/500/100/400');
    expect(figures(percent, { inlineDiscountType: 'FixedAmount' })).toBe('95/1000/50/950');
  });

  test('of its own stays under a new list price; one that followed the list price follows on', () => {
    expect(figures(own, { listPricePerUnit: '120' })).toBe('80/1200/0/800');
    expect(figures(plain, { listPricePerUnit: '120' })).toBe('120/1200/0/1200');
    expect(figures(plain, { amountPerUnit: '70' })).toBe('70/1000/0/700');
    expect(figures(own, { listPricePerUnit: null })).toBe('80/800/0/800');
  });

  test('N15: that the caller gave stays, be it equal to the list price by chance, or the only one that he gave', () => {
    const equal = line({ listPricePerUnit: '100', amountPerUnit: '100' });
    expect(figures(equal, { listPricePerUnit: '120' })).toBe('100/1200/0/1000');
    expect(figures(line({ amountPerUnit: '30' }), { listPricePerUnit: '100' })).toBe('30/1000/0/300');
    // Given again or taken back, and remembered from change to change.
    const steps = (before: typeof plain, ...changes: PriceInput[]) =>
      changes.reduce<typeof plain>((now, change) => changeLine(now, change, someSettings()) as typeof plain, before);
    const last = { listPricePerUnit: '7' };
    expect(steps(plain, { amountPerUnit: '100' }, last).amountPerUnit).toBe('100');
    expect(steps(equal, { listPricePerUnit: '120' }, last).amountPerUnit).toBe('100');
    expect(steps(equal, { amountPerUnit: null }, last).amountPerUnit).toBe('7');
    const off = { inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '5' } as const;
    expect(steps(equal, off, { inlineDiscountType: 'None' }, last).amountPerUnit).toBe('7');
  });

  test('is the list price once the discount is taken away', () => {
    for (const inlineDiscountType of ['None', null] as const) {
      expect(figures(percent, { inlineDiscountType })).toBe('100/1000/0/1000');
      expect(figures(fixed, { inlineDiscountType, amountPerUnit: '70' })).toBe('70/1000/0/700');
    }
    const after = changeLine(percent, { inlineDiscountType: 'None' }, someSettings());
    expect(after).toMatchObject({ inlineDiscountType: 'None', inlineDiscountPerUnit: null });
  });

  test.each<[string, typeof plain, PriceInput, string]>([
    ['a charged price beside a discount', percent, { amountPerUnit: '80' }, 'INVALID_VALUE amountPerUnit'],
    ['a discount without its type', plain, { inlineDiscountPerUnit: '5' }, 'REQUIRED inlineDiscountType'],
    ['a type without its discount', plain, { inlineDiscountType: 'Percentage' }, 'REQUIRED inlineDiscountPerUnit'],
    ['a discount that is emptied', percent, { inlineDiscountPerUnit: null }, 'REQUIRED inlineDiscountPerUnit'],
    ['more than 100 % off', percent, { inlineDiscountPerUnit: '100.1' }, 'INVALID_VALUE inlineDiscountPerUnit'],
    ['more off than the list price', fixed, { listPricePerUnit: '9' }, 'INVALID_VALUE inlineDiscountPerUnit'],
    ['no list price for its discount', percent, { listPricePerUnit: null }, 'REQUIRED listPricePerUnit'],
    ['no price at all', plain, { listPricePerUnit: null }, 'REQUIRED listPricePerUnit'],
    ['a price below 0', plain, { listPricePerUnit: '-1' }, 'INVALID_VALUE listPricePerUnit'],
  ])('with %s is refused', (_what, before, change, expected) => {
    expect(figures(before, change)).toBe(expected);
  });

  test('is not made anew by a change of anything else', () => {
    const after = changeLine(percent, { description: 'new' }, someSettings());
    expect(after).toEqual({ ...percent, description: 'new' });
  });
});
