import { wantedTypes } from '../domain/webhook-endpoint';
import { Connection, Scoped, type TenantScope } from '../store/connection/connection';
import type { Database } from '../store/connection/database';
import { transaction } from '../store/connection/lease';
import { countEvents, positionBefore } from '../store/event';
import type { Position } from '../store/query/list';
import {
  type EndpointReport,
  endpointReport,
  lockEndpoint,
  setBack,
  type WebhookEndpointRow,
} from '../store/webhook-endpoint';
import { grantsOf } from './client';

/** The webhook endpoints of all clients, for operators. */
export const endpointsOfAll = (db: Database): Promise<EndpointReport[]> =>
  endpointReport(new Connection(db.delivering));

/**
 * Sets the cursor of an endpoint back to a position, or to an instant, on behalf of its client. The events are sent again in
 * their order, and new ones come after them. Returns how many; undefined if the endpoint or its client is not there any more.
 */
export async function replay(db: Database, id: string, from: Position | { at: string }): Promise<number | undefined> {
  const endpoint = (await endpointsOfAll(db)).find((each) => each.id === id);
  const grants = endpoint && (await grantsOf(db.aside(), endpoint.clientId));
  const orgs = grants?.entities.find((entity) => entity.id === endpoint!.entityId)?.orgs ?? [];
  if (!endpoint || orgs.length === 0) return undefined;
  const scope: TenantScope = { entityId: endpoint.entityId, orgIds: orgs.map((org) => org.id) };
  return transaction(db.delivering, scope, async (lease) => {
    const scoped = new Scoped(lease, scope);
    const locked = await lockEndpoint(scoped, endpoint.clientId, id);
    return locked && sendAgainBehind(scoped, locked, 'at' in from ? await positionBefore(scoped, from.at) : from);
  });
}

/** The same for an endpoint that the transaction has locked. */
export async function sendAgainBehind(
  scoped: Scoped,
  { id, eventTypes, position, positionId }: WebhookEndpointRow,
  after: Position,
): Promise<number> {
  const upTo = { value: position, id: positionId };
  const count = await countEvents(scoped, null, { types: wantedTypes(eventTypes), after, upTo });
  await setBack(scoped, id, after);
  return count;
}
