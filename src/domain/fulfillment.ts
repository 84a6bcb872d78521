import { type BillingSettings, roundQuantity } from './billing-settings';
import type { Caller } from './caller';
import type { Day } from './date';
import { type Decimal, isPositive } from './decimal';
import { type UserError, userError } from './errors';
import { maxLengths } from './fulfillment-fields';
import type { FulfillmentAction, FulfillmentState, FulfillmentType } from './fulfillment-state';
import { type ItemCategory, judgeQuantity, pendingOf, type QuantityFacts } from './order-line-item';
import { checkCustomFields, checkTexts } from './text';

export const fulfillmentStates: readonly FulfillmentState[] = [
  'Executing',
  'Booked',
  'SentToBilling',
  'Complete',
  'Canceled',
];

/**
 * The state machine of deliveries and returns: every transition, and every start state. No other place decides a
 * transition. `path` is the number of the path in Zuora's "State transitions for fulfillments".
 */
interface FulfillmentTransitionRow {
  path: number;
  action: FulfillmentAction;
  from: FulfillmentState;
  to: FulfillmentState;
}

export const transitions: readonly FulfillmentTransitionRow[] = [
  { path: 2, action: 'Book', from: 'Executing', to: 'Booked' },
  { path: 5, action: 'SendToBilling', from: 'Executing', to: 'SentToBilling' },
  { path: 6, action: 'Cancel', from: 'Executing', to: 'Canceled' },
  { path: 3, action: 'SendToBilling', from: 'Booked', to: 'SentToBilling' },
  { path: 4, action: 'Complete', from: 'SentToBilling', to: 'Complete' },
];

export const startStates: readonly { path: number; state: FulfillmentState }[] = [
  { path: 1, state: 'Executing' },
  { path: 2, state: 'Booked' },
  { path: 7, state: 'SentToBilling' },
];

export const targetOf: Record<FulfillmentAction, FulfillmentState> = {
  Book: 'Booked',
  SendToBilling: 'SentToBilling',
  Complete: 'Complete',
  Cancel: 'Canceled',
};

const typeFor: Record<ItemCategory, FulfillmentType> = { Sales: 'Delivery', Return: 'Return' };

/** Delivery for a sales line item, Return for a return. */
export const fulfillmentTypeFor = (line: { itemCategory: ItemCategory }): FulfillmentType => typeFor[line.itemCategory];

/** The fields of a fulfillment that the rules read. */
export interface FulfillmentFacts {
  state: FulfillmentState;
  quantity: Decimal;
  billTargetDate: Day | null;
}

/**
 * The given fields as they will be stored: the quantity is rounded to the line item's unit. A quantity equal to `left`,
 * all that is left of the line item, stays as it is. Called before all checks, so that rules and counters see the
 * stored quantity.
 * Source: "Data type rounding rules".
 */
export const inUnitOf = <I extends { quantity?: Decimal | null }>(
  line: { unitOfMeasure: string | null },
  given: I,
  left: Decimal,
  settings: Pick<BillingSettings, 'units'>,
): I =>
  given.quantity == null
    ? given
    : { ...given, quantity: roundQuantity(given.quantity, line.unitOfMeasure, settings, left) };

/**
 * Checks the fields of a new fulfillment or of a change: texts and lengths, custom fields, and a quantity above 0. A
 * quantity above 0 may have been rounded to 0 in its unit.
 */
export const checkFields = (
  input: { quantity?: Decimal | null; customFields?: Record<string, unknown> | null },
  { unitOfMeasure: unit }: { unitOfMeasure: string | null },
): UserError[] => [
  ...checkTexts(input, maxLengths),
  ...checkCustomFields(input.customFields),
  ...(input.quantity != null && !isPositive(input.quantity)
    ? [
        userError(
          'INVALID_VALUE',
          `quantity is ${input.quantity}${unit ? ` in the unit ${unit}` : ''}, but must be above 0.`,
          ['quantity'],
        ),
      ]
    : []),
];

/** The facts besides the fulfillment itself. `posted`: an item of the fulfillment is on a Posted document. */
interface MoveContext {
  line: QuantityFacts;
  posted: boolean;
  caller: Caller;
}

/** Does this transition exist? The table alone decides. */
export function judgeTransition(from: FulfillmentState, to: FulfillmentState): UserError[] {
  const allowed = transitions.filter((row) => row.from === from).map((row) => row.to);
  if (allowed.includes(to)) return [];
  const next = allowed.length ? `${allowed.join(', ')} can follow` : 'nothing can follow';
  const message =
    from === to ? `The fulfillment is ${from} already.` : `A fulfillment cannot go from ${from} to ${to}; ${next}.`;
  return [
    userError('TRANSITION_NOT_ALLOWED', message, ['state'], {
      kind: 'FulfillmentTransitionNotAllowed',
      from,
      to,
      allowed,
    }),
  ];
}

/**
 * May this fulfillment move to `to`? Returns every reason against it. The mutations, REST, dryRun and
 * `allowedTransitions` on the graph all ask this function.
 */
export function judgeMove(fulfillment: FulfillmentFacts, to: FulfillmentState, context: MoveContext): UserError[] {
  const { line, posted, caller } = context;
  const { state: from } = fulfillment;
  const none = judgeTransition(from, to);
  if (none.length) return none;
  const errors: UserError[] = [];
  if (!caller.scopes.has('fulfill')) {
    errors.push(userError('PERMISSION_DENIED', 'The client lacks the scope "fulfill".', ['state']));
  }
  // A line item completes itself once its fulfillments are SentToBilling. They may still go on to Complete.
  const lineTakesIt = line.itemState === 'Booked' || (to === 'Complete' && line.itemState === 'Complete');
  if (!lineTakesIt) {
    errors.push(
      userError(
        'ORDER_LINE_ITEM_NOT_BOOKED',
        `The line item is ${line.itemState}, but must be Booked for this transition.`,
        ['orderLineItemId'],
      ),
    );
  }
  // An Executing fulfillment is not counted, so its quantity is judged again when it becomes counted.
  if (from === 'Executing' && (to === 'Booked' || to === 'SentToBilling')) {
    errors.push(...judgeQuantity(fulfillment.quantity, pendingOf(line)));
  }
  if (to === 'SentToBilling' && fulfillment.billTargetDate === null) errors.push(billTargetDateRequired());
  if (to === 'Complete' && !posted) {
    errors.push(
      userError(
        'NOT_BILLED_YET',
        'The fulfillment can be completed only after its invoice or credit memo is posted. Bill the fulfillment, or post the draft.',
        ['state'],
      ),
    );
  }
  return errors;
}

export const billTargetDateRequired = (): UserError =>
  userError(
    'BILL_TARGET_DATE_REQUIRED',
    'SentToBilling needs a billTargetDate. The date cannot be set later, because the fulfillment is locked then.',
    ['billTargetDate'],
  );

/**
 * The one function that writes `state`. Entering SentToBilling also sets sentToBillingDate. The date keeps a Complete
 * fulfillment billable after its document is canceled.
 */
export function enter<F extends { state: FulfillmentState; sentToBillingDate: string | null }>(
  fulfillment: F,
  state: FulfillmentState,
  now: string,
): F {
  const sentToBillingDate = state === 'SentToBilling' ? now : fulfillment.sentToBillingDate;
  return { ...fulfillment, state, sentToBillingDate };
}
