import { purgeOutcomes } from '../store/idempotency';
import { sweepAttempts } from './payment-attempt';
import { sweepRefunds } from './payment-refund';
import type { Services } from './work';

const minute = 60_000;

async function forgetOutcomes({ db }: Services, ended: () => boolean): Promise<void> {
  while (!ended() && (await purgeOutcomes(db.aside())));
}

/**
 * What is done at the start and a minute after each end: attempts at payment and refunds that were left open are
 * settled, and outcomes older than a day forgotten. Any number of processes may do so at once. Returns what ends it, and
 * waits for the one step that is under way.
 */
export function keepHouse(services: Services): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const acts = [sweepAttempts, sweepRefunds, forgetOutcomes];
  const round = async () => {
    // Begun one after another: one that failed while another is waited for would be nobody's, and end the process.
    for (const act of acts) {
      if (!ended) await act(services, () => ended).catch((error) => services.onFailure(error, 'housekeeping'));
    }
    if (!ended) timer = setTimeout(() => (running = round()), minute).unref();
  };
  let running = round();
  return async () => {
    ended = true;
    clearTimeout(timer);
    await running;
  };
}
