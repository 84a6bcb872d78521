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
  creditedQuantity: Decimal;
  creditedNet: Decimal;
  creditedTax: Decimal;
  /** The line was completed without ever being sent to billing. */
  neverBilled: boolean;
}

const none: Amounts = { net: '0', tax: '0' };
const floor = (value: Decimal): Decimal => (isPositive(value) ? value : '0');
const least = (a: Decimal, b: Decimal): Decimal => (compare(a, b) <= 0 ? a : b);

/**
 * What is credited for a returned quantity, above 0. `price` is what so much would be charged anew.
 *
 * What was billed is the limit: a return of billed quantity is credited at most what is left of the bill, net and tax
 * each, and the one that exhausts it takes the remainder, so that the cents lost or won by rounding item by item come
 * back in the end. What is returned before it was billed is credited by the price, since it will be billed by the price;
 * what can never be billed is credited nothing. No source: the documents are silent on rounding drift over returns.
 */
export function creditOf(quantity: Decimal, facts: CreditFacts, price: (quantity: Decimal) => Amounts): Amounts {
  if (facts.neverBilled) return none;
  const open = floor(subtract(facts.billedQuantity, facts.creditedQuantity));
  const left: Amounts = {
    net: floor(subtract(facts.billedNet, facts.creditedNet)),
    tax: floor(subtract(facts.billedTax, facts.creditedTax)),
  };
  if (compare(quantity, open) < 0) {
    const { net, tax } = price(quantity);
    return { net: least(net, left.net), tax: least(tax, left.tax) };
  }
  const within = isPositive(open) ? left : none;
  const beyond = subtract(quantity, open);
  const anew = isPositive(beyond) ? price(beyond) : none;
  return { net: add(within.net, anew.net), tax: add(within.tax, anew.tax) };
}

/** The facts after a bill: a sale and its returns may be billed by one act. */
export const billed = (
  facts: CreditFacts,
  quantity: Decimal,
  { net, tax }: Amounts,
  taxRate: Decimal | null,
): CreditFacts => ({
  ...facts,
  billedQuantity: add(facts.billedQuantity, quantity),
  billedNet: add(facts.billedNet, net),
  billedTax: add(facts.billedTax, tax),
  billedTaxRate: taxRate,
});

/** The facts after a credit: two returns of one sale may be billed by one act. */
export const credited = (facts: CreditFacts, quantity: Decimal, { net, tax }: Amounts): CreditFacts => ({
  ...facts,
  creditedQuantity: add(facts.creditedQuantity, quantity),
  creditedNet: add(facts.creditedNet, net),
  creditedTax: add(facts.creditedTax, tax),
});
