import type { Order } from '../../store/query/list';
import type { Noun, NounNamed, RowOf } from './nouns';

/*
 * Every edge of the graph, declared once: target, column, form and description. Fields, loaders, prices, pictures and
 * tests are made from this list. Whether an edge to one object can be null follows from its column.
 */

interface One {
  form: 'one';
  target: Noun;
  /** The column of this row that holds the id of the target. */
  from: string;
  description: string;
  /**
   * The target may be outside the caller's scope; then the edge is null. For other edges, a foreign key and the scope
   * rule this out.
   */
  mayBeUnseen: boolean;
}

interface Page {
  form: 'page';
  target: Noun;
  /** The columns of the target that can hold the id of this row; one of them does. */
  by: string | readonly string[];
  description: string;
  /** The order if the client asks for none. Absent: the order of the target's list. */
  order?: Order;
  /** The column of this row that counts all of them. Absent: they are counted. */
  total?: string;
}

interface ShortList {
  form: 'list';
  target: Noun;
  by: string | readonly string[];
  description: string;
  /** Approximate number of objects, for the price of an operation. Absent: the usual size of a list. */
  size?: number;
}

type Edge = One | Page | ShortList;

/** Leads to one object. */
const one = <N extends Noun, const C extends string>(target: N, from: C, description: string, mayBeUnseen = false) =>
  ({ form: 'one', target, from, description, mayBeUnseen }) as const;

/** Leads to many objects, in pages. Takes the filter and orders of the target's list, if there are any. */
const page = <N extends Noun, const C extends string | readonly string[]>(
  target: N,
  by: C,
  description: string,
  { order, total }: { order?: Order; total?: string } = {},
) => ({ form: 'page', target, by, description, order, total }) as const;

/** Leads to a few objects, which come without pages. */
const short = <N extends Noun, const C extends string | readonly string[]>(
  target: N,
  by: C,
  description: string,
  size?: number,
) => ({ form: 'list', target, by, description, size }) as const;

const changes = page('historyEntry', 'subjectId', 'Every change of the object, the oldest first.');

/**
 * An edge starts at a column of its own row, or ends at a column of the target's row. An edge with any other column
 * does not compile.
 */
type Checked<E> = {
  [K in keyof E]: E[K] extends { form: 'one'; from: infer C }
    ? K extends `${infer Name}.${string}`
      ? C extends keyof RowOf<NounNamed<Name>>
        ? E[K]
        : never
      : never
    : E[K] extends { target: infer T extends Noun; by: infer C }
      ? (C extends readonly (infer Each)[] ? Each : C) extends keyof RowOf<T>
        ? E[K]
        : never
      : never;
};
const declared = <const E extends Record<string, Edge>>(edges: E & Checked<E>): E => edges;

export const edges = declared({
  'Account.orders': page('order', 'accountId', 'Orders of the account, returns included.'),
  'Account.invoices': page('invoice', 'accountId', 'Invoices to the account, drafts and Canceled ones included.'),
  'Account.creditMemos': page(
    'creditMemo',
    'accountId',
    'Credit memos to the account, drafts and Canceled ones included.',
  ),
  'Account.payments': page(
    'payment',
    'accountId',
    'Payments collected from the account, failed and refunded ones included.',
  ),
  'Account.history': changes,

  'Order.account': one('account', 'accountId', 'The account that ordered and is invoiced; never changes.'),
  // A client matches the reply of createOrder with its request by the order of the line items (N9). All were created at
  // one instant, with rising ids.
  'Order.orderLineItems': page(
    'orderLineItem',
    'orderId',
    'The line items of the order, at most 100. Default order: as in the request that created them.',
    { order: { field: 'createdDate', direction: 'ASC' } },
  ),
  'Order.history': changes,

  'OrderLineItem.order': one('order', 'orderId', 'The order that sells the line item or takes it back; never changes.'),
  'OrderLineItem.account': one(
    'account',
    'accountId',
    'The account that is invoiced or credited: the account of the order.',
  ),
  'OrderLineItem.originalOrderLineItem': one(
    'orderLineItem',
    'originalOrderLineItemId',
    'The sold line item that this return takes back; null on a sale.',
  ),
  'OrderLineItem.returnOrderLineItems': page(
    'orderLineItem',
    'originalOrderLineItemId',
    'Line items that return parts of this sale; empty on a return.',
  ),
  'OrderLineItem.fulfillments': page(
    'fulfillment',
    'orderLineItemId',
    'Deliveries or receipts of the line item, done or planned: at most 100. Empty if the billing rule is TriggerWithoutFulfillment.',
    { total: 'fulfillmentCount' },
  ),
  'OrderLineItem.invoiceItems': page(
    'invoiceItem',
    'orderLineItemId',
    'Charges for the line item on any invoice, drafts included.',
  ),
  'OrderLineItem.creditMemoItems': page(
    'creditMemoItem',
    'orderLineItemId',
    'Credits for the line item on any credit memo, drafts included.',
  ),
  'OrderLineItem.history': changes,

  'Fulfillment.orderLineItem': one(
    'orderLineItem',
    'orderLineItemId',
    'The line item that this fulfillment delivers or receives in part; never changes.',
  ),
  'Fulfillment.fulfillmentItems': page(
    'fulfillmentItem',
    'fulfillmentId',
    'Single assets in the fulfillment, in the order in which they were added; at most 100.',
  ),
  'Fulfillment.invoiceItems': short(
    'invoiceItem',
    'fulfillmentId',
    'Charges for the fulfillment; several if it was billed again after a cancelation or reversal.',
    2,
  ),
  'Fulfillment.creditMemoItems': short(
    'creditMemoItem',
    'fulfillmentId',
    'Credits for the fulfillment; several if it was billed again after a cancelation.',
    2,
  ),
  'Fulfillment.history': changes,

  'FulfillmentItem.fulfillment': one(
    'fulfillment',
    'fulfillmentId',
    'The fulfillment that delivered or received the asset; never changes.',
  ),

  'Invoice.account': one('account', 'accountId', 'The customer that the document is made out to; never changes.'),
  'Invoice.billRun': one(
    'billRun',
    'billRunId',
    'The bill run that made the invoice. Null if a request made it, or if the caller does not see the run.',
    true,
  ),
  'Invoice.invoiceItems': page(
    'invoiceItem',
    'invoiceId',
    'Charges of the invoice, line by line, in the order of the document.',
  ),
  'Invoice.paymentApplications': short(
    'paymentApplication',
    'invoiceId',
    'Payments applied to the invoice, one entry per payment, less refunds.',
  ),
  'Invoice.creditMemoApplications': short(
    'creditMemoApplication',
    'invoiceId',
    'Credit memos applied to the invoice, one entry per credit memo.',
  ),
  'Invoice.offsets': short(
    'invoiceOffset',
    ['invoiceId', 'negativeInvoiceId'],
    'Amounts by which negative invoices reduced this invoice. On a negative invoice, the amounts by which it reduced others.',
  ),
  'Invoice.history': changes,

  'InvoiceItem.invoice': one('invoice', 'invoiceId', 'The invoice that has this item; never changes.'),
  'InvoiceItem.orderLineItem': one(
    'orderLineItem',
    'orderLineItemId',
    'The line item that is charged; on a negative item, the return.',
  ),
  'InvoiceItem.fulfillment': one(
    'fulfillment',
    'fulfillmentId',
    'The delivery or receipt that is charged. Null for a line item without fulfillments.',
  ),

  'InvoiceOffset.invoice': one('invoice', 'invoiceId', 'The invoice whose balance the offset reduced.'),
  'InvoiceOffset.negativeInvoice': one(
    'invoice',
    'negativeInvoiceId',
    'The invoice below 0 that reduced the other invoice.',
  ),

  'CreditMemo.account': one('account', 'accountId', 'The customer that the document is made out to; never changes.'),
  'CreditMemo.billRun': one(
    'billRun',
    'billRunId',
    'The bill run that made the credit memo. Null if a request made it, or if the caller does not see the run.',
    true,
  ),
  'CreditMemo.creditMemoItems': page(
    'creditMemoItem',
    'creditMemoId',
    'Credits of the credit memo, line by line, in the order of the document.',
  ),
  'CreditMemo.reversedInvoice': one(
    'invoice',
    'reversedInvoiceId',
    'The invoice that the credit memo reverses in full; null if it credits returns.',
  ),
  'CreditMemo.applications': short(
    'creditMemoApplication',
    'creditMemoId',
    'Amounts of the credit memo that are applied, each with its invoice.',
  ),
  'CreditMemo.history': changes,

  'CreditMemoItem.creditMemo': one('creditMemo', 'creditMemoId', 'The credit memo that has this item; never changes.'),
  'CreditMemoItem.orderLineItem': one(
    'orderLineItem',
    'orderLineItemId',
    'The line item that is credited: the return or, on a reversal, the line item that was charged.',
  ),
  'CreditMemoItem.fulfillment': one(
    'fulfillment',
    'fulfillmentId',
    'The receipt that is credited or, on a reversal, the delivery. Null for a line item without fulfillments.',
  ),

  'CreditMemoApplication.creditMemo': one(
    'creditMemo',
    'creditMemoId',
    'The credit memo that is applied; its unappliedAmount falls by the amount.',
  ),
  'CreditMemoApplication.invoice': one(
    'invoice',
    'invoiceId',
    'The invoice that is credited; its balance falls by the amount.',
  ),

  'Payment.account': one('account', 'accountId', 'The account that paid; never changes.'),
  'Payment.applications': short(
    'paymentApplication',
    'paymentId',
    'Amounts of the payment that are applied, each with its invoice.',
  ),
  'Payment.history': page(
    'historyEntry',
    'subjectId',
    'Every change of the payment, its capture and refunds included, the oldest first.',
  ),

  'PaymentApplication.payment': one(
    'payment',
    'paymentId',
    'The payment that is applied; its unappliedAmount falls by the amount.',
  ),
  'PaymentApplication.invoice': one(
    'invoice',
    'invoiceId',
    'The invoice that is paid; its balance falls by the amount.',
  ),

  'BillRun.invoices': page('invoice', 'billRunId', 'Invoices made by the run, drafts and Canceled ones included.'),
  'BillRun.creditMemos': page(
    'creditMemo',
    'billRunId',
    'Credit memos made by the run, drafts and Canceled ones included.',
  ),
  'BillRun.failures': page(
    'billRunFailure',
    'billRunId',
    'Items and accounts that the run could not bill, post, cancel or remove, with the reasons.',
  ),
  'BillRun.history': page(
    'historyEntry',
    'subjectId',
    'Every change of the status, with the client that caused it, the oldest first. The documents have histories of their own.',
  ),

  'BillRunFailure.account': one('account', 'accountId', 'The customer whom the failure concerns.'),
  'BillRunFailure.orderLineItem': one(
    'orderLineItem',
    'orderLineItemId',
    'The line item that could not be billed, because it would carry a document past 13 digits before the decimal point. Null if the whole account failed.',
  ),
  'BillRunFailure.fulfillment': one(
    'fulfillment',
    'fulfillmentId',
    'The fulfillment that could not be billed. Null if the line item takes none, or if the whole account failed.',
  ),

  'BillingSettings.history': page(
    'historyEntry',
    'subjectId',
    'Every change of the settings, the oldest first, with client, time and fields. Visible to every caller that sees the settings, with any orgs of the entity.',
  ),
});

/** An edge that all types of an interface share with the interface. */
export const interfaceEdges = { 'BillingDocument.account': 'Invoice.account' } as const;

export type Edges = typeof edges;
type WithForm<F> = { [E in keyof Edges]: Edges[E] extends { form: F } ? E : never }[keyof Edges];
export type OneEdge = WithForm<'one'>;
export type PageEdge = WithForm<'page'>;
export type ShortEdge = WithForm<'list'>;
export type ManyEdge = PageEdge | ShortEdge;
export type TargetOf<E extends keyof Edges> = RowOf<Edges[E]['target']>;

export const allEdges = Object.keys(edges) as (keyof Edges)[];
export const oneEdges = allEdges.filter((edge): edge is OneEdge => edges[edge].form === 'one');
export const manyEdges = allEdges.filter((edge): edge is ManyEdge => edges[edge].form !== 'one');
