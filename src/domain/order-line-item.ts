import { add, compare, type Decimal, isPositive, subtract } from './decimal';
import { type UserError, userError } from './errors';
import type { FulfillmentState } from './fulfillment-state';

export type OrderLineItemState = 'Executing' | 'Booked' | 'SentToBilling' | 'Complete' | 'Canceled';
export type ItemCategory = 'Sales' | 'Return';
export type ItemType = 'Product' | 'Fee' | 'Services';
export type BillingRule = 'TriggerWithoutFulfillment' | 'TriggerAsFulfillmentOccurs';

/** Published limits: fulfillments of one line item, line items of one order. */
export const maxFulfillments = 100;
export const maxLineItems = 100;

/** The fields of a line item that the rules about quantities read. */
export interface QuantityFacts {
  itemCategory: ItemCategory;
  itemState: OrderLineItemState;
  billingRule: BillingRule;
  quantity: Decimal;
  fulfilledQuantity: Decimal;
  sentQuantity: Decimal;
  returnedQuantity: Decimal;
  fulfillmentCount: number;
  openFulfillmentCount: number;
}

export const requiresFulfillment = (line: { billingRule: BillingRule }): boolean =>
  line.billingRule === 'TriggerAsFulfillmentOccurs';

interface Quantities {
  quantityFulfilled: Decimal;
  quantityPendingFulfillment: Decimal;
  quantityAvailableForReturn: Decimal;
}

/**
 * The three quantities of a line item. With fulfillments they follow the fulfillments. Without fulfillments they follow
 * the line item's state. Both published tables then show 0 pending for an Executing line item, against the general sum
 * rule.
 * Source: "State-based quantity calculations for order line items and fulfillments".
 */
export function quantitiesOf(line: QuantityFacts): Quantities {
  if (requiresFulfillment(line)) {
    return {
      quantityFulfilled: line.fulfilledQuantity,
      // N8: a warehouse would ship a pending quantity.
      quantityPendingFulfillment: line.itemState === 'Canceled' ? '0' : pendingOf(line),
      quantityAvailableForReturn: availableForReturn(line),
    };
  }
  return {
    quantityFulfilled: isBookedOrLater(line.itemState) ? line.quantity : '0',
    quantityPendingFulfillment: '0',
    quantityAvailableForReturn: availableForReturn(line),
  };
}

export const isBookedOrLater = (state: OrderLineItemState | FulfillmentState): boolean =>
  state === 'Booked' || state === 'SentToBilling' || state === 'Complete';
const isSent = (state: OrderLineItemState | FulfillmentState): boolean =>
  state === 'SentToBilling' || state === 'Complete';

/**
 * The quantity of a sales line item that can still be returned. It is the quantity SentToBilling or Complete (of the
 * line item, or of its fulfillments), less its returns from Booked on. A return counts in full, whatever part of it has
 * been received.
 * Sources: "Return order line item without fulfillments"; "... with fulfillments", part 1.
 */
export function availableForReturn(line: QuantityFacts): Decimal {
  if (line.itemCategory === 'Return') return '0';
  const sent = requiresFulfillment(line) ? line.sentQuantity : isSent(line.itemState) ? line.quantity : '0';
  const left = subtract(sent, line.returnedQuantity);
  return isPositive(left) ? left : '0';
}

/** The quantity left for fulfillments: the line item's quantity less all that is Booked, SentToBilling or Complete. */
export const pendingOf = (line: QuantityFacts): Decimal => subtract(line.quantity, line.fulfilledQuantity);

/** State and quantity of one fulfillment, before or after a change; null if it does not exist. */
export type Counted = { state: FulfillmentState; quantity: Decimal } | null;

const fulfils = (f: Counted) => f !== null && isBookedOrLater(f.state);
const sends = (f: Counted) => f !== null && isSent(f.state);
const opens = (f: Counted) => f !== null && ['Executing', 'Booked'].includes(f.state);
const moved = (total: Decimal, counts: (f: Counted) => boolean, before: Counted, after: Counted): Decimal => {
  const less = counts(before) ? subtract(total, before!.quantity) : total;
  return counts(after) ? add(less, after!.quantity) : less;
};

/**
 * The counters of a line item after a change of one fulfillment. Only this function and `withReturn` change counters.
 */
export function withFulfillment<L extends QuantityFacts>(line: L, before: Counted, after: Counted): L {
  return {
    ...line,
    fulfilledQuantity: moved(line.fulfilledQuantity, fulfils, before, after),
    sentQuantity: moved(line.sentQuantity, sends, before, after),
    fulfillmentCount: line.fulfillmentCount + Number(after !== null) - Number(before !== null),
    openFulfillmentCount: line.openFulfillmentCount + Number(opens(after)) - Number(opens(before)),
  };
}

/** Refuses a quantity above the pending one. `available` is the quantity left for this fulfillment. */
export function judgeQuantity(requested: Decimal, available: Decimal): UserError[] {
  if (compare(requested, available) <= 0) return [];
  const left = isPositive(available) ? available : '0';
  return [
    userError(
      'QUANTITY_EXCEEDED',
      `The quantity ${requested} is more than the ${left} still pending fulfillment.`,
      ['quantity'],
      {
        kind: 'QuantityExceeded',
        requested,
        available: left,
      },
    ),
  ];
}

/**
 * The sales line item after a change of one of its returns. `before` is null for a new return. Returns the same object
 * if no counter changes.
 */
export function withReturn<L extends QuantityFacts>(
  original: L,
  before: { itemState: OrderLineItemState; quantity: Decimal } | null,
  after: { itemState: OrderLineItemState; quantity: Decimal },
): L {
  const counts = (line: typeof before) => (line && isBookedOrLater(line.itemState) ? line.quantity : '0');
  const change = subtract(counts(after), counts(before));
  return compare(change, '0') === 0
    ? original
    : { ...original, returnedQuantity: add(original.returnedQuantity, change) };
}

/**
 * The quantity of a sales line item that a new return may take. `reserved` is the quantity of earlier returns in the
 * same request.
 */
export function leftToReturn(original: QuantityFacts, reserved: Decimal = '0'): Decimal {
  const left = subtract(availableForReturn(original), reserved);
  return isPositive(left) ? left : '0';
}

/**
 * May this quantity of a sales line item be returned? Judged when a return is created, when its quantity changes, and
 * when it becomes Booked or later. An Executing return is not counted yet.
 * Sources: "Order line items return"; "Create an order and add a return order line item" (the limit is the available
 * quantity).
 */
export function judgeReturn(quantity: Decimal, original: QuantityFacts, reserved: Decimal = '0'): UserError[] {
  if (original.itemCategory === 'Return') {
    return [
      userError('RETURN_NOT_ALLOWED', 'The original line item is a return. Only sales line items can be returned.'),
    ];
  }
  const available = leftToReturn(original, reserved);
  if (!isPositive(availableForReturn(original))) {
    return [
      userError(
        'RETURN_NOT_ALLOWED',
        'Nothing of the original line item can be returned. Only a quantity that is SentToBilling or Complete, and not returned yet, can be returned.',
      ),
    ];
  }
  if (compare(quantity, available) <= 0) return [];
  return [
    userError(
      'QUANTITY_EXCEEDED',
      `The quantity ${quantity} is more than the ${available} available for return.`,
      ['quantity'],
      {
        kind: 'QuantityExceeded',
        requested: quantity,
        available,
      },
    ),
  ];
}
