import { compare, type Decimal, type RoundingMode, round } from './decimal';
import { type UserError, userError } from './errors';

/**
 * Selects the charges that go on a credit memo instead of an invoice. Used only if invoice settlement is on.
 * Source: "Rules for generating invoices and credit memos".
 */
export type CreditMemoRule = 'AllNegative' | 'AllNegativeAndZero' | 'NetNegative' | 'NetNegativeNoGrouping';

/** The part of a tax-inclusive price that is rounded first. Source: "Rounding rule for inclusive tax mode". */
export type InclusiveTaxRule = 'NetFirst' | 'TaxFirst';

export interface TaxCode {
  code: string;
  /** 0.1 is 10 %. */
  rate: Decimal;
}

/** Quantities in this unit are stored with `decimals` decimals. Source: "Examples of rounding". */
export interface UnitOfMeasure {
  name: string;
  decimals: number;
  roundingMode: RoundingMode;
}

/** How an entity bills. An empty or absent list (units, carriers, systems, locations) allows any value. */
export interface BillingSettings {
  invoiceSettlement: boolean;
  creditMemoRule: CreditMemoRule;
  inclusiveTaxRule: InclusiveTaxRule;
  /** For extended amounts and taxes. */
  roundingMode: RoundingMode;
  taxCodes: readonly TaxCode[];
  units: readonly UnitOfMeasure[];
  carriers: readonly string[] | null;
  fulfillmentSystems: readonly string[] | null;
  fulfillmentLocations: readonly string[] | null;
}

const shownAtMost = 5;

/** The first few allowed values, for a message. */
export const named = (allowed: readonly string[]): string =>
  allowed.length > shownAtMost
    ? `${allowed.slice(0, shownAtMost).join(', ')} and ${allowed.length - shownAtMost} more are allowed`
    : `${allowed.join(', ')} ${allowed.length === 1 ? 'is' : 'are'} allowed`;

/**
 * The quantity to store: rounded to the decimals of its unit, in the unit's mode. Two quantities stay as they are:
 * - A quantity whose unit is not configured, or not any more.
 * - A quantity equal to `left`, all that is left of the whole. The unit may have had more decimals before, and a
 *   remainder that it can no longer express could never be fulfilled or returned. Our choice.
 * Source: "Data type rounding rules"; "Examples of rounding".
 */
export function roundQuantity(
  quantity: Decimal,
  unitOfMeasure: string | null | undefined,
  { units }: Pick<BillingSettings, 'units'>,
  left?: Decimal,
): Decimal {
  if (left !== undefined && compare(quantity, left) === 0) return quantity;
  const unit = units.find(({ name }) => name === unitOfMeasure);
  return unit ? round(quantity, unit.decimals, unit.roundingMode) : quantity;
}

/** If units are configured, a line item's unit must be one of them. Source: "Order line item fields", UOM. */
export function checkUnit(
  unitOfMeasure: string | null | undefined,
  { units }: Pick<BillingSettings, 'units'>,
): UserError[] {
  const names = units.map(({ name }) => name);
  if (unitOfMeasure == null || names.length === 0 || names.includes(unitOfMeasure)) return [];
  return [userError('INVALID_VALUE', `No unit has this name; ${named(names)}.`, ['unitOfMeasure'])];
}

/** A line item's tax code must be a configured code. Our choice: an unknown code could never be taxed. */
export function checkTaxCode(
  taxCode: string | null | undefined,
  { taxCodes }: Pick<BillingSettings, 'taxCodes'>,
): UserError[] {
  const codes = taxCodes.map(({ code }) => code);
  if (taxCode == null || codes.includes(taxCode)) return [];
  const allowed = codes.length ? named(codes) : 'none is configured';
  return [userError('INVALID_VALUE', `No tax code has this name; ${allowed}.`, ['taxCode'])];
}

/** The present rate of a tax code; null without a code. */
export const taxRateOf = (taxCode: string | null, { taxCodes }: Pick<BillingSettings, 'taxCodes'>): Decimal | null =>
  taxCodes.find(({ code }) => code === taxCode)?.rate ?? null;
