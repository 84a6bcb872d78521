import { checkFilled, checkPaymentTerm } from './account';
import { type BillingSettings, checkTaxCode, checkUnit } from './billing-settings';
import type { Day } from './date';
import { compare, type Decimal, isPositive, isWithinLimits, maxDecimals, round } from './decimal';
import { type UserError, userError } from './errors';
import type { OrderCategory } from './order';
import {
  type BillingRule,
  type ItemCategory,
  judgeReturn,
  type OrderLineItemState,
  type QuantityFacts,
} from './order-line-item';
import {
  type LineFieldOfCreation,
  lineFieldsOfCreation,
  maxLineLengths,
  type OrderLineItemFields,
} from './order-line-item-fields';
import { lineBillTargetDateRequired, lineStartStates } from './order-line-item-move';
import type { Price } from './price';
import { checkCustomFields, checkTexts } from './text';

/** May a line item begin in this state? Sources: as of the state machines (`lineStartStates`). */
export function judgeStartState(
  rule: BillingRule,
  state: OrderLineItemState,
  billTargetDate: string | null,
): UserError[] {
  const allowed = lineStartStates[rule];
  if (!allowed.includes(state)) {
    return [
      userError(
        'STATE_NOT_CREATABLE',
        `A line item with the billing rule TriggerAsFulfillmentOccurs cannot be created as ${state}; ${allowed.join(', ')} are allowed.`,
        ['itemState'],
        { kind: 'OrderLineItemTransitionNotAllowed', from: null, to: state, allowed },
      ),
    ];
  }
  return state === 'SentToBilling' && billTargetDate === null ? [lineBillTargetDateRequired()] : [];
}

export interface OrderLineItemInput extends OrderLineItemFields, Partial<Record<LineFieldOfCreation, string | null>> {
  itemNumber?: string | null;
  itemCategory?: ItemCategory | null;
  /** The sales line item of a return: the number of its order, and its item number in that order. */
  originalOrderNumber?: string | null;
  originalOrderLineItemNumber?: string | null;
  itemState?: OrderLineItemState | null;
}

/** The facts besides the line item itself. */
export interface LineContext {
  orderCategory: OrderCategory;
  orderDate: Day;
  settings: Pick<BillingSettings, 'taxCodes' | 'units'>;
}

/** Judges a new line item, without its price (price.ts) and without the original of a return (`judgeReturnInput`). */
export function judgeLineInput(input: OrderLineItemInput, context: LineContext): UserError[] {
  const { orderCategory, orderDate, settings } = context;
  const category = input.itemCategory ?? 'Sales';
  const errors = [
    ...checkLineFields(input, settings),
    ...judgeStartState(
      input.billingRule ?? 'TriggerWithoutFulfillment',
      input.itemState ?? 'Executing',
      input.billTargetDate ?? null,
    ),
    ...checkPeriod(input.transactionStartDate ?? orderDate, input.transactionEndDate ?? null),
  ];
  const wanted = orderCategory === 'Return' ? 'Return' : 'Sales';
  if (category !== wanted) {
    errors.push(
      userError('RETURN_NOT_ALLOWED', `An order of the category ${orderCategory} takes ${wanted} line items only.`, [
        'itemCategory',
      ]),
    );
  }
  if (category === 'Sales') {
    if (input.itemType == null) {
      errors.push(userError('REQUIRED', 'A sales line item needs an itemType.', ['itemType']));
    }
    for (const field of originalFields) {
      if (input[field] != null) {
        errors.push(userError('INVALID_VALUE', `${field} is allowed only on a return line item.`, [field]));
      }
    }
  } else {
    for (const field of originalFields) {
      if (input[field] == null) errors.push(userError('REQUIRED', `A return line item needs ${field}.`, [field]));
    }
  }
  return errors;
}

/**
 * The numbers by which a return names its sale. Null if a number is missing, or is a text that the database cannot be
 * asked for.
 */
export function nameOfOriginal(input: OrderLineItemInput): { orderNumber: string; itemNumber: string } | null {
  const { itemCategory, originalOrderNumber, originalOrderLineItemNumber } = input;
  if (itemCategory !== 'Return' || originalOrderNumber == null || originalOrderLineItemNumber == null) return null;
  if (checkTexts({ originalOrderNumber, originalOrderLineItemNumber }, maxLineLengths).length) return null;
  return { orderNumber: originalOrderNumber, itemNumber: originalOrderLineItemNumber };
}

const originalFields = ['originalOrderNumber', 'originalOrderLineItemNumber'] as const;

/** Checks texts, quantity, unit, tax code and payment term, of a new line item or of a change. */
export const checkLineFields = (
  input: Partial<{ [F in keyof OrderLineItemInput]: OrderLineItemInput[F] | null }>,
  settings: LineContext['settings'],
): UserError[] => [
  ...checkTexts(input, maxLineLengths),
  ...checkFilled('itemName', input.itemName),
  ...checkFilled('itemNumber', input.itemNumber),
  ...checkPaymentTerm(input.paymentTerm),
  ...checkCustomFields(input.customFields),
  // A return has the unit of its sale, which may have been removed from the settings.
  ...(input.itemCategory === 'Return' ? [] : checkUnit(input.unitOfMeasure, settings)),
  ...(input.quantity != null && !isPositive(input.quantity)
    ? [userError('INVALID_VALUE', `quantity is ${input.quantity}, but must be above 0.`, ['quantity'])]
    : []),
  // The given quantity was within the limits, but its unit may have rounded it up.
  ...(input.quantity != null && !isWithinLimits(input.quantity)
    ? [
        userError(
          'INVALID_VALUE',
          `quantity is ${input.quantity}; at most 13 digits before and 9 after the decimal point are allowed.`,
          ['quantity'],
        ),
      ]
    : []),
  // Checked on input: at billing it would be too late to correct the code.
  ...checkTaxCode(input.taxCode, settings),
];

/** A transaction does not end before it starts. */
export const checkPeriod = (start: Day | null, end: Day | null): UserError[] =>
  start !== null && end !== null && end < start
    ? [
        userError('INVALID_VALUE', `transactionEndDate must not be before the start date ${start}.`, [
          'transactionEndDate',
        ]),
      ]
    : [];

/** Fields that a return copies from its sale. A given value must be the same. */
const copied = [
  'listPricePerUnit',
  'amountPerUnit',
  'inlineDiscountType',
  'inlineDiscountPerUnit',
  'taxMode',
  'taxCode',
  'unitOfMeasure',
] as const;

/** Fields that a return takes from its sale if they are not given. */
const inherited = [
  ...(['itemType', 'paymentTerm', 'invoiceGroupNumber', 'productCode', 'purchaseOrderNumber'] as const),
  ...(['ownerAccountNumber', 'soldTo', 'shipTo', 'relatedSubscriptionNumber'] as const),
  ...lineFieldsOfCreation,
] as const;

/** The sales line item of a return. */
export type Original = QuantityFacts & Price & Pick<LineValues, (typeof copied)[number] | (typeof inherited)[number]>;

type LineValues = { [F in keyof OrderLineItemInput]-?: Exclude<OrderLineItemInput[F], undefined> };

/**
 * Judges a new return against its sale. A return has the price, discount, tax and unit of its sale. A client may repeat
 * them; other values are refused. `reserved` is the quantity of earlier returns in the same request.
 * Sources: "Create a return order line item"; "PUT order line item" (these fields are for sales only).
 */
export function judgeReturnInput(input: OrderLineItemInput, original: Original, reserved: Decimal): UserError[] {
  const errors = copied.flatMap((field) => {
    const given = input[field];
    const kept = original[field];
    // A sale without a discount has a discount of 0, and a sale without a tax mode is exclusive.
    const same =
      given == null ||
      given === (kept ?? (field === 'taxMode' ? 'TaxExclusive' : null)) ||
      (isDecimal(field) && equals(given, kept ?? '0'));
    return same
      ? []
      : [
          userError('INVALID_VALUE', `A return must have the ${field} of its original line item: ${kept ?? 'none'}.`, [
            field,
          ]),
        ];
  });
  if (!isPositive(input.quantity)) return errors;
  const problems = judgeReturn(input.quantity, original, reserved);
  return [
    ...errors,
    ...problems.map((problem) =>
      problem.path.length ? problem : { ...problem, path: ['originalOrderLineItemNumber'] },
    ),
  ];
}

/** A discounted price may have more decimals than a given price may have. A client repeats it rounded. */
const equals = (given: Decimal, kept: Decimal): boolean =>
  compare(given, kept) === 0 || compare(given, round(kept, maxDecimals, 'HALF_UP')) === 0;

const isDecimal = (field: string): boolean => field.endsWith('PerUnit');

/** The input of a return, completed from its sale. */
export function withOriginal(input: OrderLineItemInput, original: Original): OrderLineItemInput & Price {
  const fields = Object.fromEntries(inherited.map((field) => [field, input[field] ?? original[field]]));
  const { amountPerUnitGiven } = original;
  const same = Object.fromEntries(copied.map((field) => [field, original[field]]));
  return { ...input, ...fields, ...same, amountPerUnitGiven } as never;
}

/**
 * Item numbers are given for all line items of an order, each number once, or for none. Returns the errors by position.
 */
export function judgeItemNumbers(lines: readonly { itemNumber?: string | null }[]): UserError[] {
  const given = lines.filter((line) => line.itemNumber != null).length;
  if (given === 0) return [];
  const seen = new Set<string>();
  return lines.flatMap((line, at) => {
    if (line.itemNumber == null) {
      return [
        userError('REQUIRED', 'Give itemNumber on every line item of the order, or on none.', [at, 'itemNumber']),
      ];
    }
    if (seen.has(line.itemNumber)) {
      return [
        userError('DUPLICATE', `The item number ${line.itemNumber} occurs twice in this order.`, [at, 'itemNumber']),
      ];
    }
    seen.add(line.itemNumber);
    return [];
  });
}
