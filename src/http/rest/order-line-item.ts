import type { FastifyInstance } from 'fastify';
import { Refusal, userError } from '../../domain/errors';
import type { OrderLineItemChange } from '../../domain/order-line-item-change';
import type { ProcessingOptions } from '../../domain/payment';
import {
  type UpdateOrderLineItemsInput,
  updateOrderLineItem,
  updateOrderLineItems,
} from '../../service/order-line-item-change';
import { sendReply } from '../request';
import {
  isObject,
  lookUp,
  needs,
  performOnce,
  type RestOptions,
  read,
  render,
  withCustomFields,
  withEach,
  workOf,
} from './adapter';
import { billedReply, published, publishedFulfillment, shownFields, withState } from './fulfillment';
import { fieldsOf, GraphRead, type Shown } from './graph-read';

/**
 * The published REST operations on order line items. A line item has an id and no number of its own.
 * Sources: Zuora, "Retrieve an order line item", "Update an order line item", "Update order line items".
 */
export function orderLineItemRoutes(app: FastifyInstance, options: RestOptions): void {
  const { services, limits, afterwards } = options;
  app.get<{ Params: { id: string }; Querystring: { fulfillment?: string } }>(
    '/v1/order-line-items/:id',
    needs('read'),
    async (request, reply) => {
      const withFulfillments = request.query.fulfillment === 'true';
      return lookUp(services, { request, reply }, async (work) => {
        const { id } = request.params;
        const { orderLineItem } = await lineRead.data(work, limits, { id, withFulfillments });
        if (!orderLineItem) throw new Refusal([userError('NOT_FOUND', 'No order line item has this id.')]);
        return { success: true, orderLineItem: publishedLine(orderLineItem) };
      });
    },
  );

  app.put<{ Params: { id: string } }>('/v1/order-line-items/:id', needs('order'), async (request, reply) => {
    const work = workOf(request, services);
    const acted = render(request, async () => {
      const change = read<OrderLineItemChange & { processingOptions?: ProcessingOptions | null }>(
        'UpdateOrderLineItemInput',
        normalizedLine(request.body),
      );
      const { orderLineItem } = await updateOrderLineItem(work, request.params.id, change);
      return { success: true, id: orderLineItem.id };
    });
    afterwards.after(reply, work, acted);
    return sendReply(reply, await acted);
  });

  app.post('/v1/order-line-items/bulk', needs('order'), async (request, reply) => {
    const body = withEach(request.body, 'orderLineItems', normalizedLine);
    return performOnce(options, { request, reply, body }, (work) =>
      render(request, async () => {
        const input = read<UpdateOrderLineItemsInput>('UpdateOrderLineItemsInput', body);
        return { success: true, ...billedReply(await updateOrderLineItems(work, input)) };
      }),
    );
  });
}

/** The fields of a line item that come as the graph has them. */
const plain = [
  ...['id', 'itemNumber', 'itemName', 'itemType', 'itemCategory', 'billingRule', 'requiresFulfillment'],
  ...['inlineDiscountType', 'taxMode', 'taxCode', 'billTargetDate', 'transactionStartDate', 'transactionEndDate'],
  ...['paymentTerm', 'invoiceGroupNumber', 'productCode', 'purchaseOrderNumber', 'description', 'currency'],
  ...['soldTo', 'shipTo', 'relatedSubscriptionNumber', 'productRatePlanChargeId', 'communicationProfileId'],
] as const;
/** Decimals, which REST writes as numbers. */
const decimals = [
  ...['quantity', 'quantityFulfilled', 'quantityPendingFulfillment', 'quantityAvailableForReturn'],
  ...['listPricePerUnit', 'listPrice', 'amountPerUnit', 'amount', 'amountWithoutTax', 'discount'],
  'inlineDiscountPerUnit',
] as const;
/** On the graph the line item of a fulfillment is an object. */
const fulfillmentFields = shownFields.filter((field) => field !== 'orderLineItemId');

interface ShownLine extends Shown {
  itemState: string;
  unitOfMeasure: string | null;
  ownerAccountNumber: string | null;
  customFields: object | null;
  account: { id: string; name: string; accountNumber: string };
  order: { id: string };
  originalOrderLineItem: Original | null;
  fulfillments?: { nodes: Shown[] };
}

interface Original {
  id: string;
  itemNumber: string;
  order: { id: string; orderNumber: string; orderDate: string };
}

/** What is asked of a line item, alone and in its order. */
export const lineSelection = `${plain.join(' ')} ${decimals.join(' ')} itemState unitOfMeasure ownerAccountNumber customFields
    account { id name accountNumber } order { id } originalOrderLineItem { id itemNumber order { id orderNumber orderDate } }`;

/** 100 fulfillments are all that a line item can have. */
const lineRead = new GraphRead<{
  orderLineItem: ShownLine | null;
}>(`query OrderLineItem($id: ID!, $withFulfillments: Boolean!) {
  orderLineItem(id: $id) {
    ${lineSelection}
    fulfillments(first: 100, orderBy: { field: fulfillmentNumber, direction: ASC }) @include(if: $withFulfillments) {
      nodes { ${fulfillmentFields.join(' ')} }
    }
  }
}`);

/** A line item under its published names. */
export function publishedLine(shown: Shown): object {
  const line = shown as ShownLine;
  const { account, originalOrderLineItem: original, fulfillments } = line;
  return {
    ...fieldsOf(line, plain, decimals),
    itemState: published(line.itemState),
    UOM: line.unitOfMeasure,
    customFields: line.customFields ?? {},
    orderId: line.order.id,
    invoiceOwnerAccountId: account.id,
    invoiceOwnerAccountName: account.name,
    invoiceOwnerAccountNumber: account.accountNumber,
    ownerAccountNumber: line.ownerAccountNumber ?? account.accountNumber,
    originalOrderDate: original?.order.orderDate ?? null,
    originalOrderId: original?.order.id ?? null,
    originalOrderNumber: original?.order.orderNumber ?? null,
    originalOrderLineItemId: original?.id ?? null,
    originalOrderLineItemNumber: original?.itemNumber ?? null,
    ...(fulfillments && {
      fulfillments: fulfillments.nodes.map((each) => publishedFulfillment({ ...each, orderLineItemId: line.id })),
    }),
  };
}

/** The published names of fields that the graph calls otherwise (N24). */
const renamed = { UOM: 'unitOfMeasure', transactionDate: 'transactionStartDate' };

/** Published fields that would change how a line item is billed. There is no rule for them here, so only null is taken. */
const unbilled = ['billTo', 'sequenceSetId', 'invoiceTemplateId'];

/** Custom fields beside the others, both spellings of Canceled, and the published names. A field that comes under both names is refused. */
export function normalizedLine(entry: unknown): unknown {
  const flat = withState('itemState', withCustomFields(entry));
  if (!isObject(flat)) return flat;
  const fields = Object.entries(flat).flatMap(([name, value]): [string, unknown][] => {
    if (value === null && unbilled.includes(name)) return [];
    const own = renamed[name as keyof typeof renamed];
    return [[own && !(own in flat) ? own : name, value]];
  });
  return Object.fromEntries(fields);
}
