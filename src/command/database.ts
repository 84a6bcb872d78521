import { type Config, ConfigError, readConfig } from '../config';
import { demoClientId } from '../demo/fill';
import { isDemo } from '../service/client';
import { type OpenDatabase, type OpenOptions, openDatabase } from '../store/connection/open-database';
import { preparedStatements } from '../store/connection/prepared';
import type { Environment } from './command';

/** Runs `act` in the database that is configured. */
export async function inDatabase<T>(
  env: Environment,
  options: Partial<OpenOptions>,
  act: (database: OpenDatabase, config: Config) => Promise<T>,
): Promise<T> {
  const config = readConfig(env);
  preparedStatements(config.preparedStatements);
  const database = await openDatabase({ ...config, ...options });
  try {
    return await act(database, config);
  } finally {
    await database.close();
  }
}

/**
 * Refuses the embedded database before its first start. The demo fills only an untouched database, so what a command made would keep
 * the demo out.
 * @throws ConfigError
 */
export async function demandDemo({ db, embedded }: OpenDatabase): Promise<void> {
  if (!embedded || (await isDemo(db.reads(), demoClientId))) return;
  throw new ConfigError('The embedded database is still empty: run npm start once, or set DATABASE_URL.');
}
