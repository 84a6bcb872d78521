import type { HistorySubject } from '../../domain/history';
import type { Noun, nouns } from './nouns';

/**
 * The nouns of the objects with a history. Two subjects are absent: BillingSettings have no row among the nouns, and a
 * Refund is no object of the graph.
 */
export const nounOfSubject: Partial<Record<HistorySubject, Noun>> = {
  Account: 'account',
  Order: 'order',
  OrderLineItem: 'orderLineItem',
  Fulfillment: 'fulfillment',
  Invoice: 'invoice',
  CreditMemo: 'creditMemo',
  Payment: 'payment',
  BillRun: 'billRun',
};

/** The kinds of objects that something depends on. `all`: any. */
export type SubjectsRead = ReadonlySet<HistorySubject> | 'all';

type Read = readonly HistorySubject[] | 'all';

/**
 * The kinds of objects whose changes may change what an object of a type shows: its columns, computed fields and edges. An
 * object also changes where no entry of its own tells so: fulfillments move the quantities of their line item.
 */
const ofNouns = {
  Account: ['Account'],
  Order: ['Order', 'OrderLineItem'],
  OrderLineItem: ['OrderLineItem', 'Fulfillment'],
  Fulfillment: ['Fulfillment', 'OrderLineItem'],
  FulfillmentItem: ['Fulfillment'],
  Invoice: ['Invoice', 'CreditMemo', 'Payment'],
  InvoiceItem: ['Invoice'],
  InvoiceOffset: ['Invoice'],
  CreditMemo: ['CreditMemo', 'Invoice', 'Refund'],
  CreditMemoItem: ['CreditMemo'],
  CreditMemoApplication: ['CreditMemo', 'Invoice'],
  Payment: ['Payment', 'Refund', 'Invoice'],
  PaymentApplication: ['Payment', 'Invoice'],
  BillRun: ['BillRun'],
  BillRunFailure: ['BillRun'],
  // The entries of an object are read below the object, and an entry never changes.
  HistoryEntry: [],
} as const satisfies Record<(typeof nouns)[Noun]['typename'], Read>;

/** The settings round all amounts, so every query reads them. */
export const subjectsOfType: Readonly<Record<string, Read>> & { BillingSettings: readonly HistorySubject[] } = {
  ...ofNouns,
  Node: 'all',
  BillingDocument: ['Invoice', 'CreditMemo', 'Payment'],
  BillingSettings: ['BillingSettings'],
  FulfillmentSummary: ['Fulfillment', 'OrderLineItem', 'Account'],
  FulfillmentCount: ['Fulfillment'],
};

const judged: Read = ['Order', 'OrderLineItem', 'Fulfillment', 'Invoice', 'CreditMemo', 'Payment', 'BillRun'];
const billed: Read = ['Invoice', 'CreditMemo'];

/** What single fields depend on besides: those that the rules judge, and those that know what is billed. */
export const subjectsOfField: Readonly<Record<string, Read>> = {
  'OrderLineItem.allowedTransitions': judged,
  'OrderLineItem.editableFields': judged,
  'OrderLineItem.fulfillments': billed,
  'Fulfillment.allowedTransitions': judged,
  'Fulfillment.editableFields': judged,
  'Fulfillment.billed': billed,
  'Invoice.allowedActions': judged,
  'CreditMemo.allowedActions': judged,
  'BillRun.allowedActions': judged,
  'Query.fulfillments': billed,
  'Query.fulfillmentCounts': billed,
  'Query.fulfillmentSummary': billed,
};
