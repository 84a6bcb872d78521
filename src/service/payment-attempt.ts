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
 * Completes one open attempt by calling the payment gateway under the attempt's key. It captures the money if the
 * payment was committed, else it voids the authorization. Both the unit that has just ended and the sweep call this.
 * The sweep finds attempts left by a crash, a timeout or a failing gateway. Repeated calls are safe. An attempt whose
 * unit is still under way is left alone.
 */
export function settleAttempt(services: Services, attempt: Waiting): Promise<void> {
  return settling(services, attempt, async (connection) => {
    if (!(await tryAttempt(connection, attempt))) return;
    if (!(await hasPayment(connection, attempt))) await giveUp(services, connection, attempt);
    else if (await services.gateway.capture(attempt)) await markCaptured(connection, attempt);
    else {
      await lockForFailure(connection, attempt);
      await failCapture(connection, attempt);
    }
  });
}

/** No payment was committed: the gateway must keep nothing under this key. */
async function giveUp(services: Services, connection: Connection, attempt: Waiting): Promise<void> {
  const { entityId, id } = attempt;
  if (await services.gateway.void(attempt)) {
    await closeAttempts(connection, entityId, [{ id, status: 'Voided', message: null }]);
    return;
  }
  // Captured without a request: refund it under the attempt's own key, so only once.
  const charge = await services.gateway.find(attempt);
  if (!charge) throw new Error(`the payment gateway neither voids payment attempt ${id} nor knows it`);
  const { amount, currency } = charge;
  const paidBack = charge.status === 'Refunded' || (await services.gateway.refund(attempt, { id, amount, currency }));
  if (!paidBack)
    throw new Error(`the payment gateway captured payment attempt ${id} without a request and did not refund it`);
  await closeAttempts(connection, entityId, [
    { id, status: 'Voided', message: 'captured without a request and refunded' },
  ]);
}

/** Settles every open attempt that no running unit holds. Runs at start and every minute. */
export async function sweepAttempts(services: Services, ended = () => false): Promise<void> {
  await sweep(services, 'payment attempt', await openAttemptsOfAll(services.db.aside()), settleAttempt, ended);
}
