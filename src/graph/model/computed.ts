import { amountWithoutTax, type Money } from '../../domain/billing';
import { itemAmount, unappliedCredit } from '../../domain/credit-memo';
import { money } from '../../domain/currency';
import { eventType } from '../../domain/history';
import { quantitiesOf, requiresFulfillment } from '../../domain/order-line-item';
import { unappliedAmount } from '../../domain/payment';
import { amount, dependsOnRounding, discount, listPrice } from '../../domain/price';
import type { Form } from './columns';
import type { Noun, RowOf } from './nouns';

/*
 * Fields that are no column. A field that follows from its row, or from its row and the billing settings, is computed
 * here, once. If SQL can express the same, store/query/computed.ts does, and a property test checks that both agree.
 */

const quantityFacts = [
  'itemCategory',
  'itemState',
  'billingRule',
  'quantity',
  'fulfilledQuantity',
  'sentQuantity',
  'returnedQuantity',
  'fulfillmentCount',
  'openFulfillmentCount',
] as const;
const priceFacts = [
  'quantity',
  'currency',
  'listPricePerUnit',
  'amountPerUnit',
  'inlineDiscountType',
  'inlineDiscountPerUnit',
] as const;
const moneyFacts = ['status', 'amount', 'appliedAmount', 'refundAmount', 'currency'] as const;

interface Computed {
  noun: Noun;
  form: Form;
  nullable: boolean;
  needs: readonly string[];
  value: (row: never, settings: Money) => string | boolean | null;
  description: string;
  /** Whether the value of a row depends on the settings. Absent: no row does. */
  settings?: (row: never) => boolean;
}

/** The function gets only the columns that it needs. A column that is missing from the list does not compile. */
const computed =
  <N extends Noun>(noun: N) =>
  <const C extends keyof RowOf<N> & string>(
    form: Form,
    needs: readonly C[],
    value: (row: Pick<RowOf<N>, C>, settings: Money) => string | boolean | null,
    description: string,
    { nullable = false, settings }: { nullable?: boolean; settings?: (row: Pick<RowOf<N>, C>) => boolean } = {},
  ) => ({ noun, form, nullable, needs, value, description, settings });
const ofLine = computed('orderLineItem');

export const computedFields = {
  'OrderLineItem.requiresFulfillment': ofLine(
    'boolean',
    ['billingRule'],
    requiresFulfillment,
    'Whether billingRule is TriggerAsFulfillmentOccurs, so that the line item is delivered or received in parts.',
  ),
  'OrderLineItem.quantityFulfilled': ofLine(
    'decimal',
    quantityFacts,
    (line) => quantitiesOf(line).quantityFulfilled,
    'Fulfilled quantity, in unitOfMeasure. With fulfillments: the sum of those that are Booked, SentToBilling or Complete. Without: all of it from Booked on. Source: Zuora, "State-based quantity calculations for order line items and fulfillments".',
  ),
  'OrderLineItem.quantityPendingFulfillment': ofLine(
    'decimal',
    quantityFacts,
    (line) => quantitiesOf(line).quantityPendingFulfillment,
    'Quantity that fulfillments may still take, in unitOfMeasure: quantity less quantityFulfilled. Executing and Canceled fulfillments take nothing. 0 without fulfillments, and once the line item is Canceled.',
  ),
  'OrderLineItem.quantityAvailableForReturn': ofLine(
    'decimal',
    quantityFacts,
    (line) => quantitiesOf(line).quantityAvailableForReturn,
    'Quantity that can be returned, in unitOfMeasure: the part that is SentToBilling or Complete, less the returns from Booked on. A return counts with its whole quantity. 0 on a return. Source: Zuora, "Order line items return".',
  ),
  'OrderLineItem.inlineDiscountPerUnit': ofLine(
    'decimal',
    ['inlineDiscountType', 'inlineDiscountPerUnit', 'currency'],
    ({ inlineDiscountType: type, inlineDiscountPerUnit: value, currency }) =>
      value !== null && type === 'FixedAmount' ? money(value, currency) : value,
    'Discount on the list price of each unit: percent points if inlineDiscountType is Percentage, money in the currency if it is FixedAmount. Null if it is None.',
    { nullable: true },
  ),
  'OrderLineItem.listPrice': ofLine(
    'money',
    priceFacts,
    (line, { roundingMode }) => listPrice(line, roundingMode),
    'listPricePerUnit x quantity in the currency, rounded to its decimals by BillingSettings.roundingMode. Source: Zuora, "Data type rounding rules".',
    { settings: dependsOnRounding },
  ),
  'OrderLineItem.discount': ofLine(
    'money',
    priceFacts,
    (line, { roundingMode }) => discount(line, roundingMode),
    'Discount on the whole quantity, in the currency: listPrice less amount, both rounded. 0 if inlineDiscountType is None.',
    { settings: dependsOnRounding },
  ),
  'OrderLineItem.amount': ofLine(
    'money',
    priceFacts,
    (line, { roundingMode }) => amount(line, roundingMode),
    'amountPerUnit x quantity in the currency, rounded to its decimals by BillingSettings.roundingMode. Includes tax if taxMode is TaxInclusive. Billing rounds each item, so parts may add up to a little more or less.',
    { settings: dependsOnRounding },
  ),
  'OrderLineItem.amountWithoutTax': ofLine(
    'money',
    [...priceFacts, 'taxMode', 'taxCode'],
    amountWithoutTax,
    'The rounded amount less the tax in it, in the currency. With TaxInclusive, the tax follows from the current rate of the tax code; otherwise this equals amount. Source: Zuora, "Order line item fields".',
    { settings: (line) => line.taxMode === 'TaxInclusive' || dependsOnRounding(line) },
  ),
  'Invoice.documentNumber': computed('invoice')(
    'number',
    ['invoiceNumber'],
    ({ invoiceNumber }) => invoiceNumber,
    'Equals invoiceNumber, under the name that all documents share.',
  ),
  'Invoice.documentDate': computed('invoice')(
    'day',
    ['invoiceDate'],
    ({ invoiceDate }) => invoiceDate,
    'Equals invoiceDate, under the name that all documents share.',
  ),
  'CreditMemo.documentNumber': computed('creditMemo')(
    'number',
    ['creditMemoNumber'],
    ({ creditMemoNumber }) => creditMemoNumber,
    'Equals creditMemoNumber, under the name that all documents share.',
  ),
  'CreditMemo.documentDate': computed('creditMemo')(
    'day',
    ['creditMemoDate'],
    ({ creditMemoDate }) => creditMemoDate,
    'Equals creditMemoDate, under the name that all documents share.',
  ),
  'CreditMemo.unappliedAmount': computed('creditMemo')(
    'money',
    moneyFacts,
    unappliedCredit,
    'amount less appliedAmount and refundAmount, in the currency: what is left to use while the credit memo is Posted. 0 once it is Canceled.',
  ),
  'CreditMemoItem.amount': computed('creditMemoItem')(
    'money',
    ['amountWithoutTax', 'taxAmount', 'taxMode', 'currency'],
    itemAmount,
    'Credited amount, in the currency: with tax if taxMode is TaxInclusive, otherwise amountWithoutTax. Source: Zuora, "GETCreditMemoItemType".',
  ),
  'Payment.unappliedAmount': computed('payment')(
    'money',
    moneyFacts,
    unappliedAmount,
    'Amount applied to no invoice, in the currency: amount less appliedAmount and refundAmount. 0 if the money was not taken in the end.',
  ),
  'HistoryEntry.type': computed('historyEntry')(
    'text',
    ['subjectType', 'action'],
    eventType,
    'subjectType and action, such as Fulfillment.Book.',
  ),
} satisfies Record<string, Computed>;
export type ComputedField = keyof typeof computedFields;

const transitionFacts = ['orderLineItemId', 'state', 'quantity', 'billTargetDate'] as const;

/** The columns behind fields whose resolvers read more than the row: other rows, the settings, or the caller. */
type Needs = { readonly [N in Noun]?: Readonly<Record<string, readonly (keyof RowOf<N>)[]>> };

export const needs = {
  account: { org: ['orgId'], paymentMethod: ['paymentMethodToken'] },
  orderLineItem: {
    allowedTransitions: [...quantityFacts, 'billTargetDate', 'originalOrderLineItemId'],
    editableFields: ['itemCategory', 'itemState'],
  },
  fulfillment: { allowedTransitions: transitionFacts, editableFields: transitionFacts },
  invoice: {
    allowedActions: [
      ...(['invoiceNumber', 'status', 'currency', 'amount', 'balance', 'reversed'] as const),
      ...(['accountId', 'billRunId'] as const),
    ],
  },
  creditMemo: {
    allowedActions: [
      ...(['creditMemoNumber', 'status', 'currency', 'amount', 'appliedAmount', 'refundAmount'] as const),
      ...(['reversedInvoiceId', 'sisterInvoiceId', 'billRunId'] as const),
    ],
  },
  billRun: { allowedActions: ['status'] },
  historyEntry: { actorName: ['actor'], subject: ['subjectType', 'subjectId'] },
} as const satisfies Needs;
