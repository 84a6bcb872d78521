import { isReadOnly } from '../store/connection/failure';
import { tellOutage } from './run/outage';
import { within } from './run/patience';
import type { Services } from './run/services';

type Readiness = 'ready' | 'database unreachable' | 'database read-only' | 'migrations pending';

/** A probe times out after some seconds, and would not learn the reason. */
const patienceMs = 2_000;

/** Whether requests can be served now, or the reason why not. Answers even if the database does not. */
export async function isReady({ db }: Services): Promise<Readiness> {
  try {
    const looked = db.state().then((state): Readiness => (state === 'read-only' ? 'database read-only' : state));
    return await within(patienceMs, looked, () => 'database unreachable');
  } catch (error) {
    tellOutage(error);
    return isReadOnly(error) ? 'database read-only' : 'database unreachable';
  }
}
