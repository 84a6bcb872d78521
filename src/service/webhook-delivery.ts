import type { Caller } from '../domain/caller';
import { userError } from '../domain/errors';
import { idOf } from '../domain/key';
import { keptDays, wantedTypes } from '../domain/webhook-endpoint';
import { Connection, Scoped } from '../store/connection/connection';
import { transaction, transactionAside } from '../store/connection/lease';
import { eventPage } from '../store/event';
import { HistoryEntryRow } from '../store/history';
import { newId } from '../store/id';
import type { Position } from '../store/query/list';
import { rowsBy } from '../store/query/write';
import {
  deliveriesAmong,
  holdLanes,
  insertDeliveries,
  type NewDelivery,
  purgeDeliveries,
  resend,
  resendEvents,
  testEntry,
} from '../store/webhook-delivery';
import {
  type Behind,
  type Claimed,
  claimDue,
  type EndpointCursor,
  endpointsBehind,
  moveCursors,
  type Outcome,
  record,
  takeEndpoints,
} from '../store/webhook-queue';
import { judgeCount, refuse } from './run/batch';
import type { Services } from './run/services';
import { Unit } from './run/unit';
import type { Work } from './run/work';
import { disableEndpoint, type Failing, onEndpoint } from './webhook-endpoint';
import { sendAgainBehind } from './webhook-replay';

/* What the workers of webhooks do in the database. Any number of processes do it at once. */

export type { Claimed, Outcome };

/** Events of one endpoint that one transaction turns into deliveries. */
const pageSize = 500;
const lastId = 'f'.repeat(32);

const aside = ({ db }: Services): Connection => new Connection(db.delivering);

/** The clients whose endpoints have new events, and whether any endpoint is enabled. */
export const newEvents = (services: Services): Promise<{ enabled: boolean; behind: Behind[] }> =>
  endpointsBehind(aside(services));

/**
 * Turns events behind the cursors of a client's endpoints into deliveries, and moves the cursors: one transaction, in the scope
 * of the client. So no event is lost and none comes twice. An endpoint that another process holds is left to it. Returns
 * whether more is left.
 */
export function fanOut(services: Services, caller: Caller): Promise<boolean> {
  return transaction(services.db.delivering, caller, async (lease) => {
    const scoped = new Scoped(lease, caller);
    const endpoints = await takeEndpoints(scoped, caller.clientId);
    const pages = new Map<string, ReturnType<typeof eventPage>>();
    const fresh: NewDelivery[] = [];
    const again = new Map<string, NewDelivery[]>();
    const cursors: Parameters<typeof moveCursors>[1][number][] = [];
    let more = false;
    for (const { id, position, positionId, eventTypes, resentUntil } of endpoints) {
      // Endpoints that stand at the same place and want the same share a page.
      const key = JSON.stringify([position, positionId, eventTypes]);
      const asked =
        pages.get(key) ??
        eventPage(scoped, {
          ...{ properties: ['subjectId'], filter: null, types: wantedTypes(eventTypes), limit: pageSize },
          from: { value: position, id: positionId },
        });
      pages.set(key, asked);
      const { rows, now } = await asked;
      const last = rows.length === pageSize ? rows[pageSize - 1] : undefined;
      more ||= last !== undefined;
      const end = last
        ? { position: last.sortValue, positionId: last.id }
        : furthest({ position, positionId }, String(BigInt(now.horizon) - 1n));
      cursors.push({ id, ...end, epoch: now.epoch });
      const deliveries = rows.map(
        ({ id: entryId, sortValue, subjectId }): NewDelivery => ({
          ...{ id: newId(), endpointId: id, entryId, position: sortValue, subjectId },
        }),
      );
      if (resentUntil !== null && BigInt(position) <= BigInt(resentUntil)) again.set(id, deliveries);
      else fresh.push(...deliveries);
    }
    const changed = new Set([...again.keys(), ...fresh.map(({ endpointId }) => endpointId)]);
    if (changed.size) await holdLanes(scoped, [...changed]);
    for (const [id, deliveries] of again) await resendEvents(scoped, id, deliveries);
    await insertDeliveries(scoped, fresh);
    if (cursors.length) await moveCursors(scoped, cursors);
    return more;
  });
}

/** A cursor never goes back: the horizon may lie before an event that the client named as its beginning. */
const furthest = (cursor: Pick<EndpointCursor, 'position' | 'positionId'>, reached: string) =>
  BigInt(reached) >= BigInt(cursor.position) ? { position: reached, positionId: lastId } : cursor;

/** Claims deliveries that are due. Each is sent again by any process once the claim has ended. */
export const claimDeliveries = (
  services: Services,
  options: { most: number; leaseMs: number; busy: ReadonlyMap<string, number> },
): Promise<Claimed[]> => claimDue(aside(services), newId(), options);

/** Records what came of claims, all in one transaction. */
export const recordOutcomes = (services: Services, outcomes: readonly Outcome[]): Promise<void> =>
  transactionAside(services.db.delivering, (lease) => record(lease, outcomes));

/** An event as it is sent: an entry of the history, or a test. */
export type WebhookEvent = Pick<
  HistoryEntryRow,
  'id' | 'at' | 'actor' | 'trackId' | 'fromState' | 'toState' | 'subjectId' | 'changes' | 'version'
> & { subjectType: string; action: string };

/** The events of deliveries to endpoints of the caller, by delivery. Events that the client does not see now are absent. */
export async function eventsToSend(
  { db }: Services,
  caller: Caller,
  deliveries: readonly Claimed[],
): Promise<Map<string, WebhookEvent>> {
  const ids = deliveries.flatMap(({ entryId }) => entryId ?? []);
  const reads = db.reads({ statements: 0, clientId: caller.clientId });
  const rows = ids.length ? await rowsBy<HistoryEntryRow>(new Scoped(reads, caller), HistoryEntryRow, 'id', ids) : [];
  const byId = new Map(rows.map((row) => [row.id, row]));
  return new Map(
    deliveries.flatMap((delivery): [string, WebhookEvent][] => {
      const event = delivery.entryId ? byId.get(delivery.entryId) : testEntry(delivery, caller.clientId);
      return event ? [[delivery.id, event]] : [];
    }),
  );
}

/** Disables an endpoint that cannot be delivered to, with an entry in the history. */
export const disableFailing = (
  services: Services,
  caller: Caller,
  failing: Failing,
): ReturnType<typeof disableEndpoint> =>
  transaction(services.db.delivering, caller, (lease) =>
    disableEndpoint(new Unit(lease, services, caller, false), failing),
  );

/** What a client wants sent again: deliveries by their ids, or all events behind a position. */
export type Again = { deliveryIds: readonly string[] } | { after: Position };

/**
 * Sends deliveries again, also those that were delivered. Behind a position: the cursor goes back to there, so the events come
 * in their order, and new ones come after them. Returns how many are sent.
 */
export function redeliver(work: Work, id: string, again: Again): Promise<{ count: number }> {
  return onEndpoint(work, id, async (unit, endpoint) => {
    if ('after' in again) {
      return { count: await sendAgainBehind(unit.db, endpoint, again.after) };
    }
    refuse(judgeCount(again.deliveryIds.length, ['deliveryIds']));
    const ids = again.deliveryIds.map((each) => idOf(each) ?? '');
    const known = await deliveriesAmong(unit.db, endpoint.id, ids.filter(Boolean));
    refuse(
      ids.flatMap((each, at) =>
        known.has(each)
          ? []
          : [userError('NOT_FOUND', 'The endpoint has no delivery with this id.', ['deliveryIds', at])],
      ),
    );
    await holdLanes(unit.db, [endpoint.id]);
    return { count: await resend(unit.db, endpoint.id, [...new Set(ids)]) };
  });
}

const day = 86_400_000;

/** Deletes deliveries that were delivered a month ago. Part of housekeeping. */
export async function forgetDelivered(services: Services, ended: () => boolean): Promise<void> {
  const before = new Date(Date.now() - keptDays * day).toISOString();
  while (!ended() && (await purgeDeliveries(aside(services), before)));
}
