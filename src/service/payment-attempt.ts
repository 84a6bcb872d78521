import { type Connection, Lease } from '../store/connection';
import {
  closeAttempts,
  failCapture,
  hasPayment,
  markCaptured,
  openAttemptIds,
  tryAttempt,
} from '../store/payment-attempt';
import type { Services } from './work';

/**
 * Brings one open attempt to its end by asking the gateway under the attempt's key: captured where its payment was
 * committed, given up where it was not. One function serves the unit that has just ended and the sweep that finds what
 * a crash, a time-out or a failing gateway left behind; it may run any number of times. An attempt whose unit is
 * still under way is left alone.
 */
export async function settleAttempt(services: Services, attemptId: string): Promise<void> {
  const lease = await Lease.take(services.db.settling);
  let open = true;
  try {
    await lease.control('begin');
    if (await tryAttempt(lease, attemptId)) {
      if (!(await hasPayment(lease, attemptId))) await giveUp(services, lease, attemptId);
      else if (await services.gateway.capture(attemptId)) await markCaptured(lease, attemptId);
      else await failCapture(lease, attemptId);
    }
    open = false;
    await lease.commit();
  } finally {
    await lease.release(open);
  }
}

/** No payment was committed: the gateway may not keep anything under this key. */
async function giveUp(services: Services, connection: Connection, attemptId: string): Promise<void> {
  if (await services.gateway.void(attemptId)) {
    await closeAttempts(connection, [{ id: attemptId, status: 'Voided', message: null }]);
    return;
  }
  // Captured although we never asked: pay it back, under a key of the attempt's own, so once.
  const charge = await services.gateway.find(attemptId);
  if (!charge) return;
  const paidBack = charge.status === 'Refunded' || (await services.gateway.refund(attemptId, attemptId, charge.amount));
  if (!paidBack) throw new Error(`attempt ${attemptId} was captured unasked and could not be paid back`);
  await closeAttempts(connection, [{ id: attemptId, status: 'Voided', message: 'captured unasked and paid back' }]);
}

/** Settles every open attempt that no running unit holds. At start and every minute. */
export async function sweepAttempts(services: Services): Promise<void> {
  for (const id of await openAttemptIds(services.db.aside())) {
    await settleAttempt(services, id).catch((error) => services.onFailure(error, `settling attempt ${id}`));
  }
}
