import { compare, type Decimal, isPositive } from './decimal';
import { type UserError, userError } from './errors';
import type { FulfillmentState } from './fulfillment-state';
import { checkCustomFields, checkTexts, withoutEmptyTexts } from './text';

/** The description of one asset of a fulfillment. No field is required, as in the published schema. */
export interface FulfillmentItemInput {
  itemIdentifier?: string | null;
  description?: string | null;
  customFields?: Record<string, unknown> | null;
}

export const itemFields = ['itemIdentifier', 'description', 'customFields'] as const;

/** The most items of one fulfillment, as published. Source: considerations of "Order line items". */
export const maxItems = 100;

/** No lengths are published. These are the lengths of a fulfillment's own texts. */
const maxLengths = { itemIdentifier: 255, description: 500 };

/** An item without its empty texts. All of its texts are optional. */
export const givenItem = <I extends FulfillmentItemInput>(input: I): I =>
  withoutEmptyTexts(input, Object.keys(maxLengths));

/** Checks the values of an item. */
export const checkItem = (input: FulfillmentItemInput): UserError[] => [
  ...checkTexts(input, maxLengths),
  ...checkCustomFields(input.customFields),
];

/**
 * A fulfillment takes items in any state but Executing. SentToBilling and Complete lock its own fields, not its items.
 * A Canceled fulfillment takes none: our reading, since no rule is published.
 * Sources: "Add fulfillments to the sales order line item"; "Create fulfillments on a return order line item".
 */
export const takesItems = (state: FulfillmentState): boolean => state !== 'Executing' && state !== 'Canceled';

/** A fulfillment has at most as many items as its quantity, and at most 100. Sources: as above. */
export function judgeItemCount(count: number, quantity: Decimal): UserError[] {
  const errors: UserError[] = [];
  // A quantity of 0 or less is refused as a value.
  if (isPositive(quantity) && compare(String(count), quantity) > 0) {
    errors.push(
      userError('QUANTITY_EXCEEDED', `${count} items are more than the quantity ${quantity} of the fulfillment.`, [], {
        kind: 'QuantityExceeded',
        requested: String(count),
        available: quantity,
      }),
    );
  }
  if (count > maxItems) {
    errors.push(
      userError('LIMIT_EXCEEDED', `The fulfillment would have ${count} items; at most ${maxItems} are allowed.`),
    );
  }
  return errors;
}

/** May the fulfillment have `count` items after an addition? Returns every reason against it. */
export function judgeItems(
  { state, quantity }: { state: FulfillmentState; quantity: Decimal },
  count: number,
): UserError[] {
  const errors = judgeItemCount(count, quantity);
  if (takesItems(state)) return errors;
  const message = `The fulfillment is ${state}, but must be Booked, SentToBilling or Complete to take items.`;
  return [userError('ITEMS_NOT_ALLOWED', message), ...errors];
}

/** Items can be changed and deleted unless their fulfillment is Canceled: our reading, since no state is published. */
export const judgeItemOf = ({ state }: { state: FulfillmentState }): UserError[] =>
  state === 'Canceled'
    ? [userError('ITEMS_NOT_ALLOWED', 'The fulfillment is Canceled. Its items cannot be changed or deleted.')]
    : [];

/** Checks a change. An absent field stays as it is, and null empties a field. */
export const judgeItemChange = (change: FulfillmentItemInput): UserError[] =>
  itemFields.every((field) => change[field] === undefined)
    ? [userError('REQUIRED', 'The update names no field to change.')]
    : checkItem(change);
