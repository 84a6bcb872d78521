import type { Noun, RowOf } from './nouns';

/*
 * The columns behind the fields that are computed: a statement reads only the columns of what was selected. Fields that show a column
 * as it is, and edges to one object, need no entry.
 */

const transitionFacts = ['orderLineItemId', 'state', 'quantity', 'billTargetDate'] as const;
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

type Needs = { readonly [N in Noun]?: Readonly<Record<string, readonly (keyof RowOf<N>)[]>> };

export const needs = {
  account: { org: ['orgId'], paymentMethod: ['paymentMethodToken'] },
  orderLineItem: {
    requiresFulfillment: ['billingRule'],
    quantityFulfilled: quantityFacts,
    quantityPendingFulfillment: quantityFacts,
    quantityAvailableForReturn: quantityFacts,
    inlineDiscountPerUnit: ['inlineDiscountType', 'inlineDiscountPerUnit', 'currency'],
    listPrice: priceFacts,
    discount: priceFacts,
    amount: priceFacts,
    amountWithoutTax: [...priceFacts, 'taxMode', 'taxCode'],
    allowedTransitions: [...quantityFacts, 'billTargetDate', 'originalOrderLineItemId'],
    editableFields: ['itemCategory', 'itemState'],
  },
  fulfillment: { allowedTransitions: transitionFacts, editableFields: transitionFacts },
  invoice: {
    documentNumber: ['invoiceNumber'],
    documentDate: ['invoiceDate'],
    allowedActions: [
      ...(['invoiceNumber', 'status', 'currency', 'amount', 'balance', 'reversed'] as const),
      ...(['accountId', 'billRunId'] as const),
    ],
  },
  creditMemo: {
    documentNumber: ['creditMemoNumber'],
    documentDate: ['creditMemoDate'],
    unappliedAmount: ['status', 'amount', 'appliedAmount', 'refundAmount', 'currency'],
    allowedActions: [
      ...(['creditMemoNumber', 'status', 'currency', 'amount', 'appliedAmount', 'refundAmount'] as const),
      ...(['reversedInvoiceId', 'sisterInvoiceId', 'billRunId'] as const),
    ],
  },
  creditMemoItem: { amount: ['amountWithoutTax', 'taxAmount', 'taxMode', 'currency'] },
  billRun: { allowedActions: ['status'] },
  payment: { unappliedAmount: ['status', 'amount', 'appliedAmount', 'refundAmount', 'currency'] },
  historyEntry: { subject: ['subjectType', 'subjectId'] },
} as const satisfies Needs;
