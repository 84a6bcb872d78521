import type { Caller } from './caller';
import type { Day } from './date';
import { add, compare, type Decimal, isPositive, subtract } from './decimal';
import { type UserError, userError } from './errors';
import type { FulfillmentAction, FulfillmentState } from './fulfillment-state';

export type OrderLineItemState = 'Executing' | 'Booked' | 'SentToBilling' | 'Complete' | 'Canceled';
export type ItemCategory = 'Sales' | 'Return';
export type ItemType = 'Product' | 'Fee' | 'Services';
export type BillingRule = 'TriggerWithoutFulfillment' | 'TriggerAsFulfillmentOccurs';

/** Published limits: fulfillments of one line item, line items of one order. */
export const maxFulfillments = 100;
export const maxLineItems = 100;

/**
 * The two state machines. Callers alone move a line item without fulfillments. A line item with fulfillments is never
 * SentToBilling, and completes itself (`completesItself`). No other place decides a transition.
 * Sources: "State transitions for order line items without fulfillments"; "... with fulfillments".
 */
export interface OrderLineItemTransitionRow {
  billingRule: BillingRule;
  action: FulfillmentAction;
  from: OrderLineItemState;
  to: OrderLineItemState;
  /** Who makes the move. */
  by: 'caller' | 'system';
}

const row = (
  billingRule: BillingRule,
  action: FulfillmentAction,
  from: OrderLineItemState,
  to: OrderLineItemState,
  by: 'caller' | 'system' = 'caller',
): OrderLineItemTransitionRow => ({ billingRule, action, from, to, by });

export const orderLineItemTransitions: readonly OrderLineItemTransitionRow[] = [
  row('TriggerWithoutFulfillment', 'Book', 'Executing', 'Booked'),
  row('TriggerWithoutFulfillment', 'SendToBilling', 'Executing', 'SentToBilling'),
  row('TriggerWithoutFulfillment', 'Complete', 'Executing', 'Complete'),
  row('TriggerWithoutFulfillment', 'Cancel', 'Executing', 'Canceled'),
  row('TriggerWithoutFulfillment', 'SendToBilling', 'Booked', 'SentToBilling'),
  row('TriggerWithoutFulfillment', 'Complete', 'Booked', 'Complete'),
  row('TriggerWithoutFulfillment', 'Complete', 'SentToBilling', 'Complete'),
  row('TriggerAsFulfillmentOccurs', 'Book', 'Executing', 'Booked'),
  row('TriggerAsFulfillmentOccurs', 'Cancel', 'Executing', 'Canceled'),
  row('TriggerAsFulfillmentOccurs', 'Complete', 'Booked', 'Complete', 'system'),
];

/**
 * The states in which a line item may be created. With fulfillments: all but the states that only the system reaches.
 */
export const lineStartStates: Record<BillingRule, readonly OrderLineItemState[]> = {
  TriggerWithoutFulfillment: ['Executing', 'Booked', 'SentToBilling', 'Complete', 'Canceled'],
  TriggerAsFulfillmentOccurs: ['Executing', 'Booked', 'Canceled'],
};

/** The transitions from the present state of a line item. */
export const movesFrom = (line: { billingRule: BillingRule; itemState: OrderLineItemState }) =>
  orderLineItemTransitions.filter((move) => move.billingRule === line.billingRule && move.from === line.itemState);

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

export interface Quantities {
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

const isBookedOrLater = (state: OrderLineItemState | FulfillmentState): boolean =>
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

/**
 * Does the line item complete itself now? It must be Booked, with every fulfillment SentToBilling, Complete or
 * Canceled, and with nothing pending. Judged after every create, update and delete of a fulfillment. No user completes
 * such a line item.
 * Source: "Sales order line item with fulfillments", part 3 (the state page omits the last two tests).
 */
export const completesItself = (line: QuantityFacts): boolean =>
  requiresFulfillment(line) &&
  line.itemState === 'Booked' &&
  line.openFulfillmentCount === 0 &&
  !isPositive(pendingOf(line));

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

/** The facts besides the line item itself. */
export interface LineMoveContext {
  caller: Caller;
  /** Whether its invoice or credit memo is Posted. */
  posted: boolean;
  /** The sales line item of a return. */
  original: QuantityFacts | null;
}

/**
 * May this line item move to `to`? Returns every reason against it. Mutations and `allowedTransitions` ask this
 * function.
 */
export function judgeLineMove(
  line: QuantityFacts & { billTargetDate: Day | null },
  to: OrderLineItemState,
  { caller, posted, original }: LineMoveContext,
): UserError[] {
  const none = judgeLineTransition(line, to);
  if (none.length) return none;
  const errors: UserError[] = [];
  if (!caller.scopes.has('order')) {
    errors.push(userError('PERMISSION_DENIED', 'The client lacks the scope "order".', ['itemState']));
  }
  if (to === 'SentToBilling' && line.billTargetDate === null) errors.push(lineBillTargetDateRequired());
  if (to === 'Complete' && line.itemState === 'SentToBilling' && !posted) {
    errors.push(
      userError(
        'NOT_BILLED_YET',
        'The line item can be completed only after its invoice or credit memo is posted. Bill the line item, or post the draft.',
        ['itemState'],
      ),
    );
  }
  // An Executing return is not counted, so less of the sale may be left by now.
  if (original && line.itemState === 'Executing' && isBookedOrLater(to)) {
    errors.push(...judgeReturn(line.quantity, original));
  }
  return errors;
}

/** Does this transition exist, and may a caller make it? The table alone decides. */
function judgeLineTransition(line: QuantityFacts, to: OrderLineItemState): UserError[] {
  const { itemState: from } = line;
  const moves = movesFrom(line);
  const allowed = moves.filter((move) => move.by === 'caller').map((move) => move.to);
  if (allowed.includes(to)) return [];
  const next = allowed.length ? `${allowed.join(', ')} can follow` : 'nothing can follow';
  const message = moves.some((move) => move.to === to)
    ? 'A line item with fulfillments becomes Complete by itself: when nothing is pending and every fulfillment is SentToBilling, Complete or Canceled.'
    : from === to
      ? `The line item is ${from} already.`
      : `A line item ${requiresFulfillment(line) ? 'with' : 'without'} fulfillments cannot go from ${from} to ${to}; ${next}.`;
  return [
    userError('TRANSITION_NOT_ALLOWED', message, ['itemState'], {
      kind: 'OrderLineItemTransitionNotAllowed',
      from,
      to,
      allowed,
    }),
  ];
}

export const lineBillTargetDateRequired = (): UserError =>
  userError('BILL_TARGET_DATE_REQUIRED', 'A line item in SentToBilling needs a billTargetDate.', ['billTargetDate']);

/**
 * The one function that writes `itemState`. Entering SentToBilling also sets sentToBillingDate. Billing requires the
 * date, so a line item completed without it is never billed.
 */
export function enterLine<L extends { itemState: OrderLineItemState; sentToBillingDate: string | null }>(
  line: L,
  itemState: OrderLineItemState,
  now: string,
): L {
  const sentToBillingDate = itemState === 'SentToBilling' ? now : line.sentToBillingDate;
  return { ...line, itemState, sentToBillingDate };
}
