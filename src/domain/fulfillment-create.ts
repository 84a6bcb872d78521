import { type Decimal, isPositive, subtract } from './decimal';
import { below, enoughErrors, type UserError, userError } from './errors';
import { billTargetDateRequired, checkFields, fulfillmentTypeFor, startStates } from './fulfillment';
import { type ConfiguredLists, checkLists, type FulfillmentGiven, fulfillmentTexts } from './fulfillment-fields';
import { checkItem, type FulfillmentItemInput, givenItem, judgeItems, maxItems } from './fulfillment-item';
import type { FulfillmentState } from './fulfillment-state';
import { judgeQuantity, maxFulfillments, pendingOf, type QuantityFacts, requiresFulfillment } from './order-line-item';
import { withoutEmptyTexts } from './text';

export interface FulfillmentInput extends FulfillmentGiven {
  state?: FulfillmentState | null;
  fulfillmentItems?: readonly FulfillmentItemInput[] | null;
}

/** An entry without its empty texts, and those of its items. */
export function givenFulfillment(input: FulfillmentInput): FulfillmentInput {
  const given = withoutEmptyTexts(input, fulfillmentTexts);
  return given.fulfillmentItems ? { ...given, fulfillmentItems: given.fulfillmentItems.map(givenItem) } : given;
}

/** The limit of 100 per line item is published (maxFulfillments). This limit per request is our choice. */
export const maxEntries = 1000;

/**
 * The line item must have the billing rule TriggerAsFulfillmentOccurs and be Booked. Source: "Sales order line items
 * creation".
 */
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
        `The line item is ${line.itemState}, but must be Booked for fulfillments.`,
        ['orderLineItemId'],
      ),
    ];
  }
  return [];
}

/**
 * The quantity that a new fulfillment may take of a line item. `reserved` is the quantity of the earlier Executing
 * entries in the same request. These entries do not count as fulfilled yet, but a request that could never be completed
 * is refused.
 */
export const leftForNew = (line: QuantityFacts, reserved: Decimal): Decimal => subtract(pendingOf(line), reserved);

/**
 * May this fulfillment be created on the line item? Returns every reason against it. `reserved`: see leftForNew. The
 * quantity is already rounded to the line item's unit (inUnitOf).
 */
export function judgeCreate(
  input: FulfillmentInput,
  line: QuantityFacts & { unitOfMeasure: string | null },
  reserved: Decimal,
  settings: ConfiguredLists,
): UserError[] {
  const errors = [...checkInput(input, line), ...checkLists(input, settings)];
  const lineErrors = judgeLine(line);
  errors.push(...lineErrors);
  const type = fulfillmentTypeFor(line);
  if (input.fulfillmentType && input.fulfillmentType !== type) {
    errors.push(
      userError('TYPE_MISMATCH', `A ${line.itemCategory} line item takes only fulfillments of the type ${type}.`, [
        'fulfillmentType',
      ]),
    );
  }
  if (lineErrors.length === 0 && isPositive(input.quantity)) {
    errors.push(...judgeQuantity(input.quantity, leftForNew(line, reserved)));
  }
  if (line.fulfillmentCount >= maxFulfillments) {
    errors.push(
      userError('LIMIT_EXCEEDED', `The line item has ${maxFulfillments} fulfillments already; no more are allowed.`, [
        'orderLineItemId',
      ]),
    );
  }
  return errors;
}

/** Checks the values alone: texts, quantity, start state, billTargetDate and items. */
function checkInput(input: FulfillmentInput, line: { unitOfMeasure: string | null }): UserError[] {
  const errors = checkFields(input, line);
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
  const items = input.fulfillmentItems ?? [];
  if (items.length) errors.push(...below(['fulfillmentItems'], judgeItems({ ...input, state }, items.length)));
  // With too many items none is checked, which bounds the size of the refusal.
  if (items.length <= maxItems) {
    for (const [at, item] of items.entries()) {
      if (errors.length >= enoughErrors) break;
      errors.push(...below(['fulfillmentItems', at], checkItem(item)));
    }
  }
  return errors;
}
