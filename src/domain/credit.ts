import { add, compare, type Decimal, isPositive, subtract } from './decimal';

/** An amount as it is charged, and the tax on it. */
export interface Amounts {
  net: Decimal;
  tax: Decimal;
}

/** What has been billed for a sales line item, and credited for its returns, so far. */
export interface CreditFacts {
  billedQuantity: Decimal;
  billedNet: Decimal;
  billedTax: Decimal;
  /** Of the item billed last; null where it bore no tax, or where none is billed. */
  billedTaxRate: Decimal | null;
  /** Every rate that something was billed or credited at, once; null is none, or no single one. */
  taxRates: readonly (Decimal | null)[];
  creditedQuantity: Decimal;
  creditedNet: Decimal;
  creditedTax: Decimal;
  /** The line was completed without ever being sent to billing. */
  neverBilled: boolean;
}

const none: Amounts = { net: '0', tax: '0' };
const floor = (value: Decimal): Decimal => (isPositive(value) ? value : '0');
const least = (a: Decimal, b: Decimal): Decimal => (compare(a, b) <= 0 ? a : b);

/** How much that was billed has not come back yet. */
const openOf = (facts: CreditFacts): Decimal => floor(subtract(facts.billedQuantity, facts.creditedQuantity));

/** What so much would be charged anew: by the rate that the sale was billed with, and by the one it would be billed with now. */
export interface Prices {
  billed: (quantity: Decimal) => Amounts;
  now: (quantity: Decimal) => Amounts;
}

/**
 * What is credited for a returned quantity, above 0.
 *
 * What was billed is the limit: a return of billed quantity is credited at most what is left of the bill, net and tax
 * each, and the one that exhausts it takes the remainder, so that the cents lost or won by rounding item by item come
 * back in the end. What is returned before it was billed is credited by the price, since it will be billed by the price:
 * all of it together by that of the whole, so that nothing is won by returning it bit by bit. That is what a later bill
 * over the whole comes to; one in several pieces, each rounded, or at another rate may differ. What can never be billed
 * is credited nothing. No source: the documents are silent on rounding drift over returns.
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

/** The rate that a credit is told to bear: null where it makes up for several, none of which says what its tax is. */
export function creditedTaxRate(quantity: Decimal, facts: CreditFacts, now: Decimal | null): Decimal | null {
  const open = openOf(facts);
  const rates = [...(isPositive(open) ? facts.taxRates : []), ...(compare(quantity, open) > 0 ? [now] : [])];
  return rates.every((rate) => rate === rates[0]) ? rates[0] : null;
}

const withRate = ({ taxRates }: CreditFacts, rate: Decimal | null) =>
  taxRates.includes(rate) ? taxRates : [...taxRates, rate];

/** The facts after a bill: a sale and its return may be billed by one act. */
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

/** The facts after a credit: two returns of one sale may be billed by one act. */
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
