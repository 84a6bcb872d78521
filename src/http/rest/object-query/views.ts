import { Nodes } from '../shape';
import { day, type Filter, flag, id, instant, number, one, states, text, word } from './filters';
import * as objects from './objects';
import { plain, queried } from './objects';
import type { Queried } from './queried';

/*
 * The views of /object-query: which fields objects show there, what they are filtered and sorted by, and what can be expanded. Names
 * are the published ones. Why some published fields are missing, and what the graph has beside: docs/query-views.md.
 * Source: Zuora, "Object Queries" (v1 API reference) and "Expand, filter, fields, and sort".
 */

/** An edge that leads from an object to the page of a list, or to its documents. It is read only where a request expands it. */
const expanded = (field: string, of: Queried, path: string, args = ''): Nodes =>
  new Nodes(field, of, args, variableOf(path));
/** Expanded lists are cut at the size of the page. */
const page = '(first: $first)';

/** The variable of the query that asks for an expansion. */
export const variableOf = (path: string): string => `with_${path.replaceAll('.', '_')}`;

/** A field of the root, or of a parent, that leads to the objects of a view. */
export interface Source {
  /** The field of the root that finds the parent, and its argument. */
  root: string;
  argument: 'key' | 'id';
  /** The field of the parent. */
  field: string;
}

/** One view: a path, and what it shows. */
export interface View {
  path: string;
  /** The name in sentences. */
  called: string;
  object: Queried;
  filters: Readonly<Record<string, Filter>>;
  sorts: Readonly<Record<string, string>>;
  /** The list of the root; without it, the parents by whose id objects are found. */
  list?: string;
  parents?: Readonly<Record<string, Source>>;
  /** The field of the root that finds one object, and its argument; without it, `node`. */
  one?: { field: string; argument: 'key' | 'id' };
}

const byKey = (field: string) => ({ field, argument: 'key' }) as const;
/** Ids rise with time, so their order is that of the creation. */
const audited = { updateddate: 'updatedDate', createddate: 'createdDate', id: 'createdDate' };
const always = { id: id('id'), updateddate: instant('updatedDate') };
const ofAccount = { accountid: id('account.id', 'accountId') };

export const views: readonly View[] = [
  {
    ...{ path: 'fulfillments', called: 'fulfillment', list: 'fulfillments', one: byKey('fulfillment') },
    object: queried(
      'Fulfillment',
      {
        ...objects.fulfillment,
        orderLineItem: expanded('orderLineItem', plain.orderLineItem, 'orderlineitem'),
        invoiceItems: expanded('invoiceItems', plain.invoiceItem, 'invoiceitems'),
        creditMemoItems: expanded('creditMemoItems', plain.creditMemoItem, 'creditmemoitems'),
      },
      'Page',
    ),
    filters: {
      ...always,
      createddate: instant('createdDate'),
      orderlineitemid: id('orderLineItem.id', 'orderLineItemId'),
      fulfillmentnumber: text('fulfillmentNumber'),
      state: states('state', 'FulfillmentState'),
      externalid: text('externalId'),
    },
    sorts: audited,
  },
  {
    ...{ path: 'fulfillment-items', called: 'fulfillment item' },
    object: queried(
      'FulfillmentItem',
      {
        ...objects.fulfillmentItem,
        fulfillment: expanded('fulfillment', plain.fulfillment, 'fulfillment'),
      },
      'Page',
    ),
    parents: { fulfillmentid: { root: 'fulfillment', argument: 'key', field: 'fulfillmentItems' } },
    ...{ filters: {}, sorts: {} },
  },
  {
    ...{ path: 'order-line-items', called: 'order line item', list: 'orderLineItems' },
    one: { field: 'orderLineItem', argument: 'id' },
    object: queried(
      'OrderLineItem',
      {
        ...objects.orderLineItem,
        order: expanded('order', plain.order, 'order'),
        invoiceItems: expanded('invoiceItems', plain.invoiceItem, 'invoiceitems', page),
        creditMemoItems: expanded('creditMemoItems', plain.creditMemoItem, 'creditmemoitems', page),
        fulfillments: expanded('fulfillments', plain.fulfillment, 'fulfillments', page),
      },
      'Page',
    ),
    filters: {
      ...always,
      itemname: text('itemName'),
      itemnumber: text('itemNumber'),
      itemstate: states('itemState', 'OrderLineItemState'),
      itemtype: one('itemType', 'ItemType'),
      orderid: id('order.id', 'orderId'),
      productcode: text('productCode'),
      productrateplanchargeid: text('productRatePlanChargeId'),
      relatedsubscriptionnumber: text('relatedSubscriptionNumber'),
      soldto: text('soldTo'),
      invoiceowneraccountid: ofAccount.accountid,
      uom: text('unitOfMeasure'),
      originalorderid: id('originalOrderLineItem.order.id', 'originalOrderId'),
      originalordernumber: text('originalOrderLineItem.order.orderNumber', 'originalOrderNumber'),
      originalorderlineitemid: id('originalOrderLineItem.id', 'originalOrderLineItemId'),
      inlinediscounttype: one('inlineDiscountType', 'InlineDiscountType'),
    },
    sorts: { ...audited, itemname: 'itemName', itemnumber: 'itemNumber' },
  },
  {
    ...{ path: 'orders', called: 'order', list: 'orders', one: byKey('order') },
    object: queried(
      'Order',
      {
        ...objects.order,
        account: expanded('account', plain.account, 'account'),
        orderLineItems: expanded(
          'orderLineItems',
          queried(
            'OrderLineItem',
            {
              ...objects.orderLineItem,
              invoiceItems: expanded('invoiceItems', plain.invoiceItem, 'orderlineitems.invoiceitems', page),
            },
            'OfOrder',
          ),
          'orderlineitems',
          page,
        ),
      },
      'Page',
    ),
    filters: {
      ...always,
      orderdate: day('orderDate'),
      ordernumber: text('orderNumber'),
      ...ofAccount,
      status: one('state', 'OrderState'),
    },
    sorts: { ...audited, orderdate: 'orderDate', ordernumber: 'orderNumber' },
  },
  {
    ...{ path: 'accounts', called: 'account', list: 'accounts', one: byKey('account') },
    object: queried(
      'Account',
      {
        ...objects.account,
        invoices: expanded('invoices', plain.invoice, 'invoices', page),
        creditMemos: expanded('creditMemos', plain.creditMemo, 'creditmemos', page),
        payments: expanded('payments', plain.payment, 'payments', page),
      },
      'Page',
    ),
    filters: {
      ...always,
      accountnumber: text('accountNumber'),
      name: text('name'),
      currency: word('currency'),
    },
    sorts: { ...audited, name: 'name', accountnumber: 'accountNumber' },
  },
  {
    ...{ path: 'invoices', called: 'invoice', list: 'invoices', one: byKey('invoice') },
    object: queried(
      'Invoice',
      {
        ...objects.invoice,
        account: expanded('account', plain.account, 'account'),
        invoiceItems: expanded('invoiceItems', plain.invoiceItem, 'invoiceitems', page),
        creditMemoApplications: expanded(
          'creditMemoApplications',
          queried(
            'CreditMemoApplication',
            {
              ...objects.memoApplication,
              creditMemo: expanded('creditMemo', plain.creditMemo, 'creditmemoapplications.creditmemo'),
            },
            'OfInvoice',
          ),
          'creditmemoapplications',
        ),
        paymentApplications: expanded(
          'paymentApplications',
          queried(
            'PaymentApplication',
            {
              ...objects.paymentApplication,
              payment: expanded('payment', plain.payment, 'paymentapplications.payment'),
            },
            'OfInvoice',
          ),
          'paymentapplications',
        ),
      },
      'Page',
    ),
    filters: {
      ...always,
      ...ofAccount,
      ...{ amount: number('amount'), balance: number('balance'), duedate: day('dueDate') },
      ...{ invoicedate: day('invoiceDate'), invoicenumber: text('invoiceNumber'), reversed: flag('reversed') },
      ...{ source: word('source'), status: one('status', 'InvoiceStatus') },
    },
    sorts: {
      ...audited,
      ...{ amount: 'amount', balance: 'balance', duedate: 'dueDate', invoicedate: 'invoiceDate' },
      invoicenumber: 'invoiceNumber',
    },
  },
  {
    ...{ path: 'invoice-items', called: 'invoice item' },
    object: queried(
      'InvoiceItem',
      {
        ...objects.invoiceItem,
        invoice: expanded('invoice', plain.invoice, 'invoice'),
        orderLineItem: expanded('orderLineItem', plain.orderLineItem, 'orderlineitem'),
      },
      'Page',
    ),
    parents: {
      invoiceid: { root: 'invoice', argument: 'key', field: 'invoiceItems' },
      orderlineitemid: { root: 'orderLineItem', argument: 'id', field: 'invoiceItems' },
      fulfillmentid: { root: 'fulfillment', argument: 'key', field: 'invoiceItems' },
    },
    ...{ filters: {}, sorts: {} },
  },
  {
    ...{ path: 'credit-memos', called: 'credit memo', list: 'creditMemos', one: byKey('creditMemo') },
    object: queried(
      'CreditMemo',
      {
        ...objects.creditMemo,
        account: expanded('account', plain.account, 'account'),
        creditMemoItems: expanded('creditMemoItems', plain.creditMemoItem, 'creditmemoitems', page),
        creditMemoApplications: expanded(
          'applications',
          queried('CreditMemoApplication', objects.memoApplication),
          'creditmemoapplications',
        ),
      },
      'Page',
    ),
    filters: {
      ...always,
      ...ofAccount,
      memodate: day('creditMemoDate'),
      memonumber: text('creditMemoNumber'),
      status: one('status', 'CreditMemoStatus'),
    },
    sorts: { ...audited, memodate: 'creditMemoDate', memonumber: 'creditMemoNumber' },
  },
  {
    ...{ path: 'credit-memo-items', called: 'credit memo item' },
    object: queried(
      'CreditMemoItem',
      {
        ...objects.creditMemoItem,
        orderLineItem: expanded('orderLineItem', plain.orderLineItem, 'orderlineitem'),
      },
      'Page',
    ),
    parents: {
      creditmemoid: { root: 'creditMemo', argument: 'key', field: 'creditMemoItems' },
      orderlineitemid: { root: 'orderLineItem', argument: 'id', field: 'creditMemoItems' },
      fulfillmentid: { root: 'fulfillment', argument: 'key', field: 'creditMemoItems' },
    },
    ...{ filters: {}, sorts: {} },
  },
  {
    ...{ path: 'payments', called: 'payment', list: 'payments', one: byKey('payment') },
    object: queried(
      'Payment',
      {
        ...objects.payment,
        account: expanded('account', plain.account, 'account'),
        paymentApplications: expanded('applications', plain.paymentApplication, 'paymentapplications'),
      },
      'Page',
    ),
    filters: {
      ...always,
      ...ofAccount,
      effectivedate: day('effectiveDate'),
      paymentnumber: text('paymentNumber'),
      status: one('status', 'PaymentStatus'),
    },
    sorts: { ...audited, effectivedate: 'effectiveDate', paymentnumber: 'paymentNumber' },
  },
  {
    ...{ path: 'bill-runs', called: 'bill run', list: 'billRuns', one: byKey('billRun') },
    object: queried('BillRun', objects.billRun, 'Page'),
    filters: {
      updateddate: instant('updatedDate'),
      targetdate: day('targetDate'),
      status: one('status', 'BillRunStatus'),
    },
    sorts: { ...audited, billrunnumber: 'billRunNumber' },
  },
];
