import fc from 'fast-check';
import { add, type RoundingMode, round } from '../../src/domain/decimal';
import {
  amount,
  dependsOnRounding,
  discount,
  listPrice,
  type Price,
  type PriceInput,
  priceOf,
} from '../../src/domain/price';
import { told } from '../support/facts';

function priced(input: PriceInput): Price {
  const price = priceOf(input);
  if (Array.isArray(price)) throw new Error(told(price).join());
  return price;
}

/** amountPerUnit, listPrice, discount and amount of a quantity. */
function figures(input: PriceInput, quantity: string, currency = 'USD', mode: RoundingMode = 'HALF_UP'): string[] {
  const line = { ...priced(input), quantity, currency };
  return [line.amountPerUnit, listPrice(line, mode), discount(line, mode), amount(line, mode)];
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
    expect(priced({ ...input, listPricePerUnit: '0.123456789' }).amountPerUnit).toBe('0.08230452600041152263');
  });
});

describe('N10: the amounts of a whole line item are rounded to its currency, in the mode of the entity', () => {
  const third = {
    listPricePerUnit: '9.99',
    inlineDiscountType: 'Percentage',
    inlineDiscountPerUnit: '33.333',
  } as const;
  test.each<[PriceInput, string, string, RoundingMode, string[]]>([
    [{ amountPerUnit: '12.345' }, '3', 'USD', 'HALF_UP', ['12.345', '37.04', '0', '37.04']],
    [{ amountPerUnit: '12.345' }, '3', 'USD', 'DOWN', ['12.345', '37.03', '0', '37.03']],
    [{ amountPerUnit: '33.5' }, '3', 'JPY', 'HALF_UP', ['33.5', '101', '0', '101']],
    [{ amountPerUnit: '33.5' }, '3', 'JPY', 'DOWN', ['33.5', '100', '0', '100']],
    [{ amountPerUnit: '0.0005' }, '1', 'KWD', 'HALF_UP', ['0.0005', '0.001', '0', '0.001']],
    [third, '3', 'USD', 'HALF_UP', ['6.6600333', '29.97', '9.99', '19.98']],
    [third, '3', 'USD', 'UP', ['6.6600333', '29.97', '9.98', '19.99']],
  ])('%j times %s in %s, %s', (input, quantity, currency, mode, expected) => {
    expect(figures(input, quantity, currency, mode)).toEqual(expected);
  });

  test('and the mode decides only where there is something to round', () => {
    const depends = (input: PriceInput, quantity: string, currency: string) =>
      dependsOnRounding({ ...priced(input), quantity, currency });
    expect(depends({ amountPerUnit: '12.345' }, '2', 'USD')).toBe(false);
    expect(depends({ amountPerUnit: '12.345' }, '3', 'USD')).toBe(true);
    expect(depends(third, '3', 'USD')).toBe(true);
    expect(depends({ amountPerUnit: '1', listPricePerUnit: '1.005' }, '1', 'USD')).toBe(true);
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

test('list price = amount + discount, each a whole number of cents', () => {
  const parts = fc.bigInt({ min: 0n, max: 10n ** 15n });
  const decimal = (n: bigint) =>
    n
      .toString()
      .padStart(10, '0')
      .replace(/(.{9})$/, '.$1');
  fc.assert(
    fc.property(parts, fc.bigInt({ min: 0n, max: 10n ** 11n }), parts, (list, percent, quantity) => {
      const price = priced({
        listPricePerUnit: decimal(list),
        inlineDiscountType: 'Percentage',
        inlineDiscountPerUnit: decimal(percent),
      });
      const line = { ...price, quantity: decimal(quantity), currency: 'USD' };
      const parts = [listPrice, amount, discount].map((of) => of(line, 'HALF_UP'));
      for (const part of parts) expect(round(part, 2, 'DOWN')).toBe(part);
      expect(add(parts[1], parts[2])).toBe(parts[0]);
    }),
  );
});
