import { purgeOutcomes } from '../store/idempotency';
import { sweepAttempts } from './payment-attempt';
import { sweepRefunds } from './payment-refund';
import { noted, type Services, translated } from './run/services';

const second = 1_000;
const minute = 60_000;

async function forgetOutcomes({ db }: Services, ended: () => boolean): Promise<void> {
  while (!ended() && (await purgeOutcomes(db.aside())));
}

/**
 * What is done at the start and a minute after each end: attempts at payment and refunds that were left open are
 * settled, and outcomes older than a day forgotten. Where the database was lost, it is done again each second until it is
 * through: a failover must not leave payments open for a minute. Any number of processes may do so at once. Returns what
 * ends it, and waits for the one step that is under way.
 */
export function keepHouse(services: Services): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  /** The next round is wanted in a second: known to the round that is under way, and to the wait for the next. */
  let soon = false;
  const acts = [sweepAttempts, sweepRefunds, forgetOutcomes];
  const wait = () => {
    clearTimeout(timer);
    if (!ended) timer = setTimeout(() => (running = round()), soon ? second : minute).unref();
  };
  let waiting = false;
  const round = async () => {
    waiting = false;
    soon = false;
    // Begun one after another: one that failed while another is waited for would be nobody's, and end the process.
    for (const act of acts) {
      if (ended) break;
      await act(services, () => ended).catch((error) => {
        noted(services, translated(error));
        services.onFailure(error, 'housekeeping');
      });
      // The others would fail as well.
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
  // A connection that nobody uses tells of a server that went away before any request does.
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
