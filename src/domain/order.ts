import { checkNumber } from './account';
import { type UserError, userError } from './errors';
import type { OrderLineItemState } from './order-line-item';
import { maxLineItems } from './order-line-item';
import { optionalLineTexts } from './order-line-item-fields';
import { checkTexts, withoutEmptyTexts } from './text';

export type OrderCategory = 'NewSales' | 'Return';
export type OrderState = 'Executing' | 'Complete' | 'Canceled';

/**
 * The state of an order, derived from its line items. Canceled: all are Canceled. Complete: all others are Complete.
 * Executing: everything else. The published table leaves Booked out; an order is complete only when every line item is.
 * Source: "State transitions for order".
 */
export function orderStateOf(itemStates: readonly OrderLineItemState[]): OrderState {
  if (itemStates.every((state) => state === 'Canceled')) return 'Canceled';
  return itemStates.every((state) => state === 'Complete' || state === 'Canceled') ? 'Complete' : 'Executing';
}

export interface OrderInput {
  existingAccountNumber: string;
  orderDate: string;
  category?: OrderCategory | null;
  orderNumber?: string | null;
  description?: string | null;
  reasonCode?: string | null;
  orderLineItems: readonly object[];
}

/** An order without its empty texts, and those of its line items. */
export const givenOrder = <I extends OrderInput>(input: I): I => ({
  ...withoutEmptyTexts(input, ['orderNumber', 'description', 'reasonCode']),
  orderLineItems: input.orderLineItems.map((line) => withoutEmptyTexts(line, optionalLineTexts)),
});

/** Checks the order's own fields. Source: "Create an order". */
export function judgeOrder(input: OrderInput): UserError[] {
  const errors = [
    ...checkTexts(input, { existingAccountNumber: 70, orderNumber: 100, description: 500, reasonCode: 255 }),
    ...checkNumber('orderNumber', input.orderNumber),
  ];
  if (input.orderNumber && /[#?/]/.test(input.orderNumber)) {
    errors.push(userError('INVALID_VALUE', 'orderNumber must not contain #, ? or /.', ['orderNumber']));
  }
  if (input.orderLineItems.length === 0) {
    errors.push(userError('REQUIRED', 'An order needs at least one line item.', ['orderLineItems']));
  }
  if (input.orderLineItems.length > maxLineItems) {
    errors.push(
      userError(
        'LIMIT_EXCEEDED',
        `The order has ${input.orderLineItems.length} line items; at most ${maxLineItems} are allowed.`,
        ['orderLineItems'],
      ),
    );
  }
  return errors;
}
