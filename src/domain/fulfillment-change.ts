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

/** Does a change name nothing at all? A fixed field that is repeated is named, and changes nothing. */
const isEmpty = (change: FulfillmentChange): boolean =>
  change.state == null && [...updatableFields, ...fixedFields].every((field) => change[field] === undefined);

/** A fixed field may be repeated with the value that it has; another value is refused. Source: "Update a fulfillment", sample. */
export function judgeFixed(before: Pick<FulfillmentFields, FixedField>, change: FulfillmentChange): UserError[] {
  const same = (field: FixedField) =>
    field === 'orderLineItemId' ? idOf(change[field] ?? '') === before[field] : change[field] === before[field];
  return fixedFields
    .filter((field) => change[field] !== undefined && !same(field))
    .map((field) => userError('FIELD_LOCKED', `${field} of a fulfillment cannot be changed.`, [field]));
}

/** Does a change name anything that the entity's settings decide on? A plain move does not. */
export const dependsOnSettings = (change: FulfillmentChange): boolean =>
  (['quantity', ...configuredFields] as const).some((field) => change[field] !== undefined);

/** What of the line item this fulfillment may take: what is pending, and its own where that counts as fulfilled. */
export const leftFor = (before: FulfillmentFacts, line: QuantityFacts): Decimal =>
  add(pendingOf(line), before.state === 'Booked' ? before.quantity : '0');

/**
 * Judges the fields of an update (its `state` is a move and judged apart, by the state that the fields leave it in).
 * Editability goes by the state before the change: Executing to Booked with a new quantity in one call is published.
 * A quantity is in the unit of the line item already (inUnitOf). `settings` is null where nothing depends on them.
 * `itemCount`: how many items it has; a quantity below that is refused, since it would break the rule on their number.
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
  if (isEmpty(change)) {
    return [userError('REQUIRED', 'The update names no field to change.')];
  }
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

/** Only an Executing fulfillment can be deleted. It frees no quantity, since it was not counted. Source: "Delete a fulfillment". */
export const judgeDelete = (fulfillment: FulfillmentFacts): UserError[] =>
  fulfillment.state === 'Executing'
    ? []
    : [userError('NOT_DELETABLE', `The fulfillment is ${fulfillment.state}, but must be Executing to be deleted.`)];
