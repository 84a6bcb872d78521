import type { FastifyInstance } from 'fastify';
import { Refusal, userError } from '../../domain/errors';
import { lookUp, needs, type RestOptions } from './adapter';
import { fieldsOf, GraphRead, type Shown } from './graph-read';
import { lineSelection, publishedLine } from './order-line-item';

/** The published REST operations on orders. Source: Zuora, "Retrieve an order". */
export function orderRoutes(app: FastifyInstance, { services, limits }: RestOptions): void {
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
