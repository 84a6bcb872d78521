import { compare, type Decimal, type RoundingMode, round } from './decimal';
import { type UserError, userError } from './errors';

/**
 * Which charges go on a credit memo instead of an invoice, where invoice settlement is on.
 * Source: "Rules for generating invoices and credit memos".
 */
export type CreditMemoRule = 'AllNegative' | 'AllNegativeAndZero' | 'NetNegative' | 'NetNegativeNoGrouping';

/** Which part of a price that includes tax is rounded first. Source: "Rounding rule for inclusive tax mode". */
export type InclusiveTaxRule = 'NetFirst' | 'TaxFirst';

export interface TaxCode {
  code: string;
  /** 0.1 is 10 %. */
  rate: Decimal;
}

/** Quantities in this unit are kept with so many decimals. Source: "Examples of rounding". */
export interface UnitOfMeasure {
  name: string;
  decimals: number;
  roundingMode: RoundingMode;
}

/** How an entity bills. A list that is empty or absent (units, carriers, systems, locations) allows anything. */
export interface BillingSettings {
  invoiceSettlement: boolean;
  creditMemoRule: CreditMemoRule;
  inclusiveTaxRule: InclusiveTaxRule;
  /** Of extended amounts and taxes. */
  roundingMode: RoundingMode;
  taxCodes: readonly TaxCode[];
  units: readonly UnitOfMeasure[];
  carriers: readonly string[] | null;
  fulfillmentSystems: readonly string[] | null;
  fulfillmentLocations: readonly string[] | null;
}

const shownAtMost = 5;

/** A handful of what is allowed, for a message. */
export const named = (allowed: readonly string[]): string =>
  allowed.length > shownAtMost
    ? `${allowed.slice(0, shownAtMost).join(', ')} and ${allowed.length - shownAtMost} more are allowed`
    : `${allowed.join(', ')} ${allowed.length === 1 ? 'is' : 'are'} allowed`;

/**
 * The quantity that is kept of one that was given: with the decimals of its unit, rounded in the unit's mode. It stays as
 * it is where the unit is not configured, be it because none are or because it was taken away since. So does all that is
 * `left` of what it is a part of: the unit may have had more decimals before, and a rest that it cannot say any more
 * could never be fulfilled or returned. That exception is our choice.
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

/** Where units are configured, a line item's must be one of them. Source: "Order line item fields", UOM. */
export function checkUnit(
  unitOfMeasure: string | null | undefined,
  { units }: Pick<BillingSettings, 'units'>,
): UserError[] {
  const names = units.map(({ name }) => name);
  if (unitOfMeasure == null || names.length === 0 || names.includes(unitOfMeasure)) return [];
  return [userError('INVALID_VALUE', `No unit has this name; ${named(names)}.`, ['unitOfMeasure'])];
}

/** A line item's tax code must be one of the configured ones. Our choice: an unknown code could never be taxed. */
export function checkTaxCode(
  taxCode: string | null | undefined,
  { taxCodes }: Pick<BillingSettings, 'taxCodes'>,
): UserError[] {
  const codes = taxCodes.map(({ code }) => code);
  if (taxCode == null || codes.includes(taxCode)) return [];
  const allowed = codes.length ? named(codes) : 'none is configured';
  return [userError('INVALID_VALUE', `No tax code has this name; ${allowed}.`, ['taxCode'])];
}

/** The rate of a tax code as it is now; null where there is no code. */
export const taxRateOf = (taxCode: string | null, { taxCodes }: Pick<BillingSettings, 'taxCodes'>): Decimal | null =>
  taxCodes.find(({ code }) => code === taxCode)?.rate ?? null;
