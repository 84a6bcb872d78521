import type { Connection } from '../store/connection/connection';
import {
  closeAttempts,
  failCapture,
  hasPayment,
  lockForFailure,
  markCaptured,
  openAttemptsOfAll,
  tryAttempt,
} from '../store/payment-attempt';
import type { Services } from './run/services';
import { settling, sweep, type Waiting } from './settling';

/**
 * Brings one open attempt to its end by asking the gateway under the attempt's key: captured where its payment was
 * committed, given up where it was not. One function serves the unit that has just ended and the sweep that finds what
 * a crash, a time-out or a failing gateway left behind; it may run any number of times. An attempt whose unit is
 * still under way is left alone.
 */
export function settleAttempt(services: Services, attempt: Waiting): Promise<void> {
  return settling(services, attempt, async (connection) => {
    if (!(await tryAttempt(connection, attempt))) return;
    if (!(await hasPayment(connection, attempt))) await giveUp(services, connection, attempt);
    else if (await services.gateway.capture(attempt.id)) await markCaptured(connection, attempt);
    else {
      await lockForFailure(connection, attempt);
      await failCapture(connection, attempt);
    }
  });
}

/** No payment was committed: the gateway may not keep anything under this key. */
async function giveUp(services: Services, connection: Connection, { entityId, id }: Waiting): Promise<void> {
  if (await services.gateway.void(id)) {
    await closeAttempts(connection, entityId, [{ id, status: 'Voided', message: null }]);
    return;
  }
  // Captured although we never asked: pay it back, under a key of the attempt's own, so once.
  const charge = await services.gateway.find(id);
  if (!charge) throw new Error(`the payment gateway neither voids payment attempt ${id} nor knows it`);
  const paidBack = charge.status === 'Refunded' || (await services.gateway.refund(id, id, charge.amount));
  if (!paidBack)
    throw new Error(`the payment gateway captured payment attempt ${id} without a request and did not refund it`);
  await closeAttempts(connection, entityId, [
    { id, status: 'Voided', message: 'captured without a request and refunded' },
  ]);
}

/** Settles every open attempt that no running unit holds. At start and every minute. */
export async function sweepAttempts(services: Services, ended = () => false): Promise<void> {
  await sweep(services, 'payment attempt', await openAttemptsOfAll(services.db.aside()), settleAttempt, ended);
}
