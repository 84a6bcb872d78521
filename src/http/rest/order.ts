import { Refusal, userError } from '../../domain/errors';
import { isObject } from '../../domain/json';
import { type CreateOrderInput, createOrder } from '../../service/order';
import { billedFields, billedIdFields, billedIds, billedReply } from './billed';
import { GraphRead } from './graph-read';
import { flag, isOn, operation } from './operation';
import { orderLineItem } from './order-line-item';
import { Made, Nodes, Optional, Published, type Shown, same } from './shape';
import { spelled } from './words';

/** There are no subscriptions here. */
const noSubscriptions = new Made(
  { type: 'array', maxItems: 0, items: {}, description: 'Always empty: there are no subscriptions here.' },
  () => [],
);

/** 100 line items are all that an order can have. They come in the order of their numbers (N25). */
const inOrder = '(first: 100, orderBy: { field: itemNumber, direction: ASC })';
const order = new Published('Order', {
  ...same('orderNumber', 'orderDate', 'category', 'description', 'reasonCode', 'createdDate', 'updatedDate'),
  status: 'state',
  createdBy: 'createdById',
  updatedBy: 'updatedById',
  existingAccountNumber: 'account.accountNumber',
  currency: 'account.currency',
  customFields: new Made({ type: 'object', description: 'Always empty: an order has no custom fields.' }, () => ({})),
  subscriptions: noSubscriptions,
  orderLineItems: new Nodes('orderLineItems', orderLineItem, inOrder),
});
const orderRead = new GraphRead<{ order: Shown | null }>(`query Order($key: ID!) {
  order(key: $key) { ${order.selection} }
}`);

/** The published REST operations on orders. Sources: Zuora, "Create an order", "Retrieve an order". */
export const orderOperations = [
  operation<CreateOrderInput>({
    ...{ method: 'POST', path: '/v1/orders', scope: 'order', summary: 'Create an order', noun: 'Order' },
    query: { returnIds: flag('`true` adds the ids of the order, the account and what was billed.') },
    body: {
      of: 'CreateOrderInput',
      but: {
        subscriptions: { type: ['array', 'null'], maxItems: 0, items: {}, description: 'Empty, null or absent.' },
      },
      into: withoutNothing,
      example: {
        ...{ existingAccountNumber: 'A-00000001', orderDate: '2022-01-01' },
        orderLineItems: [
          {
            ...{ itemName: 'Device', itemType: 'Product', itemState: 'Booked', quantity: 10, amountPerUnit: 12.5 },
            ...{ billingRule: 'TriggerAsFulfillmentOccurs', UOM: 'Each' },
          },
        ],
      },
    },
    reply: {
      orderNumber: 'orderNumber',
      accountNumber: 'account.accountNumber',
      status: 'state',
      orderLineItems: [
        { id: 'OrderLineItem.id', itemNumber: 'OrderLineItem.itemNumber' },
        'The new line items, in the order of the request.',
      ],
      subscriptionNumbers: noSubscriptions,
      ...billedFields,
      orderId: new Optional('id'),
      accountId: new Optional('account.id'),
      ...billedIdFields,
    },
    act: async (work, { body, query }) => {
      const { account, order, orderLineItems, ...billed } = await createOrder(work, body);
      return {
        orderNumber: order.orderNumber,
        accountNumber: account.accountNumber,
        status: spelled('OrderState', order.state),
        orderLineItems: orderLineItems.map(({ id, itemNumber }) => ({ id, itemNumber })),
        subscriptionNumbers: [],
        ...billedReply(billed),
        ...(isOn(query, 'returnIds') && { orderId: order.id, accountId: account.id, ...billedIds(billed) }),
      };
    },
  }),
  operation({
    ...{ method: 'GET', path: '/v1/orders/{key}', scope: 'read', summary: 'Retrieve an order', noun: 'Order' },
    reply: { order },
    act: async (work, { key, limits }) => {
      const found = await orderRead.data(work, limits, { key });
      if (!found.order) throw new Refusal([userError('NOT_FOUND', 'No order has this id or number.')]);
      return { order: order.write(found.order) };
    },
  }),
];

/** An order without subscriptions may say so. */
function withoutNothing(body: unknown): unknown {
  if (!isObject(body)) return body;
  const { subscriptions, ...order } = body;
  const isNothing = subscriptions === null || (Array.isArray(subscriptions) && subscriptions.length === 0);
  return isNothing ? order : body;
}
