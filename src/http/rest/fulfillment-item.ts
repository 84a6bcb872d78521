import { Refusal, userError } from '../../domain/errors';
import type { FulfillmentItemInput } from '../../domain/fulfillment-item';
import { bodyOf } from '../../graph/guard/coerce';
import {
  type CreateFulfillmentItemInput,
  createFulfillmentItems,
  deleteFulfillmentItem,
  findFulfillmentItem,
  updateFulfillmentItem,
} from '../../service/fulfillment-item';
import { operation } from './operation';
import { Published, same } from './shape';

/** An item, alone and in its fulfillment. */
export const fulfillmentItem = new Published('FulfillmentItem', {
  id: 'id',
  fulfillmentId: 'fulfillment.id',
  ...same('itemIdentifier', 'description', 'customFields'),
});

/** The row of an item as the graph shows it. */
export const shownItem = <Row extends { fulfillmentId: string }>(row: Row) => ({
  ...row,
  fulfillment: { id: row.fulfillmentId },
});

/** The published REST operations on fulfillment items. An item has an id and no number. */
export const fulfillmentItemOperations = [
  operation<{ fulfillmentItems: CreateFulfillmentItemInput[] }>({
    ...{ method: 'POST', path: '/v1/fulfillment-items', scope: 'fulfill' },
    ...{ summary: 'Create fulfillment items', noun: 'FulfillmentItem' },
    body: {
      of: () => bodyOf('createFulfillmentItems', 'fulfillmentItems'),
      list: 'fulfillmentItems',
      example: { fulfillmentItems: [{ fulfillmentNumber: 'F-00000001', itemIdentifier: 'SN-1' }] },
    },
    reply: { fulfillmentItems: [{ id: 'id' }, 'The new items, in the order of the request.'] },
    act: async (work, { body }) => {
      const { fulfillmentItems } = await createFulfillmentItems(work, body.fulfillmentItems);
      return { fulfillmentItems: fulfillmentItems.map((item) => ({ id: item!.id })) };
    },
  }),
  operation({
    ...{ method: 'GET', path: '/v1/fulfillment-items/{id}', scope: 'read' },
    ...{ summary: 'Retrieve a fulfillment item', noun: 'FulfillmentItem', reply: { fulfillmentItem } },
    act: async (work, { key }) => {
      const item = await findFulfillmentItem(work, key);
      if (!item) throw new Refusal([userError('NOT_FOUND', 'No fulfillment item has this id.')]);
      return { fulfillmentItem: fulfillmentItem.write(shownItem(item)) };
    },
  }),
  operation<FulfillmentItemInput>({
    ...{ method: 'PUT', path: '/v1/fulfillment-items/{id}', scope: 'fulfill' },
    ...{ summary: 'Update a fulfillment item', noun: 'FulfillmentItem' },
    body: { of: 'UpdateFulfillmentItemInput', example: { itemIdentifier: 'SN-2', Lot__c: 'A-1' } },
    reply: { id: 'id' },
    act: async (work, { key, body }) => {
      const { fulfillmentItems } = await updateFulfillmentItem(work, key, body, { keepsCustomFields: true });
      return { id: fulfillmentItems[0]!.id };
    },
  }),
  operation({
    ...{ method: 'DELETE', path: '/v1/fulfillment-items/{id}', scope: 'fulfill' },
    ...{ summary: 'Delete a fulfillment item', noun: 'FulfillmentItem', reply: {} },
    act: async (work, { key }) => {
      await deleteFulfillmentItem(work, key);
      return {};
    },
  }),
];
