import { resolve } from 'node:path';
import { Database, type DatabaseOptions, migrate } from './database';
import { startEmbedded } from './embedded';

export interface OpenOptions extends Omit<DatabaseOptions, 'url'> {
  /** Unset: the embedded PostgreSQL under `dataDir`. */
  databaseUrl?: string;
  dataDir: string;
  embeddedPostgresBin?: string;
}

export interface OpenDatabase {
  db: Database;
  options: DatabaseOptions;
  embedded: boolean;
  close(): Promise<void>;
}

/** The server that the configuration names: its URL, and what stops it where it is ours. */
export async function locate(options: OpenOptions): Promise<{ url: string; stop(): Promise<void> }> {
  if (options.databaseUrl) return { url: options.databaseUrl, stop: async () => {} };
  const dir = resolve(options.dataDir, 'postgres');
  return startEmbedded({ dir, database: 'gateway', binaries: options.embeddedPostgresBin });
}

/** Opens the configured database with its migrations applied; close() also stops an embedded one that nobody else uses. */
export async function openDatabase(options: OpenOptions): Promise<OpenDatabase> {
  const server = await locate(options);
  const database: DatabaseOptions = { ...options, url: server.url };
  try {
    await migrate(database);
    const db = await Database.open(database);
    const close = async () => {
      await db.close();
      await server.stop();
    };
    return { db, options: database, embedded: !options.databaseUrl, close };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
