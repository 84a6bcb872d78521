import type { InclusiveTaxRule } from './billing-settings';
import { currencyDecimals } from './currency';
import { add, type Decimal, divide, multiply, type RoundingMode, round, subtract } from './decimal';
import type { TaxMode } from './price';

/** What decides on the tax of an amount. */
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
 * An amount, rounded to its currency already, as what is charged and the tax on it. Each item is rounded on its own, and
 * where tax is included the two parts always add up to the amount. An amount below 0 is split like the one above.
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
