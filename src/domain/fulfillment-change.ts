import type { Caller } from './caller';
import { add, type Decimal, isPositive } from './decimal';
import { below, type UserError, userError } from './errors';
import { checkFields, type FulfillmentFacts } from './fulfillment';
import {
  type ConfiguredLists,
  checkLists,
  configuredFields,
  type FixedField,
  type FulfillmentFields,
  fixedFields,
  requiredFields,
  type UpdatableField,
  updatableFields,
} from './fulfillment-fields';
import { judgeItemCount } from './fulfillment-item';
import type { FulfillmentState } from './fulfillment-state';
import { idOf } from './key';
import { judgeQuantity, pendingOf, type QuantityFacts } from './order-line-item';

export type FulfillmentChange = { state?: FulfillmentState | null } & {
  [F in keyof FulfillmentFields]?: FulfillmentFields[F] | null;
};

/**
 * The fields that this caller may change now. Executing: all. Booked: all with the scope edit-booked. Without the scope
 * only a missing billTargetDate, since without this date the fulfillment could never move again. Later states: none.
 * Sources: "Update a fulfillment"; "State transitions for fulfillments" (Booked is locked, read as: without
 * permission).
 */
export function editableFields(fulfillment: FulfillmentFacts, caller: Caller): readonly UpdatableField[] {
  if (!caller.scopes.has('fulfill')) return [];
  if (fulfillment.state === 'Executing') return updatableFields;
  if (fulfillment.state !== 'Booked') return [];
  if (caller.scopes.has('edit-booked')) return updatableFields;
  return fulfillment.billTargetDate === null ? ['billTargetDate'] : [];
}

/** The fields that a change names. An absent field stays as it is, and null empties a field. */
const changedFields = (change: FulfillmentChange): UpdatableField[] =>
  updatableFields.filter((field) => change[field] !== undefined);

/** Does a change name no field at all? A repeated fixed field counts as named, although it changes nothing. */
const isEmpty = (change: FulfillmentChange): boolean =>
  change.state == null && [...updatableFields, ...fixedFields].every((field) => change[field] === undefined);

/**
 * Judges what an update names. It names at least one field. A fixed field may be repeated with its present value;
 * another value is refused. Source: "Update a fulfillment", sample.
 */
export function judgeNamed(before: Pick<FulfillmentFields, FixedField>, change: FulfillmentChange): UserError[] {
  if (isEmpty(change)) return [userError('REQUIRED', 'The update names no field to change.')];
  const same = (field: FixedField) =>
    field === 'orderLineItemId' ? idOf(change[field] ?? '') === before[field] : change[field] === before[field];
  return fixedFields
    .filter((field) => change[field] !== undefined && !same(field))
    .map((field) => userError('FIELD_LOCKED', `${field} of a fulfillment cannot be changed.`, [field]));
}

/**
 * The change without the values that it only repeats. A client sends back a fulfillment as it was read, and changes
 * nothing by that (N19). A present value is not judged or rounded anew: the settings may have changed since it was
 * entered. A locked field stays in the change, and is refused. Beside a move, the present billTargetDate may be repeated
 * even if it is locked, so that a batch may name one date for all.
 */
export function withoutRepetition(
  before: FulfillmentFacts & { [F in UpdatableField]?: FulfillmentFields[F] },
  change: FulfillmentChange,
  caller: Caller,
): FulfillmentChange {
  const repeatable: UpdatableField[] = [...editableFields(before, caller)];
  if (change.state != null) repeatable.push('billTargetDate');
  const named = { ...change };
  for (const field of repeatable) if (named[field] === before[field]) delete named[field];
  return named;
}

/** Does a change depend on the entity's settings? A plain move does not. */
export const dependsOnSettings = (change: FulfillmentChange): boolean =>
  (['quantity', ...configuredFields] as const).some((field) => change[field] !== undefined);

/**
 * The quantity that this fulfillment may take of the line item: the pending quantity, and its own if that is counted.
 */
export const leftFor = (before: FulfillmentFacts, line: QuantityFacts): Decimal =>
  add(pendingOf(line), before.state === 'Booked' ? before.quantity : '0');

/**
 * Judges the fields of an update. `state` is judged separately, after the fields. Editability depends on the state
 * before the change: a published sample moves from Executing to Booked with a new quantity in one call. The quantity is
 * already rounded to the line item's unit (inUnitOf), and values that are only repeated are left out (withoutRepetition).
 * `settings` is null if nothing depends on them. `itemCount` is the
 * number of fulfillment items; a quantity below it is refused.
 */
export function judgeChange(
  before: FulfillmentFacts,
  change: FulfillmentChange,
  line: QuantityFacts & { unitOfMeasure: string | null },
  caller: Caller,
  settings: ConfiguredLists | null,
  itemCount = 0,
): UserError[] {
  const fields = changedFields(change);
  const editable = editableFields(before, caller);
  const locked = fields.filter((field) => !editable.includes(field));
  if (locked.length) return locked.map((field) => lockedError(field, before.state, caller));

  const errors = [...checkFields(change, line), ...(settings ? checkLists(change, settings) : [])];
  for (const field of requiredFields) {
    if (change[field] === null) errors.push(userError('REQUIRED', `${field} must not be null.`, [field]));
  }
  if (fields.length && line.itemState !== 'Booked') {
    errors.push(
      userError(
        'ORDER_LINE_ITEM_NOT_BOOKED',
        `The line item is ${line.itemState}, but must be Booked for this change.`,
        ['orderLineItemId'],
      ),
    );
  }
  if (change.quantity != null && isPositive(change.quantity)) {
    errors.push(...judgeQuantity(change.quantity, leftFor(before, line)));
    errors.push(...below(['quantity'], judgeItemCount(itemCount, change.quantity)));
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

/**
 * Only an Executing fulfillment can be deleted. That frees no quantity, since it was not counted. Source: "Delete a
 * fulfillment".
 */
export const judgeDelete = (fulfillment: FulfillmentFacts): UserError[] =>
  fulfillment.state === 'Executing'
    ? []
    : [userError('NOT_DELETABLE', `The fulfillment is ${fulfillment.state}, but must be Executing to be deleted.`)];
