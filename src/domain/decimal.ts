import Big from 'big.js';

/**
 * Exact decimals. Amounts, prices and quantities are strings everywhere. Only these functions turn them into Big, and
 * never into a JavaScript number. Limits: 13 digits before and 9 after the point (Zuora, "Rounding and precision").
 */
export type Decimal = string;
export type RoundingMode = 'HALF_UP' | 'UP' | 'DOWN';

const bigMode: Record<RoundingMode, Big.RoundingMode> = { DOWN: 0, HALF_UP: 1, UP: 3 };
export const maxDecimals = 9;
const form = /^-?\d{1,13}(\.\d{1,9})?$/;

/** Is a computed value within the limits of a given value? Rounding can add a digit. */
export const isWithinLimits = (value: Decimal): boolean => form.test(value);

/** The canonical form (no exponent, no needless zeros) of a decimal within the limits, or undefined. */
export function parseDecimal(text: string): Decimal | undefined {
  return form.test(text) ? plain(new Big(text)) : undefined;
}

const plain = (value: Big): Decimal => value.toFixed();

export const add = (...values: Decimal[]): Decimal => plain(values.reduce((sum, v) => sum.plus(v), new Big(0)));
export const subtract = (a: Decimal, b: Decimal): Decimal => plain(new Big(a).minus(b));
export const multiply = (a: Decimal, b: Decimal): Decimal => plain(new Big(a).times(b));
export const compare = (a: Decimal, b: Decimal): -1 | 0 | 1 => new Big(a).cmp(b);
export const round = (value: Decimal, decimals: number, mode: RoundingMode): Decimal =>
  plain(new Big(value).round(decimals, bigMode[mode]));

/** a / b, rounded once from all digits of the quotient. */
export function divide(a: Decimal, b: Decimal, decimals: number, mode: RoundingMode): Decimal {
  // A constructor of its own: big.js reads the precision and mode of a division from the constructor.
  const Exact = Big();
  Exact.DP = decimals;
  Exact.RM = bigMode[mode];
  return plain(new Exact(a).div(b));
}

export const isPositive = (value: Decimal): boolean => new Big(value).gt(0);

/** Adds zeros up to `decimals` digits after the point, as money is written. More digits stay. */
export function pad(value: Decimal, decimals: number): Decimal {
  const point = value.indexOf('.');
  const own = point < 0 ? 0 : value.length - point - 1;
  if (own >= decimals) return value;
  return `${value}${point < 0 ? '.' : ''}${'0'.repeat(decimals - own)}`;
}

/** A JSON number as a decimal; undefined above 15 significant digits, which a double does not hold exactly enough. */
export function decimalOfNumber(value: number): Decimal | undefined {
  if (!Number.isFinite(value)) return undefined;
  const text = new Big(value).toFixed();
  const digits = text
    .replace(/[-.]/g, '')
    .replace(/^0+/, '')
    .replace(text.includes('.') ? /$^/ : /0+$/, '');
  return digits.length <= 15 ? parseDecimal(text) : undefined;
}

/** A decimal in billionths: exact, and many times faster for adding up a million values. */
export function toBillionths(value: Decimal): bigint {
  const [whole, part = ''] = value.split('.');
  if (part.length > maxDecimals) throw new Error(`${value} has more than ${maxDecimals} decimals`);
  return BigInt(whole + part.padEnd(maxDecimals, '0'));
}

export function fromBillionths(value: bigint): Decimal {
  const digits = String(value < 0n ? -value : value).padStart(maxDecimals + 1, '0');
  const part = digits.slice(-maxDecimals).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -maxDecimals)}${part && '.'}${part}`;
}
