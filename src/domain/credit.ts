import { add, compare, type Decimal, isPositive, subtract } from './decimal';

/** An amount without tax, and its tax. */
export interface Amounts {
  net: Decimal;
  tax: Decimal;
}

/** The billed totals of a sales line item, and the credited totals of its returns. */
export interface CreditFacts {
  billedQuantity: Decimal;
  billedNet: Decimal;
  billedTax: Decimal;
  /** The rate of the item billed last; null if that item had no tax, or if nothing is billed. */
  billedTaxRate: Decimal | null;
  /** Each rate at which an item was billed or credited, listed once. Null means no rate, or no single rate. */
  taxRates: readonly (Decimal | null)[];
  creditedQuantity: Decimal;
  creditedNet: Decimal;
  creditedTax: Decimal;
  /** The line item was completed without ever being sent to billing. */
  neverBilled: boolean;
}

const none: Amounts = { net: '0', tax: '0' };
const floor = (value: Decimal): Decimal => (isPositive(value) ? value : '0');
const least = (a: Decimal, b: Decimal): Decimal => (compare(a, b) <= 0 ? a : b);

/** The billed quantity that is not returned yet. */
const openOf = (facts: CreditFacts): Decimal => floor(subtract(facts.billedQuantity, facts.creditedQuantity));

/** Price of a quantity, at two rates: the rate at which the sale was billed, and the present rate. */
interface Prices {
  billed: (quantity: Decimal) => Amounts;
  now: (quantity: Decimal) => Amounts;
}

/**
 * The credit for a returned quantity; the quantity is above 0.
 *
 * Billed quantity: the credit is at most the uncredited rest of the bill, for net and tax each. The return that
 * exhausts the bill takes the remainder. So the cents lost or gained by rounding each item come back in the end.
 *
 * Quantity returned before it is billed: the credit follows the price, because the later bill will follow the price.
 * All such returns together are credited as one quantity, so that returning bit by bit gains nothing. A later bill over
 * the whole quantity has the same amount. A bill in several rounded pieces, or at another rate, may differ.
 *
 * Quantity that can never be billed: no credit. No source: Zuora's documents are silent on rounding drift over returns.
 */
export function creditOf(quantity: Decimal, facts: CreditFacts, price: Prices): Amounts {
  if (facts.neverBilled) return none;
  const open = openOf(facts);
  const left: Amounts = {
    net: floor(subtract(facts.billedNet, facts.creditedNet)),
    tax: floor(subtract(facts.billedTax, facts.creditedTax)),
  };
  if (compare(quantity, open) < 0) {
    const { net, tax } = price.billed(quantity);
    return { net: least(net, left.net), tax: least(tax, left.tax) };
  }
  const within = isPositive(open) ? left : none;
  const before = floor(subtract(facts.creditedQuantity, facts.billedQuantity));
  const credited = price.now(before);
  const whole = price.now(add(before, subtract(quantity, open)));
  return {
    net: add(within.net, subtract(whole.net, credited.net)),
    tax: add(within.tax, subtract(whole.tax, credited.tax)),
  };
}

/** The tax rate shown on a credit; null if the credit covers several rates, none of which explains its tax. */
export function creditedTaxRate(quantity: Decimal, facts: CreditFacts, now: Decimal | null): Decimal | null {
  const open = openOf(facts);
  const rates = [...(isPositive(open) ? facts.taxRates : []), ...(compare(quantity, open) > 0 ? [now] : [])];
  return rates.every((rate) => rate === rates[0]) ? rates[0] : null;
}

const withRate = ({ taxRates }: CreditFacts, rate: Decimal | null) =>
  taxRates.includes(rate) ? taxRates : [...taxRates, rate];

/** The facts after a bill. One act may bill a sale and its return. */
export const billed = (
  facts: CreditFacts,
  quantity: Decimal,
  { net, tax }: Amounts,
  billedTaxRate: Decimal | null,
): CreditFacts => ({
  ...facts,
  billedQuantity: add(facts.billedQuantity, quantity),
  billedNet: add(facts.billedNet, net),
  billedTax: add(facts.billedTax, tax),
  billedTaxRate,
  taxRates: withRate(facts, billedTaxRate),
});

/** The facts after a credit. One act may bill two returns of one sale. */
export const credited = (
  facts: CreditFacts,
  quantity: Decimal,
  { net, tax }: Amounts,
  taxRate: Decimal | null,
): CreditFacts => ({
  ...facts,
  creditedQuantity: add(facts.creditedQuantity, quantity),
  creditedNet: add(facts.creditedNet, net),
  creditedTax: add(facts.creditedTax, tax),
  taxRates: withRate(facts, taxRate),
});
