import { purgeOutcomes } from '../store/idempotency';
import { sweepAttempts } from './payment-attempt';
import type { Services } from './work';

const minute = 60_000;

/**
 * What is done at the start and every minute: attempts at payment that were left open are settled, and outcomes older
 * than a day forgotten. Any number of processes may do so at once. Returns what ends it.
 */
export function keepHouse(services: Services): () => void {
  const round = async () => {
    await sweepAttempts(services);
    await purgeOutcomes(services.db.aside());
  };
  const run = () => void round().catch((error) => services.onFailure(error, 'housekeeping'));
  run();
  const timer = setInterval(run, minute);
  timer.unref();
  return () => clearInterval(timer);
}
