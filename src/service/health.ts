import { tellOutage } from './run/outage';
import { within } from './run/patience';
import type { Services } from './run/services';

type Readiness = 'ready' | 'database unreachable' | 'migrations pending';

/** A probe times out after some seconds, and would not learn the reason. */
const patienceMs = 2_000;

/** Whether requests can be served now, or the reason why not. Answers even if the database does not. */
export async function isReady({ db }: Services): Promise<Readiness> {
  try {
    const looked = db.isMigrated().then((is): Readiness => (is ? 'ready' : 'migrations pending'));
    return await within(patienceMs, looked, () => 'database unreachable');
  } catch (error) {
    tellOutage(error);
    return 'database unreachable';
  }
}
