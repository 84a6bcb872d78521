import type { Caller } from './caller';
import type { Day } from './date';
import { isPositive } from './decimal';
import { type UserError, userError } from './errors';
import type { FulfillmentAction } from './fulfillment-state';
import {
  type BillingRule,
  isBookedOrLater,
  judgeReturn,
  type OrderLineItemState,
  pendingOf,
  type QuantityFacts,
  requiresFulfillment,
} from './order-line-item';

/**
 * The two state machines. Callers alone move a line item without fulfillments. A line item with fulfillments is never
 * SentToBilling, and completes itself (`completesItself`). No other place decides a transition.
 * Sources: "State transitions for order line items without fulfillments"; "... with fulfillments".
 */
interface OrderLineItemTransitionRow {
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
