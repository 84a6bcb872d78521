import type { Decimal, RoundingMode } from './decimal';

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
