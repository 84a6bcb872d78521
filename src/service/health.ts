import { within } from './run/patience';
import type { Services } from './run/services';

type Readiness = 'ready' | 'database unreachable' | 'migrations pending';

/** A probe gives up after some seconds, and would not learn the reason. */
const patienceMs = 2_000;

/** Whether requests can be served now, else why not: also where the database is silent. */
export async function isReady({ db }: Services): Promise<Readiness> {
  try {
    const looked = db.isMigrated().then((is): Readiness => (is ? 'ready' : 'migrations pending'));
    return await within(patienceMs, looked, () => 'database unreachable');
  } catch {
    return 'database unreachable';
  }
}
