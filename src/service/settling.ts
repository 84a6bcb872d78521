import { type Connection, transaction } from '../store/connection';
import { noted, type Services, translated } from './work';

/** What waits for its end, and whose it is. */
export interface Waiting {
  id: string;
  entityId: string;
  orgId: string;
}

/** One step towards the end of an attempt or a refund: a transaction that may wait for the payment gateway. */
export const settling = (
  services: Services,
  { entityId, orgId }: Waiting,
  act: (connection: Connection) => Promise<void>,
): Promise<void> => transaction(services.db.settling, { entityId, orgIds: [orgId] }, act);

/** Settles one after another what a crash or a failing gateway has left open. A failure keeps no other waiting. */
export async function sweep(
  services: Services,
  what: string,
  waiting: readonly Waiting[],
  settle: (services: Services, each: Waiting) => Promise<void>,
  ended: () => boolean,
): Promise<void> {
  for (const each of waiting) {
    if (ended()) return;
    await settle(services, each).catch((error) => {
      noted(services, translated(error));
      services.onFailure(error, `settling ${what} ${each.id}`);
    });
  }
}
