import { compare, type Decimal, isWithinLimits, multiply, type RoundingMode, subtract } from './decimal';
import { type UserError, userError } from './errors';
import { chargeAmount } from './invoice';

export type InlineDiscountType = 'Percentage' | 'FixedAmount' | 'None';
export type TaxMode = 'TaxInclusive' | 'TaxExclusive';

export interface PriceInput {
  listPricePerUnit?: Decimal | null;
  amountPerUnit?: Decimal | null;
  inlineDiscountType?: InlineDiscountType | null;
  inlineDiscountPerUnit?: Decimal | null;
}

export interface Price {
  listPricePerUnit: Decimal;
  amountPerUnit: Decimal;
  /** Whether the caller gave amountPerUnit. If so, it does not follow a new listPricePerUnit (N15). */
  amountPerUnitGiven: boolean;
  inlineDiscountType: InlineDiscountType;
  inlineDiscountPerUnit: Decimal | null;
}

/**
 * The prices of a sales line item. One of the two prices is required, and is the default of the other. With an inline
 * discount the charged price is computed from the list price, and must not be given. Prices are never rounded.
 * Source: "PUT order line item", inlineDiscountType and inlineDiscountPerUnit; "Data type rounding rules".
 */
export function priceOf(input: PriceInput): Price | UserError[] {
  const list = input.listPricePerUnit ?? null;
  const charged = input.amountPerUnit ?? null;
  const type = input.inlineDiscountType ?? 'None';
  const discount = input.inlineDiscountPerUnit ?? null;
  const errors: UserError[] = [];
  for (const [field, value] of Object.entries({ listPricePerUnit: list, amountPerUnit: charged })) {
    if (value !== null && compare(value, '0') < 0) {
      errors.push(userError('INVALID_VALUE', `${field} is ${value}, but must not be below 0.`, [field]));
    }
  }
  if (errors.length) return errors;

  const base = list ?? charged;
  if (base === null) {
    return [userError('REQUIRED', 'Give listPricePerUnit or amountPerUnit.', ['listPricePerUnit'])];
  }
  if (type === 'None') {
    if (discount !== null && compare(discount, '0') !== 0) {
      return [userError('REQUIRED', 'inlineDiscountPerUnit needs an inlineDiscountType.', ['inlineDiscountType'])];
    }
    return {
      listPricePerUnit: base,
      amountPerUnit: charged ?? base,
      amountPerUnitGiven: charged !== null,
      inlineDiscountType: 'None',
      inlineDiscountPerUnit: null,
    };
  }
  if (list === null) return [userError('REQUIRED', 'An inline discount needs listPricePerUnit.', ['listPricePerUnit'])];
  if (discount === null) {
    return [userError('REQUIRED', `The discount ${type} needs inlineDiscountPerUnit.`, ['inlineDiscountPerUnit'])];
  }
  if (charged !== null) {
    return [userError('INVALID_VALUE', 'amountPerUnit must not be given with an inline discount.', ['amountPerUnit'])];
  }
  const most = type === 'Percentage' ? '100' : list;
  if (compare(discount, '0') < 0 || compare(discount, most) > 0) {
    return [
      userError('INVALID_VALUE', `inlineDiscountPerUnit is ${discount}; 0 to ${most} is allowed.`, [
        'inlineDiscountPerUnit',
      ]),
    ];
  }
  const off = type === 'Percentage' ? multiply(multiply(list, discount), '0.01') : discount;
  return {
    listPricePerUnit: list,
    amountPerUnit: subtract(list, off),
    amountPerUnitGiven: false,
    inlineDiscountType: type,
    inlineDiscountPerUnit: discount,
  };
}

/** A price with a quantity and a currency. */
export type Extended = Omit<Price, 'amountPerUnitGiven'> & { quantity: Decimal; currency: string };

/**
 * listPricePerUnit x quantity, rounded to the currency like every extended amount (N10).
 * Sources: "Order line item fields", listPrice; "Data type rounding rules".
 */
export const listPrice = (line: Extended, mode: RoundingMode): Decimal =>
  chargeAmount(line.listPricePerUnit, line.quantity, line.currency, mode);

/** amountPerUnit x quantity, rounded to the currency. Source: "Create an order and add a sales order line item". */
export const amount = (line: Extended, mode: RoundingMode): Decimal =>
  chargeAmount(line.amountPerUnit, line.quantity, line.currency, mode);

/** The inline discount over the whole quantity: listPrice less amount, both rounded; 0 without a discount. */
export const discount = (line: Extended, mode: RoundingMode): Decimal =>
  line.inlineDiscountType === 'None' ? '0' : subtract(listPrice(line, mode), amount(line, mode));

/**
 * An amount has at most 13 digits before the point (N13). A larger amount could never be billed. Rounded up, so that a
 * later change of the rounding mode cannot exceed the limit. `field` is the field that the error names.
 * Source: "Rounding and precision in Zuora".
 */
export function judgeExtended(line: Extended, field: string): UserError[] {
  // checkLineFields refuses such a quantity.
  if (!isWithinLimits(line.quantity)) return [];
  const over = [listPrice(line, 'UP'), amount(line, 'UP')].find((value) => !isWithinLimits(value));
  const message = `The line item would have the amount ${over}; at most 13 digits before the decimal point are allowed.`;
  return over === undefined ? [] : [userError('LIMIT_EXCEEDED', message, [field])];
}

/** Whether the rounding mode affects the amounts. Most prices and quantities make whole cents in any mode. */
export const dependsOnRounding = (line: Extended): boolean =>
  listPrice(line, 'UP') !== listPrice(line, 'DOWN') || amount(line, 'UP') !== amount(line, 'DOWN');
