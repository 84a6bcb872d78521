import { currencyDecimals, isCurrency, money } from '../../src/domain/currency';

test.each([
  ['USD', 2],
  ['EUR', 2],
  ['GBP', 2],
  ['HUF', 2],
  ['JPY', 0],
  ['KRW', 0],
  ['ISK', 0],
  ['CLP', 0],
  ['KWD', 3],
  ['TND', 3],
  ['BHD', 3],
  ['CLF', 4],
] as const)('%s is rounded to %i decimals', (code, decimals) => {
  expect(isCurrency(code)).toBe(true);
  expect(currencyDecimals(code)).toBe(decimals);
});

test.each(['', 'usd', 'Usd', 'US', 'USDX', ' USD', 'XXX', 'XTS', 'DEM', 'HRK', 'toString', '__proto__'])(
  '%j is no currency',
  (code) => {
    expect(isCurrency(code)).toBe(false);
    expect(() => currencyDecimals(code)).toThrow('not a currency of ISO 4217');
  },
);

test('the platform knows the same decimals, but for those that it writes as they are used', () => {
  // Intl follows CLDR, which leaves out decimals that ISO 4217 has: those are listed here.
  const codes = Intl.supportedValuesOf('currency').filter(isCurrency);
  expect(codes.length).toBeGreaterThan(140);
  const used = 'AFN ALL HUF IDR IQD IRR KPW LAK LBP MGA MMK PKR RSD SLE SOS SYP TWD TZS YER COP'.split(' ');
  const differing = codes.filter((currency) => {
    const format = new Intl.NumberFormat('en', { style: 'currency', currency });
    return format.resolvedOptions().maximumFractionDigits !== currencyDecimals(currency);
  });
  expect(differing.filter((code) => !used.includes(code))).toEqual([]);
});

test('money is shown with the decimals of its currency at least', () => {
  expect(money('5', 'USD')).toBe('5.00');
  expect(money('5', 'JPY')).toBe('5');
  expect(money('5', 'KWD')).toBe('5.000');
  expect(money('3.1235', 'USD')).toBe('3.1235');
});
