import { type Backlog, backlog } from '../store/backlog';
import { faultOf } from '../store/connection/failure';
import { tellOutage } from './run/outage';
import { within } from './run/patience';
import type { Services } from './run/services';

const keptForMs = 5_000;
/** Prometheus ends a collection after 10 seconds, and would then get no metrics at all. */
const patienceMs = 2_000;

/**
 * The open work, for collectors of metrics. It is read at most every 5 seconds, whatever the number of collectors, and
 * by one statement at a time. Undefined if the database does not answer within 2 seconds.
 */
export function watchBacklog({ db, onFailure }: Services): () => Promise<Backlog | undefined> {
  let known: Promise<Backlog | undefined> | undefined;
  let until = 0;
  let asking = false;
  return () => {
    if (known && (asking || performance.now() < until)) return known;
    asking = true;
    const asked: Promise<Backlog | undefined> = backlog(db.aside()).finally(() => {
      asking = false;
      until = performance.now() + keptForMs;
    });
    known = within(patienceMs, asked, () => undefined).catch((error) => {
      if (!tellOutage(error) && faultOf(error) === undefined)
        onFailure(error, 'counting the open work for the metrics');
      return undefined;
    });
    return known;
  };
}
