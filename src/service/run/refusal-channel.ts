import { channel } from 'node:diagnostics_channel';
import type { UserErrorCode } from '../../domain/errors';

/** Told of each code that a reply shows its client as refused by the rules: a message is one code. */
export const refusals = channel('order-gateway.refusal');

/** For those who put refusals into replies. */
export function tellRefused(errors: readonly { code: UserErrorCode }[]): void {
  if (refusals.hasSubscribers) for (const { code } of errors) refusals.publish(code);
}
