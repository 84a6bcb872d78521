import { currenciesOf, currencyDecimals } from '../domain/currency';
import { compare, type Decimal, divide, multiply, round } from '../domain/decimal';
import { type UserError, userError } from '../domain/errors';

/*
 * Stripe counts an amount in whole minor units of its own, which are not those of ISO 4217 everywhere. A factor that is
 * wrong charges a hundred times too much. So a currency without a known factor is refused.
 * Source: Stripe, "Supported currencies": zero-decimal currencies, three-decimal currencies, special cases.
 */

/** Two decimals in ISO 4217, none at Stripe. */
const wholeAtStripe = ['MGA'];
/** No decimals in ISO 4217. Stripe wants them with two decimals that are 00. */
const paddedAtStripe = ['ISK', 'UGX'];
/** Three decimals. Stripe wants the last one to be 0. */
const threeDecimals = ['BHD', 'JOD', 'KWD', 'OMR', 'TND'];
/** Codes of ISO 4217 with 0, 3 or 4 decimals that Stripe does not name. Codes with two decimals are judged by Stripe. */
const unknownToStripe = [
  ...currenciesOf(4),
  'UYI',
  ...currenciesOf(3).filter((currency) => !threeDecimals.includes(currency)),
];

/** Minor units in one unit of the currency: 1, 100 or 1000. */
const factorOf = (currency: string): Decimal => {
  if (wholeAtStripe.includes(currency)) return '1';
  if (paddedAtStripe.includes(currency)) return '100';
  return ['1', '', '100', '1000'][currencyDecimals(currency)];
};

/** Decimals that an amount may have at Stripe. */
const decimalsOf = (currency: string): number => {
  if (wholeAtStripe.includes(currency)) return 0;
  return threeDecimals.includes(currency) ? 2 : currencyDecimals(currency);
};

/** Why Stripe can never move this amount. What it may judge otherwise tomorrow, such as minimums, is left to Stripe. */
export function judgeAmount(amount: Decimal, currency: string): UserError[] {
  if (unknownToStripe.includes(currency)) {
    return [userError('INVALID_VALUE', `The payment provider does not know the currency ${currency}.`)];
  }
  const decimals = decimalsOf(currency);
  if (compare(round(amount, decimals, 'DOWN'), amount) !== 0) {
    const why = threeDecimals.includes(currency) ? 'the third must be 0' : `at most ${decimals} are allowed`;
    const text = `The payment provider does not take ${amount} ${currency}: of its decimals, ${why}.`;
    return [userError('INVALID_VALUE', text)];
  }
  if (Number.isSafeInteger(minorUnits(amount, currency))) return [];
  return [userError('LIMIT_EXCEEDED', `${amount} ${currency} is more than the payment provider can move at once.`)];
}

/** An amount in Stripe's minor units. Judge it first. */
export const minorUnits = (amount: Decimal, currency: string): number => Number(multiply(amount, factorOf(currency)));

/** An amount of Stripe's, in units of the currency. `currency` may be in lower case, as Stripe writes it. */
export const fromMinorUnits = (units: number, currency: string): Decimal =>
  divide(String(units), factorOf(currency.toUpperCase()), 3, 'DOWN');
