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
  lineBillTargetDateRequired,
  lineStartStates,
  type OrderLineItemState,
  type QuantityFacts,
} from './order-line-item';
import { maxLineLengths, type OrderLineItemFields } from './order-line-item-fields';
import type { Price } from './price';
import { checkCustomFields, checkTexts } from './text';

/** May a line begin in this state? Sources: as of the machines (`lineStartStates`). */
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

export interface OrderLineItemInput extends OrderLineItemFields {
  itemNumber?: string | null;
  itemCategory?: ItemCategory | null;
  /** The sale that a return takes back, by the number of its order and its number in it. */
  originalOrderNumber?: string | null;
  originalOrderLineItemNumber?: string | null;
  itemState?: OrderLineItemState | null;
}

/** What one line item is judged against besides itself. */
export interface LineContext {
  orderCategory: OrderCategory;
  orderDate: Day;
  settings: Pick<BillingSettings, 'taxCodes' | 'units'>;
}

/** Everything about a new line item but its price (price.ts) and, for a return, its original (`judgeReturnInput`). */
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

/** How a return names its sale; null where it names none, or in texts that no number can be and no store can be asked for. */
export function nameOfOriginal(input: OrderLineItemInput): { orderNumber: string; itemNumber: string } | null {
  const { itemCategory, originalOrderNumber, originalOrderLineItemNumber } = input;
  if (itemCategory !== 'Return' || originalOrderNumber == null || originalOrderLineItemNumber == null) return null;
  if (checkTexts({ originalOrderNumber, originalOrderLineItemNumber }, maxLineLengths).length) return null;
  return { orderNumber: originalOrderNumber, itemNumber: originalOrderLineItemNumber };
}

const originalFields = ['originalOrderNumber', 'originalOrderLineItemNumber'] as const;

/** Texts, quantity, unit, tax code and payment term, of a new line item or of a change. */
export const checkLineFields = (
  input: Partial<{ [F in keyof OrderLineItemInput]: OrderLineItemInput[F] | null }>,
  settings: LineContext['settings'],
): UserError[] => [
  ...checkTexts(input, maxLineLengths),
  ...checkFilled('itemName', input.itemName),
  ...checkFilled('itemNumber', input.itemNumber),
  ...checkPaymentTerm(input.paymentTerm),
  ...checkCustomFields(input.customFields),
  // A return has the unit of its sale, which may be gone from the settings by now.
  ...(input.itemCategory === 'Return' ? [] : checkUnit(input.unitOfMeasure, settings)),
  ...(input.quantity != null && !isPositive(input.quantity)
    ? [userError('INVALID_VALUE', `quantity is ${input.quantity}, but must be above 0.`, ['quantity'])]
    : []),
  // As it was given it was within the limits; its unit may have rounded it up since.
  ...(input.quantity != null && !isWithinLimits(input.quantity)
    ? [
        userError(
          'INVALID_VALUE',
          `quantity is ${input.quantity}; at most 13 digits before and 9 after the decimal point are allowed.`,
          ['quantity'],
        ),
      ]
    : []),
  // Here rather than when the line is billed, which would be too late to mend it.
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

/** What a return has from its sale. Given again, it must be the same. */
const copied = [
  'listPricePerUnit',
  'amountPerUnit',
  'inlineDiscountType',
  'inlineDiscountPerUnit',
  'taxMode',
  'taxCode',
  'unitOfMeasure',
] as const;

/** What a return has from its sale where nothing else is given. */
const inherited = ['itemType', 'paymentTerm', 'invoiceGroupNumber', 'productCode', 'purchaseOrderNumber'] as const;

/** The sales line item that a return takes back. */
export type Original = QuantityFacts & Price & Pick<LineValues, (typeof copied)[number] | (typeof inherited)[number]>;

type LineValues = { [F in keyof OrderLineItemInput]-?: Exclude<OrderLineItemInput[F], undefined> };

/**
 * A new return against its sale. Price, discount, tax and unit are the sale's: a client that repeats them may, one
 * that gives others is told. `reserved` is what the returns before it in the same request take.
 * Sources: "Create a return order line item"; "PUT order line item" (these fields are for sales only).
 */
export function judgeReturnInput(input: OrderLineItemInput, original: Original, reserved: Decimal): UserError[] {
  const errors = copied.flatMap((field) => {
    const given = input[field];
    const kept = original[field];
    // A sale without a discount has one of 0, and one without a tax mode is exclusive.
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

/** A discounted price may have more decimals than can be given: it is repeated as far as it goes. */
const equals = (given: Decimal, kept: Decimal): boolean =>
  compare(given, kept) === 0 || compare(given, round(kept, maxDecimals, 'HALF_UP')) === 0;

const isDecimal = (field: string): boolean => field.endsWith('PerUnit');

/** A return's input with what it has from its sale. */
export function withOriginal(input: OrderLineItemInput, original: Original): OrderLineItemInput & Price {
  const fields = Object.fromEntries(inherited.map((field) => [field, input[field] ?? original[field]]));
  const { amountPerUnitGiven } = original;
  const same = Object.fromEntries(copied.map((field) => [field, original[field]]));
  return { ...input, ...fields, ...same, amountPerUnitGiven } as never;
}

/** Item numbers are given for all line items of an order, each once, or for none. Returns errors by position. */
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
