import { checkFilled, checkPaymentTerm } from './account';
import type { Day } from './date';
import { add, compare, type Decimal, isPositive, subtract } from './decimal';
import { type UserError, userError } from './errors';
import type { FulfillmentState } from './fulfillment';
import type { PriceInput, TaxMode } from './price';
import { checkCustomFields, checkTexts } from './text';

export type OrderLineItemState = 'Executing' | 'Booked' | 'SentToBilling' | 'Complete' | 'Canceled';
export type ItemCategory = 'Sales' | 'Return';
export type ItemType = 'Product' | 'Fee' | 'Services';
export type BillingRule = 'TriggerWithoutFulfillment' | 'TriggerAsFulfillmentOccurs';

/** Published limits: fulfillments of one line item, line items of one order. */
export const maxFulfillments = 100;
export const maxLineItems = 100;

/** What the rules about quantities look at. */
export interface QuantityFacts {
  itemCategory: ItemCategory;
  itemState: OrderLineItemState;
  billingRule: BillingRule;
  quantity: Decimal;
  fulfilledQuantity: Decimal;
  sentQuantity: Decimal;
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
 * The three quantities of a line item. With fulfillments they follow the fulfillments; without, the line's own state:
 * both published tables show 0 pending for an Executing line without fulfillments, against the general sum rule.
 * Source: "State-based quantity calculations for order line items and fulfillments".
 */
export function quantitiesOf(line: QuantityFacts): Quantities {
  if (requiresFulfillment(line)) {
    return {
      quantityFulfilled: line.fulfilledQuantity,
      quantityPendingFulfillment: pendingOf(line),
      quantityAvailableForReturn: line.itemCategory === 'Sales' ? line.sentQuantity : '0',
    };
  }
  const fulfilled = ['Booked', 'SentToBilling', 'Complete'].includes(line.itemState);
  const sent = line.itemState === 'SentToBilling' || line.itemState === 'Complete';
  return {
    quantityFulfilled: fulfilled ? line.quantity : '0',
    quantityPendingFulfillment: '0',
    quantityAvailableForReturn: sent && line.itemCategory === 'Sales' ? line.quantity : '0',
  };
}

/** What fulfillments of this line may still take: quantity less what is Booked, SentToBilling or Complete. */
export const pendingOf = (line: QuantityFacts): Decimal => subtract(line.quantity, line.fulfilledQuantity);

/**
 * A line with fulfillments completes itself, and no user completes it: when it is Booked, every fulfillment is
 * SentToBilling, Complete or Canceled, and nothing is pending. Judged after every create, update and delete of a
 * fulfillment. Source: "Sales order line item with fulfillments", part 3 (the state page omits the last two tests).
 */
export const completesItself = (line: QuantityFacts): boolean =>
  requiresFulfillment(line) &&
  line.itemState === 'Booked' &&
  line.openFulfillmentCount === 0 &&
  !isPositive(pendingOf(line));

/**
 * The states a line may be created in. Without fulfillments: any. With: Executing, Booked and Canceled, since the
 * others are reached by the system only. Sources: "State transitions for order line items without fulfillments";
 * "... with fulfillments".
 */
export function judgeStartState(
  rule: BillingRule,
  state: OrderLineItemState,
  billTargetDate: string | null,
): UserError[] {
  if (rule === 'TriggerAsFulfillmentOccurs' && (state === 'SentToBilling' || state === 'Complete')) {
    return [
      userError(
        'STATE_NOT_CREATABLE',
        `A line item with fulfillments cannot be created as ${state}; Executing, Booked or Canceled is allowed.`,
        ['itemState'],
        {
          kind: 'OrderLineItemTransitionNotAllowed',
          from: null,
          to: state,
          allowed: ['Executing', 'Booked', 'Canceled'],
        },
      ),
    ];
  }
  if (state === 'SentToBilling' && billTargetDate === null) {
    return [
      userError('BILL_TARGET_DATE_REQUIRED', 'A line item in SentToBilling needs a billTargetDate.', [
        'billTargetDate',
      ]),
    ];
  }
  return [];
}

export interface OrderLineItemInput extends PriceInput {
  itemNumber?: string | null;
  itemName: string;
  itemType?: ItemType | null;
  itemState?: OrderLineItemState | null;
  billingRule?: BillingRule | null;
  quantity: Decimal;
  unitOfMeasure?: string | null;
  taxMode?: TaxMode | null;
  taxCode?: string | null;
  billTargetDate?: Day | null;
  transactionStartDate?: Day | null;
  transactionEndDate?: Day | null;
  paymentTerm?: string | null;
  invoiceGroupNumber?: string | null;
  productCode?: string | null;
  purchaseOrderNumber?: string | null;
  description?: string | null;
  customFields?: Record<string, unknown> | null;
}

const lengths = {
  itemNumber: 100,
  itemName: 255,
  unitOfMeasure: 255,
  invoiceGroupNumber: 255,
  productCode: 255,
  purchaseOrderNumber: 255,
  description: 500,
};

/**
 * Everything about a new sales line item but its price (price.ts). Tax codes are looked up in the settings of the
 * entity; an unknown one is refused here rather than when the line is billed.
 */
export function judgeLineInput(input: OrderLineItemInput, orderDate: Day, taxCodes: readonly string[]): UserError[] {
  const errors = [
    ...checkTexts(input, lengths),
    ...checkFilled('itemName', input.itemName),
    ...checkFilled('itemNumber', input.itemNumber),
    ...checkPaymentTerm(input.paymentTerm),
    ...checkCustomFields(input.customFields),
    ...judgeStartState(
      input.billingRule ?? 'TriggerWithoutFulfillment',
      input.itemState ?? 'Executing',
      input.billTargetDate ?? null,
    ),
  ];
  if (!isPositive(input.quantity)) {
    errors.push(userError('INVALID_VALUE', `quantity is ${input.quantity}; it must be above 0.`, ['quantity']));
  }
  if (input.itemType == null) errors.push(userError('REQUIRED', 'A sales line item needs an itemType.', ['itemType']));
  if (input.taxCode != null && !taxCodes.includes(input.taxCode)) {
    errors.push(userError('INVALID_VALUE', "taxCode is not one of the entity's tax codes.", ['taxCode']));
  }
  const start = input.transactionStartDate ?? orderDate;
  if (input.transactionEndDate != null && input.transactionEndDate < start) {
    errors.push(
      userError('INVALID_VALUE', `transactionEndDate is before the start date ${start}.`, ['transactionEndDate']),
    );
  }
  return errors;
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

/** How one fulfillment counts, before or after a change; null where it does not exist. */
export type Counted = { state: FulfillmentState; quantity: Decimal } | null;

const fulfils = (f: Counted) => f !== null && ['Booked', 'SentToBilling', 'Complete'].includes(f.state);
const sends = (f: Counted) => f !== null && ['SentToBilling', 'Complete'].includes(f.state);
const opens = (f: Counted) => f !== null && ['Executing', 'Booked'].includes(f.state);
const moved = (total: Decimal, counts: (f: Counted) => boolean, before: Counted, after: Counted): Decimal => {
  const less = counts(before) ? subtract(total, before!.quantity) : total;
  return counts(after) ? add(less, after!.quantity) : less;
};

/** The line's counters after one of its fulfillments has changed. The only place where counters move. */
export function withFulfillment<L extends QuantityFacts>(line: L, before: Counted, after: Counted): L {
  return {
    ...line,
    fulfilledQuantity: moved(line.fulfilledQuantity, fulfils, before, after),
    sentQuantity: moved(line.sentQuantity, sends, before, after),
    fulfillmentCount: line.fulfillmentCount + Number(after !== null) - Number(before !== null),
    openFulfillmentCount: line.openFulfillmentCount + Number(opens(after)) - Number(opens(before)),
  };
}

/** Refuses a quantity above what is pending. `available` is what is left for this fulfillment. */
export function judgeQuantity(requested: Decimal, available: Decimal): UserError[] {
  if (compare(requested, available) <= 0) return [];
  const left = isPositive(available) ? available : '0';
  return [
    userError('QUANTITY_EXCEEDED', `${requested} is more than the ${left} still pending fulfillment.`, ['quantity'], {
      kind: 'QuantityExceeded',
      requested,
      available: left,
    }),
  ];
}
