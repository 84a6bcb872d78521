import { Made, same } from '../shape';
import { Queried } from './queried';

/*
 * The fields of the objects that the views show, under their published names.
 * Source: Zuora, "Object Queries" (v1 API reference).
 */

const audit = same('createdById', 'createdDate', 'updatedById', 'updatedDate');
const accountId = { accountId: 'account.id' };

export const account = {
  ...same('id', 'accountNumber', 'name', 'currency', 'paymentTerm'),
  status: new Made(
    { const: 'Active', description: 'Always Active: accounts here have no other status.' },
    () => 'Active',
  ),
  ...audit,
};
export const order = {
  ...same('id', 'orderNumber', 'orderDate', 'category', 'description', 'reasonCode'),
  ...{ status: 'state', ...accountId },
  ...audit,
};
export const orderLineItem = {
  ...same(
    'id',
    'itemNumber',
    'itemName',
    'itemType',
    'itemCategory',
    'itemState',
    'billingRule',
    'requiresFulfillment',
  ),
  ...same('quantity', 'quantityFulfilled', 'quantityPendingFulfillment', 'quantityAvailableForReturn'),
  ...same('listPricePerUnit', 'listPrice', 'amountPerUnit', 'amount', 'amountWithoutTax', 'discount'),
  ...same('inlineDiscountType', 'inlineDiscountPerUnit', 'taxMode', 'taxCode', 'billTargetDate', 'currency'),
  ...same('transactionStartDate', 'transactionEndDate', 'paymentTerm', 'invoiceGroupNumber', 'productCode'),
  ...same('purchaseOrderNumber', 'description', 'soldTo', 'shipTo', 'relatedSubscriptionNumber'),
  ...same('productRatePlanChargeId', 'customFields'),
  uOM: 'unitOfMeasure',
  orderId: 'order.id',
  invoiceOwnerAccountId: 'account.id',
  originalOrderId: 'originalOrderLineItem.order.id',
  originalOrderNumber: 'originalOrderLineItem.order.orderNumber',
  originalOrderDate: 'originalOrderLineItem.order.orderDate',
  originalOrderLineItemId: 'originalOrderLineItem.id',
  ...audit,
};
export const fulfillment = {
  ...same('id', 'fulfillmentNumber', 'fulfillmentDate', 'fulfillmentType', 'state', 'quantity', 'billTargetDate'),
  ...same('description', 'carrier', 'trackingNumber', 'fulfillmentSystem', 'fulfillmentLocation', 'externalId'),
  ...same('excludeItemBillingFromRevenueAccounting', 'excludeItemBookingFromRevenueAccounting', 'customFields'),
  orderLineItemId: 'orderLineItem.id',
  ...audit,
};
export const fulfillmentItem = {
  ...same('id', 'itemIdentifier', 'description', 'customFields'),
  fulfillmentId: 'fulfillment.id',
};
export const invoice = {
  ...same('id', 'invoiceNumber', 'invoiceDate', 'dueDate', 'targetDate', 'postedDate', 'status', 'reversed'),
  ...same('amount', 'amountWithoutTax', 'taxAmount', 'balance', 'currency', 'source'),
  ...{ ...accountId, sourceId: 'billRun.billRunNumber' },
  ...audit,
};
const ofItem = {
  ...same('id', 'chargeName', 'quantity', 'unitPrice', 'taxAmount', 'taxMode'),
  ...{ orderLineItemId: 'orderLineItem.id', fulfillmentId: 'fulfillment.id' },
};
export const invoiceItem = {
  ...ofItem,
  ...same('chargeAmount', 'serviceStartDate', 'serviceEndDate'),
  ...{ uOM: 'unitOfMeasure', invoiceId: 'invoice.id', accountId: 'invoice.account.id' },
};
export const creditMemo = {
  ...same('id', 'targetDate', 'postedDate', 'status', 'reasonCode', 'taxAmount', 'appliedAmount', 'refundAmount'),
  ...same('currency', 'source'),
  ...{ memoNumber: 'creditMemoNumber', memoDate: 'creditMemoDate', totalAmount: 'amount', balance: 'unappliedAmount' },
  ...{ totalAmountWithoutTax: 'amountWithoutTax', invoiceId: 'reversedInvoice.id' },
  ...{ ...accountId, sourceId: 'billRun.billRunNumber' },
  ...audit,
};
export const creditMemoItem = {
  ...ofItem,
  ...same('amount', 'amountWithoutTax', 'unitOfMeasure'),
  ...{ creditMemoId: 'creditMemo.id' },
};
export const payment = {
  ...same('id', 'paymentNumber', 'amount', 'appliedAmount', 'unappliedAmount', 'refundAmount', 'currency'),
  ...same('effectiveDate', 'status'),
  ...accountId,
  ...audit,
};
export const billRun = {
  ...same('id', 'billRunNumber', 'status', 'targetDate', 'invoiceDate', 'autoPost'),
  ...audit,
};
const application = { ...same('id', 'amount'), applicationDate: 'appliedDate' };
export const memoApplication = { ...application, creditMemoId: 'creditMemo.id', invoiceId: 'invoice.id' };
export const paymentApplication = { ...application, paymentId: 'payment.id', invoiceId: 'invoice.id' };

export const queried = (type: string, fields: Queried['fields'], suffix = '') =>
  new Queried(type, fields, `Queried${type}${suffix}`);
/** The objects without what can be expanded. */
export const plain = {
  account: queried('Account', account),
  order: queried('Order', order),
  orderLineItem: queried('OrderLineItem', orderLineItem),
  fulfillment: queried('Fulfillment', fulfillment),
  invoice: queried('Invoice', invoice),
  invoiceItem: queried('InvoiceItem', invoiceItem),
  creditMemo: queried('CreditMemo', creditMemo),
  creditMemoItem: queried('CreditMemoItem', creditMemoItem),
  payment: queried('Payment', payment),
  paymentApplication: queried('PaymentApplication', paymentApplication),
};
