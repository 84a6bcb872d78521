import type { Day } from './date';
import type { Decimal } from './decimal';
import type { BillingRule, ItemType, OrderLineItemState } from './order-line-item';
import type { PriceInput, TaxMode } from './price';

/** The fields of a line item that updates change, in display order. */
export interface OrderLineItemFields extends PriceInput {
  itemName: string;
  itemType?: ItemType | null;
  billingRule?: BillingRule | null;
  quantity: Decimal;
  unitOfMeasure?: string | null;
  taxMode?: TaxMode | null;
  taxCode?: string | null;
  billTargetDate?: Day | null;
  transactionStartDate?: Day | null;
  transactionEndDate?: Day | null;
  paymentTerm?: string | null;
  invoiceGroupNumber?: string | null;
  productCode?: string | null;
  purchaseOrderNumber?: string | null;
  ownerAccountNumber?: string | null;
  soldTo?: string | null;
  shipTo?: string | null;
  relatedSubscriptionNumber?: string | null;
  description?: string | null;
  customFields?: Record<string, unknown> | null;
}

/** The rules of one field. */
interface FieldRules {
  /** The states in which the field can be changed. */
  states: readonly OrderLineItemState[];
  /** Whether the field can be changed on returns too. All other fields of a return are copied from its sale. */
  returns: boolean;
  /** An update cannot set the field to null. */
  required?: true;
  /** The most characters of a text. */
  maxLength?: number;
  /** The default of a new line item. Absent: a rule gives the default. */
  default?: null;
}

/**
 * The rules of each field. `itemState` is not among them, because it changes by transitions.
 *
 * Source: "PUT order line item". The locks of Booked and SentToBilling come from "State transitions for order line
 * items without fulfillments". Its field list is followed, not its paragraph that calls SentToBilling fully locked. The
 * page limits nearly every field to states, but not custom fields: an ERP writes its sync status there.
 */
export const lineFields = {
  itemName: { states: ['Executing'], returns: true, required: true, maxLength: 255 },
  itemType: { states: ['Executing'], returns: false, default: null },
  billingRule: { states: ['Executing'], returns: true, required: true },
  quantity: { states: ['Executing'], returns: true, required: true },
  unitOfMeasure: { states: ['Executing'], returns: false, maxLength: 255, default: null },
  listPricePerUnit: { states: ['Executing'], returns: false },
  amountPerUnit: { states: ['Executing'], returns: false },
  inlineDiscountType: { states: ['Executing'], returns: false },
  inlineDiscountPerUnit: { states: ['Executing'], returns: false },
  taxMode: { states: ['Executing'], returns: false, default: null },
  taxCode: { states: ['Executing'], returns: false, default: null },
  billTargetDate: { states: ['Executing', 'Booked'], returns: true, default: null },
  transactionStartDate: { states: ['Executing'], returns: true, required: true },
  transactionEndDate: { states: ['Executing'], returns: true, required: true },
  paymentTerm: { states: ['Executing', 'Booked', 'SentToBilling'], returns: false, default: null },
  invoiceGroupNumber: {
    states: ['Executing', 'Booked', 'SentToBilling'],
    returns: false,
    maxLength: 255,
    default: null,
  },
  productCode: { states: ['Executing'], returns: false, maxLength: 255, default: null },
  purchaseOrderNumber: { states: ['Executing'], returns: false, maxLength: 255, default: null },
  // Kept for other systems, and given back. No rule here reads these four.
  ownerAccountNumber: { states: ['Executing'], returns: false, maxLength: 255, default: null },
  soldTo: { states: ['Executing'], returns: false, maxLength: 255, default: null },
  shipTo: { states: ['Executing'], returns: false, maxLength: 255, default: null },
  relatedSubscriptionNumber: { states: ['Executing'], returns: false, maxLength: 255, default: null },
  description: { states: ['Executing'], returns: true, maxLength: 500, default: null },
  customFields: { states: ['Executing', 'Booked', 'SentToBilling', 'Complete'], returns: true, default: null },
} as const satisfies { readonly [F in keyof OrderLineItemFields]-?: FieldRules };

/**
 * Texts that a line item gets when it is made, and that no update changes. They are kept for other systems, and given
 * back. No rule here reads them. Source: "PUT order line item", which does not take them.
 */
export const lineFieldsOfCreation = ['productRatePlanChargeId', 'communicationProfileId'] as const;
export type LineFieldOfCreation = (typeof lineFieldsOfCreation)[number];
const maxOfCreation = 255;

type Rules = typeof lineFields;
type FieldsWith<R> = { [F in keyof Rules]: Rules[F] extends R ? F : never }[keyof Rules];

export type UpdatableLineField = keyof Rules;
export const updatableLineFields = Object.keys(lineFields) as UpdatableLineField[];

export const requiredLineFields = updatableLineFields.filter((field) => 'required' in lineFields[field]);

type DefaultedField = FieldsWith<{ default: null }>;
const defaultedFields = updatableLineFields.filter((field): field is DefaultedField => 'default' in lineFields[field]);

/**
 * The most characters of texts: of the fields above, and of the numbers that name a line item or the sale of a return.
 */
export const maxLineLengths: Readonly<Record<string, number>> = {
  itemNumber: 100,
  originalOrderNumber: 100,
  originalOrderLineItemNumber: 100,
  ...Object.fromEntries(lineFieldsOfCreation.map((field) => [field, maxOfCreation])),
  ...Object.fromEntries(
    Object.entries<FieldRules>(lineFields).flatMap(([field, { maxLength }]) =>
      maxLength === undefined ? [] : [[field, maxLength]],
    ),
  ),
};

/** The texts that a line item may be without. */
export const optionalLineTexts: readonly string[] = [
  ...Object.keys(maxLineLengths).filter((field) => field !== 'itemName'),
  ...['taxCode', 'paymentTerm'],
];

/** The fields of a new line item whose default is null. */
export const withLineDefaults = (
  given: OrderLineItemFields & { readonly [F in LineFieldOfCreation]?: string | null },
): { [F in DefaultedField]: NonNullable<OrderLineItemFields[F]> | null } & Record<LineFieldOfCreation, string | null> =>
  Object.fromEntries(
    [...defaultedFields, ...lineFieldsOfCreation].map((field) => [field, given[field] ?? null]),
  ) as never;
