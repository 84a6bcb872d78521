import { type Connection } from '../store/connection/connection';
import { transaction } from '../store/connection/lease';
import type { RowKey } from '../store/query/table';
import { noted, type Services, translated } from './run/services';

/** An open attempt or refund, with its entity and org. */
export interface Waiting extends RowKey {
  orgId: string;
}

/**
 * After this many failures in a row, the rest of an entity waits for the next round: each failure may have taken the
 * whole timeout.
 */
const mostFailures = 5;

/** One step to complete an attempt or a refund: a transaction that may wait for the payment gateway. */
export const settling = (
  services: Services,
  { entityId, orgId }: Waiting,
  act: (connection: Connection) => Promise<void>,
): Promise<void> => transaction(services.db.settling, { entityId, orgIds: [orgId] }, act);

/** The number of entities settled side by side, one per connection of the pool. */
const sideBySide = 4;

/**
 * Settles attempts and refunds left open by a crash or a failing gateway. Entities take turns of one step, so that an
 * entity whose gateway does not answer delays no other. Breakers do not stop the sweep: authorized money must be
 * captured or released.
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
