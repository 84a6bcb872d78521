import { channel } from 'node:diagnostics_channel';
import { RequestError } from '../../domain/errors';
import { GatewayKeyRefused } from '../../gateway/port';
import { type Outage, outageOf } from '../../store/connection/failure';

/** A failure that is one of many: the database could not do something for anybody. */
export interface OutageSeen {
  outage: Outage;
  /** The error of PostgreSQL, of the driver or of the network. */
  error: unknown;
}

/** Publishes each failure that an outage of the database has caused. Without a subscriber it costs nothing. */
export const outages = channel('order-gateway.outage');

/**
 * Whether an outage of the database is behind a failure, or behind the UNAVAILABLE that was made of it. If so, tells the
 * subscribers. The log has one line for an outage, so its failures need none.
 */
export function tellOutage(failure: unknown): boolean {
  const error = failure instanceof RequestError && failure.code === 'UNAVAILABLE' ? failure.cause : failure;
  const outage = outageOf(error);
  if (outage) outages.publish({ outage, error } satisfies OutageSeen);
  return outage !== undefined;
}

/** Whether a key that the payment provider refuses is behind a failure. That has its own line in the log, once. */
const isRefusedKey = (failure: unknown): boolean =>
  failure instanceof GatewayKeyRefused ||
  (failure instanceof RequestError && failure.cause instanceof GatewayKeyRefused);

/** The log level for a failure that a request could not help: an outage and a refused key have their own lines. */
export const levelOf = (failure: unknown): 'error' | 'debug' =>
  tellOutage(failure) || isRefusedKey(failure) ? 'debug' : 'error';
