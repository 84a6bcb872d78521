import fc from 'fast-check';
import { currenciesOf } from '../../src/domain/currency';
import { compare } from '../../src/domain/decimal';
import { fromMinorUnits, judgeAmount, minorUnits } from '../../src/gateway/stripe-amount';

test.each([
  ['12.34', 'USD', 1234],
  ['0.5', 'EUR', 50],
  ['500', 'JPY', 500],
  ['1000', 'KRW', 1000],
  // No decimals in ISO 4217, but two at Stripe.
  ['5', 'ISK', 500],
  ['5', 'UGX', 500],
  // Two decimals in ISO 4217, but none at Stripe.
  ['5', 'MGA', 5],
  ['10.45', 'HUF', 1045],
  ['800.45', 'TWD', 80045],
  ['5.12', 'KWD', 5120],
  ['5.120', 'BHD', 5120],
  ['9999999999999.99', 'IDR', 999_999_999_999_999],
])('%s %s are %i minor units at Stripe, and back', (amount, currency, units) => {
  expect(judgeAmount(amount, currency)).toEqual([]);
  expect(minorUnits(amount, currency)).toBe(units);
  expect(compare(fromMinorUnits(units, currency.toLowerCase()), amount)).toBe(0);
});

test.each([
  ['5.124', 'KWD', 'INVALID_VALUE', 'the third must be 0'],
  ['0.001', 'TND', 'INVALID_VALUE', 'the third must be 0'],
  ['5.5', 'MGA', 'INVALID_VALUE', 'at most 0 are allowed'],
  ['1.234', 'USD', 'INVALID_VALUE', 'at most 2 are allowed'],
  ['1', 'CLF', 'INVALID_VALUE', 'does not know the currency CLF'],
  ['1', 'UYW', 'INVALID_VALUE', 'does not know the currency UYW'],
  ['1', 'LYD', 'INVALID_VALUE', 'does not know the currency LYD'],
  ['9999999999999.99', 'KWD', 'LIMIT_EXCEEDED', 'more than the payment provider can move'],
])('%s %s are refused', (amount, currency, code, text) => {
  expect(judgeAmount(amount, currency)).toMatchObject([{ code, message: expect.stringContaining(text) }]);
});

test('no amount of any currency is changed by its way to Stripe and back', () => {
  const currencies = ['USD', 'EUR', 'HUF', 'MGA', ...currenciesOf(0), ...currenciesOf(3)];
  fc.assert(
    fc.property(
      fc.constantFrom(...currencies),
      fc.bigInt({ min: 1n, max: 99_999_999_999n }),
      fc.integer({ min: 0, max: 3 }),
      (currency, digits, decimals) => {
        const text = String(digits).padStart(decimals + 1, '0');
        const amount = decimals ? `${text.slice(0, -decimals)}.${text.slice(-decimals)}` : text;
        if (judgeAmount(amount, currency).length) return;
        const units = minorUnits(amount, currency);
        expect(Number.isSafeInteger(units)).toBe(true);
        expect(compare(fromMinorUnits(units, currency), amount)).toBe(0);
      },
    ),
    { numRuns: 500 },
  );
});
