import { Refusal, RequestError, userError } from '../../domain/errors';
import type { Breakers } from '../../gateway/breaker';
import type { PaymentGateway } from '../../gateway/port';
import type { Database } from '../../store/connection/database';
import { faultOf } from '../../store/connection/failure';
import { NumberTaken } from '../../store/query/write';

/** What every service works with. */
export interface Services {
  db: Database;
  gateway: PaymentGateway;
  /** Which accounts at the payment gateway do not answer at present. */
  breakers: Breakers;
  /** Told of what went wrong behind a reply, where nobody waits for it any more. */
  onFailure: (error: unknown, what: string) => void;
  /** Tells the workers of this process that there is a bill run to carry on. */
  wake?: () => void;
  /** Asks for what waits for its end to be settled soon: the database was lost, and may have taken a settling with it. */
  settleSoon?: () => void;
}

/** An error, of which housekeeping is told where it may have left something open. */
export function noted(services: Services, error: unknown): unknown {
  if (error instanceof RequestError && ['UNAVAILABLE', 'OUTCOME_UNKNOWN'].includes(error.code)) services.settleSoon?.();
  return error;
}

/** Errors of the database in the words of a reply. */
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
      return new RequestError('UNAVAILABLE');
    default:
      return error;
  }
}
