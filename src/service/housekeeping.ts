import { purgeOutcomes } from '../store/idempotency';
import { purgeImports } from '../store/import';
import { forgetDays } from './client-day';
import { sweepAttempts } from './payment-attempt';
import { sweepRefunds } from './payment-refund';
import { noted, type Services, translated } from './run/services';
import { forgetDelivered } from './webhook-delivery';

const second = 1_000;
const minute = 60_000;

async function forgetOutcomes({ db }: Services, ended: () => boolean): Promise<void> {
  while (!ended() && (await purgeOutcomes(db.aside())));
}

async function forgetImports({ db }: Services, ended: () => boolean): Promise<void> {
  while (!ended() && (await purgeImports(db.aside())));
}

/**
 * Runs at start and one minute after each round. A round settles open payment attempts and refunds. It deletes outcomes
 * older than a day, webhooks that were delivered a month ago, what clients used a month ago, and secrets that have ended.
 *
 * After a loss of the database it repeats every second until it succeeds: a failover must not leave payments open for a
 * minute. Any number of processes may run it at once. Returns a function that ends it and waits for the current step.
 */
export function keepHouse(services: Services): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  /** The next round must start in a second. Both the current round and the wait for the next read this. */
  let soon = false;
  const acts = [sweepAttempts, sweepRefunds, forgetOutcomes, forgetImports, forgetDelivered, forgetDays];
  const wait = () => {
    clearTimeout(timer);
    if (!ended) timer = setTimeout(() => (running = round()), soon ? second : minute).unref();
  };
  let waiting = false;
  const round = async () => {
    waiting = false;
    soon = false;
    // One after another: in parallel, nothing would wait for an act that fails during the wait for another.
    for (const act of acts) {
      if (ended) break;
      await act(services, () => ended).catch((error) => {
        noted(services, translated(error));
        services.onFailure(error, 'housekeeping');
      });
      // The other acts would fail as well.
      if (soon) break;
    }
    waiting = true;
    wait();
  };
  const settleSoon = () => {
    if (soon) return;
    soon = true;
    if (waiting) wait();
  };
  services.settleSoon = settleSoon;
  // An idle connection reports a lost server before any request does.
  const pools = services.db.pools.map(([, pool]) => pool.on('error', settleSoon));
  let running = round();
  return async () => {
    ended = true;
    services.settleSoon = undefined;
    for (const pool of pools) pool.off('error', settleSoon);
    clearTimeout(timer);
    await running;
  };
}
