import type { InclusiveTaxRule } from './billing-settings';
import { currencyDecimals } from './currency';
import { add, type Decimal, divide, multiply, type RoundingMode, round, subtract } from './decimal';
import type { TaxMode } from './price';

/** The facts that decide on the tax of an amount. */
export interface TaxFacts {
  /** Null is treated as exclusive. */
  taxMode: TaxMode | null;
  /** 0.1 is 10 %; null where no tax code applies. */
  rate: Decimal | null;
  inclusiveTaxRule: InclusiveTaxRule;
  roundingMode: RoundingMode;
  currency: string;
}

/**
 * Splits an amount, already rounded to its currency, into net and tax. Each item is rounded alone. With tax included,
 * net and tax always add up to the amount. A negative amount is split like a positive amount.
 * Sources: "Tax rounding method" (exclusive); "Rounding rule for inclusive tax mode".
 */
export function taxOf(amount: Decimal, facts: TaxFacts): { net: Decimal; tax: Decimal } {
  const { taxMode, rate, inclusiveTaxRule, roundingMode, currency } = facts;
  const decimals = currencyDecimals(currency);
  if (rate === null) return { net: amount, tax: '0' };
  if (taxMode !== 'TaxInclusive') return { net: amount, tax: round(multiply(rate, amount), decimals, roundingMode) };
  const divisor = add('1', rate);
  if (inclusiveTaxRule === 'TaxFirst') {
    const tax = divide(multiply(amount, rate), divisor, decimals, roundingMode);
    return { net: subtract(amount, tax), tax };
  }
  const net = divide(amount, divisor, decimals, roundingMode);
  return { net, tax: subtract(amount, net) };
}
