import { compare, type Decimal, isPositive } from './decimal';
import { type UserError, userError } from './errors';
import type { FulfillmentState } from './fulfillment-state';
import { checkCustomFields, checkTexts } from './text';

/** What is said of a single asset of a fulfillment. Nothing of it is required: the published schema requires nothing. */
export interface FulfillmentItemInput {
  itemIdentifier?: string | null;
  description?: string | null;
  customFields?: Record<string, unknown> | null;
}

export const itemFields = ['itemIdentifier', 'description', 'customFields'] as const;

/** Published: items of one fulfillment. Source: considerations of "Order line items". */
export const maxItems = 100;

/** The values of an item. No lengths are published; these are those of a fulfillment's own texts. */
export const checkItem = (input: FulfillmentItemInput): UserError[] => [
  ...checkTexts(input, { itemIdentifier: 255, description: 500 }),
  ...checkCustomFields(input.customFields),
];

/**
 * Items are added to a fulfillment in any state but Executing; SentToBilling and Complete lock its own fields and not
 * its items. A Canceled one is closed: our reading, since none is published. Sources: "Add fulfillments to the sales
 * order line item"; "Create fulfillments on a return order line item".
 */
export const takesItems = (state: FulfillmentState): boolean => state !== 'Executing' && state !== 'Canceled';

/** A fulfillment has at most as many items as its quantity, and at most 100. Sources: as above. */
export function judgeItemCount(count: number, quantity: Decimal): UserError[] {
  const errors: UserError[] = [];
  // A quantity that is not above 0 is refused as a value.
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

/** May items be added to this fulfillment, so that it has `count` of them? Returns every reason against it. */
export function judgeItems(
  { state, quantity }: { state: FulfillmentState; quantity: Decimal },
  count: number,
): UserError[] {
  const errors = judgeItemCount(count, quantity);
  if (takesItems(state)) return errors;
  const message = `The fulfillment is ${state}, but must be Booked, SentToBilling or Complete to take items.`;
  return [userError('ITEMS_NOT_ALLOWED', message), ...errors];
}

/** Items change and go as long as their fulfillment is not closed: our reading, since no state is published. */
export const judgeItemOf = ({ state }: { state: FulfillmentState }): UserError[] =>
  state === 'Canceled'
    ? [userError('ITEMS_NOT_ALLOWED', 'The fulfillment is Canceled. Its items cannot be changed or deleted.')]
    : [];

/** The values of a change; a field left out stays as it is, null empties it. */
export const judgeItemChange = (change: FulfillmentItemInput): UserError[] =>
  itemFields.every((field) => change[field] === undefined)
    ? [userError('REQUIRED', 'The update names no field to change.')]
    : checkItem(change);
