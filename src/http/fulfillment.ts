import type { FastifyInstance } from 'fastify';
import { Refusal, userError } from '../domain/errors';
import type { FulfillmentChange } from '../domain/fulfillment-change';
import { type CreateFulfillmentsInput, createFulfillments, findFulfillment } from '../service/fulfillment';
import { deleteFulfillment, updateFulfillment } from '../service/fulfillment-change';
import { itemsOfFulfillment } from '../service/fulfillment-item';
import type { Services } from '../service/work';
import { shownItem } from './fulfillment-item';
import { type Afterwards, sendReply } from './request';
import { carryOut, isObject, lookUp, needs, number, read, render, withCustomFields, withEach, workOf } from './rest';

/**
 * The published REST operations on fulfillments: a thin adapter. Bodies are read by the graph's input types, so that
 * the two doors cannot drift apart, and the services do the rest.
 */
export function fulfillmentRoutes(app: FastifyInstance, services: Services, afterwards: Afterwards): void {
  app.post('/v1/fulfillments', needs('fulfill'), async (request, reply) => {
    const body = withEach(request.body, 'fulfillments', normalized);
    return carryOut({ services, afterwards }, { request, reply, body }, (work) =>
      render(request, async () => {
        const result = await createFulfillments(work, read<CreateFulfillmentsInput>('CreateFulfillmentsInput', body));
        return {
          success: true,
          fulfillments: result.fulfillments.map((row) => ({
            id: row!.id,
            fulfillmentNumber: row!.fulfillmentNumber,
            fulfillmentItems: (result.items.get(row!.id) ?? []).map(({ id }) => ({ id })),
          })),
          invoiceNumbers: result.invoices.length ? result.invoices.map((invoice) => invoice.invoiceNumber) : null,
          creditMemoNumbers: result.creditMemos.length ? result.creditMemos.map((memo) => memo.creditMemoNumber) : null,
          paidAmount: result.paidAmount === null ? null : number(result.paidAmount),
          // The published reply has room for one; with several accounts the graph lists them.
          paymentNumber: result.payments.length === 1 ? result.payments[0].paymentNumber : null,
        };
      }),
    );
  });

  app.get<{ Params: { key: string }; Querystring: { fulfillmentItems?: string } }>(
    '/v1/fulfillments/:key',
    needs('read'),
    async (request, reply) => {
      const withItems = request.query.fulfillmentItems === 'true';
      return lookUp(services, { request, reply }, async (work) => {
        const row = await findFulfillment(work, request.params.key);
        if (!row) throw new Refusal([userError('NOT_FOUND', 'No fulfillment has this id or number.')]);
        const { customFields, quantity } = row;
        const shown = Object.fromEntries(published.map((field) => [field, row[field]]));
        return {
          success: true,
          ...shown,
          quantity: number(quantity),
          ...customFields,
          ...(withItems && { fulfillmentItems: (await itemsOfFulfillment(work, row.id)).map(shownItem) }),
        };
      });
    },
  );

  app.put<{ Params: { key: string } }>('/v1/fulfillments/:key', needs('fulfill'), async (request, reply) => {
    const work = workOf(request, services);
    const rendered = await render(request, async () => {
      const change = read<FulfillmentChange>('UpdateFulfillmentInput', normalized(request.body));
      const { fulfillment } = await updateFulfillment(work, request.params.key, change);
      return { success: true, id: fulfillment.id };
    });
    return sendReply(reply, rendered);
  });

  app.delete<{ Params: { key: string } }>('/v1/fulfillments/:key', needs('fulfill'), async (request, reply) => {
    const work = workOf(request, services);
    const rendered = await render(request, async () => {
      await deleteFulfillment(work, request.params.key);
      return { success: true };
    });
    return sendReply(reply, rendered);
  });
}

/** What GET shows of a fulfillment, in the published order. */
const published = [
  'id',
  'fulfillmentNumber',
  'orderLineItemId',
  'fulfillmentDate',
  'fulfillmentType',
  'quantity',
  'state',
  'billTargetDate',
  'description',
  'carrier',
  'trackingNumber',
  'fulfillmentSystem',
  'fulfillmentLocation',
  'externalId',
  'excludeItemBillingFromRevenueAccounting',
  'excludeItemBookingFromRevenueAccounting',
] as const;

/** REST writes custom fields beside the others, in items too, and spells Canceled in two ways; the graph does neither. */
function normalized(entry: unknown): unknown {
  const flat = withEach(withCustomFields(entry), 'fulfillmentItems', withCustomFields);
  return isObject(flat) && flat.state === 'Cancelled' ? { ...flat, state: 'Canceled' } : flat;
}
