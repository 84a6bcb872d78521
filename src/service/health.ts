import type { Services } from './work';

/** Whether requests can be served now, else why not. */
export async function isReady({ db }: Services): Promise<'ready' | 'database unreachable' | 'migrations pending'> {
  try {
    return (await db.isMigrated()) ? 'ready' : 'migrations pending';
  } catch {
    return 'database unreachable';
  }
}
