import fc from 'fast-check';
import { amount, discount, listPrice, type Price, type PriceInput, priceOf } from '../../src/domain/price';
import { told } from '../support/facts';

function priced(input: PriceInput): Price {
  const price = priceOf(input);
  if (Array.isArray(price)) throw new Error(told(price).join());
  return price;
}

/** amountPerUnit, listPrice, discount and amount of a quantity. */
function figures(input: PriceInput, quantity: string): string[] {
  const line = { ...priced(input), quantity };
  return [line.amountPerUnit, listPrice(line), discount(line), amount(line)];
}

const refusal = (input: PriceInput): string[] => {
  const price = priceOf(input);
  return Array.isArray(price) ? told(price) : ['accepted'];
};

describe('the price of a line item', () => {
  test('A5: list 100 less 5 %, times 10', () => {
    const input = { listPricePerUnit: '100', inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '5' } as const;
    expect(figures(input, '10')).toEqual(['95', '1000', '50', '950']);
  });

  test('A6: list 100 less 10 each, times 10', () => {
    const input = { listPricePerUnit: '100', inlineDiscountType: 'FixedAmount', inlineDiscountPerUnit: '10' } as const;
    expect(figures(input, '10')).toEqual(['90', '1000', '100', '900']);
  });

  test('A8: only the list price, 100, times 10', () => {
    expect(figures({ listPricePerUnit: '100' }, '10')).toEqual(['100', '1000', '0', '1000']);
  });

  test('with only the charged price, that is the list price too', () => {
    expect(figures({ amountPerUnit: '30' }, '10')).toEqual(['30', '300', '0', '300']);
  });

  test('with both prices, each stays what it is, and the difference is no inline discount', () => {
    expect(figures({ listPricePerUnit: '100', amountPerUnit: '80' }, '2')).toEqual(['80', '200', '0', '160']);
  });

  test('without a discount is stored as None, also where None with 0 was said', () => {
    const none = { inlineDiscountType: 'None', inlineDiscountPerUnit: null };
    expect(priced({ amountPerUnit: '1' })).toMatchObject(none);
    expect(priced({ amountPerUnit: '1', inlineDiscountType: 'None', inlineDiscountPerUnit: '0' })).toMatchObject(none);
    expect(priced({ amountPerUnit: '1', inlineDiscountPerUnit: '0' })).toMatchObject(none);
  });

  test('may be 0, and a discount may take all or nothing', () => {
    expect(figures({ amountPerUnit: '0' }, '3')).toEqual(['0', '0', '0', '0']);
    const list = { listPricePerUnit: '7' };
    const off = (inlineDiscountType: 'Percentage' | 'FixedAmount', inlineDiscountPerUnit: string) =>
      priced({ ...list, inlineDiscountType, inlineDiscountPerUnit }).amountPerUnit;
    expect(off('Percentage', '100')).toBe('0');
    expect(off('Percentage', '0')).toBe('7');
    expect(off('FixedAmount', '7')).toBe('0');
    expect(off('FixedAmount', '0')).toBe('7');
  });

  test('is never rounded', () => {
    const input = { inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '33.333333333' } as const;
    expect(figures({ ...input, listPricePerUnit: '0.123456789' }, '1')).toEqual([
      '0.08230452600041152263',
      '0.123456789',
      '0.04115226299958847737',
      '0.08230452600041152263',
    ]);
  });
});

describe('a price is refused', () => {
  test.each<[string, PriceInput, string]>([
    ['where none is given', {}, 'REQUIRED listPricePerUnit'],
    ['where it is negative', { amountPerUnit: '-0.01' }, 'INVALID_VALUE amountPerUnit'],
    ['where the list price is negative', { listPricePerUnit: '-1' }, 'INVALID_VALUE listPricePerUnit'],
    [
      'where a discount has no type',
      { listPricePerUnit: '10', inlineDiscountPerUnit: '1' },
      'REQUIRED inlineDiscountType',
    ],
    [
      'where a negative discount has no type',
      { listPricePerUnit: '10', inlineDiscountPerUnit: '-1' },
      'REQUIRED inlineDiscountType',
    ],
    [
      'where a type has no discount',
      { listPricePerUnit: '10', inlineDiscountType: 'FixedAmount' },
      'REQUIRED inlineDiscountPerUnit',
    ],
    [
      'where a discount has no list price to go from',
      { amountPerUnit: '10', inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '5' },
      'REQUIRED listPricePerUnit',
    ],
    [
      'where the charged price is given beside a discount, even the right one',
      {
        listPricePerUnit: '100',
        amountPerUnit: '95',
        inlineDiscountType: 'Percentage',
        inlineDiscountPerUnit: '5',
      },
      'INVALID_VALUE amountPerUnit',
    ],
    [
      'where more than 100 % goes off',
      { listPricePerUnit: '1', inlineDiscountType: 'Percentage', inlineDiscountPerUnit: '100.1' },
      'INVALID_VALUE inlineDiscountPerUnit',
    ],
    [
      'where more than the list price goes off',
      { listPricePerUnit: '10', inlineDiscountType: 'FixedAmount', inlineDiscountPerUnit: '10.01' },
      'INVALID_VALUE inlineDiscountPerUnit',
    ],
    [
      'where a negative discount would raise it',
      { listPricePerUnit: '10', inlineDiscountType: 'FixedAmount', inlineDiscountPerUnit: '-1' },
      'INVALID_VALUE inlineDiscountPerUnit',
    ],
  ])('%s', (_when, input, expected) => {
    expect(refusal(input)).toEqual([expected]);
  });
});

test('list price = amount + discount, to the last digit', () => {
  const cents = fc.bigInt({ min: 0n, max: 10n ** 15n });
  const decimal = (n: bigint) =>
    n
      .toString()
      .padStart(10, '0')
      .replace(/(.{9})$/, '.$1');
  fc.assert(
    fc.property(cents, fc.bigInt({ min: 0n, max: 10n ** 11n }), cents, (list, percent, quantity) => {
      const price = priced({
        listPricePerUnit: decimal(list),
        inlineDiscountType: 'Percentage',
        inlineDiscountPerUnit: decimal(percent),
      });
      const line = { ...price, quantity: decimal(quantity) };
      // All three with 29 decimals, as whole numbers.
      const whole = (text: string) => {
        const [integer, fraction = ''] = text.split('.');
        return BigInt(integer + fraction.padEnd(29, '0'));
      };
      expect(whole(amount(line)) + whole(discount(line))).toBe(whole(listPrice(line)));
      expect(whole(discount(line))).toBe(list * percent * quantity);
    }),
  );
});
