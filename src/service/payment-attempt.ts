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
  const attemptId = attempt.id;
  return settling(services, attempt, async (connection) => {
    if (!(await tryAttempt(connection, attemptId))) return;
    if (!(await hasPayment(connection, attemptId))) await giveUp(services, connection, attemptId);
    else if (await services.gateway.capture(attemptId)) await markCaptured(connection, attemptId);
    else {
      await lockForFailure(connection, attemptId);
      await failCapture(connection, attemptId);
    }
  });
}

/** No payment was committed: the gateway may not keep anything under this key. */
async function giveUp(services: Services, connection: Connection, attemptId: string): Promise<void> {
  if (await services.gateway.void(attemptId)) {
    await closeAttempts(connection, [{ id: attemptId, status: 'Voided', message: null }]);
    return;
  }
  // Captured although we never asked: pay it back, under a key of the attempt's own, so once.
  const charge = await services.gateway.find(attemptId);
  if (!charge) throw new Error(`the payment gateway neither voids payment attempt ${attemptId} nor knows it`);
  const paidBack = charge.status === 'Refunded' || (await services.gateway.refund(attemptId, attemptId, charge.amount));
  if (!paidBack)
    throw new Error(
      `the payment gateway captured payment attempt ${attemptId} without a request and did not refund it`,
    );
  await closeAttempts(connection, [
    { id: attemptId, status: 'Voided', message: 'captured without a request and refunded' },
  ]);
}

/** Settles every open attempt that no running unit holds. At start and every minute. */
export async function sweepAttempts(services: Services, ended = () => false): Promise<void> {
  await sweep(services, 'payment attempt', await openAttemptsOfAll(services.db.aside()), settleAttempt, ended);
}
