import { channel } from 'node:diagnostics_channel';
import type { UserErrorCode } from '../../domain/errors';

/** Publishes the code of each refusal in a reply: one message per code. */
export const refusals = channel('order-gateway.refusal');

/** Called by the code that puts refusals into replies. */
export function tellRefused(errors: readonly { code: UserErrorCode }[]): void {
  if (refusals.hasSubscribers) for (const { code } of errors) refusals.publish(code);
}
