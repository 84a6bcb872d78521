import type { FastifyInstance } from 'fastify';
import { Refusal, userError } from '../../domain/errors';
import { type CreateOrderInput, createOrder } from '../../service/order';
import { isObject, lookUp, needs, performOnce, type RestOptions, read, render, withEach } from './adapter';
import { billedReply } from './fulfillment';
import { fieldsOf, GraphRead, type Shown } from './graph-read';
import { lineSelection, normalizedLine, publishedLine } from './order-line-item';

/** The published REST operations on orders. Sources: Zuora, "Create an order", "Retrieve an order". */
export function orderRoutes(app: FastifyInstance, options: RestOptions): void {
  const { services, limits } = options;
  app.post('/v1/orders', needs('order'), async (request, reply) => {
    const body = withEach(withoutNothing(request.body), 'orderLineItems', normalizedLine);
    return performOnce(options, { request, reply, body }, (work) =>
      render(request, async () => {
        const input = read<CreateOrderInput>('CreateOrderInput', body);
        const { account, order, orderLineItems, ...billed } = await createOrder(work, input);
        return {
          success: true,
          orderNumber: order.orderNumber,
          accountNumber: account.accountNumber,
          status: statuses[order.state],
          orderLineItems: orderLineItems.map(({ id, itemNumber }) => ({ id, itemNumber })),
          subscriptionNumbers: [],
          ...billedReply(billed),
        };
      }),
    );
  });

  app.get<{ Params: { key: string } }>('/v1/orders/:key', needs('read'), (request, reply) =>
    lookUp(services, { request, reply }, async (work) => {
      const { order } = await orderRead.data(work, limits, { key: request.params.key });
      if (!order) throw new Refusal([userError('NOT_FOUND', 'No order has this id or number.')]);
      return { success: true, order: publishedOrder(order) };
    }),
  );
}

const plain = [
  'orderNumber',
  'orderDate',
  'category',
  'description',
  'reasonCode',
  'createdDate',
  'updatedDate',
] as const;

interface ShownOrder extends Shown {
  state: 'Executing' | 'Complete' | 'Canceled';
  createdById: string;
  updatedById: string;
  account: { accountNumber: string; currency: string };
  orderLineItems: { nodes: Shown[] };
}

/** 100 line items are all that an order can have. They come in the order of their numbers (N25). */
const orderRead = new GraphRead<{ order: ShownOrder | null }>(`query Order($key: ID!) {
  order(key: $key) {
    ${plain.join(' ')} state createdById updatedById account { accountNumber currency }
    orderLineItems(first: 100, orderBy: { field: itemNumber, direction: ASC }) { nodes { ${lineSelection} } }
  }
}`);

/** An order without subscriptions may say so. */
function withoutNothing(body: unknown): unknown {
  if (!isObject(body)) return body;
  const { subscriptions, ...order } = body;
  const isNothing = subscriptions === null || (Array.isArray(subscriptions) && subscriptions.length === 0);
  return isNothing ? order : body;
}

/** The published statuses of an order. */
const statuses = { Executing: 'Executing', Complete: 'Completed', Canceled: 'Cancelled' };

/** An order under its published names. There are no subscriptions here. */
const publishedOrder = (order: ShownOrder): object => ({
  ...fieldsOf(order, plain, []),
  status: statuses[order.state],
  createdBy: order.createdById,
  updatedBy: order.updatedById,
  existingAccountNumber: order.account.accountNumber,
  currency: order.account.currency,
  customFields: {},
  subscriptions: [],
  orderLineItems: order.orderLineItems.nodes.map(publishedLine),
});
