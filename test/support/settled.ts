import { setTimeout as delay } from 'node:timers/promises';
import type { TestDatabase } from './database';

/**
 * Waits for the transactions that are open at this moment. Tests write to other databases of the same cluster, and an event
 * waits for their transactions too.
 */
export async function settled({ owner }: Pick<TestDatabase, 'owner'>): Promise<void> {
  const look = () =>
    owner<{ oldest: string; next: string }>(
      'select pg_snapshot_xmin(s)::text as oldest, pg_snapshot_xmax(s)::text as next from pg_current_snapshot() s',
    );
  const [{ next }] = await look();
  for (let [{ oldest }] = await look(); BigInt(oldest) < BigInt(next); [{ oldest }] = await look()) await delay(20);
}
