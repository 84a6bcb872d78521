import fc from 'fast-check';
import {
  add,
  compare,
  decimalOfNumber,
  divide,
  isPositive,
  multiply,
  pad,
  parseDecimal,
  type RoundingMode,
  round,
  subtract,
} from '../../src/domain/decimal';

const scale = 10n ** 9n;
/** A count of billionths in the canonical form, worked out without any decimal library. */
function text(billionths: bigint, decimals = 9): string {
  const digits = (billionths < 0n ? -billionths : billionths).toString().padStart(decimals + 1, '0');
  const fraction = digits.slice(-decimals).replace(/0+$/, '');
  return `${billionths < 0n ? '-' : ''}${digits.slice(0, -decimals)}${fraction && `.${fraction}`}`;
}
const limit = 10n ** 22n - 1n;
const billionths = fc.bigInt({ min: -limit, max: limit });

describe('arithmetic is exact to the last of 22 digits', () => {
  test('adding and subtracting', () => {
    fc.assert(
      fc.property(billionths, billionths, billionths, (a, b, c) => {
        expect(add(text(a), text(b), text(c))).toBe(text(a + b + c));
        expect(subtract(text(a), text(b))).toBe(text(a - b));
      }),
    );
    expect(add('0.1', '0.2')).toBe('0.3');
    expect(add()).toBe('0');
    expect(subtract('0.3', '0.3')).toBe('0');
  });

  test('multiplying, with all eighteen decimals', () => {
    fc.assert(
      fc.property(billionths, billionths, (a, b) => {
        expect(multiply(text(a), text(b))).toBe(text(a * b, 18));
      }),
    );
    expect(multiply('0', '-5')).toBe('0');
  });

  test('comparing', () => {
    fc.assert(
      fc.property(billionths, billionths, (a, b) => {
        expect(compare(text(a), text(b))).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(isPositive(text(a))).toBe(a > 0n);
      }),
    );
    expect(compare('1.50', '1.5')).toBe(0);
    expect(isPositive('0')).toBe(false);
    expect(isPositive('0.000000001')).toBe(true);
  });

  test.each<[RoundingMode, (magnitude: bigint, unit: bigint) => bigint]>([
    ['DOWN', (m, unit) => m / unit],
    ['UP', (m, unit) => (m + unit - 1n) / unit],
    ['HALF_UP', (m, unit) => (m + unit / 2n) / unit],
  ])('rounding %s, by magnitude', (mode, rounded) => {
    fc.assert(
      fc.property(billionths, fc.integer({ min: 0, max: 8 }), (value, decimals) => {
        const unit = 10n ** BigInt(9 - decimals);
        const magnitude = rounded(value < 0n ? -value : value, unit) * unit;
        expect(round(text(value), decimals, mode)).toBe(text(value < 0n ? -magnitude : magnitude));
      }),
    );
  });

  test.each<[RoundingMode, (dividend: bigint, divisor: bigint) => bigint]>([
    ['DOWN', (a, b) => a / b],
    ['UP', (a, b) => (a + b - 1n) / b],
    ['HALF_UP', (a, b) => (2n * a + b) / (2n * b)],
  ])('dividing, rounded %s once, by magnitude', (mode, rounded) => {
    const divisors = fc.oneof(billionths, fc.bigInt({ min: -99n, max: 99n })).filter((b) => b !== 0n);
    fc.assert(
      fc.property(billionths, divisors, fc.integer({ min: 0, max: 9 }), (a, b, decimals) => {
        const size = (value: bigint) => (value < 0n ? -value : value);
        const magnitude = rounded(size(a) * 10n ** BigInt(decimals), size(b));
        const unit = 10n ** BigInt(9 - decimals);
        expect(divide(text(a), text(b), decimals, mode)).toBe(
          text(a < 0n !== b < 0n ? -magnitude * unit : magnitude * unit),
        );
      }),
    );
  });

  test('a quotient just below the half is not rounded twice', () => {
    // 0.00499999...: rounded to more digits first it would be 0.005, and then 0.01.
    expect(divide('0.009999999999999999999999', '2', 2, 'HALF_UP')).toBe('0');
    expect(divide('0.01', '2', 2, 'HALF_UP')).toBe('0.01');
    expect(divide('0.000000001', '9999999999999', 2, 'UP')).toBe('0.01');
    expect(divide('-0.01', '3', 2, 'HALF_UP')).toBe('0');
  });

  test('nothing is written with an exponent or as minus 0', () => {
    expect(multiply('0.000000001', '0.000000001')).toBe('0.000000000000000001');
    expect(multiply('9999999999999', '9999999999999')).toBe('99999999999980000000000001');
    expect(round('-0.001', 2, 'HALF_UP')).toBe('0');
    expect(subtract('0', '0')).toBe('0');
    expect(multiply('-1', '0')).toBe('0');
  });
});

describe('a decimal from outside', () => {
  test('is taken in the canonical form', () => {
    fc.assert(fc.property(billionths, (value) => expect(parseDecimal(text(value))).toBe(text(value))));
    const given = ['007.50', '-0', '-0.000', '0.000000001', '1.000000000', '-12'];
    expect(given.map(parseDecimal)).toEqual(['7.5', '0', '0', '0.000000001', '1', '-12']);
  });

  test('has at most 13 digits before the point and 9 behind it', () => {
    expect(parseDecimal('9999999999999.999999999')).toBe('9999999999999.999999999');
    expect(parseDecimal('-9999999999999.999999999')).toBe('-9999999999999.999999999');
    expect(parseDecimal('10000000000000')).toBeUndefined();
    expect(parseDecimal('0.0000000001')).toBeUndefined();
  });

  test.each(['', ' ', '1e3', '1E-2', '+1', '.5', '5.', '1,5', '1_000', '0x10', 'NaN', 'Infinity', ' 1', '1\n', '١'])(
    'is not %j',
    (wrong) => {
      expect(parseDecimal(wrong)).toBeUndefined();
    },
  );
});

describe('a number of JSON', () => {
  test('is taken as the decimal it shows, up to 15 significant digits', () => {
    expect([5, 0.1, -2.5, 0, -0, 1e3, 1.5e-7, 123456789012.345].map(decimalOfNumber)).toEqual([
      '5',
      '0.1',
      '-2.5',
      '0',
      '0',
      '1000',
      '0.00000015',
      '123456789012.345',
    ]);
    expect(decimalOfNumber(9_000_000_000_000)).toBe('9000000000000');
  });

  test('is refused where a double no longer holds it, and beyond the limits', () => {
    for (const wrong of [0.1 + 0.2, 1234567890123.456, 1e13, 1e21, 1e-10, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(decimalOfNumber(wrong)).toBeUndefined();
    }
  });

  test('loses nothing where it is taken', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 15) + 1, max: 10 ** 15 - 1 }), fc.nat({ max: 9 }), (digits, decimals) => {
        const shown = text(BigInt(digits) * (scale / 10n ** BigInt(decimals)));
        fc.pre(/^-?\d{1,13}(\.|$)/.test(shown));
        expect(decimalOfNumber(Number(shown))).toBe(shown);
      }),
    );
  });
});

test('money is written with its decimals, and with more where it has more', () => {
  expect(['5', '5.5', '5.555', '0', '-1'].map((value) => pad(value, 2))).toEqual([
    '5.00',
    '5.50',
    '5.555',
    '0.00',
    '-1.00',
  ]);
  expect(pad('5', 0)).toBe('5');
  expect(pad('9999999999999', 4)).toBe('9999999999999.0000');
});
