import { type BillingSettings, named } from './billing-settings';
import type { Day } from './date';
import type { Decimal } from './decimal';
import { type UserError, userError } from './errors';
import type { FulfillmentType } from './fulfillment-state';

/** The fields of a fulfillment that callers give, in display order. */
export interface FulfillmentFields {
  orderLineItemId: string;
  fulfillmentType: FulfillmentType;
  fulfillmentDate: Day;
  quantity: Decimal;
  billTargetDate: Day | null;
  description: string | null;
  carrier: string | null;
  trackingNumber: string | null;
  fulfillmentSystem: string | null;
  fulfillmentLocation: string | null;
  externalId: string | null;
  excludeItemBillingFromRevenueAccounting: boolean;
  excludeItemBookingFromRevenueAccounting: boolean;
  customFields: Record<string, unknown> | null;
}

/** The rules of one field. */
interface FieldRules {
  /** Whether an update may change the field. `editableFields` says when: the answer is the same for all such fields. */
  changes: boolean;
  /** The default of a new fulfillment. Absent: the field is always given, or follows from the line item. */
  default?: null | false;
  /** An update cannot set the field to null. */
  required?: true;
  /** The most characters of a text. No limits are published; 255 and 500 are the limits of neighboring fields. */
  maxLength?: number;
  /**
   * The list of the settings that must hold the value. Source: FulfillmentCommon ("available values can be
   * configured").
   */
  configured?: 'carriers' | 'fulfillmentSystems' | 'fulfillmentLocations';
}

/**
 * An update may repeat the fields that it cannot change, so that a client can send back a fulfillment as it was read.
 * The published sample of an update has fulfillmentType in its body, and an older copy of the schema has all four.
 */
export const fulfillmentFields = {
  orderLineItemId: { changes: false },
  fulfillmentType: { changes: false },
  fulfillmentDate: { changes: true, required: true },
  quantity: { changes: true, required: true },
  billTargetDate: { changes: true, default: null },
  description: { changes: true, default: null, maxLength: 500 },
  carrier: { changes: true, default: null, maxLength: 255, configured: 'carriers' },
  trackingNumber: { changes: true, default: null, maxLength: 255 },
  fulfillmentSystem: { changes: true, default: null, maxLength: 255, configured: 'fulfillmentSystems' },
  fulfillmentLocation: { changes: true, default: null, maxLength: 255, configured: 'fulfillmentLocations' },
  externalId: { changes: true, default: null, maxLength: 255 },
  excludeItemBillingFromRevenueAccounting: { changes: false, default: false },
  excludeItemBookingFromRevenueAccounting: { changes: false, default: false },
  customFields: { changes: true, default: null },
} as const satisfies { readonly [F in keyof FulfillmentFields]: FieldRules };

type Rules = typeof fulfillmentFields;
type FieldsWith<R> = { [F in keyof Rules]: Rules[F] extends R ? F : never }[keyof Rules];
const fieldsWith = <R extends object>(has: (rules: FieldRules) => boolean) =>
  (Object.keys(fulfillmentFields) as (keyof Rules)[]).filter((field) =>
    has(fulfillmentFields[field]),
  ) as FieldsWith<R>[];

export type UpdatableField = FieldsWith<{ changes: true }>;
/** The fields that an update may change. `state` is not among them, because it changes by transitions. */
export const updatableFields = fieldsWith<{ changes: true }>(({ changes }) => changes);
export type FixedField = FieldsWith<{ changes: false }>;
export const fixedFields = fieldsWith<{ changes: false }>(({ changes }) => !changes);
export const requiredFields = fieldsWith<{ required: true }>(({ required }) => required === true);
type OptionalField = FieldsWith<{ default: null | false }>;
const optionalFields = fieldsWith<{ default: null | false }>((rules) => rules.default !== undefined);
type ConfiguredField = FieldsWith<{ configured: string }>;
export const configuredFields = fieldsWith<{ configured: string }>(({ configured }) => configured !== undefined);

/** The settings lists that hold the allowed values of fulfillment fields. */
export type ConfiguredLists = Pick<BillingSettings, Rules[ConfiguredField]['configured']>;

export const maxLengths: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries<FieldRules>(fulfillmentFields).flatMap(([field, { maxLength }]) =>
    maxLength === undefined ? [] : [[field, maxLength]],
  ),
);

/** The given fields of a new fulfillment: all required fields, and optional fields. */
export type FulfillmentGiven = Pick<FulfillmentFields, 'orderLineItemId' | 'fulfillmentDate' | 'quantity'> & {
  [F in OptionalField | 'fulfillmentType']?: FulfillmentFields[F] | null;
};

/** The optional fields of a new fulfillment, each with its default if it is not given. */
export const withDefaults = (given: FulfillmentGiven): Pick<FulfillmentFields, OptionalField> =>
  Object.fromEntries(optionalFields.map((field) => [field, given[field] ?? fulfillmentFields[field].default])) as Pick<
    FulfillmentFields,
    OptionalField
  >;

/** A field's value must be in its list, if the list is configured. */
export function checkLists(input: { [F in ConfiguredField]?: string | null }, settings: ConfiguredLists): UserError[] {
  return configuredFields.flatMap((field) => {
    const value = input[field];
    const allowed = settings[fulfillmentFields[field].configured] ?? [];
    if (value == null || allowed.length === 0 || allowed.includes(value)) return [];
    return [userError('INVALID_VALUE', `This ${field} is not configured; ${named(allowed)}.`, [field])];
  });
}
