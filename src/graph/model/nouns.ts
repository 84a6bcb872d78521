import { accounts } from '../../store/account';
import { billRuns } from '../../store/bill-run';
import { billRunFailures } from '../../store/bill-run-chunk';
import { creditMemoApplications, creditMemoItems, creditMemos } from '../../store/credit-memo';
import { fulfillments } from '../../store/fulfillment';
import { fulfillmentItems } from '../../store/fulfillment-item';
import { historyEntries } from '../../store/history';
import { invoiceItems, invoiceOffsets, invoices } from '../../store/invoice';
import { orders } from '../../store/order';
import { orderLineItems } from '../../store/order-line-item';
import { paymentApplications, payments } from '../../store/payment';
import type { List } from '../../store/query/list';

interface NounSpec {
  typename: string;
  list: List;
  /** The column of the business number, by which an object can be found too. */
  number?: string;
}

/** The nouns of the graph: the name of the type, and the list of the store with its rows. */
export const nouns = {
  account: { typename: 'Account', list: accounts, number: 'accountNumber' },
  order: { typename: 'Order', list: orders, number: 'orderNumber' },
  orderLineItem: { typename: 'OrderLineItem', list: orderLineItems },
  fulfillment: { typename: 'Fulfillment', list: fulfillments, number: 'fulfillmentNumber' },
  fulfillmentItem: { typename: 'FulfillmentItem', list: fulfillmentItems },
  invoice: { typename: 'Invoice', list: invoices, number: 'invoiceNumber' },
  invoiceItem: { typename: 'InvoiceItem', list: invoiceItems },
  invoiceOffset: { typename: 'InvoiceOffset', list: invoiceOffsets },
  creditMemo: { typename: 'CreditMemo', list: creditMemos, number: 'creditMemoNumber' },
  creditMemoItem: { typename: 'CreditMemoItem', list: creditMemoItems },
  creditMemoApplication: { typename: 'CreditMemoApplication', list: creditMemoApplications },
  payment: { typename: 'Payment', list: payments, number: 'paymentNumber' },
  paymentApplication: { typename: 'PaymentApplication', list: paymentApplications },
  billRun: { typename: 'BillRun', list: billRuns, number: 'billRunNumber' },
  billRunFailure: { typename: 'BillRunFailure', list: billRunFailures },
  historyEntry: { typename: 'HistoryEntry', list: historyEntries },
} as const satisfies Record<string, NounSpec>;

export type Noun = keyof typeof nouns;
type Typename = (typeof nouns)[Noun]['typename'];
export type RowOf<N extends Noun> = NonNullable<(typeof nouns)[N]['list']['row']>;
/** The noun of a type. */
export type NounNamed<T> = { [N in Noun]: (typeof nouns)[N]['typename'] extends T ? N : never }[Noun];

export const allNouns = Object.keys(nouns) as Noun[];

/** The noun with this type name; undefined if the type is no noun. */
export const nounNamed = (typename: string): Noun | undefined =>
  allNouns.find((noun) => nouns[noun].typename === (typename as Typename));

/** The list of a noun whose name is known only at run time. */
export const listOf = <N extends Noun>(noun: N): List<RowOf<N>> => nouns[noun].list as List as List<RowOf<N>>;

/** The column of a noun's business number; undefined if it has none. */
export const numberOf = (noun: Noun): string | undefined => (nouns[noun] as NounSpec).number;
