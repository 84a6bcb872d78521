import type { FastifyInstance } from 'fastify';
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
import type { Work } from '../../service/run/work';
import { sendReply } from '../request';
import {
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

/** The published REST operations on fulfillment items. An item has an id and no number. */
export function fulfillmentItemRoutes(app: FastifyInstance, options: RestOptions): void {
  const { services } = options;
  const created = bodyOf('createFulfillmentItems', 'fulfillmentItems');
  app.post('/v1/fulfillment-items', needs('fulfill'), async (request, reply) => {
    const body = withEach(request.body, 'fulfillmentItems', withCustomFields);
    const act = async (work: Work) => {
      const input = read<{ fulfillmentItems: CreateFulfillmentItemInput[] }>(created, body);
      const { fulfillmentItems } = await createFulfillmentItems(work, input.fulfillmentItems);
      return { success: true, fulfillmentItems: fulfillmentItems.map((item) => ({ id: item!.id })) };
    };
    return performOnce(options, { request, reply, body }, (work) =>
      render(request, () => act(work), 'fulfillmentItems'),
    );
  });

  app.get<{ Params: { id: string } }>('/v1/fulfillment-items/:id', needs('read'), async (request, reply) => {
    return lookUp(services, { request, reply }, async (work) => {
      const item = await findFulfillmentItem(work, request.params.id);
      if (!item) throw new Refusal([userError('NOT_FOUND', 'No fulfillment item has this id.')]);
      return { success: true, fulfillmentItem: shownItem(item) };
    });
  });

  app.put<{ Params: { id: string } }>('/v1/fulfillment-items/:id', needs('fulfill'), async (request, reply) => {
    const work = workOf(request, services);
    const rendered = await render(request, async () => {
      const change = read<FulfillmentItemInput>('UpdateFulfillmentItemInput', withCustomFields(request.body));
      const { fulfillmentItems } = await updateFulfillmentItem(work, request.params.id, change);
      return { success: true, id: fulfillmentItems[0]!.id };
    });
    return sendReply(reply, rendered);
  });

  app.delete<{ Params: { id: string } }>('/v1/fulfillment-items/:id', needs('fulfill'), async (request, reply) => {
    const work = workOf(request, services);
    const rendered = await render(request, async () => {
      await deleteFulfillmentItem(work, request.params.id);
      return { success: true };
    });
    return sendReply(reply, rendered);
  });
}

/** The fields of an item in GET, alone and in its fulfillment. */
export const shownItem = ({
  id,
  fulfillmentId,
  itemIdentifier,
  description,
  customFields,
}: FulfillmentItemInput & { id: string; fulfillmentId: string }) => ({
  id,
  fulfillmentId,
  itemIdentifier,
  description,
  customFields: customFields ?? {},
});
