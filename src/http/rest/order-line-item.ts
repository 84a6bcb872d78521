import { Refusal, userError } from '../../domain/errors';
import type { OrderLineItemChange } from '../../domain/order-line-item-change';
import type { ProcessingOptions } from '../../domain/payment';
import {
  type UpdateOrderLineItemsInput,
  updateOrderLineItem,
  updateOrderLineItems,
} from '../../service/order-line-item-change';
import { billedFields, billedReply } from './billed';
import { fulfillment } from './fulfillment';
import { GraphRead } from './graph-read';
import { flag, isOn, operation } from './operation';
import { Made, Nodes, Published, type Shown, same } from './shape';

const fields = {
  ...same('id', 'itemNumber', 'itemName', 'itemType', 'itemCategory', 'itemState', 'billingRule'),
  ...same('requiresFulfillment', 'inlineDiscountType', 'taxMode', 'taxCode', 'billTargetDate'),
  ...same('transactionStartDate', 'transactionEndDate', 'paymentTerm', 'invoiceGroupNumber', 'productCode'),
  ...same('purchaseOrderNumber', 'description', 'currency', 'customFields', 'quantity', 'quantityFulfilled'),
  ...same('quantityPendingFulfillment', 'quantityAvailableForReturn', 'listPricePerUnit', 'listPrice'),
  ...same('amountPerUnit', 'amount', 'amountWithoutTax', 'discount', 'inlineDiscountPerUnit'),
  ...same('soldTo', 'shipTo', 'relatedSubscriptionNumber', 'productRatePlanChargeId', 'communicationProfileId'),
  UOM: 'unitOfMeasure',
  orderId: 'order.id',
  invoiceOwnerAccountId: 'account.id',
  invoiceOwnerAccountName: 'account.name',
  invoiceOwnerAccountNumber: 'account.accountNumber',
  ownerAccountNumber: new Made(
    { type: 'string', description: 'Number of the account that owns the line item; without one, that of the order.' },
    ({ ownerAccountNumber, account }) => ownerAccountNumber ?? (account as Shown).accountNumber,
    'ownerAccountNumber account { accountNumber }',
  ),
  originalOrderDate: 'originalOrderLineItem.order.orderDate',
  originalOrderId: 'originalOrderLineItem.order.id',
  originalOrderNumber: 'originalOrderLineItem.order.orderNumber',
  originalOrderLineItemId: 'originalOrderLineItem.id',
  originalOrderLineItemNumber: 'originalOrderLineItem.itemNumber',
};

/** A line item in its order. */
export const orderLineItem = new Published('OrderLineItem', fields);

/** 100 fulfillments are all that a line item can have. */
const inOrder = '(first: 100, orderBy: { field: fulfillmentNumber, direction: ASC })';
const withFulfillments = new Published(
  'OrderLineItem',
  { ...fields, fulfillments: new Nodes('fulfillments', fulfillment, inOrder, 'withFulfillments') },
  'OrderLineItemWithFulfillments',
);
const lineRead = new GraphRead<{
  orderLineItem: Shown | null;
}>(`query OrderLineItem($id: ID!, $withFulfillments: Boolean!) {
  orderLineItem(id: $id) { ${withFulfillments.selection} }
}`);

/**
 * The published REST operations on order line items. A line item has an id and no number of its own.
 * Sources: Zuora, "Retrieve an order line item", "Update an order line item", "Update order line items".
 */
export const orderLineItemOperations = [
  operation({
    ...{ method: 'GET', path: '/v1/order-line-items/{id}', scope: 'read' },
    ...{ summary: 'Retrieve an order line item', noun: 'OrderLineItem' },
    query: { fulfillment: flag('`true` adds the fulfillments of the line item, in the order of their numbers.') },
    reply: { orderLineItem: withFulfillments },
    act: async (work, { key: id, query, limits }) => {
      const found = await lineRead.data(work, limits, { id, withFulfillments: isOn(query, 'fulfillment') });
      if (!found.orderLineItem) throw new Refusal([userError('NOT_FOUND', 'No order line item has this id.')]);
      return { orderLineItem: withFulfillments.write(found.orderLineItem) };
    },
  }),
  operation<OrderLineItemChange & { processingOptions?: ProcessingOptions | null }>({
    ...{ method: 'PUT', path: '/v1/order-line-items/{id}', scope: 'order' },
    ...{ summary: 'Update an order line item', noun: 'OrderLineItem' },
    body: { of: 'UpdateOrderLineItemInput', example: { itemState: 'SentToBilling', billTargetDate: '2022-01-01' } },
    reply: { id: 'id' },
    act: async (work, { key, body }) => ({
      id: (await updateOrderLineItem(work, key, body, { keepsCustomFields: true })).orderLineItem.id,
    }),
  }),
  operation<UpdateOrderLineItemsInput>({
    ...{ method: 'POST', path: '/v1/order-line-items/bulk', scope: 'order' },
    ...{ summary: 'Update order line items', noun: 'OrderLineItem' },
    body: {
      of: 'UpdateOrderLineItemsInput',
      example: {
        orderLineItems: [{ id: '4028828c82819b740182821bb23e15c4', description: 'Deliver to the back door' }],
        processingOptions: { runBilling: true },
      },
    },
    reply: billedFields,
    act: async (work, { body }) => billedReply(await updateOrderLineItems(work, body, { keepsCustomFields: true })),
  }),
];
