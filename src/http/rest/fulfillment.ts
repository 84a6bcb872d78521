import { Refusal, userError } from '../../domain/errors';
import type { FulfillmentChange } from '../../domain/fulfillment-change';
import { type FulfillmentFields, fixedFields, fulfillmentFields } from '../../domain/fulfillment-fields';
import { inputWith } from '../../graph/guard/coerce';
import { type CreateFulfillmentsInput, createFulfillments, findFulfillment } from '../../service/fulfillment';
import { deleteFulfillment, updateFulfillment } from '../../service/fulfillment-change';
import { itemsOfFulfillment } from '../../service/fulfillment-item';
import { billedFields, billedReply } from './billed';
import { fulfillmentItem, shownItem } from './fulfillment-item';
import { flag, isOn, operation } from './operation';
import { Nodes, Published, same } from './shape';

const { orderLineItemId: _, ...ownFields } = fulfillmentFields;

/** A fulfillment, alone and in its line item: all that callers give, and all that the gateway adds. */
export const fulfillment = new Published('Fulfillment', {
  ...same('id', 'fulfillmentNumber', 'state'),
  orderLineItemId: 'orderLineItem.id',
  ...same(...(Object.keys(ownFields) as (keyof FulfillmentFields)[])),
});

const withItems = new Published(
  'Fulfillment',
  { ...fulfillment.fields, fulfillmentItems: new Nodes('fulfillmentItems', fulfillmentItem, '', 'withItems') },
  'FulfillmentWithItems',
);

/** Parameters that ask for the items of a fulfillment: the published name, and our earlier name. */
const itemsAsked = {
  'fulfillment-items': flag('`true` adds the items of the fulfillment.'),
  fulfillmentItems: flag('The same as fulfillment-items.'),
};

/** The published REST operations on fulfillments. Sources: Zuora, "Create fulfillments", "Retrieve a fulfillment". */
export const fulfillmentOperations = [
  operation<CreateFulfillmentsInput>({
    ...{ method: 'POST', path: '/v1/fulfillments', scope: 'fulfill' },
    ...{ summary: 'Create fulfillments', noun: 'Fulfillment' },
    body: {
      of: 'CreateFulfillmentsInput',
      example: {
        fulfillments: [
          { orderLineItemId: '4028828c82819b740182821bb23e15c4', fulfillmentDate: '2022-01-01', quantity: 5 },
        ],
      },
    },
    reply: {
      fulfillments: [
        {
          ...{ id: 'id', fulfillmentNumber: 'fulfillmentNumber' },
          fulfillmentItems: [{ id: 'FulfillmentItem.id' }, 'Its items, in the order of the request.'],
        },
        'The new fulfillments, in the order of the request.',
      ],
      ...billedFields,
    },
    act: async (work, { body }) => {
      const result = await createFulfillments(work, body);
      return {
        fulfillments: result.fulfillments.map((row) => ({
          id: row!.id,
          fulfillmentNumber: row!.fulfillmentNumber,
          fulfillmentItems: (result.items.get(row!.id) ?? []).map(({ id }) => ({ id })),
        })),
        ...billedReply(result),
      };
    },
  }),
  operation({
    ...{ method: 'GET', path: '/v1/fulfillments/{key}', scope: 'read' },
    ...{ summary: 'Retrieve a fulfillment', noun: 'Fulfillment' },
    query: itemsAsked,
    reply: { fulfillment: withItems },
    act: async (work, { key, query }) => {
      const row = await findFulfillment(work, key);
      if (!row) throw new Refusal([userError('NOT_FOUND', 'No fulfillment has this id or number.')]);
      const isAsked = Object.keys(itemsAsked).some((name) => isOn(query, name));
      const items = isAsked ? { nodes: (await itemsOfFulfillment(work, row.id)).map(shownItem) } : undefined;
      return { fulfillment: withItems.write({ ...row, orderLineItem: { id: row.orderLineItemId }, withItems: items }) };
    },
  }),
  operation<FulfillmentChange>({
    ...{ method: 'PUT', path: '/v1/fulfillments/{key}', scope: 'fulfill' },
    ...{ summary: 'Update a fulfillment', noun: 'Fulfillment' },
    body: {
      of: () => inputWith('UpdateFulfillmentInput', 'CreateFulfillmentInput', fixedFields),
      example: { state: 'Booked', trackingNumber: '1Z999AA10123456784' },
    },
    reply: { id: 'id' },
    act: async (work, { key, body }) => ({
      id: (await updateFulfillment(work, key, body, { keepsCustomFields: true })).fulfillment.id,
    }),
  }),
  operation({
    ...{ method: 'DELETE', path: '/v1/fulfillments/{key}', scope: 'fulfill' },
    ...{ summary: 'Delete a fulfillment', noun: 'Fulfillment', reply: {} },
    act: async (work, { key }) => {
      await deleteFulfillment(work, key);
      return {};
    },
  }),
];
