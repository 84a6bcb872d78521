import { Pool } from 'pg';
import type { DatabaseOptions } from '../connection/session';

/** The advisory lock of what only one process may do. */
const lock = 4903;
const lookMs = 200;

/**
 * Carries out `act` while no other process does the same to this database. The others wait, however long it takes: no time-out
 * of a statement or a transaction ends the lock of a session. It ends with its process.
 */
export async function oneAtATime<T>(options: DatabaseOptions, act: () => Promise<T>): Promise<T> {
  const pool = new Pool({ connectionString: options.url, max: 1 });
  pool.on('error', options.onPoolError ?? (() => {}));
  const holder = await pool.connect();
  try {
    const held = async () =>
      (await holder.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [lock])).rows[0].held;
    while (!(await held())) await new Promise((resolve) => setTimeout(resolve, lookMs));
    return await act();
  } finally {
    // The session ends, and its lock with it.
    holder.release(true);
    await pool.end();
  }
}
