import { purgeOutcomes } from '../store/idempotency';
import { sweepAttempts } from './payment-attempt';
import type { Services } from './work';

const minute = 60_000;

/**
 * What is done at the start and a minute after each end: attempts at payment that were left open are settled, and
 * outcomes older than a day forgotten. Any number of processes may do so at once. Returns what ends it.
 */
export function keepHouse(services: Services): () => void {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const round = async () => {
    for (const act of [sweepAttempts(services), purgeOutcomes(services.db.aside())]) {
      await act.catch((error) => services.onFailure(error, 'housekeeping'));
    }
    if (!ended) timer = setTimeout(round, minute).unref();
  };
  void round();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
