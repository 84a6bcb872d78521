import type { Order } from '../../store/query/list';
import type { Noun, NounNamed, RowOf } from './nouns';

/*
 * Every edge of the graph, once: what it leads to, the column behind it, its form, and what clients read about it. Fields, loaders,
 * prices, pictures and tests are made from this list. Whether an edge to one object may be null follows from its column.
 */

interface One {
  form: 'one';
  target: Noun;
  /** The column of this row that holds the id of the target. */
  from: string;
  description: string;
  /** The caller may be out of the target's scope: then the edge is null. Elsewhere a foreign key and the scope rule that out. */
  mayBeUnseen: boolean;
}

interface Page {
  form: 'page';
  target: Noun;
  /** The columns of the target that hold the id of this row: one of them does. */
  by: string | readonly string[];
  description: string;
  /** The order where the client asks for none, if that is not the order of the target's list. */
  order?: Order;
}

interface ShortList {
  form: 'list';
  target: Noun;
  by: string | readonly string[];
  description: string;
  /** About how many objects it has, for the price of an operation. The usual size of a list where absent. */
  size?: number;
}

type Edge = One | Page | ShortList;

/** Leads to one object. */
const one = <N extends Noun, const C extends string>(target: N, from: C, description: string, mayBeUnseen = false) =>
  ({ form: 'one', target, from, description, mayBeUnseen }) as const;

/** Leads to many objects, page by page; with the filter and the orders of the target's list, where it has them. */
const page = <N extends Noun, const C extends string | readonly string[]>(
  target: N,
  by: C,
  description: string,
  order?: Order,
) => ({ form: 'page', target, by, description, order }) as const;

/** Leads to a few objects by its nature, which come whole. */
const short = <N extends Noun, const C extends string | readonly string[]>(
  target: N,
  by: C,
  description: string,
  size?: number,
) => ({ form: 'list', target, by, description, size }) as const;

const changes = page('historyEntry', 'subjectId', 'Every change of it, the oldest first.');

/** An edge of a noun starts at a column of its own row, or ends at a column of the target's: others do not compile. */
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
  'Account.orders': page('order', 'accountId', 'What it has ordered, returns included.'),
  'Account.invoices': page('invoice', 'accountId', 'What was billed to it, drafts and canceled ones included.'),
  'Account.creditMemos': page('creditMemo', 'accountId', 'What was credited to it, drafts and canceled ones included.'),
  'Account.payments': page('payment', 'accountId', 'What was collected from it, failed and refunded ones included.'),
  'Account.history': changes,

  'Order.account': one('account', 'accountId', 'Who ordered, and is invoiced; never changes.'),
  // Line items come as they were ordered, which is how a client matches the reply of createOrder with its request (N9). They were
  // made at one instant, with ids that rise.
  'Order.orderLineItems': page(
    'orderLineItem',
    'orderId',
    'What was ordered, each at its price; at most 100. In the order of the request that ordered it where orderBy is absent.',
    { field: 'createdDate', direction: 'ASC' },
  ),
  'Order.history': changes,

  'OrderLineItem.order': one('order', 'orderId', 'Which sells it or takes it back; never changes.'),
  'OrderLineItem.account': one('account', 'accountId', 'Who is invoiced, or credited: the one of its order.'),
  'OrderLineItem.originalOrderLineItem': one(
    'orderLineItem',
    'originalOrderLineItemId',
    'The sold line item that this return takes back; null on a sale.',
  ),
  'OrderLineItem.returnOrderLineItems': page(
    'orderLineItem',
    'originalOrderLineItemId',
    'What takes back of this sale; nothing on a return.',
  ),
  'OrderLineItem.fulfillments': page(
    'fulfillment',
    'orderLineItemId',
    'What was delivered, or received, of it so far or is about to be: at most 100. None without the billing rule for it.',
  ),
  'OrderLineItem.invoiceItems': page(
    'invoiceItem',
    'orderLineItemId',
    'What was charged for it, on whatever invoice, drafts included.',
  ),
  'OrderLineItem.creditMemoItems': page(
    'creditMemoItem',
    'orderLineItemId',
    'What was credited for it, on whatever credit memo, drafts included.',
  ),
  'OrderLineItem.history': changes,

  'Fulfillment.orderLineItem': one(
    'orderLineItem',
    'orderLineItemId',
    'What it delivers, or takes back, a part of; never changes.',
  ),
  'Fulfillment.fulfillmentItems': page(
    'fulfillmentItem',
    'fulfillmentId',
    'Single assets in it, in the order in which they were added; at most 100.',
  ),
  'Fulfillment.invoiceItems': short(
    'invoiceItem',
    'fulfillmentId',
    'What was charged for it; several where it was billed again after a cancelation or reversal.',
    2,
  ),
  'Fulfillment.creditMemoItems': short(
    'creditMemoItem',
    'fulfillmentId',
    'What was credited for it; several where it was billed again after a cancelation.',
    2,
  ),
  'Fulfillment.history': changes,

  'FulfillmentItem.fulfillment': one(
    'fulfillment',
    'fulfillmentId',
    'What it was delivered or received in; never changes.',
  ),

  'Invoice.account': one('account', 'accountId', 'The customer it is made out to; never changes.'),
  'Invoice.billRun': one(
    'billRun',
    'billRunId',
    'Which run made it; null where a request did, or where the caller does not see the run.',
    true,
  ),
  'Invoice.invoiceItems': page(
    'invoiceItem',
    'invoiceId',
    'What it charges, line by line, in the order of the document.',
  ),
  'Invoice.paymentApplications': short(
    'paymentApplication',
    'invoiceId',
    'What was paid of it, payment by payment, less what was refunded.',
  ),
  'Invoice.creditMemoApplications': short(
    'creditMemoApplication',
    'invoiceId',
    'What was taken off its balance by credits, memo by memo.',
  ),
  'Invoice.offsets': short(
    'invoiceOffset',
    ['invoiceId', 'negativeInvoiceId'],
    'What negative invoices have reduced it by; on a negative one, what it has reduced others by.',
  ),
  'Invoice.history': changes,

  'InvoiceItem.invoice': one('invoice', 'invoiceId', 'Which document it stands on; never changes.'),
  'InvoiceItem.orderLineItem': one(
    'orderLineItem',
    'orderLineItemId',
    'What it charges for; on a negative item, the return.',
  ),
  'InvoiceItem.fulfillment': one(
    'fulfillment',
    'fulfillmentId',
    'Which delivery, or receipt, it charges for; null for a line item without fulfillments.',
  ),

  'InvoiceOffset.invoice': one('invoice', 'invoiceId', 'The one that owes less by it.'),
  'InvoiceOffset.negativeInvoice': one('invoice', 'negativeInvoiceId', 'The one below 0 that reduced it.'),

  'CreditMemo.account': one('account', 'accountId', 'The customer it is made out to; never changes.'),
  'CreditMemo.billRun': one(
    'billRun',
    'billRunId',
    'Which run made it; null where a request did, or where the caller does not see the run.',
    true,
  ),
  'CreditMemo.creditMemoItems': page(
    'creditMemoItem',
    'creditMemoId',
    'What it credits, line by line, in the order of the document.',
  ),
  'CreditMemo.reversedInvoice': one(
    'invoice',
    'reversedInvoiceId',
    'Which invoice it takes back whole; null where it credits returns.',
  ),
  'CreditMemo.applications': short('creditMemoApplication', 'creditMemoId', 'What of it is put against which invoice.'),
  'CreditMemo.history': changes,

  'CreditMemoItem.creditMemo': one('creditMemo', 'creditMemoId', 'Which document it stands on; never changes.'),
  'CreditMemoItem.orderLineItem': one(
    'orderLineItem',
    'orderLineItemId',
    'What it credits: the return, or, on a reversal, what had been charged for.',
  ),
  'CreditMemoItem.fulfillment': one(
    'fulfillment',
    'fulfillmentId',
    'Which receipt, or, on a reversal, which delivery it credits; null for a line item without fulfillments.',
  ),

  'CreditMemoApplication.creditMemo': one(
    'creditMemo',
    'creditMemoId',
    'Which memo it is a part of: that has so much less to be used.',
  ),
  'CreditMemoApplication.invoice': one('invoice', 'invoiceId', 'What it is put against: that owes so much less.'),

  'Payment.account': one('account', 'accountId', 'Who paid; never changes.'),
  'Payment.applications': short('paymentApplication', 'paymentId', 'What of it is put against which invoice.'),
  'Payment.history': page(
    'historyEntry',
    'subjectId',
    'Every change of it, its capture and refunds included, the oldest first.',
  ),

  'PaymentApplication.payment': one('payment', 'paymentId', 'The money that it is a part of.'),
  'PaymentApplication.invoice': one('invoice', 'invoiceId', 'What it is put against: that owes so much less.'),

  'BillRun.invoices': page('invoice', 'billRunId', 'What it has billed, drafts and canceled ones included.'),
  'BillRun.creditMemos': page('creditMemo', 'billRunId', 'What it has credited, drafts and canceled ones included.'),
  'BillRun.failures': page(
    'billRunFailure',
    'billRunId',
    'What it could not bill, or whose documents it could not post, cancel or remove, and why.',
  ),
  'BillRun.history': page(
    'historyEntry',
    'subjectId',
    'Every change of its status, and who brought it about, the oldest first. Its documents have histories of their own.',
  ),

  'BillRunFailure.account': one('account', 'accountId', 'The customer whose part of the run it is.'),
  'BillRunFailure.orderLineItem': one(
    'orderLineItem',
    'orderLineItemId',
    'The line item that could not be billed, since it would carry a document past 13 digits before the point; null where the account failed as a whole.',
  ),
  'BillRunFailure.fulfillment': one(
    'fulfillment',
    'fulfillmentId',
    'The fulfillment of the line item that could not be billed; null where the line item takes none, or the account failed as a whole.',
  ),

  'BillingSettings.history': page(
    'historyEntry',
    'subjectId',
    'Every change of the settings, the oldest first: who, when, and what. Seen by whoever sees the settings, in whatever orgs of the entity.',
  ),
});

/** An edge that all types of an interface have, and the interface as well. */
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
