import { type Connection, transaction } from '../store/connection/connection';
import type { RowKey } from '../store/query/table';
import { noted, type Services, translated } from './run/services';

/** What waits for its end, and whose it is. */
export interface Waiting extends RowKey {
  orgId: string;
}

/** After so many failures in a row the rest of an entity is left to the next round: each may have taken the whole time limit. */
const mostFailures = 5;

/** One step towards the end of an attempt or a refund: a transaction that may wait for the payment gateway. */
export const settling = (
  services: Services,
  { entityId, orgId }: Waiting,
  act: (connection: Connection) => Promise<void>,
): Promise<void> => transaction(services.db.settling, { entityId, orgIds: [orgId] }, act);

/** Entities that are settled side by side, as many as there are connections for it. */
const sideBySide = 4;

/**
 * Settles what a crash or a failing gateway has left open. Entities take turns, one step each, so that one whose gateway does
 * not answer keeps no other waiting. Breakers do not stop it: money that was authorized has to come to an end.
 */
export async function sweep(
  services: Services,
  what: string,
  waiting: readonly Waiting[],
  settle: (services: Services, each: Waiting) => Promise<void>,
  ended: () => boolean,
): Promise<void> {
  const entities = new Map<string, { left: Waiting[]; failures: number }>();
  for (const each of waiting) {
    const known = entities.get(each.entityId);
    if (known) known.left.push(each);
    else entities.set(each.entityId, { left: [each], failures: 0 });
  }
  const queue = [...entities.values()];
  const worker = async () => {
    for (let entity = queue.shift(); entity && !ended(); entity = queue.shift()) {
      const each = entity.left.shift()!;
      try {
        await settle(services, each);
        entity.failures = 0;
      } catch (error) {
        entity.failures++;
        noted(services, translated(error));
        services.onFailure(error, `settling ${what} ${each.id}`);
      }
      if (entity.left.length && entity.failures < mostFailures) queue.push(entity);
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, worker));
}
