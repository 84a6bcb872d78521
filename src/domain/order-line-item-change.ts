import { roundQuantity } from './billing-settings';
import type { Caller } from './caller';
import { type UserError, userError } from './errors';
import { type ItemCategory, leftToReturn, type OrderLineItemState, type QuantityFacts } from './order-line-item';
import { checkLineFields, checkPeriod, type LineContext } from './order-line-item-create';
import {
  lineFields,
  type OrderLineItemFields,
  requiredLineFields,
  type UpdatableLineField,
  updatableLineFields,
} from './order-line-item-fields';
import { type Extended, judgeExtended, type Price, type PriceInput, priceOf } from './price';

export type OrderLineItemChange = { itemState?: OrderLineItemState | null } & Partial<{
  [F in UpdatableLineField]: OrderLineItemFields[F] | null;
}>;

const namedFields = (change: OrderLineItemChange): UpdatableLineField[] =>
  updatableLineFields.filter((field) => change[field] !== undefined);

/** Does a change name neither a field nor a state? That is a mistake, unless the line item is only to be billed. */
export const isEmptyChange = (change: OrderLineItemChange): boolean =>
  change.itemState == null && namedFields(change).length === 0;

/** The fields of a line item that the rules about changes read. */
export interface ChangeableLine extends Extended, Price {
  itemCategory: ItemCategory;
  itemState: OrderLineItemState;
  unitOfMeasure: string | null;
  transactionStartDate: string | null;
  transactionEndDate: string | null;
}

/** The fields that this caller may change now. */
export function editableLineFields(
  line: Pick<ChangeableLine, 'itemCategory' | 'itemState'>,
  caller: Caller,
): readonly UpdatableLineField[] {
  if (!caller.scopes.has('order')) return [];
  return updatableLineFields.filter((field) => isEditable(line, field));
}

function isEditable(
  { itemCategory, itemState }: Pick<ChangeableLine, 'itemCategory' | 'itemState'>,
  field: UpdatableLineField,
) {
  const { states, returns } = lineFields[field];
  return (states as readonly OrderLineItemState[]).includes(itemState) && (returns || itemCategory === 'Sales');
}

/**
 * Judges the fields of an update, and returns the line item with them. `itemState` is judged separately, after the
 * fields. Editability depends on the state before the change. `original` is the sales line item of a return.
 */
export function changeLine<L extends ChangeableLine>(
  before: L,
  given: OrderLineItemChange,
  settings: LineContext['settings'],
  original: QuantityFacts | null = null,
): L | UserError[] {
  if (isEmptyChange(given)) {
    return [userError('REQUIRED', 'The update names no field to change.')];
  }
  const locked = namedFields(given).filter((field) => !isEditable(before, field));
  if (locked.length) return locked.map((field) => lockedError(field, before));

  const change = withoutRepetition(before, given);
  const fields = namedFields(change);
  const unit = change.unitOfMeasure === undefined ? before.unitOfMeasure : change.unitOfMeasure;
  const wanted = change.quantity ?? before.quantity;
  // Rounded only if the change concerns the quantity: the unit may have other decimals by now, and the quantity may be
  // locked.
  const isRounded = change.quantity != null || change.unitOfMeasure !== undefined;
  const left = original ? leftToReturn(original) : undefined;
  const quantity = isRounded ? roundQuantity(wanted, unit, settings, left) : wanted;
  const errors = checkLineFields({ ...change, quantity }, settings);
  for (const field of requiredLineFields) {
    if (change[field] === null) errors.push(userError('REQUIRED', `${field} must not be null.`, [field]));
  }
  if (change.itemType === null)
    errors.push(userError('REQUIRED', 'A sales line item needs an itemType.', ['itemType']));
  const after = { ...before, ...Object.fromEntries(fields.map((field) => [field, change[field]])), quantity };
  errors.push(...checkPeriod(after.transactionStartDate, after.transactionEndDate));
  const priced = fields.filter((field) => field in priceFields);
  const price = priced.length ? changedPrice(before, change) : {};
  if (Array.isArray(price)) return [...errors, ...price];
  const result = { ...after, ...price };
  // Checked only if the change concerns the amounts: the present amounts may be older than the limit.
  if (isRounded || priced.length) errors.push(...judgeExtended(result, isRounded ? 'quantity' : priced[0]));
  return errors.length ? errors : result;
}

/**
 * The change without the values that it only repeats. A present value is not judged or rounded anew: the settings may
 * have changed since it was entered (N19). Prices stay in the change: to give the present price is to give one (N15).
 */
const withoutRepetition = (before: ChangeableLine, change: OrderLineItemChange): OrderLineItemChange =>
  Object.fromEntries(
    Object.entries(change).filter(
      ([field, value]) =>
        field in priceFields || value !== (before as OrderLineItemChange)[field as UpdatableLineField],
    ),
  );

const priceFields = {
  listPricePerUnit: true,
  amountPerUnit: true,
  inlineDiscountType: true,
  inlineDiscountPerUnit: true,
};

/**
 * The price after a change, computed from the kept and the given values. Without a discount the charged price follows
 * the list price, unless the caller gave a charged price (N15). amountPerUnitGiven remembers that, since the two prices
 * may be equal by chance.
 */
function changedPrice(before: Price, change: PriceInput): Price | UserError[] {
  const type = change.inlineDiscountType === undefined ? before.inlineDiscountType : change.inlineDiscountType;
  const discounted = type != null && type !== 'None';
  const own = before.amountPerUnitGiven && !discounted ? before.amountPerUnit : undefined;
  const given = <F extends keyof PriceInput>(field: F, kept: PriceInput[F]) =>
    change[field] === undefined ? kept : change[field];
  return priceOf({
    listPricePerUnit: given('listPricePerUnit', before.listPricePerUnit),
    amountPerUnit: given('amountPerUnit', own),
    inlineDiscountType: type,
    inlineDiscountPerUnit: given('inlineDiscountPerUnit', discounted ? before.inlineDiscountPerUnit : undefined),
  });
}

function lockedError(field: UpdatableLineField, line: ChangeableLine): UserError {
  const { states, returns } = lineFields[field];
  const message =
    line.itemCategory === 'Return' && !returns
      ? `${field} of a return cannot be changed.`
      : `${field} cannot be changed: the line item is ${line.itemState}; ${states.join(', ')} ${states.length === 1 ? 'allows' : 'allow'} it.`;
  return userError('FIELD_LOCKED', message, [field]);
}
