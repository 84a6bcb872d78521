import type { Caller } from './caller';
import type { Day } from './date';
import { add, type Decimal, isPositive, subtract } from './decimal';
import { type UserError, userError } from './errors';
import {
  type ItemCategory,
  judgeQuantity,
  maxFulfillments,
  pendingOf,
  type QuantityFacts,
  requiresFulfillment,
} from './order-line-item';
import { checkCustomFields, checkTexts } from './text';

export type FulfillmentState = 'Executing' | 'Booked' | 'SentToBilling' | 'Complete' | 'Canceled';
export type FulfillmentType = 'Delivery' | 'Return';
export type FulfillmentAction = 'Book' | 'SendToBilling' | 'Complete' | 'Cancel';

export const fulfillmentStates: readonly FulfillmentState[] = [
  'Executing',
  'Booked',
  'SentToBilling',
  'Complete',
  'Canceled',
];

/**
 * The state machine, the same for deliveries and returns: every move that exists, and the states one may start in.
 * `path` is the number of the path in Zuora's "State transitions for fulfillments". No other place decides a move.
 */
export interface FulfillmentTransitionRow {
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

/** The fields a caller may change, in the order they are shown. `state` is not one: it moves by transitions. */
export const updatableFields = [
  'fulfillmentDate',
  'quantity',
  'billTargetDate',
  'description',
  'carrier',
  'trackingNumber',
  'fulfillmentSystem',
  'fulfillmentLocation',
  'externalId',
  'customFields',
] as const;
export type UpdatableField = (typeof updatableFields)[number];

const lengths = {
  description: 500,
  carrier: 255,
  trackingNumber: 255,
  fulfillmentSystem: 255,
  fulfillmentLocation: 255,
  externalId: 255,
};

/** Published for one line item; for one request our choice, since none is published. */
export const maxEntries = 1000;

/** What the rules look at in a fulfillment. */
export interface FulfillmentFacts {
  state: FulfillmentState;
  quantity: Decimal;
  billTargetDate: Day | null;
}

export interface FulfillmentInput {
  orderLineItemId: string;
  fulfillmentDate: Day;
  quantity: Decimal;
  state?: FulfillmentState | null;
  fulfillmentType?: FulfillmentType | null;
  billTargetDate?: Day | null;
  description?: string | null;
  carrier?: string | null;
  trackingNumber?: string | null;
  fulfillmentSystem?: string | null;
  fulfillmentLocation?: string | null;
  externalId?: string | null;
  excludeItemBillingFromRevenueAccounting?: boolean | null;
  excludeItemBookingFromRevenueAccounting?: boolean | null;
  customFields?: Record<string, unknown> | null;
}

export type FulfillmentChange = { state?: FulfillmentState | null } & Partial<{
  [F in UpdatableField]: FulfillmentInput[F] | null;
}>;

const typeFor: Record<ItemCategory, FulfillmentType> = { Sales: 'Delivery', Return: 'Return' };

/** Delivery for a sales line item, Return for a return. */
export const fulfillmentTypeFor = (line: { itemCategory: ItemCategory }): FulfillmentType => typeFor[line.itemCategory];

const quantityProblem = (quantity: Decimal | null | undefined): UserError[] =>
  quantity != null && !isPositive(quantity)
    ? [userError('INVALID_VALUE', `quantity is ${quantity}; it must be above 0.`, ['quantity'])]
    : [];

/** The line item must take fulfillments: billing rule TriggerAsFulfillmentOccurs, and Booked. Source: "Sales order line items creation". */
export function judgeLine(line: QuantityFacts): UserError[] {
  if (!requiresFulfillment(line)) {
    return [
      userError(
        'BILLING_RULE_MISMATCH',
        'The line item has the billing rule TriggerWithoutFulfillment; fulfillments need TriggerAsFulfillmentOccurs.',
        ['orderLineItemId'],
      ),
    ];
  }
  if (line.itemState !== 'Booked') {
    return [
      userError(
        'ORDER_LINE_ITEM_NOT_BOOKED',
        `The line item is ${line.itemState}; fulfillments need one that is Booked.`,
        ['orderLineItemId'],
      ),
    ];
  }
  return [];
}

/**
 * May this fulfillment be created on this line item? `reserved` is the quantity of the Executing entries before it in
 * the same request: they do not count as fulfilled yet, but a request that could never be completed is refused.
 * Returns every reason against it; the order follows Zuora's own (existence, line, type, state, dates, quantity, limit).
 */
export function judgeCreate(input: FulfillmentInput, line: QuantityFacts, reserved: Decimal): UserError[] {
  const errors = [...checkFulfillmentInput(input)];
  const lineErrors = judgeLine(line);
  errors.push(...lineErrors);
  const type = fulfillmentTypeFor(line);
  if (input.fulfillmentType && input.fulfillmentType !== type) {
    errors.push(
      userError('TYPE_MISMATCH', `A ${line.itemCategory} line item takes fulfillments of the type ${type}.`, [
        'fulfillmentType',
      ]),
    );
  }
  if (lineErrors.length === 0 && isPositive(input.quantity)) {
    errors.push(...judgeQuantity(input.quantity, subtract(pendingOf(line), reserved)));
  }
  if (line.fulfillmentCount >= maxFulfillments) {
    errors.push(
      userError('LIMIT_EXCEEDED', `The line item has ${maxFulfillments} fulfillments already, the most it can have.`, [
        'orderLineItemId',
      ]),
    );
  }
  return errors;
}

/** The part of creation that needs no line item: texts, quantity, start state, and the date that billing will need. */
function checkFulfillmentInput(input: FulfillmentInput): UserError[] {
  const errors = [
    ...checkTexts(input, lengths),
    ...checkCustomFields(input.customFields),
    ...quantityProblem(input.quantity),
  ];
  const state = input.state ?? 'Executing';
  if (!startStates.some((row) => row.state === state)) {
    const allowed = startStates.map((row) => row.state);
    errors.push(
      userError(
        'STATE_NOT_CREATABLE',
        `A fulfillment cannot be created as ${state}; ${allowed.join(', ')} are allowed.`,
        ['state'],
        {
          kind: 'FulfillmentTransitionNotAllowed',
          from: null,
          to: state,
          allowed,
        },
      ),
    );
  }
  if (state === 'SentToBilling' && input.billTargetDate == null) errors.push(billTargetDateRequired());
  return errors;
}

const billTargetDateRequired = (): UserError =>
  userError(
    'BILL_TARGET_DATE_REQUIRED',
    'SentToBilling needs a billTargetDate: afterwards the fulfillment is locked and the date could not be mended.',
    ['billTargetDate'],
  );

/** What a move depends on besides the fulfillment itself. `posted`: an item of it stands on a Posted document. */
export interface MoveContext {
  line: QuantityFacts;
  posted: boolean;
  caller: Caller;
}

/**
 * May this fulfillment move to `to`? Returns every reason against it, none where it may. The mutations, REST, dryRun
 * and `allowedTransitions` on the graph all ask here.
 */
export function judgeMove(fulfillment: FulfillmentFacts, to: FulfillmentState, context: MoveContext): UserError[] {
  const { line, posted, caller } = context;
  const { state: from } = fulfillment;
  if (!transitions.some((row) => row.from === from && row.to === to)) {
    const allowed = transitions.filter((row) => row.from === from).map((row) => row.to);
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
  const errors: UserError[] = [];
  if (!caller.scopes.has('fulfill')) {
    errors.push(userError('PERMISSION_DENIED', 'The client lacks the scope "fulfill".', ['state']));
  }
  // A line completes itself as its fulfillments reach SentToBilling, yet they may still go on to Complete.
  const lineTakesIt = line.itemState === 'Booked' || (to === 'Complete' && line.itemState === 'Complete');
  if (!lineTakesIt) {
    errors.push(
      userError('ORDER_LINE_ITEM_NOT_BOOKED', `The line item is ${line.itemState}; this move needs it Booked.`, [
        'orderLineItemId',
      ]),
    );
  }
  // Executing fulfillments are not counted, so the quantity is judged again when one becomes counted.
  if (from === 'Executing' && (to === 'Booked' || to === 'SentToBilling')) {
    errors.push(...judgeQuantity(fulfillment.quantity, pendingOf(line)));
  }
  if (to === 'SentToBilling' && fulfillment.billTargetDate === null) errors.push(billTargetDateRequired());
  if (to === 'Complete' && !posted) {
    errors.push(
      userError(
        'NOT_BILLED_YET',
        'It can be completed only after it stands on a posted document; bill it, or post its draft.',
        ['state'],
      ),
    );
  }
  return errors;
}

/**
 * The fields that this caller may change now. Executing: all. Booked: with the scope edit-booked all, else only a
 * missing billTargetDate, without which it could never move again. Later: none.
 * Sources: "Update a fulfillment"; "State transitions for fulfillments" (Booked is locked, read as: without permission).
 */
export function editableFields(fulfillment: FulfillmentFacts, caller: Caller): readonly UpdatableField[] {
  if (!caller.scopes.has('fulfill')) return [];
  if (fulfillment.state === 'Executing') return updatableFields;
  if (fulfillment.state !== 'Booked') return [];
  if (caller.scopes.has('edit-booked')) return updatableFields;
  return fulfillment.billTargetDate === null ? ['billTargetDate'] : [];
}

/** The fields a change names; one left out stays as it is, null empties it. */
const changedFields = (change: FulfillmentChange): UpdatableField[] =>
  updatableFields.filter((field) => change[field] !== undefined);

/**
 * Judges the fields of an update (its `state` is a move and judged apart, by the state that the fields leave it in).
 * Editability goes by the state before the change: Executing to Booked with a new quantity in one call is published.
 */
export function judgeChange(
  before: FulfillmentFacts,
  change: FulfillmentChange,
  line: QuantityFacts,
  caller: Caller,
): UserError[] {
  const fields = changedFields(change);
  if (fields.length === 0 && change.state == null) {
    return [userError('REQUIRED', 'The update names no field to change.')];
  }
  const editable = editableFields(before, caller);
  const locked = fields.filter((field) => !editable.includes(field));
  if (locked.length) return locked.map((field) => lockedError(field, before.state, caller));

  const errors = [
    ...checkTexts(change, lengths),
    ...checkCustomFields(change.customFields),
    ...quantityProblem(change.quantity),
  ];
  for (const field of ['fulfillmentDate', 'quantity'] as const) {
    if (change[field] === null) errors.push(userError('REQUIRED', `${field} cannot be emptied.`, [field]));
  }
  if (fields.length && line.itemState !== 'Booked') {
    errors.push(
      userError('ORDER_LINE_ITEM_NOT_BOOKED', `The line item is ${line.itemState}; edits need it Booked.`, [
        'orderLineItemId',
      ]),
    );
  }
  if (change.quantity != null && isPositive(change.quantity)) {
    const own = before.state === 'Booked' ? before.quantity : '0';
    errors.push(...judgeQuantity(change.quantity, add(pendingOf(line), own)));
  }
  return errors;
}

const lockedError = (field: string, state: FulfillmentState, caller: Caller): UserError => {
  if (!caller.scopes.has('fulfill')) {
    return userError('PERMISSION_DENIED', 'The client lacks the scope "fulfill".', [field]);
  }
  return state === 'Booked'
    ? userError('PERMISSION_DENIED', `The fulfillment is Booked: changing ${field} needs the scope "edit-booked".`, [
        field,
      ])
    : userError('FIELD_LOCKED', `${field} cannot be changed: the fulfillment is ${state}.`, [field]);
};

/** Only an Executing fulfillment can be deleted. It frees no quantity, since it was not counted. Source: "Delete a fulfillment". */
export const judgeDelete = (fulfillment: FulfillmentFacts): UserError[] =>
  fulfillment.state === 'Executing'
    ? []
    : [userError('NOT_DELETABLE', `The fulfillment is ${fulfillment.state}; only an Executing one can be deleted.`)];

/**
 * The one function that writes `state`. Entering SentToBilling leaves its date behind, which keeps a fulfillment
 * billable again after it is Complete and its document is canceled.
 */
export function enter<F extends { state: FulfillmentState; sentToBillingDate: string | null }>(
  fulfillment: F,
  state: FulfillmentState,
  now: string,
): F {
  const sentToBillingDate = state === 'SentToBilling' ? now : fulfillment.sentToBillingDate;
  return { ...fulfillment, state, sentToBillingDate };
}
