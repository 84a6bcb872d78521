import type { GraphQLResolveInfo } from 'graphql';
import { RequestError } from '../../domain/errors';
import type { WebhookDeliveryStatus } from '../../domain/webhook-endpoint';
import type { HistoryEntryRow } from '../../store/history';
import type { Listed } from '../../store/query/list';
import { testEntry, type WebhookDeliveryRow } from '../../store/webhook-delivery';
import { endpointsOf, type WebhookEndpointRow } from '../../store/webhook-endpoint';
import {
  deliveriesById,
  deliveryCounts,
  deliveryPages,
  type ListedDelivery,
  pendingCounts,
} from '../../store/webhook-read';
import type { GraphContext } from '../context';
import { countCosts } from '../guard/cost';
import { columnsOf } from './columns';
import { Page, type RelayConnection, windowOf } from './connections';
import { decodeCursor, encodeCursor, signatureOf } from './cursor';
import { selectedFields } from './selection';
import { showInPlace } from './show';

/* Webhook endpoints and deliveries. They belong to a client, so they are no nouns, whose rows belong to orgs. */

export const shownEndpoint = (row: WebhookEndpointRow) => ({ ...row, __typename: 'WebhookEndpoint' });
const shownDelivery = (row: WebhookDeliveryRow) => ({ ...row, __typename: 'WebhookDelivery' });

/** All endpoints of the caller's client in its entity. */
export async function ownEndpoints({ work, caller }: GraphContext): Promise<ReturnType<typeof shownEndpoint>[]> {
  return (await endpointsOf(work.reads(), caller.clientId)).map(shownEndpoint);
}

/** An endpoint of the caller's client; null if it has none with this id. */
export function ownEndpoint(
  { loaders, work, caller }: GraphContext,
  id: string,
): Promise<ReturnType<typeof shownEndpoint> | null> {
  const load = async (ids: readonly string[]) => {
    const rows = await endpointsOf(work.reads(), caller.clientId, ids);
    return new Map(rows.map((row) => [row.id, shownEndpoint(row)]));
  };
  return loaders.loader<ReturnType<typeof shownEndpoint> | null>('webhook endpoint', load, null).load(id);
}

/** A delivery of one of the client's endpoints; null if there is none with this id. */
export function ownDelivery(
  { loaders, work, caller }: GraphContext,
  id: string,
): Promise<ReturnType<typeof shownDelivery> | null> {
  const load = async (ids: readonly string[]) => {
    const rows = await deliveriesById(work.reads(), caller.clientId, ids);
    return new Map(rows.map((row) => [row.id, shownDelivery(row)]));
  };
  return loaders.loader<ReturnType<typeof shownDelivery> | null>('webhook delivery', load, null).load(id);
}

const counted = (rows: readonly { endpointId: string; count: number }[]): Map<string, number> =>
  new Map(rows.map(({ endpointId, count }) => [endpointId, count]));

/** How many deliveries of an endpoint are Pending. */
export function pendingCount({ loaders, work, reply }: GraphContext, id: string): Promise<number> {
  reply.addReading(countCosts.edge);
  const load = async (ids: readonly string[]) => counted(await pendingCounts(work.reads(), ids));
  return loaders.loader('pending webhook deliveries', load, 0).load(id);
}

/** A page of deliveries. A row's cursor is the place of its event. */
class DeliveryPage extends Page<ListedDelivery> {
  protected override cursorOf({ sortValue, eventId }: Listed<ListedDelivery>): string {
    return encodeCursor(this.asked.signature(), { value: sortValue, id: eventId });
  }
}

interface DeliveriesArgs {
  first?: number | null;
  after?: string | null;
  status?: WebhookDeliveryStatus | null;
}

const order = { field: 'position', direction: 'DESC' } as const;

/** The deliveries of an endpoint, the newest event first. @throws RequestError PAGE_SIZE, BAD_CURSOR */
export function deliveriesOf(
  { loaders, work, reply, maxPageSize }: GraphContext,
  endpointId: string,
  { first, after, status = null }: DeliveriesArgs,
): RelayConnection<ListedDelivery> {
  const { size, cursor } = windowOf({ first, after }, maxPageSize);
  const signature = () => signatureOf('WebhookEndpoint.deliveries', order, { status });
  const from = cursor === null ? null : decodeCursor(cursor, signature(), { sql: 'position', type: 'numeric' });
  if (from && !/^\d{1,18}$/.test(from.value)) throw new RequestError('BAD_CURSOR');
  const query = { status, from, limit: size + 1 };
  const load = async (ids: readonly string[]) => {
    const pages = new Map<string, Listed<ListedDelivery>[]>();
    for (const row of await deliveryPages(work.reads(), ids, query)) {
      const page = pages.get(row.endpointId) ?? [];
      page.push(shownDelivery(row) as Listed<ListedDelivery> & { __typename: string });
      pages.set(row.endpointId, page);
    }
    return pages;
  };
  const name = JSON.stringify(query);
  const pages = loaders.loader<Listed<ListedDelivery>[]>(`webhook deliveries ${name}`, load, []);
  const totals = loaders.loader<number>(
    `count webhook deliveries ${status}`,
    async (ids) => counted(await deliveryCounts(work.reads(), ids, status)),
    0,
  );
  const asked = { query: { properties: [], from, limit: query.limit, backward: false }, signature };
  return new DeliveryPage(
    asked,
    () => pages.load(endpointId),
    () => {
      reply.addReading(countCosts.edge);
      return totals.load(endpointId);
    },
  );
}

/** When a delivery is tried next; null while its endpoint is disabled. */
export async function nextAttempt(
  context: GraphContext,
  { endpointId, nextAttemptDate }: WebhookDeliveryRow,
): Promise<string | null> {
  if (nextAttemptDate === null) return null;
  const endpoint = await ownEndpoint(context, endpointId);
  return endpoint?.enabled ? nextAttemptDate : null;
}

/** The event of a delivery. That of a test is no entry of the history, and is made of the delivery. */
export async function eventOf(
  { loaders, caller }: GraphContext,
  delivery: WebhookDeliveryRow,
  info: GraphQLResolveInfo,
): Promise<HistoryEntryRow> {
  if (delivery.entryId === null) {
    return showInPlace('historyEntry', testEntry(delivery, caller.clientId)) as object as HistoryEntryRow;
  }
  const columns = columnsOf('historyEntry', selectedFields(info));
  const entry = await loaders.row('historyEntry', columns, delivery.entryId);
  // A foreign key and the condition of the list guarantee that the caller sees it.
  if (!entry) throw new Error(`the event of the webhook delivery ${delivery.id} is out of scope`);
  return entry;
}
