import { Refusal, RequestError, type UserErrorCode, userError } from '../../domain/errors';
import type { Breakers } from '../../gateway/breaker';
import type { PaymentGateway } from '../../gateway/port';
import type { Database } from '../../store/connection/database';
import { faultOf } from '../../store/connection/failure';
import { NumberTaken } from '../../store/query/write';

/** The dependencies of every service. */
export interface Services {
  db: Database;
  gateway: PaymentGateway;
  /** The accounts at the payment gateway that do not answer at present. */
  breakers: Breakers;
  /** Called with failures after a reply, when no request waits for the result. */
  onFailure: (error: unknown, what: string) => void;
  /** Called with the codes of refusals by the rules of something that a client has asked for. */
  onRefused?: (clientId: string, codes: readonly UserErrorCode[]) => void;
  /** Tells the workers of this process that there is a bill run to resume. */
  wake?: () => void;
  /** Asks for open payments to be settled soon. The database was lost, and a settlement may have been lost with it. */
  settleSoon?: () => void;
  /** Webhooks may go to this machine and over http: in a demo and in tests alone. */
  localWebhooks?: boolean;
}

/** Returns the error. Tells housekeeping if the error may have left something open. */
export function noted(services: Services, error: unknown): unknown {
  if (error instanceof RequestError && ['UNAVAILABLE', 'OUTCOME_UNKNOWN'].includes(error.code)) services.settleSoon?.();
  return error;
}

/** Translates errors of the database into those of a reply. */
export function translated(error: unknown): unknown {
  if (error instanceof NumberTaken) {
    return new Refusal([
      userError('DUPLICATE', `${error.column} ${error.number} is taken already.`, ['input', error.column]),
    ]);
  }
  switch (faultOf(error)) {
    case 'contention':
      return new Refusal([
        userError('LOCKED_RETRY', 'Other requests hold locks on the same objects. Nothing was changed. Try again.'),
      ]);
    case 'timeout':
      return new RequestError('TIMEOUT');
    case 'unavailable':
      // With its cause, which names the outage in the log.
      return new RequestError('UNAVAILABLE', undefined, error);
    default:
      return error;
  }
}
