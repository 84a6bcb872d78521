import type { HistorySubject } from '../../domain/history';
import type { Noun } from './nouns';

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
