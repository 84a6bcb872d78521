import { type Connection, Lease } from '../store/connection';
import type { Services } from './work';

/** One step towards the end of an attempt or a refund: a transaction that may wait for the payment gateway. */
export async function settling(services: Services, act: (connection: Connection) => Promise<void>): Promise<void> {
  const lease = await Lease.take(services.db.settling);
  let open = true;
  try {
    await lease.control('begin');
    await act(lease);
    open = false;
    await lease.commit();
  } finally {
    await lease.release(open);
  }
}

/** Settles one after another what a crash or a failing gateway has left open. A failure keeps no other waiting. */
export async function sweep(
  services: Services,
  what: string,
  ids: readonly string[],
  settle: (services: Services, id: string) => Promise<void>,
  ended: () => boolean,
): Promise<void> {
  for (const id of ids) {
    if (ended()) return;
    await settle(services, id).catch((error) => services.onFailure(error, `settling ${what} ${id}`));
  }
}
