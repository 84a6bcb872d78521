import type { FastifyInstance } from 'fastify';
import { Refusal, userError } from '../../domain/errors';
import type { FulfillmentChange } from '../../domain/fulfillment-change';
import { type FulfillmentFields, fixedFields, fulfillmentFields } from '../../domain/fulfillment-fields';
import { inputWith } from '../../graph/guard/coerce';
import type { Billed } from '../../service/billing';
import { type CreateFulfillmentsInput, createFulfillments, findFulfillment } from '../../service/fulfillment';
import { deleteFulfillment, updateFulfillment } from '../../service/fulfillment-change';
import { itemsOfFulfillment } from '../../service/fulfillment-item';
import { sendReply } from '../request';
import {
  isObject,
  lookUp,
  needs,
  number,
  performOnce,
  type RestOptions,
  read,
  render,
  withCustomFields,
  withEach,
  workOf,
} from './adapter';
import { shownItem } from './fulfillment-item';

/**
 * The published REST operations on fulfillments: a thin adapter. The graph's input types read the bodies, so that REST
 * and the graph cannot drift apart. The services do the rest.
 */
export function fulfillmentRoutes(app: FastifyInstance, options: RestOptions): void {
  const { services } = options;
  const updated = inputWith('UpdateFulfillmentInput', 'CreateFulfillmentInput', fixedFields);
  app.post('/v1/fulfillments', needs('fulfill'), async (request, reply) => {
    const body = withEach(request.body, 'fulfillments', normalized);
    return performOnce(options, { request, reply, body }, (work) =>
      render(request, async () => {
        const result = await createFulfillments(work, read<CreateFulfillmentsInput>('CreateFulfillmentsInput', body));
        return {
          success: true,
          fulfillments: result.fulfillments.map((row) => ({
            id: row!.id,
            fulfillmentNumber: row!.fulfillmentNumber,
            fulfillmentItems: (result.items.get(row!.id) ?? []).map(({ id }) => ({ id })),
          })),
          ...billedReply(result),
        };
      }),
    );
  });

  app.get<{ Params: { key: string }; Querystring: { [name in (typeof itemsAsked)[number]]?: string } }>(
    '/v1/fulfillments/:key',
    needs('read'),
    async (request, reply) => {
      const withItems = itemsAsked.some((name) => request.query[name] === 'true');
      return lookUp(services, { request, reply }, async (work) => {
        const row = await findFulfillment(work, request.params.key);
        if (!row) throw new Refusal([userError('NOT_FOUND', 'No fulfillment has this id or number.')]);
        const fulfillment = {
          ...publishedFulfillment(row),
          ...(withItems && { fulfillmentItems: (await itemsOfFulfillment(work, row.id)).map(shownItem) }),
        };
        return { success: true, fulfillment };
      });
    },
  );

  app.put<{ Params: { key: string } }>('/v1/fulfillments/:key', needs('fulfill'), async (request, reply) => {
    const work = workOf(request, services);
    const rendered = await render(request, async () => {
      const change = read<FulfillmentChange>(updated, normalized(request.body));
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

/** What an operation has billed, as the published replies say it. */
export const billedReply = ({ invoices, creditMemos, payments, paidAmount }: Billed) => ({
  invoiceNumbers: invoices.length ? invoices.map((invoice) => invoice.invoiceNumber) : null,
  creditMemoNumbers: creditMemos.length ? creditMemos.map((memo) => memo.creditMemoNumber) : null,
  paidAmount: paidAmount === null ? null : number(paidAmount),
  // The published reply has room for one payment number. With several accounts the graph lists all payments.
  paymentNumber: payments.length === 1 ? payments[0].paymentNumber : null,
});

/** The fields of a fulfillment in GET: all that callers give, and all that the gateway adds. */
export const shownFields = [
  'id',
  'fulfillmentNumber',
  'state',
  ...(Object.keys(fulfillmentFields) as (keyof FulfillmentFields)[]),
] as const;

/** A fulfillment under its published names, alone and in its line item. */
export const publishedFulfillment = (row: { [field in (typeof shownFields)[number]]?: unknown }): object => ({
  ...Object.fromEntries(shownFields.map((field) => [field, row[field]])),
  quantity: number(String(row.quantity)),
  state: published(String(row.state)),
  customFields: row.customFields ?? {},
});

/** Parameters that ask for the items of a fulfillment: the published name, and our earlier name. */
const itemsAsked = ['fulfillment-items', 'fulfillmentItems'] as const;

/** The response enums of the published schemas spell Cancelled with two l. */
export const published = (state: string): string => (state === 'Canceled' ? 'Cancelled' : state);

/**
 * REST also takes custom fields beside the other fields, in items too, and both spellings of Canceled. The graph does
 * neither.
 */
function normalized(entry: unknown): unknown {
  return withState('state', withEach(withCustomFields(entry), 'fulfillmentItems', withCustomFields));
}

/** Reads both spellings of Canceled. */
export const withState = (field: string, entry: unknown): unknown =>
  isObject(entry) && entry[field] === 'Cancelled' ? { ...entry, [field]: 'Canceled' } : entry;
